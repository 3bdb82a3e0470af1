/* SPDX-License-Identifier: MIT */
/*
 * Goal: fields are found whatever the case of their names, and lists are
 * walked over all their lines, quoted strings whole. Section numbers are
 * those of RFC 9110.
 */
#include "base/text.h"
#include "support/request.h"
#include "support/unit.h"

static struct request request;
static const struct http_request *const parsed = &request.parsed;

/* ---- Fields -------------------------------------------------------------- */

static void test_a_field_is_found_without_case_and_counted(void **state)
{
    struct span value;
    (void)state;
    request_with(&request, "X-Tea: green\r\n"
                           "x-tea: black\r\n"
                           "X-Teapot: no\r\n");
    assert_int_equal(http_field(parsed, "x-TEA", &value), 2);
    assert_true(bytes_equal(value, BYTES_LITERAL("green")));
    assert_int_equal(http_field(parsed, "X-Te", &value), 0);
    assert_null(value.ptr);
    assert_int_equal(value.len, 0);
}

/* ---- Lists --------------------------------------------------------------- */

struct list_vector {
    const char *fields;
    const char *expect; /* the elements of list L, each with '|' behind it */
};

static const struct list_vector lists[] = {
    {"", ""},
    {"L:\r\n", ""},
    {"L: a\r\n", "a|"},
    {"L: a, b\r\n", "a|b|"},
    {"L: a,b ,\t c d\t\r\n", "a|b|c d|"},
    /* 5.6.1.2: its example of empty elements */
    {"L: foo , ,bar,charlie\r\n", "foo|bar|charlie|"},
    {"L: ,\r\n", ""},
    {"L: , ,a,,\r\n", "a|"},
    /* 5.3: one list, however many lines */
    {"L: a\r\nM: b\r\nl: c, d\r\nL:\r\nL: ,\r\nL: e\r\n", "a|c|d|e|"},
    /* 5.6.4: quoted strings */
    {"L: \"a, b\", c\r\n", "\"a, b\"|c|"},
    {"L: x=\"a,b\";y, c\r\n", "x=\"a,b\";y|c|"},
    {"L: \"a\\\",b\", c\r\n", "\"a\\\",b\"|c|"},
    {"L: \"a\\\\\", c\r\n", "\"a\\\\\"|c|"},
    {"L: a\\, b\r\n", "a\\|b|"},
    {"L: \"a, b\r\nL: c\r\n", "\"a, b|c|"},
    {"L: \"a\\\r\n", "\"a\\|"},
};

static void test_lists_are_walked_over_all_their_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(lists); i++) {
        struct http_list list = {0};
        struct span element;
        uint8_t bytes[128];
        struct text text = text_over(bytes, sizeof bytes);

        request_with(&request, lists[i].fields);
        while (http_list_next(parsed, "L", &list, &element)) {
            text_put(&text, element);
            text_byte(&text, '|');
        }
        assert_false(http_list_next(parsed, "L", &list, &element));
        text_byte(&text, 0);
        assert_string_equal(bytes, lists[i].expect);
    }
}

static void test_a_token_is_looked_for_without_case_and_whole(void **state)
{
    (void)state;
    request_with(&request, "Connection: keep-alive\r\n"
                           "Connection: x, UPgrade\r\n");
    assert_true(http_lists(parsed, "connection", "upgrade"));
    assert_true(http_lists(parsed, "Connection", "Keep-Alive"));
    assert_false(http_lists(parsed, "Connection", "keep"));
    assert_false(http_lists(parsed, "Connection", "upgrades"));
    assert_false(http_lists(parsed, "Upgrade", "upgrade"));
}

/* ---- Accept -------------------------------------------------------------- */

struct accept_vector {
    const char *fields;
    bool expect; /* does it name text/html? */
};

static const struct accept_vector accepts[] = {
    {"", false},
    {"Accept: */*\r\n", false}, /* curl */
    {"Accept: text/*\r\n", false},
    {"Accept: text/html\r\n", true},
    {"Accept: TEXT/Html\r\n", true}, /* 8.3.1 */
    {"Accept: text/htm\r\n", false},
    {"Accept: text/htmlx\r\n", false},
    {"Accept: application/json, text/html;q=0.9\r\n", true},
    {"Accept: application/json\r\nAccept: text/html\r\n", true},
    {"Accept: text/html ; q=0.001\r\n", true},
    {"Accept: text/html;q=1\r\n", true},
    {"Accept: text/html;level=1\r\n", true},
    {"Accept: text/html;q\r\n", true},
    {"Accept: text/html;quiet=0\r\n", true},
    {"Accept: text/html;level=\";q=0\"\r\n", true},
    /* 12.4.2: a weight of 0 means not acceptable */
    {"Accept: text/html;q=0\r\n", false},
    {"Accept: text/html;Q=0.000\r\n", false},
    {"Accept: text/html;level=1 ;\tq=0.0, */*\r\n", false},
    {"Accept: text/html;q=\r\n", false},
    {"Accept: text/html;q=high\r\n", false},
    {"Accept: text/html;q=:\r\n", false},
    {"Accept: text/html;q=0, text/html;level=1\r\n", true},
    {"Accept: \"text/html\"\r\n", false},
};

