/* SPDX-License-Identifier: MIT */
#include "base/calendar.h"
#include "support/random.h"
#include "support/unit.h"

#include <time.h>

#define LAST UINT64_C(253402300799) /* the last second of the year 9999 */

static void as_rfc3339(uint64_t milliseconds, const char *expect)
{
    uint8_t bytes[64] = "";
    struct text t = text_over(bytes, sizeof bytes - 1);
    calendar_put_rfc3339(&t, milliseconds);
    assert_false(t.overflow);
    assert_string_equal(bytes, expect);
}

static void as_imf(uint64_t seconds, const char *expect)
{
    uint8_t bytes[64] = "";
    struct text t = text_over(bytes, sizeof bytes - 1);
    calendar_put_imf(&t, seconds);
    assert_false(t.overflow);
    assert_string_equal(bytes, expect);
}

static void test_the_example_of_rfc_9110_comes_out(void **state)
{
    (void)state;
    as_imf(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
}

static void test_the_beginning_was_a_thursday(void **state)
{
    (void)state;
    as_imf(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    as_rfc3339(0, "1970-01-01T00:00:00.000Z");
}

static void test_the_end_is_the_year_9999(void **state)
{
    (void)state;
    as_imf(LAST, "Fri, 31 Dec 9999 23:59:59 GMT");
    as_rfc3339(LAST * 1000 + 999, "9999-12-31T23:59:59.999Z");
}

static void test_milliseconds_have_three_digits(void **state)
{
    (void)state;
    as_rfc3339(7, "1970-01-01T00:00:00.007Z");
    as_rfc3339(70, "1970-01-01T00:00:00.070Z");
    as_rfc3339(1700, "1970-01-01T00:00:01.700Z");
}

static void test_leap_years_are_gregorian(void **state)
{
    (void)state;
    as_rfc3339(UINT64_C(951782400000), "2000-02-29T00:00:00.000Z");
    as_rfc3339(UINT64_C(1709164800000), "2024-02-29T00:00:00.000Z");
    as_rfc3339(UINT64_C(4107542400000) - 1, "2100-02-28T23:59:59.999Z");
    as_rfc3339(UINT64_C(4107542400000), "2100-03-01T00:00:00.000Z");
}

static void assert_as_libc(uint64_t seconds)
{
    time_t when = (time_t)seconds;
    struct tm tm;
    assert_non_null(gmtime_r(&when, &tm));
    struct calendar at = calendar_at(seconds);
    assert_int_equal(at.year, tm.tm_year + 1900);
    assert_int_equal(at.month, tm.tm_mon + 1);
    assert_int_equal(at.day, tm.tm_mday);
    assert_int_equal(at.weekday, tm.tm_wday);
    assert_int_equal(at.hour, tm.tm_hour);
    assert_int_equal(at.minute, tm.tm_min);
    assert_int_equal(at.second, tm.tm_sec);
}

static void test_every_day_of_four_centuries_is_as_libc_has_it(void **state)
{
    (void)state;
    for (uint64_t day = 0; day <= 146097; day += 1)
        assert_as_libc(day * 86400);
}

static void property_any_second_is_as_libc_has_it(struct random *r)
{
    assert_as_libc(random_below(r, LAST + 1));
}

static void test_any_second_is_as_libc_has_it(void **state)
{
    (void)state;
    RANDOM_PROPERTY(property_any_second_is_as_libc_has_it, 2000);
}

static void test_numbers_are_padded_up_to_ten_and_a_hundred(void **state)
{
    (void)state;
    as_rfc3339(UINT64_C(1252487349009), "2009-09-09T09:09:09.009Z");
    as_rfc3339(UINT64_C(1286705410010), "2010-10-10T10:10:10.010Z");
    as_rfc3339(UINT64_C(1321009871099), "2011-11-11T11:11:11.099Z");
    as_rfc3339(UINT64_C(1321009871100), "2011-11-11T11:11:11.100Z");
}

static void test_after_the_end_no_month_begins(void **state)
{
    (void)state;
    struct calendar at = calendar_at(LAST + 1);
    assert_int_equal(at.year, 9999);
    assert_int_equal(at.month, 12);
    assert_int_equal(at.day, 32);
    at = calendar_at(LAST + 367 * UINT64_C(86400));
    assert_int_equal(at.year, 9999);
    assert_int_equal(at.month, 12);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_example_of_rfc_9110_comes_out),
        cmocka_unit_test(test_the_beginning_was_a_thursday),
        cmocka_unit_test(test_the_end_is_the_year_9999),
        cmocka_unit_test(test_milliseconds_have_three_digits),
        cmocka_unit_test(test_leap_years_are_gregorian),
        cmocka_unit_test(test_every_day_of_four_centuries_is_as_libc_has_it),
        cmocka_unit_test(test_any_second_is_as_libc_has_it),
        cmocka_unit_test(test_numbers_are_padded_up_to_ten_and_a_hundred),
        cmocka_unit_test(test_after_the_end_no_month_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
