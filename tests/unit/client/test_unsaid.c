/* SPDX-License-Identifier: MIT */
#include "client/unsaid.h"
#include "support/unit.h"

static void assert_lines(const struct unsaid *u, const char *expected)
{
    char bytes[100];
    size_t at = 0, len = 0;
    struct span line;
    while (unsaid_next(u, &at, &line)) {
        memcpy(bytes + len, line.ptr, line.len);
        len += line.len;
        bytes[len++] = ',';
    }
    bytes[len] = 0;
    assert_string_equal(bytes, expected);
}

static void test_the_oldest_goes_first(void **state)
{
    uint8_t bytes[32];
    struct unsaid u = {.bytes = bytes, .size = sizeof bytes};
    (void)state;
    unsaid_drop(&u);
    assert_int_equal(u.count, 0);
    unsaid_add(&u, bytes_of("one"));
    unsaid_add(&u, bytes_of("two"));
    unsaid_add(&u, bytes_of("three"));
    assert_lines(&u, "one,two,three,");
    assert_int_equal(u.count, 3);
    unsaid_drop(&u);
    assert_lines(&u, "two,three,");
    unsaid_add(&u, bytes_of("4"));
    unsaid_drop(&u);
    unsaid_drop(&u);
    assert_lines(&u, "4,");
    unsaid_drop(&u);
    assert_lines(&u, "");
    assert_int_equal(u.len, 0);
}

static void test_it_fits_to_the_last_byte(void **state)
{
    uint8_t bytes[10];
    struct unsaid u = {.bytes = bytes, .size = sizeof bytes};
    (void)state;
    assert_true(unsaid_fits(&u, 6));
    assert_false(unsaid_fits(&u, 7));
    unsaid_add(&u, bytes_of("ab"));
    assert_true(unsaid_fits(&u, 0));
    assert_false(unsaid_fits(&u, 1));
    unsaid_add(&u, bytes_span("", 0));
    assert_false(unsaid_fits(&u, 0));
    assert_lines(&u, "ab,,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oldest_goes_first),
        cmocka_unit_test(test_it_fits_to_the_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
