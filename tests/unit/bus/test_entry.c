/* SPDX-License-Identifier: MIT */
/* Goal: an entry is read as it was written, on machines of any kind; what is none,
   or no text, is refused, and nothing is read past its end. */
#include "bus/entry.h"
#include "base/text.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static int end(void **state)
{
    (void)state;
    guard_free_all();
    return 0;
}

static uint8_t bytes[ENTRY_HEAD + 16];

static struct span write(uint8_t opcode, const char *sub, const char *name,
                         const char *payload)
{
    struct entry e = {
        .node = UINT64_C(0x0102030405060708),
        .number = entry_number(3, 0x1122334455),
        .record = {.time = UINT64_C(0xA1A2A3A4A5A6A7A8),
                   .opcode = opcode,
                   .uid = "0123456789abcde",
                   .sub = bytes_of(sub),
                   .name = bytes_of(name),
                   .payload = bytes_of(payload)},
    };
    struct text t = text_over(bytes, sizeof bytes);
    entry_write(bytes, &e);
    t.len = ENTRY_HEAD;
    text_string(&t, sub);
    text_string(&t, name);
    text_string(&t, payload);
    assert_false(t.overflow);
    return text_span(&t);
}

static bool reads(struct entry *e, struct span value)
{
    return entry_read(
        e, bytes_span(guard_before(value.ptr, value.len), value.len));
}

static void test_its_bytes_are_these(void **state)
{
    static const uint8_t head[] =
        "\x01\x02\x01\x03\xA1\xA2\xA3\xA4\xA5\xA6\xA7\xA8"
        "\x01\x02\x03\x04\x05\x06\x07\x08\x03\x00\x00\x11\x22\x33\x44\x55"
        "0123456789abcde";
    (void)state;
    assert_int_equal(sizeof head, ENTRY_HEAD);
    struct span s = write(2, "s", "Ann", "hello");
    assert_memory_equal(s.ptr, head, ENTRY_HEAD);
}

static void test_it_is_read_as_it_was_written(void **state)
{
    struct entry e;
    (void)state;
    assert_true(reads(&e, write(1, "s", "Ann", "hello")));
    assert_true(e.node == UINT64_C(0x0102030405060708));
    assert_true(e.number == (UINT64_C(3) << 56 | 0x1122334455));
    assert_true(e.record.time == UINT64_C(0xA1A2A3A4A5A6A7A8));
    assert_int_equal(e.record.opcode, 1);
    assert_int_equal(e.record.kind, RECORD_MESSAGE);
    assert_memory_equal(e.record.uid, "0123456789abcde", 16);
    assert_true(bytes_equal(e.record.sub, BYTES_LITERAL("s")));
    assert_true(bytes_equal(e.record.name, BYTES_LITERAL("Ann")));
    assert_true(bytes_equal(e.record.payload, BYTES_LITERAL("hello")));
    assert_true(reads(&e, write(2, "", "", "")));
    assert_int_equal(e.record.payload.len, 0);
}

static void test_what_is_cut_or_of_another_form_is_none(void **state)
{
    struct entry e;
    (void)state;
    struct span s = write(1, "s", "Ann", "");
    for (size_t len = 0; len < s.len; len++)
        assert_false(reads(&e, bytes_part(s, 0, len)));
    assert_true(reads(&e, s));
    bytes[0] = ENTRY_FORM + 1;
    assert_false(reads(&e, s));
    for (unsigned opcode = 0; opcode < 16; opcode++)
        assert_int_equal(reads(&e, write((uint8_t)opcode, "", "", "x")),
                         opcode == 1 || opcode == 2);
}

static void test_what_is_no_utf_8_is_none_but_binary(void **state)
{
    struct entry e;
    (void)state;
    assert_false(reads(&e, write(1, "\xff", "", "x")));
    assert_false(reads(&e, write(1, "", "\xff", "x")));
    assert_false(reads(&e, write(1, "", "", "\xff")));
    assert_false(reads(&e, write(2, "\xff", "", "x")));
    assert_true(reads(&e, write(2, "", "", "\xff")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, NULL, end)
        ONE(test_its_bytes_are_these),
        ONE(test_it_is_read_as_it_was_written),
        ONE(test_what_is_cut_or_of_another_form_is_none),
        ONE(test_what_is_no_utf_8_is_none_but_binary),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
