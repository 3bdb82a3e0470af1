/* SPDX-License-Identifier: MIT */
/*
 * Goal: each answer leaves at the end of what it answers, or with the room's
 * frames; who can be sent nothing more goes alone.
 */
#include "server/output.h"
#include "server/conn.h"
#include "sim/peer.h"
#include "support/death.h"

#include <errno.h>
#include <stdio.h>

/* ---- With the room's frames ---------------------------------------------- */

/* She asks between what two others say, all in one turn. */
static void test_a_pong_leaves_with_the_rooms_frames(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    struct peer *cid = peer_open("/chat/x");
    peer_push_text(bob, "one");
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_push(ann);
    peer_push_text(cid, "two");
    uint64_t sends = sim_count(SIM_SEND);
    world_settle();
    assert_int_equal(sim_count(SIM_SEND), sends + 3);
    peer_told(ann, "pong ?\ntext one\ntext two\n");
}

/* The last half of the buffers is not for a few bytes each. */
static void test_a_pong_does_not_take_one_of_the_last_buffers(void **state)
{
    (void)state;
    world.config.buffers = 2;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    struct peer *cid = peer_open("/chat/x");
    peer_frame(cid, FRAME_TEXT, BYTES_LITERAL("half "));
    peer_push_text(bob, "one");
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_push(ann);
    peer_add_frame(cid, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("two"));
    peer_push(cid);
    uint64_t sends = sim_count(SIM_SEND);
    world_settle();
    assert_int_equal(sim_count(SIM_SEND), sends + 4);
    peer_told(ann, "pong ?\ntext one\ntext half two\n");
}

static void test_private_output_does_not_wait_for_a_long_walk(void **state)
{
    (void)state;
    struct peer *peers[5];
    world_start();
    world.server.flush_cost = 1; /* one is written to a turn */
    for (size_t i = 0; i < UNIT_COUNT(peers); i++)
        peers[i] = peer_open("/chat/x");
    peer_push_text(peers[0], "one");
    world_turn();
    peer_add_frame(peers[4], PEER_PING, BYTES_LITERAL("!"));
    peer_push(peers[4]);
    world_turn();
    assert_int_equal(world.server.leases.slots.count, 0);
    peer_told(peers[4], "pong !\ntext one\n");
    peer_told(peers[3], "text one\n");
}

/* One whose history is nearly all of the log is told it at once: what is said
   in the same turn may drop its beginning. */
static void test_history_begins_to_be_told_in_the_turn_of_joining(void **state)
{
    (void)state;
    world.config.history = 100;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *late = peer_connect();
    struct peer *bob = peer_open("/chat/x");
    peer_push_numbered(ann, 0, 14, 250);
    world_settle();
    const struct ring *log = &room_at(&world.server.rooms, 0)->logs[ROOM_JSON];
    while (log->head < log->size - 300) {
        peer_push_numbered(ann, 14, 15, 250);
        world_settle();
    }
    peer_push_numbered(ann, 15, 16, 1);
    peer_add(late, bytes_of("GET /ws/x?history=100 HTTP/1.1\r\nHost: a\r\n"
                            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                            "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    peer_push(late);
    peer_push_numbered(bob, 16, 18, 250);
    world_settle();
    assert_int_equal(world_client(late->connection)->state, CLIENT_OPEN);
    world_not_logged("overrun");
}

/* ---- Overrun ------------------------------------------------------------- */

static char long_text[401];

/* Bob's kernel takes `len` bytes; Ann says more than the log holds. */
static struct peer *overrun_bob(size_t len)
{
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_take_only(bob, len);
    memset(long_text, 'x', sizeof long_text - 1);
    for (unsigned i = 0; i < 12; i++)
        peer_text(ann, long_text);
    world_pass(LIMITS_PACE + 100); /* held, until Bob is excused */
    return bob;
}

static void test_who_is_overrun_at_a_boundary_gets_close_1013(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = overrun_bob(404);
    assert_int_equal(sim_side(bob->connection), SIM_OPEN);
    peer_read_again(bob);
    peer_tells(bob, "xxx\nclose 1013 too slow for this room\nend\n");
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_logged("code=1013 by=server cause=overrun");
}

static void test_who_is_overrun_inside_a_frame_is_dropped(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = overrun_bob(405);
    world_logged("code=1006 by=server cause=overrun");
    peer_read_again(bob);
    peer_tells(bob, "xxx\ntorn 1\nend\n");
}

/* Of the room nothing is owed to him any more, only the rest of his Close. */
static void test_a_close_that_has_begun_is_not_torn_by_the_room(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_take_only(bob, 3);
    peer_text(ann, "hello");
    conn_close(&world.server, world_client(bob->connection), 1008, "too late",
               CAUSE_TOKEN);
    world_settle();
    peer_take_only(bob, 7 + 2); /* the frame, and two bytes of the Close */
    world_settle();
    memset(long_text, 'x', sizeof long_text - 1);
    for (unsigned i = 0; i < 12; i++)
        peer_text(ann, long_text);
    peer_read_again(bob);
    peer_told(bob, "text hello\nclose 1008 too late\nend\n");
}

/* ---- What goes wrong ----------------------------------------------------- */

static void test_output_that_finds_no_buffer_ends_the_connection(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *bob = peer_open("/ws/x");
    peer_take_only(bob, 1);
    peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("{\"ping\":1}"));
    peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("half a message"));
    bob->out_len -= 3;
    peer_flush(bob); /* its own is the only one */
    world_logged("cause=no-buffer");
    assert_int_equal(sim_side(bob->connection), SIM_CLOSED);
}

