/* SPDX-License-Identifier: MIT */
/*
 * Goal: each request has the answer that its RFC calls for, however it
 * arrives; a WebSocket begins where all of its handshake is right.
 */
#include "server/request.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

#define HOST "Host: a.example\r\n"
#define UPGRADE                                                                \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static struct note note;

/* ---- Every status -------------------------------------------------------- */

static const struct {
    const char *request;
    unsigned status;
    bool goes_on; /* the connection persists */
} answers[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 200, true},
    {"HEAD / HTTP/1.1\r\n" HOST "\r\n", 200, true},
    {"GET / HTTP/1.0\r\n\r\n", 200, false},
    {"GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", 200, false},
    {"GET /none HTTP/1.1\r\n" HOST "\r\n", 404, true},
    {"HEAD /none HTTP/1.1\r\n" HOST "\r\n", 404, true},
    {"GET /chat/a%2Fb HTTP/1.1\r\n" HOST "\r\n", 404, true},
    {"POST / HTTP/1.1\r\n" HOST "\r\n", 405, true},
    {"PATCH /ws HTTP/1.1\r\n" HOST "\r\n", 405, true},
    {"TRACE / HTTP/1.1\r\n" HOST "\r\n", 405, true},
    {"DELETE /none HTTP/1.1\r\n" HOST "\r\n", 404, true},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 405, true},
    {"CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", 405, true},
    {"get / HTTP/1.1\r\n" HOST "\r\n", 501, true},
    {"BREW /none HTTP/1.1\r\n" HOST "\r\n", 501, true},
    {"BREW /echo HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 501, false},
    {"HEAD /ws HTTP/1.1\r\n" HOST "\r\n", 426, true},
    {"HEAD /\r\n\r\n", 400, false},
    {"\r\nHEAD / HTTP/1.1\n", 400, false},
    {"HEAD / HTTP/2.0\r\n" HOST "\r\n", 505, false},
    {"HEAD / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 501,
     false},
    {"HEAD /echo HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 200, false},
    {"GET /ws HTTP/1.1\r\n" HOST "\r\n", 426, true},
    {"GET / HTTP/1.1\r\n\r\n", 400, false},
    {"GET /\r\n\r\n", 400, false},
    {"GET / HTTP/1.1\n", 400, false},
    {"GET / HTTP/2.0\r\n" HOST "\r\n", 505, false},
    {"GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 501,
     false},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 405, false},
    {"GET /echo HTTP/1.1\r\n" HOST UPGRADE "\r\n", 400, false},
    {"GET /echo HTTP/1.1\r\n" HOST UPGRADE KEY KEY "\r\n", 400, false},
    {"GET /echo HTTP/1.1\r\n" HOST UPGRADE KEY "Content-Length: 1\r\n\r\nx",
     400, false},
    {"GET /echo HTTP/1.1\r\n" HOST UPGRADE KEY
     "Origin: http://evil.example\r\n\r\n",
     403, false},
    {"GET / HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 404, false},
    {"GET /healthz HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 404, false},
    {"POST /echo HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 405, false},
    {"GET /echo HTTP/1.1\r\n" HOST
     "Upgrade: websocket\r\nConnection: Upgrade\r\n" KEY
     "Sec-WebSocket-Version: 8\r\n\r\n",
     426, false},
    {"GET /chat?name=%FF HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 400, false},
    {"GET /ws?history=x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 400, false},
    {"GET /ws?since=x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 400, false},
};

static bool is_head(const char *request)
{
    return strncmp(request + strspn(request, "\r\n"), "HEAD ", 5) == 0;
}

/* "close", alone or with more behind it. */
static bool says_close(const struct peer_response *r)
{
    struct span value = peer_field(r, "Connection");
    return value.len >= 5 &&
           bytes_equal(bytes_part(value, 0, 5), BYTES_LITERAL("close"));
}

static void test_every_refusal_has_its_status(void **state)
{
    (void)state;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
        note_open(&note, "statuses", "vector", i);
        struct peer *ann = peer_connect();
        peer_say(ann, answers[i].request);
        struct peer_response r =
            peer_response(ann, is_head(answers[i].request));
        assert_int_equal(r.status, answers[i].status);
        bool closes = says_close(&r);
        assert_int_equal(closes, !answers[i].goes_on);
        peer_told(ann, answers[i].goes_on ? "" : "end\n");
        note_close(&note);
        world_again();
    }
}

static void test_a_head_that_is_too_long_is_414_or_431(void **state)
{
    static char bytes[HTTP_HEAD_MAX + 100];
    (void)state;
    world_start();
    memset(bytes, 'x', sizeof bytes - 1);
    memcpy(bytes, "GET /", 5);
    struct peer *ann = peer_connect();
    peer_say(ann, bytes);
    peer_answered(ann, 414);
    memcpy(bytes, "GET / HTTP/1.1\r\n" HOST "X: ", 36);
    struct peer *bob = peer_connect();
    peer_say(bob, bytes);
    peer_answered(bob, 431);
    struct peer *cid = peer_connect();
    peer_add(cid, BYTES_LITERAL("GET / HTTP/1.1\r\n" HOST));
    for (unsigned i = 0; i < HTTP_FIELDS_MAX; i++)
        peer_add(cid, BYTES_LITERAL("X: y\r\n"));
    peer_say(cid, "\r\n");
    peer_answered(cid, 431);
}

static void test_what_the_client_has_is_not_sent_again(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET / HTTP/1.1\r\n" HOST "\r\n");
    struct peer_response first = peer_response(ann, false);
    char request[200], tag[50];
    struct span etag = peer_field(&first, "ETag");
    snprintf(tag, sizeof tag, "%.*s", (int)etag.len, (const char *)etag.ptr);
    assert_true(etag.len > 0);
    snprintf(request, sizeof request,
             "GET / HTTP/1.1\r\n" HOST "If-None-Match: %s\r\n\r\n", tag);
    peer_say(ann, request);
    struct peer_response again = peer_response(ann, true);
    assert_int_equal(again.status, 304);
    assert_true(bytes_equal(peer_field(&again, "ETag"), bytes_of(tag)));
    assert_int_equal(peer_field(&again, "Content-Length").len, 0);
    peer_say(ann, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    peer_answered(ann, 200);
}

/* RFC 9110 15.4.5: what is the same for every representation. */
static void test_a_304_has_no_coding(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET /style.css HTTP/1.1\r\n" HOST
                  "Accept-Encoding: gzip\r\nIf-None-Match: *\r\n\r\n");
    struct peer_response r = peer_response(ann, true);
    assert_int_equal(r.status, 304);
    assert_true(peer_field(&r, "ETag").len > 0);
    assert_int_equal(peer_field(&r, "Content-Encoding").len, 0);
}

static void test_it_answers_to_its_names_alone(void **state)
{
    static const struct {
        const char *request;
        unsigned status;
    } requests[] = {
        {"GET / HTTP/1.1\r\nHost: A.example\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\nHost: a.example.:80\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\nHost: b.example:6868\r\n\r\n", 200},
        {"GET http://a.example/ HTTP/1.1\r\nHost: c\r\n\r\n", 200},
        {"GET /echo HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n", 101},
        {"GET / HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
        {"GET / HTTP/1.1\r\nHost: c.example\r\n\r\n", 421},
        {"HEAD / HTTP/1.1\r\nHost: c.example\r\n\r\n", 421},
        {"GET /none HTTP/1.1\r\nHost: c.example\r\n\r\n", 421},
        {"GET http://c/ HTTP/1.1\r\n" HOST "\r\n", 421},
        {"GET / HTTP/1.0\r\n\r\n", 421},
        {"GET /echo HTTP/1.1\r\nHost: c.example\r\n" UPGRADE KEY
         "Origin: http://c.example\r\n\r\n",
         421},
        {"GET /healthz HTTP/1.1\r\nHost: c.example\r\n\r\n", 200},
        {"GET /healthz HTTP/1.0\r\n\r\n", 200},
    };
    (void)state;
    world.config.hosts[0] = BYTES_LITERAL("a.example");
    world.config.hosts[1] = BYTES_LITERAL("b.example:6868");
    world.config.host_count = 2;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(requests); i++) {
        note_open(&note, requests[i].request, "vector", i);
        struct peer *p = peer_connect();
        peer_say(p, requests[i].request);
        bool bare = is_head(requests[i].request) || requests[i].status == 101;
        struct peer_response r = peer_response(p, bare);
        assert_int_equal(r.status, requests[i].status);
        if (requests[i].status == 421)
            peer_told(p, "end\n"); /* and a HEAD got no body */
        note_close(&note);
        sim_reset(p->connection);
        world_settle();
    }
    world_logged("status=421 why=\"Host not ours\"");
}

/* Whoever reads the metrics knows an address at best. */
static void test_at_the_address_of_metrics_every_name_will_do(void **state)
{
    (void)state;
    world.config.hosts[0] = BYTES_LITERAL("a.example");
    world.config.host_count = 1;
    world.config.has_metrics = true;
    world.config.metrics = (struct socket_address){SOCKET_ANY, .port = 9};
    world_start();
    struct peer *p = peer_of(sim_connect(1, "192.0.2.9:9"));
    peer_say(p, "GET /metrics HTTP/1.1\r\nHost: 192.0.2.1:9\r\n\r\n");
    peer_answered(p, 200);
}

/* ---- However it arrives -------------------------------------------------- */

static const char two_requests[] =
    "GET /style.css HTTP/1.1\r\n" HOST "\r\n"
    "GET /chat/x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n";

static void read_two_answers(struct peer *p)
{
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, 200);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("body { color: black }\n")));
    assert_int_equal(peer_response(p, true).status, 101);
    peer_told(p, "text hello\n");
}

static void test_requests_and_frames_may_be_cut_anywhere(void **state)
{
    (void)state;
    world_start();
    size_t len = 1;
    for (size_t cut = 0; cut <= len; cut++) {
        note_open(&note, "pipelined requests", "cut at", cut);
        struct peer *ann = peer_connect();
        peer_add(ann, bytes_of(two_requests));
        peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("hello"));
        len = ann->out_len;
        sim_write(ann->connection, bytes_span(ann->out, cut));
        world_settle();
        sim_write(ann->connection, bytes_span(ann->out + cut, len - cut));
        world_settle();
        assert_int_equal(world.server.leases.slots.count, 0);
        ann->out_len = 0;
        read_two_answers(ann);
        note_close(&note);
        world_again();
    }
}

static void test_requests_may_come_byte_by_byte(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_add(ann, bytes_of(two_requests));
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("hello"));
    sim_set_piece(ann->connection, 1);
    sim_set_send_buffer(ann->connection, SIM_UNLIMITED);
    size_t len = ann->out_len;
    for (size_t i = 0; i < len; i++) {
        sim_write(ann->connection, bytes_span(ann->out + i, 1));
        world_settle();
    }
    ann->out_len = 0;
    read_two_answers(ann);
}

