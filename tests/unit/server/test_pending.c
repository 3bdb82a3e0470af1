/* SPDX-License-Identifier: MIT */
/*
 * Goal: with a bus a message is heard when it is read back, by whoever said it,
 * too; nobody has more on its way than is its share; and of what is lost its
 * sender knows.
 */
#include "server/pending.h"
#include "server/member.h"
#include "sim/peer.h"
#include "sim/standin.h"

#include <stdio.h>

static void start(void)
{
    standin_start();
    standin_read("tea");
}

static const struct pending *pending(const struct peer *p)
{
    return pending_of(&world.server, world_client(p->connection));
}

static bool is_held(const struct peer *p)
{
    return world_client(p->connection)->taken != 0;
}

static struct room *tea(void)
{
    return room_at(&world.server.rooms, 0);
}

static void say(struct peer *p, const char *message)
{
    peer_text(p, message);
    standin_run();
}

/* ---- Saying and hearing --------------------------------------------------- */

static void test_each_form_says_and_hears(void **state)
{
    (void)state;
    start();
    struct peer *ann = peer_open("/ws/tea?name=Ann");
    struct peer *bob = peer_open("/chat/tea");
    struct peer *eve =
        peer_open_with("/ws/tea", "Sec-WebSocket-Protocol: chatd.v1\r\n");
    standin_run();
    peer_story(eve);
    say(ann, "{\"message\":\"one\"}");
    say(bob, "two");
    say(eve, "{\"message\":\"three\"}");
    peer_told(ann, "#2 two\n#3 three\n");
    peer_told(bob, "text one\ntext two\ntext three\n");
    peer_tells(eve, "#1 Ann: one\n#2 two\n#3 three\n");
    assert_int_equal(pending(ann)->bytes + pending(bob)->bytes, 0);
}

static void test_nothing_is_heard_before_it_is_read_back(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/chat/tea"), *bob = peer_open("/chat/tea");
    say(ann, "hello");
    assert_int_equal(standin.count, 1);
    assert_int_equal(pending(ann)->bytes,
                     propose_len(record_len(&standin.flights[0].record)));
    peer_told_nothing(ann);
    peer_told_nothing(bob);
    standin_say(0);
    peer_told(ann, "text hello\n");
    peer_told(bob, "text hello\n");
    assert_int_equal(pending(ann)->bytes, 0);
}

static void test_one_does_not_hear_itself_among_others(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/ws/tea");
    say(ann, "{\"message\":\"hers\"}");
    standin_hear("tea", "before");
    standin_run();
    say(bob, "{\"message\":\"his\"}");
    standin_say(0);
    standin_hear("tea", "after");
    standin_say(0);
    peer_told(ann, "#1 before\n#3 after\n#4 his\n");
    peer_told(bob, "#1 before\n#2 hers\n#3 after\n");
}

/* All that is read in one turn: more than one stretch lies in it. */
static void test_a_stretch_is_passed_before_the_next_one(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    say(ann, "{\"message\":\"hers\"}");
    standin_gap("tea", 3);
    standin_hear("tea", "between");
    standin_say(0);
    peer_told(ann, "#4 between\n");
    peer_tells(bob, "close 1013 messages are missing\nend\n");
}

static void test_who_takes_nothing_cannot_pass_two_stretches(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea");
    say(ann, "{\"message\":\"hers\"}");
    peer_stop_reading(ann);
    standin_hear("tea", "owed");
    standin_run();
    standin_gap("tea", 3);
    standin_hear("tea", "between");
    standin_say(0);
    peer_read_again(ann);
    peer_tells(ann, "close 1013 too slow for this room\nend\n");
}

/* ---- One's share ----------------------------------------------------------- */

