/* SPDX-License-Identifier: MIT */
/*
 * Goal: what a head may look like beside what tests/vectors/explain shows, and
 * what one direction learns of the other.
 */
#include "support/unit.h"
#include "wire/explain.h"

static struct explain client, server;
static uint8_t bytes[65536];
static struct text lines;

static int begin(void **state)
{
    (void)state;
    explain_begin(&client, true, EXPLAIN_HEAD);
    explain_begin(&server, false, EXPLAIN_HEAD);
    lines = text_over(bytes, sizeof bytes);
    return 0;
}

static void tell(struct explain *e, struct span in)
{
    lines.len = 0;
    assert_false(explain_run(e, &in, &lines));
    assert_int_equal(in.len, 0);
    assert_false(lines.overflow);
}

/* ---- Heads that are too much --------------------------------------------- */

static void test_a_request_line_that_fills_the_head_is_414(void **state)
{
    (void)state;
    uint8_t line[HTTP_HEAD_MAX + 1];
    memset(line, 'a', sizeof line);
    tell(&client, bytes_span(line, sizeof line));
    assert_string_equal(client.wrong.what, "the request line is too long");
    assert_int_equal(client.wrong.answer, 414);
    assert_int_equal(client.ignored, 1);
}

/* Nothing but the head's own room is written to, whatever came before. */
static void test_a_head_that_goes_on_is_cut_where_its_room_ends(void **state)
{
    (void)state;
    uint8_t line[HTTP_HEAD_MAX + 1];
    memset(line, 'a', sizeof line);
    tell(&client, bytes_span(line, 1000));
    tell(&client, bytes_span(line, sizeof line));
    assert_int_equal(client.wrong.answer, 414);
    assert_int_equal(client.ignored, 1001);
    assert_int_equal(client.frame.limit, UINT64_MAX);
    assert_true(client.frame.by_client);
}

static void put_fields(struct text *t, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        text_string(t, "a: b\r\n");
    text_string(t, "\r\n");
}

static void test_a_field_too_many_is_431(void **state)
{
    (void)state;
    uint8_t head[1024];
    struct text t = text_over(head, sizeof head);
    text_string(&t, "GET / HTTP/1.1\r\n");
    put_fields(&t, HTTP_FIELDS_MAX + 1);
    tell(&client, text_span(&t));
    assert_string_equal(client.wrong.what, "the head is too long");
    assert_int_equal(client.wrong.answer, 431);
}

static void test_a_response_may_have_as_many_fields_as_fit(void **state)
{
    (void)state;
    uint8_t head[1024];
    struct text t = text_over(head, sizeof head);
    text_string(&t, "HTTP/1.1 200 OK\r\n");
    put_fields(&t, HTTP_FIELDS_MAX - 1);
    t.len -= 2;
    text_string(&t, "Content-Length: 3\r\n\r\n");
    tell(&server, text_span(&t));
    assert_null(server.wrong.what);
    assert_int_equal(server.head.body_left, 3);
}

/* ---- Requests ------------------------------------------------------------ */

