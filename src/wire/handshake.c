/* SPDX-License-Identifier: MIT */
/* Section numbers without an RFC are those of RFC 6455. */
#include "wire/handshake.h"

#include "base/base64.h"
#include "base/sha1.h"
#include "wire/origin.h"

#define NONCE_LEN 16 /* bytes that Sec-WebSocket-Key stands for (4.1) */

_Static_assert(HANDSHAKE_ACCEPT_LEN == (SHA1_LEN + 2) / 3 * 4,
               "the accept value is a digest in base64");

bool handshake_wanted(const struct http_request *request)
{
    /* RFC 9110 7.8: a server MUST ignore the Upgrade of HTTP/1.0. */
    return request->minor > 0 && http_lists(request, "Upgrade", "websocket") &&
           http_lists(request, "Connection", "upgrade");
}

void handshake_accept(uint8_t out[HANDSHAKE_ACCEPT_LEN], struct span key)
{
    struct span guid = BYTES_LITERAL("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    uint8_t digest[SHA1_LEN];
    struct sha1 sha1;

    sha1_init(&sha1);
    sha1_take(&sha1, key.ptr, key.len); /* as text, not decoded */
    sha1_take(&sha1, guid.ptr, guid.len);
    sha1_finish(&sha1, digest);
    base64_encode(out, digest, sizeof digest);
}

/* ---- The checks ---------------------------------------------------------- */

/* Note a refusal; false, so that it can end a condition. */
static bool refuse(struct handshake *out, unsigned status, const char *why)
{
    out->status = status;
    out->why = why;
    return false;
}

/* What follows the head is frames, so there can be no body. */
static bool check_body(const struct http_request *request,
                       struct handshake *out)
{
    if (http_body_len(request) > 0)
        return refuse(out, 400, "a body on an upgrade");
    return true;
}

/* 4.2.1, 6; 4.4: the answer to another version names ours. */
static bool check_version(const struct http_request *request,
                          struct handshake *out)
{
    struct span version;
    size_t count = http_field(request, "Sec-WebSocket-Version", &version);
    if (!bytes_equal(version, BYTES_LITERAL("13")))
        return refuse(out, 426, "Sec-WebSocket-Version not 13");
    if (count > 1) /* 11.3.5 */
        return refuse(out, 400, "Sec-WebSocket-Version repeated");
    return true;
}

/* 4.2.1, 5; 11.3.1: one key. */
static bool check_key(const struct http_request *request, struct handshake *out)
{
    struct span key;
    uint8_t nonce[NONCE_LEN];
    size_t count = http_field(request, "Sec-WebSocket-Key", &key);
    if (count == 0)
        return refuse(out, 400, "Sec-WebSocket-Key missing");
    if (count > 1)
        return refuse(out, 400, "Sec-WebSocket-Key repeated");
    if (base64_decode(nonce, sizeof nonce, key) != NONCE_LEN)
        return refuse(out, 400, "Sec-WebSocket-Key not 16 bytes of base64");
    handshake_accept(out->accept, key);
    return true;
}

/* 10.2. Cookies and the like go out with a script's handshake wherever the
   script comes from; only this keeps another site's pages out. */
static bool is_allowed(const struct http_request *request,
                       const struct handshake_policy *policy,
                       struct span origin)
{
    if (policy->any_origin)
        return true;
    if (origin_is_of(origin, request->authority))
        return true;
    for (size_t i = 0; i < policy->origin_count; i++)
        if (origin_same(origin, policy->origins[i]))
            return true;
    return false;
}

/* 4.2.1, 7: a client that is no browser need not send one. */
static bool check_origin(const struct http_request *request,
                         const struct handshake_policy *policy,
                         struct handshake *out)
{
    struct span origin;
    size_t count = http_field(request, "Origin", &origin);
    if (count > 1)
        return refuse(out, 400, "Origin repeated");
    if (count == 1 && !is_allowed(request, policy, origin))
        return refuse(out, 403, "Origin not allowed");
    return true;
}

/* 4.2.2, 5.5: ours if it was offered. Compared with its case: the client
   looks for exactly what it offered (4.1). */
static struct span choose_subprotocol(const struct http_request *request,
                                      struct span known)
{
    struct http_list list = {0};
    struct span offered;
    while (http_list_next(request, "Sec-WebSocket-Protocol", &list, &offered))
        if (bytes_equal(offered, known))
            return known;
    return bytes_span(NULL, 0);
}

unsigned handshake_check(const struct http_request *request,
                         const struct handshake_policy *policy,
                         struct handshake *out)
{
    *out = (struct handshake){0};
    if (check_body(request, out) && check_version(request, out) &&
        check_key(request, out) && check_origin(request, policy, out)) {
        out->subprotocol = choose_subprotocol(request, policy->subprotocol);
        out->status = 101;
    }
    return out->status;
}

/* ---- The answer ---------------------------------------------------------- */

/* 4.2.2, 5. */
void handshake_write(const struct handshake *agreed, struct text *t)
{
    http_put_status(t, 101, 0);
    http_put_field(t, "Upgrade", BYTES_LITERAL("websocket"));
    http_put_field(t, "Connection", BYTES_LITERAL("Upgrade"));
    http_put_field(t, "Sec-WebSocket-Accept",
                   bytes_span(agreed->accept, sizeof agreed->accept));
    if (agreed->subprotocol.len)
        http_put_field(t, "Sec-WebSocket-Protocol", agreed->subprotocol);
}
