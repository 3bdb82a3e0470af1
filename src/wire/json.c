/* SPDX-License-Identifier: MIT */
#include "wire/json.h"

/*
 * How it is read: one function per rule of the grammar, but for arrays and
 * objects inside the message's own object. Those mean nothing to us and may
 * be deep, so they are walked in a loop (skip_nest) that keeps a bit a level
 * instead of a call a level: the stack used does not depend on the text.
 */
static bool fail(struct json_reader *r, const char *fault)
{
    r->fault = fault;
    return false;
}

static bool byte_is(const struct json_reader *r, uint8_t byte)
{
    return r->at < r->end && *r->at == byte;
}

/* The next byte that is not white space (RFC 8259 2), or -1 at the end. */
static int next(struct json_reader *r)
{
    while (byte_is(r, ' ') || byte_is(r, '\t') || byte_is(r, '\n') ||
           byte_is(r, '\r'))
        r->at++;
    return r->at < r->end ? *r->at : -1;
}

/* Step over one structural character, if it is next. */
static bool take(struct json_reader *r, uint8_t byte)
{
    if (next(r) != byte)
        return false;
    r->at++;
    return true;
}

/* ---- Strings (RFC 8259 7) ------------------------------------------------ */

/* What may follow a backslash, but for u, and what it stands for. */
static const uint8_t escape_names[] = "\"\\bfnrt/";
static const uint8_t escape_meanings[] = "\"\\\b\f\n\r\t/";
#define ESCAPES (sizeof escape_names - 1)

/* Four hexadecimal digits: a UTF-16 code unit. */
static bool read_unit(struct json_reader *r, uint32_t *unit)
{
    int32_t value = bytes_hex(bytes_span(r->at, (size_t)(r->end - r->at)), 4);
    if (value < 0)
        return fail(r, "\\u without four hexadecimal digits");
    *unit = (uint32_t)value;
    r->at += 4;
    return true;
}

/* The second half of a pair: \uDC00 to \uDFFF, right behind the first. */
static bool read_low_surrogate(struct json_reader *r, uint32_t *low)
{
    if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
        return fail(r, "a lone surrogate");
    r->at += 2;
    if (!read_unit(r, low))
        return false;
    if (*low < 0xDC00 || *low > 0xDFFF)
        return fail(r, "a lone surrogate");
    return true;
}

/* RFC 3629 3. Never longer than the escape it came from: 6 bytes become at
   most 3, the 12 of a pair become 4. */
static uint8_t *put_character(uint8_t *to, uint32_t character)
{
    if (character < 0x80) {
        *to++ = (uint8_t)character;
        return to;
    }
    if (character < 0x800) {
        *to++ = (uint8_t)(0xC0 | character >> 6);
    } else {
        if (character < 0x10000) {
            *to++ = (uint8_t)(0xE0 | character >> 12);
        } else {
            *to++ = (uint8_t)(0xF0 | character >> 18);
            *to++ = (uint8_t)(0x80 | (character >> 12 & 0x3F));
        }
        *to++ = (uint8_t)(0x80 | (character >> 6 & 0x3F));
    }
    *to++ = (uint8_t)(0x80 | (character & 0x3F));
    return to;
}

/* What stands behind a backslash; writes what it means to *to. */
static bool read_escape(struct json_reader *r, uint8_t **to)
{
    if (!byte_is(r, 'u')) {
        const uint8_t *name =
            r->at < r->end ? memchr(escape_names, *r->at, ESCAPES) : NULL;
        if (!name)
            return fail(r, "an unknown escape in a string");
        *(*to)++ = escape_meanings[name - escape_names];
        r->at++;
        return true;
    }
    r->at++;
    uint32_t unit, low;
    if (!read_unit(r, &unit))
        return false;
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return fail(r, "a lone surrogate"); /* RFC 8259 8.2 */
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        if (!read_low_surrogate(r, &low))
            return false;
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
    }
    *to = put_character(*to, unit);
    return true;
}

/* A string from its opening quote on, unescaped in place. */
static bool read_string(struct json_reader *r, struct span *out)
{
    uint8_t *start = ++r->at;
    uint8_t *to = start;
    while (r->at < r->end) {
        uint8_t byte = *r->at++;
        if (byte == '"') {
            *out = bytes_span(start, (size_t)(to - start));
            return true;
        }
        if (byte < 0x20)
            return fail(r, "a control character in a string");
        if (byte != '\\')
            *to++ = byte;
        else if (!read_escape(r, &to))
            return false;
    }
    return fail(r, "a string without an end");
}

/* ---- Numbers and literals (RFC 8259 6, 3) -------------------------------- */

