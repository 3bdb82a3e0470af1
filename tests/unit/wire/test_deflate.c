/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/codec.h"
#include "support/death.h"

#define LEN 300000
#define OUT (LEN + 1000)

static struct deflate z;
static struct inflate inflater;
static uint8_t plain[LEN];
static uint8_t packed[OUT];
static uint8_t again[LEN];

/* Compress in pieces, let the walker decode it, and hold everything against
   everything: bytes, greatest distance, the end, the promised bound. */
static struct codec_walk round_trip(unsigned bits, size_t len, size_t in_step,
                                    size_t out_step)
{
    struct text out = text_over(packed, OUT);
    deflate_init(&z, bits, len);
    codec_deflate(&z, bytes_span(plain, len), in_step, &out, out_step,
                  DEFLATE_SYNC);
    assert_false(out.overflow);
    assert_true(out.len <= deflate_bound(len));
    assert_memory_equal(packed + out.len - 4, "\x00\x00\xFF\xFF", 4);
    struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
    assert_true(walk.whole);
    assert_int_equal(walk.len, len);
    if (len)
        assert_memory_equal(again, plain, len);
    assert_true(walk.far <= 1u << bits);
    return walk;
}

static void test_round_trips_at_all_window_sizes(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 2, 3, 4, 5, 63, 300, 5000, 40000};
    struct codec_random random = {1};
    for (unsigned bits = 8; bits <= 15; bits++) {
        for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
            for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
                codec_sample(&random, (enum codec_kind)kind, plain, lens[i]);
                round_trip(bits, lens[i], 0, 0);
            }
        }
    }
}

/* The window slides several times. */
static void test_round_trips_of_long_input_in_pieces(void **state)
{
    (void)state;
    struct codec_random random = {2};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        codec_sample(&random, (enum codec_kind)kind, plain, LEN);
        round_trip(15, LEN, 0, 0);
        round_trip(9, LEN, 1 + codec_below(&random, 70000),
                   1 + codec_below(&random, 5000));
        round_trip(15, LEN, 1 + codec_below(&random, 1000), 0);
    }
}

/* Something that repeats at exactly the window's size is found, and one byte
   farther is not: 8 bits mean 256, not zlib's 512. */
static void test_windows_are_used_to_their_last_byte(void **state)
{
    (void)state;
    struct codec_random random = {3};
    for (unsigned bits = 8; bits <= 15; bits++) {
        size_t window = (size_t)1 << bits;
        codec_sample(&random, CODEC_RANDOM, plain, window);
        memcpy(plain + window, plain, window);
        struct codec_walk walk = round_trip(bits, 2 * window, 0, 0);
        assert_int_equal(walk.far, window);
        assert_true(walk.symbols[1] > 0);
        codec_sample(&random, CODEC_RANDOM, plain, window + 1);
        memcpy(plain + window + 1, plain, window + 1);
        walk = round_trip(bits, 2 * window + 2, 0, 0);
        assert_true(walk.far <= window);
    }
}

/* What comes out does not depend on how it goes in or leaves. */
static void test_every_size_of_pieces_gives_the_same_bytes(void **state)
{
    (void)state;
    static uint8_t whole[OUT];
    struct codec_random random = {4};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        size_t len = 3000;
        codec_sample(&random, (enum codec_kind)kind, plain, len);
        struct text expected = text_over(whole, OUT);
        deflate_init(&z, 15, len);
        codec_deflate(&z, bytes_span(plain, len), 0, &expected, 0,
                      DEFLATE_SYNC);
        for (size_t step = 1; step < 20; step++) {
            for (size_t room = 0; room < 20; room++) {
                struct text out = text_over(packed, OUT);
                deflate_init(&z, 15, len);
                codec_deflate(&z, bytes_span(plain, len), step, &out, room,
                              DEFLATE_SYNC);
                assert_int_equal(out.len, expected.len);
                assert_memory_equal(packed, whole, out.len);
            }
        }
    }
}

