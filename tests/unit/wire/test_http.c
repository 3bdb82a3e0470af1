/* SPDX-License-Identifier: MIT */
/*
 * Goal: a request head is told apart from what is none, at the first byte
 * that decides it, and comes to the same end however it is cut.
 */
#include "base/text.h"
#include "support/death.h"
#include "support/request.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/http.h"

/* ---- One log for every outcome ------------------------------------------- */

#define LOG_SIZE 1024

static void put_request(struct text *log, const struct request *r)
{
    const struct http_request *q = &r->parsed;
    text_put(log, q->method);
    text_byte(log, ' ');
    text_put(log, q->path);
    if (q->query.ptr) {
        text_string(log, " query ");
        text_put(log, q->query);
    }
    text_string(log, " at ");
    text_put(log, q->authority.len ? q->authority : bytes_of("nothing"));
    text_string(log, ", HTTP/1.");
    text_decimal(log, q->minor);
    text_string(log, ", fields ");
    text_decimal(log, q->field_count);
    text_string(log, ", rest ");
    text_decimal(log, r->len - r->scan.pos);
}

/* What became of a request, as the vectors tell it. */
static void put_outcome(struct text *log, const struct request *r)
{
    if (r->step == HTTP_MORE) {
        text_string(log, "more");
    } else if (r->step == HTTP_DONE && r->status == 0) {
        put_request(log, r);
    } else {
        text_decimal(log, r->status);
        text_byte(log, ' ');
        if (r->step == HTTP_DONE) {
            text_string(log, fault_rules[r->parsed.fault].what);
        } else {
            text_string(log, "at byte ");
            text_decimal(log, r->scan.pos);
        }
    }
    text_byte(log, 0);
}

/* ---- A vector, however it is cut ----------------------------------------- */

struct trial {
    struct request request;
    const char *expect;
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

static void trial_end(void *context)
{
    struct trial *t = context;
    uint8_t log[LOG_SIZE];
    struct text text = text_over(log, sizeof log);

    request_end(&t->request);
    put_outcome(&text, &t->request);
    assert_false(text.overflow);
    assert_string_equal(log, t->expect);
}

static struct trial trial;

static void try_all(const char *name, struct span bytes, const char *expect)
{
    struct split split = {
        .name = name,
        .begin = trial_begin,
        .take = trial_take,
        .end = trial_end,
        .context = &trial,
    };
    trial.expect = expect;
    split_run(&split, bytes);
}

/* A vector with something before and behind it. */
static void try_around(const char *before, const struct http_vector *v,
                       const char *behind)
{
    uint8_t bytes[LOG_SIZE];
    struct text text = text_over(bytes, sizeof bytes);
    text_string(&text, before);
    text_put(&text, bytes_span(v->bytes, v->len));
    text_string(&text, behind);
    assert_false(text.overflow);
    try_all(v->name ? v->name : v->bytes, text_span(&text), v->expect);
}

static void try_array(const char *before, const struct http_vector *vectors,
                      size_t count, const char *behind)
{
    for (size_t i = 0; i < count; i++)
        try_around(before, &vectors[i], behind);
}

static void test_well_formed_heads_are_read(void **state)
{
    (void)state;
    try_array("", http_good, UNIT_COUNT(http_good), "");
}

static void test_a_bad_byte_is_refused_as_it_comes(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(http_bad_bytes); i++) {
        struct http_vector v = http_bad_bytes[i];
        uint8_t expect[32];
        struct text text = text_over(expect, sizeof expect);
        text_string(&text, "400 at byte ");
        text_decimal(&text, v.len);
        text_byte(&text, 0);
        v.expect = (const char *)expect;
        try_around("", &v, "");
        try_around("", &v, "\nmore\r\n\r\n");
    }
}

static void test_malformed_request_lines_are_refused(void **state)
{
    (void)state;
    try_array("", http_bad_request_lines, UNIT_COUNT(http_bad_request_lines),
              "\r\nHost: a\r\n\r\n");
}

static void test_malformed_fields_are_refused(void **state)
{
    (void)state;
    try_array("GET / HTTP/1.1\r\n", http_bad_fields,
              UNIT_COUNT(http_bad_fields), "\r\n");
}

static void test_of_two_faults_the_first_in_the_order_is_told(void **state)
{
    (void)state;
    try_array("", http_two_faults, UNIT_COUNT(http_two_faults), "");
}

/* ---- Host ---------------------------------------------------------------- */

static unsigned status_with_host(const char *before, const char *host,
                                 const char *behind)
{
    uint8_t bytes[256];
    struct text text = text_over(bytes, sizeof bytes);
    text_string(&text, before);
    text_string(&text, host);
    text_string(&text, behind);
    request_read(&trial.request, text_span(&text));
    assert_int_equal(trial.request.step, HTTP_DONE);
    return trial.request.status;
}

