/* SPDX-License-Identifier: MIT */
/*
 * Goal: everybody has the time that is written in due.h: not less, not more
 * than a tick more, and the time in which we do not read is not theirs.
 */
#include "server/due.h"
#include "sim/peer.h"

#define TICK WHEEL_TICK /* everything may be late by one */

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

/* ---- What is due --------------------------------------------------------- */

static void test_each_state_but_two_has_its_end(void **state)
{
    static const struct config config = {
        .handshake_timeout = 1000, .keep_alive = 2000, .close_timeout = 3000};
    static const struct {
        enum client_state state;
        uint64_t after;
    } states[] = {
        {CLIENT_PROXY, 1000},
        {CLIENT_REQUEST, 1000},
        {CLIENT_IDLE, 2000},
        {CLIENT_CLOSING, 3000},
        {CLIENT_LINGER, LIMITS_LINGER},
    };
    (void)state;
    static struct server server;
    server = (struct server){.config = &config, .now = 50000};
    struct client c = {.since = 49000};
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        c.state = (uint8_t)states[i].state;
        assert_int_equal(due_state(&server, &c), 49000 + states[i].after);
    }
    c.state = CLIENT_REPLY; /* as long as its output makes progress */
    assert_true(due_state(&server, &c) == DUE_NEVER);
    c.state = CLIENT_OPEN;
    assert_true(due_state(&server, &c) == DUE_NEVER);
}

static void test_who_is_not_heard_because_of_us_is_not_silent(void **state)
{
    (void)state;
    struct client c = {.flags = CLIENT_READABLE};
    assert_false(due_unheard(&c));
    c.flags = CLIENT_READY;
    assert_true(due_unheard(&c));
    c.flags = CLIENT_PARKED;
    assert_true(due_unheard(&c));
    c.flags = 0;
    c.waits = CLIENT_WAITS_RATE;
    assert_true(due_unheard(&c));
}

/* What the peer would have taken while the machine stood still nobody knows. */
static void test_output_is_due_from_its_progress_or_a_pause(void **state)
{
    static const struct config config = {.write_timeout = 1000};
    (void)state;
    static struct server server;
    server = (struct server){.config = &config, .now = 50000, .resumed = 100};
    struct client c = {.state = CLIENT_OPEN, .moved = 49500};
    assert_true(due_output(&server, &c) == DUE_NEVER);
    c.waits = CLIENT_WAITS_ROOM | CLIENT_WAITS_RATE; /* not its peer's doing */
    assert_true(due_output(&server, &c) == DUE_NEVER);
    c.waits = CLIENT_WAITS_OUTPUT;
    assert_int_equal(due_output(&server, &c), 50500);
    c.waits = CLIENT_WAITS_BUFFER;
    assert_int_equal(due_output(&server, &c), 50500);
    server.resumed = 49900;
    assert_int_equal(due_output(&server, &c), 50900);
}

/* What is here of a message that takes too long may be all of it. */
static void test_a_message_that_may_be_here_is_looked_at_again(void **state)
{
    static const struct config config = {.message_timeout = 1000};
    static struct lease lease = {.since = 48000};
    (void)state;
    static struct server server;
    server = (struct server){.config = &config, .now = 50000};
    server.leases.table = &lease;
    struct client c = {.state = CLIENT_OPEN};
    assert_int_equal(due_message(&server, &c), 49000);
    c.flags = CLIENT_READY;
    assert_int_equal(due_message(&server, &c), 50000 + LIMITS_AGAIN);
    lease.since = 49500;
    assert_int_equal(due_message(&server, &c), 50500);
}

/* ---- --handshake-timeout and --keep-alive -------------------------------- */

static void test_a_byte_now_and_then_does_not_put_it_off(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    for (unsigned i = 0; i < 29; i++) {
        char byte[2] = {request[i], '\0'};
        peer_say(ann, byte);
        world_pass(WORLD_HANDSHAKE_TIMEOUT / 30);
    }
    assert_true(peer_is_there(ann));
    world_pass(WORLD_HANDSHAKE_TIMEOUT / 30 + TICK);
    peer_answered(ann, 408);
}

