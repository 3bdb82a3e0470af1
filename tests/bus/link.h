/* SPDX-License-Identifier: MIT */
/*
 * link: a connection between a bus and a server, with what is under way on it.
 *
 *   the bus  -> [ up ]   -> redis_send       a chance at a time, cut anywhere
 *            <- [ down ] <- what it was told
 *
 * When it is cut, what is under way may still come to the server, late, up to any
 * byte, or never: as long as nobody has killed that client.
 */
#ifndef BUS_LINK_H
#define BUS_LINK_H

#include "bus/redis.h"

struct link {
    struct redis_client *peer; /* NULL: it is not connected */
    struct buffer up, down;
    uint64_t stuck; /* until this millisecond nothing moves */
};

void link_connect(struct link *l, struct redis *r);

/* Some bytes move. False: the server has closed it, and all was brought. */
bool link_moves(struct link *l, struct random *chance, uint64_t now);

/* It is cut: `commands` may still come. */
void link_cut(struct link *l, bool commands);

/* ---- Those that were cut ------------------------------------------------- */

extern uint64_t link_late_bytes;  /* that came so late */
extern uint64_t link_late_killed; /* clients that were killed in time */

/* Some of what is under way comes. Or all of it, or it is lost. */
void link_late_moves(struct random *chance);
void link_late_ends(struct random *chance);

#endif
