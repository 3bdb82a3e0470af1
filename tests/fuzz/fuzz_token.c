/* SPDX-License-Identifier: MIT */
/*
 * fuzz_token: whoever sends a token, and whoever writes one.
 *
 * The first byte says what the others are: a token as it comes; a header and
 * claims, cut at a zero byte, that are signed here, as a fuzzer cannot; the
 * text of a key file; claims in their short form; or the head of a request.
 *
 *   - Nothing verifies but what was signed here, and then the claims are
 *     within their limits, and say the same when they are read alone.
 *   - Only the zero bits of a token are zero: another character anywhere is
 *     another token, and a bad one.
 *   - A refusal has a sentence.
 *   - What --sign writes is read, and verifies.
 */
#include "base/check.h"
#include "base/utf8.h"
#include "support/jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW UINT64_C(1700000000000)

static struct token_claims claims, again;
static uint8_t buffer[1 << 18];

static void check_name(struct span name, size_t least)
{
    if (name.ptr)
        CHECK(name.len >= least && name.len <= 64 && utf8_printable(name));
}

static void check_rooms(struct span rooms)
{
    CHECK(rooms.len == 0 || rooms.ptr[rooms.len - 1] == 0);
    CHECK(rooms.len <= sizeof claims.bytes);
    CHECK(rooms.len == 0 || utf8_valid(rooms));
}

static void check_claims(const struct token_claims *c)
{
    check_name(c->sub, 1);
    check_name(c->name, 0);
    check_rooms(c->join);
    check_rooms(c->say);
    CHECK(c->exp <= UINT64_MAX - TOKEN_SKEW);
    struct span room = bytes_part(c->join, 0, bytes_find(c->join, 0));
    if (c->join.len)
        CHECK(token_grants(c, room, TOKEN_JOIN));
}

static enum token_reason verify(const struct token_keys *keys,
                                struct span token)
{
    struct token_rules rules = {.keys = keys, .aud = BYTES_LITERAL("x")};
    enum token_reason reason = token_verify(&rules, token, NOW, &claims);
    CHECK(reason < TOKEN_REASONS && token_reason(reason));
    if (reason <= TOKEN_SIGNATURE && reason != TOKEN_GOOD)
        CHECK(!claims.sub.ptr && !claims.join.ptr && !claims.exp);
    else
        check_claims(&claims);
    return reason;
}

static void as_token(const struct token_keys *keys, struct span in)
{
    CHECK(verify(keys, in) != TOKEN_GOOD);
}

static void change_one(const struct token_keys *keys, struct text *token,
                       size_t at)
{
    uint8_t was = token->ptr[at];
    token->ptr[at] = was == 'Z' ? '0' : (uint8_t)(was + 1);
    CHECK(verify(keys, text_span(token)) != TOKEN_GOOD);
    token->ptr[at] = was;
}

static void as_parts(const struct token_keys *keys, struct span in)
{
    struct text token = text_over(buffer, sizeof buffer);
    size_t len = bytes_find(in, 0);
    if (in.len > TOKEN_MAX || len == in.len)
        return;
    struct span json = bytes_after(in, len + 1);
    jwt_make(&token, &keys->list[0], bytes_part(in, 0, len), json);
    enum token_reason reason = verify(keys, text_span(&token));
    CHECK(reason != TOKEN_BASE64 && reason != TOKEN_PARTS);
    if (reason <= TOKEN_SIGNATURE && reason != TOKEN_GOOD)
        return;
    enum token_reason alone = token_read(&again, json);
    CHECK(alone == reason || (!alone && reason > TOKEN_EXP_MISSING) ||
          (!alone && !reason));
    CHECK(bytes_equal(again.sub, claims.sub) && again.exp == claims.exp);
    CHECK(bytes_equal(again.join, claims.join));
    CHECK(bytes_equal(again.say, claims.say));
    if (reason != TOKEN_GOOD)
        return;
    for (size_t i = 0; i <= 50; i++)
        change_one(keys, &token, (token.len - 1) * i / 50);
}

static void as_key_file(struct span in)
{
    struct token_keys keys;
    struct token_fault fault;
    if (!token_keys_read(&keys, in, &fault)) {
        CHECK(fault.why && fault.line <= in.len + 1);
        return;
    }
    CHECK(keys.count >= 1 && keys.count <= TOKEN_KEYS_MAX);
    struct text token = text_over(buffer, sizeof buffer);
    CHECK(token_sign(&keys.list[keys.count - 1],
                     BYTES_LITERAL("{\"exp\":1700000000,\"aud\":\"x\"}"),
                     &token));
    CHECK(verify(&keys, text_span(&token)) == TOKEN_GOOD);
}

static void as_form(const struct token_keys *keys, struct span in)
{
    uint8_t json[2 * TOKEN_MAX];
    struct text t = text_over(json, sizeof json);
    struct text token = text_over(buffer, sizeof buffer);
    if (token_write_claims(in, NOW, &t))
        return;
    if (!token_sign(&keys->list[1], text_span(&t), &token)) {
        CHECK(token.len > TOKEN_MAX);
        return;
    }
    enum token_reason reason = verify(keys, text_span(&token));
    CHECK(reason == TOKEN_GOOD || reason > TOKEN_EXP_MISSING);
}

static void as_request(struct span in)
{
    static struct http_request request;
    struct http_scan scan = {0};
    if (http_scan(&scan, in.ptr, in.len) != HTTP_DONE ||
        http_parse(&request, in.ptr, scan.pos))
        return;
    struct span token;
    enum token_source source;
    if (token_find(&request, BYTES_LITERAL("t"), &token, &source))
        return;
    CHECK(source != TOKEN_NOWHERE || token.len == 0);
    if (token.len)
        CHECK(token.ptr > in.ptr && token.ptr + token.len < in.ptr + in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct token_keys keys = jwt_keys();
    struct span in = bytes_span(data + 1, size - 1);
    switch (data[0]) {
    case 't': as_token(&keys, in); break;
    case 'p': as_parts(&keys, in); break;
    case 'k': as_key_file(in); break;
    case 'f': as_form(&keys, in); break;
    case 'r': as_request(in); break;
    }
    return 0;
}
