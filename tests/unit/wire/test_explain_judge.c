/* SPDX-License-Identifier: MIT */
/*
 * Goal: of a head that is refused, the very bytes at fault; of a response,
 * what a client would look at.
 */
#include "wire/explain_judge.h"
#include "support/guard.h"
#include "support/unit.h"

#define UPGRADE                                                                \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Version: 13\r\n"                                            \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define SWITCHING                                                              \
    "HTTP/1.1 101\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define ANSWER "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void check(struct explain_judge v, unsigned status, const char *what,
                  size_t offset, size_t len)
{
    assert_int_equal(fault_rules[v.fault].answer, status);
    assert_string_equal(fault_rules[v.fault].what, what);
    assert_int_equal(v.offset, offset);
    assert_int_equal(v.len, len);
}

/* ---- A byte that ends the scan ------------------------------------------- */

static struct explain_judge scanned(struct span head, unsigned status)
{
    struct explain_judge v = {.fault = FAULT_NONE};
    explain_judge_scan(&v, head, status);
    return v;
}

static void test_the_last_byte_scanned_is_at_fault(void **state)
{
    (void)state;
    static const struct {
        const char *head;
        const char *what;
    } trials[] = {
        {"\x01", "a control character"},
        {"\n", "a LF without a CR before it"},
        {"\rG", "a CR that no LF follows"},
        {"G\rE", "a CR that no LF follows"},
        {"\n ", "a folded line, or a blank before a name"},
        {"G\r\n ", "a folded line, or a blank before a name"},
    };
    for (size_t i = 0; i < UNIT_COUNT(trials); i++) {
        size_t len = strlen(trials[i].head);
        /* Nothing in front of the head is looked at. */
        struct span head = bytes_span(guard_after(trials[i].head, len), len);
        check(scanned(head, 400), 400, trials[i].what, len - 1, 1);
        check(scanned(head, 414), 414, "the request line is too long", len - 1,
              1);
        check(scanned(head, 431), 431, "the head is too long", len - 1, 1);
    }
    guard_free_all();
}

/* ---- Requests ------------------------------------------------------------ */

static struct explain_judge judge(const char *head)
{
    struct explain_judge v = {.fault = FAULT_NONE};
    explain_judge_request(&v, bytes_of(head), NULL);
    return v;
}

static void test_the_first_byte_that_no_token_has_is_marked(void **state)
{
    (void)state;
    static const char token[] = "!#$%&'*+-.^_`|~09azAZ";
    for (size_t i = 0; i < sizeof token - 1; i++) {
        char head[] = "?(X / HTTP/1.1\r\nHost: a\r\n\r\n";
        head[0] = token[i];
        check(judge(head), 400, "malformed method", 1, 1);
    }
    static const char no_token[] = "\"(),/:;<=>?@[\\]{}\x80";
    for (size_t i = 0; i < sizeof no_token - 1; i++) {
        char head[] = "?(X / HTTP/1.1\r\nHost: a\r\n\r\n";
        head[0] = no_token[i];
        check(judge(head), 400, "malformed method", 0, 1);
    }
    check(judge("GET / HTTP/1.1\r\nHost: a\r\nna me: b\r\n\r\n"), 400,
          "malformed field", 27, 1);
    check(judge("GET / HTTP/1.1\r\nHost: a\r\nname\r\n\r\n"), 400,
          "malformed field", 29, 1);
}

/* The parts of a request line, with an empty line before it and without. */
static void test_of_the_request_line_a_part_is_marked(void **state)
{
    (void)state;
    check(judge("POST / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n"), 405,
          "a method other than GET", 0, 4);
    check(judge("\r\nPOST / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n"), 405,
          "a method other than GET", 2, 4);
    check(judge("PIST / HTTP/1.1\r\nHost: a\r\n" UPGRADE "\r\n"), 501,
          "unknown method", 0, 4);
    check(judge("GET /# HTTP/1.1\r\nHost: a\r\n\r\n"), 400, "malformed target",
          4, 2);
    check(judge("GET / HTTP/1\r\nHost: a\r\n\r\n"), 400,
          "malformed HTTP version", 6, 6);
}

