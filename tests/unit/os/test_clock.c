/* SPDX-License-Identifier: MIT */
#include "os/clock.h"
#include "support/unit.h"

#include <time.h>

static void test_the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t before = clock_microseconds();
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t now = clock_microseconds();
        assert_true(now >= before);
        before = now;
    }
}

static void test_each_clock_counts_in_its_unit(void **state)
{
    (void)state;
    struct timespec pause = {.tv_nsec = 30000000};
    uint64_t monotonic = clock_microseconds(), real = clock_realtime();
    nanosleep(&pause, NULL);
    assert_in_range(clock_microseconds() - monotonic, 30000, 5000000);
    assert_in_range(clock_realtime() - real, 20, 5000);
}

static void test_the_real_clock_is_the_machines(void **state)
{
    (void)state;
    uint64_t seconds = (uint64_t)time(NULL);
    assert_in_range(clock_realtime() / 1000, seconds - 1, seconds + 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_monotonic_clock_never_goes_back),
        cmocka_unit_test(test_each_clock_counts_in_its_unit),
        cmocka_unit_test(test_the_real_clock_is_the_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
