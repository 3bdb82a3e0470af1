/* SPDX-License-Identifier: MIT */
/*
 * Goal: who says more than --rate waits, and his control frames do not; a post
 * counts for its address; an echo is read as far as it can be answered.
 */
#include "server/gate.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>

static uint32_t leases(void)
{
    return world.server.leases.slots.count;
}

/* ---- --rate -------------------------------------------------------------- */

static void test_above_the_rate_one_is_not_read_from(void **state)
{
    (void)state;
    world.config.rate = 10;
    world.config.burst = 20;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    char told[1024] = "";
    for (unsigned i = 0; i < 30; i++) {
        char text[8];
        snprintf(text, sizeof text, "%u", i);
        peer_add_frame(ann, PEER_TEXT, bytes_of(text));
        snprintf(told + strlen(told), 16, "text %s\n", text);
    }
    peer_flush(ann);
    struct client *c = world_client(ann->connection);
    assert_true(client_waits(c, CLIENT_WAITS_RATE));
    peer_text(bob, "hi");
    assert_non_null(strstr(peer_story(bob), "text 19\ntext hi\n"));
    world_pass(1100);
    assert_false(client_waits(c, CLIENT_WAITS_RATE));
    peer_tells(bob, "text 28\ntext 29\n");
    peer_tells(ann, "text 28\ntext 29\n");
}

/* --rate is of messages, in however many frames. */
static void test_a_message_in_pieces_counts_once(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 2;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("in "));
    peer_frame(ann, FRAME_CONTINUATION, BYTES_LITERAL("three "));
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("pieces"));
    peer_text(ann, "and one");
    peer_text(ann, "too early");
    peer_told(ann, "text in three pieces\ntext and one\n");
    world_pass(1100);
    peer_told(ann, "text too early\n");
}

static void test_what_waits_for_the_rate_takes_no_buffer(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_connect();
    peer_text(ann, "one");
    peer_say(bob, "GET /"); /* has the only one */
    peer_text(ann, "two");
    peer_told(ann, "text one\n");
    assert_int_equal(leases(), 1);
    world_pass(1100);
    peer_told(ann, "text two\n");
}

static void test_control_frames_do_not_wait_for_the_rate(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("one"));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_add_frame(ann, PEER_CLOSE, BYTES_LITERAL(""));
    peer_flush(ann);
    peer_told(ann, "text one\npong ?\nclose 1000\nend\n");
}

/* Its header is here, and not all of it. */
static void test_half_a_ping_waits_for_its_end_whatever_the_rate(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "one");
    peer_told(ann, "text one\n");
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("in pieces"));
    peer_push_some(ann, 10);
    world_settle();
    assert_int_equal(sim_unread(ann->connection), 10);
    peer_flush(ann);
    peer_told(ann, "pong in pieces\n");
    assert_int_equal(leases(), 0);
}

/* RFC 6455 5.5: none is so long. What is looked at holds only a part of it. */
static void test_a_ping_that_is_too_long_is_refused_at_any_rate(void **state)
{
    (void)state;
    static uint8_t bytes[2 * LIMITS_PEEK];
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "one");
    peer_frame(ann, PEER_PING, bytes_span(bytes, sizeof bytes));
    assert_memory_equal(peer_story(ann), "text one\nclose 1002 ", 20);
}

/* What somebody said before in the same slot is nothing to him. */
static void test_who_comes_may_speak_at_once(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world.config.clients = 1;
    world_start();
    for (unsigned i = 0; i < 2; i++) {
        struct peer *ann = peer_open("/echo");
        peer_text(ann, "one");
        peer_told(ann, "text one\n");
        sim_reset(ann->connection);
        world_settle();
    }
}

static void test_who_waits_for_the_rate_may_leave_at_once(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "one");
    sim_shut(ann->connection);
    world_settle();
    peer_told(ann, "text one\nend\n");
}

static void test_fragments_of_one_message_are_one_for_the_rate(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_add_frame(ann, FRAME_TEXT, BYTES_LITERAL("a"));
    for (unsigned i = 0; i < 10; i++)
        peer_add_frame(ann, FRAME_CONTINUATION, BYTES_LITERAL("b"));
    peer_add_frame(ann, PEER_PING, BYTES_LITERAL("?"));
    peer_add_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("c"));
    peer_flush(ann);
    peer_tells(ann, "+cont+ b\npong ?\n+cont c\n");
}

