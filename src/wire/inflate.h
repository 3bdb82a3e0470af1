/* SPDX-License-Identifier: MIT */
/*
 * inflate: decompress DEFLATE data (RFC 1951), a piece at a time.
 *
 * It stops anywhere, for want of input or of room, inside any element, and
 * goes on from there. It is strict: everything RFC 1951 forbids fails, and so
 * does a distance beyond the window that was agreed on. It does not know
 * about messages; permessage.h does.
 *
 * The window holds the last 32 KiB (and a little more) of what came out, for
 * matches to copy from. Bytes are decoded into it and copied from there to
 * the caller:
 *
 *     window   [ newest ....... | spare | oldest, still in reach ........ ]
 *                               ^ at: the next byte goes here
 *     a call   [    |===========]
 *                    `--------- copied out at the end of the call, or when
 *                               `at` comes to the end and starts over at 0
 *
 * The spare bytes let a match be copied in words: they may be overwritten.
 *
 * The states (enum inflate_state says what each waits for):
 *
 *     HEADER -> STORED_LENGTH -> STORED -> HEADER
 *     HEADER -> [COUNTS -> CODE_LENGTHS -> LENGTHS ->] SYMBOL -> HEADER
 *                SYMBOL -> DISTANCE -> COPY -> SYMBOL
 *
 * Work. A byte of input or output costs the work of a byte, but a dynamic
 * block of a dozen bytes, which yields nothing, has two tables built. So a
 * call may be given less than all input, a buffer of any size, and a number
 * of blocks that it may begin.
 */
#ifndef WIRE_INFLATE_H
#define WIRE_INFLATE_H

#include "base/text.h"
#include "wire/huffman.h"

#define INFLATE_SPARE  32 /* bytes a copy in words may write too many */
#define INFLATE_WINDOW (SYMBOLS_MAX_DISTANCE + INFLATE_SPARE)

enum inflate_state {
    INFLATE_AT_HEADER,        /* three bits: is the block final, and its type */
    INFLATE_AT_STORED_LENGTH, /* (aligned) LEN and NLEN, four bytes */
    INFLATE_AT_STORED,        /* LEN bytes of input, and room for them */
    INFLATE_AT_COUNTS,        /* how many lengths of each kind, 14 bits */
    INFLATE_AT_CODE_LENGTHS,  /* the code for code lengths, 3 bits a length */
    INFLATE_AT_LENGTHS,       /* the lengths of the two codes, in that code */
    INFLATE_AT_SYMBOL,        /* a literal (and room), a length, the end */
    INFLATE_AT_DISTANCE,      /* the distance that belongs to a length */
    INFLATE_AT_COPY,          /* room for `length` bytes */
    INFLATE_AT_FAILED,        /* nothing, ever */
};

/* Why it failed; inflate_reason gives the sentence. */
enum inflate_failure {
    INFLATE_NO_FAILURE,
    INFLATE_BLOCK_TYPE,
    INFLATE_STORED_LENGTH,
    INFLATE_COUNT,
    INFLATE_LENGTHS_CODE,
    INFLATE_REPEAT_NOTHING,
    INFLATE_REPEAT_TOO_MUCH,
    INFLATE_NO_END,
    INFLATE_LITERALS_OVERSUBSCRIBED,
    INFLATE_LITERALS_INCOMPLETE,
    INFLATE_DISTANCES_OVERSUBSCRIBED,
    INFLATE_DISTANCES_INCOMPLETE,
    INFLATE_LITERAL_SYMBOL,
    INFLATE_DISTANCE_SYMBOL,
    INFLATE_BEFORE_START,
    INFLATE_BEYOND_WINDOW,
    INFLATE_FAILURES, /* how many there are */
};

enum inflate_status {
    INFLATE_ON,     /* between two steps; no call returns this */
    INFLATE_INPUT,  /* all input taken, more is wanted */
    INFLATE_OUTPUT, /* there is a byte for which out has no room */
    INFLATE_PAUSED, /* a block begins, and no block may be begun any more */
    INFLATE_END,    /* a final block (BFINAL) has ended. The next byte of input
                       is what follows it; to call again is to go on with
                       another block there, with the window as it is */
    INFLATE_FAILED, /* for good */
};

struct inflate {
    struct bits bits;     /* input taken but not used; under 8 bits of it
                            whenever a block begins */
    uint8_t state;        /* enum inflate_state */
    uint8_t failure;      /* enum inflate_failure */
    bool final;           /* BFINAL of the present block */
    bool fixed;           /* its codes are the fixed ones */
    uint8_t literal_root; /* root_bits of the tables below */
    uint8_t distance_root;
    uint16_t length;   /* bytes of the match or stored block still to come */
    uint16_t distance; /* of that match */
    uint16_t literal_count;  /* HLIT + 257 */
    uint16_t distance_count; /* HDIST + 1 */
    uint16_t code_count;     /* HCLEN + 4 */
    uint16_t count;          /* lengths read so far, of either kind */
    uint32_t window_size;    /* 2^window_bits: the farthest legal distance */
    uint32_t history;        /* bytes that have come out, up to window_size */
    uint32_t at;             /* where in the window the next byte goes */
    uint8_t lengths[SYMBOLS_LITERALS + SYMBOLS_DISTANCES];
    uint32_t literals[HUFFMAN_LITERAL_TABLE];
    uint32_t distances[HUFFMAN_DISTANCE_TABLE]; /* before these are known:
                                                   the code for code lengths */
    uint8_t window[INFLATE_WINDOW];
};

_Static_assert(sizeof(struct inflate) <= 40 * 1024, "as promised");

/* Ready for a first block. Distances up to 2^window_bits are legal, 8 to 15.
   Costs nothing: the window is not cleared, nor ever read before written. */
void inflate_init(struct inflate *z, unsigned window_bits);

/*
 * Decompress: *in moves on over what was taken, *out grows by what came out
 * (its `overflow` is not touched), *blocks counts down by the blocks begun.
 * After INFLATE_OUTPUT, INFLATE_PAUSED and INFLATE_END some of *in is left,
 * possibly; it must be given again. What was put out before a failure is
 * right as far as it goes.
 */
enum inflate_status inflate_run(struct inflate *z, struct span *in,
                                struct text *out, unsigned *blocks);

/* True when the input so far ends exactly before the LEN of a stored block:
   the header bits are there, and nothing after them. */
static inline bool inflate_before_stored_length(const struct inflate *z)
{
    return z->state == INFLATE_AT_STORED_LENGTH && z->bits.count == 0;
}

/* What the failure is, in words, for logs. */
const char *inflate_reason(enum inflate_failure failure);

#endif
