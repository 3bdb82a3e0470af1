/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "support/codec.h"
#include "support/death.h"

#define OUT 200000

static struct inflate z;
static uint8_t out_bytes[OUT];

/* Inflate all of it at once, into out_bytes. */
static enum inflate_status inflate_all(struct span in, unsigned window_bits,
                                       struct text *out)
{
    *out = text_over(out_bytes, OUT);
    inflate_init(&z, window_bits);
    return codec_inflate(&z, in, 0, out, 0);
}

/* ---- the three kinds of block -------------------------------------------- */

static void test_stored_block(void **state)
{
    (void)state;
    struct text out;
    assert_int_equal(
        inflate_all(BYTES_LITERAL("\x01\x05\x00\xFA\xFFHello"), 15, &out),
        INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("Hello")));
}

static void test_fixed_block(void **state)
{
    (void)state;
    struct text out;
    assert_int_equal(
        inflate_all(BYTES_LITERAL("\xF3\x48\xCD\xC9\xC9\x07\x00"), 15, &out),
        INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("Hello")));
}

/* Every literal and every match symbol of the fixed code, against the walker,
   which builds it from the lengths of RFC 1951 3.2.6. */
static void test_every_fixed_symbol(void **state)
{
    (void)state;
    static uint8_t expected[OUT];
    struct codec_stream s = {.len = 0};
    struct text out;
    codec_put(&s, 3, 3);
    for (unsigned symbol = 0; symbol < 256; symbol++)
        codec_put_fixed(&s, symbol);
    for (unsigned n = 0; n < 29; n++) {
        codec_put_fixed(&s, 257 + n);
        codec_put(&s, 0, SYMBOLS_LENGTH_EXTRA(n));
        codec_put_code(&s, "00011"); /* distance 4 */
    }
    for (unsigned n = 0; n < 22; n++) { /* up to 2048 + 1024 */
        codec_put_fixed(&s, 284);
        codec_put(&s, 7, 5);
        for (unsigned bit = 5; bit-- > 0;)
            codec_put(&s, n >> bit & 1, 1);
        codec_put(&s, n & 1, SYMBOLS_DISTANCE_EXTRA(n));
    }
    codec_put_fixed(&s, 256);
    struct codec_walk walk = codec_walk(codec_span(&s), expected, OUT);
    assert_true(walk.whole);
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_int_equal(out.len, walk.len);
    assert_memory_equal(out_bytes, expected, out.len);
}

/* 'a' and the end of block with a bit each, and one distance of one bit: RFC
   1951 3.2.7 has such a code, though half of it is unused. */
static struct codec_stream one_distance(void)
{
    struct codec_stream s = {.len = 0};
    uint8_t literals[258] = {['a'] = 1, [256] = 2, [257] = 2};
    const uint8_t distances[1] = {1};
    codec_put_dynamic(&s, true, literals, 258, distances, 1);
    return s;
}

static void test_dynamic_block_with_one_distance_code(void **state)
{
    (void)state;
    struct codec_stream s = one_distance();
    struct text out;
    codec_put_code(&s, "0 11 0 10"); /* a, length 3, distance 1, end */
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("aaaa")));
}

static void test_dynamic_block_without_distance_codes(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    struct text out;
    uint8_t literals[257] = {['a'] = 1, [256] = 1};
    const uint8_t distances[1] = {0};
    codec_put_dynamic(&s, true, literals, 257, distances, 1);
    codec_put_code(&s, "0 0 1");
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("aa")));
}

static void test_dynamic_block_of_an_end_alone(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    struct text out;
    uint8_t literals[257] = {[256] = 1};
    const uint8_t distances[1] = {0};
    codec_put_dynamic(&s, true, literals, 257, distances, 1);
    codec_put_code(&s, "0");
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_int_equal(out.len, 0);
}

/* Literals of 15 bits, found through a second table. */
static void test_dynamic_block_with_the_longest_codes(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    struct text out;
    uint8_t literals[257] = {0};
    const uint8_t distances[1] = {0};
    for (unsigned i = 0; i < 14; i++)
        literals['a' + i] = (uint8_t)(i + 1);
    literals['o'] = 15;
    literals[256] = 15;
    codec_put_dynamic(&s, true, literals, 257, distances, 1);
    codec_put_code(&s, "0 10 111111111111110 111111111110 111111111111111");
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("abol")));
}

