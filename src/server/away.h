/* SPDX-License-Identifier: MIT */
/*
 * away: Redis is not there (--redis), and what its clients are told.
 *
 *   goes          joins and posts are refused; who says something waits
 *   a second      "paused" to those with chatd.v1
 *   comes back    "resumed" to those who were told so
 *   --redis-timeout   all members are closed with 1013
 *
 * A walk along all clients is spread over turns; who takes nothing when it comes
 * along is told a while later, of what is so then.
 */
#ifndef SERVER_AWAY_H
#define SERVER_AWAY_H

#include "server/server.h"

#define AWAY_PAUSED 1000 /* milliseconds after which it is told */

extern const char away_reason[];

/* Is it, as the bus has told? */
static inline bool away_now(const struct server *s)
{
    const struct store *store = &s->rooms.store;
    return store_has_bus(store) &&
           atom_acquire(&store->board.bus->state) == BOARD_BUS_AWAY;
}

/* Do what is due; and how long may be slept until more is, in milliseconds. */
void away_turn(struct server *s);
uint64_t away_wait(const struct server *s);

#endif
