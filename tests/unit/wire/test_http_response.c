/* SPDX-License-Identifier: MIT */
/* Goal: a response head reads as RFC 9112 4 wants it, dates included. */
#include "support/unit.h"
#include "wire/http.h"

#include <stdio.h>
#include <time.h>

static uint8_t bytes[512];

static void expect_text(const struct text *text, const char *expect)
{
    assert_false(text->overflow);
    assert_int_equal(text->len, strlen(expect));
    assert_memory_equal(text->ptr, expect, text->len);
}

static void test_a_head_is_status_date_fields_and_an_empty_line(void **state)
{
    struct text text = text_over(bytes, sizeof bytes);
    (void)state;
    http_put_status(&text, 404, 784111777); /* RFC 9110 5.6.7's example */
    http_put_field(&text, "Content-Type", BYTES_LITERAL("text/plain"));
    http_put_field(&text, "X", BYTES_LITERAL(""));
    http_put_number(&text, "Content-Length", UINT64_MAX);
    http_put_end(&text);
    expect_text(&text, "HTTP/1.1 404 Not Found\r\n"
                       "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                       "Content-Type: text/plain\r\n"
                       "X: \r\n"
                       "Content-Length: 18446744073709551615\r\n"
                       "\r\n");
}

static void test_switching_protocols_has_no_date(void **state)
{
    struct text text = text_over(bytes, sizeof bytes);
    (void)state;
    http_put_status(&text, 101, 784111777);
    expect_text(&text, "HTTP/1.1 101 Switching Protocols\r\n");
}

/* A day at a time to the year 2400 and some, against the C library. */
static void test_every_day_has_the_date_that_libc_says(void **state)
{
    (void)state;
    for (uint64_t day = 0; day < UINT64_C(160000); day++) {
        uint64_t seconds = day * 86400 + day % 86400;
        struct text text = text_over(bytes, sizeof bytes);
        time_t time = (time_t)seconds;
        struct tm tm;
        char expect[96];

        assert_non_null(gmtime_r(&time, &tm));
        strftime(expect, sizeof expect,
                 "HTTP/1.1 200 OK\r\n"
                 "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                 &tm);
        http_put_status(&text, 200, seconds);
        expect_text(&text, expect);
    }
}

static void test_the_last_second_of_a_day_is_still_that_day(void **state)
{
    struct text text = text_over(bytes, sizeof bytes);
    (void)state;
    http_put_status(&text, 200, UINT64_C(951868799)); /* leap day 2000 */
    expect_text(&text, "HTTP/1.1 200 OK\r\n"
                       "Date: Tue, 29 Feb 2000 23:59:59 GMT\r\n");
}

/* RFC 9110 15, RFC 6585. */
static void test_every_status_we_send_has_its_phrase(void **state)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {101, "Switching Protocols"},
        {200, "OK"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {411, "Length Required"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {426, "Upgrade Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {299, "Unknown"},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(phrases); i++)
        assert_string_equal(http_phrase(phrases[i].status), phrases[i].phrase);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_head_is_status_date_fields_and_an_empty_line),
        cmocka_unit_test(test_switching_protocols_has_no_date),
        cmocka_unit_test(test_every_day_has_the_date_that_libc_says),
        cmocka_unit_test(test_the_last_second_of_a_day_is_still_that_day),
        cmocka_unit_test(test_every_status_we_send_has_its_phrase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
