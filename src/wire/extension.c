/* SPDX-License-Identifier: MIT */
#include "wire/extension.h"

/* ---- the grammar (RFC 6455 9.1) ------------------------------------------ */

/*
 *   extension-list  = 1#extension
 *   extension       = extension-token *( ";" extension-param )
 *   extension-param = token [ "=" (token | quoted-string) ]
 *
 * A function takes what it is named for from the front of *in. It says false
 * when that is not there, and then the field is malformed.
 */

static bool is_token_byte(uint8_t byte)
{
    return bytes_is_alnum_or(byte, BYTES_LITERAL("!#$%&'*+-.^_`|~"));
}

static void skip_blanks(struct span *in)
{
    while (in->len && (in->ptr[0] == ' ' || in->ptr[0] == '\t'))
        *in = bytes_part(*in, 1, in->len - 1);
}

/* Take one byte and the blanks behind it, if it is there. */
static bool take_byte(struct span *in, uint8_t byte)
{
    if (in->len == 0 || in->ptr[0] != byte)
        return false;
    *in = bytes_part(*in, 1, in->len - 1);
    skip_blanks(in);
    return true;
}

static bool take_token(struct span *in, struct span *token)
{
    size_t len = 0;
    while (len < in->len && is_token_byte(in->ptr[len]))
        len++;
    *token = bytes_span(in->ptr, len);
    *in = bytes_part(*in, len, in->len - len);
    skip_blanks(in);
    return len > 0;
}

/* The value of a parameter, what it quotes included. Only numbers of two
   digits are ever of interest: of a longer one the beginning is enough. */
#define VALUE_KEPT 4

struct value {
    uint8_t bytes[VALUE_KEPT];
    size_t len; /* 0: there is no value; at most VALUE_KEPT */
};

static void keep_byte(struct value *v, uint8_t byte)
{
    if (v->len < VALUE_KEPT)
        v->bytes[v->len++] = byte;
}

/* "The value after quoted-string unescaping MUST conform to the 'token'
   ABNF": at least one byte, and all of them token bytes. */
static bool take_quoted(struct span *in, struct value *v)
{
    size_t i = 1; /* behind the opening quote */
    while (i < in->len && in->ptr[i] != '"') {
        if (in->ptr[i] == '\\')
            i++;
        if (i == in->len || !is_token_byte(in->ptr[i]))
            return false;
        keep_byte(v, in->ptr[i++]);
    }
    if (i == in->len || v->len == 0)
        return false;
    *in = bytes_part(*in, i, in->len - i);
    return take_byte(in, '"');
}

static bool take_value(struct span *in, struct value *v)
{
    if (in->len && in->ptr[0] == '"')
        return take_quoted(in, v);
    struct span token;
    if (!take_token(in, &token))
        return false;
    for (size_t i = 0; i < token.len; i++)
        keep_byte(v, token.ptr[i]);
    return true;
}

/* ---- one offer (RFC 7692 7.1) -------------------------------------------- */

struct offer {
    struct extension terms;
    bool declined;             /* unknown, or something in it cannot be met */
    bool server_takeover_seen; /* each parameter at most once, 7 */
    bool client_takeover_seen;
    bool server_bits_seen;
    bool client_bits_seen;
};

/* A decimal number from 8 to 15 without leading zeros (7.1.2.1, 7.1.2.2), or
   0 when it is something else. */
static uint8_t window_bits(const struct value *v)
{
    uint64_t number;
    bool decimal = bytes_decimal(bytes_span(v->bytes, v->len), &number);
    if (!decimal || v->bytes[0] == '0' || number < 8 || number > 15)
        return 0;
    return (uint8_t)number;
}

/* A parameter that may be there once: false when it was there already. */
static bool first_time(bool *seen)
{
    bool first = !*seen;
    *seen = true;
    return first;
}

/* False when the offer has to be declined for this parameter (7.1). */
static bool meet_parameter(struct offer *o, struct span name,
                           const struct value *v)
{
    struct extension *terms = &o->terms;
    if (bytes_equal(name, BYTES_LITERAL("server_no_context_takeover")))
        return first_time(&o->server_takeover_seen) && v->len == 0;
    if (bytes_equal(name, BYTES_LITERAL("client_no_context_takeover")))
        return first_time(&o->client_takeover_seen) && v->len == 0;
    if (bytes_equal(name, BYTES_LITERAL("server_max_window_bits"))) {
        terms->server_bits_asked = true;
        terms->server_window_bits = window_bits(v);
        return first_time(&o->server_bits_seen) && terms->server_window_bits;
    }
    if (bytes_equal(name, BYTES_LITERAL("client_max_window_bits"))) {
        if (!first_time(&o->client_bits_seen))
            return false;
        if (v->len == 0) /* only a hint that we may ask for less: 15 is fine */
            return true;
        terms->client_bits_asked = true;
        terms->client_window_bits = window_bits(v);
        return terms->client_window_bits != 0;
    }
    return false;
}

static bool take_offer(struct span *in, struct offer *o)
{
    struct span name;
    *o = (struct offer){
        .terms = {.server_window_bits = 15, .client_window_bits = 15}};
    if (!take_token(in, &name))
        return false;
    o->declined = !bytes_equal(name, BYTES_LITERAL("permessage-deflate"));
    while (take_byte(in, ';')) {
        struct value value = {.len = 0};
        if (!take_token(in, &name))
            return false;
        if (take_byte(in, '=') && !take_value(in, &value))
            return false;
        if (!meet_parameter(o, name, &value))
            o->declined = true;
    }
    return true;
}

/* ---- the list ------------------------------------------------------------ */

enum extension_result extension_choose(const struct span *values, size_t count,
                                       struct extension *chosen)
{
    enum extension_result result = EXTENSION_NONE;
    struct offer offer;
    size_t offers = 0;
    for (size_t i = 0; i < count; i++) {
        struct span in = values[i];
        skip_blanks(&in);
        while (in.len) {
            if (take_byte(&in, ',')) /* an empty element, or between two */
                continue;
            if (!take_offer(&in, &offer) || (in.len && in.ptr[0] != ','))
                return EXTENSION_MALFORMED;
            offers++;
            if (result == EXTENSION_NONE && !offer.declined) {
                *chosen = offer.terms;
                result = EXTENSION_CHOSEN;
            }
        }
    }
    return count && offers == 0 ? EXTENSION_MALFORMED : result;
}

void extension_write(const struct extension *e, struct text *out)
{
    text_string(out, "permessage-deflate; server_no_context_takeover"
                     "; client_no_context_takeover");
    if (e->server_bits_asked) {
        text_string(out, "; server_max_window_bits=");
        text_decimal(out, e->server_window_bits);
    }
    if (e->client_bits_asked) {
        text_string(out, "; client_max_window_bits=");
        text_decimal(out, e->client_window_bits);
    }
}