/* RFC 1951 3.2.7: a repetition may run on into the distance lengths. */
static void test_repetition_runs_on_into_the_distances(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    struct text out;
    codec_put(&s, 1 | 2 << 1, 3);
    codec_put(&s, 1, 5);  /* 258 literal/length codes */
    codec_put(&s, 3, 5);  /* 4 distance codes */
    codec_put(&s, 15, 4); /* 19 lengths: 16 and 18 two bits, 2 one */
    for (unsigned i = 0; i < 19; i++)
        codec_put(&s, i == 0 || i == 2 ? 2 : i == 15 ? 1 : 0, 3);
    codec_put_code(&s, "11"); /* 18: 97 zeros, up to 'a' */
    codec_put(&s, 97 - 11, 7);
    codec_put_code(&s, "0 0"); /* a, b: two bits */
    codec_put_code(&s, "11");  /* 18: 138 zeros */
    codec_put(&s, 127, 7);
    codec_put_code(&s, "11"); /* 18: 19 zeros, up to 256 */
    codec_put(&s, 19 - 11, 7);
    codec_put_code(&s, "0 10"); /* 256: two; 257 and the first two distances */
    codec_put(&s, 0, 2);
    codec_put_code(&s, "0 0");            /* the last two */
    codec_put_code(&s, "00 01 11 01 10"); /* a, b, length 3 distance 2, end */
    assert_int_equal(inflate_all(codec_span(&s), 15, &out), INFLATE_END);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("ababa")));
}

/* ---- one bad stream per failure ------------------------------------------ */

static void check_failure(const struct codec_stream *s, unsigned window_bits,
                          enum inflate_failure failure)
{
    struct text out;
    struct span in = codec_span(s);
    assert_int_equal(inflate_all(in, window_bits, &out), INFLATE_FAILED);
    assert_int_equal(z.failure, failure);
    /* It stays failed, whatever comes. */
    struct span more = BYTES_LITERAL("\x01\x01\x00\xFE\xFFx");
    unsigned blocks = 9;
    size_t len = out.len;
    assert_int_equal(inflate_run(&z, &more, &out, &blocks), INFLATE_FAILED);
    assert_int_equal(out.len, len);
    assert_int_equal(z.failure, failure);
    /* A byte at a time it fails the same way. */
    out = text_over(out_bytes, OUT);
    inflate_init(&z, window_bits);
    assert_int_equal(codec_inflate(&z, in, 1, &out, 1), INFLATE_FAILED);
    assert_int_equal(z.failure, failure);
    assert_int_equal(out.len, len);
}

static void test_block_type_three_fails(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    codec_put(&s, 0 | 3 << 1, 3);
    check_failure(&s, 15, INFLATE_BLOCK_TYPE);
}

static void test_stored_length_without_its_complement_fails(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    codec_put(&s, 0, 3);
    codec_align(&s);
    codec_put(&s, 5, 16);
    codec_put(&s, 0xFFFB, 16);
    check_failure(&s, 15, INFLATE_STORED_LENGTH);
}

static void test_more_lengths_than_symbols_fail(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct codec_stream s = {.len = 0};
        codec_put(&s, 2 << 1, 3);
        codec_put(&s, i < 2 ? 30 + i : 0, 5); /* 287, 288 literals */
        codec_put(&s, i < 2 ? 0 : 28 + i, 5); /* 31, 32 distances */
        codec_put(&s, 0, 4);
        check_failure(&s, 15, INFLATE_COUNT);
    }
}

/* There is nothing behind it, and nothing more is waited for. */
static void test_a_bad_count_fails_at_its_last_bit(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    for (unsigned i = 0; i < 3; i++) { /* 39 bits: nine of one literal */
        codec_put(&s, 2, 3);
        if (i == 0)
            codec_put_fixed(&s, 255);
        codec_put_fixed(&s, 256);
    }
    codec_put(&s, 2 << 1, 3);
    codec_put(&s, 31, 5);
    codec_put(&s, 0, 9);
    assert_int_equal(s.len, 56);
    check_failure(&s, 15, INFLATE_COUNT);
}

/* A dynamic header up to the code for code lengths: these many of them. */
static struct codec_stream code_lengths(const uint8_t *lengths, unsigned count)
{
    struct codec_stream s = {.len = 0};
    codec_put(&s, 2 << 1, 3);
    codec_put(&s, 0, 5);
    codec_put(&s, 0, 5);
    codec_put(&s, count - 4, 4);
    for (unsigned i = 0; i < count; i++)
        codec_put(&s, lengths[i], 3);
    return s;
}

