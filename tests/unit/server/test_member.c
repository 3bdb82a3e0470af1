/* SPDX-License-Identifier: MIT */
#include "server/member.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>

static const struct room *only_room(void)
{
    assert_int_equal(world.server.rooms.topics.slots.count, 1);
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

static void push_numbered(struct peer *p, unsigned from, unsigned to,
                          size_t len)
{
    char text[1024];
    assert_true(len < sizeof text);
    for (unsigned i = from; i < to; i++) {
        memset(text, '.', len);
        int digits = snprintf(text, sizeof text, "%u", i);
        text[digits] = '.';
        peer_add_frame(p, PEER_TEXT, bytes_span(text, len));
    }
    peer_push(p);
}

/* Assert that these numbered messages, and no others, were told. */
static void told_numbered(struct peer *p, unsigned from, unsigned to)
{
    const char *at = peer_story(p);
    for (unsigned i = from; i < to; i++) {
        char start[32];
        size_t len = (size_t)snprintf(start, sizeof start, "text %u.", i);
        assert_memory_equal(at, start, len);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
}

/* ---- Publishing ---------------------------------------------------------- */

static void test_plain_members_hear_everybody_and_themselves(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_text(ann, "hello");
    peer_frame(bob, PEER_BINARY, BYTES_LITERAL("\x00\xFF"));
    peer_told(ann, "text hello\nbinary \\x00\\xff\n");
    peer_told(bob, "text hello\nbinary \\x00\\xff\n");
}

/* ---- A room too large for one turn --------------------------------------- */

#define CROWD 5

/* That many in one room, of whom one is written to a turn. */
static void open_crowd(struct peer *peers[CROWD], const char *target)
{
    world.server.flush_cost = 1;
    for (size_t i = 0; i < CROWD; i++)
        peers[i] = peer_open(target);
}

/* Of the crowd, how many the server has written all to. */
static size_t reached(struct peer *const peers[CROWD])
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += world_client(peers[i]->connection)->as.socket.cursor ==
                 only_room()->logs[ROOM_PLAIN].head;
    return count;
}

static void push(struct peer *p, const char *text)
{
    peer_add_frame(p, PEER_TEXT, bytes_of(text));
    peer_push(p);
}

static void test_a_large_room_is_written_to_over_several_turns(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    struct peer *other = peer_open("/echo");
    push(peers[0], "hello");
    world_turn();
    assert_int_equal(reached(peers), 1);
    assert_int_equal(world.server.patience, 0);
    push(other, "and me?");
    uint64_t before = world_client(other->connection)->sent;
    world_turn();
    assert_int_equal(reached(peers), 2);
    assert_int_not_equal(world_client(other->connection)->sent, before);
    world_settle();
    for (size_t i = 0; i < CROWD; i++)
        peer_told(peers[i], "text hello\n");
    peer_told(other, "text and me?\n");
}

static void test_what_comes_during_the_walk_reaches_everybody_once(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    push(peers[0], "one");
    world_turn();
    push(peers[4], "two");
    push(peers[0], "three");
    world_turn();
    push(peers[0], "four");
    struct peer *late = peer_open("/chat/x");
    for (size_t i = 0; i < CROWD; i++)
        peer_told(peers[i], i == 0 ? "text one\ntext three\ntext two\n"
                                     "text four\n"
                                   : "text one\ntext three\ntext two\n"
                                     "text four\n");
    peer_told_nothing(late);
}

/* Also when it is the next one to be written to, or the last. */
static void test_who_leaves_during_the_walk_does_not_end_it(void **state)
{
    (void)state;
    world_start();
    for (size_t gone = 0; gone < CROWD; gone++) {
        struct peer *peers[CROWD];
        world_again();
        open_crowd(peers, "/chat/x");
        push(peers[gone], "one");
        world_turn();
        sim_reset(peers[gone]->connection);
        world_turn();
        world_settle();
        for (size_t i = 0; i < CROWD; i++)
            if (i != gone)
                peer_told(peers[i], "text one\n");
    }
}

/* It has one stretch to pass over, which must not grow around others' words. */
static void
test_a_sender_passes_its_own_before_the_walk_reaches_it(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/ws/x");
    struct peer *ann = peers[CROWD - 1], *bob = peers[CROWD - 2];
    push(ann, "{\"message\":\"one\"}");
    world_turn();
    push(bob, "{\"message\":\"two\"}");
    world_turn();
    push(ann, "{\"message\":\"three\"}");
    world_turn();
    peer_told(ann, "#2 two\n");
    peer_told(bob, "#1 one\n#3 three\n");
    peer_told(peers[0], "#1 one\n#2 two\n#3 three\n");
}

static void test_private_output_does_not_wait_for_a_long_walk(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    push(peers[0], "one");
    world_turn();
    peer_add_frame(peers[4], PEER_PING, BYTES_LITERAL("!"));
    peer_push(peers[4]);
    world_turn();
    assert_int_equal(world.server.leases.slots.count, 0);
    peer_told(peers[4], "pong !\ntext one\n");
    peer_told(peers[3], "text one\n");
}

/* As if the walks were short: nobody who reads is overrun. */
static void test_a_walk_that_takes_long_lets_nobody_be_overrun(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    for (unsigned i = 0; i < 50; i += 2) {
        push_numbered(peers[0], i, i + 2, 900);
        world_turn();
    }
    for (size_t i = 0; i < CROWD; i++)
        told_numbered(peers[i], 0, 50);
    world_not_logged("overrun");
}

static void test_rooms_do_not_hear_each_other(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/y");
    peer_text(ann, "hello");
    peer_told(ann, "text hello\n");
    peer_told_nothing(bob);
}

static void test_all_messages_of_a_turn_leave_in_one_write_each(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_open("/chat/x");
    push_numbered(ann, 0, 5, 10);
    uint64_t sends = sim_count(SIM_SEND);
    world_settle();
    assert_int_equal(sim_count(SIM_SEND) - sends, 2);
    told_numbered(ann, 0, 5);
}

static void test_one_turn_may_publish_more_than_the_log_holds(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/ws/x");
    push_numbered(ann, 0, 40, 200); /* 8 K in one receive, the log has 4 K */
    world_settle();
    told_numbered(ann, 0, 40);
    peer_tells(bob, "\n");
    assert_int_equal(room_topic(&world.server.rooms, only_room())->number, 40);
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

static void test_the_log_of_a_form_nobody_reads_is_not_written(void **state)
{
    (void)state;
    world.config.history = 0;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_text(ann, "hello");
    assert_true(only_room()->logs[ROOM_PLAIN].head > 0);
    assert_true(only_room()->logs[ROOM_JSON].head == 0);
    struct peer *bob = peer_open("/ws/x");
    peer_text(ann, "again");
    peer_told(bob, "#2 again\n");
}

/* ---- Pace ---------------------------------------------------------------- */

#define HALF (4096 / 2)

/* Bob does not read, and Ann has said more than half a log. */
static void make_laggard(struct peer **ann, struct peer **bob)
{
    *bob = peer_open("/chat/x");
    *ann = peer_open("/chat/x");
    stop_reading(*bob);
    push_numbered(*ann, 0, 6, 400);
    world_settle();
    assert_true(is_behind(*bob));
}

static void test_half_a_log_behind_is_a_laggard_and_not_before(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    stop_reading(bob);
    push_numbered(ann, 0, 5, 400); /* 5 * 404 - 1 byte taken = 2019 */
    world_settle();
    assert_false(is_behind(bob));
    push_numbered(ann, 5, 6, 28); /* + 30 = 2049 */
    world_settle();
    assert_true(is_behind(bob));
    assert_false(is_held(ann)); /* she has nothing more to say */
    read_again(bob);
    told_numbered(bob, 0, 6);
}

static void test_a_laggard_holds_the_senders_of_its_room_alone(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob, *cid = peer_open("/chat/y");
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 12, 400);
    world_settle();
    assert_true(is_held(ann));
    peer_text(cid, "hello");
    peer_told(cid, "text hello\n");
    told_numbered(ann, 0, 6);
    read_again(bob);
    assert_false(is_held(ann));
    told_numbered(bob, 0, 12);
    told_numbered(ann, 6, 12);
}

static void test_held_input_goes_on_without_another_receive(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    read_again(bob);
    peer_bytes(bob);
    peer_bytes(ann);
    stop_reading(bob);
    push_numbered(ann, 0, 12, 400); /* all received at once: the rest waits */
    world_settle();
    assert_true(is_held(ann));
    assert_true(flag_of(ann, CLIENT_PARKED));
    read_again(bob);
    assert_false(flag_of(ann, CLIENT_PARKED));
    told_numbered(bob, 0, 12);
    told_numbered(ann, 0, 12);
}

static void test_a_laggard_that_takes_enough_is_waited_for(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 7, 400);
    world_settle();
    sim_set_send_buffer(bob->connection, 300); /* 1/16 is 256 */
    for (unsigned second = 1; second <= 4; second++) {
        world_pass(LIMITS_PACE - 200);
        sim_acknowledge(bob->connection, SIM_UNLIMITED);
        world_pass(200);
        assert_false(member(bob)->stuck);
    }
    read_again(bob);
    told_numbered(bob, 0, 7);
}

