/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "support/guard.h"
#include "support/jwt.h"
#include "support/note.h"
#include "support/secret.h"
#include "support/unit.h"

static struct note note;

#define NOW UINT64_C(1700000000000) /* ms */

/* A good token, of which each test breaks one thing. */
static const char good_header[] =
    "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"one\"}";
static const char good_claims[] =
    "{\"sub\":\"ann\",\"name\":\"Ann\",\"exp\":1700000060,\"nbf\":1699999990,"
    "\"aud\":[\"x\",\"y\"],\"iat\":1699999990,"
    "\"chatd\":{\"join\":[\"tea\",\"team-*\"],\"say\":[\"tea\"]}}";

struct setting {
    struct token_keys keys;
    struct token_rules rules;
    struct token_claims *claims; /* ends at a guard page */
};

static struct setting s;

static int set_up(void **state)
{
    (void)state;
    s.keys = jwt_keys();
    s.rules = (struct token_rules){&s.keys, BYTES_LITERAL("x")};
    s.claims = (struct token_claims *)(void *)guard_before(
        NULL, sizeof(struct token_claims));
    memset(s.claims, 0xEE, sizeof *s.claims);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    guard_free_all();
    return 0;
}

/* Its bytes end at a guard page, and so does what they become. */
static enum token_reason verify(struct span token, uint64_t now)
{
    uint8_t *copy = guard_before(token.ptr, token.len);
    enum token_reason reason =
        token_verify(&s.rules, bytes_span(copy, token.len), now, s.claims);
    guard_free(copy);
    return reason;
}

static void assert_reason(enum token_reason got, enum token_reason expected)
{
    if (got != expected)
        fail_msg("\"%s\", not \"%s\"", token_reason(got),
                 token_reason(expected));
}

static void assert_wiped(void)
{
    static const struct token_claims nothing;
    assert_memory_equal(s.claims, &nothing, sizeof nothing);
}

/* Sign these, and see. */
static void assert_verifies_to(const char *header, const char *claims,
                               enum token_reason expected)
{
    uint8_t bytes[2 * TOKEN_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    jwt_make(&t, &s.keys.list[0], bytes_of(header), bytes_of(claims));
    assert_reason(verify(text_span(&t), NOW), expected);
}

static struct span good_token(void)
{
    static uint8_t bytes[TOKEN_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    jwt_make(&t, &s.keys.list[0], bytes_of(good_header), bytes_of(good_claims));
    return text_span(&t);
}

static void assert_text(struct span got, const char *expected)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.ptr, expected, got.len);
}

/* ---- Good ones ----------------------------------------------------------- */

static void test_a_good_token_says_what_was_signed(void **state)
{
    (void)state;
    assert_reason(verify(good_token(), NOW), TOKEN_GOOD);
    assert_text(s.claims->sub, "ann");
    assert_text(s.claims->name, "Ann");
    assert_int_equal(s.claims->exp, NOW + 60000);
    assert_int_equal(s.claims->nbf, NOW - 10000);
    assert_int_equal(s.claims->aud, TOKEN_AUD_US);
}

/* RFC 7515 appendix A.1: published header, claims, key and signature. */
static void test_the_example_of_the_rfc(void **state)
{
    (void)state;
    struct token_fault fault;
    const uint64_t exp = UINT64_C(1300819380000);
    assert_true(token_keys_read(
        &s.keys,
        BYTES_LITERAL("rfc AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH"
                      "75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"),
        &fault));
    s.rules.aud = bytes_span(NULL, 0);
    struct span token = BYTES_LITERAL(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
        "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_reason(verify(token, exp), TOKEN_GOOD);
    assert_int_equal(s.claims->exp, exp);
    assert_null(s.claims->sub.ptr);
    assert_reason(verify(token, NOW), TOKEN_EXPIRED);
}

struct change {
    const char *from;
    const char *to;
};

static void assert_changed(const char *header_from, const char *header_to,
                           struct change claims, enum token_reason expected)
{
    uint8_t h[2 * TOKEN_MAX] = {0}, c[2 * TOKEN_MAX] = {0};
    struct text header = text_over(h, sizeof h - 1);
    struct text text = text_over(c, sizeof c - 1);
    jwt_replace(&header, bytes_of(good_header), header_from, header_to);
    jwt_replace(&text, bytes_of(good_claims), claims.from, claims.to);
    assert_verifies_to((const char *)h, (const char *)c, expected);
}

static const struct change as_it_is = {"{\"sub\"", "{\"sub\""};

static const struct change good_headers[] = {
    {"{\"alg\"", " {\n\"alg\""},
    {"\"HS256\"", "\"\\u0048S256\""}, /* the same string (RFC 8259 8.3) */
    {"\"typ\":\"JWT\",", ""},
    {"\"JWT\"", "\"jwt\""},
    {"\"JWT\"", "\"at+jwt\""},
    {"\"JWT\"", "\"AT+JWT\""},
    {"}",
     ",\"jku\":\"https://a.example\",\"jwk\":{\"kty\":\"oct\"},\"x5u\":1}"},
    {"}", ",\"ALG\":\"none\",\"Crit\":[\"exp\"]}"}, /* names have their case */
    {"}", "}  "},
};

static void test_headers_that_say_the_same(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good_headers); i++) {
        note_open(&note, good_headers[i].to, "header", i);
        assert_changed(good_headers[i].from, good_headers[i].to, as_it_is,
                       TOKEN_GOOD);
        note_close(&note);
    }
}