static void test_one_empty_line_before_a_request_is_ignored(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
    peer_answered(ann, 200);
    peer_say(ann, "\r\n\r\n");
    peer_answered(ann, 400);
}

static void test_frames_right_behind_the_handshake_are_heard(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x"), *ann = peer_connect();
    peer_add(ann,
             BYTES_LITERAL("GET /chat/x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n"));
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("already here"));
    peer_add_frame(ann, PEER_CLOSE, bytes_span(NULL, 0));
    peer_flush(ann);
    peer_told(bob, "text already here\n");
    assert_int_equal(peer_response(ann, true).status, 101);
    peer_told(ann, "text already here\nclose 1000\nend\n");
}

/* A request behind a request, or a frame behind one, must be kept. */
static void test_without_a_buffer_what_comes_behind_is_not_kept(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *ann = peer_connect();
    sim_set_send_buffer(ann->connection, 1);
    sim_set_window(ann->connection, 0);
    peer_say(ann, "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n");
    assert_int_not_equal(sim_side(ann->connection), SIM_OPEN);
}

/* All of them hold messages of somebody's that wait for their room. */
static void lend_all(struct client *other)
{
    struct server *s = &world.server;
    other->taken = FRAME_TEXT; /* nobody takes a buffer of it */
    while (lease_take(&s->leases, client_index(&s->clients, other), 0, 0) !=
           LEASE_NONE)
        ;
}

