/* SPDX-License-Identifier: MIT */
/*
 * history: where in a room's log the last messages begin, and their ids.
 *
 *   log    40)[frame 41   )[frame 42        )[frame 43 )
 *             ^             ^                 ^          head
 *   marks     [1: E-41]     [2: E-42]         [0: F-1]     with --history 3
 *
 *   A mark that the log has overrun holds nothing any more; nor do the marks
 *   before it. An epoch may change in the midst of it: message F-1 follows
 *   E-42, and whoever has E-42 misses one.
 */
#ifndef SERVER_HISTORY_H
#define SERVER_HISTORY_H

#include "base/ring.h"
#include "store/store.h"

struct history_mark {
    uint64_t pos; /* in the log */
    struct store_id id;
};

struct history {
    struct history_mark
        *marks;           /* of message n, counted from 1, at [n % size] */
    uint64_t size;        /* marks there are; 0: no history */
    uint64_t count;       /* messages since it began */
    struct store_id last; /* of the last of them, or of the one that the
                                   first will follow */
};

/* Nothing is in it yet. */
void history_begin(struct history *h, struct history_mark *marks, uint64_t size,
                   struct store_id last);

/* One message more, which begins at this position. */
void history_add(struct history *h, struct store_id id, uint64_t pos);

/* How many of the last `count` messages can be replayed: fewer when the log or
   the marks hold no more. */
uint64_t history_held(const struct history *h, const struct ring *log,
                      uint64_t count);

/*
 * How many follow the message of this id. *gap is set when that does not join
 * up: it is none of those held, nor the one before them. It is then all the
 * history there is.
 */
uint64_t history_after(const struct history *h, const struct ring *log,
                       struct store_id id, bool *gap);

/* Position at which the last `count` messages begin; that many are held. */
uint64_t history_position(const struct history *h, const struct ring *log,
                          uint64_t count);

#endif