#define B16 "0123456789abcdef"
#define B64 B16 B16 B16 B16

static const struct change good_changes[] = {
    {"\"sub\":\"ann\",", ""},
    {"\"ann\"", "\"a\""},
    {"\"ann\"", "\"" B64 "\""},
    {"\"ann\"", "\"\\u0061nn \xC3\xA4\""},
    {"\"name\":\"Ann\",", ""},
    {"\"Ann\"", "\"\""},
    {"\"Ann\"", "\"" B64 "\""},
    {"60,", "60.25,"},
    {"1700000060", "17000000.60e2"},
    {"1700000060", "170000006e1"},
    {"1700000060", "17000000600E-1"},
    {"1700000060", "99999999999999999999999999"},
    {"1700000060", "1e+999999999999999999999"},
    {"1700000060", "1699999970.001"}, /* 29.999 s ago */
    {"\"nbf\":1699999990,", ""},
    {"\"nbf\":1699999990", "\"nbf\":-1"},
    {"\"nbf\":1699999990", "\"nbf\":0e99999999999999999999999"},
    {"\"nbf\":1699999990", "\"nbf\":1e-99999999999999999999999"},
    {"\"nbf\":1699999990", "\"nbf\":1700000030"}, /* in 30 s */
    {"[\"x\",\"y\"]", "\"x\""},
    {"[\"x\",\"y\"]", "[\"y\",\"x\"]"},
    {"[\"x\",\"y\"]", "[\"x\",\"x\"]"},
    {"\"iat\":1699999990", "\"iat\":{\"a\":[1,\"1\"]}"},
    {"\"iat\":1699999990", "\"EXP\":1,\"Sub\":2"},
    {"\"iat\":1699999990", "\"\":1"},
    {"\"join\":[\"tea\",\"team-*\"],", ""},
    {",\"say\":[\"tea\"]", ""},
    {"[\"tea\"]", "[]"},
    {"{\"join\":[\"tea\",\"team-*\"],\"say\":[\"tea\"]}", "{}"},
    {"{\"join\"", "{\"more\":null,\"join\""},
};

static void test_claims_that_are_as_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(good_changes); i++) {
        note_open(&note, good_changes[i].to, "claims", i);
        assert_changed("}", "}", good_changes[i], TOKEN_GOOD);
        note_close(&note);
    }
}

/* ---- Bad ones: each has one thing wrong ---------------------------------- */

struct bad {
    struct change change;
    enum token_reason reason;
};

static const struct bad bad_headers[] = {
    {{"{\"alg\"", "\"alg\""}, TOKEN_HEADER_JSON},
    {{"}", ""}, TOKEN_HEADER_JSON},
    {{"}", ",}"}, TOKEN_HEADER_JSON},
    {{"}", "}}"}, TOKEN_HEADER_JSON},
    {{"\"one\"", "'one'"}, TOKEN_HEADER_JSON},
    {{"}", ",\"x\":\"\xFF\"}"}, TOKEN_HEADER_JSON},
    {{"}", ",\"x\":\"\\uD800\"}"}, TOKEN_HEADER_JSON},
    {{"}", ",\"alg\":\"HS256\"}"}, TOKEN_HEADER_TWICE},
    {{"}", ",\"\\u0061lg\":\"HS256\"}"}, TOKEN_HEADER_TWICE},
    {{"}", ",\"kid\":\"one\"}"}, TOKEN_HEADER_TWICE},
    {{"}", ",\"x\":1,\"x\":1}"}, TOKEN_HEADER_TWICE},
    {{"\"HS256\"", "256"}, TOKEN_HEADER_TYPE},
    {{"\"HS256\"", "[\"HS256\"]"}, TOKEN_HEADER_TYPE},
    {{"\"HS256\"", "null"}, TOKEN_HEADER_TYPE},
    {{"\"JWT\"", "true"}, TOKEN_HEADER_TYPE},
    {{"\"one\"", "1"}, TOKEN_HEADER_TYPE},
    {{"\"HS256\"", "\"none\""}, TOKEN_ALG_NONE},
    {{"\"HS256\"", "\"None\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"hs256\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"HS384\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"HS512\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"RS256\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"ES256\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"HS256 \""}, TOKEN_ALG},
    {{"\"HS256\"", "\"HS256\\u0000\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"HS25\""}, TOKEN_ALG},
    {{"\"HS256\"", "\"\""}, TOKEN_ALG},
    {{"\"alg\":\"HS256\",", ""}, TOKEN_ALG},
    {{"}", ",\"crit\":[\"b64\"],\"b64\":false}"}, TOKEN_CRIT},
    {{"}", ",\"crit\":[]}"}, TOKEN_CRIT},
    {{"}", ",\"crit\":null}"}, TOKEN_CRIT},
    {{"\"JWT\"", "\"dpop+jwt\""}, TOKEN_TYP},
    {{"\"JWT\"", "\"\""}, TOKEN_TYP},
    {{",\"kid\":\"one\"", ""}, TOKEN_KID_MISSING},
    {{"\"one\"", "\"three\""}, TOKEN_KID_UNKNOWN},
    {{"\"one\"", "\"One\""}, TOKEN_KID_UNKNOWN},
    {{"\"one\"", "\"on\""}, TOKEN_KID_UNKNOWN},
    {{"\"one\"", "\"\""}, TOKEN_KID_UNKNOWN},
    {{"\"one\"", "\"two\""}, TOKEN_SIGNATURE},
};

