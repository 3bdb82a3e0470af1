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

static char *put_two(char *to, int number)
{
    *to++ = (char)('0' + number / 10 % 10);
    *to++ = (char)('0' + number % 10);
    return to;
}

void clock_local(uint64_t milliseconds, char text[8])
{
    time_t seconds = (time_t)(milliseconds / 1000);
    struct tm local = {0};
    (void)localtime_r(&seconds, &local);
    text = put_two(text, local.tm_hour);
    *text++ = ':';
    text = put_two(text, local.tm_min);
    *text++ = ':';
    (void)put_two(text, local.tm_sec);
}
