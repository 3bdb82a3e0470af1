/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

#include <inttypes.h>
#include <stdio.h>

static void assert_text(const struct text *t, const char *expected)
{
    struct span s = text_span(t);
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.ptr, expected, s.len);
}

static void test_pieces_follow_each_other(void **state)
{
    (void)state;
    struct text t = text_over(guard_before(NULL, 20), 20);
    text_string(&t, "HTTP");
    text_byte(&t, '/');
    text_decimal(&t, 11);
    text_put(&t, BYTES_LITERAL(": "));
    text_hex(&t, 0xBEEF, 0);
    assert_text(&t, "HTTP/11: beef");
    assert_false(t.overflow);
    guard_free_all();
}

static void test_the_buffer_can_be_filled_to_the_last_byte(void **state)
{
    (void)state;
    struct text t = text_over(guard_before(NULL, 3), 3);
    text_string(&t, "ab");
    text_byte(&t, 'c');
    text_put(&t, (struct span){0});
    assert_text(&t, "abc");
    assert_false(t.overflow);
    guard_free_all();
}

static void test_a_piece_that_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    struct text t = text_over(guard_before(NULL, 3), 3);
    text_string(&t, "ab");
    text_string(&t, "cd");
    assert_text(&t, "ab");
    assert_true(t.overflow);
    text_byte(&t, 'e'); /* fits, and does not hide that something is missing */
    assert_text(&t, "abe");
    assert_true(t.overflow);
    guard_free_all();
}

static void test_an_empty_buffer_takes_nothing(void **state)
{
    (void)state;
    struct text t = text_over(NULL, 0);
    text_string(&t, "");
    assert_false(t.overflow);
    text_byte(&t, 'a');
    assert_true(t.overflow);
    assert_int_equal(t.len, 0);
}

/* printf is the oracle. */
static void numbers_are_as_printf_writes_them(struct random *r)
{
    /* Shifted, so that every length comes up. */
    uint64_t value = random_next(r) >> random_below(r, 64);
    unsigned digits = (unsigned)random_below(r, 17);
    uint8_t buffer[40];
    char expected[40];

    struct text t = text_over(buffer, sizeof buffer);
    text_decimal(&t, value);
    snprintf(expected, sizeof expected, "%" PRIu64, value);
    assert_text(&t, expected);

    t = text_over(buffer, sizeof buffer);
    text_hex(&t, value, digits);
    snprintf(expected, sizeof expected, "%0*" PRIx64, (int)digits, value);
    assert_text(&t, expected);
}

static void test_numbers_are_as_printf_writes_them(void **state)
{
    (void)state;
    RANDOM_PROPERTY(numbers_are_as_printf_writes_them, 5000);
}

static void test_the_smallest_and_largest_numbers(void **state)
{
    (void)state;
    struct text t = text_over(guard_before(NULL, 80), 80);
    text_decimal(&t, 0);
    text_byte(&t, ' ');
    text_decimal(&t, UINT64_MAX);
    text_byte(&t, ' ');
    text_hex(&t, 0, 0);
    text_byte(&t, ' ');
    text_hex(&t, 0, 16);
    text_byte(&t, ' ');
    text_hex(&t, UINT64_MAX, 16);
    assert_text(&t, "0 18446744073709551615 0 0000000000000000 "
                    "ffffffffffffffff");
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_follow_each_other),
        cmocka_unit_test(test_the_buffer_can_be_filled_to_the_last_byte),
        cmocka_unit_test(test_a_piece_that_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_an_empty_buffer_takes_nothing),
        cmocka_unit_test(test_numbers_are_as_printf_writes_them),
        cmocka_unit_test(test_the_smallest_and_largest_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