static const struct bad bad_claims[] = {
    {{"{\"sub\"", "[\"sub\""}, TOKEN_CLAIMS_JSON},
    {{"]}}", "]}"}, TOKEN_CLAIMS_JSON},
    {{"]}}", "]}} x"}, TOKEN_CLAIMS_JSON},
    {{"\"ann\"", "\"ann"}, TOKEN_CLAIMS_JSON},
    {{"\"ann\"", "\"an\xFF\""}, TOKEN_CLAIMS_JSON},
    {{"\"ann\"", "\"an\\uDC00\""}, TOKEN_CLAIMS_JSON},
    {{"\"ann\"", "an\\"}, TOKEN_CLAIMS_JSON},
    {{"1700000060", "01700000060"}, TOKEN_CLAIMS_JSON},
    {{"1700000060", "Infinity"}, TOKEN_CLAIMS_JSON},
    {{"\"iat\":", "\"iat\" "}, TOKEN_CLAIMS_JSON},
    {{"[\"x\",\"y\"]", "[\"x\" \"y\"]"}, TOKEN_CLAIMS_JSON},
    {{"[\"x\",\"y\"]", "[\"x\",]"}, TOKEN_CLAIMS_JSON},
    {{"[\"tea\"]", "[\"tea\",]"}, TOKEN_CLAIMS_JSON},
    {{"[\"tea\"]", "[\"tea\"}"}, TOKEN_CLAIMS_JSON},
    {{"\"iat\"", "\"sub\""}, TOKEN_CLAIMS_TWICE},
    {{"\"iat\"", "\"exp\""}, TOKEN_CLAIMS_TWICE},
    {{"\"iat\"", "\"\\u0065xp\""}, TOKEN_CLAIMS_TWICE},
    {{"\"iat\"", "\"i\":1,\"i\""}, TOKEN_CLAIMS_TWICE},
    {{"{\"join\"", "{\"join\":[],\"join\""}, TOKEN_CLAIMS_TWICE},
    {{"{\"join\"", "{\"say\":[],\"join\""}, TOKEN_CLAIMS_TWICE},
    {{"{\"join\"", "{\"x\":1,\"x\":2,\"join\""}, TOKEN_CLAIMS_TWICE},
    {{"\"ann\"", "7"}, TOKEN_CLAIMS_TYPE},
    {{"\"ann\"", "null"}, TOKEN_CLAIMS_TYPE},
    {{"\"Ann\"", "[\"Ann\"]"}, TOKEN_CLAIMS_TYPE},
    {{"1700000060", "\"1700000060\""}, TOKEN_CLAIMS_TYPE}, /* CVE-2026-25537 */
    {{"1700000060", "null"}, TOKEN_CLAIMS_TYPE},
    {{"1700000060", "true"}, TOKEN_CLAIMS_TYPE},
    {{"1700000060", "[1700000060]"}, TOKEN_CLAIMS_TYPE},
    {{"\"nbf\":1699999990", "\"nbf\":\"1699999990\""}, TOKEN_CLAIMS_TYPE},
    {{"\"nbf\":1699999990", "\"nbf\":{}"}, TOKEN_CLAIMS_TYPE},
    {{"[\"x\",\"y\"]", "1"}, TOKEN_CLAIMS_TYPE},
    {{"[\"x\",\"y\"]", "null"}, TOKEN_CLAIMS_TYPE},
    {{"[\"x\",\"y\"]", "{\"x\":1}"}, TOKEN_CLAIMS_TYPE},
    {{"[\"x\",\"y\"]", "[\"x\",1]"}, TOKEN_CLAIMS_TYPE},
    {{"[\"x\",\"y\"]", "[[\"x\"]]"}, TOKEN_CLAIMS_TYPE},
    {{"{\"join\":[\"tea\",\"team-*\"],\"say\":[\"tea\"]}", "[\"tea\"]"},
     TOKEN_CLAIMS_TYPE},
    {{"{\"join\":[\"tea\",\"team-*\"],\"say\":[\"tea\"]}", "null"},
     TOKEN_CLAIMS_TYPE},
    {{"[\"tea\"]", "\"tea\""}, TOKEN_CLAIMS_TYPE},
    {{"[\"tea\"]", "null"}, TOKEN_CLAIMS_TYPE},
    {{"[\"tea\"]", "[\"tea\",1]"}, TOKEN_CLAIMS_TYPE},
    {{"[\"tea\"]", "[[\"tea\"]]"}, TOKEN_CLAIMS_TYPE},
    {{"[\"tea\",\"team-*\"]", "{}"}, TOKEN_CLAIMS_TYPE},
    {{"\"ann\"", "\"\""}, TOKEN_SUB},
    {{"\"ann\"", "\"" B64 "x\""}, TOKEN_SUB},
    {{"\"ann\"", "\"a\\nb\""}, TOKEN_SUB},
    {{"\"ann\"", "\"a\\u0000\""}, TOKEN_SUB},
    {{"\"ann\"", "\"a\\u007F\""}, TOKEN_SUB},
    {{"\"Ann\"", "\"" B64 "x\""}, TOKEN_NAME},
    {{"\"Ann\"", "\"\\u0085\""}, TOKEN_NAME},
    {{"[\"tea\"]", "[\"te\\u0000a\"]"}, TOKEN_ROOM},
    {{"\"exp\":1700000060,", ""}, TOKEN_EXP_MISSING},
    {{"\"exp\"", "\"Exp\""}, TOKEN_EXP_MISSING},
    {{"1700000060", "1699999970"}, TOKEN_EXPIRED}, /* 30 s ago */
    {{"1700000060", "1699999970.0009"}, TOKEN_EXPIRED},
    {{"1700000060", "0"}, TOKEN_EXPIRED},
    {{"1700000060", "-1700000060"}, TOKEN_EXPIRED},
    {{"1700000060", "1700000060e-1"}, TOKEN_EXPIRED},
    {{"1700000060", "1e-99999999999999999999999"}, TOKEN_EXPIRED},
    {{"1700000060", "0.00000000000000000000001700000060e9"}, TOKEN_EXPIRED},
    {{"\"nbf\":1699999990", "\"nbf\":1700000030.001"}, TOKEN_EARLY},
    {{"\"nbf\":1699999990", "\"nbf\":1e99"}, TOKEN_EARLY},
    {{"\"aud\":[\"x\",\"y\"],", ""}, TOKEN_AUD_MISSING},
    {{"[\"x\",\"y\"]", "[]"}, TOKEN_AUD_OTHER},
    {{"[\"x\",\"y\"]", "\"y\""}, TOKEN_AUD_OTHER},
    {{"[\"x\",\"y\"]", "[\"X\",\"xx\",\"\"]"}, TOKEN_AUD_OTHER},
};

