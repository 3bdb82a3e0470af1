/* SPDX-License-Identifier: MIT */
/*
 * Goal: senders wait for most of those who hear them, and for nobody else;
 * what was taken of one that waits is not lost.
 */
#include "server/member.h"
#include "sim/peer.h"

#include <stdio.h>

static const struct room *only_room(void)
{
    assert_int_equal(world.server.rooms.store.map.header->used, 1);
    return room_at(&world.server.rooms, 0);
}

static bool flag_of(const struct peer *p, enum client_flag flag)
{
    return client_has(world_client(p->connection), flag);
}

/* Does a message of it wait for its room? */
static bool is_held(const struct peer *p)
{
    return world_client(p->connection)->taken != 0;
}

static const struct client_member *member(const struct peer *p)
{
    return &client_profile(&world.server.clients, world_client(p->connection))
                ->member;
}

/* Does it count as behind? */
static bool is_behind(const struct peer *p)
{
    return member(p)->behind >= MEMBER_BEHIND && !member(p)->stuck;
}

static void test_a_member_begins_with_what_comes_after_it(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_text(ann, "before");
    struct peer *bob = peer_open("/chat/x");
    peer_text(ann, "after");
    peer_told(bob, "text after\n");
}

/* It has one stretch to pass over, which must not grow around others' words. */
static void
test_a_sender_passes_its_own_before_the_walk_reaches_it(void **state)
{
    (void)state;
    struct peer *peers[5];
    world_start();
    world.server.flush_cost = 1; /* one is written to a turn */
    for (size_t i = 0; i < UNIT_COUNT(peers); i++)
        peers[i] = peer_open("/ws/x");
    struct peer *ann = peers[4], *bob = peers[3];
    peer_push_text(ann, "{\"message\":\"one\"}");
    world_turn();
    peer_push_text(bob, "{\"message\":\"two\"}");
    world_turn();
    peer_push_text(ann, "{\"message\":\"three\"}");
    world_turn();
    peer_told(ann, "#2 two\n");
    peer_told(bob, "#1 one\n#3 three\n");
    peer_told(peers[0], "#1 one\n#2 two\n#3 three\n");
}

/* Where she has not been flushed since, for a turn may do no more. */
static void
test_who_has_not_passed_its_own_may_not_speak_after_others(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x");
    peer_open("/ws/x");
    struct client *c = world_client(ann->connection);
    struct ring *log = member_log(&world.server, c);
    ring_append(log, BYTES_LITERAL("hers").ptr, 4);
    member_skip(&world.server, c, log->head - 4, log->head);
    assert_true(member_may_speak(&world.server, c));
    ring_append(log, BYTES_LITERAL("another's").ptr, 9);
    assert_false(member_may_speak(&world.server, c));
    client_clear(c, CLIENT_SKIPS);
    assert_true(member_may_speak(&world.server, c));
    sim_reset(ann->connection);
}

/* ---- Pace ---------------------------------------------------------------- */

#define HALF (4096 / 2)

/* Bob does not read, and Ann has said more than half a log. */
static void make_laggard(struct peer **ann, struct peer **bob)
{
    *bob = peer_open("/chat/x");
    *ann = peer_open("/chat/x");
    peer_stop_reading(*bob);
    peer_push_numbered(*ann, 0, 6, 400);
    world_settle();
    assert_true(is_behind(*bob));
}

static void test_half_a_log_behind_is_a_laggard_and_not_before(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    peer_push_numbered(ann, 0, 5, 400); /* 5 * 404 - 1 byte taken = 2019 */
    world_settle();
    assert_false(is_behind(bob));
    peer_push_numbered(ann, 5, 6, 28); /* + 30 = 2049 */
    world_settle();
    assert_true(is_behind(bob));
    assert_false(is_held(ann)); /* she has nothing more to say */
    peer_read_again(bob);
    peer_told_numbered(bob, 0, 6);
}

