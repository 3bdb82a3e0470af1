/* SPDX-License-Identifier: MIT */
#include "os/entropy.h"
#include "support/guard.h"
#include "support/unit.h"

#include <string.h>

static void test_all_bytes_are_filled_and_differ_each_time(void **state)
{
    (void)state;
    uint8_t *a = guard_before(NULL, 256), *b = guard_before(NULL, 256);
    assert_int_equal(entropy_fill(a, 256), 0);
    assert_int_equal(entropy_fill(b, 256), 0);
    assert_memory_not_equal(a, b, 256);
    for (size_t i = 0; i < 256; i += 16) { /* chance: 16 times 2^-128 */
        static const uint8_t zeros[16];
        assert_memory_not_equal(a + i, zeros, sizeof zeros);
    }
    guard_free_all();
}

static void test_not_a_byte_more_is_filled(void **state)
{
    (void)state;
    uint8_t bytes[20] = {0};
    assert_int_equal(entropy_fill(bytes, 16), 0);
    assert_memory_equal(bytes + 16, "\0\0\0\0", 4);
    assert_int_equal(entropy_fill(bytes, 0), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_bytes_are_filled_and_differ_each_time),
        cmocka_unit_test(test_not_a_byte_more_is_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