static void test_bad_headers_are_refused_for_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(bad_headers); i++) {
        const struct bad *b = &bad_headers[i];
        note_open(&note, b->change.to, "header", i);
        assert_changed(b->change.from, b->change.to, as_it_is, b->reason);
        assert_wiped(); /* not ours: nothing is said */
        note_close(&note);
    }
}

static void test_bad_claims_are_refused_for_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(bad_claims); i++) {
        const struct bad *b = &bad_claims[i];
        note_open(&note, b->change.to, "claims", i);
        assert_changed("}", "}", b->change, b->reason);
        if (b->reason >= TOKEN_EXP_MISSING) /* for the log */
            assert_text(s.claims->sub, "ann");
        note_close(&note);
    }
}

/* H, C and S are the good parts. */
static const struct {
    const char *form;
    enum token_reason reason;
} bad_forms[] = {
    {"", TOKEN_PARTS},
    {".", TOKEN_PARTS},
    {"H", TOKEN_PARTS},
    {"H.C", TOKEN_PARTS},
    {"H.C.S.", TOKEN_PARTS},
    {"H.C.S.H.C", TOKEN_PARTS}, /* five: RFC 7516 */
    {"..", TOKEN_HEADER_JSON},
    {"H.C.S=", TOKEN_BASE64},
    {"H=.C.S", TOKEN_BASE64},
    {"H.C==.S", TOKEN_BASE64},
    {" H.C.S", TOKEN_BASE64},
    {"H.C.S\n", TOKEN_BASE64},
    {"H.C.S+", TOKEN_BASE64},
    {"H.C/.S", TOKEN_BASE64},
    {"H.C.S,", TOKEN_BASE64},
    {".C.S", TOKEN_HEADER_JSON},
    {"C.H.S", TOKEN_ALG},
    {"H..S", TOKEN_SIGNATURE},
    {"H.C.", TOKEN_SIGNATURE},
    {"H.C.C", TOKEN_SIGNATURE},
    {"H.H.S", TOKEN_SIGNATURE},
    {"H.C.SAA", TOKEN_BASE64},   /* 45 characters: no bytes are that */
    {"H.C.SA", TOKEN_SIGNATURE}, /* 33 bytes */
    {"H.C.SAAA", TOKEN_SIGNATURE},
};

