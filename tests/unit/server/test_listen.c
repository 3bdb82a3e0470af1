/* SPDX-License-Identifier: MIT */
/*
 * Goal: each listener gives what it is there for, and none of them stops the
 * loop.
 */
#include "server/listen.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>

static struct note note;

/* ---- Addresses ----------------------------------------------------------- */

static void test_every_address_is_listened_on(void **state)
{
    (void)state;
    world.config.addrs[1] = (struct socket_address){
        .family = SOCKET_INET, .ip = {127, 0, 0, 1}, .port = 1};
    world.config.addr_count = 2;
    world_start();
    int connection = sim_connect(1, "127.0.0.1:9");
    world_settle();
    assert_int_equal(sim_side(connection), SIM_OPEN);
    peer_text(peer_open("/echo"), "the first as well");
}

static void test_a_port_in_use_is_one_sentence(void **state)
{
    (void)state;
    sim_fail(SIM_LISTEN, 0, 1, EADDRINUSE);
    world_fail(SERVER_FAILED, "cannot listen on :6868: Address already in use");
}

static void test_a_second_port_in_use_closes_the_first(void **state)
{
    (void)state;
    world.config.has_metrics = true; /* which is not tried any more */
    world.config.addrs[1] = world.config.addrs[0];
    world.config.addr_count = 2;
    world_fail(SERVER_FAILED, "cannot listen on :6868: Address already in use");
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

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

/* --metrics is one more. */
static void test_as_many_addresses_as_there_may_be_leave_one(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < LIMITS_ADDRS; i++)
        world.config.addrs[i] =
            (struct socket_address){.family = SOCKET_ANY, .port = i + 100};
    world.config.addr_count = LIMITS_ADDRS;
    start_with_metrics();
    struct peer *p = peer_of(sim_connect(LIMITS_ADDRS, "192.0.2.9:9"));
    peer_say(p, SCRAPE);
    peer_answered(p, 200);
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

static void test_sockets_handed_over_replace_the_default_address(void **state)
{
    (void)state;
    sim_hand_over("127.0.0.1:1");
    sim_hand_over("unix:/run/chatd");
    world.config.default_addr = true;
    world.config.supervised.sockets = 2;
    world_start();
    world_logged("addr=127.0.0.1:1 addr=unix:/run/chatd slots=");
    int connection = sim_connect(0, "192.0.2.1:1");
    world_settle();
    assert_int_equal(sim_side(connection), SIM_OPEN);
}

static void test_an_address_that_was_chosen_adds_to_them(void **state)
{
    (void)state;
    sim_hand_over("127.0.0.1:1");
    world.config.supervised.sockets = 1;
    world_start();
    world_logged("addr=127.0.0.1:1 addr=:6868 slots=");
}

static void test_what_was_handed_over_must_be_listeners(void **state)
{
    (void)state;
    sim_hand_over("127.0.0.1:1");
    world.config.supervised.sockets = 2;
    world_fail(SERVER_BAD_OPTION, "LISTEN_FDS: no listening stream socket, or "
                                  "one too many: descriptor 4");
}

static void test_more_listeners_than_there_is_room_for(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LIMITS_ADDRS; i++)
        sim_hand_over("127.0.0.1:0");
    world.config.supervised.sockets = LIMITS_ADDRS;
    world_fail(SERVER_FAILED, "more addresses than can be listened on");
}

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

static void
test_a_connection_that_died_in_the_queue_is_passed_over(void **state)
{
    (void)state;
    world_start();
    int dead = sim_connect(0, "192.0.2.1:1");
    int next = sim_connect(0, "192.0.2.1:2");
    sim_fail(SIM_ACCEPT, 0, 1, ECONNABORTED);
    world_turn(); /* in the same turn */
    assert_int_equal(sim_side(dead), SIM_BROKEN);
    assert_int_equal(sim_side(next), SIM_OPEN);
}

static void test_out_of_descriptors_the_listeners_rest(void **state)
{
    (void)state;
    world.config.addrs[1] = (struct socket_address){.port = 1};
    world.config.addr_count = 2;
    world_start();
    struct peer *ann = peer_open("/echo");
    sim_limit_files(3 + sim_files_open());
    int first = sim_connect(0, "192.0.2.1:1");
    int second = sim_connect(0, "192.0.2.1:2");
    int third = sim_connect(1, "192.0.2.1:3");
    uint64_t accepts = sim_count(SIM_ACCEPT);
    world_settle();
    assert_int_equal(sim_side(first), SIM_CLOSED); /* with the spare one */
    assert_int_equal(sim_side(second), SIM_WAITING);
    assert_int_equal(sim_side(third), SIM_WAITING);
    assert_int_equal(sim_count(SIM_ACCEPT), accepts + 2);
    assert_true(world.server.patience <= LIMITS_REST);
    world_logged("out of descriptors");
    peer_text(ann, "others are served");
    peer_told(ann, "text others are served\n");
    sim_limit_files(1000);
    world_pass(LIMITS_REST + WHEEL_TICK);
    assert_int_equal(sim_side(second), SIM_OPEN);
}

