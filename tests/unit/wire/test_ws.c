/* SPDX-License-Identifier: MIT */
/*
 * Goal: who uses ws.h as its head says gets whole messages, in both roles,
 * compressed or not, however the bytes were cut; and learns at once what it
 * may not write.
 */
#include "wire/ws.h"
#include "support/guard.h"
#include "support/mirror.h"
#include "support/random.h"
#include "support/split.h"
#include "support/talk.h"
#include "support/unit.h"
#include "vectors/handshake.h"
#include "vectors/message.h"
#include "vectors/opening.h"
#include "wire/permessage.h"

#include <stdio.h>
#include <stdlib.h>

static const uint8_t no_key[4] = {0};
static const char deflate[] = OPENING_EXTENSION "\r\n";

/* ---- Every wire vector, in both roles ------------------------------------ */

/* A log of the message reader, as talk.h has it: frames of one message are one
   line, unless something came between. */
static struct span joined(const char *log, uint8_t *out, size_t size)
{
    struct text t = text_over(out, size);
    bool open = false;
    struct span rest = bytes_of(log);
    while (rest.len) {
        struct span line = bytes_cut(&rest, '\n');
        struct span text = BYTES_LITERAL("text ");
        struct span binary = BYTES_LITERAL("binary ");
        bool goes_on = bytes_begins(line, text) || bytes_begins(line, binary);
        if (goes_on && open) {
            t.len--;
            line = bytes_after(line, bytes_find(line, ' ') + 1);
        }
        text_put(&t, line);
        text_byte(&t, '\n');
        open = (goes_on || open || line.ptr[0] == '[') &&
               (line.len == 0 || line.ptr[line.len - 1] != ']') &&
               (goes_on || line.ptr[0] == '[');
    }
    return text_span(&t);
}

/* Of a log that ends with a failure, that line alone. */
static struct span last_line(struct span log)
{
    size_t at = log.len ? log.len - 1 : 0;
    while (at > 0 && log.ptr[at - 1] != '\n')
        at--;
    return bytes_after(log, at);
}

struct run {
    struct talk *talk;
    const struct ws_config *config;
    const char *fields;
    struct span log;
};

static void run_begin(void *context)
{
    struct run *run = context;
    talk_open(run->talk, run->config, run->fields);
}

static void run_take(void *context, uint8_t *ptr, size_t len)
{
    struct run *run = context;
    talk_take(run->talk, ptr, len);
}

static void run_end(void *context)
{
    struct run *run = context;
    struct span told = text_span(&run->talk->log), wanted = run->log;
    if (run->talk->broken)
        fail_msg("a promise is not kept: %s", run->talk->broken);
    if (bytes_begins(last_line(wanted), BYTES_LITERAL("fail"))) {
        told = last_line(told);
        wanted = last_line(wanted);
    }
    if (run->talk->in_line) /* that one may go on */
        wanted.len--;
    if (!bytes_equal(told, wanted))
        fail_msg("told:\n%.*s\nexpected:\n%.*s", (int)told.len,
                 (const char *)told.ptr, (int)wanted.len,
                 (const char *)wanted.ptr);
}

static void run_vector(const struct message_vector *v, bool client)
{
    static struct talk talk;
    static uint8_t wire[1 << 20], log[1 << 16];
    struct ws_config config = client ? talk_client() : (struct ws_config){0};
    config.max_message = (uint32_t)v->limit;
    struct run run = {&talk, &config, "", joined(v->log, log, sizeof log)};
    const char *masked = strstr(v->log, "a frame is not masked");
    struct span bytes = bytes_span(v->bytes, v->len);
    if (client) {
        bytes = bytes_span(wire, mirror_frames(wire, bytes.ptr, v->len));
        if (masked)
            run.log = bytes_of("fail 1002 a server's frame is masked\n");
    }
    talk_make(&talk, bytes.len, 1 << 20);
    const struct split split = {v->name, run_begin, run_take, run_end, &run};
    split_run(&split, bytes);
    talk_free(&talk);
}

static void test_every_vector_in_both_roles_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(message_vectors); i++) {
        if (message_vectors[i].deflate)
            continue; /* these are not inflated there: see below */
        run_vector(&message_vectors[i], false);
        run_vector(&message_vectors[i], true);
    }
}

/* ---- Handshakes ---------------------------------------------------------- */

static void take_string(struct talk *t, const char *s)
{
    talk_take(t, (const uint8_t *)s, strlen(s));
}

static void test_every_response_is_judged_as_opening_h_does(void **state)
{
    static struct talk t;
    (void)state;
    talk_make(&t, 4096, 4096);
    for (size_t i = 0; i < UNIT_COUNT(opening_vectors); i++) {
        const struct opening_vector *v = &opening_vectors[i];
        struct ws_config config = talk_client();
        if (v->offer && v->offer != &opening_plain)
            continue; /* what ws.h does not offer */
        config.deflate = v->offer ? WS_INFLATE : WS_PLAIN;
        talk_begin(&t, &config);
        talk_take(&t, (const uint8_t *)v->head, strlen(v->head));
        assert_null(t.broken);
        bool open = strncmp(v->expect, "101", 3) == 0 &&
                    strncmp(v->expect, "101 in", 6) != 0;
        assert_int_equal(ws_is_open(t.ws), open);
        if (open || strcmp(v->expect, "103") == 0)
            assert_false(t.over);
        else if (atoi(v->expect) > 101)
            assert_int_equal(t.end.code, atoi(v->expect));
        else
            assert_string_equal(t.end.reason, v->expect);
        if (t.over && t.end.kind == WS_FAIL)
            assert_int_equal(t.end.code, 0); /* nobody would read a Close */
    }
    talk_free(&t);
}