static void test_a_laggard_that_takes_too_little_is_excused(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 7, 400);
    world_settle();
    told_numbered(ann, 0, 6);
    sim_set_send_buffer(bob->connection, 200);
    world_pass(LIMITS_PACE - 100);
    told_numbered(ann, 0, 0);
    world_pass(100 + WHEEL_TICK);
    assert_true(member(bob)->stuck);
    assert_false(is_behind(bob));
    told_numbered(ann, 6, 7);
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
    read_again(bob);
    assert_false(member(bob)->stuck);
    told_numbered(bob, 0, 6);
    stop_reading(bob);
    push_numbered(ann, 0, 6, 400);
    world_settle();
    assert_true(is_behind(bob));
}

static void test_a_laggard_that_leaves_holds_nobody(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 8, 400);
    world_settle();
    assert_true(is_held(ann));
    sim_reset(bob->connection);
    world_settle();
    assert_int_equal(only_room()->behind[0], 0);
    told_numbered(ann, 0, 8);
}

static void test_nobody_waits_for_half_of_the_others(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob, *cid = peer_open("/chat/x");
    stop_reading(cid);
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 8, 400);
    world_settle();
    assert_int_equal(only_room()->behind[0], 2);
    read_again(bob);
    assert_int_equal(only_room()->behind[0], 1);
    assert_false(is_held(ann));
    told_numbered(bob, 0, 8);
    told_numbered(ann, 0, 8);
    read_again(cid);
    told_numbered(cid, 0, 8);
}

