/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

/* RFC 6750 2.1: "Bearer" 1*SP token, the scheme in any case (RFC 9110 11.1).
   Other schemes are somebody else's: a proxy's, say. */
static size_t find_authorization(const struct http_request *request,
                                 struct span *token)
{
    struct span scheme = BYTES_LITERAL("Bearer");
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        struct span value = request->fields[i].value;
        if (!bytes_equal_nocase(request->fields[i].name,
                                BYTES_LITERAL("Authorization")))
            continue;
        size_t len = bytes_min(bytes_find(value, ' '), bytes_find(value, '\t'));
        if (!bytes_equal_nocase(bytes_part(value, 0, len), scheme))
            continue;
        *token = bytes_trim(bytes_after(value, len));
        count++;
    }
    return count;
}

/* A script in a browser can send nothing else of its own. */
static size_t find_subprotocol(const struct http_request *request,
                               struct span *token)
{
    struct span prefix = BYTES_LITERAL("bearer.");
    struct http_list list = {0};
    struct span element;
    size_t count = 0;
    while (http_list_next(request, "Sec-WebSocket-Protocol", &list, &element)) {
        if (!bytes_begins(element, prefix))
            continue;
        *token = bytes_after(element, prefix.len);
        count++;
    }
    return count;
}

/* RFC 6265 4.2.1: name=value; name=value. Names have their case. */
static size_t find_in_cookies(struct span cookies, struct span name,
                              struct span *token)
{
    size_t count = 0;
    while (cookies.len) {
        struct span pair = bytes_trim(bytes_cut(&cookies, ';'));
        size_t equals = bytes_find(pair, '=');
        if (equals == pair.len ||
            !bytes_equal(bytes_part(pair, 0, equals), name))
            continue;
        *token = bytes_after(pair, equals + 1);
        count++;
    }
    return count;
}

static size_t find_cookie(const struct http_request *request, struct span name,
                          struct span *token)
{
    size_t count = 0;
    for (size_t i = 0; i < request->field_count && name.len; i++)
        if (bytes_equal_nocase(request->fields[i].name,
                               BYTES_LITERAL("Cookie")))
            count += find_in_cookies(request->fields[i].value, name, token);
    return count;
}

const char *token_find(const struct http_request *request, struct span cookie,
                       struct span *token, enum token_source *source)
{
    /* What is found later is put over what was found before. */
    *token = bytes_span(NULL, 0);
    size_t cookies = find_cookie(request, cookie, token);
    size_t offered = find_subprotocol(request, token);
    size_t bearers = find_authorization(request, token);
    if (bearers + offered > 1)
        return "two tokens";
    if (cookies > 1)
        return "two cookies with a token";
    *source = bearers   ? TOKEN_AUTHORIZATION
              : offered ? TOKEN_SUBPROTOCOL
              : cookies ? TOKEN_COOKIE
                        : TOKEN_NOWHERE;
    return NULL;
}
