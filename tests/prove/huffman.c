/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/huffman.c src/wire/huffman.h
 * with: src/wire/bits.h
 * eva: -eva-slevel 100000 -eva-split-return full -eva-ilevel 32
 * eva: -eva-auto-loop-unroll 2000 -eva-plevel 2000
 *
 * Codes of few symbols, each by itself: tables are built in memory that ends
 * where the largest of them does, and what is encoded is decoded. Lengths are
 * made of any numbers of two or three symbols.
 */
#include "tests/prove/prove.h"

#include "wire/huffman.h"

static uint32_t meanings[SYMBOLS_LITERALS];

static void set_meanings(void)
{
    for (unsigned s = 0; s < SYMBOLS_LITERALS; s++)
        meanings[s] = HUFFMAN_MEANING(HUFFMAN_LITERAL, s, 0);
}

/* ---- Decoding ------------------------------------------------------------ */

/* Whatever bits come, an entry is there, and has the bits of its code. */
static void look_at_each(const uint32_t *table, unsigned root, unsigned longest)
{
    for (uint64_t hold = 0; hold <= bits_mask(longest); hold++) {
        struct bits_reader r = {.bits = {hold, longest}};
        unsigned skip;
        uint32_t entry = huffman_look(&r, table, root, &skip);
        //@ assert no_other: (entry & HUFFMAN_SUB) == 0;
        //@ assert skip: skip == 0 || skip == root;
        unsigned taken = skip + huffman_taken(entry);
        //@ assert held: taken <= longest || (longest == 0 && taken == 1);
    }
}

/* The code of each symbol leads to it. */
static void look_up(const uint8_t *lengths, unsigned count,
                    const uint32_t *table, unsigned root)
{
    uint16_t codes[SYMBOLS_LITERALS];
    huffman_codes(lengths, count, codes);
    for (unsigned s = 0; s < count; s++) {
        if (lengths[s] == 0)
            continue;
        struct bits_reader r = {.bits = {codes[s], lengths[s]}};
        unsigned skip;
        uint32_t entry = huffman_look(&r, table, root, &skip);
        unsigned bits = skip + huffman_taken(entry);
        unsigned symbol = huffman_number(entry, r.bits.hold >> skip);
        //@ assert symbol: symbol == s;
        //@ assert bits: bits == lengths[s];
    }
}

/* A table of `size` entries, and no more. */
static void build(const uint8_t *lengths, unsigned count, unsigned root,
                  size_t size)
{
    uint32_t memory[HUFFMAN_LITERAL_TABLE];
    struct huffman_plan plan = {
        .lengths = lengths,
        .meanings = meanings,
        .count = count,
        .root_bits = root,
        .table = memory + HUFFMAN_LITERAL_TABLE - size,
    };
    unsigned longest = 0;
    for (unsigned s = 0; s < count; s++)
        if (lengths[s] > longest)
            longest = lengths[s];
    enum huffman_result result = huffman_build(&plan);
    if (result > HUFFMAN_SPARSE)
        return;
    //@ assert root: 1 <= plan.root_bits <= root;
    look_up(lengths, count, plan.table, plan.root_bits);
    if (longest <= 7)
        look_at_each(plan.table, plan.root_bits, longest);
}

/* Every code of so many symbols, each of at most so many bits. */
static void build_each(unsigned count, unsigned most, unsigned root,
                       size_t size)
{
    uint8_t lengths[4] = {0};
    unsigned at;
    do {
        build(lengths, count, root, size);
        for (at = 0; at < count && lengths[at] == most; at++)
            lengths[at] = 0;
        if (at < count)
            lengths[at]++;
    } while (at < count);
}

/* One code of each length, and the last twice: 1, 2, ... 15, 15. */
static void build_deepest(void)
{
    uint8_t lengths[SYMBOLS_MAX_BITS + 1];
    for (unsigned s = 0; s <= SYMBOLS_MAX_BITS; s++)
        lengths[s] = (uint8_t)(s < SYMBOLS_MAX_BITS ? s + 1 : s);
    build(lengths, SYMBOLS_MAX_BITS + 1, HUFFMAN_LITERAL_ROOT,
          (1 << HUFFMAN_LITERAL_ROOT) + 32);
    build(lengths, SYMBOLS_MAX_BITS + 1, HUFFMAN_DISTANCE_ROOT,
          (1 << HUFFMAN_DISTANCE_ROOT) + 128);
}

