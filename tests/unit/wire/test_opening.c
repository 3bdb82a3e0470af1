/* SPDX-License-Identifier: MIT */
/*
 * Goal: a client asks as RFC 6455 4.1 has it, and takes exactly the responses
 * that answer what it asked, however they were cut.
 */
#include "support/random.h"
#include "support/request.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/opening.h"
#include "wire/opening.h"

static const uint8_t nonce_of_1_3[OPENING_NONCE_LEN] = "the sample nonce";

static struct opening asked(const struct extension_offer *offer)
{
    struct opening o = {
        .host = BYTES_LITERAL("server.example.com"),
        .target = BYTES_LITERAL("/chat"),
        .subprotocols = BYTES_LITERAL("chat, superchat"),
        .offer = offer,
    };
    memcpy(o.nonce, nonce_of_1_3, sizeof o.nonce);
    return o;
}

/* ---- Vectors ------------------------------------------------------------- */

struct trial {
    struct request request; /* its scan is the same for a response */
    const struct opening_vector *vector;
};

static void put_terms(struct text *log, const struct extension_terms *terms)
{
    if (!terms->deflate)
        return;
    text_string(log, " deflate ");
    text_decimal(log, terms->server_window_bits);
    text_byte(log, ' ');
    text_decimal(log, terms->client_window_bits);
    text_string(log, terms->server_keeps ? " server keeps," : "");
    text_string(log, terms->client_keeps ? " client keeps" : "");
}

static void put_outcome(struct text *log, const struct opening *opening,
                        struct span head)
{
    struct opening_answer answer;
    memset(&answer, 0xEE, sizeof answer);
    enum fault fault = opening_judge(opening, NULL, head, &answer);
    if (fault) {
        text_string(log, fault_rules[fault].what);
        return;
    }
    text_decimal(log, answer.status);
    if (answer.subprotocol.len) {
        text_byte(log, ' ');
        text_put(log, answer.subprotocol);
    }
    put_terms(log, &answer.terms);
}

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

static void trial_end(void *context)
{
    struct trial *t = context;
    uint8_t bytes[160];
    struct text log = text_over(bytes, sizeof bytes);
    struct opening opening = asked(t->vector->offer);
    assert_int_equal(t->request.step, HTTP_DONE);
    put_outcome(
        &log, &opening,
        bytes_span(t->request.edge - t->request.len, t->request.scan.pos));
    text_byte(&log, 0);
    assert_false(log.overflow);
    assert_string_equal(bytes, t->vector->expect);
}

