/* SPDX-License-Identifier: MIT */
#include "wire/close.h"
#include "vectors/close.h"
#include "support/guard.h"
#include "support/note.h"
#include "support/random.h"
#include "support/unit.h"

static struct note note;

/* ---- Codes --------------------------------------------------------------- */

/* RFC 6455 7.4.2 and the IANA registry, as ranges. The oracle. */
static const struct {
    unsigned from;
    unsigned to;
} legal[] = {
    {1000, 1003}, /* RFC 6455 7.4.1 */
    {1007, 1011}, /* RFC 6455 7.4.1 */
    {1012, 1014}, /* registered since */
    {3000, 3999}, /* registered with IANA by libraries */
    {4000, 4999}, /* private */
};

static void test_each_code_there_is(void **state)
{
    (void)state;
    for (unsigned code = 0; code <= UINT16_MAX; code++) {
        bool expected = false;
        for (size_t i = 0; i < UNIT_COUNT(legal); i++)
            expected |= code >= legal[i].from && code <= legal[i].to;
        note_open(&note, "close_code_legal", "code", code);
        assert_int_equal(close_code_legal(code), expected);
        note_close(&note);
    }
}

static void test_the_codes_that_we_send_are_legal(void **state)
{
    (void)state;
    assert_true(close_code_legal(CLOSE_NORMAL));
    assert_true(close_code_legal(CLOSE_GOING_AWAY));
    assert_true(close_code_legal(CLOSE_PROTOCOL_ERROR));
    assert_true(close_code_legal(CLOSE_UNSUPPORTED));
    assert_true(close_code_legal(CLOSE_BAD_DATA));
    assert_true(close_code_legal(CLOSE_POLICY));
    assert_true(close_code_legal(CLOSE_TOO_BIG));
    assert_true(close_code_legal(CLOSE_INTERNAL));
    assert_true(close_code_legal(CLOSE_TRY_LATER));
    assert_false(close_code_legal(CLOSE_NO_STATUS));
    assert_false(close_code_legal(CLOSE_ABNORMAL));
}

/* ---- Reading ------------------------------------------------------------- */

static void test_vectors_read_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(close_vectors); i++) {
        const struct close_vector *v = &close_vectors[i];
        note_open(&note, v->name, "bytes:", v->len);
        const uint8_t *in = guard_before(v->bytes, v->len);
        unsigned code;
        enum fault fault = close_payload(bytes_span(in, v->len), &code);
        assert_int_equal(fault != FAULT_NONE, v->fault);
        assert_int_equal(fault ? fault_rules[fault].answer : code, v->code);
        guard_free_all();
        note_close(&note);
    }
}

static void test_no_payload_at_all_is_no_status(void **state)
{
    (void)state;
    unsigned code;
    assert_int_equal(close_payload(bytes_span(NULL, 0), &code), FAULT_NONE);
    assert_int_equal(code, CLOSE_NO_STATUS);
}

/* ---- Writing ------------------------------------------------------------- */

/* close_write into a buffer that ends, like the frame, at a guard page. */
static void assert_writes(unsigned code, struct span reason,
                          struct span expected)
{
    uint8_t *out = guard_before(NULL, expected.len);
    const uint8_t *in = guard_before(reason.ptr, reason.len);
    assert_int_equal(close_write(out, code, bytes_span(in, reason.len)),
                     expected.len);
    assert_memory_equal(out, expected.ptr, expected.len);
    guard_free_all();
}

static void test_a_close_frame_is_header_code_and_reason(void **state)
{
    (void)state;
    assert_writes(CLOSE_GOING_AWAY, BYTES_LITERAL("bye"),
                  BYTES_LITERAL("\x88\x05\x03\xE9"
                                "bye"));
    assert_writes(CLOSE_TRY_LATER, bytes_span(NULL, 0),
                  BYTES_LITERAL("\x88\x02\x03\xF5"));
}

static void test_no_status_is_an_empty_payload(void **state)
{
    (void)state;
    assert_writes(CLOSE_NO_STATUS, bytes_span(NULL, 0),
                  BYTES_LITERAL("\x88\x00"));
    assert_writes(CLOSE_NO_STATUS, BYTES_LITERAL("not told"),
                  BYTES_LITERAL("\x88\x00"));
}

/* A reason of `ascii` letters and then one character over and over: after
   writing, what is left of it must end where a character does. */
static void assert_cut(size_t ascii, const char *character, size_t expected)
{
    uint8_t reason[200];
    size_t len = 0;
    while (len < ascii)
        reason[len++] = 'a';
    size_t width = strlen(character);
    for (; len + width <= sizeof reason; len += width)
        memcpy(reason + len, character, width);

    uint8_t *out = guard_before(NULL, 4 + expected);
    size_t frame_len =
        close_write(out, CLOSE_BAD_DATA, bytes_span(reason, len));
    assert_int_equal(frame_len, 4 + expected);
    assert_int_equal(out[1], 2 + expected);
    assert_memory_equal(out + 4, reason, expected);
    guard_free_all();
}

