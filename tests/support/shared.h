/* SPDX-License-Identifier: MIT */
/*
 * shared: a map and a board, and over them a store for each of several
 * workers and one for the keeper, as if each were a process of its own.
 *
 * The map ends at a page that cannot be touched, and so does each worker's
 * buffer for records that wrap around. All is gone with guard_free_all.
 */
#ifndef SUPPORT_SHARED_H
#define SUPPORT_SHARED_H

#include "store/store.h"

struct shared_plan {
    uint32_t rooms;
    uint32_t workers;
    uint32_t stream_size;     /* a power of two; 0: no streams */
    const struct crc32c *crc; /* NULL: records are not checked */
    uint32_t ring; /* if not 0, the last worker is a bus, and the others have
                      rings of so many bytes */
};

struct shared {
    struct shared_plan plan;
    struct store workers[BOARD_WORKERS];
    struct store keeper;
};

/* Fresh ones: no room has a name yet. */
void shared_make(struct shared *s, struct shared_plan plan);

/* A worker dies without a word, and another one begins in its place. */
void shared_begin(struct shared *s, uint32_t worker);

/* Open a room of that name, which must work, with all of its history or some:
   its place. */
uint32_t shared_open(struct store *s, const char *name);
uint32_t shared_open_with(struct store *s, const char *name, uint64_t most);

/* Say something, which must work. */
void shared_say(struct store *s, uint32_t room, const char *text);

/* Read the next record: its payload, valid until the next call; "" when there
   is none. */
const char *shared_hear(struct store *s, uint32_t room);

/* The rooms for which a worker is rung: a bit each, of the first 64. */
uint64_t shared_rung(struct store *s);

#endif
