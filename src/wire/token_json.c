/* SPDX-License-Identifier: MIT */
/* The two texts in a token. Section numbers without an RFC are those of RFC
   7519. */
#include "wire/token.h"

#include "base/utf8.h"
#include "wire/json.h"

/* ---- JSON ---------------------------------------------------------------- */

/* One text that is read, the header or the claims. */
struct reading {
    struct json_reader json;
    enum token_reason not_json, names, twice; /* what it is called here */
    enum token_reason reason; /* what is wrong though it is JSON */
    bool has_exp;
    struct span aud; /* whoever we are */
    struct token_claims *claims;
};

/* An object in it, and the names that it had so far. */
struct object {
    struct json_walk walk;
    size_t count;
    struct span names[TOKEN_NAMES_MAX];
};

static bool refuse(struct reading *r, enum token_reason why)
{
    r->reason = why;
    return false;
}

static bool enter(struct reading *r, struct object *o)
{
    o->count = 0;
    return json_enter(&r->json, &o->walk, '{');
}

/* The next name, which must be new (4; RFC 7515 4). So few, as each is
   compared with all before it, and a header is not yet anybody's. */
static bool next_name(struct reading *r, struct object *o, struct span *name)
{
    if (!json_more(&r->json, &o->walk) || !json_key(&r->json, name))
        return false;
    for (size_t i = 0; i < o->count; i++)
        if (bytes_equal(o->names[i], *name))
            return refuse(r, r->twice);
    if (o->count == TOKEN_NAMES_MAX)
        return refuse(r, r->names);
    o->names[o->count++] = *name;
    return true;
}

static bool next_string(struct reading *r, struct span *text)
{
    struct json_value value;
    if (!json_value(&r->json, &value))
        return false;
    *text = value.text;
    return value.kind == JSON_STRING || refuse(r, TOKEN_CLAIMS_TYPE);
}

static enum token_reason end(struct reading *r)
{
    if (r->reason)
        return r->reason;
    return json_end(&r->json) ? TOKEN_GOOD : r->not_json;
}

/* ---- The header (RFC 7515 4) --------------------------------------------- */

struct parameters {
    struct json_value alg, crit, typ, kid, other;
};

static struct json_value *parameter(struct parameters *h, struct span name)
{
    if (bytes_equal(name, BYTES_LITERAL("alg")))
        return &h->alg;
    if (bytes_equal(name, BYTES_LITERAL("crit")))
        return &h->crit;
    if (bytes_equal(name, BYTES_LITERAL("typ")))
        return &h->typ;
    if (bytes_equal(name, BYTES_LITERAL("kid")))
        return &h->kid;
    return &h->other;
}

static bool is_string_if_any(const struct json_value *value)
{
    return value->kind == JSON_ABSENT || value->kind == JSON_STRING;
}

static enum token_reason judge_header(const struct parameters *h)
{
    if (!is_string_if_any(&h->alg) || !is_string_if_any(&h->typ) ||
        !is_string_if_any(&h->kid))
        return TOKEN_HEADER_TYPE;
    if (bytes_equal(h->alg.text, BYTES_LITERAL("none")))
        return TOKEN_ALG_NONE;
    if (!bytes_equal(h->alg.text, BYTES_LITERAL("HS256")))
        return TOKEN_ALG;
    if (h->crit.kind != JSON_ABSENT)
        return TOKEN_CRIT;
    /* A media type, so without case (RFC 7515 4.1.9). */
    if (h->typ.kind == JSON_STRING &&
        !bytes_equal_nocase(h->typ.text, BYTES_LITERAL("JWT")) &&
        !bytes_equal_nocase(h->typ.text, BYTES_LITERAL("at+jwt")))
        return TOKEN_TYP;
    return TOKEN_GOOD;
}

enum token_reason token_read_header(uint8_t *text, size_t len, struct span *kid)
{
    struct reading r = {.json = json_reader_of(text, len),
                        .not_json = TOKEN_HEADER_JSON,
                        .names = TOKEN_HEADER_NAMES,
                        .twice = TOKEN_HEADER_TWICE};
    struct parameters h = {.kid = {.kind = JSON_ABSENT}};
    struct object o;
    struct span name;
    if (!utf8_valid(bytes_span(text, len)) || !enter(&r, &o))
        return TOKEN_HEADER_JSON;
    while (next_name(&r, &o, &name) && json_value(&r.json, parameter(&h, name)))
        ;
    enum token_reason reason = end(&r);
    *kid = h.kid.text;
    return reason ? reason : judge_header(&h);
}

/* ---- Claims -------------------------------------------------------------- */

/* Of what stands behind the e, if anything; more than a token can have digits
   is as good as more. */
static ptrdiff_t exponent_of(struct span digits)
{
    const ptrdiff_t most = TOKEN_MAX;
    bool minus = digits.len && digits.ptr[0] == '-';
    if (minus || (digits.len && digits.ptr[0] == '+'))
        digits = bytes_after(digits, 1);
    uint64_t value = 0;
    bytes_decimal(digits, &value);
    ptrdiff_t exponent = (ptrdiff_t)bytes_min64(value, (uint64_t)most);
    return minus ? -exponent : exponent;
}

/*
 * The milliseconds of a NumericDate (2), which is any JSON number: seconds
 * since 1970. `places` of its digits are whole milliseconds, and zeros stand
 * behind them if it has not as many. Before 1970 is 0, and what is too far
 * for 64 bits the last time there is.
 */
