/* SPDX-License-Identifier: MIT */
#include "server/server.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

static struct note note;

static void stop_reading(const struct peer *p)
{
    sim_set_send_buffer(p->connection, 1);
    sim_set_window(p->connection, 0);
}

static void read_again(const struct peer *p)
{
    sim_set_send_buffer(p->connection, SIM_UNLIMITED);
    sim_set_window(p->connection, SIM_UNLIMITED);
    world_settle();
}

/* ---- Starting ------------------------------------------------------------ */

static void test_the_start_line_tells_what_is_used_for_good(void **state)
{
    (void)state;
    world.config.addrs[1] =
        (struct socket_address){.family = SOCKET_INET, .ip = {127, 0, 0, 1}};
    world.config.addr_count = 2;
    world_start();
    char reserved[64];
    snprintf(reserved, sizeof reserved,
             "reserved=%zu sandbox=", world.server.reserved);
    struct span log = sim_log();
    assert_int_equal(bytes_find(log, '\n'), log.len - 1);
    world_logged(reserved);
}

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
    world.config.addrs[1] = world.config.addrs[0];
    world.config.addr_count = 2;
    world_fail(SERVER_FAILED, "cannot listen on :6868: Address already in use");
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

static void test_a_folder_that_is_not_there_is_a_bad_option(void **state)
{
    (void)state;
    world.config.static_folder = "nowhere";
    sim_fail(SIM_FOLDER_OPEN, 0, 1, ENOENT);
    world_fail(SERVER_BAD_OPTION,
               "--static: nowhere: No such file or directory");
}

static void test_a_folder_of_no_use_is_one_warning(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    sim_fail(SIM_FOLDER_CHECK, 0, 1, EPERM);
    world_start();
    world_logged("level=warn event=warning why=\"no file of --static can be "
                 "opened\" error=\"Operation not permitted\"\n");
}

static void test_too_little_memory_is_one_sentence(void **state)
{
    (void)state;
    sim_fail(SIM_MEMORY, 0, 1, ENOMEM);
    world_fail(SERVER_FAILED, "not enough memory for these options");
}

static void test_options_beyond_any_address_space_are_refused(void **state)
{
    (void)state;
    world.config.rooms = LIMITS_COUNT_MAX;
    world.config.history = LIMITS_COUNT_MAX;
    world.config.room_log = LIMITS_SIZE_MAX;
    world.config.buffers = LIMITS_COUNT_MAX;
    world.config.max_message = LIMITS_SIZE_MAX / LIMITS_APPEND_PART;
    world_fail(SERVER_FAILED, "not enough memory for these options");
}

static void test_few_open_files_make_few_slots_and_a_warning(void **state)
{
    (void)state;
    sim_limit_files(3 + LIMITS_OTHER_FILES + LIMITS_BESIDES + 6);
    world_start();
    assert_true(world.server.clients.size < world.config.clients);
    assert_true(world.server.clients.size > 0);
    world_logged("level=warn event=warning why=\"the limit of open files is "
                 "too low for --clients\"");
}

static void test_no_open_files_for_clients_is_a_failure(void **state)
{
    (void)state;
    sim_limit_files(20);
    world_fail(SERVER_FAILED,
               "the limit of open files leaves none for clients");
}

static void assert_told(const char *wanted)
{
    assert_string_equal(sim_told(), wanted);
}

static void test_the_supervisor_hears_of_start_and_end(void **state)
{
    (void)state;
    world.config.supervised.notify = "/run/notify";
    world_start();
    assert_told("READY=1\n");
    world_pass(60000); /* no watchdog was asked for */
    assert_told("");
    sim_signal(SIGNALS_STOP);
    world_settle();
    assert_told("STOPPING=1\n");
}

