/* SPDX-License-Identifier: MIT */
/*
 * Our codec against zlib, on random and damaged streams.
 *
 *     CODEC_STREAMS=1000000 CODEC_SEED=7 build/test/test_codec_zlib
 *
 * Both decoders must agree on everything: what comes out, to the last byte
 * before a failure; whether the stream ends, fails, or wants more; and how
 * much of the input belongs to it. These are the differences that are meant:
 *
 *   1. zlib takes a code for code lengths that has no code at all, reads a
 *      length of 0 from each bit, and fails when it has them all, because the
 *      end of block has no code. We fail at once. (Seen when the stream ends
 *      before zlib is that far.)
 *   2. zlib measures distances against its window only when the bytes have
 *      left the caller's buffer; we always hold them against what was agreed.
 *      (Looked for in test_windows_that_are_too_small.)
 *   3. zlib does not know messages. RFC 7692 wants more: see permessage.h.
 *      (Looked for in test_ends_of_messages.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zlib.h>

#include "support/codec.h"
#include "support/shadow.h"

#define PLAIN  70000
#define PACKED 90000 /* zlib, told to, makes more of it than it was */
#define OUT    200000

static struct codec_random rng;
static unsigned long streams = 20000; /* a second or two */

static uint8_t plain[PLAIN];
static uint8_t packed[PACKED];
static uint8_t damaged[PACKED];
static uint8_t our_out[OUT];
static uint8_t zlib_out[OUT];

static z_stream unzip; /* raw inflate, reset for each stream */

static int start(void **state)
{
    (void)state;
    if (getenv("CODEC_STREAMS"))
        streams = strtoul(getenv("CODEC_STREAMS"), NULL, 10);
    rng.state =
        getenv("CODEC_SEED") ? strtoul(getenv("CODEC_SEED"), NULL, 10) : 1;
    return inflateInit2(&unzip, -15) == Z_OK ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    inflateEnd(&unzip);
    return 0;
}

/* ---- streams ------------------------------------------------------------- */

static size_t random_len(void)
{
    switch (codec_below(&rng, 16)) {
    case 0: return codec_below(&rng, PLAIN);
    case 1: return codec_below(&rng, 10);
    default: return codec_below(&rng, 1500);
    }
}

static size_t random_plain(void)
{
    size_t len = random_len();
    codec_sample(&rng, (enum codec_kind)codec_below(&rng, CODEC_KINDS), plain,
                 len);
    return len;
}

/* `plain` as zlib packs it, with random settings and flushes in between. */
static size_t zlib_pack(size_t len, int window_bits)
{
    z_stream zip = {0};
    int level = (int)codec_below(&rng, 10);
    int strategy = (int)codec_below(&rng, 5);
    assert_int_equal(deflateInit2(&zip, level, Z_DEFLATED, -window_bits,
                                  1 + (int)codec_below(&rng, 9), strategy),
                     Z_OK);
    zip.next_in = plain;
    zip.next_out = packed;
    zip.avail_out = PACKED;
    while (codec_below(&rng, 3) == 0) {
        static const int flushes[] = {Z_SYNC_FLUSH, Z_PARTIAL_FLUSH,
                                      Z_FULL_FLUSH, Z_BLOCK};
        size_t done = (size_t)(zip.next_in - plain);
        zip.avail_in = codec_below(&rng, (uint32_t)(len - done) / 4 + 1);
        deflate(&zip, flushes[codec_below(&rng, 4)]);
    }
    zip.avail_in = (uInt)(len - (size_t)(zip.next_in - plain));
    int result = deflate(&zip, codec_below(&rng, 2) ? Z_FINISH : Z_SYNC_FLUSH);
    /* BUF_ERROR: flushed already. */
    assert_true(result == Z_STREAM_END || result == Z_OK ||
                result == Z_BUF_ERROR);
    assert_true(zip.avail_out > 0);
    len = zip.total_out;
    deflateEnd(&zip);
    shadow_written(packed, len);
    return len;
}

static size_t our_pack(size_t len, unsigned window_bits)
{
    static struct deflate z;
    struct text out = text_over(packed, PACKED);
    deflate_init(&z, window_bits, len,
                 codec_below(&rng, 2) ? DEFLATE_FAST : DEFLATE_SMALL);
    codec_deflate(&z, bytes_span(plain, len), codec_below(&rng, 5000), &out,
                  codec_below(&rng, 5000), DEFLATE_SYNC);
    return out.len;
}

/* A few bits turned, bytes changed, put in, taken out; or cut short. */
static size_t damage(size_t len)
{
    memcpy(damaged, packed, len);
    for (uint32_t n = codec_below(&rng, 4); n && len; n--) {
        size_t at = codec_below(&rng, (uint32_t)len);
        if (codec_below(&rng, 2)) /* more often where the codes are */
            at = bytes_min(at, codec_below(&rng, 100));
        switch (codec_below(&rng, 5)) {
        case 0: damaged[at] = (uint8_t)codec_random(&rng); break;
        case 1:
            memmove(damaged + at, damaged + at + 1, len - at - 1);
            len--;
            break;
        case 2:
            if (len == PACKED)
                break;
            memmove(damaged + at + 1, damaged + at, len - at);
            len++;
            break;
        case 3:
            if (codec_below(&rng, 4) == 0)
                len = at;
            break;
        default: damaged[at] ^= (uint8_t)(1u << codec_below(&rng, 8)); break;
        }
    }
    return len;
}

