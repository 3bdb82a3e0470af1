/* SPDX-License-Identifier: MIT */
/*
 * propose: what clients of a worker want to say, on its way to Redis (--redis).
 *
 *   worker 0   [done][in flight][in flight][new]          a ring each
 *                    ^ done                     ^ head
 *   bus        sends what is new, and frees what was read back
 *
 * A proposal lies here until it is known what became of it: it is the message in
 * flight, too. Who dies leaves it in place: a worker's are said after all, and
 * another bus finds out which were said already (bus/).
 *
 * An entry is never wrapped around: where it does not fit in front of the end,
 * the rest is passed over.
 */
#ifndef STORE_PROPOSE_H
#define STORE_PROPOSE_H

#include "base/arena.h"
#include "store/atom.h"
#include "store/record.h"

#define PROPOSE_NO_ROOM UINT32_MAX

/* What the bus has made of one: written by it alone. */
enum proposal_state {
    PROPOSAL_NEW,
    PROPOSAL_SENT, /* at least once: it may have been said */
    PROPOSAL_DONE,
};

/* What stands before its record, which has no id yet. */
struct proposal {
    uint32_t len;        /* of all, a multiple of RECORD_ALIGN */
    uint32_t room;       /* place; PROPOSE_NO_ROOM: the rest of a lap */
    uint32_t generation; /* of the room's name */
    uint32_t state;      /* enum proposal_state */
    uint64_t sequence;   /* of this worker, from 1: never given twice */
};
_Static_assert(sizeof(struct proposal) % RECORD_ALIGN == 0, "records align");

/* Positions count for ever, modulo 2^32. */
struct propose_ring {
    _Alignas(
        64) struct atom head; /* behind the last one: the worker writes it */
    uint64_t sequence;        /* of the last one: likewise */
    _Alignas(64) struct atom done; /* of the first that is in flight: the bus */
    struct atom wanted; /* 1: the worker is to be rung when that moves */
    uint8_t *bytes;     /* where they lie, in every process */
    uint32_t size;      /* a power of two */
};

/* Carve one, of zeroed memory that is shared; its size is at least `size`. */
uint32_t propose_size(uint64_t size);
void propose_carve(struct propose_ring *ring, struct arena *a, uint32_t size);

/* Bytes that a record takes there, at most; it has to be half of the ring or
   less, so that there is place for it wherever an empty ring begins. */
static inline uint32_t propose_len(size_t record)
{
    return (uint32_t)sizeof(struct proposal) + record_aligned(record);
}

/* For the worker: is there space for a record of so many bytes? If not, it is
   rung when there may be. */
bool propose_has_space(struct propose_ring *ring, size_t record);

/* Write one, for which there is space. */
void propose_write(struct propose_ring *ring, uint32_t room,
                   uint32_t generation, const struct record *r);

/* For the bus: the entry at *pos, which moves behind it, and its record; NULL:
   no more. What lies between is passed over. */
struct proposal *propose_next(const struct propose_ring *ring, uint32_t *pos,
                              struct record *r);

/* The entry at a position that propose_next was at. */
struct proposal *propose_at(const struct propose_ring *ring, uint32_t pos);

/* One is done: what is free by that is free. True: the worker is to be rung. */
bool propose_done(struct propose_ring *ring, struct proposal *p);

#endif
