/* SPDX-License-Identifier: MIT */
/*
 * bearer: who shows which token, where the server wants one (--token-key).
 *
 * An actor's token is good for a long time or a short one, lets it only listen,
 * opens another room, is of another key, or is not there; and it may be renewed
 * in time, or by what is no token of its own. What the model asserts of it:
 *
 *   no right    nobody without one joins, is told anything, or says anything
 *   a right     is never refused, and a renewal is taken exactly if it is good
 *   the end     comes when it is due by the wall clock, not before, and soon
 *   expiring    is told once for each token at most, of 30 s at most
 */
#ifndef SIM_BEARER_H
#define SIM_BEARER_H

#include "sim/model.h"

/* Before world_start: the server wants tokens. */
void bearer_begin(void);

/* Draw what an actor shows, for its target, and what follows from that. */
void bearer_draw(struct actor *a, const char *target, struct random *r);

/* For a post: a field with a token that lets it say something in every room.
   False: none, drawn as well. */
bool bearer_posts(char *field, size_t size, struct random *r);

/* Queue another token; or where it only listens something to say. */
void bearer_renews(struct actor *a, struct random *r);

/* Assert that this may come: its join, its message in a room, a status in place
   of a 101, a Close of 4401 or 4403, an `expiring`. */
void bearer_joins(const struct actor *a);
void bearer_says(const struct actor *a);
void bearer_is_refused(const struct actor *a, unsigned status);
void bearer_is_closed(const struct actor *a, unsigned code);
void bearer_is_told(struct actor *a, struct span event);

/* After each turn: assert that nobody stays whose time has ended. `late`: the
   server has not come round to its timers. */
void bearer_turn(bool late);

#endif
