/* SPDX-License-Identifier: MIT */
#include "base/sha1.h"
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
    {.name = "FIPS 180-4 examples, one block; RFC 3174 7.3 TEST1",
     .message = "abc",
     .repeat = 1,
     .digest = "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {.name = "FIPS 180-4 examples, two blocks; RFC 3174 7.3 TEST2",
     .message = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     .repeat = 1,
     .digest = "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {.name = "RFC 3174 7.3 TEST4",
     .message = "0123456701234567012345670123456701234567012345670123456701234"
                "567",
     .repeat = 10,
     .digest = "dea356a2cddd90c7a7ecedc5ebb563934f460452"},
    {.name = "NIST CAVS SHA1ShortMsg, Len = 0",
     .message = "",
     .repeat = 1,
     .digest = "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {.name = "RFC 6455 1.3, the accept key before base64",
     .message = "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
     .repeat = 1,
     .digest = "b37a4f2cc0624f1690f64606cf385945b2bec4ea"},
};

static void assert_digest(struct sha1 *s, const char *expected)
{
    uint8_t digest[SHA1_LEN], hex[2 * SHA1_LEN];
    struct text t = text_over(hex, sizeof hex);
    sha1_finish(s, digest);
    for (size_t i = 0; i < SHA1_LEN; i++)
        text_hex(&t, digest[i], 2);
    assert_memory_equal(hex, expected, sizeof hex);
}

struct run {
    struct sha1 sha1;
    const char *digest;
};

static void begin(void *context)
{
    struct run *run = context;
    sha1_init(&run->sha1);
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct run *run = context;
    sha1_take(&run->sha1, ptr, len);
}

static void end(void *context)
{
    struct run *run = context;
    assert_digest(&run->sha1, run->digest);
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
    struct sha1 s;
    sha1_init(&s);
    for (int i = 0; i < 1000; i++)
        sha1_take(&s, thousand, sizeof thousand);
    /* FIPS 180-2 appendix A.3; RFC 3174 7.3 TEST3. */
    assert_digest(&s, "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

/* Padding fills the last block or opens another one: 55, 56, 63, 64, 119 and
   their neighbours are where that changes. */
static void test_every_length_up_to_four_blocks(void **state)
{
    (void)state;
    uint8_t message[256], digest[SHA1_LEN];
    struct sha1 all, one;
    sha1_init(&all);
    for (size_t len = 0; len < sizeof message; len++) {
        message[len] = (uint8_t)len;
        sha1_init(&one);
        sha1_take(&one, message, len);
        sha1_finish(&one, digest);
        sha1_take(&all, digest, sizeof digest);
    }
    /* The digest of all these digests, by Python's hashlib:
       sha1(b"".join(sha1(bytes(range(n))).digest() for n in range(256))) */
    assert_digest(&all, "18eb7565ae903c365fa4ddb4d158fbdfca1cfb96");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors_however_they_are_cut),
        cmocka_unit_test(test_a_million_times_the_letter_a),
        cmocka_unit_test(test_every_length_up_to_four_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