/* Bytes that begin as some block, and are random from there. */
static size_t random_stream(void)
{
    size_t len = codec_below(&rng, 300);
    codec_sample(&rng, CODEC_RANDOM, damaged, len);
    if (len) {
        damaged[0] =
            (uint8_t)((damaged[0] & ~6u) | (codec_below(&rng, 3) << 1));
        if (codec_below(&rng, 2)) /* few enough literals and distances */
            damaged[0] &= 0x87;
    }
    return len;
}

/* ---- comparing ----------------------------------------------------------- */

struct outcome {
    enum inflate_status status;
    size_t taken;                 /* bytes of input, when it ended */
    size_t len;                   /* bytes of output */
    enum inflate_failure failure; /* ours only */
};

static struct outcome zlib_inflate(struct span in)
{
    static uint8_t nothing;
    struct outcome o = {.status = INFLATE_FAILED};
    inflateReset(&unzip);
    unzip.next_in = in.len ? (Bytef *)(uintptr_t)in.ptr : &nothing;
    unzip.avail_in = (uInt)in.len;
    unzip.next_out = zlib_out;
    unzip.avail_out = OUT;
    int result = inflate(&unzip, Z_SYNC_FLUSH);
    if (result == Z_STREAM_END)
        o.status = INFLATE_END;
    else if (unzip.avail_out == 0)
        o.status = INFLATE_OUTPUT;
    else if (result == Z_OK || result == Z_BUF_ERROR)
        o.status = INFLATE_INPUT;
    o.taken = unzip.total_in;
    o.len = unzip.total_out;
    shadow_written(zlib_out, o.len);
    return o;
}

static struct outcome our_inflate(struct span in, unsigned window_bits)
{
    static struct inflate z;
    struct text out = text_over(our_out, OUT);
    struct outcome o;
    inflate_init(&z, window_bits);
    if (codec_below(&rng, 2)) {
        unsigned blocks = UINT32_MAX;
        struct span left = in;
        o.status = inflate_run(&z, &left, &out, &blocks);
        o.taken = in.len - left.len;
    } else {
        uint32_t most = 1 + codec_below(&rng, codec_below(&rng, 2) ? 9 : 2000);
        o.status = codec_inflate(&z, in, codec_below(&rng, most), &out,
                                 codec_below(&rng, most));
        o.taken = SIZE_MAX; /* not told */
    }
    o.len = out.len;
    o.failure = (enum inflate_failure)z.failure;
    return o;
}

static void compare(struct span in)
{
    struct outcome theirs = zlib_inflate(in);
    struct outcome ours = our_inflate(in, 15);
    if (theirs.status == INFLATE_OUTPUT) { /* cut at OUT bytes */
        assert_int_equal(ours.len, theirs.len);
        assert_memory_equal(our_out, zlib_out, ours.len);
        return;
    }
    if (ours.failure == INFLATE_LENGTHS_CODE)
        ours.status = theirs.status; /* difference 1: not INFLATE_END */
    assert_int_equal(ours.status, theirs.status);
    assert_int_equal(ours.len, theirs.len);
    assert_memory_equal(our_out, zlib_out, ours.len);
    if (ours.failure == INFLATE_LENGTHS_CODE)
        assert_int_not_equal(theirs.status, INFLATE_END);
    if (ours.status == INFLATE_END && ours.taken != SIZE_MAX)
        assert_int_equal(ours.taken, theirs.taken);
}

/* ---- the tests ----------------------------------------------------------- */

static void test_decoders_agree_on_random_and_damaged_streams(void **state)
{
    (void)state;
    size_t len = 0;
    for (unsigned long i = 0; i < streams; i++) {
        if (codec_below(&rng, 8) == 0) {
            compare(bytes_span(damaged, random_stream()));
            continue;
        }
        if (i == 0 || codec_below(&rng, 16) == 0) {
            size_t plain_len = random_plain();
            len = zlib_pack(plain_len, 9 + (int)codec_below(&rng, 7));
            compare(bytes_span(packed, len));
        }
        compare(bytes_span(damaged, damage(len)));
    }
}

/* zlib with the same window, and little room at a time, so that it really
   has no more than that window. */
