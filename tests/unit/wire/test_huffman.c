/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/codec.h"
#include "wire/huffman.h"

/* RFC 1951 3.2.5, the two tables as printed: symbol, extra bits, first and
   last value. */
static const struct {
    unsigned symbol, extra, from, to;
} lengths_printed[] =
    {
        {257, 0, 3, 3},     {258, 0, 4, 4},     {259, 0, 5, 5},
        {260, 0, 6, 6},     {261, 0, 7, 7},     {262, 0, 8, 8},
        {263, 0, 9, 9},     {264, 0, 10, 10},   {265, 1, 11, 12},
        {266, 1, 13, 14},   {267, 1, 15, 16},   {268, 1, 17, 18},
        {269, 2, 19, 22},   {270, 2, 23, 26},   {271, 2, 27, 30},
        {272, 2, 31, 34},   {273, 3, 35, 42},   {274, 3, 43, 50},
        {275, 3, 51, 58},   {276, 3, 59, 66},   {277, 4, 67, 82},
        {278, 4, 83, 98},   {279, 4, 99, 114},  {280, 4, 115, 130},
        {281, 5, 131, 162}, {282, 5, 163, 194}, {283, 5, 195, 226},
        {284, 5, 227, 257}, {285, 0, 258, 258},
},
  distances_printed[] = {
      {0, 0, 1, 1},           {1, 0, 2, 2},           {2, 0, 3, 3},
      {3, 0, 4, 4},           {4, 1, 5, 6},           {5, 1, 7, 8},
      {6, 2, 9, 12},          {7, 2, 13, 16},         {8, 3, 17, 24},
      {9, 3, 25, 32},         {10, 4, 33, 48},        {11, 4, 49, 64},
      {12, 5, 65, 96},        {13, 5, 97, 128},       {14, 6, 129, 192},
      {15, 6, 193, 256},      {16, 7, 257, 384},      {17, 7, 385, 512},
      {18, 8, 513, 768},      {19, 8, 769, 1024},     {20, 9, 1025, 1536},
      {21, 9, 1537, 2048},    {22, 10, 2049, 3072},   {23, 10, 3073, 4096},
      {24, 11, 4097, 6144},   {25, 11, 6145, 8192},   {26, 12, 8193, 12288},
      {27, 12, 12289, 16384}, {28, 13, 16385, 24576}, {29, 13, 24577, 32768},
};

static void test_the_rule_for_lengths_makes_the_printed_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 29; n++) {
        assert_int_equal(lengths_printed[n].symbol, SYMBOLS_LENGTH + n);
        assert_int_equal(lengths_printed[n].extra, SYMBOLS_LENGTH_EXTRA(n));
        assert_int_equal(lengths_printed[n].from, SYMBOLS_LENGTH_BASE(n));
        for (unsigned v = lengths_printed[n].from; v <= lengths_printed[n].to;
             v++)
            assert_int_equal(symbols_of_length(v), n);
    }
}

static void test_the_rule_for_distances_makes_the_printed_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < 30; n++) {
        assert_int_equal(distances_printed[n].extra, SYMBOLS_DISTANCE_EXTRA(n));
        assert_int_equal(distances_printed[n].from, SYMBOLS_DISTANCE_BASE(n));
        for (unsigned v = distances_printed[n].from;
             v <= distances_printed[n].to; v++)
            assert_int_equal(symbols_of_distance(v), n);
    }
}

/* RFC 1951 3.2.2: ABCDEFGH with the lengths (3, 3, 3, 3, 3, 2, 4, 4). */
static void test_codes_of_the_rfc_example(void **state)
{
    (void)state;
    const uint8_t lengths[] = {3, 3, 3, 3, 3, 2, 4, 4};
    const uint16_t printed[] = {2, 3, 4, 5, 6, 0, 14, 15};
    uint16_t codes[8];
    huffman_codes(lengths, 8, codes);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(codes[i], bits_reverse(printed[i], lengths[i]));
}

/* ---- building ------------------------------------------------------------ */

static uint32_t meanings[SYMBOLS_LITERALS];
static uint32_t table[HUFFMAN_LITERAL_TABLE];

static enum huffman_result build(const uint8_t *lengths, unsigned count,
                                 unsigned *root_bits)
{
    for (unsigned s = 0; s < SYMBOLS_LITERALS; s++)
        meanings[s] = HUFFMAN_MEANING(HUFFMAN_BASE, s, 0);
    struct huffman_plan plan = {lengths, meanings, count, *root_bits, table};
    enum huffman_result result = huffman_build(&plan);
    *root_bits = plan.root_bits;
    return result;
}

