/* SPDX-License-Identifier: MIT */
#include "server/conn.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>

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

static enum client_state state_of(const struct peer *p)
{
    return (enum client_state)world_client(p->connection)->state;
}

/* ---- A client in each state ---------------------------------------------- */

static struct peer *in_request(void)
{
    struct peer *p = peer_connect();
    peer_say(p, "GET / HTTP/1.1\r\nHo");
    return p;
}

static struct peer *in_reply(void)
{
    struct peer *p = peer_connect();
    stop_reading(p);
    peer_say(p, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    return p;
}

static struct peer *in_open(void)
{
    return peer_open("/chat/x");
}

static struct peer *in_open_blocked(void)
{
    struct peer *p = peer_open("/echo");
    stop_reading(p);
    peer_text(p, "hello");
    return p;
}

static struct peer *in_closing(void)
{
    struct peer *p = peer_open("/chat/x");
    stop_reading(p);
    peer_close(p, 1000);
    return p;
}

static struct peer *in_linger(void)
{
    struct peer *p = peer_open("/chat/x");
    peer_frame(p, 0x83, BYTES_LITERAL("no such opcode"));
    return p;
}

static const struct {
    struct peer *(*enter)(void);
    enum client_state state;
    const char *end;   /* logged when the client ends its stream */
    const char *reset; /* ... when the connection breaks */
} states[] = {
    {in_request, CLIENT_REQUEST, NULL, NULL},
    {in_reply, CLIENT_REPLY, NULL, NULL},
    {in_open, CLIENT_OPEN, "code=1006 by=client cause=end-of-stream",
     "code=1006 by=client cause=reset"},
    {in_open_blocked, CLIENT_OPEN, NULL, "code=1006 by=client cause=reset"},
    {in_closing, CLIENT_CLOSING, NULL, "code=1000 by=client cause=close"},
    {in_linger, CLIENT_LINGER, "code=1002 by=server cause=protocol",
     "code=1002 by=server cause=protocol"},
};

static void start_with_a_file(void)
{
    world.config.static_folder = "folder";
    world_start();
    sim_put_file("a.txt", BYTES_LITERAL("a file"));
}

static void test_a_reset_frees_a_client_in_every_state(void **state)
{
    (void)state;
    start_with_a_file();
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        struct peer *p = states[i].enter();
        assert_int_equal(state_of(p), states[i].state);
        sim_reset(p->connection);
        world_pass(LIMITS_FIRST_LOOK + WORLD_CLOSE_TIMEOUT);
        assert_int_equal(world.server.clients.slots.count, 0);
        if (states[i].reset)
            world_logged(states[i].reset);
        world_again();
        sim_put_file("a.txt", BYTES_LITERAL("a file"));
    }
}

static void test_an_end_of_stream_frees_a_client_in_every_state(void **state)
{
    (void)state;
    start_with_a_file();
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        struct peer *p = states[i].enter();
        sim_shut(p->connection);
        world_settle();
        if (states[i].end) {
            world_logged(states[i].end);
            assert_int_equal(world.server.clients.slots.count, 0);
        }
        world_pass(WORLD_WRITE_TIMEOUT + WORLD_CLOSE_TIMEOUT);
        assert_int_equal(world.server.clients.slots.count, 0);
        world_again();
        sim_put_file("a.txt", BYTES_LITERAL("a file"));
    }
}

/* ---- Coming -------------------------------------------------------------- */

static void test_a_connection_the_reactor_refuses_is_closed(void **state)
{
    (void)state;
    world_start();
    sim_fail(SIM_REACTOR_ADD, 0, 1, ENOSPC);
    struct peer *ann = peer_connect();
    peer_told(ann, "end\n");
    assert_int_equal(world.server.clients.slots.count, 0);
}

static void test_without_a_slot_one_is_told_503_and_why(void **state)
{
    (void)state;
    world_start();
    struct peer *first = NULL;
    for (uint32_t i = 0; i < world.config.clients; i++) {
        struct peer *p = peer_open("/echo");
        first = first ? first : p;
    }
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    struct peer_response r = peer_response(late, false);
    assert_int_equal(r.status, 503);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("all client slots taken\n")));
    assert_true(peer_field(&r, "Retry-After").len > 0);
    peer_told(late, "end\n");
    peer_close(first, 1000);
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    peer_text(peer_open("/echo"), "there is room again");
}

static void test_the_refused_may_still_ask_for_health(void **state)
{
    (void)state;
    world_start();
    for (uint32_t i = 0; i < world.config.clients; i++)
        peer_open("/echo");
    struct peer *late = peer_connect();
    peer_say(late, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(late, 200);
    peer_told(late, "end\n");
}

static void test_too_many_from_one_address_are_told_429(void **state)
{
    (void)state;
    world.config.per_ip = 2;
    world_start();
    struct peer *first = peer_open("/echo");
    peer_open("/echo");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 429);
    peer_upgrade(peer_connect_from("192.0.2.2:1"), "/echo", "");
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 3);
    sim_reset(first->connection);
    world_settle();
    peer_text(peer_open("/echo"), "counts again");
}

