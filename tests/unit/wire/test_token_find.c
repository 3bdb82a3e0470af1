/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "support/note.h"
#include "support/request.h"
#include "support/unit.h"

static struct note note;
static struct request request;

/* What is found is `a` where it may count, and `z` where it may not. */
static const struct {
    const char *fields;
    enum token_source source;
    const char *token;
} found[] = {
    {"", TOKEN_NOWHERE, ""},
    {"Authorization: Bearer a.b-c_d\r\n", TOKEN_AUTHORIZATION, "a.b-c_d"},
    {"authorization: BEARER a\r\n", TOKEN_AUTHORIZATION, "a"},
    {"Authorization: bearer   a\r\n", TOKEN_AUTHORIZATION, "a"},
    {"Authorization: Bearer\ta\r\n", TOKEN_AUTHORIZATION, "a"},
    {"Authorization: Bearer a b\r\n", TOKEN_AUTHORIZATION, "a b"},
    {"Authorization: Bearer\r\n", TOKEN_AUTHORIZATION, ""},
    {"Authorization: Bearer \r\n", TOKEN_AUTHORIZATION, ""},
    {"Authorization: Basic z\r\n", TOKEN_NOWHERE, ""},
    {"Authorization: Bearerz\r\n", TOKEN_NOWHERE, ""},
    {"Authorization: Beare z\r\n", TOKEN_NOWHERE, ""},
    {"Authorization:\r\n", TOKEN_NOWHERE, ""},
    {"Proxy-Authorization: Bearer z\r\n", TOKEN_NOWHERE, ""},
    {"Authorization: Basic z\r\nAuthorization: Bearer a\r\n",
     TOKEN_AUTHORIZATION, "a"},
    {"Authorization: Bearer a\r\nAuthorization: Basic z\r\n",
     TOKEN_AUTHORIZATION, "a"},
    {"Authorization: Basic z\r\nCookie: t=a\r\n", TOKEN_COOKIE, "a"},
    {"Sec-WebSocket-Protocol: bearer.a.b\r\n", TOKEN_SUBPROTOCOL, "a.b"},
    {"Sec-WebSocket-Protocol: chatd.v1, bearer.a\r\n", TOKEN_SUBPROTOCOL, "a"},
    {"Sec-WebSocket-Protocol: bearer.a,bearer\r\n", TOKEN_SUBPROTOCOL, "a"},
    {"Sec-WebSocket-Protocol: chatd.v1\r\nSec-WebSocket-Protocol: bearer.a\r\n",
     TOKEN_SUBPROTOCOL, "a"},
    {"Sec-WebSocket-Protocol: bearer.\r\n", TOKEN_SUBPROTOCOL, ""},
    {"Sec-WebSocket-Protocol: bearer, Bearer.z, xbearer.z, bearer\r\n",
     TOKEN_NOWHERE, ""},
    {"Cookie: t=a\r\n", TOKEN_COOKIE, "a"},
    {"cookie: x=z; t=a; y=z\r\n", TOKEN_COOKIE, "a"},
    {"Cookie: x=z;t=a;y=z\r\n", TOKEN_COOKIE, "a"},
    {"Cookie: x=z\r\nCookie: y=z; t=a\r\n", TOKEN_COOKIE, "a"},
    {"Cookie: t=a=b\r\n", TOKEN_COOKIE, "a=b"},
    {"Cookie: t=\r\n", TOKEN_COOKIE, ""},
    {"Cookie: ;; t=a;\r\n", TOKEN_COOKIE, "a"},
    {"Cookie: t; T=z; tt=z; xt=z; =z; t.=z\r\n", TOKEN_NOWHERE, ""},
    {"Cookie2: t=z\r\nSet-Cookie: t=z\r\n", TOKEN_NOWHERE, ""},
    {"Authorization: Bearer a\r\nCookie: t=z\r\n", TOKEN_AUTHORIZATION, "a"},
    {"Cookie: t=z\r\nAuthorization: Bearer a\r\n", TOKEN_AUTHORIZATION, "a"},
    {"Cookie: t=z\r\nAuthorization: Bearer\r\n", TOKEN_AUTHORIZATION, ""},
    {"Cookie: t=z\r\nSec-WebSocket-Protocol: bearer.a\r\n", TOKEN_SUBPROTOCOL,
     "a"},
    {"Sec-WebSocket-Protocol: bearer.\r\nCookie: t=z\r\n", TOKEN_SUBPROTOCOL,
     ""},
};