/* One digit or more. */
static bool read_digits(struct json_reader *r)
{
    const uint8_t *start = r->at;
    while (r->at < r->end && bytes_is_digit(*r->at))
        r->at++;
    return r->at > start || fail(r, "a malformed number");
}

/* number = [ minus ] int [ frac ] [ exp ] */
static bool read_number(struct json_reader *r, struct span *out)
{
    uint8_t *start = r->at;
    if (byte_is(r, '-'))
        r->at++;
    if (byte_is(r, '0')) /* a leading zero stands alone */
        r->at++;
    else if (!read_digits(r))
        return false;
    if (byte_is(r, '.')) {
        r->at++;
        if (!read_digits(r))
            return false;
    }
    if (byte_is(r, 'e') || byte_is(r, 'E')) {
        r->at++;
        if (byte_is(r, '+') || byte_is(r, '-'))
            r->at++;
        if (!read_digits(r))
            return false;
    }
    *out = bytes_span(start, (size_t)(r->at - start));
    return true;
}

static bool read_literal(struct json_reader *r, struct span literal)
{
    if ((size_t)(r->end - r->at) < literal.len ||
        memcmp(r->at, literal.ptr, literal.len) != 0)
        return fail(r, "a value expected");
    r->at += literal.len;
    return true;
}

/* ---- Values (RFC 8259 3 to 5) -------------------------------------------- */

/* Any value but an array or an object. */
static bool read_scalar(struct json_reader *r, struct json_value *value)
{
    int byte = next(r);
    if (byte == '"') {
        value->kind = JSON_STRING;
        return read_string(r, &value->text);
    }
    if (byte == '-' || (byte >= '0' && byte <= '9')) {
        value->kind = JSON_NUMBER;
        return read_number(r, &value->text);
    }
    value->kind = JSON_LITERAL;
    if (byte == 't')
        return read_literal(r, BYTES_LITERAL("true"));
    if (byte == 'f')
        return read_literal(r, BYTES_LITERAL("false"));
    return read_literal(r, BYTES_LITERAL("null"));
}

/* The start of an object's member: its name and the colon. */
static bool read_key(struct json_reader *r, struct span *key)
{
    if (next(r) != '"')
        return fail(r, "a key in quotes expected");
    if (!read_string(r, key))
        return false;
    return take(r, ':') || fail(r, "a colon expected after a key");
}

/* The arrays and objects that are open at one place of the text. */
struct nest {
    size_t depth;                        /* how many */
    uint8_t objects[JSON_DEPTH_MAX / 8]; /* bit d is set: the d-th of them,
                                            counted from 0, is an object */
};

static bool in_object(const struct nest *n)
{
    size_t level = n->depth - 1;
    return n->objects[level / 8] >> level % 8 & 1;
}

/* Step into the array or object that is next. */
static bool open_level(struct json_reader *r, struct nest *n)
{
    /* The message's own object is one level more. */
    if (n->depth == JSON_DEPTH_MAX - 1)
        return fail(r, "nested too deeply");
    size_t level = n->depth++;
    uint8_t bit = (uint8_t)(1 << level % 8);
    n->objects[level / 8] &= (uint8_t)~bit;
    if (*r->at++ == '{')
        n->objects[level / 8] |= bit;
    return true;
}

static bool level_ends(struct json_reader *r, const struct nest *n)
{
    return next(r) == (in_object(n) ? '}' : ']');
}

/* Step out of all that ends here. */
static void close_levels(struct json_reader *r, struct nest *n)
{
    while (n->depth > 0 && level_ends(r, n)) {
        r->at++;
        n->depth--;
    }
}

/* What stands before an element: its key in an object, nothing in an array. */
static bool begin_element(struct json_reader *r, const struct nest *n)
{
    struct span key;
    return !in_object(n) || read_key(r, &key);
}

/* Walk over the array or object that is next, however deep. Each turn of the
   loop takes one scalar, or one opening bracket, and what closes behind it. */
static bool skip_nest(struct json_reader *r)
{
    struct nest n = {0};
    do {
        struct json_value ignored;
        int byte = next(r);
        bool opens = byte == '[' || byte == '{';
        if (!(opens ? open_level(r, &n) : read_scalar(r, &ignored)))
            return false;
        if (!opens || level_ends(r, &n)) {
            close_levels(r, &n);
            if (n.depth > 0 && !take(r, ','))
                return fail(r, "a comma or a closing bracket expected");
        }
        if (n.depth > 0 && !begin_element(r, &n))
            return false;
    } while (n.depth > 0);
    return true;
}

