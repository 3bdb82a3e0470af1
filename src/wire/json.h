/* SPDX-License-Identifier: MIT */
/*
 * json: what /ws needs of it (RFC 8259).
 *
 * Reading: one object with three keys that mean something, `message`, `name`
 * and `ping`. The whole text is checked, known keys or not, nested to any
 * depth up to JSON_DEPTH_MAX. Strings are unescaped in place: the text is the
 * caller's, and what comes out is never longer than what went in.
 *
 * Stricter than many: lone surrogates are refused (RFC 8259 8.2), so are
 * control characters in strings, and anything after the object.
 */
#ifndef WIRE_JSON_H
#define WIRE_JSON_H

#include "base/bytes.h"
#include "base/text.h"

#define JSON_DEPTH_MAX 1024 /* objects and arrays inside each other */

/* What a client said. A span that is absent has ptr NULL. */
struct json_message {
    struct span message; /* unescaped; inside the caller's text */
    struct span name;    /* unescaped; not yet checked as a name */
    struct span ping;    /* the number as it was written */
};

/*
 * Read one client message. text is UTF-8 already (a text frame's payload) and
 * never NULL; its bytes are overwritten. Returns NULL and fills *out when it
 * is a valid object that holds at least one of the keys, each with the right
 * type (string, string, number; of a duplicate key the last one counts). Else
 * returns a sentence that says what is wrong, static, fit for a Close reason.
 */
const char *json_read(uint8_t *text, size_t len, struct json_message *out);

/* Append s as a JSON string with its quotes. s is UTF-8; only the quote, the
   backslash and controls below 20 are escaped (RFC 8259 7). */
void json_put_string(struct text *t, struct span s);

#endif