static void test_a_kept_connection_may_be_idle_for_keep_alive(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    world_pass(WORLD_HANDSHAKE_TIMEOUT - 1);
    for (unsigned i = 0; i < 5; i++) {
        peer_say(ann, request);
        peer_answered(ann, 200);
        world_pass(world.config.keep_alive - 1);
    }
    peer_say(ann, request);
    peer_answered(ann, 200);
    peer_goes_after(ann, world.config.keep_alive);
    peer_told(ann, "end\n");
}

static void test_an_upgrade_ends_the_handshakes_deadline(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(WORLD_HANDSHAKE_TIMEOUT * 2);
    assert_true(peer_is_there(ann));
    peer_text(ann, "still here");
    peer_told(ann, "text still here\n");
}

/* ---- --ping and --pong-timeout ------------------------------------------- */

static void test_who_speaks_is_not_pinged(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    for (unsigned i = 0; i < 20; i++) {
        world_pass(WORLD_PING - TICK);
        peer_text(ann, "hi");
        peer_told(ann, "text hi\n");
    }
}

static void test_ping_0_pings_nobody(void **state)
{
    (void)state;
    world.config.ping = 0;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(10 * WORLD_PING);
    peer_told_nothing(ann);
    assert_true(peer_is_there(ann));
}

static void test_the_blocked_are_not_pinged(void **state)
{
    (void)state;
    world.config.ping = 1000;
    world.config.pong_timeout = 500;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1000);
    peer_read_again(ann);
    peer_told(ann, "text hello\n");
    assert_true(peer_is_there(ann));
}

static void test_the_clock_of_49_days_may_wrap(void **state)
{
    (void)state;
    world_start();
    world_freeze(UINT32_MAX - 1000 - WORLD_PING / 2);
    struct peer *ann = peer_open("/echo");
    world_pass(WORLD_PING - 1);
    peer_told_nothing(ann);
    world_pass(1 + TICK);
    peer_told(ann, "ping\n");
    peer_goes_after(ann, WORLD_PONG_TIMEOUT - TICK);
}

/* ---- --message-timeout --------------------------------------------------- */

/* All but its last byte, which then stands in p->out. */
static void begin_message(struct peer *p, uint8_t first)
{
    peer_add_frame(p, first, BYTES_LITERAL("a message"));
    peer_push_some(p, p->out_len - 1);
    world_settle();
}

/* It is closed for it `milliseconds` from now, and not before. */
static void times_out_after(struct peer *p, uint64_t milliseconds)
{
    peer_goes_after(p, milliseconds);
    assert_non_null(strstr(peer_story(p), "close 1008 a message takes too"));
    world_pass(LIMITS_LINGER + TICK);
    world_logged("code=1008 by=server cause=message-timeout");
}

static void test_a_message_has_its_time(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    begin_message(ann, PEER_TEXT);
    assert_int_equal(world.server.leases.slots.count, 1);
    times_out_after(ann, WORLD_MESSAGE_TIMEOUT);
    assert_int_equal(world.server.leases.slots.count, 0);
}

/* However many pieces of it come, and pings between them. */
static void test_more_of_a_message_does_not_put_it_off(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("begun"));
    for (unsigned i = 1; i < 10; i++) {
        world_pass(WORLD_MESSAGE_TIMEOUT / 10);
        peer_frame(ann, PEER_PING, BYTES_LITERAL("here"));
        peer_frame(ann, FRAME_CONTINUATION, BYTES_LITERAL("and on"));
    }
    times_out_after(ann, WORLD_MESSAGE_TIMEOUT / 10);
}

static void test_a_compressed_one_of_an_echo_has_its_time_too(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open_with("/echo", PEER_DEFLATE);
    peer_frame(ann, FRAME_TEXT | PEER_RSV1, BYTES_LITERAL("\x00"));
    assert_int_equal(world.server.inflating.slots.count, 1);
    assert_int_equal(world.server.leases.slots.count, 0);
    times_out_after(ann, WORLD_MESSAGE_TIMEOUT);
    assert_int_equal(world.server.inflating.slots.count, 0);
}

