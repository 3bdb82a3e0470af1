/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/codec.h"

#define OUT 100000

static struct permessage_reader reader;
static uint8_t out_bytes[OUT];

/* Read a payload in pieces of `step` (0: at once). */
static enum inflate_status read_all(struct span payload, size_t step,
                                    struct text *out)
{
    enum inflate_status status = INFLATE_INPUT;
    size_t at = 0;
    permessage_begin(&reader, 15);
    do {
        size_t n = bytes_min(step ? step : payload.len, payload.len - at);
        struct span in = bytes_part(payload, at, n);
        do {
            unsigned blocks = 3;
            status = permessage_read(&reader, &in, out, &blocks);
        } while (status == INFLATE_PAUSED);
        at += n - in.len;
    } while (status == INFLATE_INPUT && at < payload.len);
    return status;
}

static void check_message(struct span payload, struct span expected)
{
    for (size_t step = 0; step <= payload.len; step++) {
        struct text out = text_over(out_bytes, OUT);
        assert_int_equal(read_all(payload, step, &out), INFLATE_INPUT);
        assert_true(permessage_whole(&reader));
        assert_true(bytes_equal(text_span(&out), expected));
    }
}

/* A payload that reads without a failure, but is not whole. */
static void check_cut(struct span payload)
{
    for (size_t step = 0; step <= payload.len; step++) {
        struct text out = text_over(out_bytes, OUT);
        assert_int_equal(read_all(payload, step, &out), INFLATE_INPUT);
        assert_false(permessage_whole(&reader));
    }
}

/* ---- the examples of RFC 7692 7.2.3 -------------------------------------- */

static const struct {
    const char *section;
    struct span payload;
} hellos[] = {
    {"7.2.3.1 one fixed block",
     {(const uint8_t *)"\xF2\x48\xCD\xC9\xC9\x07\x00", 7}},
    {"7.2.3.3 no compression",
     {(const uint8_t *)"\x00\x05\x00\xFA\xFF\x48\x65\x6C\x6C\x6F\x00", 11}},
    {"7.2.3.4 BFINAL set",
     {(const uint8_t *)"\xF3\x48\xCD\xC9\xC9\x07\x00\x00", 8}},
    {"7.2.3.5 two blocks",
     {(const uint8_t *)"\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00",
      13}},
};
#define HELLOS (sizeof hellos / sizeof hellos[0])

static void test_examples_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < HELLOS; i++)
        check_message(hellos[i].payload, BYTES_LITERAL("Hello"));
}

/* 7.2.3.2: the second message copies from the first. With takeover it would
   be "Hello"; we always agree that there is none, so it is an error. */
static void test_the_window_is_not_shared_between_messages(void **state)
{
    (void)state;
    struct span second = BYTES_LITERAL("\xF2\x00\x11\x00\x00");
    struct text out = text_over(out_bytes, OUT);
    assert_int_equal(read_all(hellos[0].payload, 0, &out), INFLATE_INPUT);
    struct span tail = BYTES_LITERAL("\x00\x00\xFF\xFF"), in = second;
    unsigned blocks = 9;
    permessage_read(&reader, &tail, &out, &blocks);
    permessage_read(&reader, &in, &out, &blocks);
    assert_true(permessage_whole(&reader));
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("HelloHello")));

    out = text_over(out_bytes, OUT);
    assert_int_equal(read_all(second, 0, &out), INFLATE_FAILED);
    assert_false(permessage_whole(&reader));
    assert_int_equal(reader.inflate.failure, INFLATE_BEFORE_START);
}

static void test_the_empty_message(void **state)
{
    (void)state;
    check_message(BYTES_LITERAL("\x00"), BYTES_LITERAL(""));     /* 7.2.3.6 */
    check_message(BYTES_LITERAL("\x02\x00"), BYTES_LITERAL("")); /* as zlib */
}

/* Decided so: see permessage.h. */
static void test_no_payload_at_all_is_the_empty_message(void **state)
{
    (void)state;
    check_message(BYTES_LITERAL(""), BYTES_LITERAL(""));
    /* And the next message is not touched by it. */
    check_message(hellos[0].payload, BYTES_LITERAL("Hello"));
}

static void test_first_example_is_what_we_make(void **state)
{
    (void)state;
    static struct deflate z;
    struct text out = text_over(out_bytes, OUT);
    struct span in = BYTES_LITERAL("Hello");
    deflate_init(&z, 15, 5, DEFLATE_SMALL);
    assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MESSAGE), DEFLATE_DONE);
    assert_true(bytes_equal(text_span(&out), hellos[0].payload));
    out = text_over(out_bytes, OUT);
    deflate_init(&z, 15, 0, DEFLATE_SMALL);
    assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MESSAGE), DEFLATE_DONE);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("\x00")));
}

/* ---- the end ------------------------------------------------------------- */

