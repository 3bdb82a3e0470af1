/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "base/base64.h"

const char *token_reason(enum token_reason reason)
{
    static const char *const sentences[TOKEN_REASONS] = {
        [TOKEN_GOOD] = "good",
        [TOKEN_LONG] = "longer than 4096 bytes",
        [TOKEN_PARTS] = "not three parts with a dot between them",
        [TOKEN_BASE64] = "not base64url without padding",
        [TOKEN_HEADER_JSON] = "the header is not a JSON object",
        [TOKEN_HEADER_NAMES] = "more than 64 names in the header",
        [TOKEN_HEADER_TWICE] = "a name twice in the header",
        [TOKEN_HEADER_TYPE] = "alg, typ or kid is not a string",
        [TOKEN_ALG_NONE] = "alg is none: not signed",
        [TOKEN_ALG] = "alg is not HS256",
        [TOKEN_CRIT] = "crit: an extension that must be understood",
        [TOKEN_TYP] = "typ is neither JWT nor at+jwt",
        [TOKEN_KID_MISSING] = "no kid, and there are several keys",
        [TOKEN_KID_UNKNOWN] = "kid names no key",
        [TOKEN_SIGNATURE] = "the signature is wrong",
        [TOKEN_CLAIMS_JSON] = "the claims are not a JSON object",
        [TOKEN_CLAIMS_NAMES] = "more than 64 names in the claims",
        [TOKEN_CLAIMS_TWICE] = "a name twice in the claims",
        [TOKEN_CLAIMS_TYPE] = "a claim of the wrong type",
        [TOKEN_SUB] = "sub is not 1 to 64 printable bytes",
        [TOKEN_NAME] = "name is not at most 64 printable bytes",
        [TOKEN_ROOM] = "a room's name that does not print",
        [TOKEN_EXP_MISSING] = "no exp",
        [TOKEN_EXPIRED] = "expired",
        [TOKEN_EARLY] = "not valid yet",
        [TOKEN_AUD_MISSING] = "no aud",
        [TOKEN_AUD_OTHER] = "aud names others",
        [TOKEN_AUD_UNWANTED] = "an aud, but none is ours",
    };
    return sentences[reason];
}

/* ---- The token ----------------------------------------------------------- */

/* A part that is decoded. */
struct part {
    uint8_t *ptr;
    size_t len;
};

struct parts {
    struct part header, claims, signature;
    struct span input; /* what is signed: the first two as they came */
};

/* Behind the parts before it. All three have room: each becomes shorter. */
static bool decode(struct part *part, uint8_t *to, struct span text)
{
    ptrdiff_t len = base64_url_decode(to, text.len, text);
    *part = (struct part){.ptr = to, .len = (size_t)len};
    return len >= 0;
}

/* RFC 7515 7.1. */
static enum token_reason take_apart(struct span token, uint8_t *bytes,
                                    struct parts *p)
{
    if (token.len > TOKEN_MAX)
        return TOKEN_LONG;
    size_t first = bytes_find(token, '.');
    struct span rest = bytes_after(token, bytes_min(first + 1, token.len));
    size_t second = bytes_find(rest, '.');
    if (second == rest.len) /* also when there was no first */
        return TOKEN_PARTS;
    struct span last = bytes_after(rest, second + 1);
    if (bytes_find(last, '.') < last.len)
        return TOKEN_PARTS;
    p->input = bytes_part(token, 0, first + 1 + second);
    if (!decode(&p->header, bytes, bytes_part(token, 0, first)) ||
        !decode(&p->claims, p->header.ptr + p->header.len,
                bytes_part(rest, 0, second)) ||
        !decode(&p->signature, p->claims.ptr + p->claims.len, last))
        return TOKEN_BASE64;
    return TOKEN_GOOD;
}

static const struct token_key *find_key(const struct token_keys *keys,
                                        struct span kid)
{
    if (!kid.ptr)
        return keys->count == 1 ? keys->list : NULL;
    for (size_t i = 0; i < keys->count; i++) {
        const struct token_key *key = &keys->list[i];
        if (bytes_equal(kid, bytes_span(key->kid, key->kid_len)))
            return key;
    }
    return NULL;
}

/* Whose is it, as it says, and is it his? */
static enum token_reason check_signature(const struct token_keys *keys,
                                         const struct parts *p)
{
    struct span kid;
    enum token_reason reason =
        token_read_header(p->header.ptr, p->header.len, &kid);
    if (reason)
        return reason;
    const struct token_key *key = find_key(keys, kid);
    if (!key)
        return kid.ptr ? TOKEN_KID_UNKNOWN : TOKEN_KID_MISSING;
    if (!hmac_verify(&key->hmac, p->input,
                     bytes_span(p->signature.ptr, p->signature.len)))
        return TOKEN_SIGNATURE;
    return TOKEN_GOOD;
}

/* Is it now, and is it us? (RFC 7519 4.1.3 to 4.1.5.) */
static enum token_reason judge_claims(const struct token_claims *c,
                                      struct span aud, uint64_t now)
{
    if (now >= c->exp + TOKEN_SKEW)
        return TOKEN_EXPIRED;
    if (now + TOKEN_SKEW < c->nbf)
        return TOKEN_EARLY;
    if (!aud.len)
        return c->aud ? TOKEN_AUD_UNWANTED : TOKEN_GOOD;
    if (c->aud == TOKEN_AUD_US)
        return TOKEN_GOOD;
    return c->aud ? TOKEN_AUD_OTHER : TOKEN_AUD_MISSING;
}

enum token_reason token_verify(const struct token_rules *rules,
                               struct span token, uint64_t now,
                               struct token_claims *claims)
{
    struct parts p;
    enum token_reason reason = take_apart(token, claims->bytes, &p);
    if (!reason)
        reason = check_signature(rules->keys, &p);
    if (reason) {
        bytes_wipe(claims, sizeof *claims);
        return reason;
    }
    bytes_wipe(p.signature.ptr, p.signature.len);
    reason = token_read_claims(claims, p.claims.ptr, p.claims.len, rules->aud);
    return reason ? reason : judge_claims(claims, rules->aud, now);
}

enum token_reason token_read(struct token_claims *claims, struct span json)
{
    if (json.len > sizeof claims->bytes)
        return TOKEN_LONG;
    if (json.len)
        memcpy(claims->bytes, json.ptr, json.len);
    return token_read_claims(claims, claims->bytes, json.len,
                             bytes_span(NULL, 0));
}

/* ---- Rooms --------------------------------------------------------------- */

static bool matches(struct span pattern, struct span room)
{
    if (pattern.len && pattern.ptr[pattern.len - 1] == '*') {
        pattern.len--;
        room.len = bytes_min(room.len, pattern.len);
    }
    return bytes_equal(pattern, room);
}

bool token_grants(const struct token_claims *claims, struct span room,
                  enum token_right right)
{
    struct span rest = right == TOKEN_JOIN ? claims->join : claims->say;
    while (rest.len)
        if (matches(bytes_cut(&rest, 0), room))
            return true;
    return false;
}
