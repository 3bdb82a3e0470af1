/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/wire/token.c src/wire/token_json.c
 * with: src/base/base64.c src/base/bytes.c src/wire/json.c
 * eva: -eva-slevel 2000 -eva-split-return full
 * eva: -eva-slevel-function decode_0:9000,memchr:9000
 * eva: -eva-split-return-function value_of:-1,group_of:0
 * uses: hmac_verify utf8_valid utf8_printable
 *
 * Headers and claims of some shapes; tokens of them, at any time, whether the
 * signature is right or not; short tokens of any bytes.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

#include "base/base64.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

static struct token_claims claims;

/* ---- The two texts inside ------------------------------------------------ */

static void header_like(const char *shape)
{
    struct span text = any_like(shape, ' '), kid;
    enum token_reason reason =
        token_read_header((uint8_t *)text.ptr, text.len, &kid);
    //@ assert header: TOKEN_GOOD <= reason < TOKEN_SIGNATURE;
    token_reason(reason);
}

static void check_grants(struct span room)
{
    token_grants(&claims, room, TOKEN_JOIN);
    token_grants(&claims, room, TOKEN_SAY);
}

/* What is read lies in what was read; and what it allows. */
static void claims_like(const char *shape)
{
    enum token_reason reason = token_read(&claims, any_like(shape, ' '));
    //@ assert known: TOKEN_GOOD <= reason < TOKEN_REASONS;
    if (reason)
        return;
    //@ assert exp: claims.exp <= UINT64_MAX - TOKEN_SKEW;
    //@ assert nbf: claims.nbf <= UINT64_MAX - TOKEN_SKEW;
    //@ assert sub: claims.sub.len <= TOKEN_SUB_MAX;
    //@ assert name: claims.name.len <= TOKEN_NAME_MAX;
    check_grants(BYTES_LITERAL("tea"));
    check_grants(BYTES_LITERAL("a"));
    check_grants(bytes_span(NULL, 0));
}

/* So many names, as are too many. */
static void read_names(size_t count)
{
    static uint8_t text[1 + (TOKEN_NAMES_MAX + 1) * 7 + 1];
    size_t len = 0;
    text[len++] = '{';
    for (size_t i = 0; i < count; i++) {
        const uint8_t pair[] = {'"',
                                (uint8_t)('#' + i % 32),
                                (uint8_t)('#' + i / 32),
                                '"',
                                ':',
                                '1',
                                ','};
        memcpy(text + len, pair, sizeof pair);
        len += sizeof pair;
    }
    text[len - 1] = '}';
    enum token_reason reason = token_read(&claims, bytes_span(text, len));
    //@ assert no_good: reason != TOKEN_GOOD;
}

/* More bytes than there is room for; and none. */
static void read_long(void)
{
    static uint8_t text[TOKEN_CLAIMS_MAX + 1];
    enum token_reason reason =
        token_read(&claims, bytes_span(text, sizeof text));
    //@ assert too_long: reason == TOKEN_LONG;
    reason = token_read(&claims, bytes_span(NULL, 0));
    //@ assert nothing: reason == TOKEN_CLAIMS_JSON;
}

/* ---- Tokens -------------------------------------------------------------- */

static struct token_rules rules_of(const struct token_keys *keys,
                                   const char *aud)
{
    return (struct token_rules){.keys = keys, .aud = bytes_of(aud)};
}

static struct token_keys any_keys(size_t count)
{
    struct token_keys keys = {.count = count};
    for (size_t i = 0; i < count; i++) {
        struct token_key *key = &keys.list[i];
        any_bytes(&key->hmac, sizeof key->hmac);
        key->hmac.inner.len = key->hmac.outer.len = SHA256_BLOCK;
        key->kid[0] = (uint8_t)('a' + i);
        key->kid_len = 1;
    }
    return keys;
}

static void verify(struct span token, size_t key_count, const char *aud)
{
    struct token_keys keys = any_keys(key_count);
    struct token_rules rules = rules_of(&keys, aud);
    enum token_reason reason = token_verify(&rules, token, any_u64(), &claims);
    //@ assert known: TOKEN_GOOD <= reason < TOKEN_REASONS;
    if (TOKEN_GOOD < reason && reason <= TOKEN_SIGNATURE) {
        //@ assert wiped: claims.sub.ptr == \null && claims.bytes[0] == 0;
    }
}

/* One of this header, of claims of a shape, and of a signature of any bytes. */
static void verify_like(const char *header, const char *shape, size_t count,
                        const char *aud)
{
    static uint8_t memory[512];
    uint8_t text[512];
    struct span in = any_like(shape, ' ');
    size_t len =
        base64_url_encode(text, (const uint8_t *)header, strlen(header));
    text[len++] = '.';
    len += base64_url_encode(text + len, in.ptr, in.len);
    text[len++] = '.';
    len += base64_url_encode(text + len, any_text(3), 3);
    uint8_t *ptr = memory + sizeof memory - len;
    memcpy(ptr, text, len);
    verify(bytes_span(ptr, len), count, aud);
}