static void test_a_message_cut_short_is_not_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < HELLOS; i++) {
        struct span payload = hellos[i].payload;
        for (size_t cut = 1; cut < payload.len; cut++) {
            struct text out = text_over(out_bytes, OUT);
            assert_int_equal(read_all(bytes_part(payload, 0, cut), 0, &out),
                             INFLATE_INPUT);
            /* Two of them hold an empty stored block further in: what comes
               before that is a message of its own. */
            bool message = (i == 1 && cut == 1) || (i == 3 && cut == 4);
            assert_int_equal(permessage_whole(&reader), message);
        }
    }
}

/* Four bytes of data are missing. Had 00 00 FF FF been appended, they would
   be taken for data, and the block would end where the message does. */
static void test_a_cut_stored_block_does_not_leak_the_tail(void **state)
{
    (void)state;
    struct span payload = BYTES_LITERAL("\x00\x05\x00\xFA\xFFH");
    check_cut(payload);
    struct text out = text_over(out_bytes, OUT);
    read_all(payload, 0, &out);
    assert_true(bytes_equal(text_span(&out), BYTES_LITERAL("H")));
}

/* A code in which 00 00 FF FF are literals and an end of block: the first bit
   completes an 'a' (00), then seven more, a 'b' (01), and fifteen ones. With
   the tail appended it would end at a block boundary. */
static void test_a_code_cannot_swallow_the_tail(void **state)
{
    (void)state;
    struct codec_stream s = {.len = 0};
    uint8_t literals[257] = {['a'] = 2, ['b'] = 2, ['c'] = 2};
    const uint8_t distances[1] = {0};
    for (unsigned i = 0; i < 12; i++)
        literals['d' + i] = (uint8_t)(i + 3);
    literals['z'] = 15;
    literals[256] = 15;
    codec_put_dynamic(&s, false, literals, 257, distances, 1);
    if (s.len % 2 == 0)
        codec_put_code(&s, "110"); /* 'd' */
    codec_align(&s);
    check_cut(codec_span(&s));

    codec_put(&s, 0xFFFF0000, 32);
    struct codec_walk walk = codec_walk(codec_span(&s), out_bytes, OUT);
    assert_true(walk.whole);
    assert_int_equal(out_bytes[walk.len - 1], 'b');
}

static void test_the_tail_must_not_be_sent(void **state)
{
    (void)state;
    check_cut(BYTES_LITERAL("\xF2\x48\xCD\xC9\xC9\x07\x00\x00\x00\xFF\xFF"));
}

/* 7.2.3.4 without the byte that 7.2.1 has appended to a final block. */
static void test_a_final_block_alone_is_not_whole(void **state)
{
    (void)state;
    check_cut(BYTES_LITERAL("\xF3\x48\xCD\xC9\xC9\x07\x00"));
}

static void test_blocks_go_on_after_a_final_one(void **state)
{
    (void)state;
    check_message(BYTES_LITERAL("\xF3\x48\xCD\xC9\xC9\x07\x00" /* final */
                                "\xF3\x00\x11\x00" /* final, copies it */
                                "\x00"),
                  BYTES_LITERAL("HelloHello"));
}

static void test_final_blocks_count_as_work(void **state)
{
    (void)state;
    uint8_t payload[200];
    for (size_t i = 0; i < sizeof payload; i += 2)
        memcpy(payload + i, "\x03\x00", 2); /* empty, final */
    struct span in = bytes_span(payload, sizeof payload);
    struct text out = text_over(out_bytes, OUT);
    unsigned blocks = 10;
    permessage_begin(&reader, 15);
    assert_int_equal(permessage_read(&reader, &in, &out, &blocks),
                     INFLATE_PAUSED);
    assert_int_equal(blocks, 0);
    assert_in_range(sizeof payload - in.len, 20, 21);
}

/* ---- compressing --------------------------------------------------------- */

static void test_compress_only_when_it_gains(void **state)
{
    (void)state;
    static struct deflate z;
    static uint8_t plain[5000];
    struct codec_random random = {1};
    for (unsigned kind = 0; kind < CODEC_KINDS; kind++) {
        for (size_t len = 0; len < sizeof plain; len += 1 + len / 5) {
            uint8_t packed[5000];
            struct span message = bytes_span(plain, len);
            struct text out = text_over(packed, sizeof packed);
            codec_sample(&random, (enum codec_kind)kind, plain, len);
            text_string(&out, "header"); /* is left alone */
            bool gained =
                permessage_compress(&z, 15, message, DEFLATE_SMALL, &out);
            assert_memory_equal(packed, "header", 6);
            assert_int_equal(out.size, sizeof packed);
            if (!gained) {
                assert_int_equal(out.len, 6);
                assert_true(kind == CODEC_RANDOM || len < 80);
                continue;
            }
            assert_true(out.len - 6 < len);
            check_message(bytes_part(text_span(&out), 6, out.len - 6), message);
        }
    }
}

static void test_compress_stays_within_its_room(void **state)
{
    (void)state;
    static struct deflate z;
    uint8_t plain[1000] = {0}, packed[1000];
    for (size_t room = 0; room < 20; room++) {
        memset(packed, 0xEE, sizeof packed);
        struct text out = text_over(packed, room);
        bool fits = permessage_compress(&z, 15, bytes_span(plain, 1000),
                                        DEFLATE_SMALL, &out);
        assert_true(out.len <= room);
        assert_true(fits || out.len == 0);
        assert_int_equal(out.size, room);
        for (size_t i = room; i < sizeof packed; i++)
            assert_int_equal(packed[i], 0xEE);
        if (room == 19)
            assert_true(fits);
    }
}

