/* SPDX-License-Identifier: MIT */
/*
 * Goal: four sources become one stream in which every frame is whole, wherever
 * a write ends.
 */
#include "server/send.h"
#include "server/member.h"
#include "server/output.h"
#include "server/staging.h"
#include "sim/peer.h"
#include "support/death.h"
#include "support/note.h"

#include <stdio.h>

static struct note note;

static void put_private(struct client *c, const char *text)
{
    bool handled = world.server.current == c;
    if (!handled)
        output_begin(&world.server, c);
    staging_frame(&world.server, c, PEER_TEXT, bytes_of(text));
    if (!handled)
        output_settle(&world.server, c);
}

/* ---- Four sources -------------------------------------------------------- */

#define FOUR                                                                   \
    "text unfinished\ntext outbox\ntext staged\ntext more\ntext and more\n"
#define FOUR_LEN 44 /* on the wire */

/* Bob has 3 bytes of a room frame, and all four sources have something. */
static struct peer *fill_four_sources(void)
{
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_take_only(bob, 3);
    peer_text(ann, "unfinished");
    struct client *c = world_client(bob->connection);
    put_private(c, "outbox");
    peer_text(ann, "more");
    peer_text(ann, "and more");
    assert_true(client_waits(c, CLIENT_WAITS_OUTPUT));
    assert_int_equal(c->frame_left, 12 - 3);
    output_begin(&world.server, c);
    put_private(c, "staged");
    return bob;
}

static enum send_result flush_four(const struct peer *bob, size_t taken)
{
    struct server *s = &world.server;
    sim_set_send_buffer(bob->connection, taken);
    enum send_result result = send_flush(s, world_client(bob->connection));
    assert_int_equal(s->staging.len, 0);
    s->current = NULL;
    return result;
}

static void nothing_pends(struct client *c)
{
    uint64_t sends = sim_count(SIM_SEND);
    assert_int_equal(send_flush(&world.server, c), SEND_DONE);
    assert_int_equal(sim_count(SIM_SEND), sends);
}

static void test_the_stream_is_the_same_wherever_one_write_ends(void **state)
{
    (void)state;
    world_start();
    for (size_t n = 3; n <= FOUR_LEN; n++) {
        note_open(&note, "four sources", "bytes taken", n);
        struct peer *bob = fill_four_sources();
        assert_int_equal(flush_four(bob, n),
                         n == FOUR_LEN ? SEND_DONE : SEND_BLOCKED);
        assert_int_equal(sim_in_flight(bob->connection), n);
        peer_read_again(bob);
        nothing_pends(world_client(bob->connection));
        peer_told(bob, FOUR);
        note_close(&note);
        world_again();
    }
}

static void test_the_stream_is_the_same_wherever_two_writes_end(void **state)
{
    (void)state;
    world_start();
    for (size_t n = 3; n <= FOUR_LEN; n++)
        for (size_t step = 1; step <= 7; step++) {
            note_open(&note, "four sources", "bytes taken first", n);
            struct peer *bob = fill_four_sources();
            flush_four(bob, n);
            for (size_t taken = n; taken < FOUR_LEN; taken += step) {
                sim_set_send_buffer(bob->connection, taken);
                world_settle();
            }
            peer_read_again(bob);
            peer_told(bob, FOUR);
            note_close(&note);
            world_again();
        }
}

static void test_blocked_is_said_once_and_ends_with_the_last_byte(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    struct client *c = world_client(ann->connection);
    peer_take_only(ann, 4);
    peer_text(ann, "hello");
    assert_true(client_waits(c, CLIENT_WAITS_OUTPUT));
    assert_true(c->outbox != CLIENT_NONE);
    peer_read_again(ann);
    assert_false(client_waits(c, CLIENT_WAITS_OUTPUT));
    assert_true(c->outbox == CLIENT_NONE);
    peer_told(ann, "text hello\n");
}

/* ---- Own messages -------------------------------------------------------- */