static void test_who_does_not_hear_itself_has_one_in_flight(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    peer_push_text(ann, "{\"message\":\"one\"}");
    peer_push_text(ann, "{\"message\":\"two\"}");
    peer_push_text(ann, "{\"message\":\"three\"}");
    standin_run();
    assert_int_equal(standin.count, 1);
    assert_true(is_held(ann));
    peer_frame(ann, PEER_PING, BYTES_LITERAL("x"));
    standin_say(0);
    assert_int_equal(standin.count, 1);
    standin_say(0);
    standin_say(0);
    assert_int_equal(standin.count, 0);
    assert_false(is_held(ann));
    peer_told(bob, "text one\ntext two\ntext three\n");
    peer_told(ann, "pong x\n");
}

/* Of 16384 bytes: the fourth of 544 is the one that goes beyond. */
static void test_who_has_an_eighth_of_the_ring_waits(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/chat/tea"), *bob = peer_open("/chat/tea");
    peer_push_numbered(ann, 0, 6, 450);
    standin_run();
    assert_int_equal(standin.count, 4);
    assert_true(pending(ann)->bytes >= STANDIN_RING / PENDING_PART);
    assert_true(is_held(ann));
    standin_say(0);
    assert_int_equal(standin.count, 4);
    assert_true(is_held(ann));
    standin.holds = false;
    standin_run();
    assert_false(is_held(ann));
    assert_int_equal(tea()->held, 0);
    peer_told_numbered(bob, 0, 6);
    peer_told_numbered(ann, 0, 6);
}

/* ---- A full ring ------------------------------------------------------------ */

/* Nobody's share is used up: nine clients have three each. */
static void fill_ring(const char *room)
{
    char target[64];
    snprintf(target, sizeof target, "/chat/%s", room);
    while (store_may_propose(&world.server.rooms.store, 1000)) {
        peer_push_numbered(peer_open(target), 0, 3, 450);
        standin_run();
    }
}

static void test_who_finds_the_ring_full_waits_in_every_room(void **state)
{
    (void)state;
    world.config.clients = 16;
    start();
    standin_read("milk");
    standin_read("rum"); /* nobody waits there */
    standin.holds = true;
    struct peer *ann = peer_open("/chat/tea"), *dan = peer_open("/chat/milk");
    struct peer *eve = peer_open("/chat/milk");
    peer_open("/chat/rum");
    fill_ring("tea");
    peer_push_numbered(ann, 7, 8, 870);
    standin_run();
    peer_push_numbered(eve, 0, 1, 870);
    standin_run();
    assert_true(is_held(ann) && tea()->barred && world.server.rooms.full);
    assert_int_equal(room_at(&world.server.rooms, 1)->held, 1);
    peer_told_nothing(dan);
    standin.holds = false;
    standin_run();
    assert_false(is_held(ann) || is_held(eve));
    assert_false(tea()->barred || world.server.rooms.full);
    assert_int_equal(standin.count, 0);
    peer_told_numbered(dan, 0, 1);
}

/* It was begun when there were more. */
static void
test_one_in_flight_is_one_with_no_buffer_to_keep_another(void **state)
{
    (void)state;
    world.config.buffers = 4; /* one may be kept */
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/ws/tea");
    peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("{\"message\":\"one\"}"));
    peer_add_frame(bob, FRAME_TEXT, BYTES_LITERAL("{\"message\":"));
    peer_flush(bob);
    peer_push_text(ann, "{\"message\":\"1\"}");
    peer_push_text(ann, "{\"message\":\"2\"}");
    standin_run();
    assert_true(is_held(ann));
    peer_frame(bob, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("\"two\"}"));
    standin_run();
    assert_int_equal(standin.count, 2);
    assert_true(is_held(bob));
    standin.holds = false;
    standin_run();
    peer_told(ann, "#1 one\n#4 two\n");
    peer_told(bob, "#2 1\n#3 2\n");
}

/* ---- Going ------------------------------------------------------------------ */

