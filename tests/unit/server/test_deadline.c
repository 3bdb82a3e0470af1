/* SPDX-License-Identifier: MIT */
#include "server/deadline.h"
#include "sim/peer.h"

#include <stdio.h>

#define TICK WHEEL_TICK /* everything may be late by one */

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

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

static bool is_there(const struct peer *p)
{
    return sim_side(p->connection) == SIM_OPEN;
}

/* It is there for `milliseconds`, and gone a tick later. */
static void goes_after(const struct peer *p, uint64_t milliseconds)
{
    world_pass(milliseconds - 1);
    assert_true(is_there(p));
    world_pass(1 + TICK);
    assert_false(is_there(p));
}

/* ---- --handshake-timeout ------------------------------------------------- */

static void test_who_says_nothing_is_left_in_silence(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

static void test_half_a_request_is_answered_with_408(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET / HTTP/1.1\r\n");
    goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_answered(ann, 408);
    peer_told(ann, "end\n");
    world_logged("event=refuse ip=192.0.2.1 status=408");
}

static void test_an_empty_line_is_no_beginning(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "\r\n");
    goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
}

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
    assert_true(is_there(ann));
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
    goes_after(ann, world.config.keep_alive);
    peer_told(ann, "end\n");
}

static void test_a_later_requests_time_begins_with_its_first_byte(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, request);
    peer_answered(ann, 200);
    world_pass(world.config.keep_alive - 100);
    peer_say(ann, "G");
    world_pass(WORLD_HANDSHAKE_TIMEOUT - 100);
    peer_say(ann, "E");
    goes_after(ann, 100);
    peer_answered(ann, 408);
}

static void test_an_upgrade_ends_the_handshakes_deadline(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(WORLD_HANDSHAKE_TIMEOUT * 2);
    assert_true(is_there(ann));
    peer_text(ann, "still here");
    peer_told(ann, "text still here\n");
}

/* ---- --ping and --pong-timeout ------------------------------------------- */

static void test_the_silent_are_pinged_and_then_closed_with_1001(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(WORLD_PING - 1);
    peer_told_nothing(ann);
    world_pass(1 + TICK);
    peer_told(ann, "ping\n");
    world_pass(WORLD_PONG_TIMEOUT - TICK - 1);
    peer_told_nothing(ann);
    world_pass(1 + 2 * TICK);
    peer_told(ann, "close 1001 no sign of life\nend\n");
    world_pass(LIMITS_LINGER + TICK);
    world_logged("code=1001 by=server cause=pong-timeout");
}

static void test_any_byte_is_a_sign_of_life(void **state)
{
    (void)state;
    world.config.message_timeout = WORLD_PING * 50;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    for (unsigned i = 0; i < 4; i++) {
        world_pass(WORLD_PING + TICK);
        peer_told(ann, "ping\n");
        world_pass(WORLD_PONG_TIMEOUT - 2 * TICK);
        peer_frame(ann, PEER_PONG, bytes_span(NULL, 0));
        peer_told_nothing(ann);
    }
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("a long message"));
    for (size_t i = 0; i < ann->out_len - 1; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_pass(WORLD_PING - TICK);
    }
    ann->out_len = 0;
    peer_told_nothing(ann);
}

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
    assert_true(is_there(ann));
}

/* ---- --write-timeout ----------------------------------------------------- */

static void test_who_takes_nothing_inside_a_frame_is_dropped(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    stop_reading(bob);
    peer_text(ann, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1);
    assert_true(is_there(bob));
    world_pass(LIMITS_FIRST_LOOK + 3 * TICK); /* counted from the first look */
    assert_int_equal(sim_side(bob->connection), SIM_CLOSED);
    world_logged("code=1006 by=server cause=write-timeout");
    assert_true(is_there(ann));
}

static void
test_who_takes_nothing_at_a_boundary_is_closed_with_1013(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    stop_reading(bob);
    sim_set_send_buffer(bob->connection, 7); /* the first message, whole */
    peer_text(ann, "hello");
    peer_text(ann, "again");
    world_pass(WORLD_WRITE_TIMEOUT + WORLD_WRITE_TIMEOUT / LIMITS_PROGRESS);
    read_again(bob);
    peer_told(bob, "text hello\nclose 1013 too slow\nend\n");
}

static void test_what_is_acknowledged_is_progress(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    stop_reading(ann);
    sim_set_low_water(ann->connection, SIM_UNLIMITED); /* never "writable" */
    sim_set_send_buffer(ann->connection, 20);
    peer_text(bob, "more than twenty bytes in all");
    for (unsigned i = 0; i < 10; i++) {
        world_pass(WORLD_WRITE_TIMEOUT / 2);
        sim_acknowledge(ann->connection, 1);
    }
    assert_true(is_there(ann));
    world_pass(WORLD_WRITE_TIMEOUT + 2 * WORLD_WRITE_TIMEOUT / LIMITS_PROGRESS);
    assert_false(is_there(ann));
    world_logged("cause=write-timeout");
}