/* The next one begins with the end of the one before. */
static void test_each_message_has_its_own_time(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    begin_message(ann, PEER_TEXT);
    for (unsigned i = 0; i < 3; i++) {
        world_pass(WORLD_MESSAGE_TIMEOUT - 1);
        begin_message(ann, PEER_TEXT);
        peer_tells(ann, "text a message\n");
    }
    times_out_after(ann, WORLD_MESSAGE_TIMEOUT);
}

/* One that is blocked is not read: of ann's half message, which has just begun,
   that time is not the client's own. */
static void time_does_not_count_while_blocked(struct peer *ann)
{
    struct peer *bob = peer_open("/chat/x");
    world_pass(1000);
    peer_stop_reading(ann);
    peer_text(bob, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1000);
    assert_true(peer_is_there(ann));
    peer_read_again(ann);
    peer_told(ann, "text hello\n");
    times_out_after(ann, WORLD_WRITE_TIMEOUT / 2 - 1000);
}

static void test_time_in_which_one_is_not_read_is_not_its_own(void **state)
{
    (void)state;
    world.config.message_timeout = WORLD_WRITE_TIMEOUT / 2;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    begin_message(ann, PEER_TEXT);
    time_does_not_count_while_blocked(ann);
}

static void test_nor_is_it_of_a_compressed_message(void **state)
{
    (void)state;
    world.config.message_timeout = WORLD_WRITE_TIMEOUT / 2;
    world_start();
    struct peer *ann = peer_open_with("/chat/x", PEER_DEFLATE);
    peer_frame(ann, FRAME_TEXT | PEER_RSV1, BYTES_LITERAL("\x00"));
    time_does_not_count_while_blocked(ann);
}

/* An echo needs no buffer for a message that has begun. */
static void test_a_long_echo_may_take_its_time(void **state)
{
    (void)state;
    world.config.ping = 0;
    world_start();
    struct peer *ann = peer_open("/echo");
    begin_message(ann, PEER_TEXT);
    world_pass(2 * WORLD_MESSAGE_TIMEOUT);
    assert_true(peer_is_there(ann));
}

/* ---- --close-timeout and the second of lingering ------------------------- */

static void test_a_close_that_nobody_takes_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_stop_reading(ann);
    peer_close(ann, 1000);
    peer_goes_after(ann, WORLD_CLOSE_TIMEOUT);
    world_logged("code=1000 by=client cause=close");
}

static void test_the_linger_is_a_second(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, 0x83, BYTES_LITERAL("no such opcode"));
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
    world_pass(LIMITS_LINGER - 1);
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
    world_pass(1 + TICK);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_state_but_two_has_its_end),
        cmocka_unit_test(test_who_is_not_heard_because_of_us_is_not_silent),
        cmocka_unit_test(test_output_is_due_from_its_progress_or_a_pause),
        cmocka_unit_test(test_a_message_that_may_be_here_is_looked_at_again),
        WORLD_TEST(test_a_byte_now_and_then_does_not_put_it_off),
        WORLD_TEST(test_a_kept_connection_may_be_idle_for_keep_alive),
        WORLD_TEST(test_an_upgrade_ends_the_handshakes_deadline),
        WORLD_TEST(test_who_speaks_is_not_pinged),
        WORLD_TEST(test_ping_0_pings_nobody),
        WORLD_TEST(test_the_blocked_are_not_pinged),
        WORLD_TEST(test_the_clock_of_49_days_may_wrap),
        WORLD_TEST(test_a_message_has_its_time),
        WORLD_TEST(test_more_of_a_message_does_not_put_it_off),
        WORLD_TEST(test_a_compressed_one_of_an_echo_has_its_time_too),
        WORLD_TEST(test_each_message_has_its_own_time),
        WORLD_TEST(test_time_in_which_one_is_not_read_is_not_its_own),
        WORLD_TEST(test_nor_is_it_of_a_compressed_message),
        WORLD_TEST(test_a_long_echo_may_take_its_time),
        WORLD_TEST(test_a_close_that_nobody_takes_ends),
        WORLD_TEST(test_the_linger_is_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
