/* SPDX-License-Identifier: MIT */
/*
 * Goal: what was received is handled before what came after it: bytes, then
 * the end of the stream, then a reset.
 */
#include "server/input.h"
#include "sim/peer.h"
#include "support/death.h"

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
    world.config.message_timeout = WORLD_PING * 50;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    for (unsigned i = 0; i < 4; i++) {
        world_pass(WORLD_PING + WHEEL_TICK);
        peer_told(ann, "ping\n");
        world_pass(WORLD_PONG_TIMEOUT - 2 * WHEEL_TICK);
        peer_frame(ann, PEER_PONG, bytes_span(NULL, 0));
        peer_told_nothing(ann);
    }
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("a long message"));
    for (size_t i = 0; i < ann->out_len - 1; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_pass(WORLD_PING - WHEEL_TICK);
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

static void taken(struct server *s, struct client *c, const char *what)
{
    size_t len;
    assert_true(input_take(s, c, SIZE_MAX, &len));
    assert_true(bytes_equal(bytes_span(s->receive, len), bytes_of(what)));
}

static void test_what_is_parked_is_taken_without_a_receive(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct client *c = world_client(peer_open("/chat/x")->connection);
    memcpy(s->receive, "rest", 4);
    assert_true(input_keep(s, c, bytes_span(s->receive, 4), 0, true));
    assert_true(client_has(c, CLIENT_PARKED));
    memset(s->receive, 0, 4); /* for somebody else */
    uint64_t receives = sim_count(SIM_RECEIVE);
    taken(s, c, "rest");
    assert_false(client_has(c, CLIENT_PARKED));
    assert_int_equal(sim_count(SIM_RECEIVE), receives);
    assert_true(input_keep(s, c, bytes_span(NULL, 0), 0, false));
    assert_int_equal(s->leases.slots.count, 0);
}

static void test_more_of_it_is_received_behind_what_was_kept(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct peer *ann = peer_open("/chat/x");
    struct client *c = world_client(ann->connection);
    assert_true(input_want_inbox(s, c));
    memcpy(lease_bytes(&s->leases, c->inbox), "message", 7);
    assert_true(input_keep(s, c, BYTES_LITERAL("re"), 7, false));
    assert_false(client_has(c, CLIENT_PARKED));
    sim_write(ann->connection, BYTES_LITERAL("st"));
    taken(s, c, "rest");
    assert_memory_equal(lease_bytes(&s->leases, c->inbox), "messagere", 9);
    sim_write(ann->connection, BYTES_LITERAL("st"));
    client_set(c, CLIENT_READABLE);
    struct span all;
    assert_true(input_append(s, c, &all));
    assert_true(bytes_equal(all, BYTES_LITERAL("rest")));
    assert_memory_equal(lease_bytes(&s->leases, c->inbox), "messagerest", 11);
    assert_false(input_append(s, c, &all));
    client_set(c, CLIENT_PARKED); /* there is enough of it */
    assert_true(input_append(s, c, &all));
    assert_true(bytes_equal(all, BYTES_LITERAL("rest")));
    assert_false(client_has(c, CLIENT_PARKED));
    lease_give(&s->leases, &c->inbox);
}

/* All buffers are its own by other ways: nobody can give way. */
static void test_without_a_buffer_nothing_is_kept(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct client *c = world_client(peer_open("/chat/x")->connection);
    while (lease_take(&s->leases, client_index(&s->clients, c), 0, 0) !=
           LEASE_NONE)
        ;
    assert_false(input_keep(s, c, BYTES_LITERAL("rest"), 0, false));
    assert_false(input_want_inbox(s, c));
    assert_true(input_keep(s, c, bytes_span(NULL, 0), 0, false));
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&s->leases, &(uint32_t){i});
}

static void test_no_more_is_received_than_there_is_room_for(void **state)
{
    (void)state;
    world_start();
    size_t len;
    struct server *s = &world.server;
    struct peer *ann = peer_open("/echo");
    struct client *c = world_client(ann->connection);
    client_clear(c, CLIENT_READABLE);
    sim_write(ann->connection, BYTES_LITERAL("0123456789"));
    client_set(c, CLIENT_READABLE);
    assert_true(input_take(s, c, 6, &len));
    assert_true(bytes_equal(bytes_span(s->receive, len), bytes_of("012345")));
    assert_true(client_has(c, CLIENT_READABLE)); /* there may be more */
    memcpy(s->receive, "have", 4);
    assert_true(input_keep(s, c, bytes_span(s->receive, 4), 0, false));
    taken(s, c, "have6789");
    assert_false(client_has(c, CLIENT_READABLE)); /* that was all */
    lease_give(&s->leases, &c->inbox);
}

static void keep_too_much(void *context)
{
    input_keep(&world.server, context, BYTES_LITERAL("x"),
               world.server.leases.size, false);
}

static void test_more_than_a_buffer_holds_stops_the_process(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    assert_true(death_by_check(keep_too_much, world_client(ann->connection)));
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
        WORLD_TEST(test_what_is_parked_is_taken_without_a_receive),
        WORLD_TEST(test_more_of_it_is_received_behind_what_was_kept),
        WORLD_TEST(test_without_a_buffer_nothing_is_kept),
        WORLD_TEST(test_no_more_is_received_than_there_is_room_for),
        WORLD_TEST(test_more_than_a_buffer_holds_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