static struct span put_form(const char *form)
{
    static uint8_t bytes[2 * TOKEN_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    struct span token = good_token();
    size_t first = bytes_find(token, '.');
    struct span rest = bytes_after(token, first + 1);
    size_t second = bytes_find(rest, '.');
    for (; *form; form++) {
        if (*form == 'H')
            text_put(&t, bytes_part(token, 0, first));
        else if (*form == 'C')
            text_put(&t, bytes_part(rest, 0, second));
        else if (*form == 'S')
            text_put(&t, bytes_after(rest, second + 1));
        else
            text_byte(&t, (uint8_t)*form);
    }
    return text_span(&t);
}

static void test_bad_forms_are_refused_for_what_is_wrong(void **state)
{
    (void)state;
    assert_reason(verify(put_form("H.C.S"), NOW), TOKEN_GOOD);
    for (size_t i = 0; i < UNIT_COUNT(bad_forms); i++) {
        note_open(&note, bad_forms[i].form, "form", i);
        assert_reason(verify(put_form(bad_forms[i].form), NOW),
                      bad_forms[i].reason);
        assert_wiped();
        note_close(&note);
    }
}

/* Of four characters that stand for the same last bits one is right. */
static void test_a_signature_has_one_text(void **state)
{
    (void)state;
    struct span token = good_token();
    uint8_t *bytes = guard_before(token.ptr, token.len);
    uint8_t *last = bytes + token.len - 1, right = *last;
    size_t counts[TOKEN_REASONS] = {0};
    for (unsigned c = 0; c < 256; c++) {
        *last = (uint8_t)c;
        enum token_reason reason =
            token_verify(&s.rules, bytes_span(bytes, token.len), NOW, s.claims);
        assert_int_equal(reason == TOKEN_GOOD, c == right);
        counts[reason]++;
    }
    assert_int_equal(counts[TOKEN_SIGNATURE], 15);
    assert_int_equal(counts[TOKEN_PARTS], 1); /* a dot */
    assert_int_equal(counts[TOKEN_BASE64], 256 - 17);
}

/* What is wrong in two places is told by the one that is looked at first. */
static void test_the_order_in_which_it_is_looked_at(void **state)
{
    (void)state;
    static const struct {
        struct change header;
        struct change claims;
        enum token_reason reason;
    } stages[] = {
        {{"}", "}x"}, {"]}}", "]}"}, TOKEN_HEADER_JSON},
        {{"{\"alg\":\"HS256\"", "{\"kid\":1,\"alg\":\"none\""},
         {"]}}", "]}"},
         TOKEN_HEADER_TWICE},
        {{"HS256\",\"typ\":\"JWT\"", "none\",\"crit\":[],\"typ\":\"x\""},
         {"]}}", "]}"},
         TOKEN_ALG_NONE},
        {{"\"JWT\",\"kid\":\"one\"", "\"x\",\"crit\":0"},
         {"]}}", "]}"},
         TOKEN_CRIT},
        {{"\"JWT\",\"kid\":\"one\"", "\"x\""}, {"]}}", "]}"}, TOKEN_TYP},
        {{"\"one\"", "\"two\""}, {"]}}", "]}"}, TOKEN_SIGNATURE},
        {{"}", "}"},
         {"1700000060,\"nbf\":1699999990,\"aud\":[",
          "1,\"nbf\":1e19,\"aud\":[1,"},
         TOKEN_CLAIMS_TYPE},
        {{"}", "}"},
         {"1700000060,\"nbf\":1699999990,\"aud\":[\"x\",",
          "1,\"nbf\":1e19,\"aud\":["},
         TOKEN_EXPIRED},
        {{"}", "}"},
         {"\"nbf\":1699999990,\"aud\":[\"x\",", "\"nbf\":1e19,\"aud\":["},
         TOKEN_EARLY},
    };
    for (size_t i = 0; i < UNIT_COUNT(stages); i++) {
        note_open(&note, stages[i].header.to, "stage", i);
        assert_changed(stages[i].header.from, stages[i].header.to,
                       stages[i].claims, stages[i].reason);
        note_close(&note);
    }
}

/* ---- Sizes --------------------------------------------------------------- */

/* A good token of so many bytes. */
static struct span token_of(size_t len)
{
    static uint8_t bytes[2 * TOKEN_MAX];
    static uint8_t claims[2 * TOKEN_MAX];
    uint8_t header[64];
    struct text t = text_over(bytes, sizeof bytes);
    struct text c = text_over(claims, sizeof claims);
    struct text h = text_over(header, sizeof header);
    text_string(&h, good_header);
    size_t rest = len - 2 - base64_url_len(HMAC_LEN) - base64_url_len(h.len);
    if (rest % 4 == 1) { /* of which there is no base64 */
        text_byte(&h, ' ');
        rest = len - 2 - base64_url_len(HMAC_LEN) - base64_url_len(h.len);
    }
    size_t wanted = rest * 3 / 4;
    jwt_replace(&c, bytes_of(good_claims), "\"iat\":1699999990,", "");
    c.len--;
    while (c.len < wanted - 1)
        text_byte(&c, ' ');
    text_byte(&c, '}');
    jwt_make(&t, &s.keys.list[0], text_span(&h), text_span(&c));
    assert_int_equal(t.len, len);
    return text_span(&t);
}

static void test_4096_bytes_are_read_and_one_more_is_not(void **state)
{
    (void)state;
    assert_reason(verify(token_of(TOKEN_MAX - 2), NOW), TOKEN_GOOD);
    assert_reason(verify(token_of(TOKEN_MAX), NOW), TOKEN_GOOD);
    struct span token = token_of(TOKEN_MAX + 1);
    assert_reason(verify(token, NOW), TOKEN_LONG);
    assert_int_not_equal(verify(bytes_part(token, 0, TOKEN_MAX), NOW),
                         TOKEN_LONG);
}

static void put_names(struct text *t, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        text_string(t, ",\"x");
        text_decimal(t, i);
        text_string(t, "\":0");
    }
    text_byte(t, '}');
    text_byte(t, 0);
}