static void give_all_back(struct client *other)
{
    other->taken = 0;
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&world.server.leases, &(uint32_t){i});
}

static void test_with_all_buffers_lent_out_no_half_is_kept(void **state)
{
    (void)state;
    world_start();
    struct client *other = world_client(peer_connect()->connection);
    struct peer *ann = peer_connect(), *bob = peer_connect();
    struct peer *cid = peer_connect();
    lend_all(other);
    peer_say(ann, "GET / HTTP/1.1\r\n");
    peer_answered(ann, 503);
    peer_told(ann, "end\n");
    peer_say(bob, "GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.1\r\n");
    peer_told(bob, "end\n");
    peer_say(cid, "GET /chat/x HTTP/1.1\r\n" HOST UPGRADE KEY "\r\n\x81");
    assert_int_equal(peer_response(cid, true).status, 101);
    peer_told(cid, "close 1013 no buffer for what was sent\nend\n");
    give_all_back(other);
}

/* ---- The upgrade --------------------------------------------------------- */

static void subprotocol(const char *target, const char *offered,
                        const char *chosen)
{
    char fields[128];
    snprintf(fields, sizeof fields, "Sec-WebSocket-Protocol: %s\r\n", offered);
    struct peer *p = peer_connect();
    peer_upgrade(p, target, fields);
    struct peer_response r = peer_response(p, true);
    assert_int_equal(r.status, 101);
    assert_true(bytes_equal(peer_field(&r, "Sec-WebSocket-Protocol"),
                            bytes_of(chosen)));
    sim_reset(p->connection);
    world_settle();
}

