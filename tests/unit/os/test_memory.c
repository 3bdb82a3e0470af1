/* SPDX-License-Identifier: MIT */
#include "os/memory.h"
#include "support/unit.h"

#include <unistd.h>

static void test_memory_is_zeroed_and_page_aligned(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = 5 * page + 1;
    uint8_t *ptr = memory_map(size);
    assert_non_null(ptr);
    assert_int_equal((uintptr_t)ptr % page, 0);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(ptr[i], 0);
    ptr[size - 1] = 1;
}

static void test_what_no_machine_has_is_refused(void **state)
{
    (void)state;
    assert_null(memory_map(SIZE_MAX - 65535));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_page_aligned),
        cmocka_unit_test(test_what_no_machine_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
