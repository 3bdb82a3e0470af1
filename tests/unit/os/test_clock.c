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

static uint64_t nanoseconds(clockid_t clock)
{
    struct timespec now;
    assert_int_equal(clock_gettime(clock, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void test_each_clock_is_the_machines_in_its_unit(void **state)
{
    (void)state;
    uint64_t from = nanoseconds(CLOCK_MONOTONIC), now = clock_microseconds();
    uint64_t to = nanoseconds(CLOCK_MONOTONIC);
    assert_in_range(now, from / 1000, to / 1000);
    from = nanoseconds(CLOCK_REALTIME);
    now = clock_realtime();
    to = nanoseconds(CLOCK_REALTIME);
    assert_in_range(now, from / 1000000, to / 1000000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_monotonic_clock_never_goes_back),
        cmocka_unit_test(test_each_clock_is_the_machines_in_its_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