static void test_the_subprotocol_that_the_path_knows_is_chosen(void **state)
{
    (void)state;
    world_start();
    subprotocol("/echo", "echo", "echo");
    subprotocol("/chat/x", "a, chat", "chat");
    subprotocol("/ws/x", "chat, chatd.v1", "chatd.v1");
    subprotocol("/ws/x", "chat", "");
    subprotocol("/echo", "chatd.v1", "");
}

static void test_origins_are_the_host_or_in_the_list(void **state)
{
    static const struct {
        const char *origin;
        unsigned status;
    } origins[] = {
        {"http://a.example", 101},      {"https://A.EXAMPLE", 101},
        {"http://a.example:8080", 403}, {"https://b.example", 101},
        {"http://b.example", 403},      {"null", 403},
    };
    (void)state;
    world.config.origins[0] = BYTES_LITERAL("https://b.example");
    world.config.origin_count = 1;
    world_start();
    for (size_t i = 0; i < UNIT_COUNT(origins); i++) {
        char fields[128];
        snprintf(fields, sizeof fields, "Origin: %s\r\n", origins[i].origin);
        struct peer *p = peer_connect();
        peer_upgrade(p, "/echo", fields);
        assert_int_equal(peer_response(p, true).status, origins[i].status);
        sim_reset(p->connection);
        world_settle();
    }
}

static void test_compression_is_agreed_on_where_it_is_offered(void **state)
{
    static const char offer[] =
        "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    (void)state;
    for (unsigned on = 0; on < 2; on++) {
        world.config.compression = on;
        if (on)
            world_again();
        else
            world_start();
        struct peer *ann = peer_connect();
        peer_upgrade(ann, "/echo", offer);
        struct peer_response r = peer_response(ann, true);
        struct span agreed = peer_field(&r, "Sec-WebSocket-Extensions");
        assert_int_equal(r.status, 101);
        assert_true(
            bytes_equal(agreed, bytes_of(on ? "permessage-deflate; "
                                              "server_no_context_takeover; "
                                              "client_no_context_takeover"
                                            : "")));
    }
}