static void test_host_and_authority_have_one_grammar(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(http_good_hosts); i++) {
        const char *host = http_good_hosts[i];
        struct http_request *q = &trial.request.parsed;
        assert_int_equal(
            status_with_host("GET / HTTP/1.1\r\nHost:", host, "\r\n\r\n"), 0);
        assert_true(bytes_equal(q->authority, bytes_of(host)));
        assert_int_equal(
            status_with_host("GET ws://", host, "/ HTTP/1.0\r\n\r\n"), 0);
        assert_true(bytes_equal(q->authority, bytes_of(host)));
    }
    for (size_t i = 0; i < UNIT_COUNT(http_bad_hosts); i++) {
        const char *host = http_bad_hosts[i];
        assert_int_equal(
            status_with_host("GET / HTTP/1.1\r\nHost:", host, "\r\n\r\n"), 400);
        if (bytes_find(bytes_of(host), '/') < strlen(host))
            continue; /* there it ends the authority */
        assert_int_equal(
            status_with_host("GET ws://", host, "/ HTTP/1.0\r\n\r\n"), 400);
    }
}

/* ---- Every byte there is ------------------------------------------------- */

/* How a head fares with `byte` at the place of the '@' in it. */
static unsigned status_with_byte(const char *head, uint8_t byte)
{
    uint8_t bytes[128];
    size_t len = strlen(head);
    assert_true(len <= sizeof bytes);
    memcpy(bytes, head, len);
    bytes[bytes_find(bytes_span(head, len), '@')] = byte;
    request_read(&trial.request, bytes_span(bytes, len));
    return trial.request.status;
}

static void test_every_byte_has_its_places(void **state)
{
    const char *marks = "!#$%&'*+-.^_`|~"; /* RFC 9110 5.6.2 */
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool letter = (byte >= 'A' && byte <= 'Z') ||
                      (byte >= 'a' && byte <= 'z') ||
                      (byte >= '0' && byte <= '9');
        bool token = letter || memchr(marks, (int)byte, strlen(marks));
        bool target = byte > ' ' && byte < 0x7F && byte != '#';
        bool value = byte == '\t' || (byte >= ' ' && byte != 0x7F);
        uint8_t b = (uint8_t)byte;

        assert_int_equal(
            status_with_byte("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", b),
            token ? 0 : 400);
        assert_int_equal(
            status_with_byte("GET /@x HTTP/1.1\r\nHost: a\r\n\r\n", b),
            target ? 0 : 400);
        assert_int_equal(
            status_with_byte("GET / HTTP/1.1\r\nHost: a\r\nX@X: x\r\n\r\n", b),
            token || byte == ':' ? 0 : 400);
        assert_int_equal(
            status_with_byte("GET / HTTP/1.1\r\nHost: a\r\nX: x@x\r\n\r\n", b),
            value ? 0 : 400);
    }
}

/* ---- What comes out ------------------------------------------------------ */

static void test_values_come_without_the_white_space_around_them(void **state)
{
    (void)state;
    request_with(&trial.request, "A:b\r\n"
                                 "C: \t d \t e\t \r\n"
                                 "F:\r\n"
                                 "G: \t\r\n"
                                 "h:\x80:\xFF\r\n");
    const struct http_request *q = &trial.request.parsed;
    static const char *const expect[][2] = {
        {"Host", "a.example"},
        {"A", "b"},
        {"C", "d \t e"},
        {"F", ""},
        {"G", ""},
        {"h", "\x80:\xFF"},
    };
    assert_int_equal(q->field_count, UNIT_COUNT(expect));
    for (size_t i = 0; i < UNIT_COUNT(expect); i++) {
        assert_true(bytes_equal(q->fields[i].name, bytes_of(expect[i][0])));
        assert_true(bytes_equal(q->fields[i].value, bytes_of(expect[i][1])));
    }
}

static void test_a_refused_head_tells_the_log_what_could_be_read(void **state)
{
    struct span head = BYTES_LITERAL("POST / HTTP/1.1\r\nA: b\r\nC\r\n\r\n");
    (void)state;
    request_read(&trial.request, head);
    const struct http_request *q = &trial.request.parsed;
    assert_int_equal(q->fault, FAULT_FIELD);
    assert_true(bytes_equal(q->method, BYTES_LITERAL("POST")));
    assert_true(bytes_equal(q->path, BYTES_LITERAL("/")));
    assert_int_equal(q->field_count, 1);
}

