/* SPDX-License-Identifier: MIT */
/*
 * Goal: a message in pieces is gathered in one buffer, up to --max-message, and
 * reaches somebody only when it is whole and good.
 */
#include "server/gather.h"
#include "server/member.h"
#include "sim/peer.h"
#include "support/death.h"

#include <stdio.h>

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

/* ---- What must wait for its room ----------------------------------------- */

static bool is_held(const struct peer *p)
{
    return world_client(p->connection)->taken != 0;
}

/* Both began while there was a place for a message that waits: for one. */
static void test_what_finds_no_place_to_wait_is_said_at_once(void **state)
{
    (void)state;
    world.config.buffers = 4;
    world_start();
    struct peer *slow[2], *ann, *bob;
    for (size_t i = 0; i < UNIT_COUNT(slow); i++)
        peer_stop_reading(slow[i] = peer_open("/chat/x"));
    ann = peer_open("/chat/x");
    bob = peer_open("/chat/x");
    peer_push_numbered(ann, 0, 3, 400);
    peer_push_numbered(bob, 3, 6, 400);
    world_settle();
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("Ann "));
    peer_frame(bob, FRAME_TEXT, BYTES_LITERAL("Bob "));
    peer_bytes(bob);
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("waits"));
    peer_frame(bob, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("does not"));
    assert_true(is_held(ann));
    assert_false(is_held(bob));
    peer_tells(bob, "text Bob does not\n");
    peer_read_again(slow[0]);
    peer_tells(slow[0], "text Bob does not\ntext Ann waits\n");
}

/* An error is nobody else's to hear. */
static void test_an_empty_message_that_says_nothing_does_not_wait(void **state)
{
    (void)state;
    char text[400];
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/ws/x");
    for (size_t i = 0; i < 2; i++)
        peer_stop_reading(peer_open("/chat/x"));
    peer_push_numbered(ann, 0, 4, 400);
    snprintf(text, sizeof text, "{\"message\":\"%0300d\"}", 0);
    for (size_t i = 0; i < 2; i++)
        peer_text(bob, text);
    peer_bytes(bob);
    assert_false(
        member_may_speak(&world.server, world_client(bob->connection)));
    peer_text(bob, "");
    assert_memory_equal(peer_story(bob), "close 1007 ", 11);
}

/* ---- What cannot be ------------------------------------------------------ */

static void test_without_a_buffer_the_first_piece_ends_a_chat(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    while (lease_take(&world.server.leases, 0, 0, 0) != LEASE_NONE)
        ; /* to her, who has nothing in them */
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("half "));
    peer_told(ann, "close 1013 no buffer for an unfinished message\nend\n");
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&world.server.leases, &(uint32_t){i});
    peer_told_nothing(bob);
}

/* --max-message is what message.h saw to. */
static void gather_too_much(void *context)
{
    uint8_t byte = 'x';
    struct gather in = {.message_len = world.server.leases.size};
    struct message_event event = {
        .type = MESSAGE_DATA, .opcode = FRAME_TEXT, .ptr = &byte, .len = 1};
    gather_take(&world.server, context, &in, &event);
}

static void test_more_than_a_buffer_holds_stops_the_process(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    assert_true(death_by_check(gather_too_much, world_client(ann->connection)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_an_unfinished_message_holds_one_lease_until_it_ends),
        WORLD_TEST(test_half_a_message_reaches_nobody),
        WORLD_TEST(test_text_that_turns_out_bad_reaches_nobody),
        WORLD_TEST(test_a_message_at_the_limit_is_taken),
        WORLD_TEST(test_what_finds_no_place_to_wait_is_said_at_once),
        WORLD_TEST(test_an_empty_message_that_says_nothing_does_not_wait),
        WORLD_TEST(test_without_a_buffer_the_first_piece_ends_a_chat),
        WORLD_TEST(test_more_than_a_buffer_holds_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
