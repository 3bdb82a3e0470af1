/* SPDX-License-Identifier: MIT */
#include "base/base64.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

/* RFC 4648 section 10, and the two keys that RFC 6455 prints. */
static const struct {
    const char *plain;
    const char *coded;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"the sample nonce", "dGhlIHNhbXBsZSBub25jZQ=="}, /* RFC 6455 1.3 */
    {"\xb3\x7a\x4f\x2c\xc0\x62\x4f\x16\x90\xf6\x46\x06\xcf\x38\x59\x45\xb2\xbe"
     "\xc4\xea",
     "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, /* RFC 6455 1.3 */
};

/* Both buffers end at a guard page. */
static void assert_encodes(struct span plain, struct span coded)
{
    uint8_t *out = guard_before(NULL, coded.len);
    const uint8_t *in = guard_before(plain.ptr, plain.len);
    assert_int_equal(base64_encoded_len(plain.len), coded.len);
    assert_int_equal(base64_encode(out, in, plain.len), coded.len);
    assert_memory_equal(out, coded.ptr, coded.len);
    guard_free_all();
}

static ptrdiff_t decode(uint8_t *out, size_t size, struct span coded)
{
    const uint8_t *in = guard_before(coded.ptr, coded.len);
    return base64_decode(out, size, bytes_span(in, coded.len));
}

static void assert_decodes(struct span coded, struct span plain)
{
    uint8_t *out = guard_before(NULL, plain.len);
    assert_int_equal(decode(out, plain.len, coded), plain.len);
    assert_memory_equal(out, plain.ptr, plain.len);
    guard_free_all();
}

static void assert_refused(struct span coded)
{
    uint8_t out[300];
    assert_int_equal(decode(out, sizeof out, coded), -1);
    guard_free_all();
}

static void test_published_vectors_there_and_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        struct span plain = bytes_of(vectors[i].plain);
        struct span coded = bytes_of(vectors[i].coded);
        assert_encodes(plain, coded);
        assert_decodes(coded, plain);
    }
}

static void test_the_alphabet_in_its_order(void **state)
{
    (void)state;
    /* RFC 4648 table 1: 64 values of six bits, in order, are 48 bytes. */
    uint8_t plain[48];
    for (uint8_t i = 0; i < 16; i++) {
        uint32_t v = i * 4u;
        uint32_t group = v << 18 | (v + 1) << 12 | (v + 2) << 6 | (v + 3);
        plain[i * 3] = (uint8_t)(group >> 16);
        plain[i * 3 + 1] = (uint8_t)(group >> 8);
        plain[i * 3 + 2] = (uint8_t)group;
    }
    struct span coded = BYTES_LITERAL("ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz"
                                      "0123456789+/");
    assert_encodes(bytes_span(plain, sizeof plain), coded);
    assert_decodes(coded, bytes_span(plain, sizeof plain));
}

static void test_pad_bits_that_are_not_zero_pass(void **state)
{
    (void)state;
    /* RFC 6455 4.1 prints it; strictly its end would be "EA==". */
    assert_decodes(BYTES_LITERAL("AQIDBAUGBwgJCgsMDQ4PEC=="),
                   BYTES_LITERAL("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b"
                                 "\x0c\x0d\x0e\x0f\x10"));
}

static void test_a_length_that_is_no_multiple_of_four_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 12; len++)
        if (len % 4)
            assert_refused(bytes_span("Zm9vYmFyZm9v", len));
}

static void test_padding_anywhere_but_at_the_end_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {
        "====",     "Z===",     "=Zm9",     "Z=m9",     "Zm=v",
        "Zg==Zg==", "Zm8=Zm9v", "Zm9v====", "Zm9vZ===", "Zm9=vYmF"};
    for (size_t i = 0; i < UNIT_COUNT(bad); i++)
        assert_refused(bytes_of(bad[i]));
}

static bool in_alphabet(unsigned c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c >= '0' && c <= '9') || c == '+' || c == '/';
}

static void test_a_character_outside_the_alphabet_is_refused(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 8; at++) {
            uint8_t text[8] = "Zm9vYmFy", out[6];
            text[at] = (uint8_t)c;
            bool legal = in_alphabet(c) || (c == '=' && at == 7);
            ptrdiff_t len = base64_decode(out, 6, bytes_span(text, 8));
            assert_int_equal(len >= 0, legal);
        }
    }
}

static void test_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        size_t needed = strlen(vectors[i].plain);
        for (size_t size = 0; size < needed; size++) {
            uint8_t *out = guard_before(NULL, size);
            struct span coded = bytes_of(vectors[i].coded);
            assert_int_equal(decode(out, size, coded), -1);
        }
        guard_free_all();
    }
}

static void decoding_undoes_encoding(struct random *r)
{
    uint8_t plain[200], coded[268];
    size_t len = (size_t)random_below(r, sizeof plain + 1);
    random_fill(r, plain, len);
    size_t coded_len = base64_encode(coded, plain, len);
    assert_int_equal(coded_len, base64_encoded_len(len));
    assert_decodes(bytes_span(coded, coded_len), bytes_span(plain, len));
}

static void test_decoding_undoes_encoding(void **state)
{
    (void)state;
    RANDOM_PROPERTY(decoding_undoes_encoding, 500);
}

