/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/wire/handshake.c src/wire/origin.c
 * with: src/base/bytes.c src/base/text.c src/base/ip.c src/base/calendar.c
 * with: src/base/base64.c src/base/sha1.c src/wire/authority.c
 * with: src/wire/extension.c src/wire/http.c src/wire/http_fields.c
 * with: src/wire/http_response.c
 * eva: -eva-slevel 1000 -eva-split-return full
 * uses: sha1_take sha1_finish
 *
 * Requests with fields of some shapes, under every policy.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

#include "wire/handshake.h"
#include "wire/origin.h"

#define FIELD(n, v)                                                            \
    {                                                                          \
        .name = BYTES_LITERAL(n), .value = BYTES_LITERAL(v)                    \
    }
#define KEY     FIELD("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
#define VERSION FIELD("Sec-WebSocket-Version", "13")

static void check(struct http_request *request, size_t count, bool any,
                  bool bearer)
{
    static uint8_t out[256];
    struct span origins[] = {BYTES_LITERAL("https://b:1")};
    struct handshake_policy policy = {.origins = origins,
                                      .origin_count = 1,
                                      .any_origin = any,
                                      .bearer = bearer,
                                      .subprotocol = BYTES_LITERAL("chat")};
    struct handshake agreed;
    request->minor = 1;
    request->field_count = count;
    request->authority = BYTES_LITERAL("a");
    handshake_wanted(request);
    enum fault fault = handshake_check(request, &policy, &agreed);
    //@ assert same: fault == agreed.fault;
    if (fault)
        return;
    struct text t = text_over(out, sizeof out);
    handshake_write(&agreed, &t);
    //@ assert fits: !t.overflow;
}

/* With one more field, of this name and shape. */
static void check_field(const char *name, const char *shape, bool any)
{
    struct http_request request = {.fields = {KEY, VERSION}};
    request.fields[2].name = bytes_of(name);
    request.fields[2].value = any_like(shape, ' ');
    check(&request, 3, any, any);
}

static void check_key(const char *shape)
{
    struct http_request request = {.fields = {VERSION}};
    request.fields[1].name = BYTES_LITERAL("Sec-WebSocket-Key");
    request.fields[1].value = any_like(shape, ' ');
    check(&request, 2, false, false);
    check(&request, 1, false, false);
}

static void check_fields(const char *name, const char *const *shapes,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_field(name, shapes[i], false);
        check_field(name, shapes[i], true);
    }
}

void main(void)
{
    static const char *const origins[] = {
        "https://?",    "https://b:1",  "http://a",   "null",
        "https://a:4?", "https:/",      "??",         "file://",
        "file://a",     "a-1://a",      "https://a/", "https://a?",
        "https://a#",   "https:a//",    "https:/a/",  "1a://a",
        "://a",         "http://[::1]", "ab_://a"};
    static const char *const subprotocols[] = {"chat, bearer", "bearer, ?",
                                               "bearer.abc"};
    check_fields("Origin", origins, sizeof origins / sizeof *origins);
    check_fields("Sec-WebSocket-Protocol", subprotocols, 3);
    check_field("Sec-WebSocket-Version", "13", false);
    check_field("Sec-WebSocket-Key", "a", false);
    check_field("Content-Length", "?", false);
    check_field("Upgrade", "websocket", false);
    check_field("Sec-WebSocket-Extensions", "permessage-deflate", false);
    check_field("Sec-WebSocket-Extensions", "=", false);
    check_key("dGhlIHNhbXBsZSBub25jZQ==");
    check_key("dGhlIHNhbXBsZSBub25jZ?==");
    check_key("dGhl");
    origin_same(BYTES_LITERAL("https://a"), BYTES_LITERAL("b"));
    origin_is_of(BYTES_LITERAL("https://a"), BYTES_LITERAL(":"));
    struct http_request none = {.field_count = 0};
    check(&none, 0, false, false);
    none.minor = 0;
    handshake_wanted(&none);
    struct http_request twice = {
        .fields = {KEY, VERSION, FIELD("Origin", "a"), FIELD("Origin", "a")}};
    check(&twice, 4, false, false);
    struct http_request upgrade = {.fields = {FIELD("Upgrade", "websocket"),
                                              FIELD("Connection", "Upgrade")}};
    check(&upgrade, 2, false, false);
}