static void test_a_refusal_shows_its_head(void **state)
{
    static struct talk t;
    static uint8_t in[] = "HTTP/1.1 401 No\r\nX: y\r\n\r\nbody";
    (void)state;
    struct ws_config config = talk_client();
    struct ws_event event;
    talk_make(&t, 16, 64);
    talk_begin(&t, &config);
    assert_int_equal(ws_read(t.ws, in, sizeof in - 1, &event),
                     sizeof in - 1 - 4);
    assert_int_equal(event.kind, WS_REFUSED);
    assert_int_equal(event.head.len, sizeof in - 1 - 4);
    assert_ptr_equal(event.head.ptr, in);
    talk_begin(&t, &config);
    take_string(&t, "HTTP/1.1 100 Go on\r\n\r\n\x01");
    assert_int_equal(t.end.kind, WS_FAIL);
    talk_free(&t);
}

static void test_windows_are_asked_for(void **state)
{
    static struct talk t;
    static char out[WS_HEAD_MAX];
    (void)state;
    talk_make(&t, 1, 64);
    for (uint8_t bits = 8; bits <= 16; bits++) {
        struct ws_config config = talk_client();
        char wanted[40];
        config.deflate = WS_INFLATE;
        config.window_bits = bits == 16 ? 0 : bits;
        talk_begin(&t, &config);
        out[ws_request(t.ws, (uint8_t *)out, sizeof out - 1)] = 0;
        snprintf(wanted, sizeof wanted, "server_max_window_bits=%d;", bits);
        assert_int_equal(strstr(out, wanted) != NULL, bits < 15);
        assert_non_null(strstr(out, "client_max_window_bits"));
    }
    talk_free(&t);
}

static void test_every_request_is_judged_as_handshake_h_does(void **state)
{
    static struct talk t;
    (void)state;
    talk_make(&t, 4096, 4096);
    for (size_t i = 0; i < UNIT_COUNT(handshake_vectors); i++) {
        const struct handshake_vector *v = &handshake_vectors[i];
        struct ws_config config = {0};
        talk_begin(&t, &config);
        t.accepts = true;
        talk_take(&t, (const uint8_t *)v->head, strlen(v->head));
        assert_null(t.broken);
        if (strcmp(v->expect, "not wanted") == 0)
            assert_int_equal(t.end.code, 426);
        else if (strncmp(v->expect, "403", 3) == 0)
            assert_true(ws_is_open(t.ws)); /* an origin is the caller's */
        else if (strncmp(v->expect, "101", 3) == 0)
            assert_true(ws_is_open(t.ws));
        else
            assert_int_equal(t.end.code, atoi(v->expect));
    }
    talk_free(&t);
}

static void test_interim_responses_are_passed_over(void **state)
{
    static struct talk t;
    (void)state;
    struct ws_config config = talk_client();
    const char *head =
        "HTTP/1.1 100 Continue\r\n\r\n"
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OPENING_GOOD
        "Sec-WebSocket-Protocol: chat\r\n\r\n\x81\x02hi";
    talk_make(&t, 4096, 4096);
    talk_begin(&t, &config);
    talk_take(&t, (const uint8_t *)head, strlen(head));
    text_byte(&t.log, 0);
    assert_string_equal(t.log.ptr, "open chat\n[text hi]\n");
    talk_free(&t);
}

static void test_a_head_of_other_bytes_is_refused(void **state)
{
    static struct talk t;
    uint8_t out[WS_HEAD_MAX];
    (void)state;
    talk_make(&t, WS_IN_MIN, 4096);
    struct ws_config config = {0};
    talk_begin(&t, &config);
    talk_take(&t, (const uint8_t *)"GET\n", 4);
    assert_int_equal(t.end.kind, WS_REFUSED);
    assert_int_equal(t.end.code, 400);
    assert_true(ws_refuse(t.ws, t.end.code, out, sizeof out) > 0);
    assert_int_equal(ws_refuse(t.ws, t.end.code, out, sizeof out), 0);

    config = talk_client();
    talk_begin(&t, &config);
    talk_take(&t, (const uint8_t *)"220 mail\n", 9);
    assert_int_equal(t.end.kind, WS_FAIL);
    assert_int_equal(t.end.code, 0);
    assert_int_equal(ws_answer(t.ws, &t.end, no_key, out, sizeof out), 0);
    assert_int_equal(ws_refuse(t.ws, 400, out, sizeof out), 0);

    static uint8_t long_head[WS_IN_MIN];
    memset(long_head, 'a', sizeof long_head);
    memcpy(long_head, "HTTP/1.1 101 OK\r\n", 17);
    talk_begin(&t, &config);
    talk_take(&t, long_head, sizeof long_head);
    assert_int_equal(t.end.kind, WS_FAIL);
    assert_string_equal(t.end.reason, "too long a head, or too many fields");
    talk_free(&t);
}

static void assert_request(struct ws_config config, bool good)
{
    static struct talk t;
    uint8_t out[WS_HEAD_MAX];
    talk_make(&t, 1, 64);
    talk_begin(&t, &config);
    size_t len = ws_request(t.ws, out, sizeof out);
    assert_int_equal(len > 0, good);
    if (good)
        assert_int_equal(ws_request(t.ws, out, len - 1), 0);
    talk_free(&t);
}