static void test_accept_names_a_type_unless_its_weight_is_0(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(accepts); i++) {
        request_with(&request, accepts[i].fields);
        assert_int_equal(http_accepts(parsed, "Accept", "text/html"),
                         accepts[i].expect);
    }
}

/* ---- If-None-Match ------------------------------------------------------- */

struct etag_vector {
    const char *fields;
    const char *etag;
    bool expect;
};

/* The first four are the table of 8.8.3.2, weak comparison. */
static const struct etag_vector etags[] = {
    {"If-None-Match: W/\"1\"\r\n", "W/\"1\"", true},
    {"If-None-Match: W/\"1\"\r\n", "W/\"2\"", false},
    {"If-None-Match: W/\"1\"\r\n", "\"1\"", true},
    {"If-None-Match: \"1\"\r\n", "\"1\"", true},
    {"If-None-Match: \"1\"\r\n", "W/\"1\"", true},
    /* 13.1.2 */
    {"", "\"1\"", false},
    {"If-None-Match: *\r\n", "\"1\"", true},
    {"If-None-Match: \"*\"\r\n", "\"1\"", false},
    {"If-None-Match: \"x,y\", \"1\"\r\n", "\"1\"", true},
    {"If-None-Match: \"x\"\r\nIf-None-Match: W/\"1\"\r\n", "\"1\"", true},
    {"If-None-Match: \"a\"\r\n", "\"A\"", false},
    {"If-None-Match: w/\"1\"\r\n", "\"1\"", false}, /* 8.8.3: case matters */
    {"If-None-Match: 1\r\n", "\"1\"", false},
    {"If-None-Match: W/\r\n", "\"1\"", false},
    {"If-None-Match: W\r\n", "\"1\"", false},
};

static void test_entity_tags_are_compared_weakly(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(etags); i++) {
        request_with(&request, etags[i].fields);
        assert_int_equal(http_none_match(parsed, bytes_of(etags[i].etag)),
                         etags[i].expect);
    }
}

/* ---- The connection and the body ----------------------------------------- */

static void test_a_connection_persists_unless_told_to_close(void **state)
{
    (void)state;
    request_with(&request, "");
    assert_true(http_persists(parsed));
    request_with(&request, "Connection: Upgrade\r\n");
    assert_true(http_persists(parsed));
    request_with(&request, "Connection: x, Close\r\n");
    assert_false(http_persists(parsed));
}

static void test_http_1_0_does_not_persist_even_if_it_asks(void **state)
{
    (void)state;
    request_read(&request, BYTES_LITERAL("GET / HTTP/1.0\r\n"
                                         "Connection: keep-alive\r\n"
                                         "\r\n"));
    assert_int_equal(request.status, 0);
    assert_false(http_persists(parsed));
}

static void test_the_body_is_as_long_as_content_length_says(void **state)
{
    (void)state;
    request_with(&request, "");
    assert_int_equal(http_body_len(parsed), 0);
    request_with(&request, "Content-Length: 0042\r\n");
    assert_int_equal(http_body_len(parsed), 42);
    request_with(&request, "Content-Length: 7, 7\r\n");
    assert_int_equal(http_body_len(parsed), 7);
    /* 8.6: larger than any integer is still a length. */
    request_with(&request, "Content-Length: 99999999999999999999\r\n");
    assert_true(http_body_len(parsed) == UINT64_MAX);
}

static void test_a_refused_content_length_counts_as_none(void **state)
{
    (void)state;
    request_read(&request, BYTES_LITERAL("GET / HTTP/1.0\r\n"
                                         "Content-Length: 12x\r\n"
                                         "\r\n"));
    assert_int_equal(request.status, 400);
    assert_int_equal(http_body_len(parsed), 0);
}

/* ---- The first line counts ----------------------------------------------- */

static void read_first(const char *field)
{
    uint8_t bytes[128];
    struct text head = text_over(bytes, sizeof bytes);
    text_string(&head, "GET / HTTP/1.1\r\n");
    text_string(&head, field);
    text_string(&head, "\r\nHost: a\r\n\r\n");
    request_read(&request, bytes_span(bytes, head.len));
    assert_int_equal(request.status, 0);
}

