/* SPDX-License-Identifier: MIT */
/*
 * Goal: the server wakes for whatever is due and for nothing else; in each turn
 * everybody has a share, and input comes before timers;
 * where thousands want something at once a turn costs what limits.h says.
 */
#include "server/loop.h"
#include "os/bell.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

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

/* ---- A turn -------------------------------------------------------------- */

/* What somebody before her has said in this turn fills her kernel. */
static void test_who_is_blocked_before_its_turn_comes_is_not_read(void **state)
{
    (void)state;
    static char text[801];
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    memset(text, 'x', sizeof text - 1); /* an eighth of the log, and more */
    peer_stop_reading(ann);
    peer_push_text(bob, text);
    peer_push_text(ann, "hello");
    world_turn();
    assert_true(sim_unread(ann->connection) > 0);
    peer_read_again(ann);
    peer_tells(ann, "xxx\ntext hello\n");
    peer_tells(bob, "xxx\ntext hello\n");
}

static void test_one_who_sends_without_end_does_not_stop_others(void **state)
{
    (void)state;
    world_start();
    static uint8_t bytes[8000];
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    for (unsigned i = 0; i < 100; i++)
        peer_add_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    peer_push(ann);
    peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("me too"));
    peer_push(bob);
    world_turn();
    world_turn();
    assert_int_equal(sim_in_flight(bob->connection), 8);
    world_settle();
    assert_true(peer_bytes(ann).len >= 100 * (4 + sizeof bytes));
}

static void test_a_slot_is_not_anothers_before_the_turn_is_over(void **state)
{
    (void)state;
    world.config.clients = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    uint64_t token =
        client_token(&world.server.clients, world_client(ann->connection));
    sim_reset(ann->connection);
    struct peer *bob = peer_connect(); /* accepted before the reset is read */
    peer_upgrade(bob, "/echo", "");
    peer_answered(bob, 503);
    assert_null(client_find(&world.server.clients, token));
    peer_text(peer_open("/echo"), "the slot is free now");
}

/* Each look at the reactor is full of them: the timers have their turn. */
static void test_many_who_never_cease_to_send_stop_no_timer(void **state)
{
    (void)state;
    int connections[REACTOR_EVENTS + 44];
    world.config.clients = UNIT_COUNT(connections);
    world.config.buffers = 2 * UNIT_COUNT(connections);
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(connections); i++)
        connections[i] = sim_connect(0, "192.0.2.1:1");
    world_settle();
    uint64_t left = world.config.handshake_timeout + 1000;
    for (; left > 0; left -= 100) {
        for (size_t i = 0; i < UNIT_COUNT(connections); i++)
            sim_write(connections[i], BYTES_LITERAL("a"));
        sim_pass(100);
        world_turn();
    }
    for (size_t i = 0; i < UNIT_COUNT(connections); i++)
        assert_int_not_equal(sim_side(connections[i]), SIM_OPEN);
}

/* ---- A machine that was paused ------------------------------------------- */

static void test_after_a_pause_the_pong_that_waits_counts(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    world_pass(WORLD_PING + WHEEL_TICK);
    peer_told(ann, "ping\n");
    peer_told(bob, "ping\n");
    peer_add_frame(ann, PEER_PONG, bytes_span(NULL, 0));
    peer_push(ann);
    world_freeze(10 * 60 * 1000);
    assert_true(peer_is_there(ann));
    peer_told_nothing(ann);
    peer_told(bob, "close 1001 no sign of life\nend\n");
}

/* More people than one look at the reactor tells of. */
static void test_after_a_pause_every_pong_that_waits_counts(void **state)
{
    (void)state;
    struct peer *people[REACTOR_EVENTS + 100];
    const size_t count = sizeof people / sizeof people[0];
    world.config.clients = (uint32_t)count;
    world_start();
    for (size_t i = 0; i < count; i++)
        people[i] = peer_open("/echo");
    world_pass(WORLD_PING + WHEEL_TICK);
    for (size_t i = 0; i < count; i++) {
        peer_told(people[i], "ping\n");
        peer_add_frame(people[i], PEER_PONG, bytes_span(NULL, 0));
    }
    for (size_t i = 0; i < count; i++)
        peer_push(people[i]);
    world_freeze(10 * 60 * 1000);
    for (size_t i = 0; i < count; i++) {
        assert_true(peer_is_there(people[i]));
        peer_told_nothing(people[i]);
    }
}