/* One of two is no more than half; one of one is. */
static void test_who_leaves_may_leave_most_behind(void **state)
{
    (void)state;
    world_start();
    struct peer *cid = peer_open("/chat/x"), *ann, *bob;
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 7, 100);
    world_settle();
    assert_false(is_held(ann));
    sim_reset(cid->connection);
    world_settle();
    push_numbered(ann, 7, 8, 100);
    world_settle();
    assert_true(is_held(ann));
}

static void test_who_said_much_just_before_a_new_stretch_waits_too(void **state)
{
    (void)state;
    world.config.history = 0; /* the plain log alone */
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    stop_reading(bob);
    push_numbered(ann, 0, 5, 400);
    push_numbered(ann, 5, 6, 28); /* the first of the new one */
    world_settle();
    assert_true(only_room()->said > HALF && is_behind(bob));
    push_numbered(ann, 6, 7, 28);
    world_settle();
    assert_true(is_held(ann));
}

static void test_who_has_heard_all_history_counts(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    push_numbered(ann, 0, 2, 300);
    world_settle();
    struct peer *bob = peer_open("/ws/x?history=2");
    peer_bytes(bob);
    stop_reading(bob);
    push_numbered(ann, 2, 7, 400);
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
    stop_reading(bob);
    stop_reading(cid);
    push_numbered(ann, 0, 8, 400);
    world_settle();
    assert_true(is_held(ann));
    world.server.flush_cost = 1;
    sim_set_send_buffer(bob->connection, SIM_UNLIMITED);
    sim_set_window(bob->connection, SIM_UNLIMITED);
    push(eve, "a word");
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
    stop_reading(cid);
    stop_reading(dan);
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 8, 400);
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
    push_numbered(ann, 0, 8, 250);
    world_settle();
    for (size_t i = 0; i < 4; i++) {
        struct peer *late = peer_connect();
        sim_set_send_buffer(late->connection, 300); /* the 101, no more */
        sim_set_window(late->connection, 0);
        peer_upgrade(late, "/ws/x?history=8", "");
        world_settle();
    }
    assert_int_equal(only_room()->members, 5);
    push_numbered(ann, 8, 12, 250);
    world_settle();
    told_numbered(ann, 0, 12);
    assert_int_equal(only_room()->behind[0], 0);
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
    push_numbered(ann, 0, 14, 250);
    world_settle();
    const struct ring *log = &only_room()->logs[ROOM_JSON];
    while (log->head < log->size - 300) {
        push_numbered(ann, 14, 15, 250);
        world_settle();
    }
    push_numbered(ann, 15, 16, 1);
    peer_add(late, bytes_of("GET /ws/x?history=100 HTTP/1.1\r\nHost: a\r\n"
                            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                            "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    peer_push(late);
    push_numbered(bob, 16, 18, 250);
    world_settle();
    assert_int_equal(world_client(late->connection)->state, CLIENT_OPEN);
    world_not_logged("overrun");
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
    push_numbered(ann, 6, 7, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("4"));
    push_numbered(ann, 7, 8, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("5"));
    peer_flush(ann);
    peer_told(ann, "pong 2\npong 3\npong 4\n");
    assert_true(is_held(ann));
    assert_int_equal(world.server.leases.slots.count, 1);
    read_again(bob);
    told_numbered(bob, 0, 8);
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
    stop_reading(bob);
    int len = snprintf(text, sizeof text, "{\"message\":\"%0400d\"}", 0);
    for (unsigned i = 0; i < 8; i++)
        peer_add_frame(ann, PEER_TEXT,
                       bytes_span((uint8_t *)text, (size_t)len));
    peer_flush(ann);
    assert_true(is_held(ann));
    read_again(bob);
    assert_false(is_held(ann));
    peer_bytes(bob);
    stop_reading(bob);
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
    push_numbered(ann, 6, 7, 400);
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("2"));
    peer_flush(ann);
    peer_told(ann, "pong 1\n");
    assert_false(is_held(ann));
    assert_true(client_waits(world_client(ann->connection), CLIENT_WAITS_ROOM));
    assert_int_equal(only_room()->held, 1);
    assert_int_equal(world.server.leases.slots.count, 0);
    read_again(bob);
    assert_int_equal(only_room()->held, 0);
    told_numbered(bob, 0, 7);
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
        stop_reading(bob);
        push_numbered(ann, 0, 6, 400);
        world_settle();
        uint64_t number = room_topic(&world.server.rooms, only_room())->number;
        if (way % 2)
            peer_add_compressed(ann, PEER_BINARY, bytes_span(zeros, 400));
        else
            peer_add_frame(ann, PEER_BINARY, bytes_span(zeros, 400));
        peer_flush(ann);
        assert_true(is_held(ann));
        assert_int_equal(room_topic(&world.server.rooms, only_room())->number,
                         number);
        switch (way / 2) {
        case 0: peer_close(ann, 1000); break;
        case 1: sim_shut(ann->connection); break;
        case 2: sim_reset(ann->connection); break;
        }
        world_settle();
        assert_int_equal(room_topic(&world.server.rooms, only_room())->number,
                         number + 1);
        read_again(bob);
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
        stop_reading(bob);
        stop_reading(cid);
        snprintf(text, sizeof text, "{\"message\":\"%0300d\"}", 0);
        for (unsigned i = 0; i < 5; i++)
            peer_text(dan, text);
        peer_text(ann, text);
        assert_int_equal(only_room()->pressure, 1);
        peer_bytes(dan);
        snprintf(text, sizeof text, "{\"message\":\"%0100d\"}", 0);
        push(ann, text);
        if (compressed)
            peer_add_compressed(ann, PEER_TEXT,
                                BYTES_LITERAL("{\"message\":\"five\"}"));
        else
            push(ann, "{\"message\":\"five\"}");
        peer_close(ann, 1000);
        peer_tells(ann, "close 1000\nend\n");
        peer_tells(dan, "0000\n#8 five\n");
        world_again();
    }
}

