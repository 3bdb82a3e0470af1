/* SPDX-License-Identifier: MIT */
#include "wire/token.h"

#include "base/base64.h"
#include "support/guard.h"
#include "support/note.h"
#include "support/secret.h"
#include "support/unit.h"

static struct note note;

#define KEY "a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5"
#define B16 "0123456789abcdef"
#define B64 B16 B16 B16 B16

static struct token_keys keys;
static struct token_fault fault;

static bool read(const char *text)
{
    size_t len = strlen(text);
    memset(&keys, 0xEE, sizeof keys);
    bool good = token_keys_read(&keys, bytes_span(guard_before(text, len), len),
                                &fault);
    guard_free_all();
    return good;
}

static void assert_kid(size_t i, const char *kid)
{
    assert_int_equal(keys.list[i].kid_len, strlen(kid));
    assert_memory_equal(keys.list[i].kid, kid, strlen(kid));
}

/* Is it this key? It makes the macs that this key makes. */
static void assert_key(size_t i, struct span bytes)
{
    struct hmac h;
    uint8_t mac[HMAC_LEN];
    hmac_init(&h, bytes);
    hmac_make(&h, BYTES_LITERAL("message"), mac);
    assert_true(hmac_verify(&keys.list[i].hmac, BYTES_LITERAL("message"),
                            bytes_span(mac, sizeof mac)));
}

static void test_a_line_for_each_key_and_comments(void **state)
{
    (void)state;
    assert_true(read("# keys of the site\n\n"
                     "one " KEY "\r\n"
                     "  \t \r\n"
                     "\t two \t" KEY "  \n"
                     "  # three " KEY "\n"
                     "\xC3\xA4#=\t" KEY));
    assert_null(fault.why);
    assert_int_equal(keys.count, 3);
    assert_kid(0, "one");
    assert_kid(1, "two");
    assert_kid(2, "\xC3\xA4#=");
    for (size_t i = 0; i < 3; i++)
        assert_key(i, BYTES_LITERAL("keykeykeykeykeykeykeykeykeykeykey"));
}

/* So many bytes, in either alphabet, with padding and without. */
static void assert_spelled(size_t len, bool url, bool padded)
{
    uint8_t bytes[TOKEN_KEY_MAX], coded[TOKEN_KEY_MAX * 2];
    struct text t = text_over(coded, sizeof coded);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(0xFB + 5 * i);
    text_string(&t, "k ");
    t.len += url ? base64_url_encode(coded + t.len, bytes, len)
                 : base64_encode(coded + t.len, bytes, len);
    while (url && padded && (t.len - 2) % 4)
        text_byte(&t, '=');
    text_byte(&t, '\n');
    assert_true(token_keys_read(&keys, text_span(&t), &fault));
    assert_key(0, bytes_span(bytes, len));
}

static void test_keys_in_either_alphabet_of_every_length(void **state)
{
    (void)state;
    for (size_t len = TOKEN_KEY_MIN; len <= TOKEN_KEY_MAX; len++) {
        note_open(&note, "key", "of bytes", len);
        assert_spelled(len, false, true);
        assert_spelled(len, true, true);
        assert_spelled(len, true, false);
        note_close(&note);
    }
}

