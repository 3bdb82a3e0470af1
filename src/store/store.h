/* SPDX-License-Identifier: MIT */
/*
 * store: what was said, in one order, in a place of its own.
 *
 * A message is proposed to the store, and exists when it is read back; only
 * then is it encoded and brought to anybody. So it is all the same who said it:
 * a client of this worker, of another one, or one before the last restart.
 * Beside this file: map.h has what was said (with --store it outlives us),
 * board.h who is at work (gone with the keeper), record.h one message, propose.h
 * what is on its way to Redis.
 *
 *   worker 0        store_seize, store_append      worker 1
 *   a client says --------------+
 *                               v
 *                   stream  [41][42][43]           in the map, which is shared
 *                               |                  or a file, or both
 *               store_read <----+----> store_read
 *               the frame log           the frame log of the same room there
 *
 *   Without --store, --workers and --redis there are no streams: store_append gives the
 *   message its number, and it is brought to the log at once, without a copy.
 *
 * Who writes has read all that was written before. So its own message is the
 * next that it reads, and whoever says it knows its number at once.
 *
 *   store_seize   ->  store_append     the message stands, the lock is free
 *                 ->  store_release    nothing is said after all
 *
 * Whatever is asked for returns at once. Where nothing can be said in a room
 * now, its worker is rung (store_bell.c) when it is worth another try.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/board.h"
#include "store/map.h"
#include "store/propose.h"
#include "store/record.h"

#define STORE_NONE UINT32_MAX

/* Of a message: EPOCH-NUMBER, as clients see it. */
struct store_id {
    uint64_t epoch;
    uint64_t number; /* 0: none in this epoch yet */
};

/* Where this worker stands in a room's stream; its own, not shared. */
struct store_reader {
    uint64_t most;        /* messages that it began with, at most */
    uint32_t generation;  /* of the name it reads; 0: never */
    uint32_t pos;         /* position (map.h) of the next record */
    uint32_t next;        /* likewise: behind the one that was read */
    uint32_t seen;        /* likewise: behind all that it knows to be written */
    struct store_id last; /* of the message before, or the one that was read */
};

/* Where it is among the rooms it was rung for. */
struct store_scan {
    uint32_t high_at; /* words of the upper ones that were taken */
    uint32_t high;    /* what is left of the last one */
    uint32_t low_at;  /* the lower one that was taken, */
    uint32_t low;     /* and what is left of it */
};

struct store {
    struct map map;
    struct board board;
    uint32_t worker;          /* which one this is, from 0; or BOARD_KEEPER */
    const struct crc32c *crc; /* a file's records are checked; else NULL */
    struct propose_ring *proposals; /* by worker, with a bus; else NULL */

    struct store_reader *readers; /* by room */

    /* where there are streams */
    uint8_t *whole;    /* a quarter of a stream: a record that wraps around,
                          read or to be written */
    uint32_t seized;   /* room whose lock is ours, + 1; 0: none */
    size_t seized_len; /* bytes for which there is space in it */
    uint32_t to_wake;  /* bit w: worker w was rung since store_wake */
    uint64_t damaged;  /* times that what was to be read made no sense */
    struct store_scan scan;
};

enum store_outcome {
    STORE_DONE,
    STORE_BEHIND, /* there is something to be read first */
    STORE_BUSY,   /* another worker writes, or has died while it did */
    STORE_FULL,   /* another worker has not read what would be overwritten */
};

static inline bool store_has_streams(const struct store *s)
{
    return s->map.stream_size > 0;
}

/* Is what is said proposed to a bus (bus/), which alone writes to the streams?
   It is the last of the workers on the board. */
static inline bool store_has_bus(const struct store *s)
{
#ifdef WITHOUT_REDIS /* make small LEAVE=redis */
    (void)s;
    return false;
#else
    return s->proposals != NULL;
#endif
}
static inline uint32_t store_bus(const struct store *s)
{
    return s->board.worker_count - 1;
}
static inline bool store_is_bus(const struct store *s)
{
    return store_has_bus(s) && s->worker == store_bus(s);
}

/* Are there other workers? */
static inline bool store_is_shared(const struct store *s)
{
    return s->board.worker_count > 1;
}

/* The longest record: a quarter of the stream. No message is longer: its JSON
   form fits a quarter of the room's log, and is longer than its record. */
static inline uint32_t store_record_max(const struct store *s)
{
    return s->map.stream_size / 4;
}

/* What this worker has on the board of a room. */
static inline struct board_place *store_place(const struct store *s,
                                              uint32_t room)
{
    return board_place(&s->board, room, s->worker);
}