static void test_kinds_of_code_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        uint8_t lengths[4];
        enum huffman_result result;
    } cases[] = {
        {{1, 1, 0, 0}, HUFFMAN_COMPLETE},
        {{1, 2, 3, 3}, HUFFMAN_COMPLETE},
        {{2, 2, 2, 2}, HUFFMAN_COMPLETE},
        {{0, 0, 0, 0}, HUFFMAN_SPARSE},     /* no code */
        {{0, 1, 0, 0}, HUFFMAN_SPARSE},     /* one code of one bit */
        {{0, 2, 0, 0}, HUFFMAN_INCOMPLETE}, /* one code, but of two */
        {{1, 2, 0, 0}, HUFFMAN_INCOMPLETE},
        {{2, 2, 2, 0}, HUFFMAN_INCOMPLETE},
        {{1, 2, 3, 15}, HUFFMAN_INCOMPLETE},
        {{1, 1, 1, 0}, HUFFMAN_OVERSUBSCRIBED},
        {{1, 1, 15, 0}, HUFFMAN_OVERSUBSCRIBED},
        {{1, 2, 2, 3}, HUFFMAN_OVERSUBSCRIBED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned root_bits = 10;
        assert_int_equal(build(cases[i].lengths, 4, &root_bits),
                         cases[i].result);
    }
}

static void test_what_a_sparse_code_leaves_over_is_bad(void **state)
{
    (void)state;
    const uint8_t none[3] = {0, 0, 0}, one[3] = {0, 1, 0};
    unsigned root_bits = 10;
    memset(table, 0xEE, sizeof table);
    assert_int_equal(build(none, 3, &root_bits), HUFFMAN_SPARSE);
    assert_int_equal(root_bits, 1);
    for (unsigned i = 0; i < 2; i++) {
        assert_true(table[i] & HUFFMAN_BAD);
        assert_int_equal(huffman_taken(table[i]), 1);
        assert_int_equal(table[2 + i], 0xEEEEEEEE);
    }
    root_bits = 10;
    assert_int_equal(build(one, 3, &root_bits), HUFFMAN_SPARSE);
    assert_int_equal(huffman_value(table[0]), 1);
    assert_false(table[0] & HUFFMAN_BAD);
    assert_true(table[1] & HUFFMAN_BAD);
}

/* ---- there and back ------------------------------------------------------ */

/* Kraft's sum in units of 2^-15; 1 << 15 is complete. */
static uint32_t sum_of(const uint8_t *lengths, unsigned count)
{
    uint32_t sum = 0;
    for (unsigned s = 0; s < count; s++)
        sum += lengths[s] ? 1u << (15 - lengths[s]) : 0;
    return sum;
}

/* Every code is found in the table, whatever bits follow it; and with fewer
   bits than it has, nothing that could be trusted. */
static void check_lookup(const uint8_t *lengths, unsigned count,
                         unsigned root_bits)
{
    uint16_t codes[SYMBOLS_LITERALS];
    huffman_codes(lengths, count, codes);
    for (unsigned s = 0; s < count; s++) {
        for (unsigned fill = 0; lengths[s] && fill < 2; fill++) {
            uint64_t rest = fill ? UINT64_MAX << lengths[s] : 0;
            struct bits_reader r = {NULL, NULL, {codes[s] | rest, 64}};
            unsigned skip;
            uint32_t entry = huffman_look(&r, table, root_bits, &skip);
            assert_int_equal(huffman_value(entry), s);
            assert_int_equal(skip + huffman_taken(entry), lengths[s]);
        }
        for (unsigned held = 0; held < lengths[s]; held++) {
            struct bits_reader r = {
                NULL, NULL, {codes[s] & bits_mask(held), held}};
            unsigned skip;
            uint32_t entry = huffman_look(&r, table, root_bits, &skip);
            assert_true(skip + huffman_taken(entry) > held);
        }
    }
}

