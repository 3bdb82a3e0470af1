/* SPDX-License-Identifier: MIT */
/*
 * Goal: while Redis is away nobody is told anything wrong: members stay, and know
 * it; who comes is refused; and after --redis-timeout all go.
 */
#include "server/away.h"
#include "server/pending.h"
#include "sim/peer.h"
#include "sim/standin.h"

#include <stdio.h>

#define PAUSED  "text {\"event\":\"paused\"}\n"
#define RESUMED "text {\"event\":\"resumed\"}\n"
#define TIMEOUT 30000

static void start(void)
{
    world.config.redis_timeout = TIMEOUT;
    world.config.ping = 0;
    standin_start();
    standin_read("tea");
    standin_run();
}

static struct peer *open_v1(void)
{
    struct peer *p =
        peer_open_with("/ws/tea", "Sec-WebSocket-Protocol: chatd.v1\r\n");
    world_pass(LIMITS_MEMBERS);
    peer_story(p);
    return p;
}

static void set_here(bool is_here)
{
    standin_set_here(is_here);
    standin_run();
}

static void test_a_second_of_it_is_told_and_its_end(void **state)
{
    (void)state;
    start();
    struct peer *eve = open_v1(), *ann = peer_open("/ws/tea");
    struct peer *bob = peer_open("/chat/tea");
    world_pass(LIMITS_MEMBERS);
    peer_story(eve);
    set_here(false);
    assert_int_equal(away_wait(&world.server), AWAY_PAUSED);
    world_pass(AWAY_PAUSED - 1);
    peer_told_nothing(eve);
    world_pass(1);
    peer_told(eve, PAUSED);
    assert_int_equal(away_wait(&world.server), TIMEOUT - AWAY_PAUSED);
    world_pass(5000);
    peer_told_nothing(eve);
    set_here(true);
    peer_told(eve, RESUMED);
    world_pass(5000);
    peer_told_nothing(eve);
    peer_told_nothing(ann);
    peer_told_nothing(bob);
}

static void test_less_than_a_second_is_not_told(void **state)
{
    (void)state;
    start();
    struct peer *eve = open_v1();
    for (unsigned i = 0; i < 3; i++) {
        set_here(false);
        world_pass(AWAY_PAUSED - 1);
        set_here(true);
        world_pass(10);
    }
    peer_told_nothing(eve);
}

static void
test_who_takes_nothing_is_told_later_and_what_is_so_then(void **state)
{
    (void)state;
    start();
    struct peer *eve = open_v1(), *dan = open_v1(),
                *ann = peer_open("/chat/tea");
    world_pass(LIMITS_MEMBERS);
    peer_story(eve);
    peer_story(dan);
    peer_stop_reading(eve);
    peer_stop_reading(dan);
    peer_text(ann, "owed");
    standin_run();
    set_here(false);
    world_pass(AWAY_PAUSED);
    peer_read_again(eve);
    world_pass(LIMITS_MEMBERS);
    peer_told(eve, "#1 owed\n" PAUSED);
    set_here(true);
    peer_told(eve, RESUMED);
    peer_read_again(dan);
    world_pass(2 * LIMITS_MEMBERS);
    peer_told(dan, "#1 owed\n");
}

#define MANY 400

static unsigned count(bool (*is_so)(const struct client *c))
{
    unsigned n = 0;
    for (uint32_t i = 0; i < world.server.clients.slots.fresh; i++)
        n += is_so(client_at(&world.server.clients, i));
    return n;
}

static bool is_paused(const struct client *c)
{
    return pending_of(&world.server, c)->is_paused;
}

static bool is_open(const struct client *c)
{
    return c->state == CLIENT_OPEN;
}

static void test_many_are_told_and_closed_in_several_turns(void **state)
{
    static struct peer *peers[MANY];
    (void)state;
    world.config.clients = MANY;
    start();
    for (size_t i = 0; i < MANY; i++)
        peers[i] =
            peer_open_with("/ws/tea", "Sec-WebSocket-Protocol: chatd.v1\r\n");
    world_pass(2 * LIMITS_MEMBERS);
    for (size_t i = 0; i < MANY; i++)
        peer_story(peers[i]);
    set_here(false);
    sim_pass(AWAY_PAUSED);
    world_turn();
    assert_in_range(count(is_paused), 1, MANY - 1);
    set_here(true);
    for (size_t i = 0; i < MANY; i++) {
        const char *story = peer_story(peers[i]);
        assert_true(!*story || strcmp(story, PAUSED RESUMED) == 0);
    }
    set_here(false);
    sim_pass(TIMEOUT);
    world_turn();
    assert_in_range(count(is_open), 1, MANY - 1);
    world_settle();
    assert_int_equal(count(is_open), 0);
}