static void test_a_laggard_holds_the_senders_of_its_room_alone(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob, *cid = peer_open("/chat/y");
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 12, 400);
    world_settle();
    assert_true(is_held(ann));
    peer_text(cid, "hello");
    peer_told(cid, "text hello\n");
    peer_told_numbered(ann, 0, 6);
    peer_read_again(bob);
    assert_false(is_held(ann));
    peer_told_numbered(bob, 0, 12);
    peer_told_numbered(ann, 6, 12);
}

static void test_held_input_goes_on_without_another_receive(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_read_again(bob);
    peer_bytes(bob);
    peer_bytes(ann);
    peer_stop_reading(bob);
    peer_push_numbered(ann, 0, 12,
                       400); /* all received at once: the rest waits */
    world_settle();
    assert_true(is_held(ann));
    assert_true(flag_of(ann, CLIENT_PARKED));
    peer_read_again(bob);
    assert_false(flag_of(ann, CLIENT_PARKED));
    peer_told_numbered(bob, 0, 12);
    peer_told_numbered(ann, 0, 12);
}

static void test_a_laggard_that_takes_enough_is_waited_for(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 7, 400);
    world_settle();
    sim_set_send_buffer(bob->connection, 300); /* 1/16 is 256 */
    for (unsigned second = 1; second <= 4; second++) {
        world_pass(LIMITS_PACE - 200);
        sim_acknowledge(bob->connection, SIM_UNLIMITED);
        world_pass(200);
        assert_false(member(bob)->stuck);
    }
    peer_read_again(bob);
    peer_told_numbered(bob, 0, 7);
}

static void test_a_laggard_that_takes_too_little_is_excused(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 7, 400);
    world_settle();
    peer_told_numbered(ann, 0, 6);
    sim_set_send_buffer(bob->connection, 200);
    world_pass(LIMITS_PACE - 100);
    peer_told_numbered(ann, 0, 0);
    world_pass(100 + WHEEL_TICK);
    assert_true(member(bob)->stuck);
    assert_false(is_behind(bob));
    peer_told_numbered(ann, 6, 7);
}

static void
test_an_excused_member_that_catches_up_is_in_step_again(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    world_pass(LIMITS_PACE + WHEEL_TICK);
    assert_true(member(bob)->stuck);
    peer_read_again(bob);
    assert_false(member(bob)->stuck);
    peer_told_numbered(bob, 0, 6);
    peer_stop_reading(bob);
    peer_push_numbered(ann, 0, 6, 400);
    world_settle();
    assert_true(is_behind(bob));
}

static void test_a_laggard_that_leaves_holds_nobody(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 8, 400);
    world_settle();
    assert_true(is_held(ann));
    sim_reset(bob->connection);
    world_settle();
    assert_int_equal(only_room()->behind[0], 0);
    peer_told_numbered(ann, 0, 8);
}

static void test_nobody_waits_for_half_of_the_others(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob, *cid = peer_open("/chat/x");
    peer_stop_reading(cid);
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 8, 400);
    world_settle();
    assert_int_equal(only_room()->behind[0], 2);
    peer_read_again(bob);
    assert_int_equal(only_room()->behind[0], 1);
    assert_false(is_held(ann));
    peer_told_numbered(bob, 0, 8);
    peer_told_numbered(ann, 0, 8);
    peer_read_again(cid);
    peer_told_numbered(cid, 0, 8);
}

/* One of two is no more than half; one of one is. */
static void test_who_leaves_may_leave_most_behind(void **state)
{
    (void)state;
    world_start();
    struct peer *cid = peer_open("/chat/x"), *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 7, 100);
    world_settle();
    assert_false(is_held(ann));
    sim_reset(cid->connection);
    world_settle();
    peer_push_numbered(ann, 7, 8, 100);
    world_settle();
    assert_true(is_held(ann));
}

static void test_who_said_much_just_before_a_new_stretch_waits_too(void **state)
{
    (void)state;
    world.config.history = 0; /* the plain log alone */
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    peer_push_numbered(ann, 0, 5, 400);
    peer_push_numbered(ann, 5, 6, 28); /* the first of the new one */
    world_settle();
    assert_true(only_room()->said > HALF && is_behind(bob));
    peer_push_numbered(ann, 6, 7, 28);
    world_settle();
    assert_true(is_held(ann));
}

