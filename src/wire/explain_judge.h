/* SPDX-License-Identifier: MIT */
/*
 * explain_judge: what is wrong with a head, and which of its bytes are. A part
 * of explain.h.
 *
 * A request is judged by chatd's own functions: http_scan, http_parse and
 * handshake_check; a response by that of its client, opening_judge. What is here
 * is which bytes a fault is about.
 *
 * A head is its bytes, as far as http_scan took them.
 */
#ifndef WIRE_EXPLAIN_JUDGE_H
#define WIRE_EXPLAIN_JUDGE_H

#include "wire/opening.h"

struct explain_judge {
    enum fault fault; /* FAULT_NONE: nothing is wrong */
    size_t offset;    /* in the head: the bytes to mark, of a fault */
    size_t len;
    struct http_request message;  /* as far as it could be read; a response's
                                    fields as if they were a request's */
    struct handshake legal;       /* of a request that is one */
    unsigned status;              /* of a response; 0: none */
    struct extension_terms terms; /* that a legal 101 agrees to */
};

/* Each of these fills in *v, which is all zero before. */

/* A head that http_scan refuses with this status, at its last byte. */
void explain_judge_scan(struct explain_judge *v, struct span head,
                        unsigned status);

void explain_judge_request(struct explain_judge *v, struct span head,
                           const struct handshake_policy *policy);

/* `accept` is the answer to the key; empty: the key was not seen. */
void explain_judge_response(struct explain_judge *v, struct span head,
                            struct span accept);

/* The line that begins at offset, without its CRLF. */
struct span explain_judge_line(struct span head, size_t offset);

#endif