/* Of what is owed to her a part leaves, and the pong has to wait. */
static void test_a_pong_before_a_close_stands_between_two_frames(void **state)
{
    (void)state;
    world_start();
    for (size_t size = 1; size < 60; size++) {
        struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
        push(bob, "hello, ");
        push(bob, "and goodbye");
        sim_set_send_buffer(ann->connection, size);
        sim_set_window(ann->connection, 0);
        peer_add_frame(ann, PEER_PING, BYTES_LITERAL("1"));
        peer_close(ann, 1000);
        read_again(ann);
        peer_told(ann, "text hello, \ntext and goodbye\npong 1\n"
                       "close 1000\nend\n");
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
    read_again(bob);
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
    read_again(bob);
    told_numbered(bob, 0, 6);
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
    read_again(bob);
    told_numbered(bob, 0, 6);
}

/* Nor is its end, or one that is no legal frame, missed behind it. */
static void test_who_may_not_speak_may_break_off_in_a_ping(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world.config.ping = 0;
    world_start();
    for (unsigned way = 0; way < 2; way++) {
        struct peer *ann = peer_open("/echo");
        peer_text(ann, "one");
        peer_told(ann, "text one\n");
        peer_add(ann,
                 way ? BYTES_LITERAL("\x89\xFF\0") : BYTES_LITERAL("\x89"));
        peer_flush(ann);
        sim_shut(ann->connection);
        world_pass(5000);
        peer_tells(ann, "end\n");
    }
}

/* Of a crowd nobody has said much. Who has said nothing yet may speak. */
static void test_a_crowd_of_senders_waits_before_most_are_overrun(void **state)
{
    (void)state;
    struct peer *crowd[12], *bob = NULL;
    world.config.clients = 40;
    world_start();
    for (size_t i = 0; i < 20; i++)
        stop_reading(bob = peer_open("/chat/x"));
    for (unsigned i = 0; i < UNIT_COUNT(crowd); i++)
        crowd[i] = peer_open("/chat/x");
    for (unsigned i = 0; i < UNIT_COUNT(crowd); i++) {
        push_numbered(crowd[i], i, i + 1, 300);
        world_settle();
    }
    assert_int_equal(room_topic(&world.server.rooms, only_room())->number,
                     UNIT_COUNT(crowd));
    assert_int_equal(member(bob)->behind, MEMBER_FAR);
    struct peer *eve = peer_open("/chat/x"), *fay = peer_open("/chat/x");
    push_numbered(eve, 0, 2, 100);
    world_settle();
    assert_true(is_held(eve));
    told_numbered(eve, 0, 1);
    peer_text(fay, "?");
    peer_tells(fay, "text ?\n");
}

static void test_a_close_waits_behind_what_is_owed(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    make_laggard(&ann, &bob);
    push_numbered(ann, 6, 8, 400);
    peer_close(bob, 1000); /* not read before he reads */
    world_pass(LIMITS_PACE + WHEEL_TICK);
    told_numbered(ann, 0, 8);
    assert_int_equal(sim_side(bob->connection), SIM_OPEN);
    read_again(bob);
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
    push_numbered(ann, 6, 8, 400);
    for (unsigned i = 1; i <= 2; i++) {
        world_pass(LIMITS_PACE / 2);
        assert_true(is_held(ann));
        sim_set_send_buffer(bob->connection, 1 + 150 * i);
    }
    world_not_logged("pong-timeout");
}

/* ---- The number of members ----------------------------------------------- */

static void open_v1(struct peer **p)
{
    *p = peer_open_with("/ws/x", "Sec-WebSocket-Protocol: chatd.v1\r\n");
}

static void test_a_changed_number_is_told_once_a_second_at_most(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *others[3];
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    for (size_t i = 0; i < 3; i++)
        others[i] = peer_open("/chat/x");
    peer_told(ann, "text {\"event\":\"members\",\"members\":2}\n");
    world_pass(LIMITS_MEMBERS - 1);
    peer_told_nothing(ann);
    world_pass(1);
    peer_told(ann, "text {\"event\":\"members\",\"members\":4}\n");
    peer_close(others[0], 1000);
    peer_told_nothing(ann);
    world_pass(LIMITS_MEMBERS);
    peer_told(ann, "text {\"event\":\"members\",\"members\":3}\n");
    peer_told(others[1], "");
}

/* To tell a million takes seconds. That they are only said to be there is
   enough: how long it would take goes by their number. */
static void test_many_are_told_the_number_less_often(void **state)
{
    (void)state;
    const uint32_t many = 4 * LIMITS_MEMBERS * LIMITS_TOLD;
    world_start();
    struct peer *ann;
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    peer_open("/chat/x");
    peer_told(ann, "text {\"event\":\"members\",\"members\":2}\n");
    struct room *room = room_at(&world.server.rooms, 0);
    room->v1_members += many;
    peer_open("/chat/x");
    world_pass(4 * LIMITS_MEMBERS - 1);
    peer_told_nothing(ann);
    world_pass(1);
    peer_told(ann, "text {\"event\":\"members\",\"members\":3}\n");
    room->v1_members -= many;
}

static void test_a_number_that_is_known_already_is_not_told(void **state)
{
    (void)state;
    world_start();
    struct peer *ann;
    open_v1(&ann);
    peer_bytes(ann); /* the welcome said 1 */
    world_pass(3000);
    peer_told_nothing(ann);
    struct peer *bob = peer_open("/ws/x");
    peer_told(ann, "text {\"event\":\"members\",\"members\":2}\n");
    struct peer *cid = peer_open("/ws/x");
    peer_close(cid, 1000); /* and it is 2 again */
    world_pass(3000);
    peer_told_nothing(ann);
    peer_told_nothing(bob);
}

static void test_a_blocked_member_is_told_the_number_later(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob = peer_open("/chat/x");
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    stop_reading(ann);
    peer_text(bob, "hello");
    peer_close(bob, 1000);
    world_pass(3000);
    read_again(ann);
    world_pass(LIMITS_MEMBERS + 1);
    peer_told(ann, "#1 hello\ntext {\"event\":\"members\",\"members\":1}\n");
}

static void test_a_member_that_breaks_while_told_is_a_change(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    open_v1(&ann);
    open_v1(&bob);
    world_pass(2000);
    peer_bytes(ann);
    peer_bytes(bob);
    struct peer *cid = peer_open("/chat/x");
    world_pass(2000);
    peer_bytes(ann);
    peer_bytes(bob);
    sim_close(cid->connection);
    sim_fail(SIM_SEND, 0, 1, EPIPE);
    world_pass(5000);
    peer_told(ann, "end\n");
    peer_told(bob, "text {\"event\":\"members\",\"members\":1}\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_plain_members_hear_everybody_and_themselves),
        WORLD_TEST(test_a_large_room_is_written_to_over_several_turns),
        WORLD_TEST(test_what_comes_during_the_walk_reaches_everybody_once),
        WORLD_TEST(test_who_leaves_during_the_walk_does_not_end_it),
        WORLD_TEST(test_a_sender_passes_its_own_before_the_walk_reaches_it),
        WORLD_TEST(test_private_output_does_not_wait_for_a_long_walk),
        WORLD_TEST(test_a_walk_that_takes_long_lets_nobody_be_overrun),
        WORLD_TEST(test_rooms_do_not_hear_each_other),
        WORLD_TEST(test_all_messages_of_a_turn_leave_in_one_write_each),
        WORLD_TEST(test_one_turn_may_publish_more_than_the_log_holds),
        WORLD_TEST(test_a_member_begins_with_what_comes_after_it),
        WORLD_TEST(test_the_log_of_a_form_nobody_reads_is_not_written),
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
        WORLD_TEST(test_history_begins_to_be_told_in_the_turn_of_joining),
        WORLD_TEST(test_who_waits_is_read_up_to_its_next_message),
        WORLD_TEST(test_what_the_room_is_not_told_does_not_wait_for_it),
        WORLD_TEST(test_with_few_buffers_messages_are_not_read),
        WORLD_TEST(test_what_was_taken_is_published_though_its_sender_goes),
        WORLD_TEST(test_who_goes_with_words_to_pass_over_and_one_held),
        WORLD_TEST(test_a_pong_before_a_close_stands_between_two_frames),
        WORLD_TEST(test_who_closes_behind_a_message_has_said_it),
        WORLD_TEST(test_who_may_not_speak_may_still_close),
        WORLD_TEST(test_who_waits_may_send_a_ping_in_pieces),
        WORLD_TEST(test_who_may_not_speak_may_break_off_in_a_ping),
        WORLD_TEST(test_a_crowd_of_senders_waits_before_most_are_overrun),
        WORLD_TEST(test_a_close_waits_behind_what_is_owed),
        WORLD_TEST(test_held_senders_are_not_taken_for_dead),
        WORLD_TEST(test_a_changed_number_is_told_once_a_second_at_most),
        WORLD_TEST(test_many_are_told_the_number_less_often),
        WORLD_TEST(test_a_number_that_is_known_already_is_not_told),
        WORLD_TEST(test_a_blocked_member_is_told_the_number_later),
        WORLD_TEST(test_a_member_that_breaks_while_told_is_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