static void test_a_request_is_written_only_when_it_is_one(void **state)
{
    (void)state;
    struct ws_config c = talk_client();
    assert_request(c, true);
    c.fields = "Cookie: a=b\r\nX-Y: z\r\n";
    assert_request(c, true);
    c.fields = "Cookie: a=b\r\n\r\n";
    assert_request(c, false);
    c.fields = "Cookie: a=b";
    assert_request(c, false);
    c.fields = "Host: another\r\n";
    assert_request(c, false);
    c.fields = "Sec-WebSocket-Version: 8\r\n";
    assert_request(c, false);
    c = talk_client();
    c.target = "chat";
    assert_request(c, false);
    c.target = "/a b";
    assert_request(c, false);
    c.target = "/a\r\nX: y";
    assert_request(c, false);
    c = talk_client();
    c.host = "a b";
    assert_request(c, false);
    c.host = "a\r\nX: y";
    assert_request(c, false);
    c.host = NULL;
    assert_request(c, false);
    c = talk_client();
    c.origin = "http://a\r\nX: y";
    assert_request(c, false);
    c.origin = "\x7F";
    assert_request(c, false);
    c.origin = "~";
    assert_request(c, true);
    c = talk_client();
    c.subprotocols = "a\r\nX: y";
    assert_request(c, false);
    c.subprotocols = "\na";
    assert_request(c, false);
    c = talk_client();
    c.client = false;
    assert_request(c, false);
}

static void test_a_server_learns_who_asks_for_what(void **state)
{
    static struct talk t;
    (void)state;
    static uint8_t in[] =
        HANDSHAKE_GOOD "Origin: http://a.example\r\nCookie: a=b\r\n\r\n";
    static uint8_t query[] =
        "GET /x?y=z HTTP/1.1\r\nHost: h:1\r\n" HANDSHAKE_UPGRADE
            HANDSHAKE_VERSION HANDSHAKE_KEY "\r\n";
    struct ws_config config = {0};
    struct ws_event event;
    struct ws_bytes value;
    talk_make(&t, 4096, 64);
    talk_begin(&t, &config);
    size_t len = sizeof in - 1;
    assert_int_equal(ws_read(t.ws, in, len, &event), len);
    assert_int_equal(event.kind, WS_REQUEST);
    assert_memory_equal(event.path.ptr, "/chat", 5);
    assert_int_equal(event.path.len, 5);
    assert_memory_equal(event.host.ptr, "server.example.com", event.host.len);
    assert_int_equal(event.origin.len, 16);
    assert_memory_equal(event.origin.ptr, "http://a.example", 16);
    assert_int_equal(ws_field(event.head, "cookie", &value), 1);
    assert_int_equal(value.len, 3);
    assert_int_equal(ws_field(event.head, "none", &value), 0);
    assert_int_equal(ws_read(t.ws, in, 1, &event), 0); /* it waits */
    assert_int_equal(event.kind, WS_NONE);
    talk_begin(&t, &config);
    (void)ws_read(t.ws, query, sizeof query - 1, &event);
    assert_memory_equal(event.query.ptr, "y=z", 3);
    assert_memory_equal(event.host.ptr, "h:1", 3);
    talk_free(&t);
}

static void test_a_server_may_say_no(void **state)
{
    static struct talk t;
    (void)state;
    static uint8_t in[] = HANDSHAKE_GOOD "\r\n";
    static char out[512];
    struct ws_config config = {0};
    struct ws_event event;
    talk_make(&t, 4096, 64);
    for (unsigned status = 399; status <= 600; status++) {
        talk_begin(&t, &config);
        assert_int_equal(ws_refuse(t.ws, 403, (uint8_t *)out, 512), 0);
        (void)ws_read(t.ws, in, sizeof in - 1, &event);
        size_t len = ws_refuse(t.ws, status, (uint8_t *)out, 512);
        assert_int_equal(len > 0, status >= 400 && status <= 599);
        assert_false(ws_is_open(t.ws));
        if (len)
            assert_int_equal(ws_accept(t.ws, NULL, (uint8_t *)out, 512), 0);
        out[len] = 0;
        if (status == 403)
            assert_string_equal(out, "HTTP/1.1 403 Forbidden\r\n"
                                     "Content-Length: 0\r\n"
                                     "Connection: close\r\n\r\n");
        if (status == 426)
            assert_non_null(strstr(out, "Sec-WebSocket-Version: 13\r\n"));
        if (status == 405)
            assert_non_null(strstr(out, "Allow: GET\r\n"));
    }
    talk_free(&t);
}

static void test_a_server_agrees_to_a_subprotocol(void **state)
{
    static struct talk t;
    (void)state;
    static uint8_t in[] = HANDSHAKE_GOOD "\r\n";
    static char out[512];
    struct ws_config config = {0};
    struct ws_event event;
    talk_make(&t, 4096, 64);
    talk_begin(&t, &config);
    (void)ws_read(t.ws, in, sizeof in - 1, &event);
    assert_int_equal(ws_accept(t.ws, "a\r\nb", (uint8_t *)out, 512), 0);
    assert_int_equal(ws_accept(t.ws, "a b", (uint8_t *)out, 512), 0);
    assert_int_equal(ws_accept(t.ws, "soap", (uint8_t *)out, 20), 0);
    size_t len = ws_accept(t.ws, "soap", (uint8_t *)out, 512);
    out[len] = 0;
    assert_non_null(strstr(out, "Sec-WebSocket-Protocol: soap\r\n\r\n"));
    assert_int_equal(ws_refuse(t.ws, 403, (uint8_t *)out, 512), 0);
    assert_true(ws_is_open(t.ws));
    assert_int_equal(ws_accept(t.ws, "soap", (uint8_t *)out, 512), 0);
    talk_free(&t);
}