static void test_code_for_code_lengths_must_be_complete(void **state)
{
    (void)state;
    const uint8_t bad[][5] = {
        {1, 1, 1, 0, 0}, /* over-subscribed */
        {1, 2, 0, 0, 0}, /* incomplete */
        {0, 1, 0, 0, 0}, /* a single code */
        {0, 0, 0, 0, 0}, /* none */
    };
    for (unsigned i = 0; i < 8; i++) { /* five of them end with a byte */
        struct codec_stream s = code_lengths(bad[i / 2], 4 + i % 2);
        check_failure(&s, 15, INFLATE_LENGTHS_CODE);
    }
}

static void test_repetition_of_nothing_fails(void **state)
{
    (void)state;
    const uint8_t lengths[4] = {1, 0, 1, 0}; /* 16: 0, 18: 1 */
    struct codec_stream s = code_lengths(lengths, 4);
    codec_put_code(&s, "0 00");
    check_failure(&s, 15, INFLATE_REPEAT_NOTHING);
}

static void test_repetition_beyond_the_last_length_fails(void **state)
{
    (void)state;
    const uint8_t lengths[4] = {1, 0, 1, 0};
    struct codec_stream s = code_lengths(lengths, 4);
    for (unsigned i = 0; i < 2; i++) { /* 18: 276 zeros of 258 */
        codec_put_code(&s, "1");
        codec_put(&s, 127, 7);
    }
    check_failure(&s, 15, INFLATE_REPEAT_TOO_MUCH);
}

static void check_codes(const uint8_t *literals, const uint8_t *distances,
                        unsigned distance_count, enum inflate_failure failure)
{
    struct codec_stream s = {.len = 0};
    codec_put_dynamic(&s, true, literals, 258, distances, distance_count);
    check_failure(&s, 15, failure);
}

static void test_codes_that_do_not_add_up_fail(void **state)
{
    (void)state;
    const uint8_t no_end[258] = {['a'] = 1, ['b'] = 1};
    const uint8_t over[258] = {['a'] = 1, ['b'] = 1, [256] = 1};
    const uint8_t gaps[258] = {['a'] = 1, [256] = 2};
    const uint8_t one_long[258] = {[256] = 2};
    const uint8_t good[258] = {['a'] = 1, [256] = 2, [257] = 2};
    const uint8_t complete[2] = {1, 1};
    const uint8_t over_distance[3] = {1, 1, 1};
    const uint8_t gaps_distance[2] = {1, 2};
    const uint8_t one_long_distance[1] = {2};
    check_codes(no_end, complete, 2, INFLATE_NO_END);
    check_codes(over, complete, 2, INFLATE_LITERALS_OVERSUBSCRIBED);
    check_codes(gaps, complete, 2, INFLATE_LITERALS_INCOMPLETE);
    check_codes(one_long, complete, 2, INFLATE_LITERALS_INCOMPLETE);
    check_codes(good, over_distance, 3, INFLATE_DISTANCES_OVERSUBSCRIBED);
    check_codes(good, gaps_distance, 2, INFLATE_DISTANCES_INCOMPLETE);
    check_codes(good, one_long_distance, 1, INFLATE_DISTANCES_INCOMPLETE);
}

static void test_symbols_286_and_287_fail(void **state)
{
    (void)state;
    for (unsigned symbol = 286; symbol < 288; symbol++) {
        struct codec_stream s = {.len = 0};
        codec_put(&s, 3, 3);
        codec_put_fixed(&s, 'x');
        codec_put_fixed(&s, symbol);
        check_failure(&s, 15, INFLATE_LITERAL_SYMBOL);
    }
}

static void test_the_unused_half_of_a_single_end_code_fails(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    uint8_t literals[257] = {[256] = 1};
    const uint8_t distances[1] = {0};
    codec_put_dynamic(&s, true, literals, 257, distances, 1);
    codec_put_code(&s, "1");
    check_failure(&s, 15, INFLATE_LITERAL_SYMBOL);
}

static void test_distance_symbols_30_and_31_fail(void **state)
{
    (void)state;
    for (unsigned symbol = 30; symbol < 32; symbol++) {
        struct codec_stream s = {.len = 0};
        codec_put(&s, 3, 3);
        codec_put_fixed(&s, 'x');
        codec_put_fixed(&s, 257);
        codec_put_code(&s, symbol == 30 ? "11110" : "11111");
        check_failure(&s, 15, INFLATE_DISTANCE_SYMBOL);
    }
}