/* ---- Rooms by name: store_table.c ---------------------------------------- */

/*
 * Have the room of this name (1 to MAP_ROOM_NAME bytes) open: *index is its
 * place, and nothing that this worker has not read is overwritten. A new room
 * gets a place never used, else that of the room empty for longest. `wall`:
 * milliseconds since 1970.
 *
 *   DONE
 *   FULL   somebody listens in every room
 *   BUSY   another worker has the lock, or the bus has not read the room yet, or
 *          is asked to let one go; this worker is rung, for any room, when it is
 *          worth another try
 *
 * *anew: reading begins with the last messages, `most` at most; store_last says
 * what they follow. Else it goes on where this worker stood. A room that was
 * opened for fewer messages begins anew.
 */
enum store_outcome store_open(struct store *s, struct span name, uint64_t wall,
                              uint64_t most, uint32_t *index, bool *anew);

/* Nobody of this worker listens any more: it may lose its place. BUSY, as for
   store_open: it is open still. */
enum store_outcome store_close(struct store *s, uint32_t room);

/* Does this worker have it open? */
static inline bool store_is_open(const struct store *s, uint32_t room);

/* Empty rooms that have lost their place so far, of all workers. */
uint64_t store_evicted(const struct store *s);

static inline struct span store_name(const struct store *s, uint32_t room)
{
    return map_name(&s->map.rooms[room]);
}

/* Places that have ever had a name: those below this. */
static inline uint32_t store_used(const struct store *s)
{
    return s->map.header->used;
}

/* Counts the names that a place has had. */
static inline uint32_t store_generation(const struct store *s, uint32_t room)
{
    return s->map.rooms[room].generation;
}

/* ---- Saying and reading: store_stream.c ---------------------------------- */

/* May a message whose record has up to `len` bytes (store_record_max at most)
   be written to a room that is open? DONE: the room is this worker's until
   store_append or store_release. BUSY, FULL: it is rung for it. BEHIND: it has
   to read first. */
enum store_outcome store_seize(struct store *s, uint32_t room, size_t len);

/* May this worker append now? Without streams, and with a bus, there is nothing
   to seize: always. */
static inline bool store_is_seized(const struct store *s, uint32_t room)
{
    return !store_has_streams(s) || store_has_bus(s) || s->seized == room + 1;
}

/* Fill in its epoch, number and worker. The room is seized. */
static inline void store_number(const struct store *s, uint32_t room,
                                struct record *r)
{
    const struct map_end *end = map_end(&s->map.rooms[room]);
    r->epoch = end->epoch;
    r->number = end->number + 1;
    r->worker = (uint16_t)s->worker;
}

/* Write it, its number filled in, and nothing of it in `whole`: to the stream,
   where there are streams. The room is free again, and others are rung. */
void store_write(struct store *s, uint32_t room, const struct record *r);
static inline void store_append(struct store *s, uint32_t room,
                                const struct record *r)
{
    if (store_has_streams(s)) {
        store_write(s, room, r);
        return;
    }
    s->map.rooms[room].ends[0].number = r->number;
    s->readers[room].last.number = r->number;
}

/* Say nothing after all: the room is free again. Where none is seized, nothing
   happens. */
void store_release(struct store *s);

/* Have a room's lock for what stands beside the stream, which others read under
   it (board.h). False: not now; this worker is rung. */
bool store_lock(const struct store *s, uint32_t room);
void store_unlock(struct store *s, uint32_t room);

/*
 * The next record of a room that this worker listens to, or false when all are
 * read. Its spans are valid until store_pass, with which it counts as read, or
 * until the next store_read of any room: a record that wraps around is copied to
 * `whole`, of which there is one. What makes no sense is passed over, with all up
 * to the head, and counted in `damaged`: false now; what is said later is read.
 */
bool store_read(struct store *s, uint32_t room, struct record *r);
void store_pass(struct store *s, uint32_t room);

/* The same for the record that this worker has just appended, which is the next
   one, as it has read all before: it need not be taken apart again. */
void store_read_own(struct store *s, uint32_t room, const struct record *r);

/* Is there nothing to read? */
bool store_is_read(const struct store *s, uint32_t room);

/* The id of the message before the next one to be read of a room that is open:
   without streams, of the last one said. Number 0: none in this epoch yet. */
struct store_id store_last(const struct store *s, uint32_t room);

/* The id of the last message in the stream. To be asked under the room's lock,
   or by the only one who writes. */
