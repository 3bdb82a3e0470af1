/* SPDX-License-Identifier: MIT */
/*
 * board: who is at work on the rooms now. It is shared by the workers of one
 * keeper, or the one worker's own, and gone with them.
 *
 *   a room     its lock; who has it open; who waits
 *   a place    one worker in one room: how far it has read, who is there
 *   a worker   does it sleep, and for which rooms was it rung (store_bell.c)
 *
 * All of a worker's part is written by it alone; when it dies the keeper clears
 * it (store_bury).
 */
#ifndef STORE_BOARD_H
#define STORE_BOARD_H

#include "base/arena.h"
#include "base/list.h"
#include "store/atom.h"

#define BOARD_WORKERS 32            /* a bit each in one word */
#define BOARD_KEEPER  BOARD_WORKERS /* the number of the one that is none */
#define BOARD_LINE    (64 / 4)      /* words in a line of the cache */

/* Tries to get a lock, twice as long after each other each time, some
   microseconds in all: whoever has it, and runs, is done sooner. Who asks all the
   time takes the lock's line of the cache from who is about to give it back. */
#ifndef BOARD_TRIES
#define BOARD_TRIES 7
#endif

struct board_room {
    _Alignas(64) struct atom lock; /* 0, or worker + 1 of who writes */
    struct atom open;      /* bit w: worker w reads it; what it has not read
                              is not overwritten */
    struct atom want_lock; /* bit w: w is to be rung when the lock is free */
    struct atom ready; /* with a bus: 1: it has read the room, and goes on */
    struct atom asked; /* bit w: w is to be rung when that is so */
    /* under the table's lock */
    uint32_t next_named;    /* place + 1 of the next in the hash bucket */
    struct list_link empty; /* in the list of those to whom nobody listens */
    uint64_t mark; /* of a bus alone: hash of the entry that it read last */
};

struct board_place {
    struct atom cursor;    /* position that it reads next; not a bus's */
    struct atom wanted;    /* bit w: w is to be rung when that has moved */
    struct atom members;   /* clients */
    struct atom behind[2]; /* of these, as room.behind */
    struct atom roster;    /* who they are, in a word */
};

/* Some of them by name, written and read under the room's lock. */
#define BOARD_PEOPLE 50
#define BOARD_NAME   64 /* bytes of a name, or of a sub */
struct board_people {
    uint32_t count;
    struct board_person {
        uint8_t uid[16];
        uint8_t name_len; /* 0: none */
        uint8_t sub_len;  /* likewise */
        uint8_t name[BOARD_NAME];
        uint8_t sub[BOARD_NAME];
    } people[BOARD_PEOPLE];
};

struct board_worker {
    _Alignas(64) struct atom asleep; /* 1: ring its descriptor to wake it */
    struct atom turns;               /* of its loop, modulo 2^32 */
};

/* Two connections to one process of Redis that may still have something of ours
   under way. Those of several are kept: where two are masters for a while, a bus
   may come back to the first. */
#define BOARD_FENCES 8
struct board_fence {
    uint8_t run_id[64];
    uint64_t ids[2]; /* the first is 0: none */
    uint8_t addresses[2][64];
};

/* What the bus tells (--redis), and keeps for its successor. It alone writes,
   but for what `node` to `prefix` say of who it is, which is there before. */
enum board_bus_state {
    BOARD_BUS_AWAY, /* nothing can be said now: at the start, too */
    BOARD_BUS_HERE,
};
struct board_bus {
    _Alignas(64) struct atom state; /* all workers are rung when it changes */
    struct atom in_flight;          /* messages proposed and not read back */
    struct atom lag;      /* microseconds that the last one took to be read */
    struct atom connects; /* connections made, of two links each */
    struct atom gaps;     /* rooms of which something is not known */
    struct atom lost;     /* messages of ours of which it is not known whether
                              they were said */
    struct atom swept;    /* messages that no bell told of */
    struct atom away;     /* seconds, all in all, modulo 2^32 */
    struct atom proposed; /* messages sent, again ones too, modulo 2^32 */
    struct atom heard;    /* messages read, modulo 2^32 */
    uint64_t node;  /* random: this service, as long as its keeper lives */
    uint64_t life;  /* the last one that was seen */
    uint32_t fence; /* the last one of these that was put up */
    struct board_fence fences[BOARD_FENCES];
};

/* The names of rooms: store_table.c. */
struct board_table {
    _Alignas(64) struct atom lock; /* 0, or worker + 1 */
    struct atom want;              /* bit w: w is to be rung when it is free */
    struct atom want_place; /* bit w: w is to be rung when the bus lets a room
                               go */
    struct atom crowded;    /* 1: the bus is to let rooms go to whom nobody
                            listens */
    struct list empty;      /* nobody listens: the longest first */
    uint64_t seed;          /* random: nobody can choose names that collide */
    uint64_t epochs;        /* counts begun so far, from a random number on */
    uint64_t evicted;       /* empty ones whose place another got */
};

struct board {
    /* shared, each one object of its own */
    struct board_table *table;
    uint32_t *buckets; /* room_count: place + 1 of the first, or 0 */
    struct board_room *rooms;
    struct board_place *places;   /* [worker][room] */
    struct board_people *people;  /* likewise; NULL with one worker */
    struct board_worker *workers; /* by worker */
    struct atom *rung;            /* [worker][board_rung_words] */
    struct board_bus *bus;        /* with --redis; else NULL. It is the last of
                                     the workers */
    /* what is shared, in numbers */
    uint32_t room_count;
    uint32_t worker_count;
};

/* Carve one, of zeroed memory: for the arena of one worker, or memory that is
   shared. */
void board_carve(struct board *b, struct arena *a, uint32_t room_count,
                 uint32_t worker_count);

/* A turn was taken. */
static inline void board_turned(const struct board *b, uint32_t worker)
{
    struct atom *turns = &b->workers[worker].turns;
    atom_put(turns, atom_get(turns) + 1);
}

/* Get a lock, for this worker; give it back. */
bool board_lock(struct atom *lock, uint32_t worker);
void board_unlock(struct atom *lock);

/*
 * The rooms for which a worker was rung: a bit each, in words of 32 rooms; and
 * before these, a bit for each such word in which one may be set. No two workers
 * share a line of the cache.
 */
static inline uint32_t board_rung_low(uint32_t room_count)
{
    return (room_count + 31) / 32;
}
static inline uint32_t board_rung_high(uint32_t room_count)
{
    return (board_rung_low(room_count) + 31) / 32;
}
static inline uint32_t board_rung_words(uint32_t room_count)
{
    uint32_t words = board_rung_high(room_count) + board_rung_low(room_count);
    return (words + BOARD_LINE - 1) / BOARD_LINE * BOARD_LINE;
}
static inline struct atom *board_rung(const struct board *b, uint32_t worker)
{
    return b->rung + (size_t)worker * board_rung_words(b->room_count);
}

static inline struct board_people *board_people(const struct board *b,
                                                uint32_t room, uint32_t worker)
{
    return &b->people[(size_t)room * b->worker_count + worker];
}

static inline struct board_place *board_place(const struct board *b,
                                              uint32_t room, uint32_t worker)
{
    return &b->places[(size_t)worker * b->room_count + room];
}

#endif
