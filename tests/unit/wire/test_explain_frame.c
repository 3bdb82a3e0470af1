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

/* ---- What was agreed ----------------------------------------------------- */

/* RFC 7692 7.2.3.2: "Hello", and again, for which the first is copied. */
#define HELLO       "\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"
#define HELLO_AGAIN "\xC1\x05\xF2\x00\x11\x00\x00"

static void test_windows_are_kept_unless_it_was_agreed_otherwise(void **state)
{
    (void)state;
    struct span both = BYTES_LITERAL(HELLO HELLO_AGAIN);
    tell(both.ptr, both.len);
    assert_null(explain.wrong.what);
    for (unsigned server = 0; server < 2; server++) {
        begin(state);
        explain.agreed.client_keeps = server == 1;
        explain.agreed.server_keeps = server == 0;
        tell(both.ptr, both.len);
        if (server == 0)
            assert_null(explain.wrong.what);
        else
            assert_string_equal(explain.wrong.what,
                                "a distance beyond the start of the data");
    }
}

/* Bytes that repeat after `distance`, in a binary frame. */
static void tell_repeated(size_t distance)
{
    static struct deflate z;
    static uint8_t plain[2 * 32768], packed[2 * 32768 + 100];
    uint8_t header[FRAME_HEADER_MAX];
    uint32_t state = 1;
    for (size_t i = 0; i < 2 * distance; i++) {
        state = state * 1664525 + 1013904223;
        plain[i] = i < distance ? (uint8_t)(state >> 24) : plain[i - distance];
    }
    struct span in = bytes_span(plain, 2 * distance);
    struct text out = text_over(packed, sizeof packed);
    deflate_init(&z, 15, in.len, DEFLATE_SMALL);
    assert_int_equal(deflate_run(&z, &in, &out, DEFLATE_MESSAGE), DEFLATE_DONE);
    assert_true(out.len < 2 * distance);
    tell(header,
         frame_write(header, FRAME_FIN | FRAME_RSV1 | FRAME_BINARY, out.len));
    tell(packed, out.len);
}

static void test_the_window_is_that_of_who_sends(void **state)
{
    tell_repeated(32768);
    assert_null(explain.wrong.what);
    for (unsigned server = 0; server < 2; server++) {
        begin(state);
        explain.agreed.client_bits = server ? 15 : 10;
        explain.agreed.server_bits = server ? 10 : 15;
        tell_repeated(1025);
        if (server == 0)
            assert_null(explain.wrong.what);
        else
            assert_string_equal(explain.wrong.what,
                                "a distance beyond the agreed window");
    }
}

/* The bit is wrong either way, but why depends on what was agreed. */
static void test_what_is_agreed_counts_from_the_next_message_on(void **state)
{
    (void)state;
    explain.agreed.deflate = EXPLAIN_DEFLATE_UNKNOWN;
    tell((const uint8_t *)"\x41\x00", 2);
    assert_true(told("RSV1 1, RSV2 0, RSV3 0: compressed, if agreed"));
    begin(state);
    explain.agreed.deflate = EXPLAIN_DEFLATE_UNKNOWN;
    tell((const uint8_t *)"\x41\x00", 2);
    explain.agreed.deflate = EXPLAIN_DEFLATE_OFF;
    tell((const uint8_t *)"\xA9\x00", 2);
    assert_string_equal(explain.wrong.what, "a reserved bit is set");
    begin(state);
    explain.agreed.deflate = EXPLAIN_DEFLATE_UNKNOWN;
    tell((const uint8_t *)"\x41\x00", 2);
    explain.agreed.deflate = EXPLAIN_DEFLATE_OFF;
    tell((const uint8_t *)"\xC0\x00", 2);
    assert_string_equal(explain.wrong.section, "7692 6.1");
}

/* ---- Messages that are long, once inflated -------------------------------- */

static struct deflate deflater;
static const uint8_t zeros[1 << 20];

static void pack(struct text *out, const void *ptr, size_t len,
                 enum deflate_flush flush)
{
    struct span in = bytes_span(ptr, len);
    assert_int_not_equal(deflate_run(&deflater, &in, out, flush),
                         DEFLATE_OUTPUT);
}

/* Zeros, so many times 1 MiB, compressed: the bytes written. */
static size_t compress_zeros(uint8_t *out, size_t size, unsigned mebibytes)
{
    struct text text = text_over(out, size);
    deflate_init(&deflater, 15, SIZE_MAX, DEFLATE_SMALL);
    while (mebibytes-- > 0)
        pack(&text, zeros, sizeof zeros,
             mebibytes ? DEFLATE_MORE : DEFLATE_MESSAGE);
    return text.len;
}

