/* SPDX-License-Identifier: MIT */
/*
 * http: the heads of HTTP/1.1 requests and responses (RFC 9110, RFC 9112).
 *
 *   GET /chat/tea?name=Ann HTTP/1.1 CRLF      request line
 *   Host: example.org CRLF                    fields, at most 64
 *   Upgrade: websocket CRLF
 *   CRLF                                      the empty line: the head's end
 *
 * Two steps. http_scan looks for the head's end as bytes come in, resuming
 * where it stopped, and refuses at the first byte that no head may hold; it
 * makes sure that an attacker who sends a byte a second costs a byte a second.
 * http_parse then takes the whole head apart once, into spans over the
 * caller's bytes. Together they are linear in the head however it is cut.
 *
 * Strict on purpose (RFC 9112 2.2, 5.1, 5.2): line ends are CRLF, a bare CR
 * or LF, NUL or another control character (but TAB in a value), folding, and
 * a space before a field's colon are refused. Parsers that forgive these
 * disagree with each other, and that is how requests are smuggled.
 */
#ifndef WIRE_HTTP_H
#define WIRE_HTTP_H

#include "base/bytes.h"
#include "base/text.h"
#include "wire/fault.h"

#define HTTP_HEAD_MAX   16384 /* bytes of a head with its empty line */
#define HTTP_FIELDS_MAX 64    /* field lines */

/* ---- Finding the end of the head ----------------------------------------- */

enum http_step {
    HTTP_MORE, /* not whole yet */
    HTTP_DONE, /* whole: scan->pos bytes, the empty line included */
    HTTP_BAD,  /* refused: scan->status */
};

/* All zero is the start of a request. */
struct http_scan {
    uint16_t pos;    /* bytes looked at; after HTTP_DONE the head's length */
    uint8_t state;   /* what the next byte may be: see http.c */
    uint8_t fields;  /* field lines begun */
    uint16_t status; /* 0, or why it was refused: 400, 414 or 431; sticky */
};

/*
 * Look at head[scan->pos, len); head is the request from its first byte, the
 * same bytes as before with more behind. An empty line before the request
 * line is let pass, once (RFC 9112 2.2), and counts. 414 when the request line
 * alone, with its CRLF, does not fit HTTP_HEAD_MAX, 431 when the head does not
 * or has too many fields. Done and refused stay so, whatever comes behind.
 */
enum http_step http_scan(struct http_scan *scan, const uint8_t *head,
                         size_t len);

/* True when anything of a request (beyond that empty line) has come. */
bool http_begun(const struct http_scan *scan);

/* ---- Taking it apart ----------------------------------------------------- */

struct http_field {
    struct span name;  /* a token, as it was sent; compare without case */
    struct span value; /* without the white space around it */
};

struct http_request {
    struct span method;    /* a token; methods are case-sensitive */
    struct span path;      /* of the target, not decoded; "*" for OPTIONS *;
                              host[:port] for CONNECT; a static "/" for an
                              absolute-form without one */
    struct span query;     /* what follows the first '?', or ptr NULL */
    struct span authority; /* host[:port]: of an absolute-form target, else
                              of Host; len 0 for HTTP/1.0 without Host */
    unsigned minor;        /* HTTP/1.minor; above 1 counts as 1 */
    enum fault fault;      /* why the request is refused, or FAULT_NONE */
    size_t field_count;
    struct http_field fields[HTTP_FIELDS_MAX];
};

/*
 * Take a whole head, as http_scan delimited it, apart. Returns request->fault,
 * the first of: syntax, version, Host (RFC 9112 3.2), Content-Length (not a
 * number, or contradicting), Transfer-Encoding; FAULT_NONE: well formed.
 * Bytes that http_scan has not found to be whole trip a CHECK.
 * Spans stay valid as long as head's bytes do. Method and fields that could
 * be read before the fault are there, for the log.
 */
enum fault http_parse(struct http_request *request, const uint8_t *head,
                      size_t len);

/*
 * The same for the head of a response, as a client gets it: status line and
 * fields, and a Content-Length if there is one. response->minor, fields and
 * fault are filled in, all else is empty; *status is 100 to 999, or 0 when the
 * status line is none (RFC 9112 4).
 */
enum fault http_parse_response(struct http_request *response, unsigned *status,
                               const uint8_t *head, size_t len);

/* How many of the bytes that s begins with a token may have (RFC 9110
   5.6.2). */
size_t http_token_len(struct span s);

/* Is this one of the methods of RFC 9110 9.3, or PATCH (RFC 5789)? */
bool http_method_known(struct span method);

/* Does a request that begins so, whole or not, ask for no content, as HEAD
   does (RFC 9110 9.3.2)? */
bool http_asks_head(struct span start);

/* How many fields have this name; *value is the first one's value. */
size_t http_field(const struct http_request *request, const char *name,
                  struct span *value);

/*
 * Walk a field as a comma-separated list over all its lines (RFC 9110 5.3,
 * 5.6.1). Start with {0}. Each call gives the next element that is not empty,
 * trimmed; commas inside quoted strings do not separate. False at the end.
 */
struct http_list {
    size_t field;  /* index of the field line to go on in */
    size_t offset; /* bytes of its value already used */
};
bool http_list_next(const struct http_request *request, const char *name,
                    struct http_list *list, struct span *element);

/* True when `token` is an element of that list, compared without case. */
bool http_lists(const struct http_request *request, const char *name,
                const char *token);

/* Does the field name this, with a weight above 0: Accept a media type (RFC
   9110 12.5.1), Accept-Encoding a content coding (12.5.3)? Wildcards do not
   count as naming it; parameters other than the weight are not looked at. */
bool http_accepts(const struct http_request *request, const char *field,
                  const char *what);

/* Does If-None-Match hold this entity tag (given with its quotes; the weak
   comparison of RFC 9110 13.1.2), or "*"? */
bool http_none_match(const struct http_request *request, struct span etag);

/* Will the connection persist after the response (RFC 9112 9.3)? */
bool http_persists(const struct http_request *request);

/* The Content-Length, 0 when there is none. */
uint64_t http_body_len(const struct http_request *request);

/* ---- Targets ------------------------------------------------------------- */

/*
 * Percent-decode s into out, which holds `size` bytes; with `plus`, a '+' is a
 * space, as forms write it. Returns the length, or -1: a % without two hex
 * digits behind it, or more than `size` bytes.
 */
ptrdiff_t http_decode(uint8_t *out, size_t size, struct span s, bool plus);

/* The value of `key` in a query string (key=value&...), not decoded; the last
   one counts. False when it is not there. A key without '=' has an empty
   value. Keys are compared as they are, not decoded. */
bool http_query(struct span query, const char *key, struct span *value);

/* ---- Responses ----------------------------------------------------------- */

/* The standard phrase of a status (RFC 9110 15): "Not Found". "Unknown" for
   one that chatd never sends. */
const char *http_phrase(unsigned status);

/* Append the status line and, but for 101, the Date field: `seconds` since
   1970 and before the year 10000, in IMF-fixdate (RFC 9110 5.6.7). */
void http_put_status(struct text *t, unsigned status, uint64_t seconds);

/* Append one field. The value must not hold control characters. */
void http_put_field(struct text *t, const char *name, struct span value);
void http_put_number(struct text *t, const char *name, uint64_t value);

/* Append the empty line. */
void http_put_end(struct text *t);

#endif
