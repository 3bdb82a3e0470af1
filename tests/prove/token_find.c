/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/token_find.c
 * with: src/base/bytes.c src/wire/http_fields.c
 * eva: -eva-slevel 1000 -eva-split-return full
 *
 * Requests with fields of some shapes, and cookies of some names.
 */
#include "tests/prove/prove.h"

#include "wire/token.h"

#define FIELD(n, v)                                                            \
    {                                                                          \
        .name = BYTES_LITERAL(n), .value = BYTES_LITERAL(v)                    \
    }

static void find(const struct http_request *request, const char *cookie,
                 struct span *token)
{
    enum token_source source = TOKEN_NOWHERE;
    if (token_find(request, bytes_of(cookie), token, &source)) {
        *token = bytes_span(NULL, 0);
        return;
    }
    //@ assert one_of_them: source <= TOKEN_COOKIE;
    if (source != TOKEN_NOWHERE) {
        //@ assert there: token->ptr != \null;
    }
}

/* In one field, of this name and shape. */
static void find_in(const char *name, const char *shape)
{
    static const char *const names[] = {"", "a", "ab"};
    struct span value = any_like(shape, ' '), token;
    struct http_request request = {.field_count = 1};
    request.fields[0].name = bytes_of(name);
    request.fields[0].value = value;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        find(&request, names[i], &token);
        //@ assert no_longer: token.len <= value.len;
        if (token.ptr) {
            //@ assert inside: value.ptr <= token.ptr <= value.ptr + value.len;
        }
    }
}

static void find_in_all(const char *name, const char *const *shapes)
{
    for (; *shapes; shapes++)
        find_in(name, *shapes);
}

void main(void)
{
    static const char *const authorizations[] = {
        "",         "?",          "??",         "Beare??", "bearer ?",
        "BEARER??", "Bearer\t? ", "Bearer ?.?", "Basic a", NULL};
    static const char *const subprotocols[] = {
        "",         "?",           "bearer?",           "bearer.",
        "bearer.?", "a, bearer.?", "bearer.?,bearer.a", NULL};
    static const char *const cookies[] = {
        "",        "?",        "??=",     "a=?", "a=b; ?", "?a=b;a",
        "a=?;b=?", "a=?;;a=?", " a = b ", "???", NULL};
    struct span token;
    find_in_all("Authorization", authorizations);
    find_in_all("Sec-WebSocket-Protocol", subprotocols);
    find_in_all("Cookie", cookies);
    find_in("Other", "?");
    struct http_request none = {.field_count = 0};
    find(&none, "a", &token);
    struct http_request each = {.field_count = 3,
                                .fields = {FIELD("Authorization", "Bearer a"),
                                           FIELD("Sec-WebSocket-Protocol", "b"),
                                           FIELD("Cookie", "a=b")}};
    find(&each, "a", &token);
    struct http_request two = {.field_count = 2,
                               .fields = {FIELD("Authorization", "Bearer a"),
                                          FIELD("authorization", "bearer b")}};
    find(&two, "", &token);
}