static void test_the_watchdog_hears_from_an_idle_server(void **state)
{
    (void)state;
    world.config.supervised =
        (struct supervise){.notify = "/run/notify", .watchdog = 1000};
    world_start();
    assert_told("READY=1\n");
    world_pass(999);
    assert_told("");
    world_pass(1);
    assert_told("WATCHDOG=1\n");
    world_pass(3000);
    assert_told("WATCHDOG=1\nWATCHDOG=1\nWATCHDOG=1\n");
    world_freeze(5000); /* once is enough to say that we live again */
    assert_told("WATCHDOG=1\n");
}

static void test_what_the_supervisor_has_no_room_for_is_told_again(void **state)
{
    (void)state;
    world.config.supervised =
        (struct supervise){.notify = "/run/notify", .watchdog = 1000};
    sim_fail(SIM_TELL, 0, 2, EAGAIN);
    world_start();
    assert_told("");
    world_pass(LIMITS_REST);
    assert_told("READY=1\n");
    sim_fail(SIM_TELL, 0, 1, EAGAIN);
    world_pass(1000);
    assert_told("WATCHDOG=1\n");
    sim_fail(SIM_TELL, 0, 1, EAGAIN);
    peer_open("/echo");
    sim_signal(SIGNALS_STOP);
    world_settle();
    assert_told("STOPPING=1\n");
}

static void
test_a_supervisor_that_cannot_be_reached_is_no_obstacle(void **state)
{
    (void)state;
    world.config.supervised =
        (struct supervise){.notify = "/run/notify", .watchdog = 1000};
    sim_fail(SIM_SUPERVISOR, 0, 1, ENOENT);
    world_start();
    world_pass(5000);
    peer_text(peer_open("/echo"), "it serves");
}

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

/* The start, with its call number n failing. False when there are fewer. */
static bool start_without(uint64_t n)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    world.config.per_ip = 5;
    world.config.static_folder = "folder";
    world.config.user = "ann";
    sim_fail(SIM_ANY, n, 1, ENOMEM);
    int result = world_try(&why);
    if (result != 0) {
        assert_int_equal(bytes_find(bytes_of((char *)bytes), '\n'), why.len);
        assert_true(why.len > 10 && !why.overflow);
        assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
    }
    return sim_count(SIM_ANY) > n;
}

static void test_whatever_fails_at_the_start_it_ends_in_a_sentence(void **state)
{
    (void)state;
    for (uint64_t n = 0; start_without(n); n++) {
        note_open(&note, "the start", "failing call", n);
        world_teardown(NULL);
        world_setup(NULL);
        note_close(&note);
    }
}

/* ---- Sleeping ------------------------------------------------------------ */

static void test_an_idle_server_sleeps_until_somebody_comes(void **state)
{
    (void)state;
    world_start();
    world_settle();
    assert_true(world.server.patience == REACTOR_FOREVER);
}

static void test_idle_clients_wake_nobody_before_their_ping(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_text(ann, "hello");
    world_pass(1000);
    unsigned turns = 0;
    for (uint64_t slept = 0; slept < WORLD_PING - 2000; turns++) {
        uint64_t patience = world.server.patience;
        assert_true(patience > 0);
        sim_pass(patience);
        slept += patience;
        world_turn();
    }
    assert_true(turns < 5);
}

