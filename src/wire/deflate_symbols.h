/* SPDX-License-Identifier: MIT */
/*
 * deflate_symbols: the symbols that deflate.h writes and inflate.h reads (RFC
 * 1951 section 3.2.5).
 *
 * A block is a sequence of symbols: literals (one byte each), lengths (each is
 * followed by a distance: copy that many bytes from that far back), and one
 * end of block. A length or distance symbol stands for a range of values that
 * begins at a base. Extra bits after the symbol say how far into the range.
 *
 *    literal/length alphabet        distance alphabet
 *      0..255    literals             0..29   distances 1..32768
 *      256       end of block         30, 31  must not occur
 *      257..285  lengths 3..258
 *      286, 287  must not occur
 *
 * Both tables of 3.2.5 follow one rule, written here in place of the tables:
 * the ranges double in size after every fourth length (every second distance)
 * symbol. Only 285 falls out of line: it is 258 exactly. test_huffman.c holds
 * the rule against the printed tables.
 */
#ifndef WIRE_DEFLATE_SYMBOLS_H
#define WIRE_DEFLATE_SYMBOLS_H

#include <stdint.h>

#define SYMBOLS_LITERALS  288 /* literal/length symbols that have a code */
#define SYMBOLS_DISTANCES 32
#define SYMBOLS_LENGTHS   19 /* of the code for code lengths, 3.2.7 */
/* What a dynamic block may define of the first two. */
#define SYMBOLS_LITERALS_USED  286
#define SYMBOLS_DISTANCES_USED 30

#define SYMBOLS_END          256
#define SYMBOLS_LENGTH       257 /* the first length symbol */
#define SYMBOLS_MIN_LENGTH   3
#define SYMBOLS_MAX_LENGTH   258
#define SYMBOLS_MAX_DISTANCE 32768

#define SYMBOLS_MAX_BITS        15 /* longest code, 3.2.7 */
#define SYMBOLS_MAX_LENGTH_BITS 7  /* of the code for code lengths */

/* Base and extra bits of length symbol 257 + n, n in 0..28. Macros, because
   the decoding tables are made of them by the compiler; & 7 changes nothing,
   it keeps the branches that are not taken free of overflows. */
#define SYMBOLS_LENGTH_EXTRA(n)                                                \
    ((n) < 8 || (n) == 28 ? 0 : (((n) >> 2) - 1) & 7)
#define SYMBOLS_LENGTH_BASE(n)                                                 \
    ((n) < 8     ? 3 + (n)                                                     \
     : (n) == 28 ? 258                                                         \
                 : 3 + ((4 + ((n)&3)) << SYMBOLS_LENGTH_EXTRA(n)))

/* Base and extra bits of distance symbol n, n in 0..29. */
#define SYMBOLS_DISTANCE_EXTRA(n) ((n) < 4 ? 0 : ((n) >> 1) - 1)
#define SYMBOLS_DISTANCE_BASE(n)                                               \
    ((n) < 4 ? 1 + (n) : 1 + ((2 + ((n)&1)) << SYMBOLS_DISTANCE_EXTRA(n)))

/* Position of the highest bit that is set; value is not 0. */
static inline unsigned symbols_log2(uint32_t value)
{
    return 31 - (unsigned)__builtin_clz(value);
}

/* The n of the length symbol 257 + n that covers `length`, 3..258. */
static inline unsigned symbols_of_length(unsigned length)
{
    unsigned over = length - SYMBOLS_MIN_LENGTH;
    if (over < 8)
        return over;
    if (length == SYMBOLS_MAX_LENGTH)
        return 28;
    unsigned extra = symbols_log2(over) - 2;
    return 4 * extra + (over >> extra);
}

/* The distance symbol that covers `distance`, 1..32768. */
static inline unsigned symbols_of_distance(unsigned distance)
{
    unsigned over = distance - 1;
    if (over < 4)
        return over;
    unsigned extra = symbols_log2(over) - 1;
    return 2 * extra + (over >> extra);
}

/* In a dynamic block the lengths of the code for code lengths come in this
   order, the likely ones first, so that the tail can be left out (3.2.7). */
#define SYMBOLS_LENGTH_ORDER                                                   \
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15

/* The lengths of the fixed codes (3.2.6): how many bits literal/length
   symbol s has; every distance symbol has five. */
static inline uint8_t symbols_fixed_bits(unsigned s)
{
    return s < 144 ? 8 : s < 256 ? 9 : s < 280 ? 7 : 8;
}

#endif