static void assert_names(size_t header, size_t claims, enum token_reason reason)
{
    uint8_t h[2 * TOKEN_MAX], c[2 * TOKEN_MAX];
    struct text head = text_over(h, sizeof h), body = text_over(c, sizeof c);
    text_put(&head, bytes_span(good_header, strlen(good_header) - 1));
    text_put(&body, bytes_span(good_claims, strlen(good_claims) - 1));
    put_names(&head, header - 3);
    put_names(&body, claims - 7);
    assert_verifies_to((char *)h, (char *)c, reason);
}

static void test_64_names_are_read_and_one_more_is_not(void **state)
{
    (void)state;
    assert_names(64, 64, TOKEN_GOOD);
    assert_names(65, 64, TOKEN_HEADER_NAMES);
    assert_names(64, 65, TOKEN_CLAIMS_NAMES);
}

static void test_no_cut_of_a_good_token_is_good(void **state)
{
    (void)state;
    struct span token = good_token();
    for (size_t len = 0; len < token.len; len++) {
        note_open(&note, "good token", "cut at", len);
        assert_int_not_equal(verify(bytes_part(token, 0, len), NOW),
                             TOKEN_GOOD);
        assert_int_not_equal(verify(bytes_after(token, token.len - len), NOW),
                             TOKEN_GOOD);
        note_close(&note);
    }
}

static void test_no_change_of_one_bit_is_good(void **state)
{
    (void)state;
    struct span token = good_token();
    uint8_t *bytes = guard_before(token.ptr, token.len);
    for (size_t bit = 0; bit < token.len * 8; bit++) {
        note_open(&note, "good token", "bit", bit);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        enum token_reason reason =
            token_verify(&s.rules, bytes_span(bytes, token.len), NOW, s.claims);
        assert_int_not_equal(reason, TOKEN_GOOD);
        assert_wiped();
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        note_close(&note);
    }
}

/* ---- Time, audience, keys ------------------------------------------------ */

static void test_the_clocks_may_differ_by_30_seconds(void **state)
{
    (void)state;
    const uint64_t exp = NOW + 60000, nbf = NOW - 10000;
    struct span token = good_token();
    assert_reason(verify(token, nbf - TOKEN_SKEW - 1), TOKEN_EARLY);
    assert_reason(verify(token, nbf - TOKEN_SKEW), TOKEN_GOOD);
    assert_reason(verify(token, exp + TOKEN_SKEW - 1), TOKEN_GOOD);
    assert_reason(verify(token, exp + TOKEN_SKEW), TOKEN_EXPIRED);
    assert_reason(verify(token, UINT64_MAX - TOKEN_SKEW), TOKEN_EXPIRED);
    assert_reason(verify(token, 0), TOKEN_EARLY);
}

static uint64_t exp_of(const char *number)
{
    uint8_t c[TOKEN_MAX] = {0};
    struct text text = text_over(c, sizeof c - 1);
    jwt_replace(&text, bytes_of(good_claims), "1700000060", number);
    assert_reason(token_read(s.claims, text_span(&text)), TOKEN_GOOD);
    return s.claims->exp;
}

static void test_a_time_is_any_number(void **state)
{
    (void)state;
    const uint64_t last = UINT64_MAX - TOKEN_SKEW;
    assert_int_equal(exp_of("0"), 0);
    assert_int_equal(exp_of("-5"), 0);
    assert_int_equal(exp_of("1"), 1000);
    assert_int_equal(exp_of("1.5"), 1500);
    assert_int_equal(exp_of("1.23456"), 1234);
    assert_int_equal(exp_of("0.0019"), 1);
    assert_int_equal(exp_of("12.5e1"), 125000);
    assert_int_equal(exp_of("12.5E+1"), 125000);
    assert_int_equal(exp_of("12.5e-1"), 1250);
    assert_int_equal(exp_of("125e-4"), 12);
    assert_int_equal(exp_of("125e-6"), 0);
    assert_int_equal(exp_of("0.000012e6"), 12000);
    assert_int_equal(exp_of("18446744073709"), UINT64_C(18446744073709000));
    assert_int_equal(exp_of("18446744073709500"),
                     UINT64_C(18446744073709500000));
    /* What comes within 10 of the last time is taken for it. */
    assert_int_equal(exp_of("18446744073709521.609"), last - 6);
    assert_int_equal(exp_of("18446744073709521.610"), last);
    assert_int_equal(exp_of("18446744073709521.629"), last);
    assert_int_equal(exp_of("20000000000000000"), last);
    assert_int_equal(exp_of("1e99"), last);
    assert_int_equal(exp_of("1e8192"), last);
    assert_int_equal(exp_of("1e18446744073709551617"), last);
    assert_int_equal(exp_of("1e-18446744073709551617"), 0);
}