static void test_after_a_pause_the_request_that_waits_is_answered(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_add(ann, bytes_of("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"));
    peer_push(ann);
    world_freeze(10 * 60 * 1000);
    peer_answered(ann, 200);
}

/* ---- Signs of life ------------------------------------------------------- */

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

static void test_a_quiet_log_has_no_state(void **state)
{
    (void)state;
    world.config.level = LEVEL_WARN;
    world_start();
    sim_signal(SIGNALS_STATE);
    world_settle();
    assert_int_equal(sim_log().len, 0);
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

/* He reads it as fast as it comes: a piece in each turn. */
static void test_term_waits_for_a_download(void **state)
{
    (void)state;
    static uint8_t bytes[5 * LIMITS_FILE_PIECE];
    world.config.static_folder = "folder";
    world_start();
    sim_put_file("a.bin", bytes_span(bytes, sizeof bytes));
    struct peer *ann = peer_connect();
    sim_set_sink(ann->connection);
    peer_add(ann, BYTES_LITERAL("GET /a.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
    peer_push(ann);
    world_turn();
    sim_signal(SIGNALS_STOP);
    assert_int_equal(world_run(), 0);
    assert_true(world.server.stats.bytes_out > sizeof bytes);
}

static void test_lines_left_out_are_told_at_the_end(void **state)
{
    (void)state;
    world_start();
    for (unsigned i = 0; i < LIMITS_LOG_LINES + 3; i++) {
        struct peer *p = peer_connect();
        peer_say(p, "GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
        sim_reset(p->connection);
        world_settle();
    }
    sim_signal(SIGNALS_STOP);
    assert_int_equal(world_run(), 0);
    world_logged("event=suppressed of=refuse count=3");
}

/* ---- Draining ------------------------------------------------------------ */

static void test_draining_sends_what_was_published_before_1001(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    struct peer *cid = peer_open("/ws/x"), *eve = peer_open("/echo");
    peer_stop_reading(bob);
    peer_text(ann, "one");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("two"));
    peer_push(ann);
    sim_signal(SIGNALS_STOP); /* read in the same turn, after the input */
    world_settle();
    peer_told(ann, "text one\ntext two\nclose 1001 stopping\nend\n");
    peer_told(cid, "#1 one\n#2 two\nclose 1001 stopping\nend\n");
    peer_told(eve, "close 1001 stopping\nend\n");
    assert_true(world.running);
    peer_read_again(bob);
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
    loop_cut_off(&world.server);
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 0);
    uint64_t told = 0;
    for (uint32_t i = 0; i < STATS_CODES; i++)
        told += world.server.stats.closes[i][CAUSE_STOPPING];
    assert_int_equal(told, count);
}

static void test_draining_waits_no_longer_than_it_may(void **state)
{
    (void)state;
    world.config.close_timeout = 60000;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    sim_signal(SIGNALS_STOP);
    world_pass(WORLD_DRAIN - 1);
    assert_true(world.running);
    world_pass(1 + WHEEL_TICK);
    assert_false(world.running);
}

static void test_who_is_cut_off_at_the_end_is_told_of(void **state)
{
    (void)state;
    world.config.close_timeout = 60000;
    world.config.drain = LIMITS_LINGER / 2;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/echo");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    peer_frame(bob, 0x83, BYTES_LITERAL("no such opcode"));
    peer_upgrade(peer_connect(), "/none", "");
    sim_signal(SIGNALS_STOP);
    world_pass(LIMITS_LINGER / 2 + WHEEL_TICK);
    assert_false(world.running);
    assert_int_equal(world.server.clients.in_state[CLIENT_LINGER], 2);
    sim_forget_log();
    assert_int_equal(world_run(), 0);
    world_logged("event=close client=0 code=1001 by=server cause=stopping");
}

static void test_with_no_time_everybody_is_cut_off_and_told_of(void **state)
{
    (void)state;
    world.config.drain = 0;
    world_start();
    peer_open("/echo");
    sim_signal(SIGNALS_STOP);
    assert_int_equal(world_run(), 0);
    world_logged("event=close client=0 code=10");
}

static void test_while_draining_health_is_503_and_nobody_gets_in(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_connect();
    struct peer *cid = peer_connect();
    peer_stop_reading(ann);
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

/* ---- What a turn costs, by limits.h, where thousands want something ------ */

#define TURN        25000000 /* nanoseconds: all shares of a turn together */
#define MESSAGE     (60 * 1024)
#define MAX_MESSAGE (64 * 1024)
#define CLIENTS     10000

/* One is handled whole; and what it overfills is brought on at once. */
#define ONE_MESSAGE                                                            \
    (LIMITS_COST_MESSAGE + LIMITS_FLUSH_ROOM +                                 \
     MAX_MESSAGE * (LIMITS_COST_SAID + LIMITS_COST_RECEIVED))

static uint64_t dearest; /* turn */
static unsigned counted; /* turns */

static int start_large(void **state)
{
    world_setup(state);
    world.config.clients = CLIENTS;
    world.config.rooms = 2;
    world.config.room_log = 1024 * 1024;
    world.config.max_message = MAX_MESSAGE;
    world.config.buffers = 256;
    world.config.level = LEVEL_WARN;
    world.config.static_folder = "folder";
    sim_limit_files(CLIENTS + 1000);
    world_start();
    dearest = 0;
    counted = 0;
    return 0;
}

static void turn(uint64_t most)
{
    world_turn();
    counted++;
    if (dearest < world.server.cost)
        dearest = world.server.cost;
    if (world.server.cost >= most)
        fail_msg("a turn cost %llu", (unsigned long long)world.server.cost);
}

static void settle(uint64_t most)
{
    do
        turn(most);
    while (world.running && (sim_events() > 0 || world.server.patience == 0));
}

static void pass(uint64_t milliseconds, uint64_t most)
{
    settle(most);
    while (milliseconds > 0 && world.running) {
        uint64_t step = bytes_min64(milliseconds, world.server.patience);
        sim_pass(step);
        milliseconds -= step;
        settle(most);
    }
}

/* So many more; what they are sent is read at once. */
static void come(unsigned count, const char *target, const char *protocol)
{
    char request[512];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "%s\r\n",
                       target, protocol);
    uint32_t before = world.server.clients.in_state[CLIENT_OPEN];
    for (unsigned i = 0; i < count; i++) {
        int c = sim_connect(0, "192.0.2.7:1000");
        sim_write(c, bytes_span(request, (size_t)len));
        sim_set_sink(c);
    }
    settle(TURN);
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN],
                     before + count);
}

