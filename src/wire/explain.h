/* SPDX-License-Identifier: MIT */
/*
 * explain: what the bytes of one direction of a connection are, in words.
 *
 * Bytes go in, lines of text come out (listing.h shows how they look). They
 * tell each head line by line and each frame field by field, with the payload
 * unmasked and inflated. What is wrong is marked at its very byte, with the
 * rule that it breaks and with what chatd does then. A section number without
 * an RFC is one of RFC 6455.
 *
 * It is pulled, like the message reader: explain_run takes from the input and
 * writes whole lines until either runs out. However the input is cut, the same
 * lines come out.
 *
 * The parts, in the order of reading; none includes one that stands below it:
 *
 *   listing          lines in columns
 *   explain_blocks   a compressed message, block by block
 *   explain_rules    answers what is wrong with a frame
 *   explain_frame    tells frame after frame
 *   explain_judge    answers what is wrong with a head
 *   explain_secret   answers what of a head is not shown
 *   explain_head     tells heads
 *
 *   head -> frames | body | over;  body -> head | over;  frames -> over
 *
 * A connection has two of these. explain_learn tells one what the other has
 * seen: the answer that a key asks for, and what was agreed.
 */
#ifndef WIRE_EXPLAIN_H
#define WIRE_EXPLAIN_H

#include "wire/explain_head.h"

/* The most that one step writes, so the least that `out` must have free for
   anything to be written. 36 lines; a compressed byte may take so many. */
#define EXPLAIN_STEP ((size_t)36 * LISTING_LINE)

enum explain_phase {
    EXPLAIN_HEAD,   /* waits for the empty line, then tells line by line */
    EXPLAIN_BODY,   /* passes over the body of a plain response */
    EXPLAIN_FRAMES, /* frame after frame: explain_frame.h */
    EXPLAIN_OVER,   /* nothing that follows is looked at */
};

/* About 56 KiB: a head, and the window of a compressed message. */
struct explain {
    uint8_t phase;           /* enum explain_phase */
    uint64_t at;             /* bytes taken */
    uint64_t ignored;        /* of them, in phase over */
    struct fault_rule wrong; /* the rule that was broken; what: NULL, none */
    struct span prefix; /* before each line, at most LISTING_PREFIX bytes; they
                           stay their owner's */
    bool colour;
    struct explain_agreed agreed;
    struct explain_head head;
    struct explain_frame frame;
};

/* Ready for what a client (or a server) sends, from its handshake on, or from
   a first frame on. The other fields that may be set are prefix, colour,
   head.policy, head.compression, frame.limit and frame.hides. */
void explain_begin(struct explain *e, bool by_client, enum explain_phase phase);

/* Take from *in, append to *out. True when it must be called again, with more
   room; false when all of *in was taken. */
bool explain_run(struct explain *e, struct span *in, struct text *out);

/* Tell of payload that waits for the rest of its row, as whoever reads these
   bytes has acted on it already; needs EXPLAIN_STEP of room. */
void explain_settle(struct explain *e, struct text *out);

/* So many bytes went by unseen, at a place where the bytes do not matter: the
   body of a response. */
void explain_skip(struct explain *e, uint64_t len);

/* Take over what the other direction has seen. */
void explain_learn(struct explain *e, const struct explain *other);

enum explain_verdict {
    EXPLAIN_LEGAL,
    EXPLAIN_WRONG,
    EXPLAIN_UNFINISHED, /* legal so far, but the last thing is not whole */
};

/* That was all. Tells of what is unfinished; needs EXPLAIN_STEP of room, and
   some more for a head. */
enum explain_verdict explain_end(struct explain *e, struct text *out);

#endif