static void test_an_extension_that_cannot_be_read_is_400(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_upgrade(ann, "/echo", "Sec-WebSocket-Extensions: a;;b\r\n");
    peer_answered(ann, 400);
    peer_told(ann, "end\n");
}

/* ---- The PROXY header ---------------------------------------------------- */

#define HEADER "PROXY TCP4 192.0.2.7 198.51.100.1 4000 80\r\n"
#define GET    "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

static void start_with_header(void)
{
    world.config.proxy_protocol = true;
    world_start();
}

static void test_without_a_header_it_is_dropped(void **state)
{
    (void)state;
    start_with_header();
    struct peer *p = peer_connect();
    peer_say(p, GET);
    assert_int_equal(world.server.clients.slots.count, 0);
    world_logged("event=refuse ip=192.0.2.1 why=\"no PROXY header\"");
    assert_int_equal(world.server.stats.refusals[0].status, 0);
}

static void test_the_time_is_that_of_both_together(void **state)
{
    (void)state;
    start_with_header();
    uint64_t all = world.config.handshake_timeout;
    peer_connect();
    struct peer *p = peer_connect();
    world_pass(all - 100);
    peer_say(p, HEADER "GET ");
    world_pass(200);
    world_logged("why=\"no PROXY header in time\"");
    peer_answered(p, 408);
}

/* ---- --handshake-timeout ------------------------------------------------- */

static void test_who_says_nothing_is_left_in_silence(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

static void test_half_a_request_is_answered_with_408(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "GET / HTTP/1.1\r\n");
    peer_goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_answered(ann, 408);
    peer_told(ann, "end\n");
    world_logged("event=refuse ip=192.0.2.1 status=408");
}

static void test_an_empty_line_is_no_beginning(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, "\r\n");
    peer_goes_after(ann, WORLD_HANDSHAKE_TIMEOUT);
    peer_told(ann, "end\n");
}

static void test_a_later_requests_time_begins_with_its_first_byte(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_say(ann, GET);
    peer_answered(ann, 200);
    world_pass(world.config.keep_alive - 100);
    peer_say(ann, "G");
    world_pass(WORLD_HANDSHAKE_TIMEOUT - 100);
    peer_say(ann, "E");
    peer_goes_after(ann, 100);
    peer_answered(ann, 408);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_every_refusal_has_its_status),
        WORLD_TEST(test_a_head_that_is_too_long_is_414_or_431),
        WORLD_TEST(test_what_the_client_has_is_not_sent_again),
        WORLD_TEST(test_a_304_has_no_coding),
        WORLD_TEST(test_it_answers_to_its_names_alone),
        WORLD_TEST(test_at_the_address_of_metrics_every_name_will_do),
        WORLD_TEST(test_requests_and_frames_may_be_cut_anywhere),
        WORLD_TEST(test_requests_may_come_byte_by_byte),
        WORLD_TEST(test_one_empty_line_before_a_request_is_ignored),
        WORLD_TEST(test_frames_right_behind_the_handshake_are_heard),
        WORLD_TEST(test_without_a_buffer_what_comes_behind_is_not_kept),
        WORLD_TEST(test_with_all_buffers_lent_out_no_half_is_kept),
        WORLD_TEST(test_the_subprotocol_that_the_path_knows_is_chosen),
        WORLD_TEST(test_origins_are_the_host_or_in_the_list),
        WORLD_TEST(test_compression_is_agreed_on_where_it_is_offered),
        WORLD_TEST(test_an_extension_that_cannot_be_read_is_400),
        WORLD_TEST(test_without_a_header_it_is_dropped),
        WORLD_TEST(test_the_time_is_that_of_both_together),
        WORLD_TEST(test_who_says_nothing_is_left_in_silence),
        WORLD_TEST(test_half_a_request_is_answered_with_408),
        WORLD_TEST(test_an_empty_line_is_no_beginning),
        WORLD_TEST(test_a_later_requests_time_begins_with_its_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
