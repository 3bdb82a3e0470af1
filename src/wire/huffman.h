/* SPDX-License-Identifier: MIT */
/*
 * huffman: prefix codes, told by their lengths alone (RFC 1951 section 3.2.2).
 *
 * DEFLATE never sends a code, only how long each symbol's code is; the codes
 * follow by counting up, shorter ones first, and among equals in the order of
 * the symbols. With the lengths 2, 1, 3, 3 for A, B, C, D:
 *
 *      B 0         A 10        C 110       D 111
 *
 * Such a code has Kraft's sum: a code of n bits uses up 2^-n of all bit
 * strings. Above 1 two codes would overlap (over-subscribed), below 1 some
 * bit strings would mean nothing (incomplete).
 *
 * Decoding looks the next bits up in a table. Its first 2^root_bits entries
 * are indexed by that many bits; a longer code's entry there names a second,
 * smaller table, indexed by the bits that follow:
 *
 *      table:  [ 2^root_bits entries             | sub | sub   | sub | ... ]
 *                     |             |              ^
 *                  a symbol         +--------------+
 *
 * An entry is 32 bits, and says everything that is to be done:
 *
 *      31            16 15   12 11    8 7             0
 *     +----------------+-------+-------+---------------+
 *     |     value      | kind  | code  |     taken     |
 *     +----------------+-------+-------+---------------+
 *      value   the literal, the base of a length or distance, the code
 *              length, or where the second table begins
 *      kind    one of HUFFMAN_*
 *      code    bits of the code (in a second table: those after the first)
 *      taken   bits of the code and of the extra bits behind it
 */
#ifndef WIRE_HUFFMAN_H
#define WIRE_HUFFMAN_H

#include "wire/bits.h"
#include "wire/deflate_symbols.h"

/* ---- decoding ------------------------------------------------------------ */

#define HUFFMAN_BASE    0x0000u /* value + extra bits; or a plain value */
#define HUFFMAN_LITERAL 0x1000u /* value is the byte */
#define HUFFMAN_END     0x2000u /* end of block */
#define HUFFMAN_BAD     0x4000u /* no symbol, or one that must not occur */
#define HUFFMAN_SUB     0x8000u /* value: index of the second table */
#define HUFFMAN_KIND    0xF000u

/* The code of a HUFFMAN_SUB is the number of bits that index its second table,
   and what it has taken are root_bits. */

/* An entry before its code is known: what the symbol means. */
#define HUFFMAN_MEANING(kind, value, extra)                                    \
    ((uint32_t)(value) << 16 | (kind) | (uint32_t)(extra))

/* The entry of a symbol whose code has `bits` bits. */
#define HUFFMAN_ENTRY(meaning, bits)                                           \
    ((meaning) + ((uint32_t)(bits) << 8) + (uint32_t)(bits))

static inline unsigned huffman_taken(uint32_t entry)
{
    return entry & 0xFF;
}

static inline unsigned huffman_code_bits(uint32_t entry)
{
    return entry >> 8 & 0xF;
}

static inline unsigned huffman_value(uint32_t entry)
{
    return entry >> 16;
}

/* Value and extra bits together; `hold` is as it was before the drop. */
static inline unsigned huffman_number(uint32_t entry, uint64_t hold)
{
    uint64_t code_and_extra = hold & bits_mask(huffman_taken(entry));
    return huffman_value(entry) +
           (unsigned)(code_and_extra >> huffman_code_bits(entry));
}

enum huffman_result {
    HUFFMAN_COMPLETE,
    HUFFMAN_SPARSE,         /* no code at all, or a single one of one bit */
    HUFFMAN_INCOMPLETE,     /* any other code that leaves something over */
    HUFFMAN_OVERSUBSCRIBED, /* codes that overlap */
};

/* What to build a decoding table from, and where. */
struct huffman_plan {
    const uint8_t *lengths;   /* bits of each symbol's code, 0: none */
    const uint32_t *meanings; /* what each symbol stands for */
    unsigned count;           /* symbols, at most SYMBOLS_LITERALS */
    unsigned root_bits;       /* in: at most; out: what the table has */
    uint32_t *table;          /* large enough: see HUFFMAN_*_TABLE */
};

/*
 * Entries the largest complete code can need, for these root_bits, by
 * exhaustive search ("enough 286 10 15", "enough 30 8 15" in zlib's examples).
 */
#define HUFFMAN_LITERAL_ROOT   10
#define HUFFMAN_LITERAL_TABLE  1332
#define HUFFMAN_DISTANCE_ROOT  8
#define HUFFMAN_DISTANCE_TABLE 400
#define HUFFMAN_LENGTH_ROOT    7
#define HUFFMAN_LENGTH_TABLE   128

/*
 * Build a decoding table, if the code is complete or sparse. Format notes
 * (RFC 1951 3.2.7, and as deployed decoders read it): a block of literals
 * alone has no distance codes; one with a single distance gives it one bit,
 * and the other bit string is unused. In these sparse codes the entries left
 * over are HUFFMAN_BAD, to be complained of when met; where a sparse code may
 * occur is the caller's to say. Any other incomplete code is no good.
 */
enum huffman_result huffman_build(struct huffman_plan *plan);

/*
 * The entry for the next bits, and behind *skip the bits to drop before it:
 * 0, or root_bits when the entry is in a second table. Bits that are not held
 * count as zero. The entry can be trusted when *skip + taken <= count: fewer
 * bits than its code has would have led to an entry that needs more.
 */
static inline uint32_t huffman_look(const struct bits_reader *r,
                                    const uint32_t *table, unsigned root_bits,
                                    unsigned *skip)
{
    uint32_t entry = table[bits_peek(r, root_bits)];
    *skip = 0;
    if (entry & HUFFMAN_SUB) {
        uint64_t rest = r->bits.hold >> root_bits;
        rest &= bits_mask(huffman_code_bits(entry));
        *skip = root_bits;
        entry = table[huffman_value(entry) + rest];
    }
    return entry;
}

/* ---- encoding ------------------------------------------------------------ */

/*
 * The lengths of a best code of at most `limit` bits for symbols that occur
 * freqs[i] times; 0 for those that don't. At least two symbols always get a
 * code (the first ones that are free, when fewer occur), so that the code is
 * complete and no decoder can object. count <= SYMBOLS_LITERALS, 2^limit at
 * least count; the sum of freqs below 2^23. Limiting is not always perfect,
 * only nearly so.
 */
void huffman_lengths(const uint32_t *freqs, unsigned count, unsigned limit,
                     uint8_t *lengths);

/* The codes that belong to lengths, turned around, ready for bits_put. */
void huffman_codes(const uint8_t *lengths, unsigned count, uint16_t *codes);

#endif
