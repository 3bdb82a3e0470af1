/* SPDX-License-Identifier: MIT */
/*
 * extension: negotiating permessage-deflate (RFC 7692 section 7.1) in the
 * Sec-WebSocket-Extensions field (RFC 6455 section 9.1).
 *
 *     permessage-deflate; client_max_window_bits; server_max_window_bits=10,
 *     `---- name ------'  `----- parameter ----'  `--- with a value ------'
 *     permessage-deflate
 *     `-- a second offer, in case the first cannot be met
 *
 * The field is a list of offers in the client's order of preference; several
 * fields are one list. The first offer that we can meet to the letter is
 * accepted, all others are declined, which costs nothing but compression.
 * Only a field that does not follow the grammar is an error.
 *
 * Grammar notes. Blanks may stand around every ; , = (RFC 2616 2.1, which RFC
 * 6455 builds on). List elements may be empty, but not all of them (RFC 9110
 * 5.6.1). A value may be a quoted-string, if what it quotes is a token.
 */
#ifndef WIRE_EXTENSION_H
#define WIRE_EXTENSION_H

#include "base/text.h"
#include "wire/fault.h"

enum extension_result {
    EXTENSION_NONE,      /* no offer that we know and can meet */
    EXTENSION_CHOSEN,    /* one was chosen: answer with extension_write */
    EXTENSION_MALFORMED, /* not the grammar of RFC 6455 9.1: answer 400 */
};

/*
 * What was agreed. Both sides always drop their window after each message:
 * server_no_context_takeover is ours to offer (7.1.1.1), and
 * client_no_context_takeover may be asked of any client (7.1.1.2).
 */
struct extension {
    uint8_t server_window_bits; /* for what we send: 8..15 */
    uint8_t client_window_bits; /* for what we accept: 8..15 */
    bool server_bits_asked;     /* the offer named a server_max_window_bits */
    bool client_bits_asked;     /* and a client_max_window_bits with value */
};

#define EXTENSION_BITS_MAX 15 /* the largest window: 2^15 bytes */

/* The longest answer that extension_write makes, in bytes. */
#define EXTENSION_ANSWER 128

/*
 * Read the values of all Sec-WebSocket-Extensions fields, `count` of them, in
 * their order; blanks around them are of no matter. EXTENSION_CHOSEN fills
 * *chosen, other results leave it alone. No field at all is EXTENSION_NONE.
 */
enum extension_result extension_choose(const struct span *values, size_t count,
                                       struct extension *chosen);

/* Append the value of the answer's Sec-WebSocket-Extensions field. */
void extension_write(const struct extension *e, struct text *out);

/* ---- The other role: what a client offers, and is answered (7.1) --------- */

/* One offer of permessage-deflate. All zero but for client_window_bits = 15 is
   the plain one, with the hint that the server may ask for a smaller window. */
struct extension_offer {
    bool server_drops; /* server_no_context_takeover: ask the server to */
    bool client_drops; /* client_no_context_takeover: say that we do */
    uint8_t server_window_bits; /* ask for at most this, 8 to 15; 0: do not */
    uint8_t client_window_bits; /* the largest that we use, 8 to 15; 0: do not
                                   let the server choose: it is 15 */
};

/* What was agreed, as RFC 7692 7.1 has it. */
struct extension_terms {
    bool deflate;      /* messages may be compressed; else nothing is agreed */
    bool server_keeps; /* the server may refer to its messages before */
    bool client_keeps; /* the client may; it need not */
    uint8_t server_window_bits; /* for what the server sends: 8..15 */
    uint8_t client_window_bits; /* for what the client sends: 8..15 */
};

/* Append the value of the request's Sec-WebSocket-Extensions field. */
void extension_write_offer(const struct extension_offer *offer,
                           struct text *out);

/*
 * Judge the value of the response's one Sec-WebSocket-Extensions field against
 * what was offered (NULL: nothing). Without `seen` the request was not seen, so
 * anything may have been offered. FAULT_NONE fills *terms; else FAULT_ANSWER,
 * FAULT_ANSWER_FOREIGN or FAULT_ANSWER_TERMS, the first there is.
 */
enum fault extension_judge(struct span value,
                           const struct extension_offer *offer, bool seen,
                           struct extension_terms *terms);

#endif
