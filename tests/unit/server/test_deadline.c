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
    goes_after(ann, LIMITS_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

static void test_half_a_request_is_answered_with_408(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET / HTTP/1.1\r\n");
    goes_after(ann, LIMITS_HANDSHAKE_TIMEOUT);
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
    goes_after(ann, LIMITS_HANDSHAKE_TIMEOUT);
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
        world_pass(LIMITS_HANDSHAKE_TIMEOUT / 30);
    }
    assert_true(is_there(ann));
    world_pass(LIMITS_HANDSHAKE_TIMEOUT / 30 + TICK);
    peer_answered(ann, 408);
}

static void test_a_kept_connection_has_the_time_again(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    for (unsigned i = 0; i < 5; i++) {
        world_pass(LIMITS_HANDSHAKE_TIMEOUT - 1);
        peer_say(ann, request);
        peer_answered(ann, 200);
    }
    goes_after(ann, LIMITS_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
}

static void test_an_upgrade_ends_the_handshakes_deadline(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(LIMITS_HANDSHAKE_TIMEOUT * 2);
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
    world_pass(LIMITS_PING - 1);
    peer_told_nothing(ann);
    world_pass(1 + TICK);
    peer_told(ann, "ping\n");
    world_pass(LIMITS_PONG_TIMEOUT - TICK - 1);
    peer_told_nothing(ann);
    world_pass(1 + 2 * TICK);
    peer_told(ann, "close 1001 no sign of life\nend\n");
    world_pass(LIMITS_LINGER + TICK);
    world_logged("code=1001 by=server cause=pong-timeout");
}

static void test_any_byte_is_a_sign_of_life(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    for (unsigned i = 0; i < 4; i++) {
        world_pass(LIMITS_PING + TICK);
        peer_told(ann, "ping\n");
        world_pass(LIMITS_PONG_TIMEOUT - 2 * TICK);
        peer_frame(ann, PEER_PONG, bytes_span(NULL, 0));
        peer_told_nothing(ann);
    }
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("a long message"));
    for (size_t i = 0; i < ann->out_len - 1; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_pass(LIMITS_PING - TICK);
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
        world_pass(LIMITS_PING - TICK);
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
    world_pass(10 * LIMITS_PING);
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
    world_pass(LIMITS_WRITE_TIMEOUT - 1);
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
    world_pass(LIMITS_WRITE_TIMEOUT + LIMITS_WRITE_TIMEOUT / LIMITS_PROGRESS);
    read_again(bob);
    peer_told(bob, "text hello\nclose 1013 too slow\nend\n");
}

static void test_what_is_acknowledged_is_progress(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    sim_set_low_water(ann->connection, SIM_UNLIMITED); /* never "writable" */
    sim_set_send_buffer(ann->connection, 20);
    peer_text(ann, "more than twenty bytes in all");
    for (unsigned i = 0; i < 10; i++) {
        world_pass(LIMITS_WRITE_TIMEOUT / 2);
        sim_acknowledge(ann->connection, 1);
    }
    assert_true(is_there(ann));
    world_pass(LIMITS_WRITE_TIMEOUT +
               2 * LIMITS_WRITE_TIMEOUT / LIMITS_PROGRESS);
    assert_false(is_there(ann));
    world_logged("cause=write-timeout");
}

static void test_a_response_that_nobody_takes_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    stop_reading(ann);
    peer_say(ann, request);
    goes_after(ann, LIMITS_WRITE_TIMEOUT);
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
    world_pass(LIMITS_WRITE_TIMEOUT - 1000);
    read_again(ann);
    peer_told(ann, "text hello\n");
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
    goes_after(ann, LIMITS_CLOSE_TIMEOUT);
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
    world_pass(LIMITS_PING + TICK);
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
    world_pass(LIMITS_PING + TICK);
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
    world_pass(LIMITS_PING / 2);
    world_freeze(10 * 60 * 1000);
    for (size_t i = 0; i < 5; i++) {
        peer_told(people[i], "ping\n");
        peer_frame(people[i], PEER_PONG, bytes_span(NULL, 0));
    }
    world_pass(LIMITS_PONG_TIMEOUT + TICK);
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
    world_pass(LIMITS_WRITE_TIMEOUT / 2);
    sim_acknowledge(ann->connection, 10);
    world_freeze(10 * 60 * 1000);
    assert_true(is_there(ann));
}

static void test_the_clock_of_49_days_may_wrap(void **state)
{
    (void)state;
    world_start();
    world_freeze(UINT32_MAX - 1000 - LIMITS_PING / 2);
    struct peer *ann = peer_open("/echo");
    world_pass(LIMITS_PING - 1);
    peer_told_nothing(ann);
    world_pass(1 + TICK);
    peer_told(ann, "ping\n");
    goes_after(ann, LIMITS_PONG_TIMEOUT - TICK);
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
        WORLD_TEST(test_a_kept_connection_has_the_time_again),
        WORLD_TEST(test_an_upgrade_ends_the_handshakes_deadline),
        WORLD_TEST(test_the_silent_are_pinged_and_then_closed_with_1001),
        WORLD_TEST(test_any_byte_is_a_sign_of_life),
        WORLD_TEST(test_who_speaks_is_not_pinged),
        WORLD_TEST(test_ping_0_pings_nobody),
        WORLD_TEST(test_who_takes_nothing_inside_a_frame_is_dropped),
        WORLD_TEST(test_who_takes_nothing_at_a_boundary_is_closed_with_1013),
        WORLD_TEST(test_what_is_acknowledged_is_progress),
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
