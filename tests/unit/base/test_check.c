/* SPDX-License-Identifier: MIT */
#include "base/check.h"
#include "support/death.h"
#include "support/unit.h"

static void check(void *context)
{
    const int *value = context;
    CHECK(*value == 7);
}

static void test_a_failed_check_kills_the_process(void **state)
{
    (void)state;
    int value = 8;
    assert_true(death_by_check(check, &value));
}

static void test_a_check_that_holds_does_nothing(void **state)
{
    (void)state;
    int value = 7;
    check(&value);
    assert_false(death_by_check(check, &value));
}

static void test_the_condition_is_evaluated_once(void **state)
{
    (void)state;
    int count = 0;
    CHECK(++count > 0);
    assert_int_equal(count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_failed_check_kills_the_process),
        cmocka_unit_test(test_a_check_that_holds_does_nothing),
        cmocka_unit_test(test_the_condition_is_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
