/* SPDX-License-Identifier: MIT */
/*
 * map: what was said, as it lies in memory that outlives a worker, and with
 * --store the process: the layout of the file, which is a promise.
 *
 *   0        +--------------------------------+
 *            | header           struct map_header, MAP_PAGE bytes
 *   4096     +--------------------------------+
 *            | room 0           struct map_room, 256 bytes
 *            | room 1           its name, its epoch, where its stream
 *            | ...              begins and ends
 *            +--------------------------------+  rounded up to MAP_PAGE
 *            | stream of room 0               |  stream_size bytes,
 *            +--------------------------------+  a power of two
 *            | stream of room 1               |
 *            | ...                            |
 *            +--------------------------------+
 *
 *   A stream is a ring of records (record.h), each at a multiple of
 *   RECORD_ALIGN:
 *
 *        oldest                            head
 *          |                                 |
 *     .....[ 41        )[ 42    )[ 43        )....
 *          the first whole record            the next one's place
 *
 *   Positions count for ever, modulo 2^32; the byte at position p lies at
 *   p % stream_size. A record exists when `head` is behind it: that one store
 *   of one word is the commit.
 *
 * Numbers lie in the byte order of the machine, which the header names. Who is
 * at work on it now (locks, positions of readers) stands elsewhere (board.h): a
 * file has nothing in it that a process could leave behind by dying.
 *
 * Without --store, --workers and --redis there are rooms only, and no streams.
 */
#ifndef STORE_MAP_H
#define STORE_MAP_H

#include "base/bytes.h"
#include "store/atom.h"

#define MAP_PAGE       4096
#define MAP_ROOM_NAME  64 /* bytes of a name */
#define MAP_FORMAT     1
#define MAP_BYTE_ORDER UINT32_C(0x01020304)
#define MAP_MAGIC      "chatd store\r\n\x1a\n" /* 15 bytes and a zero */
#define MAP_STREAM_MAX (UINT32_C(1) << 31)
#define MAP_IN_USE     UINT64_MAX

struct map_header {
    uint8_t magic[16];
    uint32_t byte_order;
    uint32_t format;
    uint32_t room_count;  /* places */
    uint32_t room_size;   /* sizeof(struct map_room) */
    uint64_t stream_size; /* bytes of each; 0: none */
    uint64_t last_epoch;  /* the youngest one given to a room */
    uint64_t emptied;     /* counts rooms that were left; see map_room */
    uint32_t used;        /* places that have ever had a name */
    uint32_t clean;       /* 1: closed in order, and all of it synced */
    uint64_t device;      /* of the file itself: one that was put back from */
    uint64_t inode;       /* elsewhere is another one */
    uint8_t boot[16];     /* id of the boot in which it was written */
    uint64_t changed;     /* if clean: when the file was changed for the last
                             time, as the filesystem tells it */
};

/* How a stream ends. Of a room's two, the one at its `head` holds: the other is
   written for the next head before that is. */
struct map_end {
    uint64_t epoch;
    uint64_t number; /* of the last message; 0: none in this epoch yet */
    uint32_t pos;
    uint32_t unused;
};

struct map_room {
    struct atom head;   /* behind the last record: under the room's lock */
    struct atom oldest; /* of the first one that is whole */
    struct map_end ends[2];
    uint64_t emptied;    /* header.emptied when its last listener left;
                            MAP_IN_USE: somebody listens, or did at the end */
    uint64_t began;      /* its first epoch under this name. What lies in the
                            stream of an older one, or of one younger than its
                            ends', was said in another room */
    uint32_t generation; /* counts the names this place had, from 1 */
    uint32_t check;      /* of a file: CRC-32C of generation, began, name */
    uint32_t name_len;   /* 0: no name yet */
    uint8_t name[MAP_ROOM_NAME];
    uint8_t unused[108];
};

_Static_assert(sizeof(struct map_header) <= MAP_PAGE, "it has a page");
_Static_assert(sizeof(struct map_room) == 256, "the format");

struct map {
    struct map_header *header;
    struct map_room *rooms;
    uint8_t *streams;
    uint32_t stream_size; /* as in the header, or 0 */
};

/* The stream size for rooms whose logs have so many bytes: the power of two
   that holds as much. 0 for 0. */
uint32_t map_stream_size(uint64_t room_log);

/* Bytes of a mapping; SIZE_MAX where that is no number. */
size_t map_size(uint32_t room_count, uint32_t stream_size);

/* The parts of one. */
void map_over(struct map *m, void *bytes, uint32_t room_count,
              uint32_t stream_size);

/* Write the header of a fresh, zeroed one. */
void map_begin(struct map *m, uint32_t room_count);

/* The end that holds. */
static inline const struct map_end *map_end(const struct map_room *room)
{
    return &room->ends[room->ends[0].pos != atom_get(&room->head)];
}

static inline struct span map_name(const struct map_room *room)
{
    return bytes_span(room->name, room->name_len);
}

#endif