static const struct {
    const char *text;
    size_t line;
    const char *why;
} bad[] = {
    {"", 0, "no key"},
    {"\n\n", 0, "no key"},
    {"# one " KEY "\n", 0, "no key"},
    {"one\n", 1, "a KID without a KEY"},
    {"\n# \none \t\r\n", 3, "a KID without a KEY"},
    {KEY, 1, "a KID without a KEY"},
    {"one\ntwo " KEY "\n", 1, "a KID without a KEY"}, /* the first counts */
    {"one\ntwo\x01 " KEY "\n", 1, "a KID without a KEY"},
    {"one " KEY " two\n", 1, "something behind KID and KEY"},
    {"one " KEY "\ntwo " KEY " # the new one", 2,
     "something behind KID and KEY"},
    {"one " KEY "\none " KEY, 2, "this KID has a key already"},
    {"a " KEY "\none " KEY "\none " KEY, 3, "this KID has a key already"},
    {B64 "x " KEY, 1, "KID is longer than 64 bytes"},
    {"o\x01ne " KEY, 1, "KID has a character that does not print"},
    {"o\xFFne " KEY, 1, "KID has a character that does not print"},
    {"one Zm9vYmFy", 1, "KEY is shorter than 32 bytes"},
    {"one a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5a2V5aw", 1,
     "KEY is shorter than 32 bytes"}, /* 31 */
    {"one " KEY "!", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "A", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "=", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "AA=", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "====", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "A===", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "+/-_", 1, "KEY is neither base64 nor base64url"},
    {"one base64:" KEY, 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "\xEF\xBB\xBF", 1, "KEY is neither base64 nor base64url"},
    {"one " KEY "\rtwo " KEY, 1, "something behind KID and KEY"},
};

static void test_bad_files_are_told_by_line_and_sentence(void **state)
{
    (void)state;
    static const struct token_keys wiped;
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        note_open(&note, bad[i].text, "file", i);
        assert_false(read(bad[i].text));
        assert_string_equal(fault.why, bad[i].why);
        assert_int_equal(fault.line, bad[i].line);
        assert_memory_equal(&keys, &wiped, sizeof keys);
        note_close(&note);
    }
}

static void test_eight_keys_are_read_and_no_ninth(void **state)
{
    (void)state;
    char text[1024] = "";
    for (int i = '1'; i <= '8'; i++) {
        char line[] = "k? " KEY "\n";
        line[1] = (char)i;
        strcat(text, line);
    }
    assert_true(read(text));
    assert_int_equal(keys.count, 8);
    assert_kid(7, "k8");
    strcat(text, "# and one\n");
    assert_true(read(text));
    strcat(text, "k9 " KEY "\n");
    assert_false(read(text));
    assert_string_equal(fault.why, "more than 8 keys");
    assert_int_equal(fault.line, 10);
}

static void test_names_and_keys_up_to_their_limits(void **state)
{
    (void)state;
    char text[1024] = B64 " ";
    for (size_t i = 0; i < 512 / 3; i++) /* 510 bytes */
        strcat(text, "AAAA");
    strcat(text, "AAA=");
    assert_true(read(text));
    assert_kid(0, B64);
    static const uint8_t zeros[512];
    assert_key(0, bytes_span(zeros, 512));
    text[strlen(text) - 1] = 'A'; /* 513 bytes */
    assert_false(read(text));
    assert_string_equal(fault.why, "KEY is neither base64 nor base64url");
    strcat(text, "A");
    assert_false(read(text));
    assert_string_equal(fault.why, "KEY is longer than 512 bytes");
}

static void read_it(void *text)
{
    token_keys_read(&keys, bytes_of(text), &fault);
}

static void test_no_key_stays_on_the_stack(void **state)
{
    (void)state;
    SECRET_UNWATCHED();
    static char good[] = "one " KEY, bad_one[] = "one " KEY "\n2";
    static char too_short[] = "one a2V5a2V5a2V5";
    static const uint8_t key[8] = "keykeyke";
    secret_run(read_it, good);
    assert_int_equal(keys.count, 1);
    assert_false(secret_left(key));
    assert_false(secret_lies_in(&keys, sizeof keys, key));
    secret_run(read_it, bad_one);
    assert_false(secret_left(key));
    secret_run(read_it, too_short);
    assert_false(secret_left(key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_for_each_key_and_comments),
        cmocka_unit_test(test_keys_in_either_alphabet_of_every_length),
        cmocka_unit_test(test_bad_files_are_told_by_line_and_sentence),
        cmocka_unit_test(test_eight_keys_are_read_and_no_ninth),
        cmocka_unit_test(test_no_key_stays_on_the_stack),
        cmocka_unit_test(test_names_and_keys_up_to_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