static void test_what_is_there_already_takes_of_the_room(void **state)
{
    (void)state;
    static struct deflate z;
    struct codec_random random = {3};
    uint8_t plain[120], packed[400];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)('0' + codec_below(&random, 10));
    for (size_t used = 0; used <= 80; used += 20) {
        memset(packed, 0xEE, sizeof packed);
        struct text out = text_over(packed, 80);
        out.len = used;
        bool fits = permessage_compress(&z, 15, bytes_span(plain, 120),
                                        DEFLATE_SMALL, &out);
        assert_int_equal(fits, used == 0); /* ten digits are 3.3 bits each */
        for (size_t i = 80; i < sizeof packed; i++)
            assert_int_equal(packed[i], 0xEE);
    }
}

/* ---- context takeover (7.2.3.2) ------------------------------------------ */

/* The payload of the next message, the window kept. */
static void go_on_with(struct span payload, struct span expected)
{
    for (size_t cut = 0; cut <= payload.len; cut++) {
        static struct permessage_reader before;
        struct text out = text_over(out_bytes, OUT);
        unsigned blocks = 9;
        before = reader;
        permessage_go_on(&reader);
        struct span a = bytes_part(payload, 0, cut);
        struct span b = bytes_after(payload, cut);
        assert_int_equal(permessage_read(&reader, &a, &out, &blocks),
                         INFLATE_INPUT);
        assert_int_equal(permessage_read(&reader, &b, &out, &blocks),
                         INFLATE_INPUT);
        assert_true(permessage_whole(&reader));
        assert_true(bytes_equal(text_span(&out), expected));
        if (cut < payload.len)
            reader = before;
    }
}

static void test_a_window_is_taken_over(void **state)
{
    (void)state;
    check_message(BYTES_LITERAL("\xF2\x48\xCD\xC9\xC9\x07\x00"),
                  BYTES_LITERAL("Hello"));
    /* 7.2.3.2: the second Hello refers to the first. */
    go_on_with(BYTES_LITERAL("\xF2\x00\x11\x00\x00"), BYTES_LITERAL("Hello"));
    go_on_with(BYTES_LITERAL("\xF2\x00\x11\x00\x00"), BYTES_LITERAL("Hello"));
    /* An empty message, no byte at all, leaves the window as it is. */
    go_on_with(BYTES_LITERAL(""), BYTES_LITERAL(""));
    go_on_with(BYTES_LITERAL("\xF2\x00\x11\x00\x00"), BYTES_LITERAL("Hello"));
    /* And so does one that ends with a final block (7.2.3.4). */
    go_on_with(BYTES_LITERAL("\xF3\x48\xCD\xC9\xC9\x07\x00\x00"),
               BYTES_LITERAL("Hello"));
    go_on_with(BYTES_LITERAL("\xF2\x00\x11\x00\x00"), BYTES_LITERAL("Hello"));
}

static void test_a_writer_that_is_not_begun_anew_refers_back(void **state)
{
    (void)state;
    static struct deflate z;
    uint8_t bytes[64];
    deflate_init(&z, 15, SIZE_MAX, DEFLATE_SMALL);
    for (int i = 0; i < 2; i++) {
        struct span in = BYTES_LITERAL("Hello");
        struct text out = text_over(bytes, sizeof bytes);
        assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MESSAGE),
                         DEFLATE_DONE);
        if (i == 0)
            check_message(text_span(&out), BYTES_LITERAL("Hello"));
        else
            go_on_with(text_span(&out), BYTES_LITERAL("Hello"));
        if (i == 1)
            assert_true(out.len < 7); /* and is shorter for it */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_the_rfc),
        cmocka_unit_test(test_the_window_is_not_shared_between_messages),
        cmocka_unit_test(test_the_empty_message),
        cmocka_unit_test(test_no_payload_at_all_is_the_empty_message),
        cmocka_unit_test(test_first_example_is_what_we_make),
        cmocka_unit_test(test_a_message_cut_short_is_not_whole),
        cmocka_unit_test(test_a_cut_stored_block_does_not_leak_the_tail),
        cmocka_unit_test(test_a_code_cannot_swallow_the_tail),
        cmocka_unit_test(test_the_tail_must_not_be_sent),
        cmocka_unit_test(test_a_final_block_alone_is_not_whole),
        cmocka_unit_test(test_blocks_go_on_after_a_final_one),
        cmocka_unit_test(test_final_blocks_count_as_work),
        cmocka_unit_test(test_compress_only_when_it_gains),
        cmocka_unit_test(test_compress_stays_within_its_room),
        cmocka_unit_test(test_what_is_there_already_takes_of_the_room),
        cmocka_unit_test(test_a_window_is_taken_over),
        cmocka_unit_test(test_a_writer_that_is_not_begun_anew_refers_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