static inline struct store_id store_end(const struct store *s, uint32_t room)
{
    const struct map_end *end = map_end(&s->map.rooms[room]);
    return (struct store_id){end->epoch, end->number};
}

/* ---- Saying with a bus: store_bus.c -------------------------------------- */

/* For a worker: is there space for a message whose record has `len` bytes? If
   not, this worker is rung, for any room, when there may be. And: propose it; its
   worker is filled in. */
bool store_may_propose(const struct store *s, size_t len);
void store_propose(struct store *s, uint32_t room, struct record *r);

/* For the bus: have a room open that it was asked for, or that others have
   open. BUSY: not now. */
enum store_outcome store_adopt(struct store *s, uint32_t room);

/* The bus has read it: others may enter, and are rung. */
void store_set_ready(struct store *s, uint32_t room);

/* The bus lets it go. DONE; BUSY: not now; BEHIND: somebody listens or wants
   to, it stays. */
enum store_outcome store_abandon(struct store *s, uint32_t room);

/* Does a worker have it open, or wait for it? */
bool store_is_wanted(const struct store *s, uint32_t room);

/* Write what the bus has read, its id filled in; of a GAP, the id that the next
   one follows. BUSY, FULL: not now; the bus is rung for it. */
enum store_outcome store_put(struct store *s, uint32_t room,
                             const struct record *r);

/* It is known what became of this proposal of a worker, which is rung where it
   waits for space. */
void store_settle(struct store *s, uint32_t worker, struct proposal *p);

/* ---- Ringing: store_bell.c ----------------------------------------------- */

/* Something of a room has changed that others look at: who is there, how far
   they are behind. They are rung. */
void store_ring(struct store *s, uint32_t room);

/* A room for which this worker was rung, each once; STORE_NONE: no more. */
uint32_t store_rung(struct store *s);

/* Before sleeping: false when somebody rang meanwhile. And after it. */
bool store_sleep(struct store *s);
void store_wakes(struct store *s);

/* The workers that were rung since the last call and sleep: a bit each. They
   are to be woken, by their descriptors. */
uint32_t store_wake(struct store *s);

/* ---- Deaths: store_bury.c ------------------------------------------------ */

/* A worker has died. Its locks are free, it listens nowhere, it has no members,
   it asks for no room; a bus keeps what it has open, for its successor, and is
   away. All others are rung, for what it may have left unrung, and store_wake wakes
   them. For the keeper. BUSY, and nothing is done: another one is in the way,
   who may be dead as well. */
enum store_outcome store_bury(struct store *s, uint32_t worker);

/* ---- The parts, for each other ------------------------------------------- */

#define STORE_NO_POSITION 1 /* no record begins there */

/* What room.check must be under this name. */
uint32_t store_room_check(const struct store *s, const struct map_room *room,
                          struct span name);

/* Make buckets and the list of empty rooms anew, from what the rooms say. */
void store_table_remake(struct store *s);

/* Under the table's lock: a worker has the room open no longer. */
void store_leave(struct store *s, uint32_t room, uint32_t worker);

/* The record at a position of a room's stream, where there is one that ends at
   or before `head`: its len, and what it says, as store_read; else 0. */
uint32_t store_stream_record(const struct store *s, uint32_t room, uint32_t pos,
                             uint32_t head, struct record *r);

/* Is all there that this worker has not read? The room is locked. */
bool store_stream_holds(const struct store *s, uint32_t room);

/* For the bus: all is read, for what it has not written is nowhere. */
void store_stand_at_end(struct store *s, uint32_t room);

/* Read the last `most` messages next. The room is locked. */
void store_stream_seek(struct store *s, uint32_t room, uint64_t most);

/* Get a lock, a room's or the table's, or be rung when another try is worth it. */
bool store_take_lock(const struct store *s, struct atom *lock,
                     struct atom *want);

/* This worker's bit; the keeper has none. */
static inline uint32_t store_bit(const struct store *s)
{
    return s->worker < BOARD_WORKERS ? UINT32_C(1) << s->worker : 0;
}

static inline bool store_is_open(const struct store *s, uint32_t room)
{
    return atom_get(&s->board.rooms[room].open) & store_bit(s);
}

/* Ring one worker for a room; all others who have it open: what they are to see
   was written before a fence. And those who wait for what was just given free
   there, its lock or space: this one, too, where it is one of them. */
void store_ring_one(struct store *s, uint32_t room, uint32_t worker);
void store_ring_readers(struct store *s, uint32_t room);
void store_ring_waiting(struct store *s, uint32_t room, struct atom *waiting);

#endif
