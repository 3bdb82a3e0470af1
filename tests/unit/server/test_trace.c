/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is traced is what went over the wire, of those who are followed
 * and of nobody else, and the service is the same with it and without.
 */
#include "server/trace.h"
#include "sim/peer.h"

/* How often the log has these words. */
static unsigned count(const char *words)
{
    struct span log = sim_log(), w = bytes_of(words);
    unsigned found = 0;
    for (size_t i = 0; i + w.len <= log.len; i++)
        found += memcmp(log.ptr + i, w.ptr, w.len) == 0;
    return found;
}

static void assert_count(const char *words, unsigned expected)
{
    if (count(words) != expected)
        fail_msg("%u times, not %u: %s\n%.*s", count(words), expected, words,
                 (int)sim_log().len, (const char *)sim_log().ptr);
}

static void test_without_the_option_there_is_no_trace(void **state)
{
    (void)state;
    world_start();
    assert_null(world.server.trace);
    size_t reserved = world.server.reserved;
    struct peer *ann = peer_open("/echo");
    peer_text(ann, "secret");
    peer_told(ann, "text secret\n");
    assert_count("secret", 0);
    world_again();
    world.config.trace = TRACE_ALL;
    world_again();
    assert_non_null(world.server.trace);
    assert_true(world.server.reserved >= reserved + sizeof(struct trace));
}

static void test_both_directions_are_told_in_their_order(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_open("/echo");
    assert_count("0> request ", 1);
    assert_count("0< response ", 1);
    assert_count("as computed above", 1);
    peer_text(ann, "Hello");
    peer_told(ann, "text Hello\n");
    peer_frame(ann, PEER_PING, BYTES_LITERAL("p"));
    peer_told(ann, "pong p\n");
    assert_count("0> text frame, 5 bytes, masked", 1);
    assert_count("0< text frame, 5 bytes ", 1);
    assert_count("0> ping frame, 1 byte, masked", 1);
    assert_count("0< pong frame, 1 byte ", 1);
    assert_count("WRONG", 0);
    peer_close(ann, 1000);
    assert_count("0> close frame", 1);
    assert_count("0< close frame", 1);
}

static void test_the_story_is_the_same_with_and_without(void **state)
{
    (void)state;
    static char stories[2][4096];
    for (unsigned traced = 0; traced < 2; traced++) {
        world.config.trace = traced ? TRACE_ALL : TRACE_OFF;
        if (traced)
            world_again();
        else
            world_start();
        struct peer *ann = peer_open("/ws/x"), *bob = peer_open("/chat/x");
        peer_text(ann, "{\"message\":\"hi\"}");
        peer_text(bob, "there");
        peer_frame(bob, PEER_RSV1 | PEER_TEXT, BYTES_LITERAL("x"));
        world_pass(2000);
        peer_pull_all(ann);
        peer_pull_all(bob);
        strcpy(stories[traced], peer_story(ann));
        strcat(stories[traced], peer_story(bob));
    }
    assert_string_equal(stories[0], stories[1]);
    assert_count("WRONG", 1);
    assert_count("a reserved bit is set", 1);
}

static void test_what_was_not_agreed_is_wrong(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world.config.compression = false;
    world_start();
    struct peer *ann = peer_open_with("/echo", PEER_DEFLATE);
    assert_count("chatd agrees to none of the extensions", 1);
    peer_frame(ann, PEER_RSV1 | PEER_TEXT, BYTES_LITERAL("\0"));
    assert_count("a reserved bit is set ", 1);
    assert_count("0< close frame", 1);
}

static void test_a_fault_inside_a_frame_is_told_before_its_close(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_say(ann, "\x81\x8A\1\1\1\1"
                  "I\xFE"); /* H FF, and 8 to come */
    peer_told(ann, "close 1007 a text message is not UTF-8\nend\n");
    assert_count("WRONG at byte", 1);
    size_t at = 0;
    while (memcmp(sim_log().ptr + at, "WRONG", 5) != 0)
        at++;
    struct span behind = bytes_span(sim_log().ptr + at, sim_log().len - at);
    assert_true(bytes_find(behind, '<') < behind.len);
    assert_count("0< close frame", 1);
}