static void test_the_paused_are_read_again_on_time(void **state)
{
    (void)state;
    world.config.rate = 2;
    world.config.burst = 3;
    world_start();
    struct peer *ann = peer_open("/echo");
    for (unsigned i = 0; i < 6; i++)
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("x"));
    peer_flush(ann);
    peer_told(ann, "text x\ntext x\ntext x\n");
    uint64_t start = world.server.now;
    for (unsigned i = 1; i <= 3; i++) {
        world_pass(start + i * 500 - 1 - world.server.now);
        peer_told_nothing(ann);
        world_pass(1 + WHEEL_TICK);
        peer_told(ann, "text x\n");
    }
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

/* ---- Posts --------------------------------------------------------------- */

/* So many of one address that may be said now. */
static unsigned posts_of(uint32_t address)
{
    unsigned count = 0;
    while (count < 100 && gate_post(&world.server, address))
        count++;
    return count;
}

static void test_posts_count_by_address(void **state)
{
    (void)state;
    world.config.rate = 2;
    world.config.burst = 5;
    world_start();
    assert_int_equal(posts_of(7), 5);
    assert_int_equal(posts_of(7 + LIMITS_POSTERS), 5); /* the same place */
    assert_int_equal(posts_of(0), 5);                  /* of unix: sockets */
    assert_int_equal(posts_of(7), 0);
    world_pass(499);
    assert_int_equal(posts_of(7), 0);
    world_pass(1);
    assert_int_equal(posts_of(7), 1);
    world_pass(60000); /* no more than the burst */
    assert_int_equal(posts_of(7), 5);
}

/* What is forgotten is of those who may speak anyway, while there are any. */
static void test_who_posts_is_not_forgotten_for_others(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 3;
    world_start();
    for (uint32_t i = 0; i < 8; i++) /* all the places that 7 may have */
        assert_true(gate_post(&world.server, 7 + i * LIMITS_POSTERS));
    assert_int_equal(posts_of(7), 2);
    assert_int_equal(posts_of(7 + 8 * LIMITS_POSTERS), 3);
    assert_int_equal(posts_of(7), 0);
}

/* A WebSocket of the same address has its own. */
static void test_messages_and_posts_count_apart(void **state)
{
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_connect();
    peer_say(bob, "POST /chat/x HTTP/1.1\r\nHost: a\r\n"
                  "Content-Length: 1\r\n\r\n1");
    peer_answered(bob, 200);
    peer_text(ann, "2");
    peer_told(ann, "text 1\ntext 2\n");
}

/* The whole /64 is one; whom a trusted proxy or a PROXY header names counts,
   and not who brings it. */
static void test_a_post_is_of_whom_it_is_from(void **state)
{
    static const struct {
        const char *peer, *header, *field;
        unsigned status;
    } posts[] = {
        {"[2001:db8::1]:1", "UNKNOWN", "", 200},
        {"[2001:db8::2]:1", "UNKNOWN", "", 429},
        {"[2001:db8:0:1::1]:1", "UNKNOWN", "", 200},
        {"192.0.2.1:1", "UNKNOWN", "X-Forwarded-For: 198.51.100.1\r\n", 200},
        {"192.0.2.1:1", "UNKNOWN", "X-Forwarded-For: 198.51.100.2\r\n", 200},
        {"192.0.2.1:1", "UNKNOWN", "X-Forwarded-For: 198.51.100.1\r\n", 429},
        {"192.0.2.9:1", "UNKNOWN", "X-Forwarded-For: 198.51.100.3\r\n", 200},
        {"192.0.2.9:1", "UNKNOWN", "X-Forwarded-For: 198.51.100.4\r\n", 429},
        {"192.0.2.8:1", "TCP4 203.0.113.1 192.0.2.1 1 80", "", 200},
        {"192.0.2.7:1", "TCP4 203.0.113.1 192.0.2.1 2 80", "", 429},
    };
    (void)state;
    world.config.rate = 1;
    world.config.burst = 1;
    world.config.proxy_protocol = true;
    world.config.trust_count = 1;
    ip_parse_block(&world.config.trust[0], bytes_of("192.0.2.1"));
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(posts); i++) {
        char request[256];
        struct peer *p = peer_connect_from(posts[i].peer);
        snprintf(request, sizeof request,
                 "PROXY %s\r\nPOST /chat/x HTTP/1.1\r\nHost: a\r\n%s"
                 "Content-Length: 0\r\n\r\n",
                 posts[i].header, posts[i].field);
        peer_say(p, request);
        peer_answered(p, posts[i].status);
    }
}

