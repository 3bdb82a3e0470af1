/* SPDX-License-Identifier: MIT */
/*
 * machine: the memory that actors share, each with a store buffer before it.
 *
 *     worker 0          worker 1          keeper      src/store, as it is
 *        | writes          |                 |
 *     [cursor=8][head=9]   []                []       a buffer each
 *        |  \______________________________           drained at any time,
 *        v                                 v          in any order that C11
 *     [ lock | open | head | cursors | bytes ... ]    allows
 *
 *   load      the youngest value in one's own buffer, else what memory has
 *   put       into the buffer; it may pass what stands before it, but for a
 *             write to the same place
 *   release   into the buffer; it passes nothing
 *   copy      as put, ATOM_COPY_STEP bytes a piece
 *   swap, set, clear, replace
 *             wait until one's own buffer is drained; then nobody changes that
 *             word until the new value has left the buffer, in which it lies
 *             as if put: one's own loads may go first (as on ARM)
 *   fence     waits until one's own buffer is drained
 *   wake      a descriptor's: whoever waits for it goes on
 *   wait      until somebody has done so; with a value: until no lock is in
 *             the way
 *
 * A worker that dies leaves its buffer, which is drained all the same; the
 * keeper is told of the death when it is.
 *
 * Not modelled: loads are done in the order of the program, so nothing is said
 * of `acquire`; and what the store writes without an atomic operation (the ends
 * of a room, names, the list of empty rooms) is seen at once, all of it. The
 * bytes of a stream are read at once where a record is read. There is one room,
 * there are up to four workers, and one of them dies.
 */
#ifndef EXPLORE_MACHINE_H
#define EXPLORE_MACHINE_H

#include "store/store.h"

#define MACHINE_WORKERS 4
#define MACHINE_ACTORS  (MACHINE_WORKERS + 1) /* the last one is the keeper */
#define MACHINE_KEEPER  MACHINE_WORKERS
#define MACHINE_STREAM  256 /* bytes of the ring: four records */
#define MACHINE_BUFFER  8   /* writes */
#define MACHINE_ORDER   16  /* messages */

struct machine_write {
    uint16_t offset; /* in the world */
    uint8_t len;
    bool release;
    bool held; /* of a swap or the like: the word is nobody else's */
    uint8_t unused;
    uint8_t bytes[ATOM_COPY_STEP];
};

struct machine_buffer {
    uint32_t count;
    struct machine_write writes[MACHINE_BUFFER];
};

/* What an actor is up to, where that is not in its store. */
struct machine_actor {
    struct store store;
    struct store_reader reader;
    uint64_t trace; /* the place in its program, and what it was told since */
    uint64_t heard; /* the number of the last message it has read */
    uint8_t to_say; /* messages */
    uint8_t said;   /* so many */
    bool held;      /* its next one waits until it is rung */
    bool joins;     /* it has yet to open the room */
    bool leaves;    /* it closes the room once it is awake */
    bool listens;   /* it has the room open */
    bool saying;    /* it is in the midst of it */
    bool lives;
    bool mortal;
    bool buried;
    bool woken; /* its descriptor was written to */
};

/* All that tells one state of a run from another. */
struct world {
    struct map_header header;
    struct map_room room;
    _Alignas(8) uint8_t stream[MACHINE_STREAM];
    struct board_table table;
    struct board_room board_room;
    struct board_place places[MACHINE_WORKERS];
    struct board_worker workers[MACHINE_WORKERS];
    struct atom rung[BOARD_LINE * MACHINE_WORKERS];
    uint32_t bucket;
    uint32_t deaths;               /* that may still be died */
    uint64_t first;                /* number of the first message */
    uint64_t order[MACHINE_ORDER]; /* tags by number: what was read first */
    struct machine_actor actors[MACHINE_ACTORS];
    struct machine_buffer buffers[MACHINE_ACTORS];
    /* an actor's own, where it makes a record that wraps around: nobody else
       sees it, and what is there follows from the trace */
    uint8_t whole[MACHINE_ACTORS][MACHINE_STREAM / 4];
};
extern struct world world;

/* May this actor do its next step now? */
bool machine_can(uint32_t actor, const struct atom_step *step);

/* Does nobody else take notice, or can nobody else change what it is told? Then
   nothing is gained by letting others go first. */
bool machine_is_private(uint32_t actor, const struct atom_step *step);

/* Do it: what it is told. */
uint32_t machine_do(uint32_t actor, const struct atom_step *step);

/* The same before anybody runs. */
uint32_t machine_do_at_once(const struct atom_step *step);

/* Is that what this actor would be told of a word? */
bool machine_has(uint32_t actor, const struct atom *at, uint32_t value);

/* May one's i-th write leave the buffer now? And let it. */
bool machine_can_drain(uint32_t actor, uint32_t i);
void machine_drain(uint32_t actor, uint32_t i);

/* Of all that tells states apart. */
uint64_t machine_hash(void);

#endif
