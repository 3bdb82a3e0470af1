/* SPDX-License-Identifier: MIT */
/* Goal: a step over the edge of a guarded copy is found out. */
#include "support/death.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static volatile uint8_t sink;

static void touch(void *at)
{
    sink = *(volatile uint8_t *)at;
}

static void test_a_copy_is_what_was_copied(void **state)
{
    (void)state;
    for (size_t len = 0; len < 20; len++) {
        const char *text = "twenty bytes of text";
        assert_memory_equal(guard_before(text, len), text, len);
        assert_memory_equal(guard_after(text, len), text, len);
    }
    guard_free_all();
}

static void test_the_byte_after_crashes(void **state)
{
    (void)state;
    uint8_t *copy = guard_before("abc", 3);
    assert_false(death_by_fault(touch, copy + 2));
    assert_true(death_by_fault(touch, copy + 3));
    guard_free_all();
}

static void test_the_byte_before_crashes(void **state)
{
    (void)state;
    uint8_t *copy = guard_after("abc", 3);
    assert_false(death_by_fault(touch, copy));
    assert_true(death_by_fault(touch, copy - 1));
    guard_free_all();
}

static void test_an_empty_copy_cannot_be_touched(void **state)
{
    (void)state;
    assert_true(death_by_fault(touch, guard_before("", 0)));
    assert_true(death_by_fault(touch, guard_after("", 0)));
    guard_free_all();
}

static void test_a_copy_given_back_cannot_be_touched(void **state)
{
    (void)state;
    uint8_t *kept = guard_before("kept", 4);
    uint8_t *gone = guard_before("gone", 4);
    guard_free(gone);
    assert_true(death_by_fault(touch, gone));
    assert_false(death_by_fault(touch, kept));
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_copy_is_what_was_copied),
        cmocka_unit_test(test_the_byte_after_crashes),
        cmocka_unit_test(test_the_byte_before_crashes),
        cmocka_unit_test(test_an_empty_copy_cannot_be_touched),
        cmocka_unit_test(test_a_copy_given_back_cannot_be_touched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
