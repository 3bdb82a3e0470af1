/* SPDX-License-Identifier: MIT */
/*
 * Goal: each listener gives what it is there for, and none of them stops the
 * loop. (test_server.c has more: the start, and a rest without descriptors.)
 */
#include "server/listen.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>

static struct note note;

/* ---- The address of --metrics -------------------------------------------- */

#define SCRAPE  "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define METRICS 1 /* its listener's number */

static void start_with_metrics(void)
{
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
}

static struct peer *scraper(void)
{
    return peer_of(sim_connect(METRICS, "192.0.2.9:9"));
}

/* The body has this whole line. */
static bool says(struct span body, const char *line)
{
    size_t len = strlen(line);
    for (size_t i = 0; i + len < body.len; i++)
        if ((i == 0 || body.ptr[i - 1] == '\n') && body.ptr[i + len] == '\n' &&
            memcmp(body.ptr + i, line, len) == 0)
            return true;
    return false;
}

static void test_metrics_are_told_where_they_were_asked_for(void **state)
{
    (void)state;
    start_with_metrics();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_text(ann, "hello");
    peer_told(bob, "text hello\n");
    struct peer *p = scraper();
    peer_say(p, SCRAPE);
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, 200);
    assert_true(says(r.body, "chatd_websockets{form=\"plain\"} 2"));
    assert_true(says(r.body, "chatd_delivery_lag_seconds_count 1"));
    assert_true(sim_ended(p->connection)); /* one request each */
    peer_say(ann, SCRAPE);
    assert_memory_equal(peer_story(ann), "text hello\nclose 1002", 21);
}

static void test_metrics_and_chat_know_nothing_of_each_other(void **state)
{
    (void)state;
    start_with_metrics();
    struct peer *p = peer_connect();
    peer_say(p, SCRAPE);
    peer_answered(p, 404);
    p = scraper();
    peer_upgrade(p, "/echo", "");
    peer_answered(p, 404);
    assert_true(sim_ended(p->connection));
}

static void test_those_who_scrape_have_slots_of_their_own(void **state)
{
    (void)state;
    start_with_metrics();
    struct peer *idle[LIMITS_SCRAPES];
    for (size_t i = 0; i < LIMITS_SCRAPES; i++)
        idle[i] = scraper();
    world_settle();
    for (uint32_t i = 0; i < world.config.clients; i++)
        peer_open("/echo");
    struct peer *late = scraper(); /* the first gives way */
    peer_say(late, SCRAPE);
    peer_answered(late, 200);
    peer_told(idle[0], "end\n");
    peer_say(idle[1], SCRAPE);
    peer_answered(idle[1], 200);
}

static void
test_metrics_that_cannot_be_listened_for_fail_the_start(void **state)
{
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    sim_fail(SIM_LISTEN, 1, 1, EADDRINUSE);
    world_fail(SERVER_FAILED, "cannot listen on :9: Address already in use");
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

/* ---- Sockets handed over ------------------------------------------------- */

static void test_one_socket_too_many_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= LIMITS_ADDRS; i++)
        sim_hand_over("127.0.0.1:0");
    world.config.supervised.sockets = LIMITS_ADDRS + 1;
    world_fail(SERVER_BAD_OPTION,
               "LISTEN_FDS: no listening stream socket, or one too many: "
               "descriptor 19");
}

static void test_a_socket_that_cannot_be_waited_for_is_refused(void **state)
{
    (void)state;
    sim_hand_over("127.0.0.1:0");
    world.config.supervised.sockets = 1;
    sim_fail(SIM_REACTOR_ADD, 0, 1, ENOMEM);
    world_fail(SERVER_BAD_OPTION,
               "LISTEN_FDS: no listening stream socket, or one too many: "
               "descriptor 3");
}

/* ---- Accepting ----------------------------------------------------------- */