static void test_who_has_heard_all_history_counts(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_push_numbered(ann, 0, 2, 300);
    world_settle();
    struct peer *bob = peer_open("/ws/x?history=2");
    peer_bytes(bob);
    peer_stop_reading(bob);
    peer_push_numbered(ann, 2, 7, 400);
    world_settle();
    assert_true(is_behind(bob));
}

/* The walk that is under way has passed the one who may speak again. */
static void test_what_eases_behind_a_walk_is_found_by_another(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    struct peer *cid = peer_open("/chat/x"), *eve = peer_open("/chat/x");
    peer_stop_reading(bob);
    peer_stop_reading(cid);
    peer_push_numbered(ann, 0, 8, 400);
    world_settle();
    assert_true(is_held(ann));
    world.server.flush_cost = 1;
    sim_set_send_buffer(bob->connection, SIM_UNLIMITED);
    sim_set_window(bob->connection, SIM_UNLIMITED);
    peer_push_text(eve, "a word");
    world_turn(); /* Ann is walked past, and then Bob takes what there is */
    assert_true(is_held(ann));
    assert_int_equal(only_room()->behind[0], 1);
    world_settle();
    assert_false(is_held(ann));
}

static void test_who_has_said_little_does_not_wait(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob, *cid = peer_open("/chat/x");
    struct peer *dan = peer_open("/chat/x"), *eve = peer_open("/chat/x");
    peer_stop_reading(cid);
    peer_stop_reading(dan);
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 8, 400);
    world_settle();
    assert_true(is_held(ann));
    peer_bytes(ann);
    peer_bytes(eve);
    peer_text(eve, "a word");
    peer_told(eve, "text a word\n");
    peer_told(ann, "text a word\n");
    assert_true(is_held(ann));
}

/* One of history is behind by its own wish, however many there are. */
static void test_nobody_waits_for_those_who_replay(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_push_numbered(ann, 0, 8, 250);
    world_settle();
    for (size_t i = 0; i < 4; i++) {
        struct peer *late = peer_connect();
        sim_set_send_buffer(late->connection, 300); /* the 101, no more */
        sim_set_window(late->connection, 0);
        peer_upgrade(late, "/ws/x?history=8", "");
        world_settle();
    }
    assert_int_equal(only_room()->members, 5);
    peer_push_numbered(ann, 8, 12, 250);
    world_settle();
    peer_told_numbered(ann, 0, 12);
    assert_int_equal(only_room()->behind[0], 0);
}

/* Of who waits all is answered that comes before its next message. */
static void test_who_waits_is_read_up_to_its_next_message(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_bytes(ann);
    peer_frame(ann, PEER_PING, BYTES_LITERAL("1"));
    peer_told(ann, "pong 1\n");
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("2"));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("3"));
    peer_push_numbered(ann, 6, 7, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("4"));
    peer_push_numbered(ann, 7, 8, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("5"));
    peer_flush(ann);
    peer_told(ann, "pong 2\npong 3\npong 4\n");
    assert_true(is_held(ann));
    assert_int_equal(world.server.leases.slots.count, 1);
    peer_read_again(bob);
    peer_told_numbered(bob, 0, 8);
    const char *story = peer_story(ann);
    assert_non_null(strstr(story, "pong 5\n"));
    assert_non_null(strstr(story, "text 7."));
}