/* ---- Writing ------------------------------------------------------------- */

#define OUT 4096

static size_t put(struct talk *t, struct ws_frame frame, uint8_t *out)
{
    return ws_write(t->ws, &frame, out, OUT);
}

static void test_what_may_not_be_written_is_not(void **state)
{
    static struct talk t;
    uint8_t out[OUT], long_ping[126] = {0};
    (void)state;
    struct ws_config config = talk_client();
    const struct ws_frame text = {.kind = WS_TEXT, .ptr = "a", .len = 1};
    const struct ws_frame part = {
        .kind = WS_TEXT, .ptr = "a", .len = 1, .more = true};
    const struct ws_frame binary = {.kind = WS_BINARY, .ptr = "a", .len = 1};
    talk_make(&t, 4096, 64);
    talk_begin(&t, &config);
    assert_int_equal(put(&t, text, out), 0); /* not open yet */
    assert_int_equal(
        put(&t, (struct ws_frame){.kind = WS_CLOSE, .code = 1000}, out), 0);
    talk_open(&t, &config, "");
    assert_int_equal(ws_write(t.ws, &text, out, ws_bound(1) - 1), 0);
    assert_int_equal(put(&t, (struct ws_frame){.kind = WS_OPEN}, out), 0);
    const struct ws_frame ping = {.kind = WS_PING};
    assert_int_equal(ws_write(t.ws, &ping, out, WS_ANSWER_MAX - 1), 0);
    assert_int_equal(
        put(&t,
            (struct ws_frame){.kind = WS_PING, .ptr = long_ping, .len = 126},
            out),
        0);
    assert_int_equal(
        put(&t,
            (struct ws_frame){.kind = WS_PING, .ptr = long_ping, .len = 125},
            out),
        131);
    assert_int_equal(put(&t, part, out), 7);
    assert_int_equal(out[0], 0x01);
    assert_int_equal(put(&t, binary, out), 0); /* another kind */
    assert_int_equal(put(&t, text, out), 7);
    assert_int_equal(out[0], 0x80);
    assert_int_equal(put(&t, binary, out), 7);
    assert_int_equal(out[0], 0x82);
    const unsigned never[] = {0, 999, 1004, 1006, 1015, 2000, 5000};
    for (size_t i = 0; i < UNIT_COUNT(never); i++)
        assert_int_equal(
            put(&t, (struct ws_frame){.kind = WS_CLOSE, .code = never[i]}, out),
            0);
    struct ws_frame close = {
        .kind = WS_CLOSE, .code = 1000, .ptr = "bye", .len = 3};
    assert_int_equal(put(&t, close, out), 11);
    assert_false(ws_is_open(t.ws));
    assert_int_equal(put(&t, close, out), 0);
    assert_int_equal(put(&t, text, out), 0);
    talk_free(&t);
}

static void test_a_client_masks_with_the_key_it_is_given(void **state)
{
    static struct talk t;
    uint8_t out[OUT];
    (void)state;
    struct ws_config config = talk_client();
    talk_make(&t, 4096, 64);
    talk_open(&t, &config, "");
    struct ws_frame hello = {.kind = WS_TEXT,
                             .ptr = "Hello",
                             .len = 5,
                             .key = {0x37, 0xFA, 0x21, 0x3D}};
    assert_int_equal(put(&t, hello, out), 11); /* RFC 6455 5.7 */
    assert_memory_equal(out, "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58",
                        11);
    config = (struct ws_config){0};
    talk_open(&t, &config, "");
    assert_int_equal(put(&t, hello, out), 7);
    assert_memory_equal(out, "\x81\x05Hello", 7);
    talk_free(&t);
}

static void assert_answer(const char *wire, size_t len, const char *answer,
                          size_t answer_len)
{
    static struct talk t;
    static const uint8_t key[4] = {1, 2, 3, 4};
    uint8_t out[WS_ANSWER_MAX], in[200];
    struct ws_event event;
    struct ws_config config = talk_client();
    talk_make(&t, 4096, 256);
    talk_open(&t, &config, "");
    memcpy(in, wire, len);
    (void)ws_read(t.ws, in, len, &event);
    size_t got = ws_answer(t.ws, &event, key, out, sizeof out);
    assert_int_equal(got, answer_len);
    if (got) {
        assert_memory_equal(out + 2, key, 4);
        frame_mask(out + 6, got - 6, key, 0);
        memset(out + 2, 0, 4);
    }
    assert_memory_equal(out, answer, answer_len);
    talk_free(&t);
}

#define ANSWER(wire, answer)                                                   \
    assert_answer(wire, sizeof(wire) - 1, answer, sizeof(answer) - 1)

static void test_the_protocols_own_answers(void **state)
{
    (void)state;
    ANSWER("\x89\x02hi", "\x8A\x82\0\0\0\0hi");
    ANSWER("\x8A\x02hi", "");
    ANSWER("\x81\x02hi", "");
    ANSWER("\x88\x05\x03\xE9"
           "bye",
           "\x88\x82\0\0\0\0\x03\xE9");
    ANSWER("\x88\x00", "\x88\x80\0\0\0\0");
    ANSWER("\x83\x00", "\x88\x90\0\0\0\0\x03\xEAunknown opcode");
}

