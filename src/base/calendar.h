/* SPDX-License-Identifier: MIT */
/* calendar: seconds since 1970 as a date and time of day, UTC. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/text.h"

struct calendar {
    unsigned year;
    unsigned month;   /* 1 to 12 */
    unsigned day;     /* 1 to 31 */
    unsigned weekday; /* 0: Sunday */
    unsigned hour;
    unsigned minute;
    unsigned second;
};

/* The Gregorian date of `seconds` since 1970-01-01T00:00:00Z, up to the year
   9999. */
struct calendar calendar_at(uint64_t seconds);

/* Append as the log writes it: "2026-11-20T11:30:37.042Z" (RFC 3339). */
void calendar_put_rfc3339(struct text *t, uint64_t milliseconds);

/* Append as HTTP writes it: "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate,
   RFC 9110 5.6.7). */
void calendar_put_imf(struct text *t, uint64_t seconds);

#endif
