/* SPDX-License-Identifier: MIT */
/*
 * Goal: exactly the handshakes of RFC 6455 4.2 are accepted, and the answer
 * is the one that the client waits for, however the request was cut.
 */
#include "support/request.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/handshake.h"
#include "wire/handshake.h"

#include <stdio.h>

/* ---- Vectors ------------------------------------------------------------- */

struct trial {
    struct request request;
    const struct handshake_vector *vector;
};

static void trial_begin(void *context)
{
    struct trial *t = context;
    request_begin(&t->request);
}

static void trial_take(void *context, uint8_t *ptr, size_t len)
{
    struct trial *t = context;
    request_take(&t->request, ptr, len);
}

static struct span span_or_none(const char *string)
{
    return string ? bytes_of(string) : bytes_span(NULL, 0);
}

/* What became of it: a status and why, or what was agreed. */
static void put_outcome(struct text *log, const struct trial *t)
{
    const struct handshake_vector *v = t->vector;
    bool any = v->origin && strcmp(v->origin, "*") == 0;
    struct span origins[] = {
        BYTES_LITERAL("https://first.example"),
        span_or_none(v->origin),
    };
    struct handshake_policy policy = {
        .origins = origins,
        .origin_count = v->origin && !any ? 2 : 0,
        .any_origin = any,
        .subprotocol = span_or_none(v->subprotocol),
    };
    struct handshake agreed;

    if (!handshake_wanted(&t->request.parsed)) {
        text_string(log, "not wanted");
        return;
    }
    enum fault fault = handshake_check(&t->request.parsed, &policy, &agreed);
    assert_int_equal(agreed.fault, fault);
    text_decimal(log, fault ? fault_rules[fault].answer : 101);
    text_byte(log, ' ');
    if (fault) {
        text_string(log, fault_rules[fault].what);
        return;
    }
    text_put(log, bytes_span(agreed.accept, sizeof agreed.accept));
    if (agreed.subprotocol.len) {
        assert_ptr_equal(agreed.subprotocol.ptr, v->subprotocol);
        text_byte(log, ' ');
        text_put(log, agreed.subprotocol);
    }
}

static void trial_end(void *context)
{
    struct trial *t = context;
    uint8_t bytes[128];
    struct text log = text_over(bytes, sizeof bytes);

    request_end(&t->request);
    assert_int_equal(t->request.step, HTTP_DONE);
    assert_int_equal(t->request.status, 0);
    put_outcome(&log, t);
    text_byte(&log, 0);
    assert_false(log.overflow);
    assert_string_equal(bytes, t->vector->expect);
}

static void test_every_vector_comes_out_as_expected_at_every_cut(void **state)
{
    static struct trial trial;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(handshake_vectors); i++) {
        const struct handshake_vector *v = &handshake_vectors[i];
        struct split split = {
            .name = v->name,
            .begin = trial_begin,
            .take = trial_take,
            .end = trial_end,
            .context = &trial,
        };
        trial.vector = v;
        split_run(&split, bytes_of(v->head));
    }
}

/* ---- Extensions ---------------------------------------------------------- */