static void test_long_messages_to_three_thousand(void **state)
{
    (void)state;
    come(3000, "/chat/x", "");
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/echo");
    struct peer *cid = peer_open("/chat/y");
    uint8_t *text = malloc(MESSAGE);
    memset(text, 'a', MESSAGE);
    for (unsigned i = 0; i < 40; i++)
        peer_add_frame(ann, PEER_TEXT, bytes_span(text, MESSAGE));
    free(text);
    sim_set_sink(ann->connection);
    peer_push(ann);
    size_t answers = 0;
    do { /* neither an echo nor another room waits for it */
        peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("me too"));
        peer_push(bob);
        peer_add_frame(cid, PEER_TEXT, BYTES_LITERAL("we too"));
        peer_push(cid);
        turn(TURN + ONE_MESSAGE);
        assert_int_equal(sim_in_flight(bob->connection), ++answers * 8);
        assert_int_equal(sim_in_flight(cid->connection), answers * 8);
    } while (world.server.rooms.table[0].history.last.number < 40);
    settle(TURN + ONE_MESSAGE);
    assert_int_equal(world.server.stats.messages_out[CLIENT_PLAIN],
                     40 * 3001 + answers);
    assert_true(answers > 40 * 3001 * (MESSAGE / LIMITS_COST_SENT) / TURN);
}

