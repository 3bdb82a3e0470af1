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
    uint8_t digest[SHA1_LEN];
    struct sha1 sha1;

    sha1_init(&sha1);
    sha1_take(&sha1, key.ptr, key.len); /* as text, not decoded */
    sha1_take(&sha1, HANDSHAKE_GUID, sizeof HANDSHAKE_GUID - 1);
    sha1_finish(&sha1, digest);
    base64_encode(out, digest, sizeof digest);
}

/* ---- The checks ---------------------------------------------------------- */

/* 4.2.1, 6; 4.4: the answer to another version names ours. */
static enum fault check_version(const struct http_request *request)
{
    struct span version;
    size_t count = http_field(request, "Sec-WebSocket-Version", &version);
    if (!bytes_equal(version, BYTES_LITERAL("13")))
        return FAULT_NOT_13;
    return count > 1 ? FAULT_13_REPEATED : FAULT_NONE; /* 11.3.5 */
}

/* 4.2.1, 5; 11.3.1: one key. */
static enum fault check_key(const struct http_request *request,
                            struct handshake *out)
{
    struct span key;
    uint8_t nonce[NONCE_LEN];
    size_t count = http_field(request, "Sec-WebSocket-Key", &key);
    if (count != 1)
        return count ? FAULT_KEY_REPEATED : FAULT_KEY_MISSING;
    if (base64_decode(nonce, sizeof nonce, key) != NONCE_LEN)
        return FAULT_KEY;
    handshake_accept(out->accept, key);
    return FAULT_NONE;
}

/* 10.2. Cookies and the like go out with a script's handshake wherever the
   script comes from; only this keeps another site's pages out. */
static bool is_allowed(const struct http_request *request,
                       const struct handshake_policy *policy,
                       struct span origin)
{
    if (policy->any_origin || origin_is_of(origin, request->authority))
        return true;
    for (size_t i = 0; i < policy->origin_count; i++)
        if (origin_same(origin, policy->origins[i]))
            return true;
    return false;
}

/* 4.2.1, 7: a client that is no browser need not send one. */
enum fault handshake_check_origin(const struct http_request *request,
                                  const struct handshake_policy *policy)
{
    struct span origin;
    size_t count = http_field(request, "Origin", &origin);
    if (count > 1)
        return FAULT_ORIGIN_REPEATED;
    return count == 0 || is_allowed(request, policy, origin)
               ? FAULT_NONE
               : FAULT_ORIGIN_FOREIGN;
}

/* 4.2.1, 9: all fields of that name are one list. */
static enum fault check_extensions(const struct http_request *request,
                                   struct handshake *out)
{
    struct span values[HTTP_FIELDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++)
        if (bytes_equal_nocase(request->fields[i].name,
                               BYTES_LITERAL("Sec-WebSocket-Extensions")))
            values[count++] = request->fields[i].value;
    enum extension_result result =
        extension_choose(values, count, &out->extension);
    out->deflate = result == EXTENSION_CHOSEN;
    return result == EXTENSION_MALFORMED ? FAULT_EXTENSIONS : FAULT_NONE;
}

/* 4.2.2, 5.5: ours if it was offered. Compared with its case: the client
   looks for exactly what it offered (4.1). */
static void choose_subprotocol(const struct http_request *request,
                               const struct handshake_policy *policy,
                               struct handshake *out)
{
    struct span bearer = BYTES_LITERAL("bearer"), offered;
    struct http_list list = {0};
    while (http_list_next(request, "Sec-WebSocket-Protocol", &list, &offered)) {
        if (bytes_equal(offered, policy->subprotocol))
            out->subprotocol = policy->subprotocol;
        if (policy->bearer && bytes_equal(offered, bearer))
            out->bearer = true;
    }
    if (out->bearer && !out->subprotocol.len)
        out->subprotocol = bearer;
}

enum fault handshake_check(const struct http_request *request,
                           const struct handshake_policy *policy,
                           struct handshake *out)
{
    *out = (struct handshake){0};
    if (http_body_len(request) > 0) /* what follows the head is frames */
        out->fault = FAULT_BODY;
    if (!out->fault)
        out->fault = check_version(request);
    if (!out->fault)
        out->fault = check_key(request, out);
    if (!out->fault)
        out->fault = handshake_check_origin(request, policy);
    if (!out->fault)
        out->fault = check_extensions(request, out);
    if (!out->fault)
        choose_subprotocol(request, policy, out);
    return out->fault;
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