static void test_zlib_reads_what_we_write_at_all_window_sizes(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < streams / 20 + 8; i++) {
        unsigned bits = 8 + (unsigned)(i % 8);
        size_t len = random_plain();
        size_t packed_len = our_pack(len, bits);
        assert_int_equal(inflateReset2(&unzip, -(int)bits), Z_OK);
        unzip.next_in = packed;
        unzip.avail_in = (uInt)packed_len;
        unzip.next_out = zlib_out;
        size_t room = 1 + codec_below(&rng, 200);
        do {
            unzip.avail_out = (uInt)room;
            int result = inflate(&unzip, Z_SYNC_FLUSH);
            assert_true(result == Z_OK || result == Z_BUF_ERROR);
        } while (unzip.avail_out == 0 && unzip.total_out <= len);
        assert_int_equal(unzip.avail_in, 0);
        assert_int_equal(unzip.total_out, len);
        shadow_written(zlib_out, len);
        assert_memory_equal(zlib_out, plain, len);
        assert_true(
            codec_walk(bytes_span(packed, packed_len), our_out, OUT).far <=
            1u << bits);
    }
    assert_int_equal(inflateReset2(&unzip, -15), Z_OK);
}

/* Difference 2, and the other direction: we read what zlib writes for a
   window, and refuse exactly what goes beyond a smaller one. */
static void test_windows_that_are_too_small(void **state)
{
    (void)state;
    for (unsigned long i = 0; i < streams / 20 + 8; i++) {
        size_t len = random_plain();
        size_t packed_len = zlib_pack(len, 9 + (int)(i % 7));
        struct span in = bytes_span(packed, packed_len);
        size_t far = codec_walk(in, zlib_out, OUT).far;
        for (unsigned bits = 8; bits <= 15; bits++) {
            struct outcome o = our_inflate(in, bits);
            if (far <= 1u << bits) {
                assert_int_not_equal(o.status, INFLATE_FAILED);
                assert_int_equal(o.len, len);
                assert_memory_equal(our_out, plain, len);
            } else {
                assert_int_equal(o.status, INFLATE_FAILED);
                assert_int_equal(o.failure, INFLATE_BEYOND_WINDOW);
            }
        }
    }
}

/* Difference 3: what we call a whole message zlib reads to the end, too, with
   the four bytes appended. The other way round it need not be. */
static void test_ends_of_messages(void **state)
{
    (void)state;
    static struct permessage_reader reader;
    size_t len = 0;
    unsigned long whole = 0;
    for (unsigned long i = 0; i < streams / 4 + 8; i++) {
        if (i % 16 == 0) {
            len = zlib_pack(random_plain(), 15);
            if (len >= 4 &&
                memcmp(packed + len - 4, "\x00\x00\xFF\xFF", 4) == 0)
                len -= 4;
        }
        size_t cut = damage(len);
        struct span in = bytes_span(damaged, cut);
        struct text out = text_over(our_out, OUT);
        unsigned blocks = UINT32_MAX;
        permessage_begin(&reader, 15);
        enum inflate_status status =
            permessage_read(&reader, &in, &out, &blocks);
        if (status != INFLATE_INPUT || !permessage_whole(&reader) || cut == 0)
            continue;
        if (cut + 4 > PACKED)
            continue;
        memcpy(damaged + cut, "\x00\x00\xFF\xFF", 4);
        struct outcome theirs = zlib_inflate(bytes_span(damaged, cut + 4));
        if (theirs.status == INFLATE_END)
            continue; /* zlib stops at a final block */
        assert_int_equal(theirs.status, INFLATE_INPUT);
        assert_int_equal(unzip.avail_in, 0);
        assert_int_equal(theirs.len, out.len);
        assert_memory_equal(zlib_out, our_out, out.len);
        whole++;
    }
    print_message("%lu messages were whole\n", whole);
}

/* Than its level 1, of text. (What is shorter comes out the same, about.) */
static void test_in_a_hurry_we_write_less_than_zlib_does(void **state)
{
    (void)state;
    static struct deflate z;
    static uint8_t zlib_packed[PACKED];
    z_stream zip = {0};
    assert_int_equal(deflateInit2(&zip, 1, Z_DEFLATED, -15, 8, 0), Z_OK);
    for (enum codec_kind kind = CODEC_CHAT; kind <= CODEC_HTML; kind++) {
        for (size_t len = 256; len <= 65536; len *= 4) {
            size_t ours = 0, theirs = 0;
            for (int i = 0; i < 32; i++) {
                codec_sample(&rng, kind, plain, len);
                struct text out = text_over(packed, PACKED);
                deflate_init(&z, 15, len, DEFLATE_FAST);
                codec_deflate(&z, bytes_span(plain, len), 0, &out, 0,
                              DEFLATE_SYNC);
                ours += out.len;
                deflateReset(&zip);
                zip.next_in = plain;
                zip.avail_in = (uInt)len;
                zip.next_out = zlib_packed;
                zip.avail_out = PACKED;
                assert_int_equal(deflate(&zip, Z_SYNC_FLUSH), Z_OK);
                theirs += zip.total_out;
            }
            assert_in_range(ours, 1, theirs);
        }
    }
    deflateEnd(&zip);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decoders_agree_on_random_and_damaged_streams),
        cmocka_unit_test(test_zlib_reads_what_we_write_at_all_window_sizes),
        cmocka_unit_test(test_windows_that_are_too_small),
        cmocka_unit_test(test_ends_of_messages),
        cmocka_unit_test(test_in_a_hurry_we_write_less_than_zlib_does),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
