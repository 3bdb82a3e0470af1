/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "support/guard.h"
#include "support/jwt.h"
#include "support/note.h"
#include "support/unit.h"

static struct note note;

#define NOW UINT64_C(1700000000999) /* ms; of which the 999 are not seen */
#define B16 "0123456789abcdef"
#define B64 B16 B16 B16 B16
#define B1K B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64 B64

/* ---- Claims -------------------------------------------------------------- */

static const struct {
    const char *form;
    const char *json;
} good[] = {
    {"sub=ann,name=Ann,join=tea,join=team-*,ttl=1h",
     "{\"exp\":1700003600,\"sub\":\"ann\",\"name\":\"Ann\","
     "\"chatd\":{\"join\":[\"tea\",\"team-*\"]}}"},
    {"join=tea,say=tea,join=x,aud=x,exp=1700000001,nbf=007",
     "{\"exp\":1700000001,\"aud\":\"x\",\"nbf\":7,"
     "\"chatd\":{\"join\":[\"tea\",\"x\"],\"say\":[\"tea\"]}}"},
    {" ttl = 90 , name = A B=C\"\\ ",
     "{\"exp\":1700000090,\"name\":\"A B=C\\\"\\\\\",\"chatd\":{}}"},
    {"ttl=90s,say=", "{\"exp\":1700000090,\"chatd\":{\"say\":[]}}"},
    {"ttl=2m,join=,say=a,say=", "{\"exp\":1700000120,"
                                "\"chatd\":{\"join\":[],\"say\":[\"a\"]}}"},
    {"ttl=1d", "{\"exp\":1700086400,\"chatd\":{}}"},
    {"ttl=4294967295d", "{\"exp\":371086874288000,\"chatd\":{}}"},
    {"exp=0,name=", "{\"exp\":0,\"name\":\"\",\"chatd\":{}}"},
    {"ttl=1h,", "{\"exp\":1700003600,\"chatd\":{}}"},
    {" {\"exp\":1e5,\"any\":[\"\\u0061\"]}\t",
     "{\"exp\":1e5,\"any\":[\"\\u0061\"]}"},
};

static const char *write_claims(const char *form, struct text *out)
{
    size_t len = strlen(form);
    const char *why =
        token_write_claims(bytes_span(guard_before(form, len), len), NOW, out);
    guard_free_all();
    return why;
}

static void test_the_short_form_becomes_json(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        note_open(&note, good[i].form, "form", i);
        uint8_t bytes[300];
        struct text t = text_over(bytes, sizeof bytes);
        text_byte(&t, '>'); /* it is appended */
        const char *why = write_claims(good[i].form, &t);
        if (why)
            fail_msg("refused: %s", why);
        assert_int_equal(t.len, 1 + strlen(good[i].json));
        assert_memory_equal(bytes + 1, good[i].json, t.len - 1);
        note_close(&note);
    }
}

static const struct {
    const char *form;
    const char *why;
} bad[] = {
    {"", "neither exp nor ttl: a token has an end"},
    {"sub=ann,join=tea", "neither exp nor ttl: a token has an end"},
    {"exp=1,ttl=1h", "both exp and ttl"},
    {"ttl=1h,,sub=a", "an item without ="},
    {"ttl=1h,sub", "an item without ="},
    {",ttl=1h", "an item without ="},
    {"ttl=1h,role=x", "not one of sub, name, join, say, aud, exp, nbf, ttl"},
    {"ttl=1h,Sub=x", "not one of sub, name, join, say, aud, exp, nbf, ttl"},
    {"ttl=1h,=x", "not one of sub, name, join, say, aud, exp, nbf, ttl"},
    {"ttl=1h,sub=a,sub=b", "a claim twice that may be there once"},
    {"ttl=1h,sub=,sub=b", "a claim twice that may be there once"},
    {"ttl=1h,ttl=1h", "a claim twice that may be there once"},
    {"aud=a,ttl=1h,aud=b", "a claim twice that may be there once"},
    {"ttl=", "ttl is not a number of s, m, h or d"},
    {"ttl=h", "ttl is not a number of s, m, h or d"},
    {"ttl=0", "ttl is not a number of s, m, h or d"},
    {"ttl=0h", "ttl is not a number of s, m, h or d"},
    {"ttl=-1", "ttl is not a number of s, m, h or d"},
    {"ttl=1.5h", "ttl is not a number of s, m, h or d"},
    {"ttl=1w", "ttl is not a number of s, m, h or d"},
    {"ttl=1hh", "ttl is not a number of s, m, h or d"},
    {"ttl=4294967296", "ttl is not a number of s, m, h or d"},
    {"exp=", "exp is not a number of seconds since 1970"},
    {"exp=1h", "exp is not a number of seconds since 1970"},
    {"exp=-1", "exp is not a number of seconds since 1970"},
    {"ttl=1h,nbf=", "nbf is not a number of seconds since 1970"},
    {"ttl=1h,nbf=now", "nbf is not a number of seconds since 1970"},
    /* What whoever reads the token would say. */
    {"ttl=1h,sub=", "sub is not 1 to 64 printable bytes"},
    {"ttl=1h,sub=" B64 "x", "sub is not 1 to 64 printable bytes"},
    {"ttl=1h,name=a\nb", "name is not at most 64 printable bytes"},
    {"ttl=1h,join=a\x01", "a room's name that does not print"},
    {"ttl=1h,sub=\xFF", "the claims are not a JSON object"},
    {"{", "the claims are not a JSON object"},
    {"{\"exp\":1}}", "the claims are not a JSON object"},
    {"{\"sub\":\"ann\"}", "no exp"},
    {"{\"exp\":\"1\"}", "a claim of the wrong type"},
    {"{\"exp\":1,\"exp\":1}", "a name twice in the claims"},
    {"ttl=1h,join=" B1K ",join=" B1K ",join=" B1K, "too long for a token"},
};