static const struct {
    const char *fields;
    const char *why;
} ambiguous[] = {
    {"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n", "two tokens"},
    {"Authorization: Bearer a\r\nAuthorization: bearer a\r\n", "two tokens"},
    {"Authorization: Bearer\r\nAuthorization: Bearer a\r\n", "two tokens"},
    {"Authorization: Bearer a\r\nSec-WebSocket-Protocol: bearer.a\r\n",
     "two tokens"},
    {"Sec-WebSocket-Protocol: bearer.a, bearer.b\r\n", "two tokens"},
    {"Sec-WebSocket-Protocol: bearer.a\r\nSec-WebSocket-Protocol: bearer.a\r\n",
     "two tokens"},
    {"Cookie: t=a; t=b\r\n", "two cookies with a token"},
    {"Cookie: t=a; x=1; t=a\r\n", "two cookies with a token"},
    {"Cookie: t=a\r\nCookie: t=b\r\n", "two cookies with a token"},
    {"Cookie: t=a; t=\r\n", "two cookies with a token"},
    {"Authorization: Bearer a\r\nCookie: t=a; t=b\r\n",
     "two cookies with a token"},
};

static const char *find(const char *fields, const char *cookie,
                        struct span *token, enum token_source *source)
{
    request_with(&request, fields);
    return token_find(&request.parsed, bytes_of(cookie), token, source);
}

static void test_where_a_token_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(found); i++) {
        note_open(&note, found[i].fields, "fields", i);
        struct span token;
        enum token_source source;
        assert_null(find(found[i].fields, "t", &token, &source));
        assert_int_equal(source, found[i].source);
        assert_int_equal(token.len, strlen(found[i].token));
        if (token.len)
            assert_memory_equal(token.ptr, found[i].token, token.len);
        note_close(&note);
    }
}

static void test_two_of_a_kind_are_not_chosen_from(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(ambiguous); i++) {
        note_open(&note, ambiguous[i].fields, "fields", i);
        struct span token;
        enum token_source source;
        const char *why = find(ambiguous[i].fields, "t", &token, &source);
        assert_non_null(why);
        assert_string_equal(why, ambiguous[i].why);
        note_close(&note);
    }
}

static void test_without_a_name_no_cookie_is_looked_at(void **state)
{
    (void)state;
    struct span token;
    enum token_source source;
    assert_null(find("Cookie: =z; =z; t=z; t=z\r\n", "", &token, &source));
    assert_int_equal(source, TOKEN_NOWHERE);
    assert_int_equal(token.len, 0);
}

/* Every field counts, the first one too, and none behind the last. */
static void test_from_the_first_field_to_the_last(void **state)
{
    (void)state;
    static const char *const fields[] = {"Authorization: Bearer a\r\n",
                                         "Sec-WebSocket-Protocol: bearer.a\r\n",
                                         "Cookie: t=a\r\n"};
    for (size_t i = 0; i < UNIT_COUNT(fields); i++) {
        uint8_t bytes[200];
        struct text t = text_over(bytes, sizeof bytes);
        struct span token;
        enum token_source source;
        text_string(&t, "GET / HTTP/1.1\r\n");
        text_string(&t, fields[i]);
        text_string(&t, "Host: a\r\n\r\n");
        request_read(&request, text_span(&t));
        struct http_request *r = &request.parsed;
        assert_int_equal(r->field_count, 2);
        r->fields[2] = r->fields[0]; /* of another request, say */
        assert_null(token_find(r, BYTES_LITERAL("t"), &token, &source));
        assert_int_equal(source, i + TOKEN_AUTHORIZATION);
        assert_int_equal(token.len, 1);
        assert_int_equal(token.ptr[0], 'a');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_a_token_is),
        cmocka_unit_test(test_two_of_a_kind_are_not_chosen_from),
        cmocka_unit_test(test_from_the_first_field_to_the_last),
        cmocka_unit_test(test_without_a_name_no_cookie_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
