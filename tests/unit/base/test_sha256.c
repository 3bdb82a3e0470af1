/* SPDX-License-Identifier: MIT */
#include "base/sha256.h"
#include "base/text.h"
#include "support/split.h"
#include "support/unit.h"

struct vector {
    const char *name;
    const char *message;
    unsigned repeat; /* the message is this many times the text */
    const char *digest;
};

static const struct vector vectors[] = {
    {.name = "FIPS 180-4 examples, one block",
     .message = "abc",
     .repeat = 1,
     .digest = "ba7816bf8f01cfea414140de5dae2223"
               "b00361a396177a9cb410ff61f20015ad"},
    {.name = "FIPS 180-4 examples, two blocks",
     .message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     .repeat = 1,
     .digest = "248d6a61d20638b8e5c026930c3e6039"
               "a33ce45964ff2167f6ecedd419db06c1"},
    {.name = "NIST, 896 bits",
     .message = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijkl"
                "mnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     .repeat = 1,
     .digest = "cf5b16a778af8380036ce59e7b049237"
               "0b249b11e8f07a51afac45037afee9d1"},
    {.name = "NIST CAVS SHA256ShortMsg, Len = 0",
     .message = "",
     .repeat = 1,
     .digest = "e3b0c44298fc1c149afbf4c8996fb924"
               "27ae41e4649b934ca495991b7852b855"},
};

static void assert_digest(struct sha256 *s, const char *expected)
{
    uint8_t digest[SHA256_LEN], hex[2 * SHA256_LEN];
    struct text t = text_over(hex, sizeof hex);
    sha256_finish(s, digest);
    for (size_t i = 0; i < SHA256_LEN; i++)
        text_hex(&t, digest[i], 2);
    assert_memory_equal(hex, expected, sizeof hex);
}

struct run {
    struct sha256 sha256;
    const char *digest;
};

static void begin(void *context)
{
    struct run *run = context;
    sha256_init(&run->sha256);
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct run *run = context;
    sha256_take(&run->sha256, ptr, len);
}

static void end(void *context)
{
    struct run *run = context;
    assert_digest(&run->sha256, run->digest);
}

static void test_published_vectors_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        uint8_t message[1000];
        struct text t = text_over(message, sizeof message);
        for (unsigned n = 0; n < v->repeat; n++)
            text_string(&t, v->message);
        assert_false(t.overflow);
        struct run run = {.digest = v->digest};
        struct split s = {v->name, begin, take, end, &run};
        split_run(&s, text_span(&t));
    }
}

static void test_a_million_times_the_letter_a(void **state)
{
    (void)state;
    uint8_t thousand[1000];
    memset(thousand, 'a', sizeof thousand);
    struct sha256 s;
    sha256_init(&s);
    for (int i = 0; i < 1000; i++)
        sha256_take(&s, thousand, sizeof thousand);
    /* FIPS 180-2 appendix B.3. */
    assert_digest(&s, "cdc76e5c9914fb9281a1c7e284d73e67"
                      "f1809a48a497200e046d39ccc7112cd0");
}

/* Padding fills the last block or opens another one: 55, 56, 63, 64, 119 and
   their neighbours are where that changes. */
static void test_every_length_up_to_four_blocks(void **state)
{
    (void)state;
    uint8_t message[256], digest[SHA256_LEN];
    struct sha256 all, one;
    sha256_init(&all);
    for (size_t len = 0; len < sizeof message; len++) {
        message[len] = (uint8_t)len;
        sha256_init(&one);
        sha256_take(&one, message, len);
        sha256_finish(&one, digest);
        sha256_take(&all, digest, sizeof digest);
    }
    /* The digest of all these digests, by Python's hashlib:
       sha256(b"".join(sha256(bytes(range(n))).digest() for n in range(256))) */
    assert_digest(&all, "b93dd1116d1648691c732d2011543b16"
                        "1309b842afef7ecb6f17adf2ebbd3426");
}

static void test_a_finished_context_remembers_nothing(void **state)
{
    (void)state;
    static const struct sha256 nothing;
    uint8_t digest[SHA256_LEN];
    struct sha256 s;
    sha256_init(&s);
    sha256_take(&s, "secret", 6);
    sha256_finish(&s, digest);
    assert_memory_equal(&s, &nothing, sizeof s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_however_they_are_cut),
        cmocka_unit_test(test_a_million_times_the_letter_a),
        cmocka_unit_test(test_every_length_up_to_four_blocks),
        cmocka_unit_test(test_a_finished_context_remembers_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
