/* SPDX-License-Identifier: MIT */
/* In the place of paste.c, server/trace.c and wire/explain*: a build without
   the explainer (make small LEAVE=explain). */
#include "paste.h"
#include "server/trace.h"

int paste_explain(enum limits_whose whose, bool colour, struct text *why)
{
    (void)whose;
    (void)colour;
    text_string(why, "--explain was left out of this build");
    return 2;
}

void trace_open(struct server *s)
{
    if (s->trace)
        (void)log_write(
            BYTES_LITERAL("chatd: --trace was left out of this build\n"));
    s->trace = NULL;
}

void trace_received(struct server *s, struct client *c, struct span in)
{
    (void)s;
    (void)c;
    (void)in;
}

void trace_sent(struct server *s, struct client *c, const struct span *parts,
                size_t sent)
{
    (void)s;
    (void)c;
    (void)parts;
    (void)sent;
}