/* In one turn: Bob says one thing, Ann two, Cid one. */
static struct peer *say_in_one_turn(struct peer *people[3], bool and_close)
{
    peer_add_frame(people[0], PEER_TEXT, BYTES_LITERAL("{\"message\":\"b\"}"));
    peer_add_frame(people[1], PEER_TEXT, BYTES_LITERAL("{\"message\":\"a\"}"));
    peer_add_frame(people[1], PEER_TEXT, BYTES_LITERAL("{\"message\":\"a\"}"));
    if (and_close)
        peer_add_frame(people[1], PEER_CLOSE, bytes_span(NULL, 0));
    peer_add_frame(people[2], PEER_TEXT, BYTES_LITERAL("{\"message\":\"c\"}"));
    for (size_t i = 0; i < 3; i++)
        peer_push(people[i]);
    return people[1];
}

static void open_three(struct peer *people[3])
{
    for (size_t i = 0; i < 3; i++)
        people[i] = peer_open("/ws/x");
}

/* Bytes that Ann is sent in all when nothing is in the way. */
static size_t len_of_turn(bool and_close)
{
    struct peer *people[3];
    open_three(people);
    struct peer *ann = say_in_one_turn(people, and_close);
    peer_take_only(ann, SIM_UNLIMITED);
    world_settle();
    size_t len = sim_in_flight(ann->connection);
    world_again();
    return len;
}

static void try_own(bool and_close, size_t step, const char *story)
{
    size_t len = len_of_turn(and_close);
    assert_true(len > 100);
    for (size_t n = 0; n <= len; n++) {
        note_open(&note, "own messages", "bytes taken", n);
        struct peer *people[3];
        open_three(people);
        struct peer *ann = say_in_one_turn(people, and_close);
        for (size_t taken = n; taken <= len; taken += step) {
            peer_take_only(ann, taken);
            world_settle();
        }
        peer_read_again(ann);
        peer_told(ann, story);
        peer_told(people[0], "#2 a\n#3 a\n#4 c\n");
        peer_told(people[2], "#1 b\n#2 a\n#3 a\n");
        note_close(&note);
        world_again();
    }
}

static void test_own_messages_are_passed_over_at_every_cut(void **state)
{
    (void)state;
    world_start();
    try_own(false, 1000, "#1 b\n#4 c\n");
    try_own(false, 7, "#1 b\n#4 c\n");
}

static void test_what_is_owed_before_a_close_is_sent_at_every_cut(void **state)
{
    (void)state;
    world_start();
    try_own(true, 1000, "#1 b\nclose 1000\nend\n");
    try_own(true, 7, "#1 b\nclose 1000\nend\n");
}

/* Private output that was there first is not cut open for what is owed. */
static void test_what_was_begun_ends_before_what_is_owed(void **state)
{
    (void)state;
    world_start();
    for (size_t n = 0; n <= 9; n++) {
        note_open(&note, "private output", "bytes taken", n);
        struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
        struct client *c = world_client(bob->connection);
        peer_take_only(bob, n);
        output_begin(&world.server, c);
        put_private(c, "private");
        output_settle(&world.server, c);
        peer_text(ann, "owed");
        peer_text(ann, "owed, too");
        sim_signal(SIGNALS_STOP);
        world_settle();
        sim_set_window(bob->connection, 1); /* and again, within it */
        world_settle();
        peer_read_again(bob);
        peer_told(bob, "text private\ntext owed\ntext owed, too\n"
                       "close 1001 stopping\nend\n");
        note_close(&note);
        world_again();
    }
}

static void test_own_messages_alone_leave_nothing_pending(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/ws/x");
    struct client *c = world_client(ann->connection);
    uint64_t sends = sim_count(SIM_SEND);
    peer_text(ann, "{\"message\":\"a\"}");
    assert_int_equal(sim_count(SIM_SEND), sends);
    assert_false(client_has(c, CLIENT_SKIPS));
    nothing_pends(c);
    peer_told_nothing(ann);
}

/* ---- Before a Close, and the Close --------------------------------------- */