/* {"ping":1} is no message for the room, nor is what is no JSON. */
static void test_what_the_room_is_not_told_does_not_wait_for_it(void **state)
{
    (void)state;
    static char text[500];
    world_start();
    struct peer *bob = peer_open("/ws/x"), *ann = peer_open("/ws/x");
    peer_stop_reading(bob);
    int len = snprintf(text, sizeof text, "{\"message\":\"%0400d\"}", 0);
    for (unsigned i = 0; i < 8; i++)
        peer_add_frame(ann, PEER_TEXT,
                       bytes_span((uint8_t *)text, (size_t)len));
    peer_flush(ann);
    assert_true(is_held(ann));
    peer_read_again(bob);
    assert_false(is_held(ann));
    peer_bytes(bob);
    peer_stop_reading(bob);
    for (unsigned i = 0; i < 5; i++)
        peer_add_frame(ann, PEER_TEXT,
                       bytes_span((uint8_t *)text, (size_t)len));
    peer_flush(ann);
    assert_int_equal(only_room()->pressure, 1);
    assert_false(is_held(ann));
    peer_text(ann, "{\"ping\":12,\"name\":\"Ann\"}");
    peer_told(ann, "text {\"pong\":12}\n");
    peer_text(ann, "{\"message\":1}");
    assert_non_null(strstr(peer_story(ann), "close 1007 "));
}

/* With no buffer to be kept for it, it waits in the kernel, up to there. */
static void test_with_few_buffers_messages_are_not_read(void **state)
{
    (void)state;
    world.config.buffers = 3;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_bytes(ann);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("1"));
    peer_push_numbered(ann, 6, 7, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("2"));
    peer_flush(ann);
    peer_told(ann, "pong 1\n");
    assert_false(is_held(ann));
    assert_true(client_waits(world_client(ann->connection), CLIENT_WAITS_ROOM));
    assert_int_equal(only_room()->held, 1);
    assert_int_equal(world.server.leases.slots.count, 0);
    peer_read_again(bob);
    assert_int_equal(only_room()->held, 0);
    peer_told_numbered(bob, 0, 7);
    assert_non_null(strstr(peer_story(ann), "pong 2\n"));
}

/* However it goes, and whether its message was compressed or not. */
static void
test_what_was_taken_is_published_though_its_sender_goes(void **state)
{
    (void)state;
    static uint8_t zeros[500];
    world.config.buffers = 32;
    world_start();
    for (unsigned way = 0; way < 6; way++) {
        struct peer *bob = peer_open("/chat/x");
        struct peer *ann = peer_open_with("/chat/x", PEER_DEFLATE);
        peer_stop_reading(bob);
        peer_push_numbered(ann, 0, 6, 400);
        world_settle();
        uint64_t number = only_room()->history.last.number;
        if (way % 2)
            peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, 400));
        else
            peer_add_frame(ann, PEER_BINARY, bytes_span(zeros, 400));
        peer_flush(ann);
        assert_true(is_held(ann));
        assert_int_equal(only_room()->history.last.number, number);
        switch (way / 2) {
        case 0: peer_close(ann, 1000); break;
        case 1: sim_shut(ann->connection); break;
        case 2: sim_reset(ann->connection); break;
        }
        world_settle();
        assert_int_equal(only_room()->history.last.number, number + 1);
        peer_read_again(bob);
        assert_non_null(strstr(peer_story(bob), "\nbinary \\x00\\x00"));
        if (way / 2 == 0)
            peer_tells(ann, "close 1000\nend\n");
        world_again();
    }
}

/* She has said two things that she does not hear herself, and the second one
   is held when she goes, all in one read. */
static void test_who_goes_with_words_to_pass_over_and_one_held(void **state)
{
    (void)state;
    static char text[400];
    world.config.buffers = 32;
    world_start();
    for (unsigned compressed = 0; compressed < 2; compressed++) {
        struct peer *bob = peer_open("/ws/x"), *cid = peer_open("/ws/x");
        struct peer *dan = peer_open("/ws/x");
        struct peer *ann = peer_open_with("/ws/x", PEER_DEFLATE);
        peer_stop_reading(bob);
        peer_stop_reading(cid);
        snprintf(text, sizeof text, "{\"message\":\"%0300d\"}", 0);
        for (unsigned i = 0; i < 5; i++)
            peer_text(dan, text);
        peer_text(ann, text);
        assert_int_equal(only_room()->pressure, 1);
        peer_bytes(dan);
        snprintf(text, sizeof text, "{\"message\":\"%0100d\"}", 0);
        peer_push_text(ann, text);
        if (compressed)
            peer_add_compressed(ann, PEER_TEXT,
                                BYTES_LITERAL("{\"message\":\"five\"}"));
        else
            peer_push_text(ann, "{\"message\":\"five\"}");
        peer_close(ann, 1000);
        peer_tells(ann, "close 1000\nend\n");
        assert_null(strstr(ann->story, "five"));
        peer_tells(dan, "0000\n#8 five\n");
        world_again();
    }
}

