/* SPDX-License-Identifier: MIT */
/*
 * payload: what the messages say, so that every byte that comes back can be
 * checked without keeping what was sent.
 *
 *      0        8        16                                     size
 *      +--------+--------+------------------- - - - -------------+
 *      | sender | number | the pattern from number mod 251 on    |
 *      +--------+--------+------------------- - - - -------------+
 *        8 hexadecimal     letters drawn once from a fixed seed: the same
 *        digits each       in wsbench and in floor
 *
 * All of it is ASCII, so the same bytes do for text and for binary messages.
 * A message under 16 bytes holds the beginning of its stamp and no more.
 */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAYLOAD_STAMP 16  /* bytes of a whole stamp */
#define PAYLOAD_SHIFT 251 /* patterns that differ, one for each shift */

struct payload {
    size_t size;      /* bytes of every message */
    uint32_t shifts;  /* patterns in use, PAYLOAD_SHIFT or 1 */
    uint8_t *pattern; /* size + PAYLOAD_SHIFT letters */
};

/* The name of one message. */
struct stamp {
    uint32_t sender; /* index of the client that sent it */
    uint32_t number; /* of that client's messages, from 0 */
};

/* With `alike`, messages differ in their stamps alone: what floor, which makes
   them before it has seen any, can answer. */
void payload_init(struct payload *p, size_t size, bool alike);

/* Write the whole message, p->size bytes. */
void payload_write(const struct payload *p, struct stamp s, uint8_t *out);

/* True when len bytes at ptr are what message s holds from `offset` on. */
bool payload_equal(const struct payload *p, struct stamp s, size_t offset,
                   const uint8_t *ptr, size_t len);

/* Read a stamp; false when it is not 16 lower-case hexadecimal digits. */
bool payload_read_stamp(const uint8_t text[PAYLOAD_STAMP], struct stamp *s);

#endif
