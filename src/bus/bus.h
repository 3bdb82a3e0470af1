/* SPDX-License-Identifier: MIT */
/*
 * bus: the one process of a node that speaks to Redis (--redis). It sends what
 * workers propose, and writes to the streams of the store what it reads back.
 *
 *      worker 0   worker 1                       other nodes
 *        | propose  |                                 |
 *        v          v                                 v
 *      +----------------+   XADD, bell, XREAD   +-----------+
 *      | bus            | <-------- W --------> |           |
 *      |                |                       |   Redis   |
 *      |                | <-------- R --------- |           |
 *      +----------------+   XREAD BLOCK bell    +-----------+
 *        | store_put
 *        v
 *      stream of each room  -> all workers
 *
 * W never blocks. R does one thing: it waits for the bell, a stream in which
 * every node names the rooms where it has just said something. A bell says
 * "look"; where to go on is a position in the room's own stream. So a bell that
 * is lost loses nothing, and a sweep finds it. And who blocks on R is thrown out
 * when Redis becomes a replica: then W is distrusted, too.
 *
 * The order is Redis': it gives EPOCH-N to each message, the same for all nodes.
 * When it may have forgotten something (it was restarted, or a replica took its
 * place) it has another life, and each room begins a new epoch in that.
 *
 *   keys   PREFIX:r:ROOM   a room's stream; entries EPOCH-N with one field m
 *          PREFIX:bell     rooms, presence, and that a node lives
 *          PREFIX:life     entries LIFE-0: r, the replid of that life and 16
 *                          random digits: after FLUSHALL it is another one
 *
 * What stands here does no I/O: bytes come and go, and time is told (run.h).
 */
#ifndef BUS_BUS_H
#define BUS_BUS_H

#include "bus/state.h"

/* Carve one, measuring first (base/arena.h); the plan must stay. The store is
   that of the bus on the board (store_is_bus). */
void bus_carve(struct bus **b, struct arena *a, const struct store *store,
               const struct bus_plan *plan);
void bus_begin(struct bus *b, uint64_t now);
struct store *bus_store(struct bus *b);

/* Both links are connected. / Both are closed, wherefore: static, or NULL: it
   was asked for. */
void bus_dialled(struct bus *b);
void bus_dropped(struct bus *b, const char *why);

/* Bytes came: how many were taken. The rest is to be shown again, with more; a
   buffer of bus_input_max always suffices. */
size_t bus_read(struct bus *b, enum bus_link link, const uint8_t *in,
                size_t len);
size_t bus_input_max(const struct bus *b);

/* It takes nothing of this link now: what it has read waits for a worker to read,
   which a turn finds out. */
bool bus_holds(const struct bus *b, enum bus_link link);

/* What is to be written; so much of it was. */
struct span bus_output(const struct bus *b, enum bus_link link);
void bus_written(struct bus *b, enum bus_link link, size_t len);

/* A turn, behind what was read: `now` in milliseconds, monotonic; `wall` since
   1970. Rung rooms and proposals are looked at, and commands made. Nothing is
   written before it. */
void bus_turn(struct bus *b, uint64_t now, uint64_t wall);

/* When the next turn is due, at the latest; what is to be done; and whether
   everything proposed so far was read back. */
uint64_t bus_due(const struct bus *b);
enum bus_wish bus_wish(const struct bus *b);
bool bus_is_idle(const struct bus *b);

/* A sentence on what has changed, static or of the server's own words made fit
   for a log; empty: nothing since the last call. */
struct span bus_news(struct bus *b);

#endif
