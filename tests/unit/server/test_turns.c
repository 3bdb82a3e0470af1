/* SPDX-License-Identifier: MIT */
/* What a turn costs, by limits.h, where thousands want something at once. */
#include "server/server.h"
#include "sim/peer.h"

#include <stdio.h>
#include <stdlib.h>

#define TURN        25000000 /* nanoseconds: all shares of a turn together */
#define CLIENTS     10000
#define MAX_MESSAGE (64 * 1024)
#define MESSAGE     (60 * 1024)

/* One is handled whole; and what it overfills is brought on at once. */
#define ONE_MESSAGE                                                            \
    (LIMITS_COST_MESSAGE + LIMITS_FLUSH_ROOM +                                 \
     MAX_MESSAGE * (LIMITS_COST_SAID + LIMITS_COST_RECEIVED))

static uint64_t dearest; /* turn */
static unsigned turns;

static int start(void **state)
{
    world_setup(state);
    world.config.clients = CLIENTS;
    world.config.rooms = 2;
    world.config.room_log = 1024 * 1024;
    world.config.max_message = MAX_MESSAGE;
    world.config.buffers = 256;
    world.config.level = LEVEL_WARN;
    world.config.static_folder = "folder";
    sim_limit_files(CLIENTS + 1000);
    world_start();
    dearest = 0;
    turns = 0;
    return 0;
}

/* ---- Turns that are counted ---------------------------------------------- */

static void turn(uint64_t most)
{
    world_turn();
    turns++;
    if (dearest < world.server.cost)
        dearest = world.server.cost;
    if (world.server.cost >= most)
        fail_msg("a turn cost %llu", (unsigned long long)world.server.cost);
}

static void settle(uint64_t most)
{
    do
        turn(most);
    while (world.running && (sim_events() > 0 || world.server.patience == 0));
}

static void pass(uint64_t milliseconds, uint64_t most)
{
    settle(most);
    while (milliseconds > 0 && world.running) {
        uint64_t step = bytes_min64(milliseconds, world.server.patience);
        sim_pass(step);
        milliseconds -= step;
        settle(most);
    }
}

/* ---- Thousands ----------------------------------------------------------- */

/* So many more; what they are sent is read at once. */
static void come(unsigned count, const char *target, const char *protocol)
{
    char request[512];
    int len = snprintf(request, sizeof request,
                       "GET %s HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                       "%s\r\n",
                       target, protocol);
    uint32_t before = world.server.clients.in_state[CLIENT_OPEN];
    for (unsigned i = 0; i < count; i++) {
        int c = sim_connect(0, "192.0.2.7:1000");
        sim_write(c, bytes_span(request, (size_t)len));
        sim_set_sink(c);
    }
    settle(TURN);
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN],
                     before + count);
}

static void test_long_messages_to_three_thousand(void **state)
{
    (void)state;
    come(3000, "/chat/x", "");
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/echo");
    struct peer *cid = peer_open("/chat/y");
    uint8_t *text = malloc(MESSAGE);
    memset(text, 'a', MESSAGE);
    for (unsigned i = 0; i < 40; i++)
        peer_add_frame(ann, PEER_TEXT, bytes_span(text, MESSAGE));
    free(text);
    sim_set_sink(ann->connection);
    peer_push(ann);
    size_t answers = 0;
    do { /* neither an echo nor another room waits for it */
        peer_add_frame(bob, PEER_TEXT, BYTES_LITERAL("me too"));
        peer_push(bob);
        peer_add_frame(cid, PEER_TEXT, BYTES_LITERAL("we too"));
        peer_push(cid);
        turn(TURN + ONE_MESSAGE);
        assert_int_equal(sim_in_flight(bob->connection), ++answers * 8);
        assert_int_equal(sim_in_flight(cid->connection), answers * 8);
    } while (topic_at(&world.server.rooms.topics, 0)->number < 40);
    settle(TURN + ONE_MESSAGE);
    assert_int_equal(world.server.stats.messages_out[CLIENT_PLAIN],
                     40 * 3001 + answers);
    assert_true(answers > 40 * 3001 * (MESSAGE / LIMITS_COST_SENT) / TURN);
}

