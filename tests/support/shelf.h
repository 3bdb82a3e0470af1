/* SPDX-License-Identifier: MIT */
/*
 * shelf: a worker over a map, and a ledger of all that was ever said.
 *
 * A worker's life ends and another begins over the same map, which something
 * happened to in between. The ledger stays: what is read back must be what was
 * said, in that room, under that id; and no id may be given twice.
 */
#ifndef SUPPORT_SHELF_H
#define SUPPORT_SHELF_H

#include "store/store.h"

#define SHELF_ROOMS   64   /* different names: "room 0" ... */
#define SHELF_SAID    8192 /* messages */
#define SHELF_PAYLOAD 2048 /* bytes */

struct shelf_said {
    uint32_t room; /* number of its name */
    struct store_id id;
    uint32_t len; /* of its payload, which follows from these and its place */
};

struct shelf_ledger {
    struct shelf_said said[SHELF_SAID];
    size_t count;
};

struct shelf {
    struct store store; /* worker 0 of one, or of more */
    struct crc32c crc;
    struct shelf_ledger *ledger;
    void *memory;
};

/* A fresh map of this size, zeroed but for its header; to be freed by the
   caller: map->header. */
struct map shelf_map(uint32_t rooms, uint32_t stream_size);

/* A worker begins, with a fresh board. And is gone. */
void shelf_begin(struct shelf *s, const struct map *map,
                 struct shelf_ledger *ledger);
void shelf_end(struct shelf *s);

/* Open "room N", if there is a place: STORE_NONE: somebody is in each. */
uint32_t shelf_open(struct shelf *s, uint32_t number);

/* The record of something that is to be said next in a room that is open; its
   payload lies in `bytes`. */
struct record shelf_draft(const struct shelf *s, uint32_t room, uint32_t len,
                          uint8_t bytes[SHELF_PAYLOAD]);

/* Say something of so many bytes in a room that is open and read. Asserts that
   its id is new. */
void shelf_say(struct shelf *s, uint32_t room, uint32_t len);

/*
 * Read all of "room N" that is to be read, and assert that it was said there,
 * each under its id, in the order it was said. How many; the last one's place
 * in the ledger is *last (SIZE_MAX: none).
 */
size_t shelf_read(struct shelf *s, uint32_t number, size_t *last);

/* The place in the ledger of the last that was said in a room, or SIZE_MAX. */
size_t shelf_last(const struct shelf_ledger *l, uint32_t number);

#endif