static void test_the_unused_half_of_a_single_distance_code_fails(void **state)
{
    (void)state;
    struct codec_stream s = one_distance();
    codec_put_code(&s, "0 11 1");
    check_failure(&s, 15, INFLATE_DISTANCE_SYMBOL);
}

static void test_a_match_without_distance_codes_fails(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 2; bit++) {
        struct codec_stream s = {.len = 0};
        uint8_t literals[258] = {['a'] = 1, [256] = 2, [257] = 2};
        const uint8_t distances[1] = {0};
        codec_put_dynamic(&s, true, literals, 258, distances, 1);
        codec_put_code(&s, "0 11");
        codec_put(&s, bit, 1);
        check_failure(&s, 15, INFLATE_DISTANCE_SYMBOL);
    }
}

static void test_distance_beyond_the_start_fails(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    codec_put(&s, 3, 3);
    codec_put_fixed(&s, 'x');
    codec_put_fixed(&s, 257);
    codec_put_code(&s, "00001"); /* 2 */
    check_failure(&s, 15, INFLATE_BEFORE_START);
}

/* ---- the window ---------------------------------------------------------- */

/* Blocks of `len` stored bytes: how long they are. */
static size_t put_stored(uint8_t *bytes, size_t len)
{
    size_t at = 0;
    for (size_t n; len; len -= n) {
        n = bytes_min(len, 65535);
        bytes[at++] = 0;
        bytes[at++] = (uint8_t)n;
        bytes[at++] = (uint8_t)(n >> 8);
        bytes[at++] = (uint8_t)~n;
        bytes[at++] = (uint8_t)(~n >> 8);
        for (size_t i = 0; i < n; i++)
            bytes[at++] = (uint8_t)(i * 7 + i / 256);
    }
    return at;
}

/* A match in the fixed codes. */
static void put_match(struct codec_stream *s, unsigned len, uint32_t distance)
{
    unsigned n = symbols_of_length(len), symbol = symbols_of_distance(distance);
    codec_put_fixed(s, 257 + n);
    codec_put(s, len - (unsigned)SYMBOLS_LENGTH_BASE(n),
              (unsigned)SYMBOLS_LENGTH_EXTRA(n));
    for (unsigned bit = 5; bit-- > 0;)
        codec_put(s, symbol >> bit & 1, 1);
    codec_put(s, distance - (unsigned)SYMBOLS_DISTANCE_BASE(symbol),
              (unsigned)SYMBOLS_DISTANCE_EXTRA(symbol));
}

/* Append the stream to `len` bytes. */
static struct span append(uint8_t *bytes, size_t len,
                          const struct codec_stream *s)
{
    struct span more = codec_span(s);
    memcpy(bytes + len, more.ptr, more.len);
    return bytes_span(bytes, len + more.len);
}

/* `len` stored bytes, then three from `distance` back. */
static struct span far_match(uint8_t *bytes, size_t len, uint32_t distance)
{
    struct codec_stream s = {.len = 0};
    codec_put(&s, 3, 3);
    put_match(&s, 3, distance);
    codec_put_fixed(&s, 256);
    return append(bytes, put_stored(bytes, len), &s);
}

/* Both distances are tried with the data ending there, and with more behind
   it, which the fast loop needs to be entered: in the call that brought the
   stored bytes, and in one of its own. */
#define BEHIND 32

static void check_distance(size_t len, unsigned bits, uint32_t distance,
                           enum inflate_failure failure)
{
    static uint8_t bytes[OUT];
    for (unsigned turn = 0; turn < 3; turn++) {
        size_t behind = turn ? BEHIND : 0;
        size_t cut = turn == 2 ? put_stored(bytes, len) : 0;
        struct text out = text_over(out_bytes, OUT);
        struct span in = far_match(bytes, len, distance);
        memset(bytes + in.len, 0, behind);
        in.len += behind;
        inflate_init(&z, bits);
        assert_int_equal(codec_inflate(&z, bytes_part(in, 0, cut), 0, &out, 0),
                         INFLATE_INPUT);
        in = bytes_after(in, cut);
        assert_int_equal(codec_inflate(&z, in, 0, &out, 0),
                         failure ? INFLATE_FAILED : INFLATE_END);
        assert_int_equal(z.failure, failure);
        assert_int_equal(out.len, failure ? len : len + 3);
        if (!failure)
            assert_memory_equal(out_bytes + len, out_bytes + len - distance,
                                bytes_min(distance, 3));
    }
}