static void test_random_codes_are_complete_and_decode(void **state)
{
    (void)state;
    struct codec_random random = {3};
    for (int turn = 0; turn < 2000; turn++) {
        uint32_t freqs[SYMBOLS_LITERALS] = {0};
        uint8_t lengths[SYMBOLS_LITERALS];
        unsigned count = 2 + codec_below(&random, SYMBOLS_LITERALS - 3);
        unsigned limit = 9 + codec_below(&random, 7);
        unsigned skew = codec_below(&random, 20);
        for (unsigned s = 0; s < count; s++)
            freqs[s] = codec_below(&random, 100) >>
                       codec_below(&random, 8)
                           << codec_below(&random, skew + 1) % 12;
        huffman_lengths(freqs, count, limit, lengths);
        assert_int_equal(sum_of(lengths, count), 1 << 15);
        for (unsigned s = 0; s < count; s++) {
            assert_true(lengths[s] <= limit);
            assert_true(lengths[s] || !freqs[s]);
        }
        unsigned root_bits = 1 + codec_below(&random, HUFFMAN_LITERAL_ROOT);
        if (root_bits < 9) /* smaller tables have larger second ones */
            root_bits = 10;
        assert_int_equal(build(lengths, count, &root_bits), HUFFMAN_COMPLETE);
        check_lookup(lengths, count, root_bits);
    }
}

static void test_lengths_are_as_good_as_can_be(void **state)
{
    (void)state;
    /* Each as often as all before together: depths 1, 2, 3 and so on. */
    const uint32_t freqs[] = {1, 1, 2, 4, 8, 16, 32, 64};
    const uint8_t best[] = {7, 7, 6, 5, 4, 3, 2, 1};
    uint8_t lengths[8];
    huffman_lengths(freqs, 8, 15, lengths);
    assert_memory_equal(lengths, best, 8);
    const uint32_t equal[] = {5, 5, 5, 5, 5, 5, 5, 5};
    const uint8_t three[] = {3, 3, 3, 3, 3, 3, 3, 3};
    huffman_lengths(equal, 8, 15, lengths);
    assert_memory_equal(lengths, three, 8);
}

static void lightest_last(uint32_t *trees, unsigned last)
{
    unsigned lightest = last;
    for (unsigned i = 0; i < last; i++)
        if (trees[i] < trees[lightest])
            lightest = i;
    uint32_t tree = trees[lightest];
    trees[lightest] = trees[last];
    trees[last] = tree;
}

/* What the best code costs, in bits: Huffman's construction as he wrote it,
   looking through all trees for the two lightest. */
static uint32_t least_cost(const uint32_t *freqs, unsigned count)
{
    uint32_t trees[SYMBOLS_LITERALS], cost = 0;
    unsigned n = 0;
    for (unsigned s = 0; s < count; s++)
        if (freqs[s])
            trees[n++] = freqs[s];
    for (; n > 1; n--) {
        for (unsigned end = n - 1; end + 2 >= n; end--)
            lightest_last(trees, end);
        trees[n - 2] += trees[n - 1];
        cost += trees[n - 2];
    }
    return cost;
}

/* In no order, many alike, and too few together for a code of 16 bits. */
static void test_no_code_costs_less(void **state)
{
    (void)state;
    struct codec_random random = {8};
    for (unsigned turn = 0; turn < 100; turn++) {
        uint32_t freqs[SYMBOLS_LITERALS], cost = 0;
        uint8_t lengths[SYMBOLS_LITERALS];
        unsigned count = 10 + codec_below(&random, SYMBOLS_LITERALS - 9);
        unsigned least = turn & 1; /* half of the time all symbols occur */
        count = least ? SYMBOLS_LITERALS : count;
        for (unsigned s = 0; s < count; s++)
            freqs[s] = least + codec_below(&random, 8);
        huffman_lengths(freqs, count, 15, lengths);
        for (unsigned s = 0; s < count; s++)
            cost += freqs[s] * lengths[s];
        assert_int_equal(cost, least_cost(freqs, count));
    }
}

/* Both 3, 3, 2, 1 and 2, 2, 2, 2 cost 12 bits. */
static void test_of_two_best_codes_the_flatter_is_made(void **state)
{
    (void)state;
    const uint32_t freqs[] = {1, 1, 2, 2};
    const uint8_t flat[] = {2, 2, 2, 2};
    uint8_t lengths[4];
    huffman_lengths(freqs, 4, 15, lengths);
    assert_memory_equal(lengths, flat, 4);
}