/* Of a long echo so much is acknowledged a second. */
static struct peer *open_slow(size_t a_second, unsigned seconds)
{
    static uint8_t bytes[20000];
    world.config.max_message = sizeof bytes; /* buffers are as large */
    world.config.room_log = 128 * 1024;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    sim_set_send_buffer(ann->connection, sizeof bytes / 2);
    peer_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    assert_int_equal(world.server.leases.slots.count, 1);
    for (unsigned i = 0; i < seconds && is_there(ann); i++) {
        world_pass(1000);
        sim_acknowledge(ann->connection, a_second);
    }
    return ann;
}

static void test_who_takes_that_may_go_on(void **state)
{
    (void)state;
    assert_true(is_there(open_slow(LIMITS_LEAST_PACE + 200, 18)));
}

static void test_of_output_in_a_buffer_a_kilobyte_a_second_is_due(void **state)
{
    (void)state;
    assert_false(is_there(open_slow(LIMITS_LEAST_PACE - 50, 12)));
    world_logged("cause=write-timeout");
    assert_int_equal(world.server.leases.slots.count, 0);
}

/* What was taken before the first look is not known by then: the time in which
   so much is due begins with that look. */
static void test_nobody_has_less_than_its_time_for_that(void **state)
{
    (void)state;
    struct peer *ann = open_slow(0, 0);
    sim_set_low_water(ann->connection, SIM_UNLIMITED);
    world_pass(LIMITS_FIRST_LOOK / 2);
    sim_acknowledge(ann->connection, SIM_UNLIMITED);
    world_pass(WORLD_WRITE_TIMEOUT - LIMITS_FIRST_LOOK / 2 + 2 * WHEEL_TICK);
    assert_true(is_there(ann));
    world_pass(WORLD_WRITE_TIMEOUT);
    assert_false(is_there(ann));
}

/* Less than ten of them are left. */
static void test_or_all_of_it_in_one_timeout(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    sim_set_low_water(ann->connection, SIM_UNLIMITED);
    sim_set_send_buffer(ann->connection, 20);
    peer_text(ann, "more than twenty bytes in all");
    world_pass(WORLD_WRITE_TIMEOUT / 2);
    read_again(ann);
    peer_told(ann, "text more than twenty bytes in all\n");
    stop_reading(ann);
    sim_set_send_buffer(ann->connection, 20);
    peer_text(ann, "more than twenty bytes in all");
    for (unsigned i = 0; i < 12; i++) {
        world_pass(1000);
        sim_acknowledge(ann->connection, 1);
    }
    assert_false(is_there(ann));
}

static void test_a_response_that_nobody_takes_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    stop_reading(ann);
    peer_say(ann, request);
    goes_after(ann, WORLD_WRITE_TIMEOUT);
}

static void test_the_blocked_are_not_pinged(void **state)
{
    (void)state;
    world.config.ping = 1000;
    world.config.pong_timeout = 500;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    peer_text(ann, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1000);
    read_again(ann);
    peer_told(ann, "text hello\n");
    assert_true(is_there(ann));
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
    goes_after(p, milliseconds);
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
    stop_reading(ann);
    peer_text(bob, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1000);
    assert_true(is_there(ann));
    read_again(ann);
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
    assert_true(is_there(ann));
}

/* ---- --close-timeout and the second of lingering ------------------------- */

static void test_a_close_that_nobody_takes_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    stop_reading(ann);
    peer_close(ann, 1000);
    goes_after(ann, WORLD_CLOSE_TIMEOUT);
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

/* ---- A machine that was paused ------------------------------------------- */

static void test_after_a_pause_the_pong_that_waits_counts(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    world_pass(WORLD_PING + TICK);
    peer_told(ann, "ping\n");
    peer_told(bob, "ping\n");
    peer_add_frame(ann, PEER_PONG, bytes_span(NULL, 0));
    peer_push(ann);
    world_freeze(10 * 60 * 1000);
    assert_true(is_there(ann));
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
    world_pass(WORLD_PING + TICK);
    for (size_t i = 0; i < count; i++) {
        peer_told(people[i], "ping\n");
        peer_add_frame(people[i], PEER_PONG, bytes_span(NULL, 0));
    }
    for (size_t i = 0; i < count; i++)
        peer_push(people[i]);
    world_freeze(10 * 60 * 1000);
    for (size_t i = 0; i < count; i++) {
        assert_true(is_there(people[i]));
        peer_told_nothing(people[i]);
    }
}

