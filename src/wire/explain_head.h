/* SPDX-License-Identifier: MIT */
/*
 * explain_head: tells heads of requests and responses, line by line (RFC 6455
 * 4, RFC 9112). A part of explain.h.
 *
 *   waits for the empty line -> tells a line a call -> tells what follows
 *
 * Whether a head is legal, and which bytes are at fault, is answered by
 * explain_judge.h.
 */
#ifndef WIRE_EXPLAIN_HEAD_H
#define WIRE_EXPLAIN_HEAD_H

#include "wire/explain_frame.h"
#include "wire/explain_judge.h"

/* What the two directions of a connection know of each other. */
struct explain_agreed {
    uint64_t requests;     /* heads of requests told */
    uint64_t responses;    /* and of responses, 101 among them */
    uint64_t without_body; /* bit n: request number n mod 64 was a HEAD */
    bool asked;            /* the last request was a legal handshake, */
    uint8_t accept[HANDSHAKE_ACCEPT_LEN]; /* and this is its answer */
    unsigned status;                      /* of the last response */
    uint8_t deflate;                      /* enum explain_deflate */
    uint8_t client_bits; /* window of what the client sends: 8 to 15 */
    uint8_t server_bits;
    bool client_keeps; /* it may refer to earlier messages */
    bool server_keeps;
};

/* What follows a head. */
enum explain_head_next {
    EXPLAIN_HEAD_UNFINISHED, /* the head is not whole, or not told yet */
    EXPLAIN_HEAD_FRAMES,
    EXPLAIN_HEAD_BODY,  /* of body_left bytes, then another head */
    EXPLAIN_HEAD_ENDED, /* nothing that is looked at */
    EXPLAIN_HEAD_WRONG, /* the same, as a rule is broken */
};

struct explain_head {
    bool by_client;
    const struct handshake_policy *policy; /* or NULL: any origin */
    bool compression; /* chatd agrees to permessage-deflate */
    uint64_t at;      /* stream offset of the first byte */
    struct http_scan scan;
    bool scanned;            /* whole, or refused */
    uint16_t told;           /* bytes of it that were told */
    struct span path;        /* that the last whole request asked for, as
                                     it was sent (in `bytes`, or static) */
    uint64_t body_left;      /* UINT64_MAX: until the stream ends */
    struct fault_rule wrong; /* the rule that is broken; what: NULL, none */
    uint8_t bytes[HTTP_HEAD_MAX]; /* scan.pos of them */
};

/* Ready for a head that begins here. */
void explain_head_begin(struct explain_head *h, uint64_t at);

/* Take bytes of the head from *in. True when there is something to tell. */
bool explain_head_take(struct explain_head *h, struct span *in);

/* Tell a line. UNFINISHED: call again; else what follows. */
enum explain_head_next explain_head_tell(struct explain_head *h,
                                         struct explain_agreed *agreed,
                                         struct listing *l);

/* The input ends inside the head. */
void explain_head_cut(struct explain_head *h, struct listing *l);

#endif