static uint64_t milliseconds(struct span number)
{
    const uint64_t most = UINT64_MAX - TOKEN_SKEW;
    if (number.ptr[0] == '-')
        return 0;
    size_t e = 0;
    while (e < number.len && bytes_lower(number.ptr[e]) != 'e')
        e++;
    struct span mantissa = bytes_part(number, 0, e);
    size_t point = bytes_find(mantissa, '.');
    struct span exponent = bytes_after(number, bytes_min(e + 1, number.len));
    ptrdiff_t places = (ptrdiff_t)point + 3 + exponent_of(exponent);
    uint64_t ms = 0;
    for (size_t at = 0; places > 0; at++) {
        if (at == point)
            continue;
        uint8_t digit = at < mantissa.len ? mantissa.ptr[at] : '0';
        if (ms > (most - 9) / 10)
            return most;
        ms = ms * 10 + (uint64_t)(digit - '0');
        places--;
    }
    return ms;
}

static bool read_time(struct reading *r, uint64_t *ms)
{
    struct json_value value;
    if (!json_value(&r->json, &value))
        return false;
    if (value.kind != JSON_NUMBER)
        return refuse(r, TOKEN_CLAIMS_TYPE);
    *ms = milliseconds(value.text);
    return true;
}

/* Some printable bytes. */
static bool read_name(struct reading *r, struct span *name, size_t least,
                      enum token_reason otherwise)
{
    struct span text;
    if (!next_string(r, &text))
        return false;
    if (text.len < least || text.len > TOKEN_SUB_MAX || !utf8_printable(text))
        return refuse(r, otherwise);
    *name = text;
    return true;
}

_Static_assert(TOKEN_SUB_MAX == TOKEN_NAME_MAX, "read_name knows one limit");

static bool read_one_audience(struct reading *r)
{
    struct span text;
    if (!next_string(r, &text))
        return false;
    if (bytes_equal(text, r->aud))
        r->claims->aud = TOKEN_AUD_US;
    return true;
}

/* 4.1.3: an array of names, or one alone. */
static bool read_audience(struct reading *r)
{
    struct json_walk w;
    r->claims->aud = TOKEN_AUD_OTHERS;
    if (!json_enter(&r->json, &w, '['))
        return read_one_audience(r);
    while (json_more(&r->json, &w))
        if (!read_one_audience(r))
            return false;
    return true;
}

/* Rooms, each with a NUL behind it, are put where their array is read: one is
   no longer than what it came from, as a comma and two quotes are more than a
   NUL. */
static bool read_rooms(struct reading *r, struct span *rooms)
{
    struct json_walk w;
    struct span room;
    uint8_t *start = r->json.at, *to = start;
    if (!json_enter(&r->json, &w, '['))
        return refuse(r, TOKEN_CLAIMS_TYPE);
    while (json_more(&r->json, &w)) {
        if (!next_string(r, &room))
            return false;
        if (!utf8_printable(room)) /* so without a NUL */
            return refuse(r, TOKEN_ROOM);
        memmove(to, room.ptr, room.len);
        to += room.len;
        *to++ = 0;
    }
    *rooms = bytes_span(start, (size_t)(to - start));
    return true;
}

/* "chatd": {"join":[...],"say":[...]} */
static bool read_rights(struct reading *r)
{
    struct token_claims *c = r->claims;
    struct json_value other;
    struct object o;
    struct span name;
    if (!enter(r, &o))
        return refuse(r, TOKEN_CLAIMS_TYPE);
    while (next_name(r, &o, &name)) {
        bool join = bytes_equal(name, BYTES_LITERAL("join"));
        bool say = bytes_equal(name, BYTES_LITERAL("say"));
        if (!(join || say ? read_rooms(r, join ? &c->join : &c->say)
                          : json_value(&r->json, &other)))
            return false;
    }
    if (!c->say.ptr)
        c->say = c->join;
    return true;
}

static bool read_claim(struct reading *r, struct span name)
{
    struct token_claims *c = r->claims;
    struct json_value other;
    if (bytes_equal(name, BYTES_LITERAL("exp"))) {
        r->has_exp = true;
        return read_time(r, &c->exp);
    }
    if (bytes_equal(name, BYTES_LITERAL("nbf")))
        return read_time(r, &c->nbf);
    if (bytes_equal(name, BYTES_LITERAL("aud")))
        return read_audience(r);
    if (bytes_equal(name, BYTES_LITERAL("sub")))
        return read_name(r, &c->sub, 1, TOKEN_SUB);
    if (bytes_equal(name, BYTES_LITERAL("name")))
        return read_name(r, &c->name, 0, TOKEN_NAME);
    if (bytes_equal(name, BYTES_LITERAL("chatd")))
        return read_rights(r);
    return json_value(&r->json, &other);
}

enum token_reason token_read_claims(struct token_claims *claims, uint8_t *text,
                                    size_t len, struct span aud)
{
    struct reading r = {.json = json_reader_of(text, len),
                        .not_json = TOKEN_CLAIMS_JSON,
                        .names = TOKEN_CLAIMS_NAMES,
                        .twice = TOKEN_CLAIMS_TWICE,
                        .aud = aud,
                        .claims = claims};
    struct object o;
    struct span name;
    memset(claims, 0, offsetof(struct token_claims, bytes));
    if (!utf8_valid(bytes_span(text, len)) || !enter(&r, &o))
        return TOKEN_CLAIMS_JSON;
    while (next_name(&r, &o, &name) && read_claim(&r, name))
        ;
    enum token_reason reason = end(&r);
    return reason || r.has_exp ? reason : TOKEN_EXP_MISSING;
}
