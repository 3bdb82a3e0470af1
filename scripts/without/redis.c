/* SPDX-License-Identifier: MIT */
/* In the place of redis.c, all of bus/, keeper/keeper_bus.c and wire/resp.c: a build
   without --redis (make small LEAVE=redis). Such an option ends the start, so
   that no keeper ever makes a bus. */
#include "redis.h"
#include "base/check.h"
#include "keeper/keeper.h"

static const char left_out[] = "--redis was left out of this build";

bool redis_load(struct config *config, struct text *why)
{
    (void)config;
    text_string(why, left_out);
    return false;
}

size_t keeper_measure_bus(const struct keeper *k)
{
    (void)k;
    check_failed(left_out);
}

int keeper_bus(struct keeper *k)
{
    (void)k;
    check_failed(left_out);
}
