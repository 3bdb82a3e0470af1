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

#endif