static void test_what_was_proposed_is_said_after_its_client_went(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    say(ann, "{\"message\":\"farewell\"}");
    sim_reset(ann->connection);
    standin_run();
    standin_say(0);
    peer_told(bob, "text farewell\n");
}

/* Held, and not in flight yet: it is proposed when its client goes. */
static void test_what_is_held_is_proposed_when_its_client_goes(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    peer_push_text(ann, "{\"message\":\"one\"}");
    peer_push_text(ann, "{\"message\":\"two\"}");
    standin_run();
    assert_true(is_held(ann));
    peer_close(ann, 1000);
    standin_run();
    assert_int_equal(standin.count, 2);
    peer_told(ann, "close 1000\nend\n");
    standin.holds = false;
    standin_run();
    peer_told(bob, "text one\ntext two\n");
}

static void test_who_goes_while_the_ring_is_full_is_said_later(void **state)
{
    (void)state;
    world.config.clients = 16;
    start();
    standin.holds = true;
    struct peer *bob = peer_open("/chat/tea"), *ann = peer_open("/chat/tea");
    fill_ring("tea");
    peer_push_numbered(ann, 7, 8, 870);
    standin_run();
    size_t count = standin.count;
    assert_true(is_held(ann));
    sim_reset(ann->connection);
    standin_run();
    assert_int_equal(standin.count, count);
    peer_story(bob);
    standin_say(0);
    standin_say(0);
    assert_int_equal(standin.count, count - 1);
    standin.holds = false;
    standin_run();
    assert_non_null(strstr(peer_story(bob), "text 7......"));
}

/* Its successor has its number and its tokens, and is somebody else. */
static void test_what_a_dead_worker_left_is_nobodys(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_open("/ws/tea");
    say(ann, "{\"message\":\"of an earlier life\"}");
    member_of(&world.server, world_client(ann->connection))->uid[0] ^= 1;
    standin_say(0);
    peer_told(ann, "#1 of an earlier life\n");
}

/* ---- Lost ------------------------------------------------------------------- */

#define LOST "close 1013 it is not known whether it was said\nend\n"

static void test_whose_message_is_lost_is_closed(void **state)
{
    static const char *const targets[] = {"/chat/tea", "/ws/tea"};
    static const char *const messages[] = {"x", "{\"message\":\"x\"}"};
    (void)state;
    start();
    standin.holds = true;
    struct peer *bob = peer_open("/chat/tea");
    for (size_t i = 0; i < UNIT_COUNT(targets); i++) {
        struct peer *ann = peer_open(targets[i]);
        say(ann, messages[i]);
        standin_hear("tea", "before");
        standin_lose(0);
        peer_tells(ann, LOST);
        sim_close(ann->connection);
        peer_told(bob, "text before\n");
        assert_int_equal(tea()->history.last.number, i + 1);
    }
    standin_run();
    world_logged("code=1013 by=server cause=redis");
}

/* ---- A gap ------------------------------------------------------------------ */

static struct peer *open_v1(const char *target)
{
    struct peer *p =
        peer_open_with(target, "Sec-WebSocket-Protocol: chatd.v1\r\n");
    standin_run();
    peer_story(p);
    return p;
}

static void test_a_gap_stands_between_the_messages(void **state)
{
    (void)state;
    start();
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    struct peer *eve = open_v1("/ws/tea");
    standin_run();
    peer_story(eve);
    standin_hear("tea", "one");
    standin_gap("tea", 3);
    standin_hear("tea", "two");
    standin_run();
    peer_told(eve, "#1 one\ntext {\"event\":\"gap\"}\n#5 two\n");
    peer_told(ann, "#1 one\n#5 two\n");
    peer_told(bob, "text one\nclose 1013 messages are missing\nend\n");
}

