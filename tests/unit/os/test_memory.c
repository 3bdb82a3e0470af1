/* SPDX-License-Identifier: MIT */
#include "os/memory.h"
#include "support/death.h"
#include "support/unit.h"

#include <sys/wait.h>
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
    assert_null(memory_share(SIZE_MAX - 65535));
}

static void test_what_is_shared_is_seen_by_who_was_forked(void **state)
{
    (void)state;
    uint8_t *shared = memory_share(5000), *own = memory_map(5000);
    assert_non_null(shared);
    assert_int_equal(shared[4999], 0);
    pid_t child = fork();
    if (child == 0) {
        shared[4999] = own[4999] = 1;
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(shared[4999], 1);
    assert_int_equal(own[4999], 0);
    memory_unmap(shared, 5000);
    memory_unmap(own, 5000);
}

static void touch(void *ptr)
{
    *(volatile uint8_t *)ptr = 1;
}

static void test_what_is_given_back_is_gone(void **state)
{
    (void)state;
    uint8_t *ptr = memory_map(3 * 4096);
    memory_unmap(ptr, 3 * 4096);
    assert_true(death_by_fault(touch, ptr + 2 * 4096));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_page_aligned),
        cmocka_unit_test(test_what_is_shared_is_seen_by_who_was_forked),
        cmocka_unit_test(test_what_is_given_back_is_gone),
        cmocka_unit_test(test_what_no_machine_has_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
