/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/calendar.c
 * with: src/base/bytes.c src/base/text.c
 * eva: -eva-slevel 200
 *
 * Any time, written into any room; and some days one by one, each of which is
 * the one behind the day before it.
 */
#include "tests/prove/prove.h"

#include "base/calendar.h"

#define DAY 86400

static void date_any(void)
{
    struct calendar at = calendar_at(any_u64());
    //@ assert time: at.hour <= 23 && at.minute <= 59 && at.second <= 59;
    //@ assert year: 1970 <= at.year <= 9999;
    //@ assert month: 1 <= at.month <= 12 && at.weekday <= 6;
}

/* At any time of the day, counted from 1970-01-01. */
static struct calendar date_of(uint64_t day)
{
    return calendar_at(any_between(day * DAY, day * DAY + DAY - 1));
}

static void date_days(uint64_t first, uint64_t last)
{
    struct calendar before = date_of(first);
    for (uint64_t day = first + 1; day <= last; day++) {
        struct calendar at = date_of(day);
        //@ assert weekday: at.weekday == (before.weekday + 1) % 7;
        if (at.day > 1) {
            //@ assert day: at.day == before.day + 1 && at.day <= 31;
            //@ assert same: at.month == before.month && at.year == before.year;
        } else if (at.month > 1) {
            //@ assert month: at.month == before.month + 1 && before.day >= 28;
            //@ assert same_year: at.year == before.year;
        } else {
            //@ assert year: at.year == before.year + 1;
            //@ assert last_day: before.month == 12 && before.day == 31;
        }
        before = at;
    }
}

static void write_any(size_t room)
{
    static uint8_t memory[32];
    uint8_t *ptr = memory + sizeof memory - room;
    struct text t = text_over(ptr, room);
    calendar_put_rfc3339(&t, any_u64());
    //@ assert rfc3339: t.len <= room && (t.overflow || t.len == 24);
    t = text_over(ptr, room);
    calendar_put_imf(&t, any_u64());
    //@ assert imf: t.len <= room && (t.overflow || t.len == 29);
}

void main(void)
{
    struct calendar leap = date_of(11016), none = date_of(47540);
    //@ assert leap: leap.year == 2000 && leap.month == 2 && leap.day == 29;
    //@ assert none: none.year == 2100 && none.month == 2 && none.day == 28;
    date_any();
    for (uint64_t day = 0; day < SIZE(32, 1462); day += 32)
        date_days(day, day + 32);
    date_days(364, 366);
    date_days(788, 791);
    date_days(11015, 11018);
    date_days(47539, 47541);
    for (size_t room = 0; room <= 32; room += SIZE(8, 1))
        write_any(room);
}
