/* SPDX-License-Identifier: MIT */
/*
 * Goal: a message in pieces is gathered in one buffer, up to --max-message, and
 * reaches somebody only when it is whole and good.
 */
#include "server/gather.h"
#include "sim/peer.h"

static uint32_t leases(void)
{
    return world.server.leases.slots.count;
}

static void
test_an_unfinished_message_holds_one_lease_until_it_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("half "));
    assert_int_equal(leases(), 1);
    peer_told_nothing(bob);
    peer_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_told(ann, "pong ?\n");
    assert_int_equal(leases(), 1);
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("done"));
    assert_int_equal(leases(), 0);
    peer_told(bob, "text half done\n");
}

static void test_half_a_message_reaches_nobody(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("half "));
    sim_close(ann->connection);
    world_pass(1000);
    peer_told_nothing(bob);
    assert_int_equal(leases(), 0);
}

static void test_text_that_turns_out_bad_reaches_nobody(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("good so far"));
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("\xFF"));
    assert_memory_equal(peer_story(ann), "close 1007", 10);
    peer_told_nothing(bob);
    assert_int_equal(leases(), 0);
}

static void test_a_message_at_the_limit_is_taken(void **state)
{
    (void)state;
    world.config.room_log = 16384; /* its JSON form is longer */
    world_start();
    static uint8_t bytes[1024];
    struct peer *ann = peer_open("/chat/x");
    memset(bytes, 'x', sizeof bytes);
    peer_frame(ann, FRAME_BINARY, bytes_span(bytes, 1000));
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, bytes_span(bytes, 24));
    peer_tells(ann, "xxxx\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_an_unfinished_message_holds_one_lease_until_it_ends),
        WORLD_TEST(test_half_a_message_reaches_nobody),
        WORLD_TEST(test_text_that_turns_out_bad_reaches_nobody),
        WORLD_TEST(test_a_message_at_the_limit_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