static void test_distances_end_at_the_window_exactly(void **state)
{
    (void)state;
    static const size_t lens[] = {40000, 65538, 98400};
    for (unsigned bits = 8; bits <= 15; bits++) {
        for (size_t i = 0; i < 3; i++) {
            check_distance(lens[i], bits, 1u << bits, INFLATE_NO_FAILURE);
            if (bits < 15) /* there is no greater distance */
                check_distance(lens[i], bits, (1u << bits) + 1,
                               INFLATE_BEYOND_WINDOW);
        }
    }
}

static void test_distances_end_at_the_first_byte_exactly(void **state)
{
    (void)state;
    for (uint32_t len = 1; len < 600; len++) {
        check_distance(len, 15, len, INFLATE_NO_FAILURE);
        check_distance(len, 15, len + 1, INFLATE_BEFORE_START);
    }
}

/* Every length, from so near that the copy reads what it has written. */
static void test_near_matches_repeat_what_they_write(void **state)
{
    (void)state;
    static uint8_t bytes[OUT], expected[OUT];
    for (uint32_t distance = 1; distance <= 16; distance++) {
        struct codec_stream s = {.len = 0};
        struct text out;
        codec_put(&s, 3, 3);
        for (unsigned len = 3; len <= 258; len++)
            put_match(&s, len, distance);
        codec_put_fixed(&s, 256);
        struct span in = append(bytes, put_stored(bytes, 16), &s);
        struct codec_walk walk = codec_walk(in, expected, OUT);
        assert_true(walk.whole);
        assert_int_equal(inflate_all(in, 15, &out), INFLATE_END);
        assert_int_equal(out.len, walk.len);
        assert_memory_equal(out_bytes, expected, out.len);
    }
}

/* ---- the longest codes --------------------------------------------------- */

/* Sixteen symbols of 15 bits: 'a' to 'k', the end, and the lengths with the
   most extra bits. Four distances of 15: those with the most. 'A' has one. */
struct longest {
    struct codec_stream s;
    uint8_t literals[285], distances[30];
    uint16_t literal_codes[285], distance_codes[30];
};

static void begin_longest(struct longest *l)
{
    *l = (struct longest){.literals = {[256] = 15}};
    for (unsigned i = 0; i < 11; i++) {
        l->literals['A' + i] = (uint8_t)(i + 1);
        l->literals['a' + i] = 15;
    }
    for (unsigned n = 281; n < 285; n++)
        l->literals[n] = 15;
    for (unsigned n = 0; n < 30; n++)
        l->distances[n] = (uint8_t)(n < 13 ? n + 1 : n < 26 ? 0 : 15);
    huffman_codes(l->literals, 285, l->literal_codes);
    huffman_codes(l->distances, 30, l->distance_codes);
    codec_put_dynamic(&l->s, true, l->literals, 285, l->distances, 30);
}

static void put_longest(struct longest *l, unsigned symbol)
{
    codec_put(&l->s, l->literal_codes[symbol], l->literals[symbol]);
}

/* Literals of one bit, as many as one turn of the fast loop takes, or fewer,
   and the longest match behind them: never more than there is room for. */
static void test_nothing_is_written_beyond_the_room(void **state)
{
    (void)state;
    static uint8_t bytes[OUT];
    static struct codec_stream s;
    uint8_t literals[286] = {['a'] = 1, [256] = 2, [285] = 2};
    uint8_t distances[1] = {1};
    size_t len = 0;
    s.len = 0;
    codec_put_dynamic(&s, true, literals, 286, distances, 1);
    for (size_t turn = 0; turn < 60; turn++, len += 258) {
        for (size_t n = 1 + turn % 30; n > 0; n--, len++)
            codec_put_code(&s, "0");
        codec_put_code(&s, "11 0");
    }
    codec_put_code(&s, "10");
    for (size_t room = 258; room < 320; room++) {
        struct text out = text_over(bytes, sizeof bytes);
        inflate_init(&z, 15);
        assert_int_equal(codec_inflate(&z, codec_span(&s), 0, &out, room),
                         INFLATE_END);
        assert_false(out.overflow);
        assert_int_equal(out.len, len);
    }
}

/* More literals in a row than are looked at in a turn, then 48 bits of match:
   what one turn of the fast loop can want at most. */