static void test_unix_peers_have_no_address_to_count(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world_start();
    for (unsigned i = 0; i < 3; i++) {
        struct peer *p = peer_connect_from("unix:x");
        peer_upgrade(p, "/echo", "");
        peer_answered(p, 101);
    }
    world_logged("ip=unix");
}

/* ---- Input and the end of it --------------------------------------------- */

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

static void test_what_was_asked_for_before_the_end_is_still_sent(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    peer_text(ann, "hello");
    sim_shut(ann->connection);
    world_settle();
    read_again(ann);
    peer_told(ann, "text hello\nend\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

static void test_a_blocked_client_is_not_read_from(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    stop_reading(ann);
    peer_text(ann, "hello");
    uint64_t receives = sim_count(SIM_RECEIVE);
    peer_text(ann, "again");
    peer_text(ann, "and again");
    assert_int_equal(sim_count(SIM_RECEIVE), receives);
    read_again(ann);
    peer_told(ann, "text hello\ntext again\ntext and again\n");
}

static void test_answers_longer_than_the_questions_are_all_given(void **state)
{
    (void)state;
    world_start();
    struct peer *ann =
        peer_open_with("/ws/x", "Sec-WebSocket-Protocol: chatd.v1\r\n");
    peer_bytes(ann);
    for (unsigned i = 0; i < 1000; i++)
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("x"));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_push(ann);
    world_turn();
    assert_true(client_has(world_client(ann->connection), CLIENT_PARKED));
    world_settle();
    const char *story = peer_story(ann);
    for (unsigned i = 0; i < 1000; i++) {
        assert_memory_equal(story, "text {\"event\":\"error\"", 21);
        story = strchr(story, '\n') + 1;
    }
    assert_string_equal(story, "pong ?\n");
}

/* ---- Going --------------------------------------------------------------- */

static void test_a_close_is_answered_with_its_own_code(void **state)
{
    static const unsigned codes[] = {1000, 1001, 1003, 1011, 3000, 4999};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(codes); i++) {
        char story[64];
        struct peer *ann = peer_open("/chat/x");
        peer_close(ann, codes[i]);
        snprintf(story, sizeof story, "close %u\nend\n", codes[i]);
        peer_told(ann, story);
        world_again();
    }
}

static void test_a_close_without_code_is_answered_with_1000(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_told(ann, "close 1000\nend\n");
}

static void test_nothing_behind_a_close_is_looked_at(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("before"));
    peer_add_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("behind"));
    peer_add_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_flush(ann);
    peer_told(bob, "text before\n");
    peer_told(ann, "text before\nclose 1000\nend\n");
    /* It is read on, so that no reset overtakes the Close. */
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
}

static void test_of_two_faults_one_close_is_sent(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_add_frame(ann, 0x83, BYTES_LITERAL("no such opcode"));
    peer_add_frame(ann, 0x84, BYTES_LITERAL("nor this"));
    peer_flush(ann);
    peer_say(ann, "and then rubbish");
    const char *story = peer_story(ann);
    assert_memory_equal(story, "close 1002 ", 11);
    assert_string_equal(strchr(story, '\n'), "\nend\n");
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_logged("code=1002 by=server cause=protocol");
}

static void test_a_close_on_its_way_is_not_overtaken_by_the_room(void **state)
{
    static char text[401];
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    stop_reading(bob);
    peer_close(bob, 1000);
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 30; i++) /* three times the log */
        peer_text(ann, text);
    read_again(bob);
    peer_told(bob, "close 1000\nend\n");
}

static void test_the_lingering_read_on_so_that_the_close_arrives(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = in_linger();
    for (unsigned i = 0; i < 100; i++) {
        peer_text(ann, "I have not read yet that it is over");
        world_pass(LIMITS_LINGER / 200);
    }
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
    world_pass(LIMITS_LINGER);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    assert_memory_equal(peer_story(ann), "close 1002 ", 11);
}

static void test_who_answers_the_close_need_not_wait(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = in_linger();
    peer_close(ann, 1002);
    sim_close(ann->connection);
    world_settle();
    assert_int_equal(world.server.clients.slots.count, 0);
    world_logged("event=close client=0 code=1002 by=server cause=protocol");
}

/* RFC 6455 7.1.1: nothing is left to be said on either side. */
static void test_who_closes_first_is_answered_and_that_is_all(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    uint64_t shuts = sim_count(SIM_SHUTDOWN);
    peer_close(ann, 4000);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    assert_int_equal(sim_count(SIM_SHUTDOWN), shuts);
    assert_int_equal(world.server.clients.slots.count, 0);
    peer_told(ann, "close 4000\nend\n");
    world_logged("event=close client=0 code=4000 by=client cause=close");
}

/* A ping of ours was on its way: the pong comes behind the Close, and must not
   turn it into a reset. */