/* The frequencies that make the deepest tree: Fibonacci's. */
static void test_the_limit_holds_for_the_deepest_tree(void **state)
{
    (void)state;
    for (unsigned limit = 5; limit <= 15; limit++) {
        uint32_t freqs[24] = {1, 1};
        uint8_t lengths[24];
        for (unsigned s = 2; s < 24; s++)
            freqs[s] = freqs[s - 1] + freqs[s - 2];
        huffman_lengths(freqs, 24, limit, lengths);
        assert_int_equal(sum_of(lengths, 24), 1 << 15);
        for (unsigned s = 0; s < 24; s++)
            assert_in_range(lengths[s], 1, limit);
        for (unsigned s = 1; s < 24; s++) /* more often is never longer */
            assert_true(lengths[s] <= lengths[s - 1]);
    }
}

static void test_fewer_than_two_symbols_still_make_a_whole_code(void **state)
{
    (void)state;
    uint32_t freqs[30] = {0};
    uint8_t lengths[30];
    huffman_lengths(freqs, 30, 15, lengths);
    assert_int_equal(sum_of(lengths, 30), 1 << 15);
    freqs[0] = 7;
    huffman_lengths(freqs, 30, 15, lengths);
    assert_int_equal(lengths[0], 1);
    assert_int_equal(lengths[1], 1);
    freqs[0] = 0;
    freqs[29] = 1;
    huffman_lengths(freqs, 30, 15, lengths);
    assert_int_equal(lengths[29], 1);
    assert_int_equal(lengths[0], 1);
}

static void test_a_table_ends_where_its_codes_do(void **state)
{
    (void)state;
    static const uint8_t lengths[] = {1, 2, 3, 3};
    for (unsigned most = 2; most <= 10; most++) {
        unsigned root_bits = most;
        memset(table, 0xEE, sizeof table);
        assert_int_equal(build(lengths, 4, &root_bits), HUFFMAN_COMPLETE);
        assert_int_equal(root_bits, most < 3 ? 2 : 3);
        /* Four entries and a second table of two, or all eight. */
        size_t used = most < 3 ? 6 : 8;
        assert_int_not_equal(table[used - 1], 0xEEEEEEEE);
        assert_int_equal(table[used], 0xEEEEEEEE);
    }
}

static void test_a_symbol_without_a_code_takes_no_code(void **state)
{
    (void)state;
    const uint8_t lengths[] = {0, 2, 0, 1, 2, 0};
    uint16_t codes[6];
    huffman_codes(lengths, 6, codes);
    assert_int_equal(codes[3], 0);
    assert_int_equal(codes[1], bits_reverse(2, 2));
    assert_int_equal(codes[4], bits_reverse(3, 2));
}

/* No code is as short as the first table's index: every entry leads on. */
static void test_codes_may_all_be_in_second_tables(void **state)
{
    (void)state;
    static const uint8_t lengths[] = {4, 4, 4, 4, 4, 4, 4, 4,
                                      4, 4, 4, 4, 4, 4, 4, 4};
    uint16_t codes[16];
    unsigned root_bits = 2, skip;
    assert_int_equal(build(lengths, 16, &root_bits), HUFFMAN_COMPLETE);
    assert_int_equal(root_bits, 2);
    huffman_codes(lengths, 16, codes);
    for (unsigned s = 0; s < 16; s++) {
        struct bits_reader r = {.bits = {codes[s], 4}};
        uint32_t entry = huffman_look(&r, table, root_bits, &skip);
        assert_int_equal(huffman_value(entry), s);
        assert_int_equal(skip + huffman_taken(entry), 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rule_for_lengths_makes_the_printed_table),
        cmocka_unit_test(test_the_rule_for_distances_makes_the_printed_table),
        cmocka_unit_test(test_codes_of_the_rfc_example),
        cmocka_unit_test(test_kinds_of_code_are_told_apart),
        cmocka_unit_test(test_what_a_sparse_code_leaves_over_is_bad),
        cmocka_unit_test(test_random_codes_are_complete_and_decode),
        cmocka_unit_test(test_lengths_are_as_good_as_can_be),
        cmocka_unit_test(test_no_code_costs_less),
        cmocka_unit_test(test_of_two_best_codes_the_flatter_is_made),
        cmocka_unit_test(test_the_limit_holds_for_the_deepest_tree),
        cmocka_unit_test(test_fewer_than_two_symbols_still_make_a_whole_code),
        cmocka_unit_test(test_a_table_ends_where_its_codes_do),
        cmocka_unit_test(test_a_symbol_without_a_code_takes_no_code),
        cmocka_unit_test(test_codes_may_all_be_in_second_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