static void test_nothing_is_longer_than_what_is_held(void **state)
{
    (void)state;
    static uint8_t bytes[OUT], expected[OUT];
    struct codec_random random = {6};
    struct longest l;
    struct text out;
    begin_longest(&l);
    for (unsigned turn = 0; turn < 240; turn++) {
        for (unsigned n = codec_below(&random, 7); n > 0; n--)
            put_longest(&l, 'a' + codec_below(&random, 11));
        put_longest(&l, 281 + codec_below(&random, 4));
        codec_put(&l.s, codec_below(&random, 31), 5);
        codec_put(&l.s, l.distance_codes[28 + turn % 2], 15);
        codec_put(&l.s, codec_below(&random, 1 << 13), 13);
        put_longest(&l, 'A'); /* one bit: all ends are met */
    }
    put_longest(&l, 256);
    struct span in = append(bytes, put_stored(bytes, 40000), &l.s);
    struct codec_walk walk = codec_walk(in, expected, OUT);
    assert_true(walk.whole);
    assert_int_equal(inflate_all(in, 15, &out), INFLATE_END);
    assert_int_equal(out.len, walk.len);
    assert_memory_equal(out_bytes, expected, out.len);
}

/* A call ends inside a code with a byte of it held or more, and the rest comes
   from elsewhere: what stands before it there is none of ours. */
static void test_what_is_held_is_not_given_back(void **state)
{
    (void)state;
    for (unsigned bits = 0; bits < 16; bits++) {
        static uint8_t elsewhere[1 + 2 + BEHIND];
        unsigned blocks = 1;
        struct longest l;
        struct text out = text_over(out_bytes, OUT);
        begin_longest(&l);
        for (unsigned i = 0; i < bits; i++)
            put_longest(&l, 'A');
        put_longest(&l, 256);
        struct span in = codec_span(&l.s);
        size_t rest = 1 + bits / 8;
        memset(elsewhere, 0xA5, sizeof elsewhere);
        memcpy(elsewhere + 1, in.ptr + in.len - rest, rest);
        in.len -= rest;
        inflate_init(&z, 15);
        assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
        in = bytes_span(elsewhere + 1, rest + BEHIND);
        assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_END);
        assert_int_equal(in.len, BEHIND);
        assert_int_equal(out.len, bits);
    }
}

/* ---- earlier streams ----------------------------------------------------- */

/* What an earlier message left in the window is out of reach. */
static void test_a_new_stream_cannot_see_the_old_window(void **state)
{
    (void)state;
    static uint8_t bytes[OUT];
    struct text out;
    assert_int_equal(inflate_all(far_match(bytes, 40000, 9), 15, &out),
                     INFLATE_END);
    assert_int_equal(inflate_all(far_match(bytes, 8, 9), 15, &out),
                     INFLATE_FAILED);
    assert_int_equal(z.failure, INFLATE_BEFORE_START);
}

/* ---- going on ------------------------------------------------------------ */

static void test_after_a_final_block_the_window_is_kept(void **state)
{
    (void)state;
    /* "Hello", final; then a fixed block that copies it. */
    struct codec_stream s = {.len = 0};
    struct text out = text_over(out_bytes, OUT);
    codec_put(&s, 3, 3);
    for (const char *c = "Hello"; *c; c++)
        codec_put_fixed(&s, (uint8_t)*c);
    codec_put_fixed(&s, 256);
    codec_align(&s);
    codec_put(&s, 3, 3);
    codec_put_fixed(&s, 259);
    codec_put_code(&s, "00100 0"); /* 5 */
    codec_put_fixed(&s, 256);
    struct span in = codec_span(&s);
    unsigned blocks = 5;
    inflate_init(&z, 15);
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_END);
    assert_true(in.len > 0);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("Hello")));
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_END);
    assert_int_equal(in.len, 0);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("HelloHello")));
    assert_int_equal(blocks, 3);
}

static void test_no_more_blocks_are_begun_than_allowed(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    struct text out = text_over(out_bytes, OUT);
    for (unsigned i = 0; i < 100; i++) { /* empty fixed blocks: 10 bits */
        codec_put(&s, 2, 3);
        codec_put_fixed(&s, 256);
    }
    struct span in = codec_span(&s);
    inflate_init(&z, 15);
    for (unsigned i = 0; i < 14; i++) {
        unsigned blocks = 7;
        assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_PAUSED);
        assert_int_equal(blocks, 0);
        /* 70 bits, and those that begin the next block */
        assert_int_equal(125 - in.len, ((i + 1) * 70 + 3 + 7) / 8);
    }
    unsigned blocks = 7;
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
    assert_int_equal(blocks, 5);
}