static void
test_after_a_pause_the_silent_are_pinged_and_not_closed(void **state)
{
    (void)state;
    world_start();
    struct peer *people[5];
    for (size_t i = 0; i < 5; i++)
        people[i] = peer_open("/chat/x");
    world_pass(WORLD_PING / 2);
    world_freeze(10 * 60 * 1000);
    for (size_t i = 0; i < 5; i++) {
        peer_told(people[i], "ping\n");
        peer_frame(people[i], PEER_PONG, bytes_span(NULL, 0));
    }
    world_pass(WORLD_PONG_TIMEOUT + TICK);
    for (size_t i = 0; i < 5; i++)
        assert_true(is_there(people[i]));
}

static void test_after_a_pause_the_request_that_waits_is_answered(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_add(ann, bytes_of(request));
    peer_push(ann);
    world_freeze(10 * 60 * 1000);
    peer_answered(ann, 200);
}

static void test_after_a_pause_what_was_acknowledged_is_progress(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    sim_set_low_water(ann->connection, SIM_UNLIMITED);
    sim_set_send_buffer(ann->connection, 20);
    peer_text(ann, "more than twenty bytes in all");
    world_pass(WORLD_WRITE_TIMEOUT / 2);
    sim_acknowledge(ann->connection, 10);
    world_freeze(10 * 60 * 1000);
    assert_true(is_there(ann));
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
    goes_after(ann, WORLD_PONG_TIMEOUT - TICK);
}

/* ---- --rate -------------------------------------------------------------- */

static void test_the_paused_are_read_again_on_time(void **state)
{
    (void)state;
    world.config.rate = 2;
    world.config.burst = 3;
    world_start();
    struct peer *ann = peer_open("/echo");
    for (unsigned i = 0; i < 6; i++)
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("x"));
    peer_flush(ann);
    peer_told(ann, "text x\ntext x\ntext x\n");
    uint64_t start = world.server.now;
    for (unsigned i = 1; i <= 3; i++) {
        world_pass(start + i * 500 - 1 - world.server.now);
        peer_told_nothing(ann);
        world_pass(1 + TICK);
        peer_told(ann, "text x\n");
    }
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_who_says_nothing_is_left_in_silence),
        WORLD_TEST(test_half_a_request_is_answered_with_408),
        WORLD_TEST(test_an_empty_line_is_no_beginning),
        WORLD_TEST(test_a_byte_now_and_then_does_not_put_it_off),
        WORLD_TEST(test_a_kept_connection_may_be_idle_for_keep_alive),
        WORLD_TEST(test_a_later_requests_time_begins_with_its_first_byte),
        WORLD_TEST(test_an_upgrade_ends_the_handshakes_deadline),
        WORLD_TEST(test_the_silent_are_pinged_and_then_closed_with_1001),
        WORLD_TEST(test_any_byte_is_a_sign_of_life),
        WORLD_TEST(test_who_speaks_is_not_pinged),
        WORLD_TEST(test_ping_0_pings_nobody),
        WORLD_TEST(test_who_takes_nothing_inside_a_frame_is_dropped),
        WORLD_TEST(test_who_takes_nothing_at_a_boundary_is_closed_with_1013),
        WORLD_TEST(test_what_is_acknowledged_is_progress),
        WORLD_TEST(test_of_output_in_a_buffer_a_kilobyte_a_second_is_due),
        WORLD_TEST(test_who_takes_that_may_go_on),
        WORLD_TEST(test_nobody_has_less_than_its_time_for_that),
        WORLD_TEST(test_or_all_of_it_in_one_timeout),
        WORLD_TEST(test_a_message_has_its_time),
        WORLD_TEST(test_more_of_a_message_does_not_put_it_off),
        WORLD_TEST(test_a_compressed_one_of_an_echo_has_its_time_too),
        WORLD_TEST(test_each_message_has_its_own_time),
        WORLD_TEST(test_time_in_which_one_is_not_read_is_not_its_own),
        WORLD_TEST(test_nor_is_it_of_a_compressed_message),
        WORLD_TEST(test_a_long_echo_may_take_its_time),
        WORLD_TEST(test_a_response_that_nobody_takes_ends),
        WORLD_TEST(test_the_blocked_are_not_pinged),
        WORLD_TEST(test_a_close_that_nobody_takes_ends),
        WORLD_TEST(test_the_linger_is_a_second),
        WORLD_TEST(test_after_a_pause_the_pong_that_waits_counts),
        WORLD_TEST(test_after_a_pause_every_pong_that_waits_counts),
        WORLD_TEST(test_after_a_pause_the_silent_are_pinged_and_not_closed),
        WORLD_TEST(test_after_a_pause_the_request_that_waits_is_answered),
        WORLD_TEST(test_after_a_pause_what_was_acknowledged_is_progress),
        WORLD_TEST(test_the_clock_of_49_days_may_wrap),
        WORLD_TEST(test_the_paused_are_read_again_on_time),
        WORLD_TEST(test_many_who_never_cease_to_send_stop_no_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