static void assert_over(struct talk *t, enum ws_kind kind, unsigned code,
                        const char *reason)
{
    uint8_t in[] = {0x81, 1, 'x'};
    struct ws_event event;
    assert_int_equal(t->end.kind, kind);
    assert_int_equal(t->end.code, code);
    if (reason)
        assert_string_equal(t->end.reason, reason);
    assert_false(ws_is_open(t->ws));
    assert_int_equal(ws_read(t->ws, in, sizeof in, &event), sizeof in);
    assert_int_equal(event.kind, WS_NONE);
}

static void test_after_the_end_all_is_thrown_away(void **state)
{
    static struct talk t;
    uint8_t out[OUT];
    (void)state;
    struct ws_config client = talk_client(), server = {0};
    const struct ws_frame close = {.kind = WS_CLOSE, .code = 1000};
    const struct ws_frame text = {.kind = WS_TEXT};
    talk_make(&t, 4096, 256);
    talk_open(&t, &client, "");
    talk_take(&t, (const uint8_t *)"\x83\x00", 2);
    assert_over(&t, WS_FAIL, 1002, "unknown opcode");
    assert_int_equal(put(&t, text, out), 0); /* but a Close may go out */
    assert_true(put(&t, close, out) > 0);
    talk_open(&t, &client, "");
    talk_take(&t, (const uint8_t *)"\x88\x00", 2);
    assert_over(&t, WS_CLOSE, 1005, NULL);
    talk_begin(&t, &client);
    take_string(&t, "HTTP/1.1 404 Not Found\r\n\r\n");
    assert_over(&t, WS_REFUSED, 404, "the server refuses");
    assert_int_equal(put(&t, close, out), 0);
    talk_begin(&t, &client);
    take_string(&t, OPENING_STATUS "\r\n");
    assert_over(&t, WS_FAIL, 0, "Upgrade is not websocket");
    talk_begin(&t, &client);
    take_string(&t, "HTTP\n");
    assert_over(&t, WS_FAIL, 0, "a byte that no head may hold");
    talk_begin(&t, &server);
    take_string(&t, "GET\n");
    assert_over(&t, WS_REFUSED, 400, "a byte that no head may hold");
    talk_begin(&t, &server);
    take_string(&t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_over(&t, WS_REFUSED, 426, "no WebSocket is asked for");
    talk_begin(&t, &server);
    take_string(&t, "GET / HTTP/1.1\r\n\r\n");
    assert_over(&t, WS_REFUSED, 400, "Host missing");
    talk_begin(&t, &server);
    take_string(
        &t, "POST / HTTP/1.1\r\nHost: a\r\n" HANDSHAKE_UPGRADE HANDSHAKE_VERSION
                HANDSHAKE_KEY "\r\n");
    assert_over(&t, WS_REFUSED, 405, "a method other than GET");
    talk_begin(&t, &server);
    take_string(
        &t, "PIST / HTTP/1.1\r\nHost: a\r\n" HANDSHAKE_UPGRADE HANDSHAKE_VERSION
                HANDSHAKE_KEY "\r\n");
    assert_over(&t, WS_REFUSED, 501, "unknown method");
    assert_int_equal(ws_refuse(t.ws, 501, out, 10), 0);
    assert_true(ws_refuse(t.ws, 501, out, sizeof out) > 0);
    talk_free(&t);
}

/* ---- Compression --------------------------------------------------------- */

static void assert_talk(const struct ws_config *config, const char *fields,
                        struct span wire, const char *log)
{
    static struct talk talk;
    struct run run = {&talk, config, fields, bytes_of(log)};
    talk_make(&talk, wire.len, 1 << 16);
    const struct split split = {log, run_begin, run_take, run_end, &run};
    split_run(&split, wire);
    talk_free(&talk);
}

static void test_compressed_messages_come_out_inflated(void **state)
{
    (void)state;
    struct ws_config config = talk_client();
    config.deflate = WS_INFLATE;
    /* RFC 7692 7.2.3.1, 7.2.3.2 (the window kept), 7.2.3.6. */
    assert_talk(
        &config, deflate,
        BYTES_LITERAL("\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"
                      "\x41\x02\xF2\x00\x89\x01!\x80\x03\x11\x00\x00"
                      "\xC1\x01\x00\xC2\x00\x81\x02hi"
                      "\xC1\x05\xF2\x00\x11\x00\x00"),
        "[text Hello]\n[text H\nping !\ntext ello]\n[text ]\n[binary ]\n"
        "[text hi]\n[text Hello]\n");
    /* Without takeover there is no window to refer to. */
    assert_talk(&config, OPENING_EXTENSION "; server_no_context_takeover\r\n",
                BYTES_LITERAL("\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"
                              "\xC1\x05\xF2\x00\x11\x00\x00"),
                "[text Hello]\nfail 1007 not DEFLATE data\n");
    /* Not agreed. */
    assert_talk(&config, "", BYTES_LITERAL("\xC1\x01\x00"),
                "fail 1002 a reserved bit is set\n");
}

static void test_what_is_wrong_with_a_compressed_message(void **state)
{
    (void)state;
    struct ws_config config = talk_client();
    config.deflate = WS_INFLATE;
    config.max_message = 5;
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"),
                "[text Hello]\n");
    config.max_message = 4;
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x07\xF2\x48\xCD\xC9\xC9\x07\x00"),
                "fail 1009 the message is too big\n");
    config.max_message = 0;
    assert_talk(&config, deflate, BYTES_LITERAL("\xC1\x01\x07"),
                "fail 1007 not DEFLATE data\n");
    assert_talk(&config, deflate, BYTES_LITERAL("\xC1\x02\xF2\x48"),
                "fail 1007 not the end of a compressed message\n");
    /* What comes first counts: FF, then too long; too long, then type 3. */
    config.max_message = 1;
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x08\x00\x02\x00\xFD\xFF\xFF"
                              "a\x00"),
                "fail 1007 a text message is not UTF-8\n");
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x08\x00\x02\x00\xFD\xFF"
                              "aa\x07"),
                "fail 1009 the message is too big\n");
    config.max_message = 0;
    /* Stored: FF is no text; C3 begins a character. */
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x07\x00\x01\x00\xFE\xFF\xFF\x00"),
                "fail 1007 a text message is not UTF-8\n");
    assert_talk(&config, deflate,
                BYTES_LITERAL("\xC1\x07\x00\x01\x00\xFE\xFF\xC3\x00"),
                "fail 1007 a text message is not UTF-8\n");
}