static void test_every_split_of_input_and_output(void **state)
{
    (void)state;
    struct codec_random random = {5};
    static struct deflate moved;
    size_t len = 1200;
    codec_sample(&random, CODEC_HTML, plain, len);
    for (size_t cut = 0; cut <= len; cut++) {
        struct text out = text_over(packed, OUT);
        struct span in = bytes_span(plain, cut);
        deflate_init(&z, 15, len);
        assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MORE),
                         DEFLATE_INPUT);
        assert_int_equal(in.len, 0);
        memcpy(&moved, &z, sizeof z);
        memset(&z, 0xEE, sizeof z);
        in = bytes_span(plain + cut, len - cut);
        out.size = bytes_min(cut, OUT);
        enum deflate_status status;
        while ((status = deflate_run(&moved, &in, &out, DEFLATE_SYNC)) ==
               DEFLATE_OUTPUT)
            out.size = OUT;
        assert_int_equal(status, DEFLATE_DONE);
        struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
        assert_true(walk.whole);
        assert_int_equal(walk.len, len);
        assert_memory_equal(again, plain, len);
    }
}

/* After each flush everything so far can be decompressed. */
static void test_flushes_in_the_middle(void **state)
{
    (void)state;
    struct codec_random random = {6};
    struct text out = text_over(packed, OUT);
    struct text back = text_over(again, LEN);
    size_t len = 0;
    deflate_init(&z, 12, SIZE_MAX);
    inflate_init(&inflater, 12);
    for (int i = 0; i < 300 && len < LEN / 2; i++) {
        size_t n = codec_below(&random, 1000), from = out.len;
        codec_sample(&random, (enum codec_kind)(i % CODEC_KINDS), plain + len,
                     n);
        codec_deflate(&z, bytes_span(plain + len, n), 0, &out, 0, DEFLATE_SYNC);
        len += n;
        assert_int_equal(
            codec_inflate(&inflater,
                          bytes_part(text_span(&out), from, out.len - from), 0,
                          &back, 0),
            INFLATE_INPUT);
        assert_int_equal(back.len, len);
        assert_memory_equal(again, plain, len);
    }
}

static void test_a_message_ends_without_the_four_bytes(void **state)
{
    (void)state;
    struct codec_random random = {7};
    static uint8_t message[OUT];
    for (size_t len = 0; len < 300; len++) {
        codec_sample(&random, CODEC_CHAT, plain, len);
        struct text sync = text_over(packed, OUT);
        deflate_init(&z, 15, len);
        codec_deflate(&z, bytes_span(plain, len), 0, &sync, 0, DEFLATE_SYNC);
        struct text out = text_over(message, OUT);
        deflate_init(&z, 15, len);
        codec_deflate(&z, bytes_span(plain, len), 0, &out, 0, DEFLATE_MESSAGE);
        assert_int_equal(out.len + 4, sync.len);
        assert_memory_equal(message, packed, out.len);
    }
}

/* ---- the kind of block --------------------------------------------------- */

static void test_random_bytes_are_stored(void **state)
{
    (void)state;
    struct codec_random random = {8};
    codec_sample(&random, CODEC_RANDOM, plain, LEN);
    struct codec_walk walk = round_trip(15, LEN, 0, 0);
    assert_int_equal(walk.blocks[1] + walk.blocks[2], 0);
}

static void test_short_text_is_fixed(void **state)
{
    (void)state;
    memcpy(plain, "Hello, hello, how are you?", 26);
    struct codec_walk walk = round_trip(15, 26, 0, 0);
    assert_int_equal(walk.blocks[1], 1);
    assert_int_equal(walk.blocks[2], 0);
}

static void test_long_text_is_dynamic(void **state)
{
    (void)state;
    struct codec_random random = {9};
    codec_sample(&random, CODEC_CHAT, plain, 20000);
    struct codec_walk walk = round_trip(15, 20000, 0, 0);
    assert_int_equal(walk.blocks[1], 0);
    assert_int_equal(walk.blocks[2], 1);
}

/* Of the three kinds no other would have been smaller: stored text, or random
   bytes in a code, would fail these. */
static void test_no_sample_grows_much(void **state)
{
    (void)state;
    struct codec_random random = {10};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        for (size_t len = 0; len < 400; len++) {
            codec_sample(&random, (enum codec_kind)kind, plain, len);
            struct text out = text_over(packed, OUT);
            deflate_init(&z, 15, len);
            codec_deflate(&z, bytes_span(plain, len), 0, &out, 0,
                          DEFLATE_MESSAGE);
            assert_true(out.len <= len + 6);
        }
    }
}

