/* SPDX-License-Identifier: MIT */
/* Goal: paths and queries say what they say once decoded, or are refused. */
#include "support/guard.h"
#include "support/unit.h"
#include "wire/http.h"

/* ---- Percent-encoding ---------------------------------------------------- */

struct decode_vector {
    const char *encoded;
    const char *expect; /* NULL: refused */
    bool plus;
};

static const struct decode_vector decodes[] = {
    {.encoded = "", .expect = ""},
    {.encoded = "tea", .expect = "tea"},
    {.encoded = "%74%65%61", .expect = "tea"},
    {.encoded = "%c3%bC", .expect = "\xC3\xBC"}, /* RFC 3986 2.1: no case */
    {.encoded = "a%2Fb", .expect = "a/b"},
    {.encoded = "%2525", .expect = "%25"}, /* 2.4: decoded once */
    {.encoded = "a+b", .expect = "a+b"},
    {.encoded = "a+b%2B", .plus = true, .expect = "a b+"},
    {.encoded = "%", .expect = NULL},
    {.encoded = "a%4", .expect = NULL},
    {.encoded = "%4g", .expect = NULL},
    {.encoded = "%g4", .expect = NULL},
    {.encoded = "%%41", .expect = NULL},
};

static void test_percent_encoding_is_undone_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(decodes); i++) {
        const struct decode_vector *v = &decodes[i];
        size_t len = strlen(v->encoded);
        size_t size = v->expect ? strlen(v->expect) : len;
        uint8_t *in = guard_before(v->encoded, len);
        uint8_t *out = guard_before(NULL, size);

        ptrdiff_t got = http_decode(out, size, bytes_span(in, len), v->plus);
        assert_int_equal(got, v->expect ? (ptrdiff_t)size : -1);
        if (v->expect)
            assert_memory_equal(out, v->expect, size);
        guard_free_all();
    }
}

static void test_nul_is_decoded_like_any_byte(void **state)
{
    uint8_t out[1] = {1};
    (void)state;
    assert_int_equal(http_decode(out, 1, BYTES_LITERAL("%00"), false), 1);
    assert_int_equal(out[0], 0);
}

static void test_decoding_stops_where_its_room_ends(void **state)
{
    uint8_t *out = guard_before(NULL, 2);
    (void)state;
    assert_int_equal(http_decode(out, 2, BYTES_LITERAL("ab"), false), 2);
    assert_int_equal(http_decode(out, 2, BYTES_LITERAL("abc"), false), -1);
    assert_int_equal(http_decode(out, 2, BYTES_LITERAL("ab%63"), false), -1);
    guard_free_all();
}

/* ---- Queries ------------------------------------------------------------- */

struct query_vector {
    const char *query;
    const char *expect; /* of key "name"; NULL: not there */
};

static const struct query_vector queries[] = {
    {"", NULL},
    {"name=Ann", "Ann"},
    {"since=1-2&name=Ann", "Ann"},
    {"name=Ann&since=1-2", "Ann"},
    {"name=Ann&name=Bob", "Bob"}, /* the last one counts */
    {"name=Ann&name", ""},
    {"name", ""},
    {"name&x=y", ""},
    {"name=", ""},
    {"name=a=b", "a=b"},
    {"name=%41+", "%41+"}, /* not decoded */
    {"&&name=x&&", "x"},
    {"names=x&nam=y&=name&Name=z", NULL},
    {"n%61me=x", NULL},
    {"x=name=y", NULL},
};

static void test_a_query_gives_the_last_value_of_a_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(queries); i++) {
        const struct query_vector *v = &queries[i];
        size_t len = strlen(v->query);
        struct span query = bytes_span(guard_before(v->query, len), len);
        struct span value;

        assert_int_equal(http_query(query, "name", &value), v->expect != NULL);
        if (v->expect)
            assert_true(bytes_equal(value, bytes_of(v->expect)));
        guard_free_all();
    }
}

static void test_a_missing_query_holds_no_key(void **state)
{
    struct span value;
    (void)state;
    assert_false(http_query(bytes_span(NULL, 0), "name", &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_percent_encoding_is_undone_once),
        cmocka_unit_test(test_nul_is_decoded_like_any_byte),
        cmocka_unit_test(test_decoding_stops_where_its_room_ends),
        cmocka_unit_test(test_a_query_gives_the_last_value_of_a_key),
        cmocka_unit_test(test_a_missing_query_holds_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
