/* SPDX-License-Identifier: MIT */
/*
 * crew: what the workers of one service share (--workers), and their keeper
 * (keeper/) with them: one mapping, which is there before any of them is.
 *
 *   keeper     -> one word: stop
 *   worker 0   -> its part: how many clients it has, what it counted  \  each
 *   worker 1   -> its part                                             } reads
 *   ...                                                               /  all
 *   bus        -> with --redis, its part: behind those of the workers
 *   all        -> the store (store/), where rooms are
 *   a bell each, to be woken by
 *
 * A part is written by its worker alone, so that nothing is locked and nothing
 * is left behind by one that dies but numbers, which the keeper clears. Whoever
 * wants to know how many there are adds them up. A part is as its worker was at
 * the end of its last turn.
 *
 * One process has no crew: count is 1, and nothing else is there. With --redis
 * there is one with a single worker, too.
 */
#ifndef SERVER_CREW_H
#define SERVER_CREW_H

#include "server/address.h"
#include "server/client.h"
#include "server/stats.h"
#include "store/store.h"

/* What there is now. */
enum crew_gauge {
    CREW_REGULAR, /* slots taken that --clients counts */
    CREW_IDLE,    /* of these, by plain connections between requests */
    CREW_SLOTS,   /* slots taken, of any kind */
    CREW_LEASES,  /* buffers lent out; contexts to inflate; and to deflate */
    CREW_INFLATING,
    CREW_DEFLATING,
    CREW_STATE, /* + enum client_state: clients in it */
    CREW_GAUGES = CREW_STATE + CLIENT_STATES,
};

struct crew_part {
    _Alignas(64) struct atom gauges[CREW_GAUGES];
    struct atom serves;  /* 1: it has started */
    struct atom asked;   /* 1: by another worker, for a slot */
    struct atom sandbox; /* enum sandbox_part: what it achieved */
    struct stats stats;  /* with --metrics; its successor goes on with it */
};

struct crew_common {
    _Alignas(64) struct atom stop; /* 1: nobody new, everybody leaves */
    struct atom last;    /* 1: the workers have ended; so does the bus, once
                            what was proposed is sent */
    struct atom watched; /* 1: the keeper looks whether turns are taken */
};

#define CREW_KEEPER UINT32_MAX

struct crew {
    uint32_t count;  /* workers */
    bool has_bus;    /* one process more, the last one on the board */
    uint32_t worker; /* this one, from 0; `count`: the bus; or CREW_KEEPER */
    uint32_t slots;  /* --clients, or fewer: of all together */
    size_t reserved; /* bytes that are shared */
    struct crew_common *common;
    struct crew_part *parts;       /* by worker; the bus's has no numbers */
    struct addresses *addresses;   /* likewise: with --per-ip, else NULL */
    struct address_crowds *crowds; /* likewise */
    struct map map;                /* of the store */
    struct board board;
    struct propose_ring *proposals; /* by worker: with a bus, else NULL */
    int bells[BOARD_WORKERS];       /* of all of them: bell.h */
    int keeper_bell;
};

/* How much of it there is. */
struct crew_plan {
    uint32_t workers;
    uint32_t connections; /* most that one worker can have */
    uint32_t rooms;
    uint32_t stream_size; /* map.h */
    bool per_ip;
    bool has_bus;
    uint64_t queue; /* with a bus: bytes of each worker's proposals */
};

/* Carve all that is shared of zeroed memory, twice: measuring, then carving.
   Without a map: that is laid out by the caller. */
void crew_carve(struct crew *c, struct arena *a, const struct crew_plan *plan);

/* Is this one of several? */
static inline bool crew_is_shared(const struct crew *c)
{
    return c->count > 1 || c->has_bus;
}

/* The workers, and the bus. */
static inline uint32_t crew_processes(const struct crew *c)
{
    return c->count + c->has_bus;
}

/* ---- Numbers ------------------------------------------------------------- */

/* Of one gauge, what the other workers have; and all. */
uint32_t crew_elsewhere(const struct crew *c, enum crew_gauge gauge);
uint32_t crew_sum(const struct crew *c, enum crew_gauge gauge);

/* Rooms that somebody listens to, here. */
uint32_t crew_rooms(const struct crew *c);

/* Add what the others have to what is given; of one process: nothing. */
void crew_add_gauges(const struct crew *c, uint32_t gauges[CREW_GAUGES]);
void crew_add_stats(const struct crew *c, struct stats *stats);

/* Tell the others what this one has; stats may be NULL. */
void crew_tell(const struct crew *c, const uint32_t gauges[CREW_GAUGES],
               const struct stats *stats);

/* Wake these workers, a bit each. */
void crew_wake(const struct crew *c, uint32_t workers);

/* A turn was taken. */
void crew_turned(const struct crew *c);

/* ---- Slots --------------------------------------------------------------- */

/*
 * This worker would have so many regular clients, one more than now: may it?
 * They are counted first and then added up, so that there are never more than
 * slots of all workers together. In place of one that has gone it always may.
 */
bool crew_claim(const struct crew *c, uint32_t regular);

/* The others are asked that somebody idle gives way: one of them that has the
   most. And: was it this one? */
void crew_ask(const struct crew *c);
bool crew_asked(const struct crew *c);

/* ---- Deaths -------------------------------------------------------------- */

/*
 * A worker has died: it has nothing any more, and what it was in the midst of
 * is undone. What it counted stays. *wake are the workers that are to be woken
 * then, a bit each. BUSY: another one is in the way, who may have died, too; to
 * be called again. For the keeper.
 */
enum store_outcome crew_bury(struct crew *c, uint32_t worker, uint32_t *wake);

#endif
