/* SPDX-License-Identifier: MIT */
#include "wire/extension.h"

#include "wire/http.h"

/* ---- the grammar (RFC 6455 9.1) ------------------------------------------ */

/*
 *   extension-list  = 1#extension
 *   extension       = extension-token *( ";" extension-param )
 *   extension-param = token [ "=" (token | quoted-string) ]
 *
 * A function takes what it is named for from the front of *in. It says false
 * when that is not there, and then the field is malformed.
 */

/* Take some bytes and the blanks behind them. */
static void take(struct span *in, size_t len)
{
    *in = bytes_trim(bytes_after(*in, len));
}

/* Take one byte, if it is there. */
static bool take_byte(struct span *in, uint8_t byte)
{
    if (in->len == 0 || in->ptr[0] != byte)
        return false;
    take(in, 1);
    return true;
}

static bool take_token(struct span *in, struct span *token)
{
    *token = bytes_part(*in, 0, http_token_len(*in));
    take(in, token->len);
    return token->len > 0;
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
        if (i == in->len || !http_token_len(bytes_part(*in, i, 1)))
            return false;
        keep_byte(v, in->ptr[i++]);
    }
    if (i == in->len || v->len == 0)
        return false;
    take(in, i + 1);
    return true;
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

/* 7.1.1 and 7.1.2. */
enum { SERVER_TAKEOVER, CLIENT_TAKEOVER, SERVER_BITS, CLIENT_BITS, PARAMETERS };

static const char *const parameters[PARAMETERS] = {
    [SERVER_TAKEOVER] = "server_no_context_takeover",
    [CLIENT_TAKEOVER] = "client_no_context_takeover",
    [SERVER_BITS] = "server_max_window_bits",
    [CLIENT_BITS] = "client_max_window_bits",
};

struct offer {
    struct extension terms;
    bool declined; /* unknown, or something in it cannot be met */
    unsigned seen; /* a bit for each parameter */
};

/* A decimal number from 8 to 15 without leading zeros (7.1.2.1, 7.1.2.2), or
   0 when it is something else. */
static uint8_t window_bits(const struct value *v)
{
    uint64_t number;
    bool good =
        bytes_number(bytes_span(v->bytes, v->len), EXTENSION_BITS_MAX, &number);
    return good && number >= 8 ? (uint8_t)number : 0;
}

/* False when the offer has to be declined for this parameter (7.1). */
static bool meet_parameter(struct offer *o, struct span name,
                           const struct value *v)
{
    unsigned which = 0;
    while (which < PARAMETERS &&
           !bytes_equal(name, bytes_of(parameters[which])))
        which++;
    if (which == PARAMETERS || o->seen >> which & 1) /* 7: each at most once */
        return false;
    o->seen |= 1U << which;
    if (which < SERVER_BITS)
        return v->len == 0;
    if (which == CLIENT_BITS && v->len == 0)
        return true; /* only a hint that we may ask for less: 15 is fine */
    uint8_t bits = window_bits(v);
    if (which == SERVER_BITS) {
        o->terms.server_bits_asked = true;
        o->terms.server_window_bits = bits;
    } else {
        o->terms.client_bits_asked = true;
        o->terms.client_window_bits = bits;
    }
    return bits != 0;
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
        struct span in = bytes_trim(values[i]);
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

/* ---- the other role ------------------------------------------------------ */

static void put_bits(struct text *out, const char *name, uint8_t bits)
{
    text_string(out, "; ");
    text_string(out, name);
    text_byte(out, '=');
    text_decimal(out, bits);
}

void extension_write_offer(const struct extension_offer *offer,
                           struct text *out)
{
    text_string(out, "permessage-deflate");
    if (offer->server_drops)
        text_string(out, "; server_no_context_takeover");
    if (offer->client_drops)
        text_string(out, "; client_no_context_takeover");
    if (offer->server_window_bits)
        put_bits(out, parameters[SERVER_BITS], offer->server_window_bits);
    if (offer->client_window_bits == EXTENSION_BITS_MAX)
        text_string(out, "; client_max_window_bits");
    else if (offer->client_window_bits)
        put_bits(out, parameters[CLIENT_BITS], offer->client_window_bits);
}

/*
 * May an offer be answered so? What it asks of the server the answer must
 * repeat, with the same window or a smaller one (7.1.1.1, 7.1.2.1); the window
 * of the client is for the server to choose only where the offer names it
 * (7.1.2.2). Without being asked the server may promise more for itself, and
 * may have the client drop its window (7.1.1.2).
 */
static bool is_answer_to(const struct extension_offer *offer,
                         const struct offer *answer)
{
    const struct extension *terms = &answer->terms;
    if (offer->server_drops && !(answer->seen >> SERVER_TAKEOVER & 1))
        return false;
    if (offer->server_window_bits &&
        (!terms->server_bits_asked ||
         terms->server_window_bits > offer->server_window_bits))
        return false;
    return !terms->client_bits_asked ||
           terms->client_window_bits <= offer->client_window_bits;
}

/* The next element of the answer. */
static enum fault judge_answer(const struct offer *answer, bool ours,
                               const struct extension_offer *offer, bool seen)
{
    if (!ours)
        return seen ? FAULT_ANSWER_FOREIGN : FAULT_NONE;
    if (seen && !offer)
        return FAULT_ANSWER_FOREIGN;
    /* 7.1.2.2: in an answer client_max_window_bits has a value. */
    bool hint =
        answer->seen >> CLIENT_BITS & 1 && !answer->terms.client_bits_asked;
    if (answer->declined || hint || (offer && !is_answer_to(offer, answer)))
        return FAULT_ANSWER_TERMS;
    return FAULT_NONE;
}

static void set_terms(struct extension_terms *terms, const struct offer *answer,
                      const struct extension_offer *offer)
{
    *terms = (struct extension_terms){
        .deflate = true,
        .server_keeps = !(answer->seen >> SERVER_TAKEOVER & 1),
        .client_keeps = !(answer->seen >> CLIENT_TAKEOVER & 1),
        .server_window_bits = answer->terms.server_window_bits,
        .client_window_bits = answer->terms.client_window_bits,
    };
    if (!offer)
        return;
    terms->client_keeps = terms->client_keeps && !offer->client_drops;
    if (offer->client_window_bits &&
        terms->client_window_bits > offer->client_window_bits)
        terms->client_window_bits = offer->client_window_bits;
}

enum fault extension_judge(struct span value,
                           const struct extension_offer *offer, bool seen,
                           struct extension_terms *terms)
{
    bool there = false;
    struct offer answer;
    struct span in = bytes_trim(value);
    *terms = (struct extension_terms){0};
    while (in.len) {
        if (take_byte(&in, ','))
            continue;
        bool ours = bytes_equal(bytes_part(in, 0, http_token_len(in)),
                                BYTES_LITERAL("permessage-deflate"));
        if (!take_offer(&in, &answer) || (in.len && in.ptr[0] != ','))
            return FAULT_ANSWER;
        there = true;
        enum fault fault = judge_answer(&answer, ours, offer, seen);
        if (!fault && ours && terms->deflate)
            fault = FAULT_ANSWER_TERMS; /* agreed to twice */
        if (fault)
            return fault;
        if (ours)
            set_terms(terms, &answer, offer);
    }
    return there ? FAULT_NONE : FAULT_ANSWER;
}