static void test_joins_and_posts_are_refused(void **state)
{
    static const char reason[] = "Redis is away\n";
    (void)state;
    start();
    set_here(false);
    struct peer *ann = peer_connect(), *bob = peer_connect();
    struct peer *eve = peer_open("/echo");
    peer_upgrade(ann, "/ws/tea", "");
    peer_say(bob, "POST /chat/tea HTTP/1.1\r\nHost: a.example\r\n"
                  "Content-Length: 3\r\n\r\none");
    standin_run();
    struct peer_response r = peer_response(ann, false);
    assert_int_equal(r.status, 503);
    assert_true(bytes_equal(r.body, bytes_of(reason)));
    r = peer_response(bob, false);
    assert_int_equal(r.status, 503);
    assert_true(bytes_equal(r.body, bytes_of(reason)));
    assert_int_equal(standin.count, 0);
    peer_text(eve, "still");
    peer_told(eve, "text still\n");
}

static void test_who_waits_for_a_room_is_refused_then(void **state)
{
    (void)state;
    start();
    standin.is_shut = true;
    struct peer *ann = peer_connect();
    peer_upgrade(ann, "/ws/milk", "");
    standin_run();
    assert_int_equal(peer_bytes(ann).len, 0);
    set_here(false);
    assert_int_equal(peer_response(ann, false).status, 503);
}

static void test_too_long_and_all_members_are_closed(void **state)
{
    (void)state;
    start();
    standin.holds = true;
    struct peer *eve = open_v1(), *bob = peer_open("/chat/tea");
    struct peer *echo = peer_open("/echo");
    world_pass(LIMITS_MEMBERS);
    peer_story(eve);
    set_here(false);
    world_pass(TIMEOUT - 500);
    struct peer *poster = peer_connect();
    peer_say(poster, "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
    peer_answered(poster, 200);
    peer_told(eve, PAUSED);
    peer_told_nothing(bob);
    struct peer *late = peer_connect();
    world_pass(500 + WHEEL_TICK);
    assert_true(peer_is_there(late));
    peer_told(eve, "close 1013 Redis is away\nend\n");
    peer_told(bob, "close 1013 Redis is away\nend\n");
    assert_true(peer_is_there(echo));
    assert_true(peer_is_there(poster));
    set_here(true);
    peer_close(eve, 1013);
    struct peer *ann = peer_open("/chat/tea");
    set_here(false);
    world_pass(TIMEOUT - 1);
    peer_told_nothing(ann);
    world_pass(1 + WHEEL_TICK);
    peer_told(ann, "close 1013 Redis is away\nend\n");
}

static void test_a_post_that_waits_is_refused_then(void **state)
{
    (void)state;
    world.config.message_timeout = 2 * TIMEOUT;
    start();
    standin.holds = true;
    struct peer *bob = peer_connect();
    peer_say(bob, "POST /chat/tea HTTP/1.1\r\nHost: a.example\r\n"
                  "Content-Length: 3\r\n\r\none");
    standin_run();
    set_here(false);
    world_pass(TIMEOUT - 1);
    assert_int_equal(peer_bytes(bob).len, 0);
    world_pass(1 + WHEEL_TICK);
    peer_answered(bob, 504);
    peer_tells(bob, "end\n");
    assert_int_equal(room_at(&world.server.rooms, 0)->posts, 0);
}

static void test_without_a_timeout_members_stay(void **state)
{
    (void)state;
    start();
    world.config.redis_timeout = 0;
    struct peer *eve = open_v1(), *bob = peer_open("/chat/tea");
    standin.holds = true;
    set_here(false);
    world_pass(100 * TIMEOUT);
    peer_text(bob, "at last");
    standin_run();
    standin.holds = false;
    set_here(true);
    peer_told(bob, "text at last\n");
    peer_tells(eve, RESUMED "#1 at last\n");
}

/* From the start on. */
static void test_it_may_be_away_at_first(void **state)
{
    (void)state;
    world.config.redis_timeout = TIMEOUT;
    standin_start();
    standin_set_here(false);
    struct peer *ann = peer_connect();
    peer_upgrade(ann, "/ws/tea", "");
    standin_run();
    peer_answered(ann, 503);
    world_pass(2 * TIMEOUT);
    set_here(true);
    ann = peer_connect();
    peer_upgrade(ann, "/ws/tea", "");
    standin_run();
    peer_answered(ann, 101);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        STANDIN_TEST(test_a_second_of_it_is_told_and_its_end),
        STANDIN_TEST(test_less_than_a_second_is_not_told),
        STANDIN_TEST(test_who_takes_nothing_is_told_later_and_what_is_so_then),
        STANDIN_TEST(test_many_are_told_and_closed_in_several_turns),
        STANDIN_TEST(test_joins_and_posts_are_refused),
        STANDIN_TEST(test_who_waits_for_a_room_is_refused_then),
        STANDIN_TEST(test_too_long_and_all_members_are_closed),
        STANDIN_TEST(test_a_post_that_waits_is_refused_then),
        STANDIN_TEST(test_without_a_timeout_members_stay),
        STANDIN_TEST(test_it_may_be_away_at_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
