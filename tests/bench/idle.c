/* SPDX-License-Identifier: MIT */
/*
 * idle: connections that say nothing, and answer pings. What is measured is
 * what the server pays for having them; the report sets its memory and its
 * CPU time against their number.
 */
#include "bench/load.h"

static void start(struct load *load)
{
    (void)load;
}

static void event(struct load *load, struct client *c,
                  const struct client_event *e)
{
    if (e->kind == CLIENT_DATA)
        load_fail(load, c, "a message that nobody sent");
}

static bool drained(const struct load *load)
{
    (void)load;
    return true;
}

const struct mode idle_mode = {.name = "idle",
                               .path = "/echo",
                               .unit = "events",
                               .sources = 4,
                               .start = start,
                               .event = event,
                               .drained = drained};
