/* SPDX-License-Identifier: MIT */
/* In the place of join.c and client/: a build without --connect (make small
   LEAVE=client). */
#include "client/target.h"
#include "join.h"

const char *target_read(struct target *t, struct span url)
{
    (void)t;
    (void)url;
    return "is for a client, and that was left out of this build";
}

int join_run(const struct config *config, struct text *why)
{
    (void)config;
    (void)why;
    return 2; /* no URL gets so far */
}