static void test_a_field_that_is_missing_is_so_at_the_empty_line(void **state)
{
    (void)state;
    check(judge("GET / HTTP/1.1\r\n\r\n"), 400, "Host missing", 16, 1);
    check(judge("GET / HTTP/1.1\r\nHost: a\r\nHost: bc\r\n\r\n"), 400,
          "Host repeated", 31, 2);
}

/* ---- Responses ----------------------------------------------------------- */

static struct explain_judge judge_answer(const char *head, const char *accept)
{
    struct explain_judge v = {.fault = FAULT_NONE};
    explain_judge_response(&v, bytes_of(head), bytes_of(accept));
    return v;
}

static void test_a_status_line_needs_no_phrase(void **state)
{
    (void)state;
    struct explain_judge v =
        judge_answer("HTTP/1.1 200\r\nContent-Length: 3\r\n\r\n", "");
    assert_int_equal(v.fault, FAULT_NONE);
    assert_int_equal(v.status, 200);
    assert_int_equal(v.message.field_count, 1);
}

static void test_the_phrase_is_no_field(void **state)
{
    (void)state;
    struct explain_judge v = judge_answer("HTTP/1.1 200 Fine: 1\r\n\r\n", "");
    assert_int_equal(v.status, 200);
    assert_int_equal(v.message.field_count, 0);
}

static void test_no_blank_need_stand_behind_a_colon(void **state)
{
    (void)state;
    struct explain_judge v =
        judge_answer("HTTP/1.1 200\r\nContent-Length:3\r\n\r\n", "");
    assert_true(bytes_equal(v.message.fields[0].value, BYTES_LITERAL("3")));
}

static void test_the_answer_is_that_to_the_key_if_it_was_seen(void **state)
{
    (void)state;
    static const char head[] =
        SWITCHING "Sec-WebSocket-Accept: " ANSWER "\r\n\r\n";
    assert_int_equal(judge_answer(head, ANSWER).fault, FAULT_NONE);
    assert_int_equal(judge_answer(head, ANSWER).status, 101);
    assert_int_equal(judge_answer(head, "").fault, FAULT_NONE);
    check(judge_answer(head, "t3pPLMBiTxaQ9kYGzzhZRbK+xOo="), 0,
          "not the answer to the key", sizeof SWITCHING - 1 + 22,
          sizeof ANSWER - 1);
}

static void test_a_response_is_marked_where_it_is_wrong(void **state)
{
    (void)state;
    check(judge_answer("HTTP/1.1 2000 OK\r\n\r\n", ""), 0,
          "malformed status line", 9, 7);
    check(judge_answer("HTTP/1.xQ200 OK\r\n\r\n", ""), 0,
          "malformed status line", 13, 2);
    check(judge_answer("HTTP/1.0 101 OK\r\n\r\n", ""), 0,
          "101 in a version other than HTTP/1.1", 0, 8);
    check(judge_answer("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", ""), 400,
          "malformed field", 18, 1);
    check(judge_answer(SWITCHING "Content-Length: 12\r\n\r\n", ""), 0,
          "a body on a 101", sizeof SWITCHING - 1 + 16, 2);
    check(judge_answer(SWITCHING "Transfer-Encoding: x\r\n\r\n", ""), 0,
          "a body on a 101", sizeof SWITCHING - 1 + 19, 1);
    check(judge_answer(SWITCHING "Sec-WebSocket-Accept: " ANSWER "\r\n"
                                 "Sec-WebSocket-Protocol: a\r\n"
                                 "Sec-WebSocket-Protocol: b\r\n\r\n",
                       ""),
          0, "Sec-WebSocket-Protocol repeated",
          sizeof SWITCHING - 1 + 52 + 27 + 24, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_byte_scanned_is_at_fault),
        cmocka_unit_test(test_the_first_byte_that_no_token_has_is_marked),
        cmocka_unit_test(test_of_the_request_line_a_part_is_marked),
        cmocka_unit_test(test_a_field_that_is_missing_is_so_at_the_empty_line),
        cmocka_unit_test(test_a_status_line_needs_no_phrase),
        cmocka_unit_test(test_the_phrase_is_no_field),
        cmocka_unit_test(test_no_blank_need_stand_behind_a_colon),
        cmocka_unit_test(test_the_answer_is_that_to_the_key_if_it_was_seen),
        cmocka_unit_test(test_a_response_is_marked_where_it_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