static void test_more_than_one_wait_can_tell_are_all_served(void **state)
{
    (void)state;
    world.config.clients = 600;
    world_start();
    int connections[600];
    for (size_t i = 0; i < 600; i++) {
        connections[i] = sim_connect(0, "192.0.2.1:1");
        sim_write(connections[i],
                  BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    world_settle();
    for (size_t i = 0; i < 600; i++)
        assert_true(sim_in_flight(connections[i]) > 100);
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

/* ---- Signals ------------------------------------------------------------- */

static void test_usr1_writes_one_line_of_state(void **state)
{
    (void)state;
    world_start();
    peer_open("/chat/x");
    peer_connect();
    sim_signal(SIGNALS_STATE);
    world_settle();
    world_logged("event=state clients=1 closing=0 http=1 slots=2 slots_max=8 "
                 "rooms=1 rooms_max=3 buffers=0 buffers_max=8\n");
}

static void test_term_without_clients_ends_at_once(void **state)
{
    (void)state;
    world_start();
    sim_signal(SIGNALS_STOP);
    assert_int_equal(world_run(), 0);
    world_logged("event=stop what=stopped");
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

static void test_term_twice_is_exit_1(void **state)
{
    (void)state;
    world_start();
    peer_open("/echo");
    sim_signal(SIGNALS_STOP);
    sim_signal(SIGNALS_STOP);
    assert_int_equal(world_run(), 1);
    world_logged("event=stop what=aborted");
}

static void test_draining_sends_what_was_published_before_1001(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    struct peer *cid = peer_open("/ws/x"), *eve = peer_open("/echo");
    stop_reading(bob);
    peer_text(ann, "one");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("two"));
    peer_push(ann);
    sim_signal(SIGNALS_STOP); /* read in the same turn, after the input */
    world_settle();
    peer_told(ann, "text one\ntext two\nclose 1001 stopping\nend\n");
    peer_told(cid, "#1 one\n#2 two\nclose 1001 stopping\nend\n");
    peer_told(eve, "close 1001 stopping\nend\n");
    assert_true(world.running);
    read_again(bob);
    peer_told(bob, "text one\ntext two\nclose 1001 stopping\nend\n");
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    assert_false(world.running);
}

static void test_draining_ends_when_all_have_answered(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    sim_signal(SIGNALS_STOP);
    world_settle();
    assert_true(world.running);
    peer_close(ann, 1001);
    sim_close(ann->connection);
    world_settle();
    assert_false(world.running);
}

/* Goodbyes to a million take seconds; the loop goes on between them. */
static void test_many_are_told_to_leave_over_several_turns(void **state)
{
    (void)state;
    static struct peer *peers[LIMITS_TURN_GOODBYE / LIMITS_COST_SEND + 2];
    const size_t count = sizeof peers / sizeof *peers;
    world.config.clients = (uint32_t)count;
    world_start();
    for (size_t i = 0; i < count; i++)
        peers[i] = peer_open("/echo");
    sim_signal(SIGNALS_STOP);
    world_turn();
    assert_in_range(world.server.clients.in_state[CLIENT_OPEN], 1, count / 2);
    assert_int_equal(world.server.patience, 0);
    peer_text(peers[count - 1], "still here");
    world_settle();
    for (size_t i = 0; i < count - 1; i++)
        peer_told(peers[i], "close 1001 stopping\nend\n");
    peer_told(peers[count - 1], "text still here\nclose 1001 stopping\nend\n");
    assert_true(world.running);
}

static void test_the_end_of_draining_comes_before_the_last_goodbye(void **state)
{
    (void)state;
    const uint32_t count = LIMITS_TURN_GOODBYE / LIMITS_COST_SEND + 1;
    world.config.clients = count;
    world.config.drain = 0;
    world_start();
    for (uint32_t i = 0; i < count; i++)
        peer_open("/echo");
    sim_signal(SIGNALS_STOP);
    world_turn();
    assert_int_not_equal(world.server.clients.in_state[CLIENT_OPEN], 0);
    assert_false(world.running);
}

static void test_draining_waits_no_longer_than_it_may(void **state)
{
    (void)state;
    world.config.close_timeout = 60000;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    stop_reading(ann);
    peer_text(ann, "hello");
    sim_signal(SIGNALS_STOP);
    world_pass(WORLD_DRAIN - 1);
    assert_true(world.running);
    world_pass(1 + WHEEL_TICK);
    assert_false(world.running);
}

static void test_a_laggards_messages_are_owed_to_it_too(void **state)
{
    (void)state;
    static char text[401];
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    stop_reading(bob);
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 8; i++)
        peer_text(ann, text);
    sim_signal(SIGNALS_STOP);
    world_settle();
    read_again(bob);
    const char *story = peer_story(bob);
    for (unsigned i = 0; i < 6; i++) {
        assert_memory_equal(story, "text xxxx", 9);
        story = strchr(story, '\n') + 1;
    }
    assert_string_equal(story, "close 1001 stopping\nend\n");
}

static void test_while_draining_health_is_503_and_nobody_gets_in(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_connect();
    struct peer *cid = peer_connect();
    stop_reading(ann);
    peer_text(ann, "hello");
    sim_signal(SIGNALS_STOP);
    world_settle();
    peer_say(bob, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    struct peer_response r = peer_response(bob, false);
    assert_int_equal(r.status, 503);
    assert_true(bytes_equal(
        r.body, BYTES_LITERAL("{\"status\":\"draining\",\"clients\":0,"
                              "\"rooms\":0}")));
    peer_upgrade(cid, "/echo", "");
    peer_answered(cid, 503);
    assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
}

static void test_a_quiet_log_has_no_state(void **state)
{
    (void)state;
    world.config.level = LEVEL_WARN;
    world_start();
    sim_signal(SIGNALS_STATE);
    world_settle();
    assert_int_equal(sim_log().len, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_start_line_tells_what_is_used_for_good),
        WORLD_TEST(test_every_address_is_listened_on),
        WORLD_TEST(test_a_port_in_use_is_one_sentence),
        WORLD_TEST(test_a_second_port_in_use_closes_the_first),
        WORLD_TEST(test_a_folder_that_is_not_there_is_a_bad_option),
        WORLD_TEST(test_a_folder_of_no_use_is_one_warning),
        WORLD_TEST(test_too_little_memory_is_one_sentence),
        WORLD_TEST(test_options_beyond_any_address_space_are_refused),
        WORLD_TEST(test_few_open_files_make_few_slots_and_a_warning),
        WORLD_TEST(test_no_open_files_for_clients_is_a_failure),
        WORLD_TEST(test_the_supervisor_hears_of_start_and_end),
        WORLD_TEST(test_the_watchdog_hears_from_an_idle_server),
        WORLD_TEST(test_what_the_supervisor_has_no_room_for_is_told_again),
        WORLD_TEST(test_a_supervisor_that_cannot_be_reached_is_no_obstacle),
        WORLD_TEST(test_sockets_handed_over_replace_the_default_address),
        WORLD_TEST(test_an_address_that_was_chosen_adds_to_them),
        WORLD_TEST(test_what_was_handed_over_must_be_listeners),
        WORLD_TEST(test_more_listeners_than_there_is_room_for),
        WORLD_TEST(test_whatever_fails_at_the_start_it_ends_in_a_sentence),
        WORLD_TEST(test_an_idle_server_sleeps_until_somebody_comes),
        WORLD_TEST(test_idle_clients_wake_nobody_before_their_ping),
        WORLD_TEST(test_more_than_one_wait_can_tell_are_all_served),
        WORLD_TEST(test_a_connection_that_died_in_the_queue_is_passed_over),
        WORLD_TEST(test_out_of_descriptors_the_listeners_rest),
        WORLD_TEST(test_an_accept_that_is_always_refused_makes_no_spin),
        WORLD_TEST(test_the_spare_descriptor_is_opened_again),
        WORLD_TEST(test_usr1_writes_one_line_of_state),
        WORLD_TEST(test_term_without_clients_ends_at_once),
        WORLD_TEST(test_term_twice_is_exit_1),
        WORLD_TEST(test_draining_sends_what_was_published_before_1001),
        WORLD_TEST(test_draining_ends_when_all_have_answered),
        WORLD_TEST(test_many_are_told_to_leave_over_several_turns),
        WORLD_TEST(test_the_end_of_draining_comes_before_the_last_goodbye),
        WORLD_TEST(test_draining_waits_no_longer_than_it_may),
        WORLD_TEST(test_a_laggards_messages_are_owed_to_it_too),
        WORLD_TEST(test_while_draining_health_is_503_and_nobody_gets_in),
        WORLD_TEST(test_a_quiet_log_has_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
