/* SPDX-License-Identifier: MIT */
/*
 * explain_judge: what is wrong with a head, and which of its bytes are. A part
 * of explain.h.
 *
 * A request is judged by chatd's own functions: http_scan, http_parse,
 * handshake_check, extension_choose. What is here is a table: from the phrases
 * they refuse with to the field that is at fault, and to the rule. A response
 * is judged as RFC 6455 4.1 has a client do.
 *
 * A head is its bytes, as far as http_scan took them.
 */
#ifndef WIRE_EXPLAIN_JUDGE_H
#define WIRE_EXPLAIN_JUDGE_H

#include "wire/extension.h"
#include "wire/handshake.h"
#include "wire/listing.h"

struct explain_judge {
    unsigned status; /* of the answer; 0: nothing is wrong */
    struct listing_rule rule;
    size_t offset; /* in the head: the bytes to mark */
    size_t len;
};

/* A head that http_scan refuses with this status, at its last byte. */
struct explain_judge explain_judge_scan(struct span head, unsigned status);

/* A request, read into *request as far as it goes. */
struct explain_judge
explain_judge_request(struct span head, const struct handshake_policy *policy,
                      struct http_request *request);

/* A response: its status, or 0, and its fields as if they were a request's.
   `accept` is the answer to the key; empty: the key was not seen. */
struct explain_judge explain_judge_response(struct span head,
                                            struct span accept,
                                            struct http_request *response,
                                            unsigned *status);

/* The offer that chatd would accept, of all such fields. */
enum extension_result
explain_judge_extension(const struct http_request *request,
                        struct extension *chosen);

/* The line that begins at offset, without its CRLF. */
struct span explain_judge_line(struct span head, size_t offset);

#endif