/* ---- With all buffers lent out ------------------------------------------- */

/* Every one of them, to nobody in particular. */
static void lend_all(void)
{
    while (lease_take(&world.server.leases, 0, 0, 0) != LEASE_NONE)
        ;
}

static void give_all_back(void)
{
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&world.server.leases, &(uint32_t){i});
}

static void
test_without_a_buffer_an_echo_is_read_as_far_as_it_can_be_sent(void **state)
{
    (void)state;
    static uint8_t bytes[1000];
    world_start();
    struct peer *ann = peer_open("/echo");
    lend_all();
    sim_set_window(ann->connection, 0);
    for (unsigned i = 0; i < 40; i++)
        peer_add_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    peer_flush(ann);
    assert_in_range(sim_in_flight(ann->connection), LIMITS_SURE - 1000,
                    LIMITS_SURE + FRAME_HEADER_MAX);
    assert_true(world.server.patience <= LIMITS_AGAIN + WHEEL_TICK);
    sim_set_window(ann->connection, SIM_UNLIMITED);
    for (unsigned i = 0; i < 4; i++) {
        peer_pull_all(ann);
        world_pass(LIMITS_AGAIN + WHEEL_TICK);
    }
    struct peer_frame m;
    for (unsigned i = 0; i < 40; i++) {
        assert_true(peer_take_message(ann, &m));
        assert_int_equal(m.payload.len, sizeof bytes);
    }
    give_all_back();
}

/* --write-timeout, from when it was first not read; and where the kernel does
   not say what waits, nothing is read either. */
static void test_without_a_buffer_an_echo_that_nobody_reads_ends(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    lend_all();
    sim_fail(SIM_UNACKNOWLEDGED, 0, SIM_UNLIMITED, EINVAL);
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    peer_flush(ann);
    world_pass(world.config.write_timeout - 2 * WHEEL_TICK);
    peer_told_nothing(ann);
    assert_int_equal(sim_side(ann->connection), SIM_OPEN);
    world_pass(4 * WHEEL_TICK);
    peer_told(ann, "close 1013 too slow\nend\n");
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_logged("code=1013 by=server cause=write-timeout");
    give_all_back();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_above_the_rate_one_is_not_read_from),
        WORLD_TEST(test_a_message_in_pieces_counts_once),
        WORLD_TEST(test_what_waits_for_the_rate_takes_no_buffer),
        WORLD_TEST(test_control_frames_do_not_wait_for_the_rate),
        WORLD_TEST(test_half_a_ping_waits_for_its_end_whatever_the_rate),
        WORLD_TEST(test_a_ping_that_is_too_long_is_refused_at_any_rate),
        WORLD_TEST(test_who_comes_may_speak_at_once),
        WORLD_TEST(test_who_waits_for_the_rate_may_leave_at_once),
        WORLD_TEST(test_fragments_of_one_message_are_one_for_the_rate),
        WORLD_TEST(test_the_paused_are_read_again_on_time),
        WORLD_TEST(test_who_may_not_speak_may_break_off_in_a_ping),
        WORLD_TEST(test_posts_count_by_address),
        WORLD_TEST(test_who_posts_is_not_forgotten_for_others),
        WORLD_TEST(test_messages_and_posts_count_apart),
        WORLD_TEST(test_a_post_is_of_whom_it_is_from),
        WORLD_TEST(
            test_without_a_buffer_an_echo_is_read_as_far_as_it_can_be_sent),
        WORLD_TEST(test_without_a_buffer_an_echo_that_nobody_reads_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
