/* SPDX-License-Identifier: MIT */
/*
 * wheel: a timing wheel over the items of a fixed table.
 *
 * Time is an argument, in milliseconds of any monotonic clock. An item sits
 * in the bucket of its deadline, rounded up to a tick, so nothing comes up
 * early and everything at most a tick late. A deadline beyond the wheel's
 * reach waits in the farthest bucket: the item then comes up before its time,
 * and the caller, who computes true deadlines anyway, puts it back. That is
 * how a timer costs nothing on activity: it is not moved when its deadline
 * moves, only looked at when it comes up.
 *
 *    bucket:  0   1   2  ...             (hand)  ...               511
 *             [ ] [ ] [ ]                  ^
 *                                          tick of `now`; what lies behind
 *                                          it is up to 511 ticks ahead
 *
 * The hand moves in wheel_pop alone: a wheel that is not popped for longer
 * than its reach takes every deadline for one beyond it.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/bytes.h"

#define WHEEL_TICK    32  /* milliseconds a bucket spans */
#define WHEEL_BUCKETS 512 /* reach: 16384 ms */
#define WHEEL_NONE    UINT32_MAX
#define WHEEL_IDLE    UINT64_MAX /* nothing waits */

/* Inside each item; all zero means: in no bucket. */
struct wheel_link {
    uint32_t next;   /* index + 1 of the next in the bucket, 0 at its end */
    uint32_t prev;   /* index + 1 of the one before, 0 at its start */
    uint32_t bucket; /* number + 1 of the bucket it is in, 0 for none */
};

struct wheel {
    uint8_t *first;                    /* the struct wheel_link of item 0 */
    size_t stride;                     /* bytes from one item to the next */
    uint64_t tick;                     /* buckets before this one are done */
    uint32_t head[WHEEL_BUCKETS];      /* index + 1 of the first, 0: empty */
    uint64_t busy[WHEEL_BUCKETS / 64]; /* one bit a bucket: is it not empty */
};

/* An empty wheel whose clock stands at `now`. */
void wheel_init(struct wheel *w, struct wheel_link *first, size_t stride,
                uint64_t now);

/* Put an item that is in no bucket where `deadline` belongs. One that has
   passed comes up at the next wheel_pop. */
void wheel_add(struct wheel *w, uint32_t index, uint64_t deadline);

/* Take an item out; nothing happens when it is in no bucket. */
void wheel_remove(struct wheel *w, uint32_t index);

/* Put an item earlier: to `deadline` when that is before the bucket it is in,
   or when it is in none. */
void wheel_hasten(struct wheel *w, uint32_t index, uint64_t deadline);

/* Take out one item whose bucket's time has come: its index, or WHEEL_NONE
   when there is none at `now`. `now` never goes back. */
uint32_t wheel_pop(struct wheel *w, uint64_t now);

/* Milliseconds from `now` until wheel_pop can have something: 0 when it has
   already, WHEEL_IDLE when the wheel is empty. */
uint64_t wheel_wait(const struct wheel *w, uint64_t now);

#endif
