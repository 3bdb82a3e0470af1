/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/codec.h"

static void test_reverse_turns_every_code_around(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 16; count++) {
        for (unsigned code = 0; code < 1u << count; code++) {
            unsigned expected = 0;
            for (unsigned i = 0; i < count; i++)
                expected |= (code >> i & 1) << (count - 1 - i);
            assert_int_equal(bits_reverse((uint16_t)code, count), expected);
        }
    }
}

/* RFC 1951 3.1.1: bits fill a byte from its lowest end. */
static void test_numbers_begin_at_the_lowest_bit(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xB1, 0x05}; /* 1011 0001, 0000 0101 */
    struct bits_reader r = {bytes, bytes + 2, {0, 0}};
    assert_true(bits_want(&r, 1));
    assert_int_equal(bits_take(&r, 1), 1);
    assert_true(bits_want(&r, 3));
    assert_int_equal(bits_take(&r, 3), 0);
    assert_true(bits_want(&r, 6)); /* across the byte boundary */
    assert_int_equal(bits_take(&r, 6), 0x1B);
    assert_true(bits_want(&r, 6));
    assert_int_equal(bits_take(&r, 6), 1);
    assert_false(bits_want(&r, 1));
}

static void test_want_takes_no_byte_too_many(void **state)
{
    (void)state;
    const uint8_t bytes[8] = {0};
    for (unsigned n = 0; n <= 56; n++) {
        struct bits_reader r = {bytes, bytes + 8, {0, 0}};
        assert_true(bits_want(&r, n));
        assert_int_equal(r.next - bytes, (n + 7) / 8);
    }
}

static void test_want_keeps_what_there_was(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0x34, 0x12};
    struct bits_reader r = {bytes, bytes + 1, {0, 0}};
    assert_false(bits_want(&r, 16));
    r.end = bytes + 2;
    assert_true(bits_want(&r, 16));
    assert_int_equal(bits_take(&r, 16), 0x1234);
}

static void test_align_skips_to_the_next_byte(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xFF, 0x42};
    struct bits_reader r = {bytes, bytes + 2, {0, 0}};
    assert_true(bits_want(&r, 3));
    bits_drop(&r, 3);
    bits_align(&r);
    assert_int_equal(r.bits.count, 0);
    bits_align(&r); /* is there already */
    assert_true(bits_want(&r, 8));
    assert_int_equal(bits_take(&r, 8), 0x42);
}

/* However it fills, it reads the same bits, and gives back whole bytes. */
static void test_fill_reads_as_want_does(void **state)
{
    (void)state;
    struct codec_random random = {1};
    uint8_t bytes[256];
    codec_sample(&random, CODEC_RANDOM, bytes, sizeof bytes);
    for (int turn = 0; turn < 1000; turn++) {
        struct bits_reader slow = {bytes, bytes + sizeof bytes, {0, 0}};
        struct bits_reader fast = slow;
        while (fast.end - fast.next >= BITS_FILL) {
            unsigned left = 56;
            bits_fill(&fast);
            assert_true(fast.bits.count >= 56);
            while (left && codec_below(&random, 4)) {
                unsigned n = 1 + codec_below(&random, left < 16 ? left : 16);
                assert_true(bits_want(&slow, n));
                assert_int_equal(bits_take(&fast, n), bits_take(&slow, n));
                left -= n;
            }
            if (codec_below(&random, 3) == 0) {
                bits_unfill(&fast);
                assert_true(fast.bits.count < 8);
                assert_ptr_equal(fast.next, slow.next);
                assert_int_equal(fast.bits.hold, slow.bits.hold);
                assert_int_equal(fast.bits.count, slow.bits.count);
            }
        }
    }
}

static void test_writer_is_the_reader_backwards_in_any_room(void **state)
{
    (void)state;
    struct codec_random random = {2};
    for (size_t room = 1; room < 20; room++) {
        uint8_t out[512];
        struct codec_stream expected = {.len = 0};
        struct bits_writer w = {out, out, {0, 0}};
        for (int i = 0; i < 100; i++) {
            unsigned n = codec_below(&random, 25);
            uint32_t value = codec_random(&random) & (uint32_t)bits_mask(n);
            codec_put(&expected, value, n);
            bits_put(&w, value, n);
            while (!bits_drain(&w))
                w.end = w.next + room;
            assert_true(w.bits.count < 8);
        }
        bits_pad(&w);
        while (!bits_drain(&w) || w.bits.count)
            w.end = w.next + room;
        codec_align(&expected);
        assert_int_equal(w.next - out, codec_span(&expected).len);
        assert_memory_equal(out, expected.bytes, (size_t)(w.next - out));
    }
}

static void test_drain_stays_within_its_room(void **state)
{
    (void)state;
    for (size_t room = 0; room < 10; room++) {
        uint8_t out[16];
        memset(out, 0xEE, sizeof out);
        struct bits_writer w = {out, out + room, {0, 0}};
        bits_put(&w, 0, 63);
        bool whole = bits_drain(&w);
        assert_int_equal(whole, room >= 7);
        for (size_t i = room; i < sizeof out; i++)
            assert_int_equal(out[i], 0xEE);
    }
}

static void test_words_are_stored_lowest_byte_first(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x08, 0xF7, 0xE6, 0xD5,
                                       0xC4, 0xB3, 0xA2, 0x91};
    uint8_t out[8] = {0};
    bits_store64(out, UINT64_C(0x91A2B3C4D5E6F708));
    assert_memory_equal(out, expected, sizeof out);
    assert_int_equal(bits_load32(out + 1), 0xC4D5E6F7);
    assert_true(bits_load64(out) == UINT64_C(0x91A2B3C4D5E6F708));
}

/* 63 bits are held at most, and all but the last seven are whole bytes. */
static void test_a_full_hold_is_drained_to_the_last_byte(void **state)
{
    (void)state;
    for (size_t room = 7; room < 10; room++) {
        uint8_t out[16] = {0};
        struct bits_writer w = {out, out + room, {0, 0}};
        bits_put(&w, UINT64_C(0x11A2B3C4D5E6F708), 63);
        assert_true(bits_drain(&w));
        assert_int_equal(w.next - out, 7);
        assert_int_equal(w.bits.count, 7);
        assert_int_equal(w.bits.hold, 0x11);
        assert_memory_equal(out, "\x08\xF7\xE6\xD5\xC4\xB3\xA2", 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reverse_turns_every_code_around),
        cmocka_unit_test(test_numbers_begin_at_the_lowest_bit),
        cmocka_unit_test(test_want_takes_no_byte_too_many),
        cmocka_unit_test(test_want_keeps_what_there_was),
        cmocka_unit_test(test_align_skips_to_the_next_byte),
        cmocka_unit_test(test_fill_reads_as_want_does),
        cmocka_unit_test(test_writer_is_the_reader_backwards_in_any_room),
        cmocka_unit_test(test_drain_stays_within_its_room),
        cmocka_unit_test(test_words_are_stored_lowest_byte_first),
        cmocka_unit_test(test_a_full_hold_is_drained_to_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
