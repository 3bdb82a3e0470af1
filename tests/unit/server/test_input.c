/* SPDX-License-Identifier: MIT */
/*
 * Goal: what was received is handled before what came after it: bytes, then
 * the end of the stream, then a reset.
 */
#include "server/input.h"
#include "sim/peer.h"

#include <errno.h>

/* ---- However it arrives -------------------------------------------------- */

static void test_input_in_pieces_of_any_size_is_the_same(void **state)
{
    (void)state;
    world_start();
    for (size_t piece = 1; piece < 40; piece++) {
        struct peer *ann = peer_open("/chat/x");
        sim_set_piece(ann->connection, piece);
        peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("one"));
        peer_add_frame(ann, PEER_BINARY, BYTES_LITERAL("two, a longer one"));
        peer_flush(ann);
        peer_told(ann, "pong ?\ntext one\nbinary two, a longer one\n");
        world_again();
    }
}

/* Woken for nothing: the next byte wakes again. */
static void test_a_receive_that_finds_nothing_ends_nothing(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    sim_fail(SIM_RECEIVE, 0, 1, EAGAIN);
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("one"));
    sim_write(ann->connection, bytes_span(ann->out, 3));
    world_settle();
    sim_write(ann->connection, bytes_span(ann->out + 3, ann->out_len - 3));
    ann->out_len = 0;
    world_settle();
    peer_told(ann, "text one\n");
}

static void test_any_byte_is_a_sign_of_life(void **state)
{
    (void)state;
    world.config.message_timeout = LIMITS_PING * 50;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    for (unsigned i = 0; i < 4; i++) {
        world_pass(LIMITS_PING + WHEEL_TICK);
        peer_told(ann, "ping\n");
        world_pass(LIMITS_PONG_TIMEOUT - 2 * WHEEL_TICK);
        peer_frame(ann, PEER_PONG, bytes_span(NULL, 0));
        peer_told_nothing(ann);
    }
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("a long message"));
    for (size_t i = 0; i < ann->out_len - 1; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_pass(LIMITS_PING - WHEEL_TICK);
    }
    ann->out_len = 0;
    peer_told_nothing(ann);
}

/* ---- The end of it ------------------------------------------------------- */

static void test_a_message_before_a_reset_counts(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("last words"));
    peer_push(ann);
    sim_reset(ann->connection);
    world_settle();
    peer_told(bob, "text last words\n");
}

static void test_an_end_right_behind_a_message_is_seen(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("last words"));
    peer_push(ann);
    sim_shut(ann->connection);
    world_settle();
    peer_told(bob, "text last words\n");
    peer_tells(ann, "text last words\nend\n");
    world_pass(1);
    assert_int_equal(world.server.clients.slots.count, 1);
}

static void test_what_was_asked_for_before_the_end_is_still_sent(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    sim_shut(ann->connection);
    world_settle();
    peer_read_again(ann);
    peer_told(ann, "text hello\nend\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

/* ---- The inbox ----------------------------------------------------------- */

static void test_a_kept_connection_holds_no_buffer(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET / HTTP/1.1\r\n");
    assert_int_equal(world.server.leases.slots.count, 1);
    peer_say(ann, "Host: a\r\n\r\n");
    assert_int_equal(world.server.leases.slots.count, 0);
    peer_answered(ann, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_input_in_pieces_of_any_size_is_the_same),
        WORLD_TEST(test_a_receive_that_finds_nothing_ends_nothing),
        WORLD_TEST(test_any_byte_is_a_sign_of_life),
        WORLD_TEST(test_a_message_before_a_reset_counts),
        WORLD_TEST(test_an_end_right_behind_a_message_is_seen),
        WORLD_TEST(test_what_was_asked_for_before_the_end_is_still_sent),
        WORLD_TEST(test_a_kept_connection_holds_no_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
