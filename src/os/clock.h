/* SPDX-License-Identifier: MIT */
/* clock: the time, read once a turn. */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stdint.h>

/* Microseconds of a clock that never goes back; its zero means nothing. */
uint64_t clock_microseconds(void);

/* Milliseconds since 1970-01-01T00:00:00Z; may jump when somebody sets it. */
uint64_t clock_realtime(void);

/* Where that is now in the time zone of the process (TZ): hour, minute and
   second as "12:31:07", in eight bytes. */
void clock_local(uint64_t milliseconds, char text[8]);

#endif
