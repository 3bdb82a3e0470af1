/* SPDX-License-Identifier: MIT */
/*
 * handshake: the opening handshake, server side (RFC 6455 4.2).
 *
 *   client                                        server
 *     GET /echo HTTP/1.1
 *     Host: example.org
 *     Upgrade: websocket
 *     Connection: Upgrade
 *     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
 *     Sec-WebSocket-Version: 13            ->
 *                                                 HTTP/1.1 101 ...
 *                                                 Upgrade: websocket
 *                                                 Connection: Upgrade
 *                        <- Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
 *
 * The accept value is base64(SHA-1(key || GUID)): it proves that whoever
 * answers has read a WebSocket request and is not, say, a mail server that
 * was tricked into echoing text.
 */
#ifndef WIRE_HANDSHAKE_H
#define WIRE_HANDSHAKE_H

#include "wire/extension.h"
#include "wire/http.h"

#define HANDSHAKE_ACCEPT_LEN 28 /* base64 of 20 bytes */
#define HANDSHAKE_GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* 1.3 */

/* What the server lets in; the caller's bytes. */
struct handshake_policy {
    const struct span *origins; /* let in besides the same host: whole
                                   origins, "https://a.example" */
    size_t origin_count;
    bool any_origin;         /* let everybody in */
    struct span subprotocol; /* the one this path knows; len 0: none */
    bool bearer; /* agree to "bearer" where that one is not offered: who has a
                    token in this field must be answered something (token.h) */
};

/* What was agreed. */
struct handshake {
    enum fault fault; /* why it is refused, or FAULT_NONE */
    uint8_t accept[HANDSHAKE_ACCEPT_LEN];
    struct span subprotocol;    /* the policy's, or "bearer", as offered */
    bool bearer;                /* that was offered, and may be */
    bool deflate;               /* permessage-deflate was offered, */
    struct extension extension; /* and can be agreed to on these terms */
};

/*
 * Is this request an attempt at a WebSocket handshake? True when Upgrade
 * lists websocket and Connection lists upgrade (RFC 6455 4.2.1, 3 and 4; both
 * without case). An Upgrade that Connection does not name was not meant for
 * us (RFC 9110 7.8), and the one of an HTTP/1.0 request is ignored: such a
 * request is a plain one.
 */
bool handshake_wanted(const struct http_request *request);

/*
 * Check a request that handshake_wanted: its body (there is none), version, key,
 * Origin, and extensions. An Origin is allowed when it is of the request's
 * authority, whatever the scheme (origin_is_of), or in the policy's list
 * (origin_same). Fills *out and returns out->fault, the first there is. Method
 * is not looked at: the caller answers anything but GET before this.
 */
enum fault handshake_check(const struct http_request *request,
                           const struct handshake_policy *policy,
                           struct handshake *out);

/* The part of it about Origin, which is also for a request that changes
   something here without being a handshake. */
enum fault handshake_check_origin(const struct http_request *request,
                                  const struct handshake_policy *policy);

/* Sec-WebSocket-Accept for a key as it stands in the field (4.2.2 step 5.4). */
void handshake_accept(uint8_t out[HANDSHAKE_ACCEPT_LEN], struct span key);

/* Append the 101 response for what was agreed, up to but without the empty
   line, so that the caller can add Sec-WebSocket-Extensions. */
void handshake_write(const struct handshake *agreed, struct text *t);

#endif