static bool read_value(struct json_reader *r, struct json_value *value)
{
    int byte = next(r);
    if (byte != '[' && byte != '{')
        return read_scalar(r, value);
    value->kind = byte == '[' ? JSON_ARRAY : JSON_OBJECT;
    return skip_nest(r);
}

/* ---- Walking ------------------------------------------------------------- */

bool json_enter(struct json_reader *r, struct json_walk *w, char opening)
{
    *w = (struct json_walk){.closing = opening == '[' ? ']' : '}'};
    return take(r, (uint8_t)opening);
}

bool json_more(struct json_reader *r, struct json_walk *w)
{
    if (r->fault)
        return false;
    if (w->begun ? take(r, ',') : next(r) != w->closing)
        return w->begun = true;
    return !take(r, w->closing) &&
           fail(r, w->closing == '}' ? "a comma or a closing brace expected"
                                     : "a comma or a closing bracket expected");
}

/* For others. A message is read by those behind them, which a compiler then
   puts in where they are called: with clang 40 ns a short one, not 57. */
bool json_key(struct json_reader *r, struct span *key)
{
    return read_key(r, key);
}

bool json_value(struct json_reader *r, struct json_value *value)
{
    return read_value(r, value);
}

bool json_end(struct json_reader *r)
{
    return !r->fault && (next(r) < 0 || fail(r, "something behind the object"));
}

/* ---- The message --------------------------------------------------------- */

/* The keys that mean something, each as it was seen last. */
struct members {
    struct json_value message;
    struct json_value name;
    struct json_value ping;
    struct json_value token;
    struct json_value unknown;
};

static struct json_value *member(struct members *m, struct span key)
{
    if (bytes_equal(key, BYTES_LITERAL("message")))
        return &m->message;
    if (bytes_equal(key, BYTES_LITERAL("name")))
        return &m->name;
    if (bytes_equal(key, BYTES_LITERAL("ping")))
        return &m->ping;
    if (bytes_equal(key, BYTES_LITERAL("token")))
        return &m->token;
    return &m->unknown;
}

/* The whole text: one object, and nothing behind it. */
static bool read_object(struct json_reader *r, struct members *m)
{
    struct json_walk w;
    struct span key;
    if (!json_enter(r, &w, '{'))
        return fail(r, "not a JSON object");
    while (json_more(r, &w))
        if (!read_key(r, &key) || !read_value(r, member(m, key)))
            return false;
    return json_end(r);
}

static const char *wrong_member(const struct members *m)
{
    if (m->message.kind != JSON_ABSENT && m->message.kind != JSON_STRING)
        return "message is not a string";
    if (m->name.kind != JSON_ABSENT && m->name.kind != JSON_STRING)
        return "name is not a string";
    if (m->ping.kind != JSON_ABSENT && m->ping.kind != JSON_NUMBER)
        return "ping is not a number";
    if (m->token.kind != JSON_ABSENT && m->token.kind != JSON_STRING)
        return "token is not a string";
    if (m->message.kind == JSON_ABSENT && m->name.kind == JSON_ABSENT &&
        m->ping.kind == JSON_ABSENT && m->token.kind == JSON_ABSENT)
        return "neither message nor name nor ping";
    return NULL;
}

const char *json_read(uint8_t *text, size_t len, struct json_message *out)
{
    struct json_reader r = json_reader_of(text, len);
    struct members m = {0};
    *out = (struct json_message){0};
    if (!read_object(&r, &m))
        return r.fault;
    const char *fault = wrong_member(&m);
    if (fault)
        return fault;
    *out = (struct json_message){
        .message = m.message.text,
        .name = m.name.text,
        .ping = m.ping.text,
        .token = m.token.text,
    };
    return NULL;
}

/* ---- Writing (RFC 8259 7) ------------------------------------------------ */

static bool plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\';
}

/* The short escape, or \u00XX where a byte has none. */
static void put_escape(struct text *t, uint8_t byte)
{
    const uint8_t *meaning = memchr(escape_meanings, byte, ESCAPES);
    uint8_t escape[2] = {'\\', 'u'};
    if (meaning)
        escape[1] = escape_names[meaning - escape_meanings];
    text_put(t, bytes_span(escape, sizeof escape));
    if (!meaning)
        text_hex(t, byte, 4);
}

void json_put_string(struct text *t, struct span s)
{
    text_byte(t, '"');
    size_t start = 0; /* of the run of plain bytes that goes on */
    for (size_t i = 0; i < s.len; i++) {
        if (plain(s.ptr[i]))
            continue;
        text_put(t, bytes_part(s, start, i - start));
        put_escape(t, s.ptr[i]);
        start = i + 1;
    }
    if (start < s.len)
        text_put(t, bytes_after(s, start));
    text_byte(t, '"');
}
