/* SPDX-License-Identifier: MIT */
/* The head of a response (RFC 9112 4). */
#include "wire/http.h"

const char *http_phrase(unsigned status)
{
    switch (status) {
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";               /* RFC 6585 4 */
    case 431: return "Request Header Fields Too Large"; /* RFC 6585 5 */
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    }
    return "Unknown";
}

/* ---- The date ------------------------------------------------------------ */

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned year_days(unsigned year)
{
    return is_leap(year) ? 366 : 365;
}

static unsigned month_days(unsigned year, unsigned month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30,
                                     31, 31, 30, 31, 30, 31};
    return month == 1 && is_leap(year) ? 29 : days[month];
}

static void put_two_digits(struct text *t, uint64_t value)
{
    text_byte(t, (uint8_t)('0' + value / 10));
    text_byte(t, (uint8_t)('0' + value % 10));
}

/* A name of three letters out of a row of them. */
static void put_name(struct text *t, const char *names, uint64_t index)
{
    text_put(t, bytes_span(names + index * 3, 3));
}

/* IMF-fixdate (RFC 9110 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT". */
static void put_date(struct text *t, uint64_t seconds)
{
    uint64_t second = seconds % 86400;
    uint64_t days = seconds / 86400;
    /* 1 January 1970 was a Thursday. */
    put_name(t, "ThuFriSatSunMonTueWed", days % 7);

    unsigned year = 1970;
    while (days >= year_days(year))
        days -= year_days(year++);
    unsigned month = 0;
    while (days >= month_days(year, month))
        days -= month_days(year, month++);

    text_string(t, ", ");
    put_two_digits(t, days + 1);
    text_byte(t, ' ');
    put_name(t, "JanFebMarAprMayJunJulAugSepOctNovDec", month);
    text_byte(t, ' ');
    text_decimal(t, year);
    text_byte(t, ' ');
    put_two_digits(t, second / 3600);
    text_byte(t, ':');
    put_two_digits(t, second / 60 % 60);
    text_byte(t, ':');
    put_two_digits(t, second % 60);
    text_string(t, " GMT");
}

/* ---- Lines --------------------------------------------------------------- */

void http_put_status(struct text *t, unsigned status, uint64_t seconds)
{
    text_string(t, "HTTP/1.1 ");
    text_decimal(t, status);
    text_byte(t, ' ');
    text_string(t, http_phrase(status));
    text_string(t, "\r\n");
    if (status == 101)
        return; /* RFC 9110 6.6.1: not needed with 1xx */
    text_string(t, "Date: ");
    put_date(t, seconds);
    text_string(t, "\r\n");
}

void http_put_field(struct text *t, const char *name, struct span value)
{
    text_string(t, name);
    text_string(t, ": ");
    text_put(t, value);
    text_string(t, "\r\n");
}

void http_put_number(struct text *t, const char *name, uint64_t value)
{
    text_string(t, name);
    text_string(t, ": ");
    text_decimal(t, value);
    text_string(t, "\r\n");
}

void http_put_end(struct text *t)
{
    text_string(t, "\r\n");
}