static void test_six_thousand_are_told_how_many_they_are(void **state)
{
    static const char v1[] = "Sec-WebSocket-Protocol: chatd.v1\r\n";
    (void)state;
    come(6000, "/ws/x", v1);
    pass(8000, TURN);
    for (unsigned i = 0; i < 10; i++) {
        come(50, "/ws/x", v1);
        pass(500, TURN);
        sim_reset(sim_connections() - 1);
        pass(500, TURN);
    }
    pass(8000, TURN);
    turns = 0;
    uint64_t before = world.server.stats.bytes_out;
    come(1, "/ws/x", v1); /* it has its welcome */
    pass(8000, TURN);
    /* {"event":"members","members":6491} and its header, each */
    assert_in_range(world.server.stats.bytes_out - before, 6490 * 36,
                    6490 * 36 + 500);
    assert_true(dearest > LIMITS_TURN_TELL);
    assert_true(turns > 6000 * LIMITS_COST_SEND / LIMITS_TURN_TELL);
}

static void test_goodbye_to_ten_thousand(void **state)
{
    (void)state;
    come(5000, "/echo", "");
    come(5000, "/chat/x", "");
    turns = 0;
    sim_signal(SIGNALS_STOP);
    while (world.server.clients.in_state[CLIENT_OPEN] > 0 || turns == 0)
        turn(TURN);
    assert_true(turns >= 10000 * LIMITS_COST_SEND / LIMITS_TURN_GOODBYE);
}

static void test_ten_thousand_timers_at_once(void **state)
{
    (void)state;
    come(10000, "/echo", "");
    uint64_t before = world.server.stats.bytes_out;
    turns = 0;
    pass(WORLD_PING + WHEEL_TICK, TURN);
    assert_int_equal(world.server.stats.bytes_out - before, 10000 * 2);
    assert_true(dearest > LIMITS_TURN_TIMERS);
    assert_true(turns > 10000 * LIMITS_COST_SEND / LIMITS_TURN_TIMERS);
    pass(WORLD_PONG_TIMEOUT + WHEEL_TICK, TURN);
    assert_int_equal(world.server.clients.in_state[CLIENT_OPEN], 0);
}

/* A piece of a file each, and the rest of them in the next turn. */
static void test_downloads_take_their_share_and_no_more(void **state)
{
    static uint8_t large[8 * LIMITS_FILE_PIECE];
    const uint64_t piece =
        LIMITS_COST_SEND + LIMITS_FILE_PIECE / LIMITS_COST_SENT;
    (void)state;
    sim_put_file("large.bin", bytes_span(large, sizeof large));
    for (unsigned i = 0; i < LIMITS_DOWNLOADS; i++) {
        int c = sim_connect(0, "192.0.2.7:1000");
        sim_set_sink(c);
        sim_write(c, bytes_of("GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    while (world.server.clients.in_state[CLIENT_REPLY] < LIMITS_DOWNLOADS)
        turn(TURN);
    while (world.server.clients.in_state[CLIENT_REPLY] == LIMITS_DOWNLOADS)
        turn(LIMITS_TURN_DIRTY + piece);
    settle(TURN);
    assert_true(world.server.stats.bytes_out > LIMITS_DOWNLOADS * sizeof large);
}

#define TURNS_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, start, world_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TURNS_TEST(test_long_messages_to_three_thousand),
        TURNS_TEST(test_six_thousand_are_told_how_many_they_are),
        TURNS_TEST(test_goodbye_to_ten_thousand),
        TURNS_TEST(test_ten_thousand_timers_at_once),
        TURNS_TEST(test_downloads_take_their_share_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
