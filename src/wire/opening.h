/* SPDX-License-Identifier: MIT */
/*
 * opening: the opening handshake, client side (RFC 6455 4.1). The picture and
 * the server's side are in handshake.h.
 *
 *   opening_write    the request
 *   opening_judge    the response: is it the answer to this very request?
 *
 * A client believes nothing that it did not ask for. Whoever answers may be no
 * WebSocket server at all, and what follows a 101 is read as frames for good.
 *
 * Interim responses (100 and above, but 101) may come before the answer (RFC
 * 9110 15.2): read another head behind each. Any other status is an answer,
 * and means no.
 */
#ifndef WIRE_OPENING_H
#define WIRE_OPENING_H

#include "wire/handshake.h"

#define OPENING_NONCE_LEN 16 /* bytes that Sec-WebSocket-Key stands for (4.1) */
#define OPENING_KEY_LEN   24 /* the same in base64 */

/* What is asked for; spans are the caller's, of legal bytes. */
struct opening {
    struct span host;   /* host, or host:port where that is not 80 */
    struct span target; /* the path, with its query: "/ws/tea?name=Ann" */
    struct span origin; /* len 0: none is told, as a browser would */
    struct span
        subprotocols;   /* "chatd.v1, soap", the best first; len 0: none */
    struct span fields; /* more field lines, each with its CRLF */
    const struct extension_offer *offer; /* NULL: no extension */
    uint8_t nonce[OPENING_NONCE_LEN];    /* random, new for each (4.1, 7) */
};

/* What was answered. */
struct opening_answer {
    unsigned status;         /* 101: the connection is open */
    struct span subprotocol; /* one of those asked for, in the head; len 0:
                                none */
    struct extension_terms terms;
    struct http_request response; /* its fields: http_parse_response */
};

/* Append the request, whole. */
void opening_write(const struct opening *opening, struct text *t);

/*
 * Judge a whole head, as http_scan delimited it. FAULT_NONE: well formed, and
 * with status 101 the answer to this request, to the letter; else the first
 * fault there is. `opening` NULL: the request was not seen; what only that
 * could tell is believed. `accept` is the answer to the key where that was
 * seen, else NULL; of an opening it is computed here.
 */
enum fault opening_judge(const struct opening *opening, const uint8_t *accept,
                         struct span head, struct opening_answer *answer);

/* The status line means that another head follows (RFC 9110 15.2). */
static inline bool opening_is_interim(unsigned status)
{
    return status < 200 && status != 101;
}

#endif
