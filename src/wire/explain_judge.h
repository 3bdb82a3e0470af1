/* SPDX-License-Identifier: MIT */
/*
 * explain_judge: what is wrong with a head, and which of its bytes are. A part
 * of explain.h.
 *
 * A request is judged by chatd's own functions: http_scan, http_parse and
 * handshake_check. What is here is which bytes a fault is about. A response is
 * judged as RFC 6455 4.1 has a client do.
 *
 * A head is its bytes, as far as http_scan took them.
 */
#ifndef WIRE_EXPLAIN_JUDGE_H
#define WIRE_EXPLAIN_JUDGE_H

#include "wire/handshake.h"

struct explain_judge {
    enum fault fault; /* FAULT_NONE: nothing is wrong */
    size_t offset;    /* in the head: the bytes to mark */
    size_t len;
};

/* A head that http_scan refuses with this status, at its last byte. */
struct explain_judge explain_judge_scan(struct span head, unsigned status);

/* A request, read into *request as far as it goes, and into *agreed when it
   asks for a handshake. */
struct explain_judge
explain_judge_request(struct span head, const struct handshake_policy *policy,
                      struct http_request *request, struct handshake *agreed);

/* A response: its status, or 0, and its fields as if they were a request's.
   `accept` is the answer to the key; empty: the key was not seen. */
struct explain_judge explain_judge_response(struct span head,
                                            struct span accept,
                                            struct http_request *response,
                                            unsigned *status);

/* The line that begins at offset, without its CRLF. */
struct span explain_judge_line(struct span head, size_t offset);

#endif
