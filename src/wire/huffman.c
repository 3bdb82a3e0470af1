/* SPDX-License-Identifier: MIT */
#include "wire/huffman.h"

/* ---- decoding ------------------------------------------------------------ */

/*
 * The next code of `len` bits, codes being turned around: add one at the far
 * end and carry downwards. Going on to a greater length needs nothing at all,
 * the zero bits that canonical codes append are there already.
 */
static unsigned next_code(unsigned code, unsigned len)
{
    unsigned bit = 1u << (len - 1);
    while (code & bit)
        bit >>= 1;
    return bit ? (code & (bit - 1)) + bit : 0;
}

/* Kraft's sum: how many bit strings of `len` bits no shorter code begins. */
static enum huffman_result check_sum(const uint16_t *counts, unsigned longest)
{
    int left = 1;
    for (unsigned len = 1; len <= longest; len++) {
        left = 2 * left - counts[len];
        if (left < 0)
            return HUFFMAN_OVERSUBSCRIBED;
    }
    if (left == 0)
        return HUFFMAN_COMPLETE;
    return longest <= 1 ? HUFFMAN_SPARSE : HUFFMAN_INCOMPLETE;
}

/* How many bits index a second table that begins with a code of `len` bits:
   as many as make it full, knowing how many codes of each length are left. */
static unsigned sub_bits(const uint16_t *counts, unsigned len, unsigned root)
{
    int room = 1 << (len - root);
    while ((room -= counts[len]) > 0) {
        room *= 2;
        len++;
    }
    return len - root;
}

struct filling {
    uint32_t *table;
    unsigned root_bits;
    unsigned used;   /* entries of the table in use */
    unsigned code;   /* the next code, turned around */
    unsigned prefix; /* first bits of the codes in the second table */
    unsigned sub;    /* where that begins; 0: none yet */
    unsigned bits;   /* that index it */
};

/* Every index that begins with the code. */
static void fill(uint32_t *table, unsigned bits, unsigned code, unsigned len,
                 uint32_t meaning)
{
    for (unsigned i = code; i < 1u << bits; i += 1u << len)
        table[i] = HUFFMAN_ENTRY(meaning, len);
}

static void place(struct filling *f, unsigned len, uint32_t meaning,
                  const uint16_t *counts)
{
    unsigned root = f->root_bits;
    if (len <= root) {
        fill(f->table, root, f->code, len, meaning);
        return;
    }
    unsigned prefix = f->code & (unsigned)bits_mask(root);
    if (f->sub == 0 || prefix != f->prefix) {
        f->prefix = prefix;
        f->sub = f->used;
        f->bits = sub_bits(counts, len, root);
        f->used += 1u << f->bits;
        f->table[prefix] =
            HUFFMAN_MEANING(HUFFMAN_SUB, f->sub, root) | (uint32_t)f->bits << 8;
    }
    fill(f->table + f->sub, f->bits, f->code >> root, len - root, meaning);
}

/* Symbols in the order of their codes: by length, then by number. */
static unsigned sort_by_length(const struct huffman_plan *plan,
                               const uint16_t *counts, uint16_t *sorted)
{
    uint16_t at[SYMBOLS_MAX_BITS + 1] = {0};
    for (unsigned len = 1; len < SYMBOLS_MAX_BITS; len++)
        at[len + 1] = (uint16_t)(at[len] + counts[len]);
    unsigned used = 0;
    for (unsigned s = 0; s < plan->count; s++) {
        if (plan->lengths[s]) {
            sorted[at[plan->lengths[s]]++] = (uint16_t)s;
            used++;
        }
    }
    return used;
}

enum huffman_result huffman_build(struct huffman_plan *plan)
{
    uint16_t counts[SYMBOLS_MAX_BITS + 1] = {0};
    uint16_t sorted[SYMBOLS_LITERALS];
    for (unsigned s = 0; s < plan->count; s++)
        counts[plan->lengths[s]]++;
    unsigned longest = SYMBOLS_MAX_BITS;
    while (longest && counts[longest] == 0)
        longest--;
    enum huffman_result result = check_sum(counts, longest);
    if (result > HUFFMAN_SPARSE)
        return result;

    if (plan->root_bits > longest)
        plan->root_bits = longest ? longest : 1;
    struct filling f = {.table = plan->table, .root_bits = plan->root_bits};
    f.used = 1u << f.root_bits;
    if (result == HUFFMAN_SPARSE) {
        const uint32_t bad = HUFFMAN_MEANING(HUFFMAN_BAD, 0, 0);
        fill(f.table, 1, 0, 1, bad);
        fill(f.table, 1, 1, 1, bad);
    }
    unsigned used = sort_by_length(plan, counts, sorted);
    for (unsigned i = 0; i < used; i++) {
        unsigned len = plan->lengths[sorted[i]];
        place(&f, len, plan->meanings[sorted[i]], counts);
        f.code = next_code(f.code, len);
        counts[len]--;
    }
    return result;
}

/* ---- encoding ------------------------------------------------------------ */

/*
 * The rarest symbols first. A key is the count above the symbol's number, so
 * that equals keep an order; Shell's sort is enough for so few.
 */