/* Members to whom a message of five bytes went in a turn. */
static unsigned walked(void)
{
    uint64_t before = world.server.stats.bytes_out;
    turn(TURN);
    return (unsigned)(world.server.stats.bytes_out - before) / 7;
}

static void test_a_walk_is_as_long_as_the_rest_of_its_turn(void **state)
{
    const unsigned least = LIMITS_TURN_WALK / LIMITS_COST_SEND;
    (void)state;
    come(3000, "/chat/x", "");
    struct peer *ann = peer_open("/chat/x"), *others[4];
    for (unsigned i = 0; i < UNIT_COUNT(others); i++)
        others[i] = peer_open("/echo");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    peer_push(ann);
    assert_in_range(walked(), least * 9 / 10, least);
    assert_in_range(walked(), least * 9 / 10, least);
    for (unsigned i = 0; i < UNIT_COUNT(others); i++) { /* not answered */
        for (unsigned pongs = 0; pongs < 5000; pongs++)
            peer_add_frame(others[i], PEER_PONG, bytes_span(NULL, 0));
        peer_push(others[i]);
    }
    unsigned count = walked();
    assert_in_range(count, 2 * least,
                    world.server.cost / 2 / LIMITS_COST_SEND + 1);
    settle(TURN);
    assert_int_equal(world.server.stats.messages_out[CLIENT_PLAIN], 3001);
}

static void test_six_thousand_are_told_how_many_they_are(void **state)
{
    static const char v1[] = "Sec-WebSocket-Protocol: chatd.v1\r\n";
    (void)state;
    come(6000, "/ws/x", v1);
    pass(8000, TURN);
    for (unsigned i = 0; i < 10; i++) {
        come(50, "/ws/x", v1);
        pass(500, TURN);
        sim_reset(sim_connections() - 1);
        pass(500, TURN);
    }
    pass(8000, TURN);
    counted = 0;
    uint64_t before = world.server.stats.bytes_out;
    come(1, "/ws/x", v1); /* it has its welcome */
    pass(8000, TURN);
    /* {"event":"members","members":6491} and its header, each */
    assert_in_range(world.server.stats.bytes_out - before, 6490 * 36,
                    6490 * 36 + 500);
    assert_true(dearest > LIMITS_TURN_TELL);
    assert_true(counted > 6000 * LIMITS_COST_SEND / LIMITS_TURN_TELL);
}

static void test_goodbye_to_ten_thousand(void **state)
{
    (void)state;
    come(5000, "/echo", "");
    come(5000, "/chat/x", "");
    counted = 0;
    sim_signal(SIGNALS_STOP);
    while (world.server.clients.in_state[CLIENT_OPEN] > 0 || counted == 0)
        turn(TURN);
    assert_true(counted >= 10000 * LIMITS_COST_SEND / LIMITS_TURN_GOODBYE);
}

static void test_ten_thousand_timers_at_once(void **state)
{
    (void)state;
    come(10000, "/echo", "");
    uint64_t before = world.server.stats.bytes_out;
    counted = 0;
    pass(WORLD_PING + WHEEL_TICK, TURN);
    assert_int_equal(world.server.stats.bytes_out - before, 10000 * 2);
    assert_true(dearest > LIMITS_TURN_TIMERS);
    assert_true(counted > 10000 * LIMITS_COST_SEND / LIMITS_TURN_TIMERS);
    pass(WORLD_PONG_TIMEOUT + WHEEL_TICK, TURN);
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 0);
}