static void build_fixed(void)
{
    uint8_t lengths[SYMBOLS_LITERALS];
    for (unsigned s = 0; s < SYMBOLS_LITERALS; s++)
        lengths[s] = symbols_fixed_bits(s);
    if (SIZE(0, 1))
        build(lengths, SYMBOLS_LITERALS, HUFFMAN_LITERAL_ROOT, 1 << 9);
    build(lengths, SYMBOLS_LITERALS, 8, (1 << 8) + 112);
}

/* Value and extra bits of each symbol, of a code of any bits. */
static void number_any(unsigned base, unsigned extra, unsigned most)
{
    for (unsigned bits = 1; bits <= SYMBOLS_MAX_BITS; bits++) {
        uint32_t entry =
            HUFFMAN_ENTRY(HUFFMAN_MEANING(HUFFMAN_BASE, base, extra), bits);
        unsigned number = huffman_number(entry, any_u64());
        //@ assert number: base <= number <= most;
    }
}

static void number_each(void)
{
    for (unsigned n = 0; n < 29; n++)
        number_any((unsigned)SYMBOLS_LENGTH_BASE(n),
                   (unsigned)SYMBOLS_LENGTH_EXTRA(n), SYMBOLS_MAX_LENGTH);
    for (unsigned n = 0; n < SYMBOLS_DISTANCES_USED; n++)
        number_any((unsigned)SYMBOLS_DISTANCE_BASE(n),
                   (unsigned)SYMBOLS_DISTANCE_EXTRA(n), SYMBOLS_MAX_DISTANCE);
}

/* ---- Encoding ------------------------------------------------------------ */

/* The code is complete, and none of it too long. */
static void make(const uint32_t *freqs, unsigned count, unsigned limit)
{
    uint8_t lengths[SYMBOLS_LITERALS];
    uint16_t codes[SYMBOLS_LITERALS];
    huffman_lengths(freqs, count, limit, lengths);
    //@ assert initialized: \initialized(lengths + (0 .. count - 1));
    uint32_t sum = 0;
    for (unsigned s = 0; s < count; s++) {
        //@ assert limit: lengths[s] <= limit;
        sum += lengths[s] ? 1u << (limit - lengths[s]) : 0;
        if (freqs[s]) {
            //@ assert has_one: lengths[s] > 0;
        }
    }
    //@ assert complete: sum == 1 << limit;
    huffman_codes(lengths, count, codes);
}

static void make_any(unsigned count, unsigned limit)
{
    uint32_t freqs[3];
    for (unsigned s = 0; s < count; s++)
        freqs[s] =
            any_bool() ? (uint32_t)any_between(1, (1 << 23) / count - 1) : 0;
    make(freqs, count, limit);
}

/* Each is as frequent as the two before together: the deepest tree. */
static void make_deepest(unsigned count, unsigned limit)
{
    uint32_t freqs[SYMBOLS_LENGTHS] = {1, 1};
    for (unsigned s = 2; s < count; s++)
        freqs[s] = freqs[s - 1] + freqs[s - 2];
    make(freqs, count, limit);
}

static void make_largest(void)
{
    uint32_t freqs[SYMBOLS_LITERALS];
    for (unsigned s = 0; s < SYMBOLS_LITERALS; s++)
        freqs[s] = SYMBOLS_LITERALS - s;
    make(freqs, SYMBOLS_LITERALS, SYMBOLS_MAX_BITS);
}

void main(void)
{
    set_meanings();
    build_each(0, 0, 1, 2);
    build_each(1, SYMBOLS_MAX_BITS, 2, 2);
    build_each(3, 3, 1, 2 + 2);
    build_each(3, 3, 2, 4);
    if (SIZE(0, 1))
        build_each(4, 4, 2, 4 + 2);
    build_deepest();
    build_fixed();
    number_each();
    make_any(2, 1);
    make_any(2, SYMBOLS_MAX_BITS);
    make_any(3, 2);
    for (unsigned limit = 4; limit <= 9; limit++)
        make_deepest(10, limit);
    make_deepest(SYMBOLS_LENGTHS, SYMBOLS_MAX_LENGTH_BITS);
    if (SIZE(0, 1))
        make_largest();
}
