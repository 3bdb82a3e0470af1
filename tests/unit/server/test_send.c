/* SPDX-License-Identifier: MIT */
#include "server/send.h"
#include "server/conn.h"
#include "server/outbox.h"
#include "server/output.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

static struct note note;

/* The kernel takes so many bytes of what this peer is sent, and no more. */
static void take_only(const struct peer *p, size_t len)
{
    sim_set_window(p->connection, 0);
    sim_set_send_buffer(p->connection, len);
}

static void take_all(const struct peer *p)
{
    sim_set_send_buffer(p->connection, SIM_UNLIMITED);
    sim_set_window(p->connection, SIM_UNLIMITED);
    world_settle();
}

static void put_private(struct client *c, const char *text)
{
    bool handled = world.server.current == c;
    if (!handled)
        output_begin(&world.server, c);
    outbox_frame(&world.server, c, PEER_TEXT, bytes_of(text));
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
    take_only(bob, 3);
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
        take_all(bob);
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
            take_all(bob);
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
    take_only(ann, 4);
    peer_text(ann, "hello");
    assert_true(client_waits(c, CLIENT_WAITS_OUTPUT));
    assert_true(c->outbox != CLIENT_NONE);
    take_all(ann);
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
    take_only(ann, SIM_UNLIMITED);
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
            take_only(ann, taken);
            world_settle();
        }
        take_all(ann);
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
        take_only(bob, n);
        output_begin(&world.server, c);
        put_private(c, "private");
        output_settle(&world.server, c);
        peer_text(ann, "owed");
        peer_text(ann, "owed, too");
        sim_signal(SIGNALS_STOP);
        world_settle();
        sim_set_window(bob->connection, 1); /* and again, within it */
        world_settle();
        take_all(bob);
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

/* ---- Where the log wraps ------------------------------------------------- */

static void test_frames_are_whole_where_the_log_wraps(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    for (unsigned i = 0; i < 600; i++) {
        char text[32];
        take_only(bob, i % 37);
        snprintf(text, sizeof text, "message number %u", i);
        peer_text(ann, text);
        take_all(bob);
        char story[48];
        snprintf(story, sizeof story, "text %s\n", text);
        peer_told(bob, story);
        peer_told(ann, story);
    }
    assert_true(room_at(&world.server.rooms, 0)->logs[ROOM_PLAIN].head >
                2 * world.config.room_log);
}

/* ---- Overrun ------------------------------------------------------------- */

static char long_text[401];

/* Bob's kernel takes `len` bytes; Ann says more than the log holds. */
static struct peer *overrun_bob(size_t len)
{
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    take_only(bob, len);
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
    take_all(bob);
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
    take_all(bob);
    peer_tells(bob, "xxx\ntorn 1\nend\n");
}

/* ---- Responses ----------------------------------------------------------- */

static void try_response(const char *path, const char *body)
{
    char request[64];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
             path);
    for (size_t n = 0; n < 700; n++) {
        note_open(&note, path, "bytes taken", n);
        struct peer *ann = peer_connect();
        take_only(ann, n);
        peer_say(ann, request);
        peer_say(ann, request);
        assert_true(sim_in_flight(ann->connection) <= n);
        take_all(ann);
        for (unsigned i = 0; i < 2; i++) {
            struct peer_response r = peer_response(ann, false);
            assert_int_equal(r.status, 200);
            assert_true(bytes_equal(r.body, bytes_of(body)));
        }
        assert_int_equal(peer_bytes(ann).len, 0);
        sim_close(ann->connection);
        note_close(&note);
        world_again();
    }
}

static void test_a_page_is_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    world_start();
    try_response("/style.css", "body { color: black }\n");
}

static void test_a_file_is_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
    world_start();
    for (size_t n = 0; n < 400; n++) {
        sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
        struct peer *ann = peer_connect();
        take_only(ann, n);
        peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        take_all(ann);
        struct peer_response r = peer_response(ann, false);
        assert_true(
            bytes_equal(r.body, BYTES_LITERAL("the bytes of a file\n")));
        world_again();
    }
}

static void test_a_file_that_shrinks_breaks_its_connection(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
    world_start();
    struct peer *ann = peer_connect();
    take_only(ann, 5);
    peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    sim_put_file("a.txt", BYTES_LITERAL("the"));
    take_all(ann);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

/* ---- What goes wrong ----------------------------------------------------- */

static void test_output_that_finds_no_buffer_ends_the_connection(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *bob = peer_open("/ws/x");
    take_only(bob, 1);
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

static void test_a_file_that_cannot_be_read_breaks_its_connection(void **state)
{
    (void)state;
    world.config.static_folder = "folder";
    sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_connect();
    sim_fail(SIM_FILE_SEND, 0, 1, EIO);
    peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    peer_say(bob, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(bob, 200);
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
        WORLD_TEST(test_frames_are_whole_where_the_log_wraps),
        WORLD_TEST(test_who_is_overrun_at_a_boundary_gets_close_1013),
        WORLD_TEST(test_who_is_overrun_inside_a_frame_is_dropped),
        WORLD_TEST(test_a_page_is_whole_wherever_a_write_ends),
        WORLD_TEST(test_a_file_is_whole_wherever_a_write_ends),
        WORLD_TEST(test_a_file_that_shrinks_breaks_its_connection),
        WORLD_TEST(test_output_that_finds_no_buffer_ends_the_connection),
        WORLD_TEST(test_a_connection_that_breaks_takes_nobody_with_it),
        WORLD_TEST(test_a_file_that_cannot_be_read_breaks_its_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