/* Another machine may have longer logs. */
static void test_what_is_too_long_here_is_missing(void **state)
{
    static char quotes[800];
    (void)state;
    start();
    struct peer *ann = peer_open("/ws/tea"), *bob = peer_open("/chat/tea");
    struct peer *eve = open_v1("/ws/tea");
    standin_run();
    peer_story(eve);
    memset(quotes, '"', sizeof quotes - 1);
    standin_hear("tea", quotes);
    standin_hear("tea", "two");
    standin_run();
    peer_told(eve, "text {\"event\":\"gap\"}\n#2 two\n");
    peer_told(ann, "#2 two\n");
    peer_told(bob, "close 1013 messages are missing\nend\n");
}

#define LONG "a long one that is worth to be deflated, deflated, deflated"

static void test_a_gap_is_in_the_compressed_logs_too(void **state)
{
    (void)state;
    start();
    struct peer *ann = peer_open_with("/ws/tea", PEER_DEFLATE);
    struct peer *bob = peer_open_with("/chat/tea", PEER_DEFLATE);
    struct peer *eve = peer_open_with("/ws/tea", PEER_DEFLATE
                                      "Sec-WebSocket-Protocol: chatd.v1\r\n");
    standin_run();
    peer_story(eve);
    standin_hear("tea", LONG);
    standin_run();
    assert_true(client_has(world_client(ann->connection), CLIENT_TWIN));
    standin_gap("tea", 3);
    standin_hear("tea", LONG);
    standin_run();
    const char *story = peer_story(eve);
    assert_non_null(strstr(story, "text {\"event\":\"gap\"}\n"));
    assert_non_null(strstr(strstr(story, "gap"), "#5 " LONG));
    assert_null(strstr(peer_story(ann), "gap"));
    peer_tells(bob, "close 1013 messages are missing\nend\n");
}

static void test_who_replays_meets_the_gap_in_its_place(void **state)
{
    (void)state;
    start();
    struct peer *keeper = peer_open("/ws/tea");
    standin_hear("tea", "one");
    standin_run();
    struct peer *eve = peer_connect(), *ann = peer_connect();
    sim_set_send_buffer(eve->connection, 400); /* the 101, and not all */
    sim_set_send_buffer(ann->connection, 200);
    peer_upgrade(eve, "/ws/tea?history=5",
                 "Sec-WebSocket-Protocol: chatd.v1\r\n");
    peer_upgrade(ann, "/ws/tea?history=5", "");
    standin_run();
    standin_gap("tea", 3);
    standin_hear("tea", "two");
    standin_run();
    peer_read_again(eve);
    peer_read_again(ann);
    assert_int_equal(peer_response(eve, true).status, 101);
    assert_int_equal(peer_response(ann, true).status, 101);
    peer_tells(eve, "#1 one\ntext {\"event\":\"gap\"}\n#5 two\n");
    peer_told(ann, "#1 one\n#5 two\n");
    peer_told(keeper, "#1 one\n#5 two\n");
}

static void test_history_begins_anew_behind_a_gap(void **state)
{
    char target[64];
    (void)state;
    start();
    struct peer *bob = peer_open("/ws/tea");
    standin_hear("tea", "one");
    standin_gap("tea", 3);
    standin_run();
    unsigned long long epoch = tea()->history.last.epoch;
    assert_int_equal(tea()->history.last.number, 4);
    struct peer *eve = peer_open("/ws/tea?history=5");
    peer_told_nothing(eve);
    standin_hear("tea", "two");
    standin_run();
    snprintf(target, sizeof target, "/ws/tea?since=%llx-1", epoch);
    struct peer *ann = open_v1(target);
    snprintf(target, sizeof target, "/ws/tea?since=%llx-4", epoch);
    struct peer *dan = peer_open(target);
    peer_told(dan, "#5 two\n");
    peer_told(eve, "#5 two\n");
    peer_told(bob, "#1 one\n#5 two\n");
    (void)ann;
}

