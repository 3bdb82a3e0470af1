/* SPDX-License-Identifier: MIT */
/* clock: the time, read once a turn. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

/* Microseconds of a clock that never goes back; its zero means nothing. */
uint64_t clock_microseconds(void);

/* Milliseconds since 1970-01-01T00:00:00Z; may jump when somebody sets it. */
uint64_t clock_realtime(void);

#endif