/* Of what is owed to her a part leaves, and the pong has to wait. */
static void test_a_pong_before_a_close_stands_between_two_frames(void **state)
{
    (void)state;
    world_start();
    for (size_t size = 1; size < 60; size++) {
        struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
        peer_push_text(bob, "hello, ");
        peer_push_text(bob, "and goodbye");
        sim_set_send_buffer(ann->connection, size);
        sim_set_window(ann->connection, 0);
        peer_add_frame(ann, PEER_PING, BYTES_LITERAL("1"));
        peer_close(ann, 1000);
        peer_read_again(ann);
        peer_told(ann, "text hello, \ntext and goodbye\npong 1\n"
                       "close 1000\nend\n");
        world_again();
    }
}

/* However little the kernel takes of it at a time, and with all buffers lent
   out: the Close is not kept in one. */
static void test_a_close_leaves_whole_however_it_is_cut(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_add(ann, BYTES_LITERAL("\x01\x85"));
    peer_flush(ann);
    assert_int_equal(world.server.leases.slots.count, 1);
    peer_stop_reading(bob);
    peer_frame(bob, 0x83, BYTES_LITERAL("no such opcode"));
    for (size_t i = 0; i < CLOSE_FRAME_MAX; i++) {
        sim_set_window(bob->connection, i);
        world_settle();
    }
    assert_memory_equal(peer_story(bob), "close 1002 ", 11);
    assert_int_equal(world.server.leases.slots.count, 1);
}

/* ---- What the kernel does not take --------------------------------------- */

static struct client *open_client(struct peer **p)
{
    *p = peer_open("/echo");
    return world_client((*p)->connection);
}

/* Its kernel takes nothing: what was put then lies in a leased buffer. */
static void put_while_blocked(struct peer *p, struct client *c, size_t len)
{
    static uint8_t bytes[20000];
    sim_set_window(p->connection, 0);
    sim_set_send_buffer(p->connection, 0);
    output_begin(&world.server, c);
    staging_put(&world.server, c, bytes_span(bytes, len));
    output_settle(&world.server, c);
}

static void test_what_is_not_taken_waits_in_a_lease(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    put_while_blocked(ann, c, 0);
    assert_int_equal(s->leases.slots.count, 0);
    sim_set_send_buffer(ann->connection, 0);
    output_begin(s, c);
    staging_frame(s, c, PEER_TEXT, BYTES_LITERAL("one"));
    staging_frame(s, c, PEER_BINARY, BYTES_LITERAL("two"));
    output_settle(s, c);
    assert_int_equal(s->leases.slots.count, 1);
    sim_set_window(ann->connection, SIM_UNLIMITED);
    sim_set_send_buffer(ann->connection, SIM_UNLIMITED);
    output_flush(s, c);
    assert_int_equal(s->leases.slots.count, 0);
    peer_told(ann, "text one\nbinary two\n");
}

static void test_without_a_lease_it_ends(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world.config.buffers = 1;
    world_start();
    struct client *c = open_client(&ann);
    uint32_t taken = lease_take(&s->leases, client_index(&s->clients, c), 0, 0);
    put_while_blocked(ann, c, 1);
    assert_int_equal(c->state, CLIENT_GONE);
    lease_give(&s->leases, &taken);
}

static void test_more_than_fits_a_lease_ends_it(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    size_t put = 0;
    for (; put + 1000 <= s->leases.size; put += 1000)
        put_while_blocked(ann, c, 1000);
    put_while_blocked(ann, c, s->leases.size - put);
    assert_int_equal(c->state, CLIENT_OPEN);
    put_while_blocked(ann, c, 1);
    assert_int_equal(c->state, CLIENT_GONE);
}

/* She is answered and told a number in one turn, and her room is about to be
   written to. */