static void test_a_connection_that_breaks_takes_nobody_with_it(void **state)
{
    (void)state;
    world_start();
    struct peer *people[3];
    for (size_t i = 0; i < 3; i++)
        people[i] = peer_open("/chat/x");
    sim_fail(SIM_SEND, 1, 1, EPIPE);
    peer_text(people[0], "hello");
    peer_told(people[0], "text hello\n");
    peer_told(people[1], "end\n");
    peer_told(people[2], "text hello\n");
    world_logged("code=1006 by=client cause=reset");
}

static void begin_another(void *context)
{
    output_begin(&world.server, context);
}

/* Whose would the output be that is put then? */
static void test_nobody_is_handled_inside_another(void **state)
{
    (void)state;
    world_start();
    struct client *ann = world_client(peer_open("/echo")->connection);
    struct client *bob = world_client(peer_open("/echo")->connection);
    output_begin(&world.server, ann);
    assert_true(death_by_check(begin_another, bob));
    output_settle(&world.server, ann);
    assert_null(world.server.current);
    output_begin(&world.server, bob);
    output_settle(&world.server, bob);
}

static void begin_with_output_left(void *context)
{
    world.server.staging.len = 1;
    output_begin(&world.server, context);
}

static void settle_another(void *context)
{
    output_settle(&world.server, context);
}

static void test_what_is_put_is_of_the_one_being_handled(void **state)
{
    (void)state;
    world_start();
    struct client *ann = world_client(peer_open("/echo")->connection);
    struct client *bob = world_client(peer_open("/echo")->connection);
    assert_true(death_by_check(begin_with_output_left, ann));
    output_begin(&world.server, ann);
    assert_true(death_by_check(settle_another, bob));
    output_settle(&world.server, ann);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_pong_leaves_with_the_rooms_frames),
        WORLD_TEST(test_a_pong_does_not_take_one_of_the_last_buffers),
        WORLD_TEST(test_private_output_does_not_wait_for_a_long_walk),
        WORLD_TEST(test_history_begins_to_be_told_in_the_turn_of_joining),
        WORLD_TEST(test_who_is_overrun_at_a_boundary_gets_close_1013),
        WORLD_TEST(test_who_is_overrun_inside_a_frame_is_dropped),
        WORLD_TEST(test_a_close_that_has_begun_is_not_torn_by_the_room),
        WORLD_TEST(test_output_that_finds_no_buffer_ends_the_connection),
        WORLD_TEST(test_a_connection_that_breaks_takes_nobody_with_it),
        WORLD_TEST(test_nobody_is_handled_inside_another),
        WORLD_TEST(test_what_is_put_is_of_the_one_being_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
