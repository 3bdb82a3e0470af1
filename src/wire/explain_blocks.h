/* SPDX-License-Identifier: MIT */
/*
 * explain_blocks: a compressed message taken apart into its DEFLATE blocks
 * (RFC 7692 7.2.2, RFC 1951 3.2.3). A part of explain.h.
 *
 *     F2 48 CD C9 C9 07 00
 *     |`-- fixed codes: "Hello" ----'`- stored: what is left of 00 00 00 FF FF
 *     three bits: is this the final block, and its type
 *
 * The inflater is allowed to begin no block, so it stops before each one, with
 * the three bits of its header held.
 */
#ifndef WIRE_EXPLAIN_BLOCKS_H
#define WIRE_EXPLAIN_BLOCKS_H

#include "base/utf8.h"
#include "wire/listing.h"
#include "wire/permessage.h"

#define EXPLAIN_BLOCKS_SHOWN 64 /* inflated bytes shown of a message */

/* What is wrong, and where. */
struct explain_fault {
    struct fault_rule rule; /* what: NULL while nothing is */
    size_t offset;          /* of the bytes at fault, in a header or a row */
    size_t len;             /* how many are marked */
    size_t column;          /* below which column; 0: the row's, where the byte
                             stands as it was sent */
};

struct explain_blocks {
    struct permessage_reader reader;
    struct utf8 utf8; /* of what came out of a text message; else as begun */
    bool is_text;
    bool begun;               /* a message was: the window may hold something */
    uint8_t row[LISTING_ROW]; /* inflated bytes not shown yet */
    uint8_t row_len;
    uint32_t count;    /* blocks of the message so far */
    uint64_t taken;    /* bytes of its payload */
    uint64_t inflated; /* bytes that came out of them */
    uint64_t limit;    /* and how many may */
};

/* A message begins. With `keeps` the window of the one before is still good
   (RFC 7692 7.1.1: context takeover). */
void explain_blocks_begin(struct explain_blocks *b, unsigned window_bits,
                          bool keeps, bool is_text, uint64_t limit);

/* One byte of its payload more. False when something is wrong with it. */
bool explain_blocks_take(struct explain_blocks *b, uint8_t byte,
                         struct listing *l, struct explain_fault *fault);

/* The message ends. */
bool explain_blocks_end(struct explain_blocks *b, struct listing *l,
                        struct explain_fault *fault);

#endif
