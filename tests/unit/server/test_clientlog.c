/* SPDX-License-Identifier: MIT */
/*
 * Goal: the log has a line for whoever comes, goes or is refused, and each of
 * its words is true.
 */
#include "server/clientlog.h"
#include "sim/peer.h"

#include <stdio.h>

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

static void test_a_line_names_the_path_that_was_asked_for(void **state)
{
    static const struct {
        const char *target, *fields, *path;
    } paths[] = {
        {"/echo", "", "path=/echo\n"},
        {"/chat/x", "", "path=/chat/x\n"},
        {"/ws/x", "", "path=/ws/x\n"},
        {"/ws/x", "Sec-WebSocket-Protocol: chatd.v1\r\n", "path=/ws/x\n"},
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
        char words[64];
        struct peer *ann = peer_open_with(paths[i].target, paths[i].fields);
        snprintf(words, sizeof words, "event=open client=0 ip=192.0.2.1 %s",
                 paths[i].path);
        world_logged(words);
        sim_reset(ann->connection);
        world_settle();
        world_logged(paths[i].path);
    }
}

/* She lingers when hers is forgotten: its place is another's by then. */
static void test_a_room_that_is_not_there_any_more_has_no_name(void **state)
{
    (void)state;
    world.config.rooms = 1;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_frame(ann, 0x83, BYTES_LITERAL("no such opcode"));
    peer_open("/chat/y");
    world_logged("event=open client=1 ip=192.0.2.1 path=/chat/y\n");
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_logged("path=/chat/\n");
}

static void test_whoever_has_no_status_is_refused_without_one(void **state)
{
    (void)state;
    world_start();
    struct client *c = world_client(peer_open("/echo")->connection);
    world_logged("event=open");
    clientlog_refuse(&world.server, c, 403, "this");
    world_logged("event=refuse ip=192.0.2.1 status=403 why=this\n");
    clientlog_refuse(&world.server, c, 0, "that");
    world_logged("event=refuse ip=192.0.2.1 why=that\n");
}

static void test_a_refused_request_tells_what_it_asked_for(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET /chat/x?name=Ann HTTP/1.1\r\nHost: a:80\r\n"
                  "Upgrade: websocket\r\nConnection: upgrade\r\n"
                  "Sec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
                  "Origin: http://b\r\n\r\n");
    world_logged("status=403 why=\"Origin not allowed\" path=/chat/x "
                 "host=a:80 origin=http://b\n");
    peer_say(peer_connect(), "GET / HTTP/1.1\r\n\r\n");
    world_logged("status=400 why=\"Host missing\" path=/\n");
    peer_say(peer_connect(), "( / HTTP/1.1\r\n\r\n");
    world_logged("status=400 why=\"malformed method\"\n");
}

/* While one is answered another one is refused: that has asked for nothing. */
static void test_what_one_asks_for_is_told_of_no_other(void **state)
{
    (void)state;
    world_start();
    struct client *c = world_client(peer_open("/echo")->connection);
    world_logged("event=open");
    world.server.request = (struct http_request){.path = BYTES_LITERAL("/x")};
    world.server.answers = true;
    clientlog_refuse(&world.server, c, 0, "that");
    world_logged("event=refuse ip=192.0.2.1 why=that\n");
    world.server.answers = false;
}

static void test_a_quiet_log_counts_all_the_same(void **state)
{
    (void)state;
    world.config.level = LEVEL_WARN;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_connect();
    peer_close(ann, 1000);
    peer_upgrade(bob, "/none", "");
    peer_answered(bob, 404);
    assert_int_equal(sim_log().len, 0);
    const struct stats *stats = &world.server.stats;
    assert_int_equal(stats->closes[0][CAUSE_CLOSE], 1);
    assert_int_equal(stats->refusals[0].status, 404);
    assert_int_equal(stats->refusals[0].count, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_log_counts_bytes_on_the_wire_and_names_the_room),
        WORLD_TEST(test_a_line_names_the_path_that_was_asked_for),
        WORLD_TEST(test_a_room_that_is_not_there_any_more_has_no_name),
        WORLD_TEST(test_whoever_has_no_status_is_refused_without_one),
        WORLD_TEST(test_a_refused_request_tells_what_it_asked_for),
        WORLD_TEST(test_what_one_asks_for_is_told_of_no_other),
        WORLD_TEST(test_a_quiet_log_counts_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
