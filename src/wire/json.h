/* SPDX-License-Identifier: MIT */
/*
 * json: what /ws and tokens need of it (RFC 8259).
 *
 * Reading: one object. json_read takes what a client says, with four keys
 * that mean something; who looks for other things walks over the text by
 * himself. The whole text is checked, known keys or not, nested to any depth
 * up to JSON_DEPTH_MAX. Strings are unescaped in place: the text is the
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

/* ---- What a client said -------------------------------------------------- */

/* A span that is absent has ptr NULL. */
struct json_message {
    struct span message; /* unescaped; inside the caller's text */
    struct span name;    /* unescaped; not yet checked as a name */
    struct span ping;    /* the number as it was written */
    struct span token;   /* unescaped; not yet looked at */
};

/*
 * Read one client message. text is UTF-8 already (a text frame's payload) and
 * never NULL; its bytes are overwritten. Returns NULL and fills *out when it
 * is a valid object that holds at least one of the keys, each with the right
 * type (string, string, number, string; of a duplicate key the last one
 * counts). Else returns a sentence that says what is wrong, static, fit for a Close reason.
 */
const char *json_read(uint8_t *text, size_t len, struct json_message *out);

/* ---- Walking over a text ------------------------------------------------- */

/*
 *     struct json_reader r = json_reader_of(text, len);
 *     if (json_enter(&r, &w, '{'))
 *         while (json_more(&r, &w) && json_key(&r, &key))
 *             json_value(&r, &value)      or json_enter, where one is looked for
 *     json_end(&r)                        was all of it one object?
 *
 * Walks may be nested. After a fault json_more and json_end answer false, so
 * every walk comes to its end. Texts are UTF-8 and never NULL, as for json_read.
 */
struct json_reader {
    uint8_t *at;        /* the next byte; all before it is read, and may be
                           overwritten */
    const uint8_t *end; /* of the text */
    const char *fault;  /* the first one, static; or NULL */
};

/* Inside an array or an object. */
struct json_walk {
    uint8_t closing; /* the bracket at its end */
    bool begun;      /* an element has been announced */
};

enum json_kind {
    JSON_ABSENT,
    JSON_STRING,
    JSON_NUMBER,
    JSON_LITERAL, /* true, false, null */
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json_value {
    enum json_kind kind;
    struct span text; /* STRING: unescaped; NUMBER: as it was written */
};

static inline struct json_reader json_reader_of(uint8_t *text, size_t len)
{
    return (struct json_reader){.at = text, .end = text + len};
}

/* Step into the array or object that is next; false, and nothing is taken or
   wrong, when there is none. opening is '[' or '{'. */
bool json_enter(struct json_reader *r, struct json_walk *w, char opening);

/* Is there another element? Then it is next. False behind the last one, which
   takes the closing bracket, and at a fault. */
bool json_more(struct json_reader *r, struct json_walk *w);

/* In an object each element begins so: a name, unescaped, and its colon. */
bool json_key(struct json_reader *r, struct span *key);

/* Take any value; arrays and objects are walked over. */
bool json_value(struct json_reader *r, struct json_value *value);

/* Nothing was wrong, and nothing but white space is left. */
bool json_end(struct json_reader *r);

/* ---- Writing ------------------------------------------------------------- */

/* Append s as a JSON string with its quotes. s is UTF-8; only the quote, the
   backslash and controls below 20 are escaped (RFC 8259 7). */
void json_put_string(struct text *t, struct span s);

#endif