/* A piece of a file each, and the rest of them in the next turn. */
static void test_downloads_take_their_share_and_no_more(void **state)
{
    static uint8_t large[8 * LIMITS_FILE_PIECE];
    const uint64_t piece =
        LIMITS_COST_SEND + LIMITS_FILE_PIECE / LIMITS_COST_SENT;
    (void)state;
    sim_put_file("large.bin", bytes_span(large, sizeof large));
    for (unsigned i = 0; i < LIMITS_DOWNLOADS; i++) {
        int c = sim_connect(0, "192.0.2.7:1000");
        sim_set_sink(c);
        sim_write(c, bytes_of("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    while (world.server.clients.in_state[CLIENT_REPLY] < LIMITS_DOWNLOADS)
        turn(TURN);
    while (world.server.clients.in_state[CLIENT_REPLY] == LIMITS_DOWNLOADS)
        turn(LIMITS_TURN_DIRTY + piece);
    settle(TURN);
    assert_true(world.server.stats.bytes_out > LIMITS_DOWNLOADS * sizeof large);
}

#define LARGE_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, start_large, world_teardown)

/* ---- Of several workers --------------------------------------------------- */

static void ring(void)
{
    bell_ring(world.server.crew.bells[0]);
}

static void test_the_keepers_word_is_a_term(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *ann = peer_open("/echo");
    sim_forget_log();
    atom_put(&world.server.crew.common->stop, 1);
    ring();
    world_settle();
    peer_told(ann, "close 1001 stopping\nend\n");
    ring(); /* it counts once */
    world_settle();
    assert_false(world.server.abort);
    peer_close(ann, 1001);
    world_pass(WORLD_DRAIN);
    assert_false(world.running);
    world_not_logged("event=stop"); /* the keeper tells of it */
}

static void test_a_word_that_was_there_before_it_is_heard(void **state)
{
    (void)state;
    world_start_in_crew(2);
    atom_put(&world.server.crew.common->stop, 1);
    world_turn();
    world_turn();
    assert_true(world.server.draining);
}

static void test_what_others_said_before_comes_before_the_close(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *ann = peer_open("/chat/x");
    struct store *other = world_other("x");
    struct record r = {.opcode = 1, .payload = BYTES_LITERAL("last words")};
    assert_int_equal(store_seize(other, 0, record_len(&r)), STORE_DONE);
    store_number(other, 0, &r);
    store_append(other, 0, &r);
    atom_put(&world.server.crew.common->stop, 1);
    ring();
    world_settle();
    peer_told(ann, "text last words\nclose 1001 stopping\nend\n");
}

static void test_who_is_poked_takes_a_turn_and_tells_so(void **state)
{
    (void)state;
    world_start_in_crew(2);
    world_settle();
    const struct crew *c = &world.server.crew;
    uint32_t before = atom_get(&c->board.workers[0].turns);
    ring();
    world_settle();
    assert_true(atom_get(&c->board.workers[0].turns) > before);
    assert_int_equal(atom_get(&c->board.workers[1].turns), 0);
}

/* Many members take a while: meanwhile others write to theirs. */
static void
test_others_are_woken_before_our_members_are_written_to(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *ann = peer_open("/chat/x");
    struct store *other = world_other("x");
    const int *bells = world.server.crew.bells;
    assert_true(store_sleep(other));
    uint64_t sends = sim_count(SIM_SEND);
    peer_text(ann, "hello");
    peer_told(ann, "text hello\n");
    assert_int_equal(sim_rung(bells[1]), 1);
    assert_int_equal(sim_rung_at(bells[1]), sends);
    assert_int_equal(sim_count(SIM_SEND), sends + 1);
    store_close(other, 0);
}

static void test_what_it_has_is_told_at_the_end_of_a_turn(void **state)
{
    (void)state;
    world.config.has_metrics = true;
    world.config.metrics =
        (struct socket_address){.family = SOCKET_ANY, .port = 6869};
    world_start_in_crew(2);
    const struct crew *c = &world.server.crew;
    struct peer *ann = peer_open("/echo");
    assert_int_equal(crew_sum(c, CREW_REGULAR), 1);
    assert_int_equal(crew_sum(c, (enum crew_gauge)(CREW_STATE + CLIENT_OPEN)),
                     1);
    assert_int_equal(c->parts[0].stats.accepted, 1);
    assert_int_equal(sim_rung(c->keeper_bell), 1);
    peer_close(ann, 1000);
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    assert_int_equal(crew_sum(c, CREW_REGULAR), 0);
    assert_int_equal(c->parts[0].stats.accepted, 1);
}

static void test_lines_of_the_log_tell_the_worker(void **state)
{
    (void)state;
    world_start_in_crew(2);
    peer_open("/echo");
    world_logged("event=open worker=0 client=0 ip=192.0.2.1 path=/echo\n");
}

/* Others wrote; they are not here to be waited for without end. */
static void test_a_term_waits_a_while_for_what_is_not_heard_yet(void **state)
{
    (void)state;
    world_start_in_crew(2);
    peer_open("/chat/x");
    world.server.flush_cost = 0; /* no room is walked */
    room_soil(&world.server.rooms, room_at(&world.server.rooms, 0));
    atom_put(&world.server.crew.common->stop, 1);
    ring();
    world_turn();
    world_turn();
    assert_true(world.server.rooms.dirty.count > 0);
    assert_false(world.server.draining);
    sim_pass(LIMITS_REST);
    world_turn();
    assert_true(world.server.draining);
    world.server.flush_cost = LIMITS_TURN_FLUSH;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_an_idle_server_sleeps_until_somebody_comes),
        WORLD_TEST(test_idle_clients_wake_nobody_before_their_ping),
        WORLD_TEST(test_more_than_one_wait_can_tell_are_all_served),
        WORLD_TEST(test_who_is_blocked_before_its_turn_comes_is_not_read),
        WORLD_TEST(test_one_who_sends_without_end_does_not_stop_others),
        WORLD_TEST(test_a_slot_is_not_anothers_before_the_turn_is_over),
        WORLD_TEST(test_many_who_never_cease_to_send_stop_no_timer),
        WORLD_TEST(test_after_a_pause_the_pong_that_waits_counts),
        WORLD_TEST(test_after_a_pause_every_pong_that_waits_counts),
        WORLD_TEST(test_after_a_pause_the_request_that_waits_is_answered),
        WORLD_TEST(test_the_supervisor_hears_of_start_and_end),
        WORLD_TEST(test_the_watchdog_hears_from_an_idle_server),
        WORLD_TEST(test_what_the_supervisor_has_no_room_for_is_told_again),
        WORLD_TEST(test_usr1_writes_one_line_of_state),
        WORLD_TEST(test_a_quiet_log_has_no_state),
        WORLD_TEST(test_term_without_clients_ends_at_once),
        WORLD_TEST(test_term_twice_is_exit_1),
        WORLD_TEST(test_term_waits_for_a_download),
        WORLD_TEST(test_lines_left_out_are_told_at_the_end),
        WORLD_TEST(test_draining_sends_what_was_published_before_1001),
        WORLD_TEST(test_draining_ends_when_all_have_answered),
        WORLD_TEST(test_many_are_told_to_leave_over_several_turns),
        WORLD_TEST(test_the_end_of_draining_comes_before_the_last_goodbye),
        WORLD_TEST(test_draining_waits_no_longer_than_it_may),
        WORLD_TEST(test_who_is_cut_off_at_the_end_is_told_of),
        WORLD_TEST(test_with_no_time_everybody_is_cut_off_and_told_of),
        WORLD_TEST(test_while_draining_health_is_503_and_nobody_gets_in),
        LARGE_TEST(test_long_messages_to_three_thousand),
        LARGE_TEST(test_a_walk_is_as_long_as_the_rest_of_its_turn),
        LARGE_TEST(test_six_thousand_are_told_how_many_they_are),
        LARGE_TEST(test_goodbye_to_ten_thousand),
        LARGE_TEST(test_ten_thousand_timers_at_once),
        LARGE_TEST(test_downloads_take_their_share_and_no_more),
        WORLD_TEST(test_the_keepers_word_is_a_term),
        WORLD_TEST(test_a_word_that_was_there_before_it_is_heard),
        WORLD_TEST(test_who_is_poked_takes_a_turn_and_tells_so),
        WORLD_TEST(test_others_are_woken_before_our_members_are_written_to),
        WORLD_TEST(test_what_it_has_is_told_at_the_end_of_a_turn),
        WORLD_TEST(test_lines_of_the_log_tell_the_worker),
        WORLD_TEST(test_what_others_said_before_comes_before_the_close),
        WORLD_TEST(test_a_term_waits_a_while_for_what_is_not_heard_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
