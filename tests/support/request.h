/* SPDX-License-Identifier: MIT */
/*
 * request: a request head as a server meets it, part by part.
 *
 * The bytes gather in one buffer that leans on a guard page, so that whoever
 * looks past what has come so far is found out; the head alone, when it is
 * whole, is parsed there too. The bytes move with every part: what keeps a
 * pointer from one to the next is found out as well.
 */
#ifndef SUPPORT_REQUEST_H
#define SUPPORT_REQUEST_H

#include "wire/http.h"

#define REQUEST_SIZE (HTTP_HEAD_MAX + 4096) /* bytes */

struct request {
    uint8_t *edge; /* where the guard page starts; the bytes end there */
    size_t len;    /* bytes that have come */
    struct http_scan scan;
    enum http_step step; /* what the scanner said last */
    unsigned status;     /* after the end: the scanner's or the parser's */
    struct http_request parsed; /* after the end, when the head was whole */
};

/* Start afresh. The first time, *r must be all zero. */
void request_begin(struct request *r);

/* Some bytes more. Asserts that the scanner makes progress, and that done and
   refused stay what they are. */
void request_take(struct request *r, const uint8_t *ptr, size_t len);

/* No more: parse the head if it is whole. */
void request_end(struct request *r);

/* All of it at once, for a test that is not about cuts. */
void request_read(struct request *r, struct span bytes);

/* "GET / HTTP/1.1" with a Host and these field lines, each with its CRLF.
   Asserts that it is well formed. */
void request_with(struct request *r, const char *fields);

#endif