/* What is still to come out when the last byte is taken comes out, too: of as
   many letters as fill a piece, and a few more. */
static void test_a_last_byte_may_hold_much(void **state)
{
    static struct talk t;
    static struct deflate z;
    static uint8_t letters[WS_PIECE + 700], packed[400];
    (void)state;
    struct ws_config config = talk_client();
    config.deflate = WS_INFLATE;
    memset(letters, 'a', sizeof letters);
    talk_make(&t, 4096, 1 << 16);
    for (size_t len = WS_PIECE - 4; len <= sizeof letters; len++) {
        struct text out = text_over(packed + 4, sizeof packed - 4);
        assert_true(permessage_compress(&z, 15, bytes_span(letters, len),
                                        DEFLATE_FAST, &out));
        size_t at = frame_write(packed, 0xC1, out.len);
        memmove(packed + at, out.ptr, out.len);
        talk_open(&t, &config, deflate);
        talk_take(&t, packed, at + out.len);
        assert_null(t.broken);
        assert_int_equal(t.log.len, sizeof "[text ]\n" - 1 + len);
    }
    talk_free(&t);
}

/* Both agree, and both compress; and who may not, does not. */
static void assert_compresses(enum ws_deflate ours, enum ws_deflate theirs,
                              bool forgets)
{
    static struct talk c, s;
    static uint8_t letters[500], request[WS_HEAD_MAX], out[OUT];
    bool agreed = ours != WS_PLAIN && theirs != WS_PLAIN;
    struct ws_config client = talk_client(), server = {.deflate = theirs};
    const struct ws_frame text = {
        .kind = WS_TEXT, .ptr = letters, .len = sizeof letters};
    memset(letters, 'a', sizeof letters);
    client.deflate = ours;
    client.no_takeover = forgets;
    talk_make(&c, OUT, 4096);
    talk_make(&s, OUT, 4096);
    talk_begin(&c, &client);
    talk_begin(&s, &server);
    s.accepts = true;
    talk_take(&s, request, ws_request(c.ws, request, sizeof request));
    talk_take(&c, s.out.ptr, s.out.len);
    assert_true(ws_is_open(c.ws) && ws_is_open(s.ws));
    assert_int_equal(ws_refuse(s.ws, 403, out, sizeof out), 0);
    assert_int_equal(ws_write(c.ws, &text, out, ws_bound(500)) < 100,
                     agreed && ours == WS_DEFLATE);
    assert_int_equal(out[0], agreed && ours == WS_DEFLATE ? 0xC1 : 0x81);
    assert_int_equal(put(&s, text, out) < 100, agreed && theirs == WS_DEFLATE);
    assert_int_equal(out[0], agreed && theirs == WS_DEFLATE ? 0xC1 : 0x81);
    talk_free(&c);
    talk_free(&s);
}

static void test_who_may_compress_does(void **state)
{
    (void)state;
    for (unsigned ours = WS_PLAIN; ours <= WS_DEFLATE; ours++)
        for (unsigned theirs = WS_PLAIN; theirs <= WS_DEFLATE; theirs++) {
            assert_compresses((enum ws_deflate)ours, (enum ws_deflate)theirs,
                              false);
            assert_compresses((enum ws_deflate)ours, (enum ws_deflate)theirs,
                              true);
        }
}

static size_t second_len(const char *parameters)
{
    static struct talk t;
    uint8_t out[OUT];
    struct ws_config config = talk_client();
    const struct ws_frame text = {
        .kind = WS_TEXT, .ptr = "Hello, Hello!!", .len = 14};
    config.deflate = WS_DEFLATE;
    talk_make(&t, 4096, 64);
    talk_open(&t, &config, parameters);
    (void)put(&t, text, out);
    size_t len = put(&t, text, out);
    talk_free(&t);
    return len;
}

static void test_a_client_keeps_its_own_window_alone(void **state)
{
    (void)state;
    size_t kept = second_len(deflate);
    assert_int_equal(
        second_len(OPENING_EXTENSION "; server_no_context_takeover\r\n"), kept);
    assert_true(second_len(OPENING_EXTENSION
                           "; client_no_context_takeover\r\n") > kept);
}

