/* SPDX-License-Identifier: MIT */
/*
 * Goal: X-Forwarded-For is believed from the right, as far as the proxies that
 * are trusted go, and not a step further.
 */
#include "server/caller.h"
#include "support/request.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <stdio.h>

static struct request request;

/* The proxies of these tests: 10.0.0.0/8, 2001:db8:1::/48, unix sockets. */
static const struct config *trusting(void)
{
    static struct config config;
    if (config.trust_count == 0) {
        config.trust_unix = true;
        config.trust_count = 2;
        ip_parse_block(&config.trust[0], bytes_of("10.0.0.0/8"));
        ip_parse_block(&config.trust[1], bytes_of("2001:db8:1::/48"));
    }
    return &config;
}

/* Whom a request with these fields is from, if it comes from `hop`. */
static const char *chosen(const char *hop, const char *fields)
{
    static char text[INET6_ADDRSTRLEN];
    struct ip ip;
    ip_parse(&ip, bytes_of(hop)); /* "unix" is none */
    request_with(&request, fields);
    caller_choose(trusting(), &request.parsed, &ip);
    if (ip.family == IP_NONE)
        return "unix";
    return inet_ntop(ip.family == IP_V4 ? AF_INET : AF_INET6, ip.bytes, text,
                     sizeof text);
}

#define XFF(value) "X-Forwarded-For: " value "\r\n"

static void test_the_one_entry_of_a_proxy(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("192.0.2.1")), "192.0.2.1");
    assert_string_equal(chosen("2001:db8:1::1", XFF("2001:db8::7")),
                        "2001:db8::7");
    assert_string_equal(chosen("unix", XFF("192.0.2.1")), "192.0.2.1");
    assert_string_equal(chosen("10.0.0.1", "x-FORWARDED-for: 192.0.2.1\r\n"),
                        "192.0.2.1");
}

static void test_who_is_not_trusted_is_not_believed(void **state)
{
    (void)state;
    assert_string_equal(chosen("192.0.2.9", XFF("192.0.2.1")), "192.0.2.9");
    assert_string_equal(chosen("2001:db8:2::1", XFF("192.0.2.1")),
                        "2001:db8:2::1");
}

static void
test_what_the_client_said_itself_is_left_of_what_counts(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("127.0.0.1, 192.0.2.1")),
                        "192.0.2.1");
    assert_string_equal(chosen("10.0.0.1", XFF("10.9.9.9, 192.0.2.1")),
                        "192.0.2.1");
}

static void test_a_chain_of_proxies(void **state)
{
    (void)state;
    assert_string_equal(
        chosen("10.0.0.1", XFF("192.0.2.7, 192.0.2.1, 10.0.0.3 ,10.0.0.2")),
        "192.0.2.1");
    assert_string_equal(chosen("unix", XFF("192.0.2.1,2001:db8:1::2")),
                        "192.0.2.1");
}

static void test_lines_are_one_list(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1",
                               XFF("192.0.2.7")
                                   XFF("192.0.2.1") "A: b\r\n" XFF("10.0.0.2")),
                        "192.0.2.1");
}

static void test_only_proxies_the_first_of_them(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("10.0.0.3, 10.0.0.2")),
                        "10.0.0.3");
    assert_string_equal(chosen("10.0.0.1", ""), "10.0.0.1");
    assert_string_equal(chosen("10.0.0.1", XFF("")), "10.0.0.1");
}

static void test_at_what_is_no_address_the_way_ends(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("192.0.2.1, unknown")),
                        "10.0.0.1");
    assert_string_equal(chosen("10.0.0.1", XFF("192.0.2.1, x, 10.0.0.2")),
                        "10.0.0.2");
    assert_string_equal(chosen("10.0.0.1", XFF("[2001:db8::7")), "10.0.0.1");
    assert_string_equal(chosen("10.0.0.1", XFF("[]")), "10.0.0.1");
    assert_string_equal(chosen("10.0.0.1", XFF("192.0.2.256")), "10.0.0.1");
}

static void test_a_quote_hides_nothing(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("\", 192.0.2.1")), "192.0.2.1");
    assert_string_equal(chosen("10.0.0.1", XFF("\\, 192.0.2.1")), "192.0.2.1");
}

static void test_empty_entries_are_none(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF(",192.0.2.1, ,\t,")),
                        "192.0.2.1");
}

static void test_ports_are_passed_over(void **state)
{
    (void)state;
    assert_string_equal(chosen("10.0.0.1", XFF("192.0.2.1:4000")), "192.0.2.1");
    assert_string_equal(chosen("10.0.0.1", XFF("[2001:db8::7]:4000")),
                        "2001:db8::7");
    assert_string_equal(chosen("10.0.0.1", XFF("[2001:db8::7]")),
                        "2001:db8::7");
    assert_string_equal(chosen("10.0.0.1", XFF("::ffff:192.0.2.1")),
                        "192.0.2.1");
}

static void test_a_list_as_long_as_a_head(void **state)
{
    (void)state;
    static char fields[HTTP_HEAD_MAX];
    size_t len = 0;
    len += (size_t)snprintf(fields, sizeof fields, "X-Forwarded-For: 1.1.1.1");
    while (len < 8000)
        len += (size_t)snprintf(fields + len, sizeof fields - len, ",10.1.1.1");
    snprintf(fields + len, sizeof fields - len, "\r\n");
    assert_string_equal(chosen("10.0.0.1", fields), "1.1.1.1");
}

/* Who it is is not known yet: --per-ip must wait. */
static void test_who_will_be_told_later(void **state)
{
    (void)state;
    struct config config = *trusting();
    struct socket_address from = {.family = SOCKET_INET, .ip = {10, 0, 0, 1}};
    assert_true(caller_is_told(&config, &from));
    from.ip[0] = 11;
    assert_false(caller_is_told(&config, &from));
    config.proxy_protocol = true;
    assert_true(caller_is_told(&config, &from));
    config.proxy_protocol = false;
    from = (struct socket_address){.family = SOCKET_UNIX};
    assert_true(caller_is_told(&config, &from));
    config.trust_unix = false;
    assert_false(caller_is_told(&config, &from));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_one_entry_of_a_proxy),
        cmocka_unit_test(test_who_is_not_trusted_is_not_believed),
        cmocka_unit_test(
            test_what_the_client_said_itself_is_left_of_what_counts),
        cmocka_unit_test(test_a_chain_of_proxies),
        cmocka_unit_test(test_lines_are_one_list),
        cmocka_unit_test(test_only_proxies_the_first_of_them),
        cmocka_unit_test(test_at_what_is_no_address_the_way_ends),
        cmocka_unit_test(test_a_quote_hides_nothing),
        cmocka_unit_test(test_empty_entries_are_none),
        cmocka_unit_test(test_ports_are_passed_over),
        cmocka_unit_test(test_a_list_as_long_as_a_head),
        cmocka_unit_test(test_who_will_be_told_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