/* A worker comes to it later, and begins with the last that is there. */
static void test_a_room_may_begin_with_a_gap(void **state)
{
    (void)state;
    start();
    standin_gap("tea", 3);
    struct peer *eve = peer_open("/ws/tea?history=5");
    assert_int_equal(tea()->history.last.number, 3);
    standin_hear("tea", "four");
    standin_run();
    peer_told(eve, "#4 four\n");
}

/* ---- Posts ------------------------------------------------------------------ */

static void post(struct peer *p, const char *text)
{
    char bytes[1200];
    snprintf(bytes, sizeof bytes,
             "POST /chat/tea HTTP/1.1\r\nHost: a.example\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(text), text);
    peer_say(p, bytes);
    standin_run();
}

static void assert_posted(struct peer *p, unsigned number)
{
    char body[64];
    struct peer_response r = peer_response(p, false);
    snprintf(body, sizeof body, "{\"id\":\"abcd-%u\"}\n", number);
    assert_int_equal(r.status, 200);
    assert_true(bytes_equal(r.body, bytes_of(body)));
}

static void test_a_post_is_answered_when_it_is_read_back(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    post(ann, "one");
    world_pass(1000); /* it is asked again and again, and proposed once */
    standin_run();
    assert_int_equal(standin.count, 1);
    assert_int_equal(peer_bytes(ann).len, 0);
    standin_gap("tea", 2);
    standin_say(0);
    assert_posted(ann, 3);
    assert_int_equal(tea()->posts, 0);
    standin.holds = false;
    post(ann, "two");
    assert_posted(ann, 4);
    assert_int_equal(world.server.stats.posted, 2);
}

/* More is there behind it; and a member wants more of the history meanwhile. */
static void test_a_post_is_answered_once_among_others(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /ws/tea HTTP/1.1\r\nHost: a.example\r\n"
                  "Content-Length: 3\r\n\r\none"
                  "POST /ws/tea HTTP/1.1\r\nHost: a.example\r\n"
                  "Content-Length: 3\r\n\r\ntwo");
    standin_run();
    standin_say(0);
    assert_posted(ann, 1);
    peer_told_nothing(ann);
    assert_int_equal(standin.count, 1);
    struct peer *eve = peer_open("/ws/tea?history=5");
    peer_told_nothing(ann);
    standin_say(0);
    assert_posted(ann, 2);
    peer_told(eve, "#1 one\n#2 two\n");
}

/* Its room is not walked in the turn in which it is rung for. */
static void test_a_post_is_answered_as_soon_as_it_is_heard(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    post(ann, "one");
    uint64_t cost = world.server.flush_cost;
    world.server.flush_cost = 0;
    standin_put(0);
    world_turn();
    world_turn();
    world_turn();
    world.server.flush_cost = cost;
    world_settle();
    assert_posted(ann, 1);
}

/* Its message is said all the same. */
static void test_a_post_may_lose_its_buffer(void **state)
{
    (void)state;
    world.config.buffers = 1;
    start();
    standin.holds = true;
    struct peer *bob = peer_open("/chat/tea"), *ann = peer_connect();
    post(ann, "one");
    peer_frame(bob, FRAME_TEXT, BYTES_LITERAL("a beginning"));
    assert_int_equal(tea()->posts, 0);
    peer_answered(ann, 504);
    standin_say(0);
    peer_told(bob, "text one\n");
}

#define UNKNOWN "it is not known whether it was said\n"

static void assert_unknown(struct peer *p)
{
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, 504);
    assert_true(bytes_equal(r.body, bytes_of(UNKNOWN)));
    peer_tells(p, "end\n");
    assert_int_equal(tea()->posts, 0);
}

static void test_a_post_that_is_lost_is_told_so(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    post(ann, "one");
    standin_lose(0);
    assert_unknown(ann);
}

static void test_a_post_is_not_waited_for_without_end(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    post(ann, "one");
    world_pass(WORLD_MESSAGE_TIMEOUT + WHEEL_TICK);
    assert_unknown(ann);
    standin_say(0); /* it was, after all */
}

