/* SPDX-License-Identifier: MIT */
/*
 * token: who may come in (JSON Web Tokens: RFC 7519, with RFC 8725's advice).
 *
 *   eyJhbGciOiJIUzI1NiJ9 . eyJzdWIiOiJhbm4iLCJleHAiOjE3fQ . KZm2...
 *   {"alg":"HS256"}        {"sub":"ann","exp":17}           signature
 *
 * Three parts in base64url: the header, the claims, and HMAC-SHA-256 of the
 * first two as they stand there (RFC 7515 7.1, RFC 7518 3.2). Whoever has the
 * key could have signed: we, and the site whose users come here. Nothing else
 * about a token is believed, so the signature is looked at before the claims
 * are; only HS256 is known, whatever a header says of itself; and a claim that
 * is not quite what it must be is a failure, not an absent one.
 *
 * Here is no I/O and no clock. `now` is milliseconds since 1970.
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include "base/hmac.h"
#include "base/text.h"
#include "wire/http.h"

#define TOKEN_MAX        4096                /* bytes of a token */
#define TOKEN_CLAIMS_MAX (TOKEN_MAX / 4 * 3) /* bytes of what is inside */
#define TOKEN_NAMES_MAX  64                  /* in a header; in the claims */
#define TOKEN_SUB_MAX    64                  /* bytes of sub */
#define TOKEN_NAME_MAX   64                  /* bytes of name */
#define TOKEN_SKEW       30000 /* ms that clocks may differ (RFC 7519 4.1.4) */

/* ---- Keys ---------------------------------------------------------------- */

#define TOKEN_KEYS_MAX 8
#define TOKEN_KEY_MIN  32  /* bytes: RFC 7518 3.2 */
#define TOKEN_KEY_MAX  512 /* bytes */
#define TOKEN_KID_MAX  64  /* bytes of a key's name */

struct token_key {
    uint8_t kid[TOKEN_KID_MAX];
    size_t kid_len;
    struct hmac hmac; /* secret */
};

/* The first one signs; all of them verify. */
struct token_keys {
    size_t count;
    struct token_key list[TOKEN_KEYS_MAX];
};

/* What is wrong with a key file. */
struct token_fault {
    size_t line;     /* counted from 1; 0: the file as a whole */
    const char *why; /* a sentence without a full stop, static */
};

/*
 * Read the text of a key file: a line `KID KEY` for each key, KEY in base64 or
 * base64url, padded or not, of TOKEN_KEY_MIN to TOKEN_KEY_MAX bytes. Blank
 * lines and those that begin with # are passed over; lines may end in CRLF.
 * False: *fault is filled, and *keys is wiped. The text is the caller's to
 * wipe (bytes_wipe).
 */
bool token_keys_read(struct token_keys *keys, struct span text,
                     struct token_fault *fault);

/* ---- Verifying ----------------------------------------------------------- */

/* How it went, in the order in which it is looked at. */
enum token_reason {
    TOKEN_GOOD,
    TOKEN_LONG,
    TOKEN_PARTS,
    TOKEN_BASE64,
    TOKEN_HEADER_JSON,
    TOKEN_HEADER_NAMES,
    TOKEN_HEADER_TWICE,
    TOKEN_HEADER_TYPE,
    TOKEN_ALG_NONE,
    TOKEN_ALG,
    TOKEN_CRIT,
    TOKEN_TYP,
    TOKEN_KID_MISSING,
    TOKEN_KID_UNKNOWN,
    TOKEN_SIGNATURE,
    TOKEN_CLAIMS_JSON,
    TOKEN_CLAIMS_NAMES,
    TOKEN_CLAIMS_TWICE,
    TOKEN_CLAIMS_TYPE,
    TOKEN_SUB,
    TOKEN_NAME,
    TOKEN_ROOM,
    TOKEN_EXP_MISSING,
    TOKEN_EXPIRED,
    TOKEN_EARLY,
    TOKEN_AUD_MISSING,
    TOKEN_AUD_OTHER,
    TOKEN_AUD_UNWANTED,
    TOKEN_REASONS /* how many there are */
};

/* A short sentence for it, static, that holds nothing of the token. */
const char *token_reason(enum token_reason reason);

struct token_rules {
    const struct token_keys *keys;
    struct span aud; /* --token-aud: must be among them; len 0: none must be */
};

/* Whom a token is for. */
enum token_audience { TOKEN_AUD_NOBODY, TOKEN_AUD_OTHERS, TOKEN_AUD_US };

