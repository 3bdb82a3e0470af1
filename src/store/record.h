/* SPDX-License-Identifier: MIT */
/*
 * record: one message, as it lies in a stream.
 *
 *   0     4     8         16        24      32      40    42   43   44   48
 *   +-----+-----+---------+---------+-------+-------+-----+----+----+----+--
 *   |check| len |  epoch  | number  | time  |  tag  |worker|op |sub |name|kind
 *   +-----+-----+---------+---------+-------+-------+-----+----+----+----+--
 *                                                           its len, its len
 *   48          64
 *   +-----------+---------+----------+--------------------+- - - -
 *   |    uid    |   sub   |   name   |      payload       | anything
 *   +-----------+---------+----------+--------------------+- - - -
 *
 *   len counts all of it, from `check` to the payload's end; the next record
 *   begins at the multiple of RECORD_ALIGN behind that.
 *
 *   check is a CRC-32C of the record's position and all that follows it, in a
 *   file; else 0. A record of an earlier lap, which is whole but stands at
 *   another position, is none.
 *
 * What is read is not believed: a file may be damaged.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/bytes.h"
#include "base/crc32c.h"

#define RECORD_HEAD  64 /* bytes in front of `sub` */
#define RECORD_ALIGN 8

/* What else may stand in a stream that a bus writes (store_bus.c); in a file
   there are messages only. */
enum record_kind {
    RECORD_MESSAGE,
    RECORD_GAP,  /* what was said before is not known; what comes next follows
                    this id */
    RECORD_LOST, /* of a message with this worker, tag and uid it is not known
                    whether it was said; its id is that of the one before */
};

struct record {
    uint64_t epoch; /* its id is EPOCH-NUMBER */
    uint64_t number;
    uint64_t time;   /* milliseconds since 1970 */
    uint64_t tag;    /* whose it is: what its worker calls the client */
    uint16_t worker; /* that has said it */
    uint8_t opcode;  /* of its frame: text or binary; 0: it is no message */
    uint8_t kind;    /* enum record_kind */
    uint8_t uid[16];
    struct span sub; /* at most 255 bytes each */
    struct span name;
    struct span payload;
};

/* Bytes that it takes, without what aligns the next one. */
static inline size_t record_len(const struct record *r)
{
    return RECORD_HEAD + r->sub.len + r->name.len + r->payload.len;
}

static inline uint32_t record_aligned(size_t len)
{
    return (uint32_t)((len + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1));
}

/* Write it, record_len bytes. `crc` is NULL where no check is kept, and pos its
   position in the stream. */
void record_write(uint8_t *to, const struct record *r, const struct crc32c *crc,
                  uint32_t pos);

/* What the first RECORD_HEAD bytes of one say: its len, its kind and its id. */
struct record_key {
    uint32_t len;
    uint8_t kind;
    uint64_t epoch;
    uint64_t number;
};
struct record_key record_key(const uint8_t head[RECORD_HEAD]);

/*
 * Take one apart that lies whole at ptr; its spans point into it. False when
 * lengths, opcode or the check are not as they must be: len is its own, at
 * least RECORD_HEAD.
 */
bool record_read(struct record *r, const uint8_t *ptr, uint32_t len,
                 const struct crc32c *crc, uint32_t pos);

#endif