/* What stands behind so much is inflated and judged like the rest: the end of
   the message, and the message behind it, with the window of this one. */
static void test_behind_16_mebibytes_it_goes_on(void **state)
{
    static uint8_t packed[1 << 16];
    static const uint8_t bad[] = {0xFF, 0xFF};
    uint8_t header[FRAME_HEADER_MAX];
    for (unsigned wrong = 0; wrong <= 1; wrong++) {
        begin(state);
        size_t len = compress_zeros(packed, sizeof packed, 17);
        tell(header, frame_write(header, FRAME_FIN | FRAME_RSV1 | FRAME_BINARY,
                                 len + wrong * sizeof bad));
        tell(packed, len);
        tell(bad, wrong * sizeof bad);
        assert_true(explain.frame.blocks.inflated == 17 << 20);
        assert_int_equal(explain.wrong.what != NULL, wrong);
        if (wrong)
            continue;
        struct text text = text_over(packed, sizeof packed);
        pack(&text, zeros, 300, DEFLATE_MESSAGE);
        tell(header, frame_write(header, FRAME_FIN | FRAME_RSV1 | FRAME_BINARY,
                                 text.len));
        tell(packed, text.len);
        assert_null(explain.wrong.what);
        assert_true(told("inflated 300"));
    }
}

/* ---- Control frames ------------------------------------------------------ */

/* Nobody acts on the first bytes of one, whatever they say. */
static void test_a_control_frame_is_told_once_it_is_whole(void **state)
{
    (void)state;
    static const uint8_t wire[] = "\x88\x0A\x00\x00"
                                  "12345678";
    tell(wire, 2);
    tell(wire + 2, sizeof wire - 1 - 3);
    assert_int_equal(lines.len, 0);
    assert_null(explain.wrong.what);
    tell(wire + sizeof wire - 2, 1);
    assert_string_equal(explain.wrong.what, fault_rules[FAULT_CLOSE_CODE].what);
}

static void test_and_one_that_is_cut_is_only_unfinished(void **state)
{
    (void)state;
    tell((const uint8_t *)"\x88\x0C\x00\x00"
                          "123456789",
         13);
    lines.len = 0;
    assert_int_equal(explain_end(&explain, &lines), EXPLAIN_UNFINISHED);
    assert_true(told("00 00 31 32 33 34 35 36"));
    assert_true(told("37 38 39"));
    assert_true(told("1 byte of payload to come"));
}

/* ---- Not waiting for a row ----------------------------------------------- */

static void test_a_byte_that_was_acted_on_is_told(void **state)
{
    (void)state;
    tell((const uint8_t *)"\x81\x02H", 3);
    lines.len = 0;
    explain_settle(&explain, &lines);
    assert_true(told("  48                       H"));
    lines.len = 0;
    explain_settle(&explain, &lines);
    assert_int_equal(lines.len, 0);
}

/* The mark is below the byte that holds the length: 125 is the most that the
   second one can. */
static void test_too_big_is_marked_where_the_length_stands(void **state)
{
    static const struct {
        uint8_t header[8];
        size_t len;
        const char *told;
    } trials[] = {
        {{0x82, 0xFD, 0, 0, 0, 0}, 6, "WRONG at byte 1: the message is too"},
        {{0x82, 0xFE, 0, 126, 0, 0, 0, 0},
         8,
         "WRONG at byte 2: the message is"},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        begin(state);
        explain_begin(&explain, true, EXPLAIN_FRAMES);
        explain.frame.limit = 100;
        tell(trials[i].header, trials[i].len);
        assert_int_equal(explain.wrong.answer, 1009);
        assert_true(told(trials[i].told));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(
            test_every_legal_close_code_is_told_with_its_meaning, begin),
        cmocka_unit_test_setup(
            test_windows_are_kept_unless_it_was_agreed_otherwise, begin),
        cmocka_unit_test_setup(test_the_window_is_that_of_who_sends, begin),
        cmocka_unit_test_setup(
            test_what_is_agreed_counts_from_the_next_message_on, begin),
        cmocka_unit_test_setup(test_behind_16_mebibytes_it_goes_on, begin),
        cmocka_unit_test_setup(test_a_control_frame_is_told_once_it_is_whole,
                               begin),
        cmocka_unit_test_setup(test_and_one_that_is_cut_is_only_unfinished,
                               begin),
        cmocka_unit_test_setup(test_too_big_is_marked_where_the_length_stands,
                               begin),
        cmocka_unit_test_setup(test_a_byte_that_was_acted_on_is_told, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