/* In accept(2) they mean nothing; whatever it says, the loop goes on. */
static void test_no_error_of_accept_stops_the_loop(void **state)
{
    static const int errors[] = {ECONNRESET, ENOENT, EINVAL};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(errors); i++) {
        note_open(&note, "accept fails", "errno", (uint64_t)errors[i]);
        int connection = sim_connect(0, "192.0.2.1:1");
        sim_fail(SIM_ACCEPT, 0, 1, errors[i]);
        world_turn();
        assert_int_equal(sim_side(connection), SIM_WAITING);
        world_pass(LIMITS_REST);
        assert_int_equal(sim_side(connection), SIM_OPEN);
        note_close(&note);
    }
}

/* Told to stop while they rest: there is nothing left to be woken. */
static void test_listeners_that_rest_may_be_closed(void **state)
{
    (void)state;
    world.config.level = LEVEL_ERROR; /* nor is there a line about it */
    world_start();
    struct peer *ann = peer_open("/echo");
    sim_limit_files(3 + sim_files_open());
    sim_connect(0, "192.0.2.1:1");
    int second = sim_connect(0, "192.0.2.1:2");
    world_settle();
    uint64_t accepts = sim_count(SIM_ACCEPT);
    assert_int_equal(sim_log().len, 0);
    sim_signal(SIGNALS_STOP);
    world_pass(2 * LIMITS_REST);
    assert_int_equal(sim_count(SIM_ACCEPT), accepts);
    assert_int_not_equal(sim_side(second), SIM_OPEN);
    peer_tells(ann, "close 1001 stopping\nend\n");
}

/* ---- The files of unix: sockets ------------------------------------------ */

static void listen_on_a_file(void)
{
    assert_true(
        socket_parse(bytes_of("unix:/run/chatd"), &world.config.addrs[1]));
    world.config.addr_count = 2;
}

static void test_a_file_has_no_mode_or_group_but_what_is_given(void **state)
{
    (void)state;
    listen_on_a_file();
    world_start();
    assert_int_equal(sim_socket_mode(), 0);
    assert_int_equal(sim_socket_group(), 0);
}

static void test_a_file_has_the_mode_and_group_that_are_given(void **state)
{
    (void)state;
    world.config.unix_mode = 0660;
    world.config.unix_group = "guests";
    listen_on_a_file();
    world_start();
    assert_int_equal(sim_socket_mode(), 0660);
    assert_int_equal(sim_socket_group(), 9);
}

static void test_so_has_that_of_the_metrics(void **state)
{
    (void)state;
    world.config.unix_mode = 0666;
    world.config.unix_group = "guests";
    world.config.has_metrics = true;
    assert_true(
        socket_parse(bytes_of("unix:/run/metrics"), &world.config.metrics));
    world_start();
    assert_int_equal(sim_socket_mode(), 0666);
    assert_int_equal(sim_socket_group(), 9);
}

static void test_a_group_that_is_not_there_is_a_bad_option(void **state)
{
    (void)state;
    world.config.unix_group = "strangers";
    world_fail(SERVER_BAD_OPTION,
               "--unix-group: \"strangers\" is not in /etc/group");
}

static void test_a_list_of_groups_that_cannot_be_read(void **state)
{
    (void)state;
    world.config.unix_group = "guests";
    sim_fail(SIM_GROUP_FIND, 0, 1, EACCES);
    world_fail(SERVER_FAILED, "--unix-group: /etc/group: Permission denied");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_metrics_are_told_where_they_were_asked_for),
        WORLD_TEST(test_metrics_and_chat_know_nothing_of_each_other),
        WORLD_TEST(test_those_who_scrape_have_slots_of_their_own),
        WORLD_TEST(test_metrics_that_cannot_be_listened_for_fail_the_start),
        WORLD_TEST(test_one_socket_too_many_is_refused),
        WORLD_TEST(test_a_socket_that_cannot_be_waited_for_is_refused),
        WORLD_TEST(test_no_error_of_accept_stops_the_loop),
        WORLD_TEST(test_listeners_that_rest_may_be_closed),
        WORLD_TEST(test_a_file_has_no_mode_or_group_but_what_is_given),
        WORLD_TEST(test_a_file_has_the_mode_and_group_that_are_given),
        WORLD_TEST(test_so_has_that_of_the_metrics),
        WORLD_TEST(test_a_group_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_a_list_of_groups_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