static void test_every_vector_comes_out_as_expected_at_every_cut(void **state)
{
    static struct trial trial;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(opening_vectors); i++) {
        const struct opening_vector *v = &opening_vectors[i];
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

/* ---- A request that was not seen ----------------------------------------- */

static void assert_unseen(const uint8_t *accept, const char *head,
                          enum fault fault)
{
    static struct opening_answer answer;
    assert_int_equal(opening_judge(NULL, accept, bytes_of(head), &answer),
                     fault);
}

static void test_what_only_the_request_could_tell_is_believed(void **state)
{
    (void)state;
    assert_unseen(NULL, OPENING_GOOD "\r\n", FAULT_NONE);
    assert_unseen(NULL,
                  OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT
                  "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
                  FAULT_NONE);
    assert_unseen(NULL, OPENING_GOOD OPENING_EXTENSION "\r\n\r\n", FAULT_NONE);
    assert_unseen(NULL,
                  OPENING_GOOD OPENING_EXTENSION
                  "; client_max_window_bits=9\r\n\r\n",
                  FAULT_NONE);
    assert_unseen(NULL, OPENING_GOOD "Sec-WebSocket-Extensions: x; y=z\r\n\r\n",
                  FAULT_NONE);
    assert_unseen(NULL, OPENING_GOOD "Sec-WebSocket-Protocol: soap\r\n\r\n",
                  FAULT_NONE);
}

static void test_what_no_request_could_have_asked_for_is_not(void **state)
{
    (void)state;
    assert_unseen(NULL, OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT "\r\n",
                  FAULT_ACCEPT);
    assert_unseen(NULL,
                  OPENING_STATUS OPENING_UPGRADE OPENING_CONNECT
                  "Sec-WebSocket-Accept: AAAA\r\n\r\n",
                  FAULT_ACCEPT);
    assert_unseen(
        NULL, OPENING_GOOD OPENING_EXTENSION "; client_max_window_bits\r\n\r\n",
        FAULT_ANSWER_TERMS);
    assert_unseen(NULL,
                  OPENING_GOOD OPENING_EXTENSION
                  "; server_max_window_bits=99\r\n\r\n",
                  FAULT_ANSWER_TERMS);
    assert_unseen(NULL, OPENING_GOOD "Sec-WebSocket-Protocol: a b\r\n\r\n",
                  FAULT_PROTOCOL_FOREIGN);
    assert_unseen(NULL, OPENING_GOOD "Sec-WebSocket-Protocol:\r\n\r\n",
                  FAULT_PROTOCOL_FOREIGN);
}

static void test_an_answer_that_was_seen_elsewhere_is_compared(void **state)
{
    (void)state;
    const uint8_t *right = (const uint8_t *)"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    const uint8_t *other = (const uint8_t *)"AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_unseen(right, OPENING_GOOD "\r\n", FAULT_NONE);
    assert_unseen(other, OPENING_GOOD "\r\n", FAULT_ACCEPT);
}

/* ---- The request --------------------------------------------------------- */

static void assert_writes(const struct opening *o, const char *expected)
{
    uint8_t bytes[1024];
    struct text t = text_over(bytes, sizeof bytes - 1);
    opening_write(o, &t);
    assert_false(t.overflow);
    bytes[t.len] = 0;
    assert_string_equal(bytes, expected);
}

#define REQUEST_START                                                          \
    "GET /chat HTTP/1.1\r\n"                                                   \
    "Host: server.example.com\r\n"                                             \
    "Upgrade: websocket\r\n"                                                   \
    "Connection: Upgrade\r\n"                                                  \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                          \
    "Sec-WebSocket-Version: 13\r\n"

static void test_the_request_has_what_4_1_asks_for(void **state)
{
    (void)state;
    struct opening o = asked(NULL);
    o.subprotocols.len = 0;
    assert_writes(&o, REQUEST_START "\r\n");
}

static void test_and_what_the_caller_wants(void **state)
{
    (void)state;
    struct opening o = asked(&opening_all);
    o.origin = BYTES_LITERAL("http://example.com");
    o.fields = BYTES_LITERAL("Cookie: a=b\r\n");
    assert_writes(&o, REQUEST_START
                  "Origin: http://example.com\r\n"
                  "Sec-WebSocket-Protocol: chat, superchat\r\n"
                  "Sec-WebSocket-Extensions: permessage-deflate"
                  "; server_no_context_takeover; client_no_context_takeover"
                  "; server_max_window_bits=10; client_max_window_bits=11\r\n"
                  "Cookie: a=b\r\n\r\n");
}

static void test_the_hint_has_no_value(void **state)
{
    (void)state;
    struct opening o = asked(&opening_plain);
    assert_writes(&o,
                  REQUEST_START "Sec-WebSocket-Protocol: chat, superchat\r\n"
                                "Sec-WebSocket-Extensions: permessage-deflate"
                                "; client_max_window_bits\r\n\r\n");
}

/* ---- Both sides ---------------------------------------------------------- */

static struct extension_offer random_offer(struct random *r)
{
    return (struct extension_offer){
        .server_drops = random_below(r, 2),
        .client_drops = random_below(r, 2),
        .server_window_bits =
            random_below(r, 2) ? (uint8_t)(8 + random_below(r, 8)) : 0,
        .client_window_bits =
            random_below(r, 2) ? (uint8_t)(8 + random_below(r, 8)) : 0,
    };
}

/* What chatd answers to any offer is what its own client takes. */
static void our_server_answers_our_client(struct random *r)
{
    static struct request request;
    static struct opening_answer answer;
    static const struct handshake_policy policy = {
        .any_origin = true, .subprotocol = {(const uint8_t *)"superchat", 9}};
    uint8_t bytes[1024];
    struct text t = text_over(bytes, sizeof bytes);
    struct handshake agreed;
    struct extension_offer offer = random_offer(r);
    struct opening o = asked(&offer);
    random_fill(r, o.nonce, sizeof o.nonce);
    opening_write(&o, &t);
    request_read(&request, text_span(&t));
    assert_int_equal(request.status, 0);
    assert_true(handshake_wanted(&request.parsed));
    assert_int_equal(handshake_check(&request.parsed, &policy, &agreed),
                     FAULT_NONE);
    assert_true(agreed.deflate);
    t.len = 0;
    handshake_write(&agreed, &t);
    text_string(&t, "Sec-WebSocket-Extensions: ");
    extension_write(&agreed.extension, &t);
    text_string(&t, "\r\n\r\n");
    assert_int_equal(opening_judge(&o, NULL, text_span(&t), &answer),
                     FAULT_NONE);
    assert_true(answer.terms.deflate);
    assert_false(answer.terms.server_keeps || answer.terms.client_keeps);
    assert_int_equal(answer.terms.server_window_bits,
                     agreed.extension.server_window_bits);
    assert_true(bytes_equal(answer.subprotocol, BYTES_LITERAL("superchat")));
}

static void test_our_server_answers_our_client(void **state)
{
    (void)state;
    RANDOM_PROPERTY(our_server_answers_our_client, 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_comes_out_as_expected_at_every_cut),
        cmocka_unit_test(test_what_only_the_request_could_tell_is_believed),
        cmocka_unit_test(test_what_no_request_could_have_asked_for_is_not),
        cmocka_unit_test(test_an_answer_that_was_seen_elsewhere_is_compared),
        cmocka_unit_test(test_the_request_has_what_4_1_asks_for),
        cmocka_unit_test(test_and_what_the_caller_wants),
        cmocka_unit_test(test_the_hint_has_no_value),
        cmocka_unit_test(test_our_server_answers_our_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