static void test_without_an_audience_of_ours_none_may_be_there(void **state)
{
    (void)state;
    s.rules.aud = bytes_span(NULL, 0);
    assert_changed("}", "}", (struct change){"\"aud\":[\"x\",\"y\"],", ""},
                   TOKEN_GOOD);
    assert_changed("}", "}", as_it_is, TOKEN_AUD_UNWANTED);
    assert_changed("}", "}", (struct change){"[\"x\",\"y\"]", "[]"},
                   TOKEN_AUD_UNWANTED);
    assert_changed("}", "}", (struct change){"[\"x\",\"y\"]", "\"\""},
                   TOKEN_AUD_UNWANTED);
}

static void test_one_key_needs_no_name(void **state)
{
    (void)state;
    s.keys.count = 1;
    assert_changed(",\"kid\":\"one\"", "", as_it_is, TOKEN_GOOD);
    assert_changed("}", "}", as_it_is, TOKEN_GOOD);
    assert_changed("\"one\"", "\"two\"", as_it_is, TOKEN_KID_UNKNOWN);
    assert_changed("\"one\"", "\"\"", as_it_is, TOKEN_KID_UNKNOWN);
}

static void test_the_second_key_is_as_good_and_its_own(void **state)
{
    (void)state;
    uint8_t bytes[TOKEN_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    struct span header = BYTES_LITERAL("{\"alg\":\"HS256\",\"kid\":\"two\"}");
    jwt_make(&t, &s.keys.list[1], header, bytes_of(good_claims));
    assert_reason(verify(text_span(&t), NOW), TOKEN_GOOD);
    t.len = 0;
    jwt_make(&t, &s.keys.list[0], header, bytes_of(good_claims));
    assert_reason(verify(text_span(&t), NOW), TOKEN_SIGNATURE);
}

/* ---- Rooms --------------------------------------------------------------- */

/* "js": both; "j-", "-s", "--". */
static void assert_room(const char *rooms, const char *room, const char *rights)
{
    uint8_t c[TOKEN_MAX] = {0};
    struct text text = text_over(c, sizeof c - 1);
    jwt_replace(&text, bytes_of(good_claims),
                "{\"join\":[\"tea\",\"team-*\"],\"say\":[\"tea\"]}", rooms);
    assert_reason(token_read(s.claims, text_span(&text)), TOKEN_GOOD);
    assert_int_equal(token_grants(s.claims, bytes_of(room), TOKEN_JOIN),
                     rights[0] == 'j');
    assert_int_equal(token_grants(s.claims, bytes_of(room), TOKEN_SAY),
                     rights[1] == 's');
}

static void test_rooms_are_named_exactly_or_by_their_beginning(void **state)
{
    (void)state;
    const char *r = "{\"join\":[\"tea\",\"team-*\",\"a*b\"],\"say\":[\"tea\"]}";
    assert_room(r, "tea", "js");
    assert_room(r, "te", "--");
    assert_room(r, "teab", "--");
    assert_room(r, "Tea", "--");
    assert_room(r, "team", "--");
    assert_room(r, "team-", "j-");
    assert_room(r, "team-x", "j-");
    assert_room(r, "team-*", "j-");
    assert_room(r, "teamx", "--");
    assert_room(r, "a*b", "j-");
    assert_room(r, "axb", "--");
    assert_room(r, "", "--");
    assert_room("{\"join\":[\"*\"]}", "any", "js");
    assert_room("{\"join\":[\"*\"]}", "", "js");
    assert_room("{\"join\":[\"\",\"a\"]}", "a", "js");
    assert_room("{\"join\":[\"\"]}", "a", "--");
}

static void test_what_is_not_said_of_rooms(void **state)
{
    (void)state;
    assert_room("{}", "tea", "--");
    assert_room("{\"join\":[\"tea\"]}", "tea", "js");
    assert_room("{\"join\":[\"tea\"],\"say\":[]}", "tea", "j-");
    assert_room("{\"say\":[],\"join\":[\"tea\"]}", "tea", "j-");
    assert_room("{\"join\":[],\"say\":[\"tea\"]}", "tea", "-s");
    assert_room("{\"say\":[\"tea\"]}", "tea", "-s");
    assert_reason(token_read(s.claims, BYTES_LITERAL("{\"exp\":1}")),
                  TOKEN_GOOD);
    assert_false(token_grants(s.claims, BYTES_LITERAL("tea"), TOKEN_JOIN));
    assert_false(token_grants(s.claims, BYTES_LITERAL("tea"), TOKEN_SAY));
}

static void test_rooms_with_escapes_and_blanks(void **state)
{
    (void)state;
    const char *r =
        " { \"join\" : [ \"\\u0074e\\u0061\" , \"\\u00e4\\/*\",\"b\"]"
        " , \"say\" :[\"b\",\"c\" ]}";
    assert_room(r, "tea", "j-");
    assert_room(r, "\xC3\xA4/x", "j-");
    assert_room(r, "b", "js");
    assert_room(r, "c", "-s");
}

static void test_claims_alone_are_read_up_to_their_limit(void **state)
{
    (void)state;
    uint8_t json[TOKEN_CLAIMS_MAX + 1];
    memset(json, ' ', sizeof json);
    memcpy(json, "{\"exp\":1}", 9);
    assert_reason(token_read(s.claims, bytes_span(json, TOKEN_CLAIMS_MAX)),
                  TOKEN_GOOD);
    assert_reason(token_read(s.claims, bytes_span(json, TOKEN_CLAIMS_MAX + 1)),
                  TOKEN_LONG);
    assert_reason(token_read(s.claims, bytes_span(NULL, 0)), TOKEN_CLAIMS_JSON);
}

/* ---- Secrets ------------------------------------------------------------- */

bool __real_hmac_verify(const struct hmac *h, struct span message,
                        struct span mac) __attribute__((weak));
bool __wrap_hmac_verify(const struct hmac *h, struct span message,
                        struct span mac);

/* Whether a signature is right is for all to see; nothing else is. */
bool __wrap_hmac_verify(const struct hmac *h, struct span message,
                        struct span mac)
{
    bool right = __real_hmac_verify(h, message, mac);
    secret_show(&right, sizeof right);
    return right;
}

static void test_no_branch_depends_on_a_key(void **state)
{
    (void)state;
    SECRET_WANTED();
    struct span token = good_token();
    uint8_t *bytes = guard_before(token.ptr, token.len);
    token.ptr = bytes;
    for (size_t i = 0; i < s.keys.count; i++) {
        struct hmac *h = &s.keys.list[i].hmac;
        secret_hide(h->inner.h, sizeof h->inner.h);
        secret_hide(h->outer.h, sizeof h->outer.h);
    }
    assert_reason(token_verify(&s.rules, token, NOW, s.claims), TOKEN_GOOD);
    bytes[token.len - 9] ^= 1;
    assert_reason(token_verify(&s.rules, token, NOW, s.claims),
                  TOKEN_SIGNATURE);
}

/* With what is left of a token nobody can come in. */
static void test_the_signature_is_not_kept(void **state)
{
    (void)state;
    struct span token = good_token();
    uint8_t mac[HMAC_LEN];
    struct span input = bytes_part(token, 0, token.len - 44);
    assert_reason(verify(token, NOW), TOKEN_GOOD);
    hmac_make(&s.keys.list[0].hmac, input, mac);
    for (size_t i = 0; i + 8 <= sizeof s.claims->bytes; i++)
        assert_memory_not_equal(s.claims->bytes + i, mac, 8);
}

static void test_each_reason_has_its_own_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < TOKEN_REASONS; i++) {
        const char *sentence = token_reason((enum token_reason)i);
        assert_in_range(strlen(sentence), 4, 64);
        assert_true(utf8_printable(bytes_of(sentence)));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(sentence,
                                    token_reason((enum token_reason)j));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_good_token_says_what_was_signed),
        TEST(test_the_example_of_the_rfc),
        TEST(test_headers_that_say_the_same),
        TEST(test_claims_that_are_as_good),
        TEST(test_bad_headers_are_refused_for_what_is_wrong),
        TEST(test_bad_claims_are_refused_for_what_is_wrong),
        TEST(test_bad_forms_are_refused_for_what_is_wrong),
        TEST(test_a_signature_has_one_text),
        TEST(test_the_order_in_which_it_is_looked_at),
        TEST(test_4096_bytes_are_read_and_one_more_is_not),
        TEST(test_64_names_are_read_and_one_more_is_not),
        TEST(test_no_cut_of_a_good_token_is_good),
        TEST(test_no_change_of_one_bit_is_good),
        TEST(test_the_clocks_may_differ_by_30_seconds),
        TEST(test_a_time_is_any_number),
        TEST(test_without_an_audience_of_ours_none_may_be_there),
        TEST(test_one_key_needs_no_name),
        TEST(test_the_second_key_is_as_good_and_its_own),
        TEST(test_rooms_are_named_exactly_or_by_their_beginning),
        TEST(test_what_is_not_said_of_rooms),
        TEST(test_rooms_with_escapes_and_blanks),
        TEST(test_claims_alone_are_read_up_to_their_limit),
        TEST(test_no_branch_depends_on_a_key),
        TEST(test_the_signature_is_not_kept),
        TEST(test_each_reason_has_its_own_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
