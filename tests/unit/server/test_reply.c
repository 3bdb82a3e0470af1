/* SPDX-License-Identifier: MIT */
/*
 * Goal: each answer has the fields that its status calls for, and the body
 * that its request asks for; then comes the next request, or the end.
 */
#include "server/reply.h"
#include "server/output.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

#define HOST "Host: a.example\r\n"
#define UPGRADE                                                                \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static struct note note;

static const char two_requests[] =
    "GET /style.css HTTP/1.1\r\n" HOST "\r\n"
    "GET /chat/x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n";

static void test_the_fields_that_a_status_calls_for_are_there(void **state)
{
    static const struct {
        const char *request, *name, *value;
    } fields[] = {
        {"POST / HTTP/1.1\r\n" HOST "\r\n", "Allow", "GET, HEAD"},
        {"GET /ws HTTP/1.1\r\n" HOST "\r\n", "Upgrade", "websocket"},
        {"GET /ws HTTP/1.1\r\n" HOST "\r\n", "Sec-WebSocket-Version", "13"},
        {"GET /ws HTTP/1.1\r\n" HOST "\r\n", "Connection", "Upgrade"},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "Vary", "Accept"},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "Content-Type", "application/json"},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "Date",
         "Fri, 20 Nov 2026 08:29:01 GMT"},
        {"GET / HTTP/1.1\r\n" HOST "\r\n", "X-Content-Type-Options", "nosniff"},
        {"GET /chat HTTP/1.1\r\n" HOST "\r\n", "Referrer-Policy",
         "no-referrer"},
    };
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(fields); i++) {
        note_open(&note, "fields", "vector", i);
        struct peer *ann = peer_connect();
        peer_say(ann, fields[i].request);
        struct peer_response r = peer_response(ann, false);
        assert_true(bytes_equal(peer_field(&r, fields[i].name),
                                bytes_of(fields[i].value)));
        sim_close(ann->connection);
        note_close(&note);
        world_settle();
    }
}

static void test_no_refusal_of_a_head_has_a_body(void **state)
{
    (void)state;
    world.config.clients = world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_connect(); /* with the one buffer */
    peer_say(ann, "\r\nHEAD / HTTP/1.1\r\n");
    struct peer *bob = peer_connect(); /* without a slot, */
    peer_say(bob, "HEAD / HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(peer_response(bob, true).status, 503);
    peer_told(bob, "end\n");
    struct peer *cid = peer_connect(); /* who takes her buffer */
    peer_say(cid, "HEAD / HT");
    assert_int_equal(peer_response(ann, true).status, 503);
    peer_told(ann, "end\n");
    world_pass(WORLD_HANDSHAKE_TIMEOUT + WHEEL_TICK);
    assert_int_equal(peer_response(cid, true).status, 408);
    peer_told(cid, "end\n");
}

static void test_a_request_waits_until_the_response_before_it_left(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    sim_set_window(ann->connection, 0);
    sim_set_send_buffer(ann->connection, 100);
    peer_say(ann, two_requests);
    struct client *c = world_client(ann->connection);
    assert_int_equal(c->state, CLIENT_REPLY);
    assert_true(client_has(c, CLIENT_PARKED));
    sim_set_window(ann->connection, SIM_UNLIMITED);
    world_settle();
    assert_int_equal(c->state, CLIENT_OPEN);
    assert_int_equal(peer_response(ann, false).status, 200);
    assert_int_equal(peer_response(ann, true).status, 101);
}

static void test_what_follows_a_refused_upgrade_is_never_looked_at(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_add(ann, BYTES_LITERAL("GET /echo HTTP/1.1\r\n" HOST UPGRADE "\r\n"));
    peer_add(ann, bytes_of(two_requests));
    peer_flush(ann);
    peer_answered(ann, 400);
    peer_say(ann, two_requests);
    peer_told(ann, "end\n");
}

/* What is refused without having asked has the same status and no text. */
static void test_who_gets_no_slot_is_told_why_at_once_or_later(void **state)
{
    static const struct {
        unsigned flag, status;
        const char *why;
    } kinds[] = {{CLIENT_REFUSED, 503, "all client slots taken"},
                 {CLIENT_OVER, 429, "too many from this address"}};
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
        for (unsigned at_once = 0; at_once < 2; at_once++) {
            char words[96];
            struct peer *ann = peer_connect();
            struct client *c = world_client(ann->connection);
            client_set(c, (enum client_flag)kinds[i].flag);
            output_begin(&world.server, c);
            reply_no_slot(&world.server, c, at_once);
            output_settle(&world.server, c);
            struct peer_response r = peer_response(ann, false);
            assert_int_equal(r.status, kinds[i].status);
            assert_int_equal(r.body.len,
                             at_once ? 0 : strlen(kinds[i].why) + 1);
            snprintf(words, sizeof words, "status=%u why=\"%s\"",
                     kinds[i].status, kinds[i].why);
            world_logged(words);
            client_clear(c, (enum client_flag)kinds[i].flag);
            sim_reset(ann->connection);
            world_settle();
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_fields_that_a_status_calls_for_are_there),
        WORLD_TEST(test_no_refusal_of_a_head_has_a_body),
        WORLD_TEST(test_a_request_waits_until_the_response_before_it_left),
        WORLD_TEST(test_what_follows_a_refused_upgrade_is_never_looked_at),
        WORLD_TEST(test_who_gets_no_slot_is_told_why_at_once_or_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