/* The longest that there are, and longer: all of one part, or of two. */
static void verify_long(size_t len, size_t first)
{
    static uint8_t memory[TOKEN_MAX + 1];
    uint8_t *ptr = memory + sizeof memory - len;
    memset(ptr, 'A', len);
    ptr[first] = '.';
    ptr[len - 1] = '.';
    verify(bytes_span(ptr, len), 1, "");
}

void main(void)
{
    static const char *const headers[] = {
        "",
        "?",
        "{?}",
        "{\"alg\":\"HS256\"}?",
        "{\"alg\":\"HS256\",\"kid\":\"?\"}",
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS25?\"}",
        "{\"alg\":1}",
        "{\"alg\":\"HS256\",\"typ\":[]}",
        "{\"alg\":\"HS256\",\"typ\":\"j?t\"}",
        "{\"alg\":\"HS256\",\"typ\":\"AT+jwt\"}",
        "{\"alg\":\"HS256\",\"kid\":1}",
        "{\"alg\":\"HS256\",\"crit\":[]}",
        "{\"alg\":\"HS256\",\"?\":1,\"b\":1}",
        "{\"alg\":\"HS256\",\"a\":1,\"a\":1}",
    };
    static const char *const all_claims[] = {
        "",
        "[]",
        "{}",
        "{?}",
        "{\"exp\":1}",
        "{\"exp\":1}?",
        "{\"exp\":\"?\"}",
        "{\"exp\":?}",
        "{\"exp\":-?}",
        "{\"exp\":1.5e?}",
        "{\"exp\":1.5e+1,\"nbf\":12345e-2}",
        "{\"exp\":1e99999}",
        "{\"exp\":0.0001e-9999}",
        "{\"exp\":123456789012345678901}",
        "{\"exp\":1,\"exp\":2}",
        "{\"exp\":1,\"nbf\":[]}",
        "{\"exp\":1,\"nbf\":",
        "{\"exp\":1,\"aud\":\"?\"}",
        "{\"exp\":1,\"aud\":[\"x\",\"y\"]}",
        "{\"exp\":1,\"aud\":[\"x\",1]}",
        "{\"exp\":1,\"aud\":1}",
        "{\"exp\":1,\"sub\":\"?\"}",
        "{\"exp\":1,\"sub\":\"\"}",
        "{\"exp\":1,\"sub\":1}",
        "{\"exp\":1,\"sub\":\"" A64 "\"}",
        "{\"exp\":1,\"sub\":\"" A64 "a\"}",
        "{\"exp\":1,\"name\":\"\\u00e4?\"}",
        "{\"exp\":1,\"name\":x}",
        "{\"exp\":1,\"other\":[?]}",
        "{\"exp\":1,\"chatd\":1}",
        "{\"exp\":1,\"chatd\":{\"join\":1}}",
        "{\"exp\":1,\"chatd\":{\"join\":[]}}",
        "{\"exp\":1,\"chatd\":{\"join\":[1]}}",
        "{\"exp\":1,\"chatd\":{\"join\":[\"tea\",\"t*\",\"\"]}}",
        "{\"exp\":1,\"chatd\":{\"join\":[\"?\"],\"say\":[\"*\"]}}",
        "{\"exp\":1,\"chatd\":{\"say\":[\"a\" , \"?\\\"\"],\"x\":{}}}",
        "{\"exp\":1,\"chatd\":{\"x\":}}",
    };
    static const char hs256[] = "{\"alg\":\"HS256\"}";
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        header_like(headers[i]);
    for (size_t i = 0; i < sizeof all_claims / sizeof *all_claims; i++)
        claims_like(all_claims[i]);
    if (SIZE(0, 1))
        read_names(TOKEN_NAMES_MAX);
    read_names(TOKEN_NAMES_MAX + 1);
    read_long();
    for (size_t len = 0; len <= SIZE(3, 5); len++)
        verify(bytes_span(any_text(len), len), 1, "");
    verify_like(hs256, "{\"exp\":1?}", 1, "");
    verify_like(hs256, "{\"exp\":1,\"nbf\":9}", 2, "");
    verify_like(hs256, "{\"exp\":1,\"aud\":\"x\"}", 1, "");
    verify_like(hs256, "{\"exp\":1,\"aud\":\"x\"}", 1, "x");
    verify_like(hs256, "{\"exp\":1,\"aud\":\"x\"}", 1, "y");
    verify_like(hs256, "{\"exp\":1}", 1, "y");
    verify_like(hs256, "{\"exp\":100,\"nbf\":90}", 1, "");
    verify_like(hs256, "{", 1, "");
    verify_like("{\"alg\":\"HS256\",\"kid\":\"b\"}", "{\"exp\":1}", 2, "");
    verify_like("{\"alg\":\"HS256\",\"kid\":\"c\"}", "{\"exp\":1}", 2, "");
    verify_long(TOKEN_MAX + 1, 1);
    if (SIZE(0, 1)) {
        verify_long(TOKEN_MAX, 0);
        verify_long(TOKEN_MAX, TOKEN_MAX - 2);
    }
}
