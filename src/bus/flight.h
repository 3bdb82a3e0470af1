/* SPDX-License-Identifier: MIT */
/*
 * flight: the messages of this node that are on their way: proposed, and not
 * known to be said. Each room has a line of them, in the order in which they
 * are sent.
 *
 *   NEW -> SENT -> ACKED -> DUE -> (read back: it leaves)
 *    ^       |        |       |
 *    +-------+        +-------+
 *    | refused            | the connection is lost
 *    |                    v
 *    +---------------- UNKNOWN until the room was read to its end; LOST where
 *                      something of that is missing
 */
#ifndef BUS_FLIGHT_H
#define BUS_FLIGHT_H

#include "base/arena.h"
#include "base/slots.h"
#include "store/store.h"

#define FLIGHT_NONE UINT32_MAX
#define FLIGHT_MOST 4096 /* others wait in their rings */

enum flight_state {
    FLIGHT_NEW,
    FLIGHT_SENT,
    FLIGHT_ACKED,
    FLIGHT_DUE, /* acked before the reading began that is under way */
    FLIGHT_UNKNOWN,
    FLIGHT_LOST, /* nobody will ever know: its sender is to be told */
};

struct flight {
    struct slot slot;
    uint32_t next; /* in the room's line */
    uint32_t room;
    uint32_t pos; /* of its proposal, in the ring of */
    uint8_t worker;
    uint8_t state;
    uint64_t sequence;
    uint64_t since; /* millisecond */
};

/* A room's. */
struct flight_line {
    uint32_t first;
    uint32_t last;
};

struct flights {
    struct slots slots;
    struct flight *table;
};

void flight_carve(struct flights *all, struct arena *a);
void flight_line_init(struct flight_line *line);

static inline struct flight *flight_at(const struct flights *all, uint32_t i)
{
    return &all->table[i];
}
static inline bool flight_has_place(const struct flights *all)
{
    return all->slots.count < all->slots.size;
}

/* Put one at the end of its room's line: there is a place. */
struct flight *flight_add(struct flights *all, struct flight_line *line,
                          const struct flight *f);

static inline struct flight *flight_next(const struct flights *all,
                                         const struct flight *f)
{
    return f->next == FLIGHT_NONE ? NULL : flight_at(all, f->next);
}

/* That of this worker and sequence, or NULL. */
struct flight *flight_find(const struct flights *all,
                           const struct flight_line *line, unsigned worker,
                           uint64_t sequence);

/* The first that is in this state, or NULL. */
struct flight *flight_first(const struct flights *all,
                            const struct flight_line *line,
                            enum flight_state state);

/* Those in one state are in another; how many. */
uint32_t flight_change(const struct flights *all,
                       const struct flight_line *line, enum flight_state from,
                       enum flight_state to);

/* One was taken although some of the same worker before it were refused (NEW), or
   must have been (UNKNOWN: it is read back, and they were not): if these were sent
   again now, they would come behind it. They are LOST. (Of others the order is not
   known any more: a successor takes them ring by ring.) */
void flight_overtaken(const struct flights *all, const struct flight_line *line,
                      const struct flight *f);

/* It leaves. */
void flight_remove(struct flights *all, struct flight_line *line,
                   struct flight *f);

#endif