static void test_the_limit_of_a_room_is_foretold(void **state)
{
    (void)state;
    static uint8_t bytes[1100];
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/echo");
    peer_frame(ann, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    peer_frame(bob, PEER_BINARY, bytes_span(bytes, sizeof bytes));
    assert_count("the message is too big", 1);
    assert_count("chatd closes with 1009", 1);
    assert_count("= close 1009", 1);
}

static void test_pieces_are_put_together(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_open("/echo");
    for (const char *p = "\x81\x85\1\2\3\4IgoheX"; *p; p++) {
        char byte[2] = {*p};
        peer_say(ann, byte);
    }
    assert_count("0> text frame, 5 bytes, masked", 1);
    assert_count("= a text message of 5 bytes", 2);
}

static void test_one_client_is_followed_by_its_number(void **state)
{
    (void)state;
    world.config.trace = TRACE_CLIENT;
    world.config.trace_client = 1;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/echo");
    peer_text(ann, "ann");
    peer_text(bob, "bob");
    assert_count("0> ", 0);
    assert_count("0< ", 0);
    assert_count("1> text frame", 1);
    assert_count("1< text frame", 1);
}

static void test_one_path_is_followed_by_its_request(void **state)
{
    (void)state;
    world.config.trace = TRACE_PATH;
    world.config.trace_path = BYTES_LITERAL("/chat/tea");
    world_start();
    struct peer *ann = peer_open("/chat/teapot");
    struct peer *bob = peer_open("/chat/tea?name=Bob");
    peer_text(ann, "ann");
    peer_text(bob, "bob");
    assert_count("0> ", 0);
    assert_count("1> text frame", 1);
    assert_count("1< text frame", 1);
    struct peer *cid = peer_connect(); /* who asks for it only later */
    peer_say(cid, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(cid, 200);
    assert_count("2> ", 0);
    peer_say(cid, "GET /chat/tea HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(cid, 200);
    assert_count("2> request", 1);
    assert_count("2< response", 1);
}

static void test_a_proxys_header_is_passed_over_wherever_it_is_cut(void **state)
{
    (void)state;
    static const char wire[] = "PROXY TCP4 192.0.2.9 198.51.100.7 56324 443\r\n"
                               "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    world.config.trace = TRACE_ALL;
    world.config.proxy_protocol = true;
    world_start();
    for (size_t cut = 0; cut < sizeof wire; cut++) {
        struct peer *ann = peer_connect();
        peer_add(ann, bytes_span(wire, cut));
        peer_flush(ann);
        peer_add(ann, bytes_span(wire + cut, sizeof wire - 1 - cut));
        peer_flush(ann);
        peer_answered(ann, 200);
        assert_count("0> request                                           "
                     "                byte 0\n",
                     1);
        assert_count("0< response", 1);
        assert_count("WRONG", 0);
        assert_count("PROXY", 0);
        world_again();
        sim_forget_log();
    }
}

static void test_whoever_takes_a_slot_is_followed_afresh(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    for (unsigned i = 0; i < 3 * TRACE_FOLLOWED; i++) {
        struct peer *ann = peer_open("/echo");
        peer_close(ann, 1000);
        world_pass(2000);
        sim_forget_log();
    }
    peer_text(peer_open("/echo"), "x");
    assert_count("> text frame", 1);
    assert_count("not followed", 0);
}

static void test_beyond_the_places_clients_are_counted(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world.config.clients = TRACE_FOLLOWED + 2;
    world_start();
    for (unsigned i = 0; i < TRACE_FOLLOWED + 2; i++) {
        sim_forget_log();
        peer_open("/echo");
    }
    world_logged("trace: 2 clients not followed, 32 are already\n");
}

/* Of one that was not followed from its first byte half a request is no
   beginning, nor a second one that it is not followed. */
static void test_half_a_request_is_no_beginning(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world.config.clients = TRACE_FOLLOWED + 1;
    world_start();
    for (unsigned i = 0; i < TRACE_FOLLOWED; i++)
        peer_open("/echo");
    sim_forget_log();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET /healthz HTTP/1.1\r\nHo");
    peer_say(ann, "st: a\r\n\r\n");
    peer_answered(ann, 200);
    assert_count("not followed", 1);
}

/* It never said for which path it is. */
static void test_the_answer_to_half_a_request_is_on_no_path(void **state)
{
    (void)state;
    world.config.trace = TRACE_PATH;
    world.config.trace_path = BYTES_LITERAL("/chat/tea");
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET /chat/tea HTTP/1.1\r\nHo");
    world_pass(WORLD_HANDSHAKE_TIMEOUT + WHEEL_TICK);
    peer_answered(ann, 408);
    assert_count("0> ", 0);
    assert_count("0< ", 0);
}

static void test_who_reads_the_metrics_is_not_followed(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    struct peer *p = peer_of(sim_connect(1, "192.0.2.9:9"));
    peer_say(p, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(p, 200);
    assert_count("0> ", 0);
    assert_count("0< ", 0);
}

static void test_a_post_is_passed_over_and_what_follows_is_told(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /chat/x HTTP/1.1\r\nHost: a\r\nContent-Length: 19\r\n"
                  "Expect: 100-continue\r\n\r\n");
    assert_count("0< response ", 1);
    peer_say(ann, "GET /secret HTTP/9\n");
    peer_say(ann, "HEAD /style.css HTTP/1.1\r\nHost: a\r\n\r\n"
                  "GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n"
                  "POST /chat/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                  "\r\n");
    peer_upgrade(ann, "/echo", "");
    peer_bytes(ann);
    peer_text(ann, "hi");
    peer_told(ann, "text hi\n");
    assert_count("0> request ", 5);
    assert_count("0< response ", 6);
    assert_count("0< text frame", 1);
    assert_count("secret", 0);
    assert_count("WRONG", 0);
}

static void test_a_handshake_by_post_is_refused_as_it_is_told(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "POST /chat/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n"
                  "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    peer_answered(ann, 405);
    assert_count("chatd answers 405 Method Not Allowed and closes", 1);
}

static void test_files_that_only_the_kernel_sees_are_passed_over(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world.config.static_folder = "folder";
    sim_put_file("a.txt", BYTES_LITERAL("HTTP/1.1 500 not at all\r\n\r\n"));
    world_start();
    struct peer *ann = peer_connect();
    for (unsigned i = 0; i < 3; i++) {
        peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_answered(ann, 200);
    }
    assert_count("0< response", 3);
    assert_count("HTTP/1.1 200 OK\n", 3);
    assert_count("500 not", 0);
}

static void test_lines_that_nobody_takes_are_lost_and_counted(void **state)
{
    (void)state;
    world.config.trace = TRACE_ALL;
    world_start();
    struct peer *ann = peer_open("/echo");
    sim_forget_log();
    sim_fail(SIM_LOG, 0, 1000000, 11);
    peer_text(ann, "lost");
    peer_told(ann, "text lost\n");
    assert_count("lost", 0);
    sim_fail(SIM_LOG, 0, 0, 0);
    peer_text(ann, "told");
    peer_told(ann, "text told\n");
    /* Up: title, five fields, key, row, result; down: the same but the key. */
    assert_count("trace: 17 lines lost, standard error took nothing\n", 1);
    assert_count("= a text message of 4 bytes", 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_without_the_option_there_is_no_trace),
        WORLD_TEST(test_both_directions_are_told_in_their_order),
        WORLD_TEST(test_the_story_is_the_same_with_and_without),
        WORLD_TEST(test_what_was_not_agreed_is_wrong),
        WORLD_TEST(test_a_fault_inside_a_frame_is_told_before_its_close),
        WORLD_TEST(test_the_limit_of_a_room_is_foretold),
        WORLD_TEST(test_pieces_are_put_together),
        WORLD_TEST(test_one_client_is_followed_by_its_number),
        WORLD_TEST(test_one_path_is_followed_by_its_request),
        WORLD_TEST(test_a_proxys_header_is_passed_over_wherever_it_is_cut),
        WORLD_TEST(test_whoever_takes_a_slot_is_followed_afresh),
        WORLD_TEST(test_beyond_the_places_clients_are_counted),
        WORLD_TEST(test_half_a_request_is_no_beginning),
        WORLD_TEST(test_the_answer_to_half_a_request_is_on_no_path),
        WORLD_TEST(test_who_reads_the_metrics_is_not_followed),
        WORLD_TEST(test_a_post_is_passed_over_and_what_follows_is_told),
        WORLD_TEST(test_a_handshake_by_post_is_refused_as_it_is_told),
        WORLD_TEST(test_files_that_only_the_kernel_sees_are_passed_over),
        WORLD_TEST(test_lines_that_nobody_takes_are_lost_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