/*
 * What a token says. Spans look into `bytes`, so it is not to be copied. All
 * of it may be forgotten once what is asked of it is answered: it is for one
 * join, not for a connection's life.
 */
struct token_claims {
    struct span sub;  /* who: 1 to 64 bytes without control characters. A
                         token need not have one (ptr NULL): it is for nobody
                         in particular, and renewed by such another */
    struct span name; /* of the user, as chat has them; ptr NULL: free */
    uint64_t exp;     /* ms since 1970; the end is TOKEN_SKEW later, and what
                         is added to it does not overflow */
    uint64_t nbf;     /* ms since 1970; 0: none */
    enum token_audience aud;
    struct span join; /* rooms, each with a NUL behind it; ptr NULL: none */
    struct span say;
    uint8_t bytes[TOKEN_CLAIMS_MAX];
};

/*
 * Verify a token. In this order: TOKEN_MAX bytes at most; three parts, all in
 * strict base64url; a header that is a JSON object without a name twice, `alg`
 * exactly HS256, no `crit` (RFC 7515 4.1.11), `typ` JWT or at+jwt, if any
 * (RFC 8725 3.11), `kid` one of the keys', or none where there is one key; the
 * signature, in a time that says nothing about it. Then the claims: a JSON
 * object without a name twice, of its claims those above as they must be, and
 *
 *   exp     must be there, and now before it
 *   nbf     if there, now not before it          both a number (RFC 7519 2)
 *   aud     a string or an array of strings, see struct token_rules
 *   chatd   {"join":[...],"say":[...]}: rooms, see token_grants
 *
 * each time with TOKEN_SKEW. Other names may hold anything. Once the signature
 * is right `sub` says whose token it was, if the claims could be read so far,
 * for the log; before that nothing is said, and *claims is wiped. Nor does the
 * signature stay: what is left of a token opens nothing.
 */
enum token_reason token_verify(const struct token_rules *rules,
                               struct span token, uint64_t now,
                               struct token_claims *claims);

/* Read claims that nobody has signed yet: are they as they must be, whatever
   the time and the audience? */
enum token_reason token_read(struct token_claims *claims, struct span json);

enum token_right { TOKEN_JOIN, TOKEN_SAY };

/*
 * Do the claims allow this in a room? `join` and `say` list exact names, or
 * with a last '*' what names begin with. Without `join` no room may be joined;
 * without `say` it is as `join`; an empty list allows nothing. They are apart:
 * who may say something but not join can post.
 */
bool token_grants(const struct token_claims *claims, struct span room,
                  enum token_right right);

/* The two texts inside, for token_verify: read in place, as it says. */
enum token_reason token_read_header(uint8_t *text, size_t len,
                                    struct span *kid); /* ptr NULL: none */
enum token_reason token_read_claims(struct token_claims *claims, uint8_t *text,
                                    size_t len, struct span aud);

/* ---- Signing ------------------------------------------------------------- */

/* Append the token of these claims, signed by a key. False when it does not
   fit out, or would be longer than TOKEN_MAX. */
bool token_sign(const struct token_key *key, struct span claims,
                struct text *out);

/*
 * Append claims as JSON. `form` is a JSON object, which is passed on, or
 *
 *   sub=ann,name=Ann,join=tea,join=team-*,say=tea,ttl=1h,aud=x,exp=1,nbf=1
 *
 * without commas in values. `join` and `say` may come again, and are empty
 * lists with no value; `ttl` is from now on, in seconds or with one of s, m,
 * h, d; `exp` and `nbf` are seconds since 1970. NULL, or what is wrong with
 * it, static: also what token_read would say, and neither exp nor ttl.
 */
const char *token_write_claims(struct span form, uint64_t now,
                               struct text *out);

/* ---- In a request -------------------------------------------------------- */

enum token_source {
    TOKEN_NOWHERE,
    TOKEN_AUTHORIZATION, /* Authorization: Bearer TOKEN (RFC 6750 2.1) */
    TOKEN_SUBPROTOCOL,   /* Sec-WebSocket-Protocol: bearer.TOKEN */
    TOKEN_COOKIE,
};

/*
 * Where a request's token is. Explicit ones (the first two) win over the
 * cookie of this name (len 0: no cookie is looked at). NULL: *source says, and
 * *token is inside the request, not yet looked at, maybe empty. Otherwise why
 * the request is a 400: two explicit ones, or two cookies of that name.
 */
const char *token_find(const struct http_request *request, struct span cookie,
                       struct span *token, enum token_source *source);

#endif