#define KEY_BITS 9

static void sort_keys(uint32_t *keys, unsigned count)
{
    static const uint8_t gaps[] = {132, 57, 23, 10, 4, 1};
    for (unsigned g = 0; g < sizeof gaps; g++) {
        for (unsigned i = gaps[g]; i < count; i++) {
            uint32_t key = keys[i];
            unsigned j = i;
            for (; j >= gaps[g] && keys[j - gaps[g]] > key; j -= gaps[g])
                keys[j] = keys[j - gaps[g]];
            keys[j] = key;
        }
    }
}

static unsigned collect_keys(const uint32_t *freqs, unsigned count,
                             uint32_t *keys)
{
    unsigned used = 0;
    for (unsigned s = 0; s < count; s++)
        if (freqs[s])
            keys[used++] = freqs[s] << KEY_BITS | s;
    /* A code of one symbol would be incomplete: add others, as rare ones. */
    for (unsigned s = 0; used < 2; s++)
        if (freqs[s] == 0)
            keys[used++] = 1u << KEY_BITS | s;
    sort_keys(keys, used);
    return used;
}

/*
 * Huffman's construction: again and again join the two lightest trees. The
 * joined ones come out in order of weight, so the lightest is at the front of
 * one of two queues: leaves not yet taken, or joined trees not yet taken.
 *
 *      nodes:   [ leaves, sorted ........ ][ joined .......... ]
 *                        ^ leaf                  ^ tree      ^ made
 *
 * counts[n] becomes how many leaves lie n deep; what lies below `limit` is
 * counted there, which may be too much for that level.
 */
static void count_depths(const uint32_t *keys, unsigned used, unsigned limit,
                         unsigned *counts)
{
    uint32_t weight[2 * SYMBOLS_LITERALS];
    uint16_t parent[2 * SYMBOLS_LITERALS];
    uint16_t depth[2 * SYMBOLS_LITERALS];
#ifdef __clang_analyzer__ /* does not see that collect_keys sees to it */
    if (used < 2)
        return;
#endif
    for (unsigned i = 0; i < used; i++)
        weight[i] = keys[i] >> KEY_BITS;

    unsigned leaf = 0, tree = used;
    for (unsigned made = used; made < 2 * used - 1; made++) {
        weight[made] = 0;
        for (unsigned both = 0; both < 2; both++) {
            bool take_leaf =
                leaf < used && (tree == made || weight[leaf] <= weight[tree]);
            unsigned node = take_leaf ? leaf++ : tree++;
            weight[made] += weight[node];
            parent[node] = (uint16_t)made;
        }
    }
    depth[2 * used - 2] = 0;
    for (unsigned node = 2 * used - 2; node-- > 0;) {
        /* cppcheck-suppress uninitvar ; all but the last were joined */
        depth[node] = (uint16_t)(depth[parent[node]] + 1);
        if (node < used)
            counts[depth[node] < limit ? depth[node] : limit]++;
    }
}

/*
 * Leaves that were lifted to `limit` overfill Kraft's sum. Take one of them
 * away, and hang it beside the deepest leaf above: that leaf goes down a
 * level, which leaves room for two. The sum falls by one unit each time.
 */
static void limit_depths(unsigned *counts, unsigned limit)
{
    uint32_t sum = 0;
    for (unsigned len = 1; len <= limit; len++)
        sum += (uint32_t)counts[len] << (limit - len);
    for (; sum > 1u << limit; sum--) {
        unsigned len = limit - 1;
        while (counts[len] == 0)
            len--;
        counts[len]--;
        counts[len + 1] += 2;
        counts[limit]--;
    }
}

void huffman_lengths(const uint32_t *freqs, unsigned count, unsigned limit,
                     uint8_t *lengths)
{
    uint32_t keys[SYMBOLS_LITERALS];
    unsigned counts[SYMBOLS_MAX_BITS + 1] = {0};
    unsigned used = collect_keys(freqs, count, keys);
    count_depths(keys, used, limit, counts);
    limit_depths(counts, limit);

    memset(lengths, 0, count);
    unsigned i = 0; /* the rarest get the longest codes */
    for (unsigned len = limit; len > 0; len--)
        for (unsigned n = 0; n < counts[len]; n++)
            lengths[keys[i++] & bits_mask(KEY_BITS)] = (uint8_t)len;
}

void huffman_codes(const uint8_t *lengths, unsigned count, uint16_t *codes)
{
    unsigned counts[SYMBOLS_MAX_BITS + 1] = {0};
    unsigned next[SYMBOLS_MAX_BITS + 1] = {0};
    for (unsigned s = 0; s < count; s++)
        counts[lengths[s]]++;
    counts[0] = 0;
    /* RFC 1951 3.2.2, steps 2 and 3. */
    for (unsigned len = 1; len <= SYMBOLS_MAX_BITS; len++)
        next[len] = (next[len - 1] + counts[len - 1]) << 1;
    for (unsigned s = 0; s < count; s++)
        if (lengths[s])
            codes[s] = bits_reverse((uint16_t)next[lengths[s]]++, lengths[s]);
}
