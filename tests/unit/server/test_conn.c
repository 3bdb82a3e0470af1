/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever ends a connection ends it alone, in every state, and the last
 * words arrive.
 */
#include "server/conn.h"
#include "server/member.h"
#include "os/bell.h"
#include "sim/peer.h"

#include <stdio.h>

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
    peer_stop_reading(p);
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
    peer_stop_reading(p);
    peer_text(p, "hello");
    return p;
}

static struct peer *in_closing(void)
{
    struct peer *p = peer_open("/chat/x");
    peer_stop_reading(p);
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

/* ---- Closing ------------------------------------------------------------- */

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
    peer_stop_reading(bob);
    peer_close(bob, 1000);
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 30; i++) /* three times the log */
        peer_text(ann, text);
    peer_read_again(bob);
    peer_told(bob, "close 1000\nend\n");
}

static void test_a_laggards_messages_are_owed_to_it_too(void **state)
{
    (void)state;
    static char text[401];
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    peer_stop_reading(bob);
    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 8; i++)
        peer_text(ann, text);
    sim_signal(SIGNALS_STOP);
    world_settle();
    peer_read_again(bob);
    const char *story = peer_story(bob);
    for (unsigned i = 0; i < 6; i++) {
        assert_memory_equal(story, "text xxxx", 9);
        story = strchr(story, '\n') + 1;
    }
    assert_string_equal(story, "close 1001 stopping\nend\n");
}

static void test_the_first_reason_to_end_is_the_one_that_counts(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    struct client *a = world_client(ann->connection);
    struct client *b = world_client(bob->connection);
    conn_close(s, a, 1008, "first", CAUSE_TOKEN);
    conn_close(s, a, 1009, "second", CAUSE_TOO_BIG);
    conn_drop(s, b, CAUSE_RESET);
    conn_drop(s, b, CAUSE_OVERRUN);
    world_settle();
    peer_told(ann, "close 1008 first\nend\n");
    assert_int_equal(s->stats.closes[CLOSE_ABNORMAL - 1000][CAUSE_RESET], 1);
    assert_int_equal(s->stats.closes[CLOSE_ABNORMAL - 1000][CAUSE_OVERRUN], 0);
    assert_int_equal(s->clients.slots.count, 1);
}

/* What he has not had of the room is lost already when it is to be owed. */
static void test_who_is_overrun_in_the_turn_of_the_end_is_told_it(void **state)
{
    (void)state;
    static char text[401];
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_open("/chat/x");
    memset(text, 'x', sizeof text - 1);
    peer_take_only(bob, 404);
    for (unsigned i = 0; i < 11; i++) {
        peer_text(ann, text);
        world_pass(LIMITS_PACE);
    }
    assert_false(member_overrun(&world.server, world_client(bob->connection)));
    peer_push_text(ann, text);
    sim_signal(SIGNALS_STOP);
    world_turn();
    peer_read_again(bob);
    peer_tells(bob, "xxx\nclose 1013 too slow for this room\nend\n");
    assert_null(strstr(bob->story, "x\ntext"));
}

/* ---- Going --------------------------------------------------------------- */

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

/* ---- What was taken of it waits for another worker ------------------------ */

static struct store *other;

/* Another worker writes in the only room. */
static void bar(void)
{
    other = world_other("x");
    assert_int_equal(store_seize(other, 0, 64), STORE_DONE);
}

static void unbar(void)
{
    store_release(other);
    store_close(other, 0);
    bell_ring(world.server.crew.bells[0]);
    world_settle();
}

/* A member says something, and then Close, while nobody can be heard. */
static struct peer *say_and_close(const char *target, const char *message)
{
    struct peer *ann = peer_open(target);
    bar();
    peer_push_text(ann, message);
    world_settle();
    peer_close(ann, 1000);
    world_settle();
    assert_int_equal(state_of(ann), CLIENT_CLOSING);
    peer_told_nothing(ann);
    return ann;
}

static void test_what_was_taken_is_said_before_a_close_is_answered(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *bob = peer_open("/chat/x");
    struct peer *ann = say_and_close("/chat/x", "kept");
    peer_told_nothing(bob);
    unbar();
    peer_told(bob, "text kept\n");
    peer_told(ann, "text kept\nclose 1000\nend\n");
}

/* Its own words are not for it: there is nothing to be written but the Close. */
static void test_who_does_not_hear_itself_is_answered_at_once(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *ann = say_and_close("/ws/x", "{\"message\":\"kept\"}");
    unbar();
    peer_told(ann, "close 1000\nend\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_reset_frees_a_client_in_every_state),
        WORLD_TEST(test_an_end_of_stream_frees_a_client_in_every_state),
        WORLD_TEST(test_one_who_fails_does_not_end_the_turn_of_others),
        WORLD_TEST(test_of_two_faults_one_close_is_sent),
        WORLD_TEST(test_a_close_on_its_way_is_not_overtaken_by_the_room),
        WORLD_TEST(test_a_laggards_messages_are_owed_to_it_too),
        WORLD_TEST(test_the_first_reason_to_end_is_the_one_that_counts),
        WORLD_TEST(test_who_is_overrun_in_the_turn_of_the_end_is_told_it),
        WORLD_TEST(test_the_lingering_read_on_so_that_the_close_arrives),
        WORLD_TEST(test_who_answers_the_close_need_not_wait),
        WORLD_TEST(test_who_closes_first_is_answered_and_that_is_all),
        WORLD_TEST(test_a_pong_behind_a_close_makes_no_reset),
        WORLD_TEST(test_what_was_taken_is_said_before_a_close_is_answered),
        WORLD_TEST(test_who_does_not_hear_itself_is_answered_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
