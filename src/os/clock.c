/* SPDX-License-Identifier: MIT */
#include "os/clock.h"

#include <time.h>

/* Microseconds. */
static uint64_t read_clock(clockid_t which)
{
    struct timespec now = {0};
    clock_gettime(which, &now); /* cannot fail for these two */
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_microseconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t clock_realtime(void)
{
    return read_clock(CLOCK_REALTIME) / 1000;
}