static void test_the_path_is_that_of_the_last_request(void **state)
{
    (void)state;
    tell(&client, BYTES_LITERAL("GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(bytes_equal(client.head.path, BYTES_LITERAL("/a")));
    tell(&client, BYTES_LITERAL("GET /b HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_true(bytes_equal(client.head.path, BYTES_LITERAL("/b")));
    tell(&server, BYTES_LITERAL("HTTP/1.1 404 Gone\r\n\r\n"));
    assert_int_equal(server.head.path.len, 0);
    tell(&client, BYTES_LITERAL("GET /c HTTP/1.1\r\nHost\r\n\r\n"));
    assert_int_equal(client.head.path.len, 0);
}

static void test_behind_a_request_with_a_body_nothing_is_looked_at(void **state)
{
    static const struct {
        const char *field;
        enum explain_phase phase;
    } trials[] = {
        {"Content-Length: 0", EXPLAIN_HEAD},
        {"Content-Length: 1", EXPLAIN_OVER},
        {"Connection: close", EXPLAIN_OVER},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        begin(state);
        tell(&client, BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n"));
        tell(&client, bytes_of(trials[i].field));
        tell(&client, BYTES_LITERAL("\r\n\r\n"));
        assert_null(client.wrong.what);
        assert_int_equal(client.phase, trials[i].phase);
    }
}

static void test_a_key_is_decoded_without_a_blank_before_it(void **state)
{
    (void)state;
    tell(&client, BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n"
                                "Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ=="));
    tell(&client, BYTES_LITERAL("\r\n\r\n"));
    text_byte(&lines, 0);
    assert_non_null(strstr((const char *)bytes, "74 68 65 20 73 61 6D 70"));
}

/* ---- Responses ----------------------------------------------------------- */

static void test_what_is_no_status_line(void **state)
{
    static const char *const starts[] = {
        "HTTP/1.1 20",     "HTTP/1.\r\n200: x", "HTTP/2.0 200 OK",
        "HTTP/1.1 0x0 OK", "HTTP/1.1 0200",     "HTTP/1.1 099 Low",
        "http/1.1 200 OK",
    };
    for (size_t i = 0; i < UNIT_COUNT(starts); i++) {
        begin(state);
        tell(&server, bytes_of(starts[i]));
        tell(&server, BYTES_LITERAL("\r\n\r\n"));
        assert_string_equal(server.wrong.what, "malformed status line");
    }
}

static void test_a_line_without_a_colon_is_no_field_of_a_response(void **state)
{
    (void)state;
    tell(&server, BYTES_LITERAL("HTTP/1.1 200 OK\r\nContent-Length\r\n"
                                "Content-Length: 3\r\n\r\n"));
    assert_string_equal(server.wrong.what, "malformed field");
}

#define PLAIN "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OPENING                                                                \
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"                      \
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"                     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

/* Whether a refusal ends what the client sends: only one of the handshake. */
static void
test_only_the_answer_to_the_handshake_says_what_follows(void **state)
{
    (void)state;
    struct span refusal =
        BYTES_LITERAL("HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n");
    tell(&client, BYTES_LITERAL(PLAIN));
    explain_learn(&server, &client);
    tell(&server, refusal);
    explain_learn(&client, &server);
    assert_int_equal(client.phase, EXPLAIN_HEAD);
    tell(&client, BYTES_LITERAL(PLAIN OPENING));
    assert_int_equal(client.phase, EXPLAIN_FRAMES);
    explain_learn(&server, &client);
    tell(&server, refusal);
    explain_learn(&client, &server); /* the answer to PLAIN */
    assert_int_equal(client.phase, EXPLAIN_FRAMES);
    tell(&server, refusal);
    explain_learn(&client, &server);
    assert_int_equal(client.phase, EXPLAIN_OVER);
}

/* The answers to some requests on one connection: a body each? */
static void test_the_answer_to_head_has_no_body(void **state)
{
    (void)state;
    struct span answer =
        BYTES_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n");
    tell(&client, BYTES_LITERAL("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
                                "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
                                "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"));
    explain_learn(&server, &client);
    tell(&server, answer);
    assert_int_equal(server.phase, EXPLAIN_HEAD);
    tell(&server, answer);
    assert_int_equal(server.phase, EXPLAIN_BODY);
    tell(&server, BYTES_LITERAL("x"));
    tell(&server, answer);
    assert_int_equal(server.phase, EXPLAIN_HEAD);
    for (unsigned i = 0; i < 64; i++) { /* more than are remembered at once */
        tell(&client, BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
        explain_learn(&server, &client);
        tell(&server, answer);
        assert_int_equal(server.phase, EXPLAIN_BODY);
        tell(&server, BYTES_LITERAL("x"));
    }
}

/* ---- What a response agrees to ------------------------------------------- */

#define ACCEPTED                                                               \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n" ACCEPTED

static void test_agreed_is_what_stands_beside_permessage_deflate(void **state)
{
    static const struct {
        const char *extensions;
        uint8_t deflate;
        uint8_t server_bits;
    } trials[] = {
        {"x-other; server_max_window_bits=9", EXPLAIN_DEFLATE_OFF, 15},
        {"x-other, permessage-deflate", EXPLAIN_DEFLATE_ON, 15},
        {"permessage-deflate; server_max_window_bits=9", EXPLAIN_DEFLATE_ON, 9},
        {"permessage-deflate; server_max_window_bits=8", EXPLAIN_DEFLATE_ON, 8},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        begin(state);
        tell(&server, BYTES_LITERAL(SWITCHING "Sec-WebSocket-Extensions: "));
        tell(&server, bytes_of(trials[i].extensions));
        tell(&server, BYTES_LITERAL("\r\n\r\n"));
        assert_int_equal(server.phase, EXPLAIN_FRAMES);
        assert_int_equal(server.agreed.deflate, trials[i].deflate);
        assert_int_equal(server.agreed.server_bits, trials[i].server_bits);
    }
}

/* RFC 9112 6.3: a coding counts, and a length beside it does not. */
static void test_a_response_in_chunks_ends_with_the_stream(void **state)
{
    (void)state;
    tell(&server, BYTES_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n"));
    assert_int_equal(server.phase, EXPLAIN_BODY);
    assert_true(server.head.body_left == UINT64_MAX);
}

static void test_what_no_offer_allows_is_wrong(void **state)
{
    static const char *const extensions[] = {
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=x",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate, permessage-deflate",
        ";;;=",
    };
    for (size_t i = 0; i < UNIT_COUNT(extensions); i++) {
        begin(state);
        tell(&server, BYTES_LITERAL(SWITCHING "Sec-WebSocket-Extensions: "));
        tell(&server, bytes_of(extensions[i]));
        tell(&server, BYTES_LITERAL("\r\n\r\n"));
        assert_int_equal(server.phase, EXPLAIN_OVER);
        assert_non_null(server.wrong.what);
    }
}

/* What chatd agrees to holds for the frames behind the request. */
static void test_frames_are_held_to_what_chatd_agrees_to(void **state)
{
    static const struct {
        const char *offer;
        uint8_t deflate, client_bits;
    } trials[] = {
        {"permessage-deflate", EXPLAIN_DEFLATE_ON, 15},
        {"permessage-deflate; client_max_window_bits=9", EXPLAIN_DEFLATE_ON, 9},
        {"permessage-deflate; unknown", EXPLAIN_DEFLATE_OFF, 15},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        begin(state);
        tell(&client,
             BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n"
                           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                           "Sec-WebSocket-Extensions: "));
        tell(&client, bytes_of(trials[i].offer));
        tell(&client, BYTES_LITERAL("\r\n\r\n"));
        assert_int_equal(client.phase, EXPLAIN_FRAMES);
        assert_int_equal(client.agreed.deflate, trials[i].deflate);
        assert_int_equal(client.agreed.client_bits, trials[i].client_bits);
        if (trials[i].deflate == EXPLAIN_DEFLATE_ON)
            assert_false(client.agreed.client_keeps);
    }
}

static void test_both_sides_may_keep_no_window(void **state)
{
    static const struct {
        const char *extension;
        bool client_keeps, server_keeps;
    } trials[] = {
        {"permessage-deflate", true, true},
        {"permessage-deflate;client_no_context_takeover", false, true},
        {"permessage-deflate;server_no_context_takeover", true, false},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        begin(state);
        tell(&server, BYTES_LITERAL("HTTP/1.1 101 Switching\r\n"
                                    "Sec-WebSocket-Extensions: "));
        tell(&server, bytes_of(trials[i].extension));
        tell(&server, BYTES_LITERAL("\r\n" ACCEPTED "\r\n"));
        assert_int_equal(server.phase, EXPLAIN_FRAMES);
        assert_int_equal(server.agreed.deflate, EXPLAIN_DEFLATE_ON);
        assert_int_equal(server.agreed.client_keeps, trials[i].client_keeps);
        assert_int_equal(server.agreed.server_keeps, trials[i].server_keeps);
    }
}

static void test_two_answers_to_one_key_are_none(void **state)
{
    (void)state;
    tell(&server,
         BYTES_LITERAL(SWITCHING
                       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                       "\r\n"));
    assert_string_equal(server.wrong.what, "not the answer to the key");
}

#define HEAD_TEST(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HEAD_TEST(test_a_request_line_that_fills_the_head_is_414),
        HEAD_TEST(test_a_head_that_goes_on_is_cut_where_its_room_ends),
        HEAD_TEST(test_a_field_too_many_is_431),
        HEAD_TEST(test_a_response_may_have_as_many_fields_as_fit),
        HEAD_TEST(test_the_path_is_that_of_the_last_request),
        HEAD_TEST(test_behind_a_request_with_a_body_nothing_is_looked_at),
        HEAD_TEST(test_a_key_is_decoded_without_a_blank_before_it),
        HEAD_TEST(test_what_is_no_status_line),
        HEAD_TEST(test_a_line_without_a_colon_is_no_field_of_a_response),
        HEAD_TEST(test_only_the_answer_to_the_handshake_says_what_follows),
        HEAD_TEST(test_the_answer_to_head_has_no_body),
        HEAD_TEST(test_two_answers_to_one_key_are_none),
        HEAD_TEST(test_agreed_is_what_stands_beside_permessage_deflate),
        HEAD_TEST(test_a_response_in_chunks_ends_with_the_stream),
        HEAD_TEST(test_what_no_offer_allows_is_wrong),
        HEAD_TEST(test_frames_are_held_to_what_chatd_agrees_to),
        HEAD_TEST(test_both_sides_may_keep_no_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
