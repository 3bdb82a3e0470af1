/* SPDX-License-Identifier: MIT */
#include "base/calendar.h"

#define DAY 86400 /* seconds */

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30,
                                   31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

struct calendar calendar_at(uint64_t seconds)
{
    uint64_t days = seconds / DAY;
    unsigned rest = (unsigned)(seconds % DAY);
    struct calendar at = {
        .year = 1970,
        .month = 1,
        .weekday = (unsigned)((days + 4) % 7), /* it was a Thursday */
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
    while (at.year < 9999 && days >= 365U + is_leap(at.year))
        days -= 365U + is_leap(at.year++);
    while (at.month < 12 && days >= month_days(at.year, at.month))
        days -= month_days(at.year, at.month++);
    at.day = (unsigned)days + 1;
    return at;
}

/* Two digits. */
static void put2(struct text *t, unsigned value)
{
    text_byte(t, (uint8_t)('0' + value / 10));
    text_byte(t, (uint8_t)('0' + value % 10));
}

static void put_time_of_day(struct text *t, const struct calendar *at)
{
    put2(t, at->hour);
    text_byte(t, ':');
    put2(t, at->minute);
    text_byte(t, ':');
    put2(t, at->second);
}

void calendar_put_rfc3339(struct text *t, uint64_t milliseconds)
{
    struct calendar at = calendar_at(milliseconds / 1000);
    text_decimal(t, at.year);
    text_byte(t, '-');
    put2(t, at.month);
    text_byte(t, '-');
    put2(t, at.day);
    text_byte(t, 'T');
    put_time_of_day(t, &at);
    text_byte(t, '.');
    text_decimal(t, milliseconds / 100 % 10);
    put2(t, (unsigned)(milliseconds % 100));
    text_byte(t, 'Z');
}

void calendar_put_imf(struct text *t, uint64_t seconds)
{
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct calendar at = calendar_at(seconds);
    text_put(t, bytes_span(weekdays + (size_t)at.weekday * 3, 3));
    text_string(t, ", ");
    put2(t, at.day);
    text_byte(t, ' ');
    text_put(t, bytes_span(months + (size_t)(at.month - 1) * 3, 3));
    text_byte(t, ' ');
    text_decimal(t, at.year);
    text_byte(t, ' ');
    put_time_of_day(t, &at);
    text_string(t, " GMT");
}
