/* SPDX-License-Identifier: MIT */
/*
 * Goal: what frames may hold beside what tests/vectors/explain shows.
 */
#include "support/unit.h"
#include "wire/close.h"
#include "wire/deflate.h"
#include "wire/explain.h"

static struct explain explain;
static uint8_t bytes[65536];
static struct text lines;

static int begin(void **state)
{
    (void)state;
    explain_begin(&explain, false, EXPLAIN_FRAMES);
    explain.agreed.deflate = EXPLAIN_DEFLATE_ON;
    lines = text_over(bytes, sizeof bytes);
    return 0;
}

static void tell(const uint8_t *ptr, size_t len)
{
    struct span in = bytes_span(ptr, len);
    bool more;
    do {
        lines.len = 0;
        more = explain_run(&explain, &in, &lines);
    } while (more);
    assert_int_equal(in.len, 0);
    assert_false(lines.overflow);
}

static bool told(const char *words)
{
    struct span all = text_span(&lines);
    struct span wanted = bytes_of(words);
    for (size_t i = 0; i + wanted.len <= all.len; i++)
        if (bytes_equal(bytes_part(all, i, wanted.len), wanted))
            return true;
    return false;
}

/* RFC 6455 7.4.1 and 7.4.2, and the IANA registry. */
static void test_every_legal_close_code_is_told_with_its_meaning(void **state)
{
    static const struct {
        unsigned code;
        const char *told;
    } codes[] = {
        {1000, "= close 1000: normal closure"},
        {1001, "= close 1001: going away"},
        {1002, "= close 1002: protocol error"},
        {1003, "= close 1003: a kind of data it cannot accept"},
        {1007, "= close 1007: data that does not fit the message's type"},
        {1008, "= close 1008: against the server's policy"},
        {1009, "= close 1009: message too big"},
        {1010, "= close 1010: an extension is missing"},
        {1011, "= close 1011: unexpected condition"},
        {1012, "= close 1012: service restart"},
        {1013, "= close 1013: try again later"},
        {1014, "= close 1014: bad gateway"},
        {3000, "= close 3000: registered with IANA"},
        {3999, "= close 3999: registered with IANA"},
        {4000, "= close 4000: private use"},
        {4999, "= close 4999: private use"},
    };
    for (size_t i = 0; i < UNIT_COUNT(codes); i++) {
        uint8_t frame[CLOSE_FRAME_MAX];
        begin(state);
        tell(frame, close_write(frame, codes[i].code, bytes_span(NULL, 0)));
        assert_true(told(codes[i].told));
        assert_null(explain.wrong.what);
    }
}

/* ---- More than is inflated ----------------------------------------------- */

/* Zeros, so many times 1 MiB, compressed: the bytes written. */
static size_t compress_zeros(uint8_t *out, size_t size, unsigned mebibytes)
{
    static struct deflate z;
    static const uint8_t zeros[1 << 20];
    struct text text = text_over(out, size);
    deflate_init(&z, 15, SIZE_MAX);
    while (mebibytes-- > 0) {
        struct span in = bytes_span(zeros, sizeof zeros);
        assert_int_not_equal(
            deflate_run(&z, &in, &text,
                        mebibytes ? DEFLATE_MORE : DEFLATE_MESSAGE),
            DEFLATE_OUTPUT);
    }
    return text.len;
}

/* What stands behind the first 16 MiB is neither inflated nor judged, not even
   bytes that no inflater takes, and an end that is none. */
static void test_after_16_mebibytes_nothing_is_inflated(void **state)
{
    (void)state;
    static uint8_t packed[1 << 16];
    static const uint8_t bad[] = {0xFF, 0xFF, 0xFF};
    uint8_t header[FRAME_HEADER_MAX];
    assert_int_equal(EXPLAIN_BLOCKS_MOST, 16 << 20);
    size_t len = compress_zeros(packed, sizeof packed, 17);
    size_t header_len = frame_write(
        header, FRAME_FIN | FRAME_RSV1 | FRAME_BINARY, len + sizeof bad);
    tell(header, header_len);
    tell(packed, len);
    tell(bad, sizeof bad);
    assert_null(explain.wrong.what);
    assert_in_range(explain.frame.blocks.inflated, 16 << 20, (16 << 20) + 8192);
    assert_true(told("= a binary message of"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            test_every_legal_close_code_is_told_with_its_meaning, begin),
        cmocka_unit_test_setup(test_after_16_mebibytes_nothing_is_inflated,
                               begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
