/* SPDX-License-Identifier: MIT */
/*
 * explain_judge: what is wrong with a head, and with which of its bytes. A
 * part of explain.h.
 *
 * Of a request chatd's own functions decide: http_scan, http_parse,
 * handshake_check, extension_choose. What is here is a table from the phrases
 * they refuse with to the field that is meant, and to the rule. A response is
 * judged as RFC 6455 4.1 has a client do.
 */
#ifndef WIRE_EXPLAIN_JUDGE_H
#define WIRE_EXPLAIN_JUDGE_H

#include "wire/explain_head.h"
#include "wire/extension.h"

struct explain_judge {
    unsigned status; /* of the answer; 0: nothing is wrong */
    struct sheet_rule rule;
    size_t offset; /* in the head: the bytes to mark */
    size_t len;
};

/* Fills in *request as far as it goes. */
struct explain_judge explain_judge_request(const struct explain_head *h,
                                           struct http_request *request);

/* The same of a response: its status, or 0, and its fields as if they were a
   request's. */
struct explain_judge explain_judge_response(const struct explain_head *h,
                                            const struct explain_agreed *agreed,
                                            struct http_request *response,
                                            unsigned *status);

/* The offer that chatd would accept, of all such fields. */
enum extension_result
explain_judge_extension(const struct http_request *request,
                        struct extension *chosen);

/* The line that begins at offset, without its CRLF, and the one with this
   number; 0 is the request line, or the status line. */
struct span explain_judge_line(const struct explain_head *h, size_t offset);
struct span explain_judge_line_number(const struct explain_head *h,
                                      size_t number);

/* Where in the head a part of it begins. */
size_t explain_judge_offset(const struct explain_head *h, struct span part);

#endif
