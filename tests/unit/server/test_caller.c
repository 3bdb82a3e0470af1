/* SPDX-License-Identifier: MIT */
/*
 * Goal: a connection counts for whoever it is from, as soon as that is known,
 * and for nobody while it waits for a request.
 */
#include "server/caller.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>

#define ASK   "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define CROWD "one address holds over half of the slots"

#define XFF(value) "X-Forwarded-For: " value "\r\n"

/* ---- --per-ip ------------------------------------------------------------ */

static void test_too_many_from_one_address_are_told_429(void **state)
{
    (void)state;
    world.config.per_ip = 2;
    world_start();
    struct peer *first = peer_open("/echo");
    peer_open("/echo");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 429);
    peer_upgrade(peer_connect_from("192.0.2.2:1"), "/echo", "");
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 3);
    sim_reset(first->connection);
    world_settle();
    peer_text(peer_open("/echo"), "counts again");
}

static void test_unix_peers_have_no_address_to_count(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world_start();
    for (unsigned i = 0; i < 3; i++) {
        struct peer *p = peer_connect_from("unix:x");
        peer_upgrade(p, "/echo", "");
        peer_answered(p, 101);
    }
    world_logged("ip=unix");
}

static struct peer *kept_alive(void)
{
    struct peer *p = peer_connect();
    peer_say(p, ASK);
    peer_answered(p, 200);
    return p;
}

static void test_an_idle_one_counts_for_no_per_ip(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world_start();
    struct peer *page = kept_alive();
    struct peer *ann = peer_open("/echo");
    peer_say(page, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(page, 429); /* now it is one too many */
    peer_told(page, "end\n");
    peer_text(ann, "still here");
    peer_told(ann, "text still here\n");
    sim_reset(ann->connection);
    world_settle();
    page = kept_alive();
    peer_say(page, "GET ");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 429);
    peer_say(page, "/ HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(page, 200);
    assert_int_equal(world.server.addresses.slots.count, 0);
}

static void test_who_reads_the_metrics_counts_for_no_per_ip(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    sim_connect(1, "192.0.2.1:1");
    world_settle();
    peer_upgrade(peer_connect_from("192.0.2.1:2"), "/echo", "");
    world_settle();
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 1);
}

/* ---- One address --------------------------------------------------------- */

static void test_one_address_with_over_half_of_the_slots_is_told(void **state)
{
    (void)state;
    world_start(); /* 8 of them */
    for (size_t i = 0; i < 3; i++)
        peer_connect_from("198.51.100.7:1");
    for (unsigned i = 0; i < 4; i++) {
        char from[40];
        snprintf(from, sizeof from, "[2001:db8::%u]:1", i);
        peer_connect_from(from);
    }
    world_settle();
    world_not_logged(CROWD);
    struct peer *p = peer_connect_from("198.51.100.8:1");
    for (unsigned i = 0; i < 3; i++) /* no slot of ours is theirs */
        peer_connect_from("[2001:db8::1]:1");
    world_settle();
    world_not_logged(CROWD);
    sim_reset(p->connection);
    world_settle();
    peer_connect_from("[2001:db8::ffff]:1");
    world_settle();
    world_logged("why=\"" CROWD "\" ip=2001:db8::ffff slots=8");
}

static void test_a_quiet_log_is_told_of_no_crowd(void **state)
{
    (void)state;
    world.config.level = LEVEL_ERROR;
    world_start();
    for (size_t i = 0; i < 8; i++)
        peer_connect_from("198.51.100.7:1");
    world_settle();
    assert_int_equal(sim_log().len, 0);
}

/* A connection that broke a moment ago has no address any more. */
static void test_whose_it_was_is_not_always_known(void **state)
{
    (void)state;
    world.config.per_ip = 5;
    world_start();
    struct peer *p = peer_connect();
    peer_say(p, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(p, 200);
    assert_int_equal(world.server.addresses.slots.count, 0);
    sim_fail(SIM_PEER, 0, 2, ENOTCONN);
    peer_say(p, "GET /none HTTP/1.1\r\nHo");
    assert_int_equal(world.server.addresses.slots.count, 0);
    peer_say(p, "st: a\r\n\r\n");
    peer_answered(p, 404);
    world_logged("event=refuse ip=- status=404");
}

static void test_behind_a_proxy_it_is_the_visitors_that_count(void **state)
{
    (void)state;
    world.config.trust_unix = true;
    world_start();
    for (unsigned i = 0; i < 8; i++) {
        char fields[40];
        struct peer *p = peer_connect_from("unix:x");
        snprintf(fields, sizeof fields, "X-Forwarded-For: 192.0.2.%u\r\n",
                 i < 4 ? 1 : i);
        peer_upgrade(p, "/echo", fields);
        peer_answered(p, 101);
        if (i == 6)
            sim_reset(p->connection);
    }
    world_not_logged(CROWD);
    struct peer *p = peer_connect_from("unix:x");
    peer_upgrade(p, "/echo", "X-Forwarded-For: 192.0.2.1\r\n");
    peer_answered(p, 101);
    world_logged(CROWD "\" ip=192.0.2.1");
}

/* ---- X-Forwarded-For ----------------------------------------------------- */

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
    peer_say(p, "GET / HTTP/1.1\r\nHo"); /* whose, it has not said yet */
    assert_int_equal(world.server.addresses.slots.count, 0);
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

/* ---- The PROXY header ---------------------------------------------------- */

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

/* It is not behind the proxy. */
static void test_at_the_address_of_metrics_there_is_no_header(void **state)
{
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    start_with_header();
    struct peer *p = peer_of(sim_connect(1, "192.0.2.9:9"));
    peer_say(p, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(p, 200);
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
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_too_many_from_one_address_are_told_429),
        WORLD_TEST(test_unix_peers_have_no_address_to_count),
        WORLD_TEST(test_an_idle_one_counts_for_no_per_ip),
        WORLD_TEST(test_who_reads_the_metrics_counts_for_no_per_ip),
        WORLD_TEST(test_one_address_with_over_half_of_the_slots_is_told),
        WORLD_TEST(test_a_quiet_log_is_told_of_no_crowd),
        WORLD_TEST(test_whose_it_was_is_not_always_known),
        WORLD_TEST(test_behind_a_proxy_it_is_the_visitors_that_count),
        WORLD_TEST(test_who_is_trusted_counts_as_whom_it_names),
        WORLD_TEST(test_between_requests_a_proxy_counts_for_nobody),
        WORLD_TEST(test_every_family_is_counted_for_itself),
        WORLD_TEST(test_a_header_and_a_request_cut_anywhere),
        WORLD_TEST(test_an_address_counts_once_it_is_known),
        WORLD_TEST(test_a_proxy_that_speaks_for_itself_may_name_others),
        WORLD_TEST(test_at_the_address_of_metrics_there_is_no_header),
        WORLD_TEST(test_a_proxy_that_sends_nothing_is_gone_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
