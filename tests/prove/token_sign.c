/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/wire/token_sign.c
 * with: src/base/base64.c src/base/bytes.c src/base/text.c src/wire/json.c
 * with: src/wire/token.c
 * eva: -eva-slevel 1000 -eva-slevel-function encode:9000
 * eva: -eva-split-return full
 * uses: hmac_make token_read
 *
 * Tokens signed by keys with names of up to the longest, of bytes that are
 * written as one, as two and as six, into any room; claims of some shapes.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

/* ---- Tokens -------------------------------------------------------------- */

/* Any key. */
static struct token_key any_key(size_t kid_len, uint8_t least, uint8_t most)
{
    struct token_key key = {.kid_len = kid_len};
    any_bytes(&key.hmac, sizeof key.hmac);
    key.hmac.inner.len = key.hmac.outer.len = SHA256_BLOCK;
    for (size_t i = 0; i < kid_len; i++)
        key.kid[i] = (uint8_t)any_between(least, most);
    return key;
}

static void sign(const struct token_key *key, size_t claims, size_t room)
{
    static uint8_t memory[401];
    struct text t = text_over(memory + sizeof memory - (room + 1), room + 1);
    t.len = 1;
    bool whole = token_sign(key, bytes_span(any_text(claims), claims), &t);
    //@ assert in_it: 1 <= t.len <= t.size;
    if (whole) {
        //@ assert written: !t.overflow && t.len > 1;
    }
}

/* A name of so many bytes between these. */
static void sign_with(size_t kid_len, uint8_t least, uint8_t most)
{
    struct token_key key = any_key(kid_len, least, most);
    for (size_t room = 0; room <= 128; room += SIZE(64, 16))
        sign(&key, kid_len % 4, room);
    sign(&key, SIZE(1, 9), 400);
}

static void sign_with_each(size_t kid_len)
{
    sign_with(kid_len, ' ', '!');
    sign_with(kid_len, '"', '"');
    sign_with(kid_len, '#', '[');
    sign_with(kid_len, '\\', '\\');
    sign_with(kid_len, ']', UINT8_MAX);
}

/* Longer than a token may be. */
static void sign_long(void)
{
    static uint8_t claims[TOKEN_CLAIMS_MAX], memory[TOKEN_MAX + 100];
    struct token_key key = any_key(1, 'a', 'a');
    struct text t = text_over(memory, sizeof memory);
    bool whole = token_sign(&key, bytes_span(claims, sizeof claims), &t);
    //@ assert too_long: !whole;
}

/* ---- Claims -------------------------------------------------------------- */

static void write_in(struct span form, size_t room)
{
    static uint8_t memory[256];
    struct text t = text_over(memory + sizeof memory - (room + 1), room + 1);
    t.len = 1;
    uint64_t now =
        any_between(UINT64_C(1700000000000), UINT64_C(1800000000000));
    const char *why = token_write_claims(form, now, &t);
    //@ assert in_it: 1 <= t.len <= t.size;
    if (!why) {
        //@ assert written: !t.overflow && t.len > 1;
    }
}

/* What may be any is no letter, no digit, and nothing that has a meaning. */
static void write_like(const char *shape)
{
    struct span form = any_like(shape, '{');
    write_in(form, 250);
    write_in(form, 0);
    write_in(form, 20);
}

void main(void)
{
    static const char *const shapes[] = {
        "",
        "?",
        "ttl=?",
        "ttl=1h",
        "ttl=90s,sub=?",
        "exp=1,nbf=?",
        "exp=1,nbf=12",
        "exp=1?",
        " ttl = 15m , name = ?\"\\ ",
        "ttl=1d,join=,join=a,join=?,say=?",
        "ttl=1,say=a,aud=b",
        "ttl=0",
        "ttl=",
        "ttl=99999999999",
        "exp=1,ttl=1",
        "sub=a,sub=b",
        "sub=a",
        "sub",
        "sub?=a",
        "a=b,ttl=1",
        "exp=18446744073709551616",
        " {\"exp\":?} ",
    };
    sign_with(0, 0, 0);
    sign_with(1, 0, 0x1F);
    sign_with_each(1);
    if (SIZE(0, 1))
        sign_with_each(3);
    sign_with(TOKEN_KID_MAX, '"', '"');
    sign_long();
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        write_like(shapes[i]);
    write_in(bytes_span(NULL, 0), 100);
}