/* A match beats the one before it only where it is worth a literal. */
static void test_a_longer_match_one_byte_later_is_taken(void **state)
{
    (void)state;
    const char text[] = "abcXbcdefghijYabcdefghij";
    memcpy(plain, text, sizeof text - 1);
    struct codec_walk walk = round_trip(15, sizeof text - 1, 0, 0);
    /* abcXbcdefghijY, a, and one match; greedy would take abc and defghij */
    assert_int_equal(walk.symbols[0], 15);
    assert_int_equal(walk.symbols[1], 1);
}

/* ---- the context --------------------------------------------------------- */

static size_t pack(size_t len, uint8_t *to)
{
    struct text out = text_over(to, OUT);
    deflate_init(&z, 15, len);
    codec_deflate(&z, bytes_span(plain, len), 0, &out, 0, DEFLATE_SYNC);
    return out.len;
}

/* Nothing of an earlier message can be seen, or changes what comes out: all
   of them begin alike, so that what is left in the tables would match. */
static void test_a_used_context_is_as_good_as_new(void **state)
{
    (void)state;
    struct codec_random random = {11};
    static uint8_t fresh[OUT];
    for (int turn = 0; turn < 50; turn++) {
        size_t len = 1 + codec_below(&random, 3000);
        codec_sample(&random, (enum codec_kind)(turn % CODEC_KINDS), plain,
                     2 * len);
        memset(&z, 0, sizeof z);
        size_t fresh_len = pack(len, fresh);
        pack(2 * len, packed);
        assert_int_equal(pack(len, packed), fresh_len);
        assert_memory_equal(fresh, packed, fresh_len);
    }
}

/* A size that was told wrong costs compression, nothing else. */
static void test_the_size_is_only_a_hint(void **state)
{
    (void)state;
    struct codec_random random = {12};
    static const size_t told[] = {0, 1, 1000, SIZE_MAX};
    codec_sample(&random, CODEC_JSON, plain, LEN);
    for (size_t i = 0; i < 4; i++) {
        struct text out = text_over(packed, OUT);
        deflate_init(&z, 15, told[i]);
        codec_deflate(&z, bytes_span(plain, LEN), 0, &out, 0, DEFLATE_SYNC);
        struct codec_walk walk = codec_walk(text_span(&out), again, LEN);
        assert_true(walk.whole);
        assert_int_equal(walk.len, LEN);
        assert_memory_equal(again, plain, LEN);
    }
}

/* All tokens of a block are in use, and the last byte is in none yet: within
   256 bytes no three occur twice, so every byte is a token. */
static void test_a_block_may_be_full_with_a_byte_undecided(void **state)
{
    (void)state;
    for (size_t len = DEFLATE_TOKENS - 1; len < DEFLATE_TOKENS + 3; len++) {
        for (size_t i = 0; i < len; i++)
            plain[i] = (uint8_t)(i - i / 256);
        round_trip(8, len, 0, 0);
    }
}

static void window_of(void *bits)
{
    deflate_init(&z, *(unsigned *)bits, 0);
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
        cmocka_unit_test(test_round_trips_at_all_window_sizes),
        cmocka_unit_test(test_round_trips_of_long_input_in_pieces),
        cmocka_unit_test(test_windows_are_used_to_their_last_byte),
        cmocka_unit_test(test_every_size_of_pieces_gives_the_same_bytes),
        cmocka_unit_test(test_every_split_of_input_and_output),
        cmocka_unit_test(test_flushes_in_the_middle),
        cmocka_unit_test(test_a_message_ends_without_the_four_bytes),
        cmocka_unit_test(test_random_bytes_are_stored),
        cmocka_unit_test(test_short_text_is_fixed),
        cmocka_unit_test(test_long_text_is_dynamic),
        cmocka_unit_test(test_no_sample_grows_much),
        cmocka_unit_test(test_a_longer_match_one_byte_later_is_taken),
        cmocka_unit_test(test_a_used_context_is_as_good_as_new),
        cmocka_unit_test(test_the_size_is_only_a_hint),
        cmocka_unit_test(test_a_block_may_be_full_with_a_byte_undecided),
        cmocka_unit_test(test_a_window_of_7_or_16_bits_trips_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