/* Three bytes are four characters, whatever stands beside them. */
static void test_the_text_can_be_cut_between_groups(void **state)
{
    (void)state;
    struct span plain = BYTES_LITERAL("the sample nonce");
    struct span coded = BYTES_LITERAL("dGhlIHNhbXBsZSBub25jZQ==");
    for (size_t group = 0; group <= 5; group++) {
        struct span first = bytes_part(plain, 0, group * 3);
        struct span rest = bytes_part(plain, group * 3, 16 - group * 3);
        assert_encodes(first, bytes_part(coded, 0, group * 4));
        assert_encodes(rest, bytes_part(coded, group * 4, 24 - group * 4));
        assert_decodes(bytes_part(coded, 0, group * 4), first);
        assert_decodes(bytes_part(coded, group * 4, 24 - group * 4), rest);
    }
}

/* ---- For URLs ------------------------------------------------------------ */

static void assert_url(struct span plain, struct span coded)
{
    uint8_t *out = guard_before(NULL, coded.len);
    uint8_t *back = guard_before(NULL, plain.len);
    const uint8_t *in = guard_before(plain.ptr, plain.len);
    assert_int_equal(base64_url_len(plain.len), coded.len);
    assert_int_equal(base64_url_encode(out, in, plain.len), coded.len);
    assert_memory_equal(out, coded.ptr, coded.len);
    assert_int_equal(
        base64_url_decode(back, plain.len, bytes_span(out, coded.len)),
        plain.len);
    assert_memory_equal(back, plain.ptr, plain.len);
    if (plain.len) /* it would not fit */
        assert_int_equal(
            base64_url_decode(back, plain.len - 1, bytes_span(out, coded.len)),
            -1);
    guard_free_all();
}

/* RFC 4648 section 10 without padding, and RFC 7515 appendix C. */
static void test_published_vectors_for_urls(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors) - 2; i++) {
        struct span coded = bytes_of(vectors[i].coded);
        while (coded.len && coded.ptr[coded.len - 1] == '=')
            coded.len--;
        assert_url(bytes_of(vectors[i].plain), coded);
    }
    assert_url(BYTES_LITERAL("\x03\xec\xff\xe0\xc1"), BYTES_LITERAL("A-z_4ME"));
}

/* One text for the same bytes: of all there are of two or three characters
   behind one group, as many are taken as there are bytes to be said. */
static void test_for_urls_there_is_one_text_for_the_same_bytes(void **state)
{
    (void)state;
    uint8_t text[7] = "AAAA", out[6], again[8];
    size_t taken[2] = {0};
    for (unsigned i = 0; i < 256 * 256; i++) {
        text[4] = (uint8_t)(i >> 8);
        text[5] = (uint8_t)i;
        for (size_t more = 0; more < 2; more++) {
            text[6] = more ? 'E' : 0; /* 4 = 1 00, and 0 of a byte's */
            ptrdiff_t len =
                base64_url_decode(out, 6, bytes_span(text, 6 + more));
            if (len < 0)
                continue;
            assert_int_equal(len, 4 + more);
            taken[more]++;
            assert_int_equal(base64_url_encode(again, out, (size_t)len),
                             6 + more);
            assert_memory_equal(again, text, 6 + more);
        }
    }
    assert_int_equal(taken[0], 256);
    assert_int_equal(taken[1], 64 * 64);
}

static void test_for_urls_anything_else_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {
        "Z",    "Zm9vZ", /* one character more is no byte more */
        "Zg=",  "Zg==",  "Zm8=", "=",      "====",   "Zm9v====", /* padding */
        "Zh",   "Zv",    "Zm9",  "Zm-",    "Zm9vZh",             /* last bits */
        "Zm+v", "Zm/v",  "Zm v", "Zm9v\n", " Zm9v",  "Zm.v"};
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        uint8_t out[12];
        struct span s = bytes_of(bad[i]);
        s.ptr = guard_before(s.ptr, s.len);
        assert_int_equal(base64_url_decode(out, sizeof out, s), -1);
        guard_free_all();
    }
    uint8_t out[6];
    for (unsigned c = 0; c < 256; c++) {
        uint8_t text[8] = "Zm9vYmFy";
        text[c % 8] = (uint8_t)c;
        bool legal =
            (in_alphabet(c) && c != '+' && c != '/') || c == '-' || c == '_';
        assert_int_equal(base64_url_decode(out, 6, bytes_span(text, 8)) >= 0,
                         legal);
    }
}

/* And the other way round. */
static void test_the_standard_alphabet_has_no_dash(void **state)
{
    (void)state;
    assert_refused(BYTES_LITERAL("Zm-v"));
    assert_refused(BYTES_LITERAL("Zm_v"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_there_and_back),
        cmocka_unit_test(test_the_alphabet_in_its_order),
        cmocka_unit_test(test_pad_bits_that_are_not_zero_pass),
        cmocka_unit_test(test_a_length_that_is_no_multiple_of_four_is_refused),
        cmocka_unit_test(test_padding_anywhere_but_at_the_end_is_refused),
        cmocka_unit_test(test_a_character_outside_the_alphabet_is_refused),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
        cmocka_unit_test(test_decoding_undoes_encoding),
        cmocka_unit_test(test_the_text_can_be_cut_between_groups),
        cmocka_unit_test(test_published_vectors_for_urls),
        cmocka_unit_test(test_for_urls_there_is_one_text_for_the_same_bytes),
        cmocka_unit_test(test_for_urls_anything_else_is_refused),
        cmocka_unit_test(test_the_standard_alphabet_has_no_dash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