static void test_the_first_field_of_a_head_is_seen(void **state)
{
    (void)state;
    read_first("Connection: close");
    assert_false(http_persists(parsed));
    read_first("Accept: text/html");
    assert_true(http_accepts(parsed, "Accept", "text/html"));
    read_first("Accept-Encoding: deflate");
    assert_true(http_accepts(parsed, "Accept-Encoding", "deflate"));
    read_first("If-None-Match: \"1\"");
    assert_true(http_none_match(parsed, BYTES_LITERAL("\"1\"")));
    read_first("Content-Length: 5");
    assert_int_equal(http_body_len(parsed), 5);
}

static void test_a_coding_counts_where_it_is_named(void **state)
{
    (void)state;
    request_with(&request, "");
    assert_false(http_accepts(parsed, "Accept-Encoding", "deflate"));
    request_with(&request, "Accept: deflate\r\n");
    assert_false(http_accepts(parsed, "Accept-Encoding", "deflate"));
    request_with(&request, "Accept-Encoding: gzip, deflate;q=0\r\n");
    assert_false(http_accepts(parsed, "Accept-Encoding", "deflate"));
    request_with(&request, "Accept-Encoding: gzip, deflate;q=0.1\r\n");
    assert_true(http_accepts(parsed, "Accept-Encoding", "deflate"));
}

/* All the places are taken: there is no field behind the last. */
static void test_a_field_that_is_missing_among_64_is_missing(void **state)
{
    (void)state;
    uint8_t bytes[512];
    struct text head = text_over(bytes, sizeof bytes);
    text_string(&head, "GET / HTTP/1.0\r\n");
    for (size_t i = 0; i < HTTP_FIELDS_MAX; i++)
        text_string(&head, "A:b\r\n");
    text_string(&head, "\r\n");
    request_read(&request, bytes_span(bytes, head.len));
    assert_int_equal(parsed->field_count, HTTP_FIELDS_MAX);

    struct span value;
    struct http_list list = {0};
    assert_int_equal(http_field(parsed, "B", &value), 0);
    assert_int_equal(http_field(parsed, "A", &value), HTTP_FIELDS_MAX);
    assert_false(http_list_next(parsed, "B", &list, &value));
}

static void test_the_methods_of_the_rfcs_are_known(void **state)
{
    static const char *const known[] = {"GET",     "HEAD",   "POST",
                                        "PUT",     "DELETE", "CONNECT",
                                        "OPTIONS", "TRACE",  "PATCH"};
    static const char *const unknown[] = {"",     "get",  "GE",  "GETS",
                                          "BREW", "Post", "LINK"};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(known); i++)
        assert_true(http_method_known(bytes_of(known[i])));
    for (size_t i = 0; i < UNIT_COUNT(unknown); i++)
        assert_false(http_method_known(bytes_of(unknown[i])));
}

static void test_a_head_is_known_from_its_first_bytes(void **state)
{
    static const char *const heads[] = {"HEAD ", "\r\nHEAD /",
                                        "HEAD / HTTP/1.1\r\n\r\n"};
    static const char *const others[] = {
        "",      "\r",       "\r\n",          "HEAD",       "HEA",
        "head ", "\r\nHEAD", "\r\n\r\nHEAD ", "GET /HEAD ", "HEADS "};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(heads); i++)
        assert_true(http_asks_head(bytes_of(heads[i])));
    for (size_t i = 0; i < UNIT_COUNT(others); i++)
        assert_false(http_asks_head(bytes_of(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_field_is_found_without_case_and_counted),
        cmocka_unit_test(test_lists_are_walked_over_all_their_lines),
        cmocka_unit_test(test_a_token_is_looked_for_without_case_and_whole),
        cmocka_unit_test(test_accept_names_a_type_unless_its_weight_is_0),
        cmocka_unit_test(test_entity_tags_are_compared_weakly),
        cmocka_unit_test(test_a_connection_persists_unless_told_to_close),
        cmocka_unit_test(test_http_1_0_does_not_persist_even_if_it_asks),
        cmocka_unit_test(test_the_body_is_as_long_as_content_length_says),
        cmocka_unit_test(test_a_refused_content_length_counts_as_none),
        cmocka_unit_test(test_the_first_field_of_a_head_is_seen),
        cmocka_unit_test(test_a_coding_counts_where_it_is_named),
        cmocka_unit_test(test_a_field_that_is_missing_among_64_is_missing),
        cmocka_unit_test(test_the_methods_of_the_rfcs_are_known),
        cmocka_unit_test(test_a_head_is_known_from_its_first_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
