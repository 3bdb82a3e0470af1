/* SPDX-License-Identifier: MIT */
/*
 * Goal: who comes up is asked, closed or dropped by what is due; progress is
 * what the peer's TCP has acknowledged.
 */
#include "server/deadline.h"
#include "sim/peer.h"

#define TICK WHEEL_TICK /* everything may be late by one */

static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

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
        assert_true(peer_is_there(people[i]));
}

/* ---- --write-timeout ----------------------------------------------------- */

static void test_who_takes_nothing_inside_a_frame_is_dropped(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    peer_text(ann, "hello");
    world_pass(WORLD_WRITE_TIMEOUT - 1);
    assert_true(peer_is_there(bob));
    world_pass(LIMITS_FIRST_LOOK + 3 * TICK); /* counted from the first look */
    assert_int_equal(sim_side(bob->connection), SIM_CLOSED);
    world_logged("code=1006 by=server cause=write-timeout");
    assert_true(peer_is_there(ann));
}

static void
test_who_takes_nothing_at_a_boundary_is_closed_with_1013(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    sim_set_send_buffer(bob->connection, 7); /* the first message, whole */
    peer_text(ann, "hello");
    peer_text(ann, "again");
    world_pass(WORLD_WRITE_TIMEOUT + WORLD_WRITE_TIMEOUT / LIMITS_PROGRESS);
    peer_read_again(bob);
    peer_told(bob, "text hello\nclose 1013 too slow\nend\n");
}

/* It takes so many bytes into its kernel, and never becomes "writable". */
static void stop_after_20(struct peer *p)
{
    peer_stop_reading(p);
    sim_set_low_water(p->connection, SIM_UNLIMITED);
    sim_set_send_buffer(p->connection, 20);
}

static void test_what_is_acknowledged_is_progress(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    stop_after_20(ann);
    peer_text(bob, "more than twenty bytes in all");
    for (unsigned i = 0; i < 10; i++) {
        world_pass(WORLD_WRITE_TIMEOUT / 2);
        sim_acknowledge(ann->connection, 1);
    }
    assert_true(peer_is_there(ann));
    world_pass(WORLD_WRITE_TIMEOUT + 2 * WORLD_WRITE_TIMEOUT / LIMITS_PROGRESS);
    assert_false(peer_is_there(ann));
    world_logged("cause=write-timeout");
}

static void test_after_a_pause_what_was_acknowledged_is_progress(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_after_20(ann);
    peer_text(ann, "more than twenty bytes in all");
    world_pass(WORLD_WRITE_TIMEOUT / 2);
    sim_acknowledge(ann->connection, 10);
    world_freeze(10 * 60 * 1000);
    assert_true(peer_is_there(ann));
}

static void test_a_response_that_nobody_takes_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_stop_reading(ann);
    peer_say(ann, request);
    peer_goes_after(ann, WORLD_WRITE_TIMEOUT);
}

/* The head is gone: nothing of it lies in a buffer, and there is no Close. */
static void test_a_file_that_nobody_takes_ends(void **state)
{
    (void)state;
    static uint8_t bytes[10000];
    world.config.static_folder = "folder";
    world_start();
    sim_put_file("a.bin", bytes_span(bytes, sizeof bytes));
    struct peer *ann = peer_connect();
    peer_take_only(ann, 2000);
    peer_say(ann, "GET /a.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(world_client(ann->connection)->outbox == LEASE_NONE);
    peer_goes_after(ann, WORLD_WRITE_TIMEOUT);
}

/* ---- Output in a buffer -------------------------------------------------- */

/* Of a long echo so much is acknowledged a second. */
static struct peer *open_slow(size_t a_second, unsigned seconds)
{
    static uint8_t bytes[20000];
    world.config.max_message = sizeof bytes; /* buffers are as large */
    world.config.room_log = 128 * 1024;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_stop_reading(ann);
    sim_set_send_buffer(ann->connection, sizeof bytes / 2);
    peer_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    assert_int_equal(world.server.leases.slots.count, 1);
    for (unsigned i = 0; i < seconds && peer_is_there(ann); i++) {
        world_pass(1000);
        sim_acknowledge(ann->connection, a_second);
    }
    return ann;
}

static void test_who_takes_that_may_go_on(void **state)
{
    (void)state;
    assert_true(peer_is_there(open_slow(LIMITS_LEAST_PACE + 200, 18)));
}

static void test_of_output_in_a_buffer_a_kilobyte_a_second_is_due(void **state)
{
    (void)state;
    assert_false(peer_is_there(open_slow(LIMITS_LEAST_PACE - 50, 12)));
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
    assert_true(peer_is_there(ann));
    world_pass(WORLD_WRITE_TIMEOUT);
    assert_false(peer_is_there(ann));
}

/* Less than ten of them are left. */
static void test_or_all_of_it_in_one_timeout(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_after_20(ann);
    peer_text(ann, "more than twenty bytes in all");
    world_pass(WORLD_WRITE_TIMEOUT / 2);
    peer_read_again(ann);
    peer_told(ann, "text more than twenty bytes in all\n");
    stop_after_20(ann);
    peer_text(ann, "more than twenty bytes in all");
    for (unsigned i = 0; i < 12; i++) {
        world_pass(1000);
        sim_acknowledge(ann->connection, 1);
    }
    assert_false(peer_is_there(ann));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_silent_are_pinged_and_then_closed_with_1001),
        WORLD_TEST(test_after_a_pause_the_silent_are_pinged_and_not_closed),
        WORLD_TEST(test_who_takes_nothing_inside_a_frame_is_dropped),
        WORLD_TEST(test_who_takes_nothing_at_a_boundary_is_closed_with_1013),
        WORLD_TEST(test_what_is_acknowledged_is_progress),
        WORLD_TEST(test_after_a_pause_what_was_acknowledged_is_progress),
        WORLD_TEST(test_a_response_that_nobody_takes_ends),
        WORLD_TEST(test_a_file_that_nobody_takes_ends),
        WORLD_TEST(test_who_takes_that_may_go_on),
        WORLD_TEST(test_of_output_in_a_buffer_a_kilobyte_a_second_is_due),
        WORLD_TEST(test_nobody_has_less_than_its_time_for_that),
        WORLD_TEST(test_or_all_of_it_in_one_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