static void test_full_is_only_what_has_a_byte_waiting(void **state)
{
    (void)state;
    struct text out = text_over(out_bytes, 5);
    struct span in = BYTES_LITERAL("\xF2\x48\xCD\xC9\xC9\x07\x00");
    unsigned blocks = 5;
    inflate_init(&z, 15);
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
    assert_int_equal(out.len, 5);
    in = BYTES_LITERAL("\xF2\x48\xCD\xC9\xC9\x07\x00");
    out = text_over(out_bytes, 4);
    inflate_init(&z, 15);
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_OUTPUT);
    assert_int_equal(out.len, 4);
    assert_false(out.overflow);
}

static void test_nothing_in_and_no_room_are_fine(void **state)
{
    (void)state;
    struct text out = text_over(NULL, 0);
    struct span in = {NULL, 0};
    unsigned blocks = 1;
    inflate_init(&z, 15);
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
    in = BYTES_LITERAL("\x00\x05\x00\xFA\xFF");
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
    in = bytes_span(NULL, 0);
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_INPUT);
    in = BYTES_LITERAL("H");
    assert_int_equal(inflate_run(&z, &in, &out, &blocks), INFLATE_OUTPUT);
}

static void test_every_failure_has_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 0; i < INFLATE_FAILURES; i++)
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(inflate_reason((enum inflate_failure)i),
                                    inflate_reason((enum inflate_failure)j));
}

/* ---- every split --------------------------------------------------------- */

/* One stream with every kind of block, codes of many lengths, matches near
   and far; small enough to be cut everywhere. */
static struct span mixed_stream(uint8_t *bytes, size_t size, uint8_t *plain,
                                size_t len)
{
    static struct deflate d;
    struct codec_random random = {4};
    struct text out = text_over(bytes, size);
    deflate_init(&d, 15, len, DEFLATE_SMALL);
    for (size_t at = 0, i = 0; at < len; at += len / 8, i++) {
        enum codec_kind kind = (enum codec_kind)(i % CODEC_KINDS);
        codec_sample(&random, kind, plain + at, len / 8);
        codec_deflate(&d, bytes_span(plain + at, len / 8), 0, &out, 0,
                      DEFLATE_SYNC);
    }
    return text_span(&out);
}

static void test_every_split_of_input_gives_the_same(void **state)
{
    (void)state;
    static uint8_t bytes[8192], plain[4000];
    static struct inflate copy;
    struct span in = mixed_stream(bytes, sizeof bytes, plain, sizeof plain);
    for (size_t cut = 0; cut <= in.len; cut++) {
        struct text out = text_over(out_bytes, OUT);
        inflate_init(&z, 15);
        codec_inflate(&z, bytes_part(in, 0, cut), 0, &out, 0);
        /* A context has no pointers: it may move, and the old place go. */
        memcpy(&copy, &z, sizeof z);
        memset(&z, 0xEE, sizeof z);
        assert_int_equal(codec_inflate(&copy, bytes_after(in, cut), 0, &out, 0),
                         INFLATE_INPUT);
        assert_int_equal(out.len, sizeof plain);
        assert_memory_equal(out.ptr, plain, sizeof plain);
    }
}

static void test_every_size_of_pieces_gives_the_same(void **state)
{
    (void)state;
    static uint8_t bytes[8192], plain[4000];
    struct span in = mixed_stream(bytes, sizeof bytes, plain, sizeof plain);
    for (size_t step = 1; step < 40; step++) {
        for (size_t room = 0; room < 40; room++) {
            struct text out = text_over(out_bytes, OUT);
            inflate_init(&z, 15);
            assert_int_equal(codec_inflate(&z, in, step, &out, room),
                             INFLATE_INPUT);
            assert_int_equal(out.len, sizeof plain);
            assert_memory_equal(out.ptr, plain, sizeof plain);
        }
    }
}