static void test_a_long_reason_is_cut_at_a_characters_end(void **state)
{
    (void)state;
    assert_cut(0, "a", 123);
    assert_cut(122, "\xC3\xBC", 122);
    assert_cut(121, "\xC3\xBC", 123);
    assert_cut(122, "\xE2\x82\xAC", 122);
    assert_cut(121, "\xE2\x82\xAC", 121);
    assert_cut(120, "\xE2\x82\xAC", 123);
    assert_cut(120, "\xF0\x9F\x91\x8B", 120);
    assert_cut(119, "\xF0\x9F\x91\x8B", 123);
}

static void test_the_longest_reason_is_not_cut(void **state)
{
    (void)state;
    uint8_t reason[CLOSE_REASON_MAX];
    memset(reason, 'a', sizeof reason);
    uint8_t *out = guard_before(NULL, CLOSE_FRAME_MAX);
    struct span whole = bytes_span(reason, sizeof reason);
    assert_int_equal(close_write(out, CLOSE_POLICY, whole), CLOSE_FRAME_MAX);
    assert_memory_equal(out + 4, reason, sizeof reason);
    guard_free_all();
}

static void written_is_read_back(struct random *r)
{
    static const char *const characters[] = {"a", "\xC3\xBC", "\xE2\x82\xAC",
                                             "\xF0\x9F\x91\x8B"};
    uint8_t reason[160], out[CLOSE_FRAME_MAX];
    size_t size = random_below(r, sizeof reason), len = 0;
    for (;;) {
        struct span c = bytes_of(characters[random_below(r, 4)]);
        if (len + c.len > size)
            break;
        memcpy(reason + len, c.ptr, c.len);
        len += c.len;
    }
    size_t frame_len = close_write(out, 3000, bytes_span(reason, len));
    unsigned code;
    struct span payload = bytes_span(out + 2, frame_len - 2);
    assert_int_equal(close_payload(payload, &code), FAULT_NONE);
    assert_int_equal(code, 3000);
    if (len <= CLOSE_REASON_MAX)
        assert_int_equal(payload.len, 2 + len);
    else
        assert_in_range(payload.len, 2 + CLOSE_REASON_MAX - 3,
                        2 + CLOSE_REASON_MAX);
    assert_memory_equal(out + 4, reason, payload.len - 2);
}

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    RANDOM_PROPERTY(written_is_read_back, 2000);
}

static void test_a_reason_of_continuations_alone_is_cut_to_nothing(void **state)
{
    (void)state;
    uint8_t reason[CLOSE_REASON_MAX + 1], out[CLOSE_FRAME_MAX];
    memset(reason, 0x80, sizeof reason);
    struct span bad =
        bytes_span(guard_after(reason, sizeof reason), sizeof reason);
    assert_int_equal(close_write(out, CLOSE_POLICY, bad), 4);
    guard_free_all();
}

static void test_a_reason_without_a_character_is_cut_to_nothing(void **state)
{
    (void)state;
    uint8_t reason[CLOSE_REASON_MAX + 1], out[CLOSE_FRAME_MAX];
    memset(reason, 0x80, sizeof reason);
    assert_int_equal(
        close_write(out, CLOSE_POLICY, bytes_span(reason, sizeof reason)), 4);
    reason[0] = 'a';
    assert_int_equal(
        close_write(out, CLOSE_POLICY, bytes_span(reason, sizeof reason)), 4);
    reason[1] = 'b';
    assert_int_equal(
        close_write(out, CLOSE_POLICY, bytes_span(reason, sizeof reason)), 5);
}

static void test_the_codes_have_the_numbers_of_rfc_6455_7_4_1(void **state)
{
    (void)state;
    assert_int_equal(CLOSE_NORMAL, 1000);
    assert_int_equal(CLOSE_GOING_AWAY, 1001);
    assert_int_equal(CLOSE_PROTOCOL_ERROR, 1002);
    assert_int_equal(CLOSE_UNSUPPORTED, 1003);
    assert_int_equal(CLOSE_NO_STATUS, 1005);
    assert_int_equal(CLOSE_ABNORMAL, 1006);
    assert_int_equal(CLOSE_BAD_DATA, 1007);
    assert_int_equal(CLOSE_POLICY, 1008);
    assert_int_equal(CLOSE_TOO_BIG, 1009);
    assert_int_equal(CLOSE_INTERNAL, 1011);
    assert_int_equal(CLOSE_TRY_LATER, 1013);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_code_there_is),
        cmocka_unit_test(test_the_codes_that_we_send_are_legal),
        cmocka_unit_test(test_vectors_read_as_they_say),
        cmocka_unit_test(test_no_payload_at_all_is_no_status),
        cmocka_unit_test(test_a_close_frame_is_header_code_and_reason),
        cmocka_unit_test(test_no_status_is_an_empty_payload),
        cmocka_unit_test(test_a_long_reason_is_cut_at_a_characters_end),
        cmocka_unit_test(test_the_longest_reason_is_not_cut),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(
            test_a_reason_of_continuations_alone_is_cut_to_nothing),
        cmocka_unit_test(test_a_reason_without_a_character_is_cut_to_nothing),
        cmocka_unit_test(test_the_codes_have_the_numbers_of_rfc_6455_7_4_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