static void test_what_gets_no_smaller_is_sent_as_it_is(void **state)
{
    static struct talk t;
    uint8_t out[OUT], bytes[100];
    (void)state;
    struct ws_config config = talk_client();
    struct random r = random_of(1);
    const struct ws_frame frame = {
        .kind = WS_BINARY, .ptr = bytes, .len = sizeof bytes};
    random_fill(&r, bytes, sizeof bytes);
    config.deflate = WS_DEFLATE;
    talk_make(&t, 4096, 64);
    talk_open(&t, &config,
              OPENING_EXTENSION "; client_no_context_takeover\r\n");
    assert_int_equal(put(&t, frame, out), 106);
    assert_int_equal(out[0], 0x82);
    talk_free(&t);
}

/* 256 bytes back, and 257: the smallest window of either side. */
static void test_each_window_is_that_of_who_sends(void **state)
{
    static struct deflate z;
    static uint8_t wire[600];
    (void)state;
    struct ws_config config = talk_client();
    uint8_t plain[514];
    for (size_t i = 0; i < 257; i++) /* no match but at 257 */
        plain[i] = plain[i + 257] = (uint8_t)(i * 7 + i / 3);
    config.deflate = WS_INFLATE;
    struct text out = text_over(wire + 4, sizeof wire - 4);
    assert_true(permessage_compress(&z, 15, bytes_span(plain, 514),
                                    DEFLATE_FAST, &out));
    size_t at = frame_write(wire, 0xC2, out.len);
    memmove(wire + at, out.ptr, out.len);
    assert_talk(&config, OPENING_EXTENSION "; server_max_window_bits=8\r\n",
                bytes_span(wire, at + out.len), "fail 1007 not DEFLATE data\n");
    static struct talk t;
    talk_make(&t, 1024, 4096);
    talk_open(&t, &config, OPENING_EXTENSION "; client_max_window_bits=8\r\n");
    talk_take(&t, wire, at + out.len);
    assert_false(t.over);
    /* And it writes with its own: the second half is not the first again. */
    static uint8_t written[2000];
    config.deflate = WS_DEFLATE;
    const struct ws_frame frame = {
        .kind = WS_BINARY, .ptr = plain, .len = sizeof plain};
    talk_open(&t, &config, OPENING_EXTENSION "; client_max_window_bits=8\r\n");
    size_t small = ws_write(t.ws, &frame, written, sizeof written);
    talk_open(&t, &config, OPENING_EXTENSION "; server_max_window_bits=8\r\n");
    assert_true(ws_write(t.ws, &frame, written, sizeof written) + 100 < small);
    talk_free(&t);
}

/* Nothing behind ws_size bytes is touched. */
static void test_the_memory_is_as_large_as_is_said(void **state)
{
    (void)state;
    static const uint8_t hello[] = "\xC1\x07\xF2\x48\xCD\xC9\xC9\x07";
    static char head[] = OPENING_GOOD OPENING_EXTENSION "\r\n\r\n";
    static char bare[] = OPENING_GOOD "\r\n";
    for (unsigned kind = WS_PLAIN; kind <= WS_DEFLATE; kind++) {
        struct ws_config config = talk_client();
        uint8_t in[sizeof head], out[OUT];
        struct ws_event event;
        const char *answer = kind ? head : bare;
        config.deflate = (enum ws_deflate)kind;
        size_t size = ws_size(&config);
        assert_int_equal(size % 16, 0);
        struct ws *ws = ws_begin(guard_before(NULL, size), &config);
        memcpy(in, answer, strlen(answer));
        (void)ws_read(ws, in, strlen(answer), &event);
        assert_int_equal(event.kind, WS_OPEN);
        memcpy(in, hello, sizeof hello);
        if (kind)
            (void)ws_read(ws, in, sizeof hello, &event);
        struct ws_frame frame = {.kind = WS_TEXT, .ptr = "aaaaaaaa", .len = 8};
        assert_true(ws_write(ws, &frame, out, sizeof out) > 0);
        guard_free_all();
    }
}

/* A client and a server of ours, with everything random. */
#define MESSAGE 20000

struct pair {
    struct talk *from, *to;
    struct random *random;
    struct text *log; /* what must be told */
    uint8_t key[4];
};

static void send_frame(struct pair *p, struct ws_frame frame)
{
    static uint8_t out[2 * MESSAGE];
    random_fill(p->random, frame.key, sizeof frame.key);
    size_t len = ws_write(p->from->ws, &frame, out, sizeof out);
    assert_true(len > 0 && len <= ws_bound(frame.len) + FRAME_CONTROL_MAX);
    for (size_t at = 0; at < len;) {
        size_t n = 1 + (size_t)random_below(p->random, 5000);
        n = bytes_min(n, len - at);
        talk_take(p->to, out + at, n);
        at += n;
    }
    assert_null(p->to->broken);
}

static void put_hex(struct text *log, const uint8_t *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (ptr[i] >= ' ' && ptr[i] <= '~' && !strchr("\\[]", ptr[i])) {
            text_byte(log, ptr[i]);
        } else {
            text_string(log, "\\x");
            text_hex(log, ptr[i], 2);
        }
    }
}