/* What was held in this read is whole when she goes in it. */
static void test_who_closes_behind_a_message_has_said_it(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("goodbye"));
    peer_close(ann, 1000);
    peer_tells(ann, "text goodbye\nclose 1000\nend\n");
    peer_read_again(bob);
    peer_tells(bob, "text goodbye\n");
}

static void test_who_may_not_speak_may_still_close(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_bytes(ann);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("1"));
    peer_close(ann, 1000);
    peer_told(ann, "pong 1\nclose 1000\nend\n");
    peer_read_again(bob);
    peer_told_numbered(bob, 0, 6);
}

/* A ping that has not come whole is not taken for a message. */
static void test_who_waits_may_send_a_ping_in_pieces(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_bytes(ann);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("in pieces"));
    while (peer_push_some(ann, 1) > 0) {
        peer_told_nothing(ann);
        world_settle();
        assert_false(is_held(ann));
    }
    peer_told(ann, "pong in pieces\n");
    peer_read_again(bob);
    peer_told_numbered(bob, 0, 6);
}

/* Of a crowd nobody has said much. Who has said nothing yet may speak. */
static void test_a_crowd_of_senders_waits_before_most_are_overrun(void **state)
{
    (void)state;
    struct peer *crowd[12], *bob = NULL;
    world.config.clients = 40;
    world_start();
    for (size_t i = 0; i < 20; i++)
        peer_stop_reading(bob = peer_open("/chat/x"));
    for (unsigned i = 0; i < UNIT_COUNT(crowd); i++)
        crowd[i] = peer_open("/chat/x");
    for (unsigned i = 0; i < UNIT_COUNT(crowd); i++) {
        peer_push_numbered(crowd[i], i, i + 1, 300);
        world_settle();
    }
    assert_int_equal(only_room()->history.last.number, UNIT_COUNT(crowd));
    assert_int_equal(member(bob)->behind, MEMBER_FAR);
    struct peer *eve = peer_open("/chat/x"), *fay = peer_open("/chat/x");
    peer_push_numbered(eve, 0, 2, 100);
    world_settle();
    assert_true(is_held(eve));
    peer_told_numbered(eve, 0, 1);
    peer_text(fay, "?");
    peer_tells(fay, "text ?\n");
}

static void test_a_close_waits_behind_what_is_owed(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 8, 400);
    peer_close(bob, 1000); /* not read before he reads */
    world_pass(LIMITS_PACE + WHEEL_TICK);
    peer_told_numbered(ann, 0, 8);
    assert_int_equal(sim_side(bob->connection), SIM_OPEN);
    peer_read_again(bob);
    peer_tells(bob, "...\nclose 1000\nend\n");
}

static void test_held_senders_are_not_taken_for_dead(void **state)
{
    (void)state;
    world.config.ping = 500;
    world.config.pong_timeout = 300;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_push_numbered(ann, 6, 8, 400);
    for (unsigned i = 1; i <= 2; i++) {
        world_pass(LIMITS_PACE / 2);
        assert_true(is_held(ann));
        sim_set_send_buffer(bob->connection, 1 + 150 * i);
    }
    world_not_logged("pong-timeout");
}

/* A quarter of the log that was not yet handed to the kernels. */
static void test_while_the_walk_is_behind_nobody_may_speak(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    struct client *c = world_client(ann->connection);
    struct room *room = room_at(&world.server.rooms, 0);
    room->unflushed = world.config.room_log / 4 - 1;
    member_said(&world.server, room, c, 0);
    assert_true(member_may_speak(&world.server, c));
    room->unflushed++;
    member_said(&world.server, room, c, 0);
    assert_false(member_may_speak(&world.server, c));
    member_begin_walk(&world.server, room);
    assert_true(member_may_speak(&world.server, c));
}