static void test_every_split_of_output_gives_the_same(void **state)
{
    (void)state;
    static uint8_t bytes[8192], plain[4000];
    struct span in = mixed_stream(bytes, sizeof bytes, plain, sizeof plain);
    for (size_t cut = 0; cut <= sizeof plain; cut++) {
        struct text out = text_over(out_bytes, cut);
        struct span left = in;
        unsigned blocks = 1000;
        inflate_init(&z, 15);
        assert_int_equal(inflate_run(&z, &left, &out, &blocks),
                         cut < sizeof plain ? INFLATE_OUTPUT : INFLATE_INPUT);
        assert_int_equal(out.len, cut);
        out.size = OUT;
        assert_int_equal(inflate_run(&z, &left, &out, &blocks), INFLATE_INPUT);
        assert_int_equal(out.len, sizeof plain);
        assert_memory_equal(out.ptr, plain, sizeof plain);
    }
}

/* Long enough for the window to wrap around several times. */
static void test_long_streams_in_pieces_of_any_size(void **state)
{
    (void)state;
    static uint8_t bytes[OUT], plain[160000];
    struct span in = mixed_stream(bytes, sizeof bytes, plain, sizeof plain);
    struct codec_random random = {5};
    for (int turn = 0; turn < 60; turn++) {
        struct text out = text_over(out_bytes, OUT);
        inflate_init(&z, 15);
        assert_int_equal(codec_inflate(&z, in, codec_below(&random, 5000), &out,
                                       codec_below(&random, 5000)),
                         INFLATE_INPUT);
        assert_int_equal(out.len, sizeof plain);
        assert_memory_equal(out.ptr, plain, sizeof plain);
    }
}

static void window_of(void *bits)
{
    inflate_init(&z, *(unsigned *)bits);
}

static void test_a_window_of_7_or_16_bits_trips_a_check(void **state)
{
    (void)state;
    unsigned few = 7, many = 16;
    assert_true(death_by_check(window_of, &few));
    assert_true(death_by_check(window_of, &many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stored_block),
        cmocka_unit_test(test_fixed_block),
        cmocka_unit_test(test_every_fixed_symbol),
        cmocka_unit_test(test_dynamic_block_with_one_distance_code),
        cmocka_unit_test(test_dynamic_block_without_distance_codes),
        cmocka_unit_test(test_dynamic_block_of_an_end_alone),
        cmocka_unit_test(test_dynamic_block_with_the_longest_codes),
        cmocka_unit_test(test_repetition_runs_on_into_the_distances),
        cmocka_unit_test(test_block_type_three_fails),
        cmocka_unit_test(test_stored_length_without_its_complement_fails),
        cmocka_unit_test(test_more_lengths_than_symbols_fail),
        cmocka_unit_test(test_a_bad_count_fails_at_its_last_bit),
        cmocka_unit_test(test_code_for_code_lengths_must_be_complete),
        cmocka_unit_test(test_repetition_of_nothing_fails),
        cmocka_unit_test(test_repetition_beyond_the_last_length_fails),
        cmocka_unit_test(test_codes_that_do_not_add_up_fail),
        cmocka_unit_test(test_symbols_286_and_287_fail),
        cmocka_unit_test(test_the_unused_half_of_a_single_end_code_fails),
        cmocka_unit_test(test_distance_symbols_30_and_31_fail),
        cmocka_unit_test(test_the_unused_half_of_a_single_distance_code_fails),
        cmocka_unit_test(test_a_match_without_distance_codes_fails),
        cmocka_unit_test(test_distance_beyond_the_start_fails),
        cmocka_unit_test(test_distances_end_at_the_window_exactly),
        cmocka_unit_test(test_distances_end_at_the_first_byte_exactly),
        cmocka_unit_test(test_near_matches_repeat_what_they_write),
        cmocka_unit_test(test_nothing_is_written_beyond_the_room),
        cmocka_unit_test(test_nothing_is_longer_than_what_is_held),
        cmocka_unit_test(test_what_is_held_is_not_given_back),
        cmocka_unit_test(test_a_new_stream_cannot_see_the_old_window),
        cmocka_unit_test(test_after_a_final_block_the_window_is_kept),
        cmocka_unit_test(test_no_more_blocks_are_begun_than_allowed),
        cmocka_unit_test(test_full_is_only_what_has_a_byte_waiting),
        cmocka_unit_test(test_nothing_in_and_no_room_are_fine),
        cmocka_unit_test(test_every_failure_has_a_sentence),
        cmocka_unit_test(test_every_split_of_input_gives_the_same),
        cmocka_unit_test(test_every_size_of_pieces_gives_the_same),
        cmocka_unit_test(test_every_split_of_output_gives_the_same),
        cmocka_unit_test(test_long_streams_in_pieces_of_any_size),
        cmocka_unit_test(test_a_window_of_7_or_16_bits_trips_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