static void test_who_posts_and_goes_has_said_it(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *ann = peer_connect();
    post(ann, "one");
    sim_reset(ann->connection);
    standin_run();
    struct peer *bob = peer_open("/ws/tea");
    standin_say(0);
    peer_told(bob, "#1 one\n");
    assert_int_equal(tea()->posts, 0);
}

static void test_a_post_waits_for_space(void **state)
{
    (void)state;
    world.config.clients = 16;
    start();
    standin.holds = true;
    peer_open("/chat/tea");
    fill_ring("tea");
    size_t count = standin.count;
    static char text[881];
    memset(text, 'x', sizeof text - 1);
    struct peer *ann = peer_connect();
    post(ann, text);
    assert_int_equal(standin.count, count);
    assert_true(world.server.rooms.full);
    standin.holds = false;
    standin_run();
    assert_int_equal(peer_response(ann, false).status, 200);
}

/* ---- Rooms that are not there yet ------------------------------------------- */

static void test_who_joins_waits_until_the_room_is_read(void **state)
{
    (void)state;
    standin_start();
    standin.is_shut = true;
    struct peer *ann = peer_connect(), *bob = peer_connect();
    peer_upgrade(ann, "/ws/tea", "");
    post(bob, "hello");
    standin_run();
    assert_int_equal(peer_bytes(ann).len + peer_bytes(bob).len, 0);
    standin.is_shut = false;
    world_pass(LIMITS_AGAIN + WHEEL_TICK);
    standin_run();
    peer_answered(ann, 101);
    assert_posted(bob, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STANDIN_TEST(test_each_form_says_and_hears),
        STANDIN_TEST(test_nothing_is_heard_before_it_is_read_back),
        STANDIN_TEST(test_one_does_not_hear_itself_among_others),
        STANDIN_TEST(test_a_stretch_is_passed_before_the_next_one),
        STANDIN_TEST(test_who_takes_nothing_cannot_pass_two_stretches),
        STANDIN_TEST(test_who_does_not_hear_itself_has_one_in_flight),
        STANDIN_TEST(test_who_has_an_eighth_of_the_ring_waits),
        STANDIN_TEST(test_who_finds_the_ring_full_waits_in_every_room),
        STANDIN_TEST(test_one_in_flight_is_one_with_no_buffer_to_keep_another),
        STANDIN_TEST(test_what_was_proposed_is_said_after_its_client_went),
        STANDIN_TEST(test_what_is_held_is_proposed_when_its_client_goes),
        STANDIN_TEST(test_who_goes_while_the_ring_is_full_is_said_later),
        STANDIN_TEST(test_what_a_dead_worker_left_is_nobodys),
        STANDIN_TEST(test_whose_message_is_lost_is_closed),
        STANDIN_TEST(test_a_gap_stands_between_the_messages),
        STANDIN_TEST(test_what_is_too_long_here_is_missing),
        STANDIN_TEST(test_a_gap_is_in_the_compressed_logs_too),
        STANDIN_TEST(test_who_replays_meets_the_gap_in_its_place),
        STANDIN_TEST(test_history_begins_anew_behind_a_gap),
        STANDIN_TEST(test_a_room_may_begin_with_a_gap),
        STANDIN_TEST(test_a_post_is_answered_when_it_is_read_back),
        STANDIN_TEST(test_a_post_is_answered_once_among_others),
        STANDIN_TEST(test_a_post_is_answered_as_soon_as_it_is_heard),
        STANDIN_TEST(test_a_post_may_lose_its_buffer),
        STANDIN_TEST(test_a_post_that_is_lost_is_told_so),
        STANDIN_TEST(test_a_post_is_not_waited_for_without_end),
        STANDIN_TEST(test_who_posts_and_goes_has_said_it),
        STANDIN_TEST(test_a_post_waits_for_space),
        STANDIN_TEST(test_who_joins_waits_until_the_room_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