static void test_an_empty_query_is_there_and_a_missing_one_is_not(void **state)
{
    (void)state;
    request_read(&trial.request, BYTES_LITERAL("GET /? HTTP/1.0\r\n\r\n"));
    assert_non_null(trial.request.parsed.query.ptr);
    assert_int_equal(trial.request.parsed.query.len, 0);
    request_read(&trial.request, BYTES_LITERAL("GET / HTTP/1.0\r\n\r\n"));
    assert_null(trial.request.parsed.query.ptr);
}

/* ---- Limits -------------------------------------------------------------- */

static uint8_t large[HTTP_HEAD_MAX + 64];

/* `before`, then so many 'x' that the last byte of `behind` is byte len. */
static struct span stuffed(size_t len, const char *before, const char *behind)
{
    size_t first = strlen(before);
    size_t last = strlen(behind);
    assert_true(len <= sizeof large && first + last <= len);
    memset(large, 'x', len);
    memcpy(large, before, first);
    memcpy(large + len - last, behind, last);
    return bytes_span(large, len);
}

static void test_the_largest_head_fits_and_one_byte_more_is_431(void **state)
{
    const char *start = "GET / HTTP/1.0\r\nA:";
    (void)state;
    try_all("16384 bytes", stuffed(HTTP_HEAD_MAX, start, "\r\n\r\n"),
            "GET / at nothing, HTTP/1.0, fields 1, rest 0");
    try_all("16385 bytes", stuffed(HTTP_HEAD_MAX + 1, start, "\r\n\r\n"),
            "431 at byte 16384");
    try_all("one byte less, unfinished",
            stuffed(HTTP_HEAD_MAX - 1, start, "\r\n\r"), "more");
}

static void test_a_request_line_that_fills_the_head_is_414(void **state)
{
    const char *end = " HTTP/1.0\r\n\r\n";
    (void)state;
    try_all("fits with the empty line", stuffed(HTTP_HEAD_MAX, "GET x", end),
            "400 malformed target");
    try_all("fits, the empty line does not",
            stuffed(HTTP_HEAD_MAX + 2, "GET /", end), "431 at byte 16384");
    try_all("all but its LF fits", stuffed(HTTP_HEAD_MAX + 3, "GET /", end),
            "414 at byte 16384");
    try_all("no end in sight", stuffed(HTTP_HEAD_MAX, "GET /", "x"),
            "414 at byte 16384");
    try_all("the empty line before it counts",
            stuffed(HTTP_HEAD_MAX + 3, "\r\nGET /", end), "414 at byte 16384");
}

static void test_field_line_65_is_431_with_its_first_byte(void **state)
{
    uint8_t bytes[512];
    struct text text = text_over(bytes, sizeof bytes);
    (void)state;
    text_string(&text, "GET / HTTP/1.0\r\n");
    for (size_t i = 0; i < HTTP_FIELDS_MAX; i++)
        text_string(&text, "A:\r\n");
    size_t len = text.len;
    assert_int_equal(len, 16 + 64 * 4);

    text_string(&text, "\r\n");
    try_all("64 fields", text_span(&text),
            "GET / at nothing, HTTP/1.0, fields 64, rest 0");
    text.len = len;
    text_string(&text, "A:\r\n\r\n");
    try_all("65 fields", text_span(&text), "431 at byte 273");
}

/* ---- The scanner's promises ---------------------------------------------- */