static void test_what_waits_for_the_room_waits_in_one_lease(void **state)
{
    (void)state;
    world.config.buffers = 2;
    world_start();
    struct peer *bob = peer_open("/ws/x");
    struct peer *ann = peer_open_with("/ws/x", "Sec-WebSocket-Protocol: "
                                               "chatd.v1\r\n");
    world_pass(2 * LIMITS_MEMBERS);
    peer_bytes(ann);
    struct peer *cid = peer_open("/ws/x");
    world_pass(LIMITS_MEMBERS / 2);
    peer_bytes(ann);
    sim_reset(cid->connection);
    world_settle();
    peer_told_nothing(ann); /* half a second too early */
    peer_push_text(bob, "{\"message\":\"hello\"}");
    peer_push_text(ann, "{\"ping\":1}");
    uint64_t sends = sim_count(SIM_SEND);
    world_freeze(LIMITS_MEMBERS);
    assert_int_equal(sim_count(SIM_SEND), sends + 1);
    peer_told(ann, "text {\"pong\":1}\n"
                   "text {\"event\":\"members\",\"members\":2,\"who\":[-,-]}\n"
                   "#1 hello\n");
}

/* ---- Where the log wraps ------------------------------------------------- */

static void test_frames_are_whole_where_the_log_wraps(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    for (unsigned i = 0; i < 600; i++) {
        char text[32];
        peer_take_only(bob, i % 37);
        snprintf(text, sizeof text, "message number %u", i);
        peer_text(ann, text);
        peer_read_again(bob);
        char story[48];
        snprintf(story, sizeof story, "text %s\n", text);
        peer_told(bob, story);
        peer_told(ann, story);
    }
    assert_true(room_at(&world.server.rooms, 0)->logs[ROOM_PLAIN].head >
                2 * world.config.room_log);
}

/* ---- What cannot be ------------------------------------------------------ */

/* Ann has had 3 bytes of a frame of 7. */
static struct client *inside_a_frame(void)
{
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/ws/x");
    peer_take_only(ann, 3);
    peer_text(bob, "hello");
    return world_client(ann->connection);
}

static void pass_over(struct client *c, uint32_t from, uint32_t len)
{
    struct client_member *m = member_of(&world.server, c);
    m->skip_from = (uint32_t)c->as.socket.cursor + from;
    m->skip_len = len;
    client_set(c, CLIENT_SKIPS);
    send_flush(&world.server, c);
}

static void skip_inside_a_frame(void *context)
{
    pass_over(context, 1, 1);
}

static void skip_beyond_the_head(void *context)
{
    struct client *c = context;
    pass_over(c, c->frame_left - 1, 2);
}

/* Behind the frame stands half a header. */
static void lose_the_boundary(void *context)
{
    struct client *c = context;
    struct room *room = member_room(&world.server, c);
    ring_append(&room->logs[room_log_of(c)], (const uint8_t *)"\x81\x7E", 2);
    sim_set_send_buffer(sim_connection(c->fd), 3 + c->frame_left + 1);
    send_flush(&world.server, c);
}

static void test_a_place_in_the_log_that_is_none_stops_the_process(void **state)
{
    (void)state;
    world_start();
    struct client *c = inside_a_frame();
    assert_true(death_by_check(skip_inside_a_frame, c));
    assert_true(death_by_check(skip_beyond_the_head, c));
    assert_true(death_by_check(lose_the_boundary, c));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_stream_is_the_same_wherever_one_write_ends),
        WORLD_TEST(test_the_stream_is_the_same_wherever_two_writes_end),
        WORLD_TEST(test_blocked_is_said_once_and_ends_with_the_last_byte),
        WORLD_TEST(test_own_messages_are_passed_over_at_every_cut),
        WORLD_TEST(test_what_is_owed_before_a_close_is_sent_at_every_cut),
        WORLD_TEST(test_what_was_begun_ends_before_what_is_owed),
        WORLD_TEST(test_own_messages_alone_leave_nothing_pending),
        WORLD_TEST(test_a_pong_before_a_close_stands_between_two_frames),
        WORLD_TEST(test_a_close_leaves_whole_however_it_is_cut),
        WORLD_TEST(test_what_is_not_taken_waits_in_a_lease),
        WORLD_TEST(test_without_a_lease_it_ends),
        WORLD_TEST(test_more_than_fits_a_lease_ends_it),
        WORLD_TEST(test_what_waits_for_the_room_waits_in_one_lease),
        WORLD_TEST(test_frames_are_whole_where_the_log_wraps),
        WORLD_TEST(test_a_place_in_the_log_that_is_none_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