static void test_all_fields_of_extensions_are_offers(void **state)
{
    (void)state;
    static struct request r;
    static const struct handshake_policy anybody = {.any_origin = true};
    static const struct {
        const char *fields;
        bool deflate;
        enum fault fault;
    } trials[] = {
        {"", false, FAULT_NONE},
        {"Sec-WebSocket-Extensions: permessage-deflate\r\n", true, FAULT_NONE},
        {"sec-websocket-extensions: x, permessage-deflate\r\n", true,
         FAULT_NONE},
        {"Sec-WebSocket-Extensions: x\r\n"
         "Sec-WebSocket-Extensions: permessage-deflate\r\n",
         true, FAULT_NONE},
        {"Sec-WebSocket-Extensions: x\r\nA: permessage-deflate\r\n", false,
         FAULT_NONE},
        {"Sec-WebSocket-Extensions: permessage-deflate\r\n"
         "Sec-WebSocket-Extensions: =\r\n",
         true, FAULT_EXTENSIONS},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        struct handshake agreed;
        uint8_t bytes[512];
        struct text t = text_over(bytes, sizeof bytes - 1);
        text_string(&t, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Version: 13\r\n");
        text_string(&t, trials[i].fields);
        bytes[t.len] = 0;
        request_with(&r, (const char *)bytes);
        assert_int_equal(handshake_check(&r.parsed, &anybody, &agreed),
                         trials[i].fault);
        if (trials[i].fault == FAULT_NONE)
            assert_int_equal(agreed.deflate, trials[i].deflate);
    }
}

/* The first field is looked at, and none behind the last. */
static void test_offers_are_in_the_fields_and_nowhere_else(void **state)
{
    (void)state;
    static struct request r;
    static const struct handshake_policy anybody = {.any_origin = true};
    struct handshake agreed;
    request_with(&r, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    struct http_request *q = &r.parsed;
    struct http_field first = q->fields[0], *last = &q->fields[5];
    assert_int_equal(q->field_count, 6);
    q->fields[0] = *last;
    *last = first;
    assert_int_equal(handshake_check(q, &anybody, &agreed), FAULT_NONE);
    assert_true(agreed.deflate);
    q->fields[6] = q->fields[0];
    q->fields[0] = *last;
    assert_int_equal(handshake_check(q, &anybody, &agreed), FAULT_NONE);
    assert_false(agreed.deflate);
}

/* What is agreed to where tokens may stand in that field. */
static void test_bearer_is_agreed_to_where_nothing_else_is(void **state)
{
    static const struct {
        const char *offered, *agreed;
        bool bearer;
    } trials[] = {
        {"bearer, bearer.a.b.c", "bearer", true},
        {"chat, bearer", "chat", true},
        {"bearer, chat", "chat", true},
        {"chat, bearer.a.b.c", "chat", false},
        {"bearer.a.b.c", "", false},
        {"Bearer", "", false},
        {"other", "", false},
    };
    (void)state;
    for (size_t i = 0; i < 2 * UNIT_COUNT(trials); i++) {
        static struct request r;
        char fields[256];
        bool wanted = i % 2 == 0;
        struct handshake_policy policy = {.any_origin = true,
                                          .subprotocol = BYTES_LITERAL("chat"),
                                          .bearer = wanted};
        struct handshake agreed;
        snprintf(fields, sizeof fields,
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "Sec-WebSocket-Version: 13\r\n"
                 "Sec-WebSocket-Protocol: %s\r\n",
                 trials[i / 2].offered);
        request_with(&r, fields);
        assert_int_equal(handshake_check(&r.parsed, &policy, &agreed),
                         FAULT_NONE);
        struct span expected = bytes_of(trials[i / 2].agreed);
        if (!wanted && bytes_equal(expected, bytes_of("bearer")))
            expected.len = 0;
        assert_true(bytes_equal(agreed.subprotocol, expected));
        assert_int_equal(agreed.bearer, wanted && trials[i / 2].bearer);
    }
}

/* ---- The answer ---------------------------------------------------------- */

static void test_the_key_of_rfc_6455_1_3_gives_its_accept_value(void **state)
{
    uint8_t accept[HANDSHAKE_ACCEPT_LEN];
    (void)state;
    handshake_accept(accept, BYTES_LITERAL("dGhlIHNhbXBsZSBub25jZQ=="));
    assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", sizeof accept);
}

static void expect_answer(const struct handshake *agreed, const char *expect)
{
    uint8_t bytes[256];
    struct text text = text_over(bytes, sizeof bytes);
    handshake_write(agreed, &text);
    text_byte(&text, 0);
    assert_false(text.overflow);
    assert_string_equal(bytes, expect);
}

/* 4.2.2, 5; the empty line is the caller's. */
static void test_the_answer_is_101_and_names_what_was_agreed(void **state)
{
    struct handshake agreed = {.fault = FAULT_NONE};
    (void)state;
    memcpy(agreed.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
    expect_answer(&agreed,
                  "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    agreed.subprotocol = BYTES_LITERAL("chat");
    expect_answer(&agreed,
                  "HTTP/1.1 101 Switching Protocols\r\n"
                  "Upgrade: websocket\r\n"
                  "Connection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                  "Sec-WebSocket-Protocol: chat\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_comes_out_as_expected_at_every_cut),
        cmocka_unit_test(test_all_fields_of_extensions_are_offers),
        cmocka_unit_test(test_offers_are_in_the_fields_and_nowhere_else),
        cmocka_unit_test(test_bearer_is_agreed_to_where_nothing_else_is),
        cmocka_unit_test(test_the_key_of_rfc_6455_1_3_gives_its_accept_value),
        cmocka_unit_test(test_the_answer_is_101_and_names_what_was_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