static void one_message(struct pair *p)
{
    static uint8_t bytes[MESSAGE];
    struct random *r = p->random;
    size_t len = (size_t)random_below(r, random_below(r, 3) ? 300 : MESSAGE);
    bool text = random_below(r, 2);
    bool in_parts = random_below(r, 3) == 0;
    unsigned letters = text ? 1 + (unsigned)random_below(r, 26) : 256;
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)((text ? 'a' : 0) + random_below(r, letters));
    text_string(p->log, text ? "[text " : "[binary ");
    put_hex(p->log, bytes, len);
    text_string(p->log, "]\n");
    struct ws_frame frame = {
        .kind = text ? WS_TEXT : WS_BINARY, .ptr = bytes, .len = len};
    if (in_parts) {
        frame.len = len / 2;
        frame.more = true;
        send_frame(p, frame);
        frame.ptr = bytes + frame.len;
        frame.len = len - frame.len;
        frame.more = false;
    }
    send_frame(p, frame);
    if (random_below(r, 4) == 0) {
        text_string(p->log, "ping \n");
        send_frame(p, (struct ws_frame){.kind = WS_PING});
    }
}

static struct talk client_talk, server_talk;

static void ours_understand_each_other(struct random *r)
{
    static uint8_t request[WS_HEAD_MAX], log_bytes[1 << 20];
    static struct talk *both[] = {&client_talk, &server_talk};
    struct ws_config client = talk_client(), server = {0};
    client.deflate = (enum ws_deflate)random_below(r, 3);
    server.deflate = (enum ws_deflate)random_below(r, 3);
    client.no_takeover = random_below(r, 2);
    client.window_bits =
        random_below(r, 2) ? (uint8_t)(8 + random_below(r, 8)) : 0;
    random_fill(r, client.nonce, sizeof client.nonce);
    talk_begin(&client_talk, &client);
    talk_begin(&server_talk, &server);
    server_talk.accepts = true;
    size_t len = ws_request(client_talk.ws, request, sizeof request);
    talk_take(&server_talk, request, len);
    talk_take(&client_talk, server_talk.out.ptr, server_talk.out.len);
    assert_true(ws_is_open(client_talk.ws) && ws_is_open(server_talk.ws));
    for (unsigned side = 0; side < 2; side++) {
        struct text log = text_over(log_bytes, sizeof log_bytes);
        struct pair p = {both[side], both[!side], r, &log, {0}};
        both[!side]->log.len = 0;
        for (int i = 0; i < 5; i++)
            one_message(&p);
        assert_true(bytes_equal(text_span(&both[!side]->log), text_span(&log)));
    }
}

static void test_ours_understand_each_other(void **state)
{
    (void)state;
    talk_make(&client_talk, 2 * MESSAGE, 1 << 20);
    talk_make(&server_talk, 2 * MESSAGE, 1 << 20);
    RANDOM_PROPERTY(ours_understand_each_other, 150);
    talk_free(&client_talk);
    talk_free(&server_talk);
}

static void test_a_client_takes_its_window_over(void **state)
{
    static struct talk t;
    static struct permessage_reader reader;
    uint8_t out[OUT], plain[64];
    size_t lens[2];
    (void)state;
    struct ws_config config = talk_client();
    config.deflate = WS_DEFLATE;
    talk_make(&t, 4096, 64);
    talk_open(&t, &config, deflate);
    for (int i = 0; i < 2; i++) {
        struct ws_frame hello = {
            .kind = WS_TEXT, .ptr = "Hello, Hello", .len = 12};
        lens[i] = put(&t, hello, out);
        assert_int_equal(out[0], 0xC1);
        struct span in = bytes_span(out + 6, lens[i] - 6);
        struct text to = text_over(plain, sizeof plain);
        unsigned blocks = 9;
        if (i == 0)
            permessage_begin(&reader, 15);
        else
            permessage_go_on(&reader);
        assert_int_equal(permessage_read(&reader, &in, &to, &blocks),
                         INFLATE_INPUT);
        assert_true(permessage_whole(&reader));
        assert_int_equal(to.len, 12);
        assert_memory_equal(plain, "Hello, Hello", 12);
    }
    assert_true(lens[1] < lens[0]);
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_in_both_roles_however_it_is_cut),
        cmocka_unit_test(test_every_response_is_judged_as_opening_h_does),
        cmocka_unit_test(test_every_request_is_judged_as_handshake_h_does),
        cmocka_unit_test(test_interim_responses_are_passed_over),
        cmocka_unit_test(test_a_head_of_other_bytes_is_refused),
        cmocka_unit_test(test_a_request_is_written_only_when_it_is_one),
        cmocka_unit_test(test_a_server_learns_who_asks_for_what),
        cmocka_unit_test(test_a_server_may_say_no),
        cmocka_unit_test(test_a_server_agrees_to_a_subprotocol),
        cmocka_unit_test(test_what_may_not_be_written_is_not),
        cmocka_unit_test(test_a_client_masks_with_the_key_it_is_given),
        cmocka_unit_test(test_the_protocols_own_answers),
        cmocka_unit_test(test_after_the_end_all_is_thrown_away),
        cmocka_unit_test(test_compressed_messages_come_out_inflated),
        cmocka_unit_test(test_what_is_wrong_with_a_compressed_message),
        cmocka_unit_test(test_a_refusal_shows_its_head),
        cmocka_unit_test(test_windows_are_asked_for),
        cmocka_unit_test(test_a_client_keeps_its_own_window_alone),
        cmocka_unit_test(test_what_gets_no_smaller_is_sent_as_it_is),
        cmocka_unit_test(test_a_last_byte_may_hold_much),
        cmocka_unit_test(test_who_may_compress_does),
        cmocka_unit_test(test_each_window_is_that_of_who_sends),
        cmocka_unit_test(test_the_memory_is_as_large_as_is_said),
        cmocka_unit_test(test_ours_understand_each_other),
        cmocka_unit_test(test_a_client_takes_its_window_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