static void test_a_pong_behind_a_close_makes_no_reset(void **state)
{
    (void)state;
    world.config.ping = 1000;
    world.config.pong_timeout = 500;
    world_start();
    struct peer *ann = peer_open("/echo");
    world_pass(1000 + WHEEL_TICK);
    peer_close(ann, 1000);
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
    peer_frame(ann, PEER_PONG, bytes_span(NULL, 0));
    assert_int_equal(sim_side(ann->connection), SIM_SHUT);
    sim_close(ann->connection);
    world_settle();
    assert_int_equal(world.server.clients.slots.count, 0);
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
    stop_reading(bob);
    peer_frame(bob, 0x83, BYTES_LITERAL("no such opcode"));
    for (size_t i = 0; i < CLOSE_FRAME_MAX; i++) {
        sim_set_window(bob->connection, i);
        world_settle();
    }
    assert_memory_equal(peer_story(bob), "close 1002 ", 11);
    assert_int_equal(world.server.leases.slots.count, 1);
}

static void
test_the_log_counts_bytes_on_the_wire_and_names_the_room(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/%C3%A4");
    size_t request = (size_t)world_client(ann->connection)->received;
    size_t response = (size_t)world_client(ann->connection)->sent;
    peer_text(ann, "hello");
    sim_reset(ann->connection);
    world_settle();
    char words[128];
    snprintf(words, sizeof words, "rx=%zu tx=%zu path=\"/chat/\\xc3\\xa4\"",
             request + 11, response + 7);
    world_logged(words);
}

static void test_one_who_fails_does_not_end_the_turn_of_others(void **state)
{
    (void)state;
    world_start();
    struct peer *people[4];
    for (size_t i = 0; i < 4; i++) {
        people[i] = peer_open("/chat/x");
        peer_add_frame(people[i], i == 1 ? 0x83 : PEER_TEXT,
                       BYTES_LITERAL("x"));
    }
    for (size_t i = 0; i < 4; i++)
        peer_push(people[i]);
    sim_reset(people[2]->connection);
    world_settle();
    peer_told(people[0], "text x\ntext x\ntext x\n");
    peer_tells(people[1], "end\n");
    peer_told(people[3], "text x\ntext x\ntext x\n");
}

static void test_a_slot_is_not_anothers_before_the_turn_is_over(void **state)
{
    (void)state;
    world.config.clients = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    uint64_t token =
        client_token(&world.server.clients, world_client(ann->connection));
    sim_reset(ann->connection);
    struct peer *bob = peer_connect(); /* accepted before the reset is read */
    peer_upgrade(bob, "/echo", "");
    peer_answered(bob, 503);
    assert_null(client_find(&world.server.clients, token));
    peer_text(peer_open("/echo"), "the slot is free now");
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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_reset_frees_a_client_in_every_state),
        WORLD_TEST(test_an_end_of_stream_frees_a_client_in_every_state),
        WORLD_TEST(test_a_connection_the_reactor_refuses_is_closed),
        WORLD_TEST(test_without_a_slot_one_is_told_503_and_why),
        WORLD_TEST(test_the_refused_may_still_ask_for_health),
        WORLD_TEST(test_too_many_from_one_address_are_told_429),
        WORLD_TEST(test_unix_peers_have_no_address_to_count),
        WORLD_TEST(test_a_message_before_a_reset_counts),
        WORLD_TEST(test_an_end_right_behind_a_message_is_seen),
        WORLD_TEST(test_input_in_pieces_of_any_size_is_the_same),
        WORLD_TEST(test_what_was_asked_for_before_the_end_is_still_sent),
        WORLD_TEST(test_a_blocked_client_is_not_read_from),
        WORLD_TEST(test_answers_longer_than_the_questions_are_all_given),
        WORLD_TEST(test_a_close_is_answered_with_its_own_code),
        WORLD_TEST(test_a_close_without_code_is_answered_with_1000),
        WORLD_TEST(test_nothing_behind_a_close_is_looked_at),
        WORLD_TEST(test_of_two_faults_one_close_is_sent),
        WORLD_TEST(test_a_close_on_its_way_is_not_overtaken_by_the_room),
        WORLD_TEST(test_the_lingering_read_on_so_that_the_close_arrives),
        WORLD_TEST(test_who_answers_the_close_need_not_wait),
        WORLD_TEST(test_who_closes_first_is_answered_and_that_is_all),
        WORLD_TEST(test_a_pong_behind_a_close_makes_no_reset),
        WORLD_TEST(test_a_close_leaves_whole_however_it_is_cut),
        WORLD_TEST(test_the_log_counts_bytes_on_the_wire_and_names_the_room),
        WORLD_TEST(test_one_who_fails_does_not_end_the_turn_of_others),
        WORLD_TEST(test_a_slot_is_not_anothers_before_the_turn_is_over),
        WORLD_TEST(test_a_receive_that_finds_nothing_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