/* Somebody waits, and is taken once the fault is over. */
static void assert_refused_without_spinning(int error)
{
    int waiting = sim_connect(0, "192.0.2.1:1");
    sim_fail(SIM_ACCEPT, 0, UINT64_MAX, error);
    uint64_t accepts = sim_count(SIM_ACCEPT);
    world_pass(10 * LIMITS_REST);
    assert_in_range(sim_count(SIM_ACCEPT) - accepts, 1,
                    12 * (LIMITS_TURN_ACCEPT / LIMITS_COST_ACCEPT + 1));
    sim_fail(SIM_ACCEPT, 0, 0, 0);
    world_pass(LIMITS_REST + WHEEL_TICK);
    int later = sim_connect(0, "192.0.2.1:2");
    world_settle();
    assert_int_not_equal(sim_side(waiting), SIM_WAITING);
    assert_int_equal(sim_side(later), SIM_OPEN);
}

static void test_an_accept_that_is_always_refused_makes_no_spin(void **state)
{
    (void)state;
    world_start();
    assert_refused_without_spinning(EPERM);  /* the firewall's */
    assert_refused_without_spinning(EACCES); /* a security module's */
    assert_refused_without_spinning(EINVAL); /* somebody has shut it */
    assert_refused_without_spinning(ENOMEM);
    world_logged("why=\"no accept\" error=\"Permission denied\"");
}

static void test_the_spare_descriptor_is_opened_again(void **state)
{
    (void)state;
    world_start();
    sim_connect(0, "192.0.2.1:1");
    sim_fail(SIM_ACCEPT, 0, 1, ENFILE);
    sim_fail(SIM_SPARE, 0, 2, ENFILE);
    world_settle();
    assert_true(world.server.spare < 0);
    world_pass(3 * LIMITS_REST);
    assert_true(world.server.spare >= 0);
}

/* There was none to be had at the start; who waits is not turned away. */
static void test_without_a_spare_descriptor_one_rests_all_the_same(void **state)
{
    (void)state;
    sim_fail(SIM_SPARE, 0, 1, ENFILE);
    world_start();
    assert_true(world.server.spare < 0);
    int connection = sim_connect(0, "192.0.2.1:1");
    sim_fail(SIM_ACCEPT, 0, 1, ENFILE);
    world_settle();
    world_logged("why=\"out of descriptors\"");
    assert_int_equal(sim_side(connection), SIM_WAITING);
    world_pass(LIMITS_REST);
    assert_true(world.server.spare >= 0);
    assert_int_equal(sim_side(connection), SIM_OPEN);
}

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
    world.config.level = LEVEL_ERROR;
    world_start();
    struct peer *ann = peer_open("/echo");
    sim_limit_files(3 + sim_files_open());
    sim_connect(0, "192.0.2.1:1");
    int second = sim_connect(0, "192.0.2.1:2");
    world_settle();
    uint64_t accepts = sim_count(SIM_ACCEPT);
    world_logged("level=error event=warning why=\"out of descriptors\"");
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

static void test_a_file_that_cannot_be_removed_is_told(void **state)
{
    (void)state;
    listen_on_a_file();
    world_start();
    sim_keep_socket_files(EACCES);
    sim_signal(SIGNALS_STOP);
    world_settle();
    world_logged("level=error event=warning why=\"the file of a unix: socket "
                 "stays\" error=\"Permission denied\"\n");
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
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_every_address_is_listened_on),
        WORLD_TEST(test_a_port_in_use_is_one_sentence),
        WORLD_TEST(test_a_second_port_in_use_closes_the_first),
        WORLD_TEST(test_metrics_are_told_where_they_were_asked_for),
        WORLD_TEST(test_as_many_addresses_as_there_may_be_leave_one),
        WORLD_TEST(test_metrics_and_chat_know_nothing_of_each_other),
        WORLD_TEST(test_those_who_scrape_have_slots_of_their_own),
        WORLD_TEST(test_metrics_that_cannot_be_listened_for_fail_the_start),
        WORLD_TEST(test_sockets_handed_over_replace_the_default_address),
        WORLD_TEST(test_an_address_that_was_chosen_adds_to_them),
        WORLD_TEST(test_what_was_handed_over_must_be_listeners),
        WORLD_TEST(test_more_listeners_than_there_is_room_for),
        WORLD_TEST(test_one_socket_too_many_is_refused),
        WORLD_TEST(test_a_socket_that_cannot_be_waited_for_is_refused),
        WORLD_TEST(test_a_connection_that_died_in_the_queue_is_passed_over),
        WORLD_TEST(test_out_of_descriptors_the_listeners_rest),
        WORLD_TEST(test_an_accept_that_is_always_refused_makes_no_spin),
        WORLD_TEST(test_the_spare_descriptor_is_opened_again),
        WORLD_TEST(test_without_a_spare_descriptor_one_rests_all_the_same),
        WORLD_TEST(test_no_error_of_accept_stops_the_loop),
        WORLD_TEST(test_listeners_that_rest_may_be_closed),
        WORLD_TEST(test_a_file_has_no_mode_or_group_but_what_is_given),
        WORLD_TEST(test_a_file_that_cannot_be_removed_is_told),
        WORLD_TEST(test_a_file_has_the_mode_and_group_that_are_given),
        WORLD_TEST(test_so_has_that_of_the_metrics),
        WORLD_TEST(test_a_group_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_a_list_of_groups_that_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