static void test_what_is_wrong_with_claims_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        note_open(&note, bad[i].form, "form", i);
        uint8_t bytes[2 * TOKEN_MAX];
        struct text t = text_over(bytes, sizeof bytes);
        const char *why = write_claims(bad[i].form, &t);
        assert_non_null(why);
        assert_string_equal(why, bad[i].why);
        note_close(&note);
    }
}

static void test_claims_that_do_not_fit_are_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        for (size_t size = 0; size < strlen(good[i].json); size++) {
            note_open(&note, good[i].form, "room", size);
            struct text t = text_over(guard_before(NULL, size), size);
            const char *why =
                token_write_claims(bytes_of(good[i].form), NOW, &t);
            assert_non_null(why);
            assert_string_equal(why, "too long for a token");
            guard_free_all();
            note_close(&note);
        }
    }
}

/* ---- Tokens -------------------------------------------------------------- */

/* By Python: hmac, hashlib and base64 of the two texts below. */
static const char signed_by_python[] =
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6Im9uZSJ9."
    "eyJleHAiOjF9."
    "_NcfA9hxXyh9bAGtYZNLyfcuKZ8gsC0K8zlmXoj9X_0";

static void test_a_token_is_what_others_sign(void **state)
{
    (void)state;
    struct token_keys keys = jwt_keys();
    uint8_t bytes[TOKEN_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    assert_true(token_sign(&keys.list[0], BYTES_LITERAL("{\"exp\":1}"), &t));
    assert_int_equal(t.len, strlen(signed_by_python));
    assert_memory_equal(bytes, signed_by_python, t.len);
}

static void test_what_is_signed_is_verified(void **state)
{
    (void)state;
    struct token_keys keys = jwt_keys();
    struct token_rules rules = {.keys = &keys};
    struct token_claims claims;
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        for (size_t k = 0; k < keys.count; k++) {
            note_open(&note, good[i].form, "key", k);
            uint8_t json[300], token[600];
            struct text j = text_over(json, sizeof json);
            struct text t = text_over(token, sizeof token);
            rules.aud = i == 1 ? BYTES_LITERAL("x") : bytes_span(NULL, 0);
            assert_null(write_claims(good[i].form, &j));
            text_byte(&t, '>');
            assert_true(token_sign(&keys.list[k], text_span(&j), &t));
            assert_int_equal(token_verify(&rules, bytes_after(text_span(&t), 1),
                                          20000, &claims),
                             TOKEN_GOOD);
            note_close(&note);
        }
    }
}

static void test_a_name_of_a_key_is_written_as_json(void **state)
{
    (void)state;
    struct token_keys keys = jwt_keys();
    struct token_rules rules = {.keys = &keys};
    struct token_claims claims;
    uint8_t token[600];
    struct text t = text_over(token, sizeof token);
    memset(keys.list[1].kid, '"', TOKEN_KID_MAX);
    keys.list[1].kid_len = TOKEN_KID_MAX;
    assert_true(token_sign(&keys.list[1], BYTES_LITERAL("{\"exp\":1}"), &t));
    assert_int_equal(token_verify(&rules, text_span(&t), 0, &claims),
                     TOKEN_GOOD);
}

static void test_tokens_that_do_not_fit_are_noticed(void **state)
{
    (void)state;
    struct token_keys keys = jwt_keys();
    for (size_t size = 0; size < sizeof signed_by_python; size++) {
        struct text t = text_over(guard_before(NULL, size), size);
        assert_int_equal(
            token_sign(&keys.list[0], BYTES_LITERAL("{\"exp\":1}"), &t),
            size == sizeof signed_by_python - 1);
        guard_free_all();
    }
}

static void test_no_token_is_longer_than_it_may_be(void **state)
{
    (void)state;
    struct token_keys keys = jwt_keys();
    static uint8_t claims[TOKEN_CLAIMS_MAX], bytes[2 * TOKEN_MAX];
    size_t longest = 0;
    memset(claims, ' ', sizeof claims);
    for (size_t len = 2900; len < sizeof claims; len++) {
        struct text t = text_over(bytes, sizeof bytes);
        text_string(&t, "before");
        bool fits = token_sign(&keys.list[0], bytes_span(claims, len), &t);
        assert_int_equal(fits, t.len - 6 <= TOKEN_MAX);
        assert_int_equal(t.overflow, false);
        longest = fits ? t.len - 6 : longest;
    }
    assert_in_range(longest, TOKEN_MAX - 1, TOKEN_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_short_form_becomes_json),
        cmocka_unit_test(test_what_is_wrong_with_claims_is_told),
        cmocka_unit_test(test_claims_that_do_not_fit_are_noticed),
        cmocka_unit_test(test_a_token_is_what_others_sign),
        cmocka_unit_test(test_what_is_signed_is_verified),
        cmocka_unit_test(test_a_name_of_a_key_is_written_as_json),
        cmocka_unit_test(test_tokens_that_do_not_fit_are_noticed),
        cmocka_unit_test(test_no_token_is_longer_than_it_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