/* Linear: what was looked at once is not looked at again. */
static void test_scan_never_looks_back(void **state)
{
    struct span head = BYTES_LITERAL("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_scan scan = {0};
    uint8_t bytes[64] = {0};
    (void)state;
    for (size_t i = 0; i < head.len; i++) {
        bytes[i] = head.ptr[i];
        enum http_step step = http_scan(&scan, bytes, i + 1);
        assert_int_equal(step, i + 1 < head.len ? HTTP_MORE : HTTP_DONE);
        bytes[i] = 0; /* would be refused if it were looked at */
    }
}

static void test_an_empty_line_alone_is_no_request_begun(void **state)
{
    struct span head = BYTES_LITERAL("\r\nG");
    struct http_scan scan = {0};
    (void)state;
    for (size_t len = 0; len < head.len; len++) {
        assert_int_equal(http_scan(&scan, head.ptr, len), HTTP_MORE);
        assert_false(http_begun(&scan));
    }
    assert_int_equal(http_scan(&scan, head.ptr, head.len), HTTP_MORE);
    assert_true(http_begun(&scan));
}

static void test_a_refused_first_byte_is_a_request_begun(void **state)
{
    struct http_scan scan = {0};
    (void)state;
    assert_int_equal(http_scan(&scan, (const uint8_t *)"\n", 1), HTTP_BAD);
    assert_true(http_begun(&scan));
}

static void parse_half_a_head(void *context)
{
    struct span half = BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a\r\n");
    http_parse(context, half.ptr, half.len);
}

static void test_parsing_half_a_head_trips_a_check(void **state)
{
    struct http_request request;
    (void)state;
    assert_true(death_by_check(parse_half_a_head, &request));
}

static void parse_half_a_line_end(void *context)
{
    struct span half = BYTES_LITERAL("GET / HTTP/1.1\r");
    http_parse(context, half.ptr, half.len);
}

/* http_scan would have refused it. */
static void parse_a_field_too_many(void *context)
{
    static uint8_t bytes[1024];
    struct text head = text_over(bytes, sizeof bytes);
    text_string(&head, "GET / HTTP/1.1\r\n");
    for (unsigned i = 0; i <= HTTP_FIELDS_MAX; i++)
        text_string(&head, "a:\r\n");
    text_string(&head, "\r\n");
    http_parse(context, head.ptr, head.len);
}

static void test_parsing_what_was_not_scanned_trips_a_check(void **state)
{
    struct http_request request;
    (void)state;
    assert_true(death_by_check(parse_half_a_line_end, &request));
    assert_true(death_by_check(parse_a_field_too_many, &request));
}

static void test_a_token_is_looked_at_from_its_first_byte(void **state)
{
    (void)state;
    assert_int_equal(status_with_byte("@ET / HTTP/1.1\r\nHost: a\r\n\r\n", '('),
                     400);
    assert_int_equal(
        status_with_byte("GET / HTTP/1.1\r\nHost: a\r\n@X: x\r\n\r\n", '('),
        400);
}

static const char small_head[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

static void parse_the_start(void *context)
{
    struct http_request request;
    const uint8_t *start = context;
    http_parse(&request, start, strlen((const char *)start));
}

static void test_parsing_the_start_of_a_head_trips_a_check(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof small_head - 1; len++) {
        char start[sizeof small_head] = "";
        memcpy(start, small_head, len);
        assert_true(death_by_check(parse_the_start, start));
    }
}

static void test_what_was_there_before_a_head_is_parsed_is_gone(void **state)
{
    struct span head = BYTES_LITERAL("G(T / HTTP/1.1\r\nHost: a\r\n\r\n");
    struct http_request request;
    (void)state;
    memset(&request, 0xEE, sizeof request);
    assert_int_equal(http_parse(&request, head.ptr, head.len), FAULT_METHOD);
    assert_int_equal(request.method.len, 0);
    assert_int_equal(request.path.len, 0);
    assert_int_equal(request.authority.len, 0);
    assert_int_equal(request.field_count, 0);
}

static void parse_65_fields(void *context)
{
    uint8_t bytes[512];
    struct text text = text_over(bytes, sizeof bytes);
    text_string(&text, "GET / HTTP/1.0\r\n");
    for (size_t i = 0; i < HTTP_FIELDS_MAX + 1; i++)
        text_string(&text, "A:\r\n");
    text_string(&text, "\r\n");
    http_parse(context, bytes, text.len);
}

static void test_more_fields_than_the_scan_lets_pass_trip_a_check(void **state)
{
    struct http_request request[2];
    (void)state;
    assert_true(death_by_check(parse_65_fields, request));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_well_formed_heads_are_read),
        cmocka_unit_test(test_a_bad_byte_is_refused_as_it_comes),
        cmocka_unit_test(test_malformed_request_lines_are_refused),
        cmocka_unit_test(test_malformed_fields_are_refused),
        cmocka_unit_test(test_of_two_faults_the_first_in_the_order_is_told),
        cmocka_unit_test(test_host_and_authority_have_one_grammar),
        cmocka_unit_test(test_every_byte_has_its_places),
        cmocka_unit_test(test_values_come_without_the_white_space_around_them),
        cmocka_unit_test(test_a_refused_head_tells_the_log_what_could_be_read),
        cmocka_unit_test(test_an_empty_query_is_there_and_a_missing_one_is_not),
        cmocka_unit_test(test_the_largest_head_fits_and_one_byte_more_is_431),
        cmocka_unit_test(test_a_request_line_that_fills_the_head_is_414),
        cmocka_unit_test(test_field_line_65_is_431_with_its_first_byte),
        cmocka_unit_test(test_scan_never_looks_back),
        cmocka_unit_test(test_an_empty_line_alone_is_no_request_begun),
        cmocka_unit_test(test_a_refused_first_byte_is_a_request_begun),
        cmocka_unit_test(test_parsing_half_a_head_trips_a_check),
        cmocka_unit_test(test_parsing_what_was_not_scanned_trips_a_check),
        cmocka_unit_test(test_a_token_is_looked_at_from_its_first_byte),
        cmocka_unit_test(test_parsing_the_start_of_a_head_trips_a_check),
        cmocka_unit_test(test_what_was_there_before_a_head_is_parsed_is_gone),
        cmocka_unit_test(test_more_fields_than_the_scan_lets_pass_trip_a_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