/* It lies nowhere: its buffer went back. */
static void test_a_held_message_may_be_empty(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_frame(ann, PEER_BINARY, bytes_span(NULL, 0));
    assert_true(is_held(ann));
    assert_int_equal(world.server.leases.slots.count, 0);
    peer_read_again(bob);
    assert_false(is_held(ann));
    peer_tells(bob, "...\nbinary \n");
}

/* That its JSON form is too long is known when it is published. */
static void test_a_held_message_may_be_its_senders_end(void **state)
{
    (void)state;
    static uint8_t bytes[1024];
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    peer_bytes(ann);
    peer_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    assert_true(is_held(ann));
    peer_read_again(bob);
    peer_told(ann, "close 1009 too long as JSON\nend\n");
    peer_told_numbered(bob, 0, 6);
}

/* It has one stretch to pass over, and hears what lies apart from that. */
static void test_what_lies_apart_is_not_passed_over(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x");
    struct client *c = world_client(ann->connection);
    member_skip(&world.server, c, 100, 120);
    member_skip(&world.server, c, 120, 150);
    member_skip(&world.server, c, 160, 170);
    assert_int_equal(member(ann)->skip_from, 100);
    assert_int_equal(member(ann)->skip_len, 50);
    client_clear(c, CLIENT_SKIPS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_member_begins_with_what_comes_after_it),
        WORLD_TEST(test_a_sender_passes_its_own_before_the_walk_reaches_it),
        WORLD_TEST(test_who_has_not_passed_its_own_may_not_speak_after_others),
        WORLD_TEST(test_half_a_log_behind_is_a_laggard_and_not_before),
        WORLD_TEST(test_a_laggard_holds_the_senders_of_its_room_alone),
        WORLD_TEST(test_held_input_goes_on_without_another_receive),
        WORLD_TEST(test_a_laggard_that_takes_enough_is_waited_for),
        WORLD_TEST(test_a_laggard_that_takes_too_little_is_excused),
        WORLD_TEST(test_an_excused_member_that_catches_up_is_in_step_again),
        WORLD_TEST(test_a_laggard_that_leaves_holds_nobody),
        WORLD_TEST(test_nobody_waits_for_half_of_the_others),
        WORLD_TEST(test_who_leaves_may_leave_most_behind),
        WORLD_TEST(test_who_said_much_just_before_a_new_stretch_waits_too),
        WORLD_TEST(test_who_has_heard_all_history_counts),
        WORLD_TEST(test_what_eases_behind_a_walk_is_found_by_another),
        WORLD_TEST(test_who_has_said_little_does_not_wait),
        WORLD_TEST(test_nobody_waits_for_those_who_replay),
        WORLD_TEST(test_who_waits_is_read_up_to_its_next_message),
        WORLD_TEST(test_what_the_room_is_not_told_does_not_wait_for_it),
        WORLD_TEST(test_with_few_buffers_messages_are_not_read),
        WORLD_TEST(test_what_was_taken_is_published_though_its_sender_goes),
        WORLD_TEST(test_who_goes_with_words_to_pass_over_and_one_held),
        WORLD_TEST(test_who_closes_behind_a_message_has_said_it),
        WORLD_TEST(test_who_may_not_speak_may_still_close),
        WORLD_TEST(test_who_waits_may_send_a_ping_in_pieces),
        WORLD_TEST(test_a_crowd_of_senders_waits_before_most_are_overrun),
        WORLD_TEST(test_a_close_waits_behind_what_is_owed),
        WORLD_TEST(test_held_senders_are_not_taken_for_dead),
        WORLD_TEST(test_while_the_walk_is_behind_nobody_may_speak),
        WORLD_TEST(test_a_held_message_may_be_empty),
        WORLD_TEST(test_a_held_message_may_be_its_senders_end),
        WORLD_TEST(test_what_lies_apart_is_not_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
