/* SPDX-License-Identifier: MIT */
/* Section numbers without an RFC are those of RFC 6455. */
#include "wire/opening.h"

#include "base/base64.h"

_Static_assert(OPENING_KEY_LEN == (OPENING_NONCE_LEN + 2) / 3 * 4,
               "the key is the nonce in base64");

/* ---- The request --------------------------------------------------------- */

void opening_write(const struct opening *o, struct text *t)
{
    uint8_t key[OPENING_KEY_LEN];
    base64_encode(key, o->nonce, sizeof o->nonce);
    text_string(t, "GET ");
    text_put(t, o->target);
    text_string(t, " HTTP/1.1\r\n");
    http_put_field(t, "Host", o->host);
    http_put_field(t, "Upgrade", BYTES_LITERAL("websocket"));
    http_put_field(t, "Connection", BYTES_LITERAL("Upgrade"));
    http_put_field(t, "Sec-WebSocket-Key", bytes_span(key, sizeof key));
    http_put_field(t, "Sec-WebSocket-Version", BYTES_LITERAL("13"));
    if (o->origin.len)
        http_put_field(t, "Origin", o->origin);
    if (o->subprotocols.len)
        http_put_field(t, "Sec-WebSocket-Protocol", o->subprotocols);
    if (o->offer) {
        text_string(t, "Sec-WebSocket-Extensions: ");
        extension_write_offer(o->offer, t);
        text_string(t, "\r\n");
    }
    text_put(t, o->fields);
    http_put_end(t);
}

/* ---- The response -------------------------------------------------------- */

/* 4.1, 1; RFC 9110 7.8, 8.6; RFC 9112 6.1. A Content-Length of 0 is one, too:
   two readers of one head must not differ about where the frames begin. */
static enum fault check_switching(const struct http_request *response)
{
    struct span value;
    if (response->minor == 0)
        return FAULT_SWITCHING_VERSION;
    return http_field(response, "Content-Length", &value) ||
                   http_field(response, "Transfer-Encoding", &value)
               ? FAULT_SWITCHING_BODY
               : FAULT_NONE;
}

/* 4.1, 2: every value there is, and there is one. */
static enum fault check_upgrade(const struct http_request *response)
{
    struct http_list list = {0};
    struct span element;
    bool there = false;
    while (http_list_next(response, "Upgrade", &list, &element)) {
        if (!bytes_equal_nocase(element, BYTES_LITERAL("websocket")))
            return FAULT_UPGRADE;
        there = true;
    }
    return there ? FAULT_NONE : FAULT_UPGRADE;
}

/* 4.1, 4; 11.3.3. */
static enum fault check_accept(const struct http_request *response,
                               const uint8_t *accept)
{
    struct span value;
    uint8_t digest[20]; /* of SHA-1 */
    size_t count = http_field(response, "Sec-WebSocket-Accept", &value);
    if (count != 1) /* of two answers none is believed */
        return FAULT_ACCEPT;
    if (accept)
        return bytes_equal(value, bytes_span(accept, HANDSHAKE_ACCEPT_LEN))
                   ? FAULT_NONE
                   : FAULT_ACCEPT;
    return base64_decode(digest, sizeof digest, value) == sizeof digest
               ? FAULT_NONE
               : FAULT_ACCEPT;
}

/* 4.1, 5; 11.3.2. */
static enum fault check_extensions(const struct http_request *response,
                                   const struct opening *opening,
                                   struct opening_answer *answer)
{
    struct span value;
    size_t count = http_field(response, "Sec-WebSocket-Extensions", &value);
    if (count > 1)
        return FAULT_ANSWERS_REPEATED;
    return count ? extension_judge(value, opening ? opening->offer : NULL,
                                   opening != NULL, &answer->terms)
                 : FAULT_NONE;
}

/* 4.1, 6; 11.3.4. The server chooses one of those asked for, letter by
   letter, or none. */
static enum fault check_subprotocol(const struct http_request *response,
                                    const struct opening *opening,
                                    struct opening_answer *answer)
{
    struct span value;
    size_t count = http_field(response, "Sec-WebSocket-Protocol", &value);
    answer->subprotocol = value;
    if (count > 1)
        return FAULT_PROTOCOL_REPEATED;
    if (count == 0)
        return FAULT_NONE;
    if (value.len == 0 || http_token_len(value) != value.len)
        return FAULT_PROTOCOL_FOREIGN; /* nobody can have asked for that */
    if (!opening)
        return FAULT_NONE;
    struct span rest = opening->subprotocols;
    while (rest.len)
        if (bytes_equal(bytes_trim(bytes_cut(&rest, ',')), value))
            return FAULT_NONE;
    return FAULT_PROTOCOL_FOREIGN;
}

enum fault opening_judge(const struct opening *opening, const uint8_t *accept,
                         struct span head, struct opening_answer *answer)
{
    struct http_request *response = &answer->response;
    uint8_t key[OPENING_KEY_LEN], expected[HANDSHAKE_ACCEPT_LEN];
    enum fault fault =
        http_parse_response(response, &answer->status, head.ptr, head.len);
    answer->subprotocol = bytes_span(NULL, 0);
    answer->terms = (struct extension_terms){0};
    if (fault || answer->status != 101)
        return fault;
    if (opening) {
        base64_encode(key, opening->nonce, sizeof opening->nonce);
        handshake_accept(expected, bytes_span(key, sizeof key));
        accept = expected;
    }
    fault = check_switching(response);
    if (!fault)
        fault = check_upgrade(response);
    if (!fault && !http_lists(response, "Connection", "upgrade"))
        fault = FAULT_CONNECTION; /* 4.1, 3 */
    if (!fault)
        fault = check_accept(response, accept);
    if (!fault)
        fault = check_extensions(response, opening, answer);
    if (!fault)
        fault = check_subprotocol(response, opening, answer);
    return fault;
}
