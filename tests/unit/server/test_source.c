/* SPDX-License-Identifier: MIT */
/*
 * Goal: X-Forwarded-For is believed from the right, as far as the proxies that
 * are trusted go, and not a step further.
 */
#include "server/caller.h"
#include "sim/peer.h"
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

/* ---- The PROXY header, over a simulated network -------------------------- */

#define HEADER "PROXY TCP4 192.0.2.7 198.51.100.1 4000 80\r\n"
#define GET    "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

static void start_with_header(void)
{
    world.config.proxy_protocol = true;
    world_start();
}

static void test_a_header_and_a_request_cut_anywhere(void **state)
{
    (void)state;
    start_with_header();
    static const char all[] = HEADER GET;
    for (size_t cut = 1; cut < sizeof all - 1; cut++) {
        struct peer *p = peer_connect();
        peer_add(p, bytes_span(all, cut));
        peer_flush(p);
        assert_int_equal(world_client(p->connection)->state,
                         cut < sizeof HEADER - 1 ? CLIENT_PROXY
                                                 : CLIENT_REQUEST);
        peer_add(p, bytes_span(all + cut, sizeof all - 1 - cut));
        peer_flush(p);
        peer_answered(p, 200);
        sim_reset(p->connection);
        world_settle();
    }
}

static void test_without_a_header_it_is_dropped(void **state)
{
    (void)state;
    start_with_header();
    struct peer *p = peer_connect();
    peer_say(p, GET);
    assert_int_equal(world.server.clients.slots.count, 0);
    world_logged("event=refuse ip=192.0.2.1 why=\"no PROXY header\"");
    assert_int_equal(world.server.stats.refusals[0].status, 0);
}

static void test_the_time_is_that_of_both_together(void **state)
{
    (void)state;
    start_with_header();
    uint64_t all = world.config.handshake_timeout;
    peer_connect();
    struct peer *p = peer_connect();
    world_pass(all - 100);
    peer_say(p, HEADER "GET ");
    world_pass(200);
    world_logged("why=\"no PROXY header in time\"");
    peer_answered(p, 408);
}

static void test_an_address_counts_once_it_is_known(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    start_with_header();
    struct peer *first = peer_connect(), *second = peer_connect();
    peer_say(first, HEADER);
    peer_say(second, HEADER);
    peer_upgrade(second, "/echo", "");
    peer_answered(second, 429);
    peer_say(first, GET);
    peer_answered(first, 200);
    sim_reset(first->connection);
    sim_reset(second->connection);
    world_settle();
    assert_int_equal(world.server.addresses.slots.count, 0);
}

static void test_who_is_trusted_counts_as_whom_it_names(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("192.0.2.1"));
    world_start();
    struct peer *p = peer_open_with("/echo", XFF("192.0.2.7"));
    world_logged("ip=192.0.2.7");
    struct peer *q = peer_open_with("/echo", XFF("192.0.2.8"));
    assert_int_equal(world.server.addresses.slots.count, 2);
    peer_close(p, 1000);
    peer_close(q, 1000);
}

static void test_between_requests_a_proxy_counts_for_nobody(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("192.0.2.1"));
    world_start();
    struct peer *p = peer_connect();
    peer_say(p, "GET / HTTP/1.1\r\nHost: x\r\n" XFF("192.0.2.7") "\r\n");
    peer_answered(p, 200);
    assert_int_equal(world.server.addresses.slots.count, 0);
    struct peer *q = peer_open_with("/echo", XFF("192.0.2.7"));
    peer_close(q, 1000);
}

/* 192.0.2.1 and c000:201:: are the same bytes. */
static void test_every_family_is_counted_for_itself(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world.config.trust_unix = true;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("2001:db8::/32"));
    world_start();
    struct peer *six = peer_connect_from("[2001:db8::1]:1");
    peer_upgrade(six, "/echo", XFF("c000:201::"));
    peer_answered(six, 101);
    struct peer *four = peer_connect_from("unix:x");
    peer_upgrade(four, "/echo", XFF("192.0.2.1"));
    peer_answered(four, 101);
    world_logged("ip=192.0.2.1");
    struct peer *again = peer_connect_from("unix:x");
    peer_upgrade(again, "/echo", XFF("c000:201::"));
    peer_answered(again, 429);
    /* Nobody knows who: no limit. */
    for (unsigned i = 0; i < 3; i++) {
        struct peer *p = peer_connect_from("unix:x");
        peer_upgrade(p, "/echo", "");
        peer_answered(p, 101);
        world_logged("ip=unix");
    }
}

/* UNKNOWN: whom the connection is from is not said. Then it is the proxy's
   own, and that is trusted to name others. */
static void test_a_proxy_that_speaks_for_itself_may_name_others(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("192.0.2.1"));
    start_with_header();
    static const struct {
        const char *from;
        unsigned status;
    } trials[] = {{XFF("192.0.2.7"), 101},
                  {XFF("192.0.2.8"), 101},
                  {XFF("192.0.2.7"), 429}};
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        struct peer *p = peer_connect();
        peer_say(p, "PROXY UNKNOWN\r\n");
        assert_int_equal(world.server.addresses.slots.count, i < 2 ? i : 2);
        peer_upgrade(p, "/echo", trials[i].from);
        peer_answered(p, trials[i].status);
    }
}

static void test_a_proxy_that_sends_nothing_is_gone_without_a_word(void **state)
{
    (void)state;
    start_with_header();
    struct peer *p = peer_connect();
    sim_close(p->connection);
    world_settle();
    assert_int_equal(world.server.clients.slots.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        WORLD_TEST(test_a_header_and_a_request_cut_anywhere),
        WORLD_TEST(test_without_a_header_it_is_dropped),
        WORLD_TEST(test_the_time_is_that_of_both_together),
        WORLD_TEST(test_an_address_counts_once_it_is_known),
        WORLD_TEST(test_who_is_trusted_counts_as_whom_it_names),
        WORLD_TEST(test_between_requests_a_proxy_counts_for_nobody),
        WORLD_TEST(test_every_family_is_counted_for_itself),
        WORLD_TEST(test_a_proxy_that_speaks_for_itself_may_name_others),
        WORLD_TEST(test_a_proxy_that_sends_nothing_is_gone_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
