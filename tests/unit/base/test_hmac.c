/* SPDX-License-Identifier: MIT */
#include "base/hmac.h"
#include "support/guard.h"
#include "support/secret.h"
#include "support/unit.h"

#define LITERAL(text)                                                          \
    {                                                                          \
        (const uint8_t *)"" text, sizeof(text) - 1                             \
    }
#define AA_20  "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa" AA_10
#define AA_10  "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
#define AA_131 AA_20 AA_20 AA_20 AA_20 AA_20 AA_20 AA_10 "\xaa"
#define CD_25                                                                  \
    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd" \
    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
#define DD_25                                                                  \
    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd" \
    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd"

/* RFC 4231 4.2 to 4.8; of 4.6 only the first 16 bytes are printed. */
static const struct {
    struct span key;
    struct span message;
    struct span mac;
} vectors[] = {
    {LITERAL("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"
             "\x0b\x0b\x0b\x0b"),
     LITERAL("Hi There"),
     LITERAL("\xb0\x34\x4c\x61\xd8\xdb\x38\x53\x5c\xa8\xaf\xce\xaf\x0b\xf1\x2b"
             "\x88\x1d\xc2\x00\xc9\x83\x3d\xa7\x26\xe9\x37\x6c\x2e\x32\xcf"
             "\xf7")},
    {LITERAL("Jefe"), LITERAL("what do ya want for nothing?"),
     LITERAL("\x5b\xdc\xc1\x46\xbf\x60\x75\x4e\x6a\x04\x24\x26\x08\x95\x75\xc7"
             "\x5a\x00\x3f\x08\x9d\x27\x39\x83\x9d\xec\x58\xb9\x64\xec\x38"
             "\x43")},
    {LITERAL(AA_20), LITERAL(DD_25 DD_25),
     LITERAL("\x77\x3e\xa9\x1e\x36\x80\x0e\x46\x85\x4d\xb8\xeb\xd0\x91\x81\xa7"
             "\x29\x59\x09\x8b\x3e\xf8\xc1\x22\xd9\x63\x55\x14\xce\xd5\x65"
             "\xfe")},
    {LITERAL("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
             "\x11\x12\x13\x14\x15\x16\x17\x18\x19"),
     LITERAL(CD_25 CD_25),
     LITERAL("\x82\x55\x8a\x38\x9a\x44\x3c\x0e\xa4\xcc\x81\x98\x99\xf2\x08\x3a"
             "\x85\xf0\xfa\xa3\xe5\x78\xf8\x07\x7a\x2e\x3f\xf4\x67\x29\x66"
             "\x5b")},
    {LITERAL("\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c\x0c"
             "\x0c\x0c\x0c\x0c"),
     LITERAL("Test With Truncation"),
     LITERAL("\xa3\xb6\x16\x74\x73\x10\x0e\xe0\x6e\x0c\x79\x6c\x29\x55\x55"
             "\x2b")},
    {LITERAL(AA_131),
     LITERAL("Test Using Larger Than Block-Size Key - Hash Key First"),
     LITERAL("\x60\xe4\x31\x59\x1e\xe0\xb6\x7f\x0d\x8a\x26\xaa\xcb\xf5\xb7\x7f"
             "\x8e\x0b\xc6\x21\x37\x28\xc5\x14\x05\x46\x04\x0f\x0e\xe3\x7f"
             "\x54")},
    {LITERAL(AA_131),
     LITERAL("This is a test using a larger than block-size key and a larger "
             "than block-size data. The key needs to be hashed before being "
             "used by the HMAC algorithm."),
     LITERAL("\x9b\x09\xff\xa7\x1b\x94\x2f\xcb\x27\x63\x5f\xbc\xd5\xb0\xe9\x44"
             "\xbf\xdc\x63\x64\x4f\x07\x13\x93\x8a\x7f\x51\x53\x5c\x3a\x35"
             "\xe2")},
};

static void test_published_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        struct hmac h;
        uint8_t mac[HMAC_LEN];
        struct span key = vectors[i].key, message = vectors[i].message;
        key.ptr = guard_before(key.ptr, key.len);
        message.ptr = guard_before(message.ptr, message.len);
        hmac_init(&h, key);
        hmac_make(&h, message, mac);
        assert_memory_equal(mac, vectors[i].mac.ptr, vectors[i].mac.len);
        guard_free_all();
    }
}

/* 63, 64 and 65 are where a key begins to be hashed. */
static void test_keys_of_every_length_up_to_two_blocks(void **state)
{
    (void)state;
    uint8_t key[131], message[131], mac[HMAC_LEN];
    struct sha256 all;
    struct hmac h;
    sha256_init(&all);
    memset(message, 'x', sizeof message);
    for (size_t len = 0; len < sizeof key; len++) {
        key[len] = (uint8_t)len;
        hmac_init(&h, bytes_span(len ? key : NULL, len));
        hmac_make(&h, bytes_span(message, len), mac);
        sha256_take(&all, mac, sizeof mac);
    }
    /* By Python: sha256(b"".join(hmac.digest(bytes(range(n)), b"x" * n,
       "sha256") for n in range(131))) */
    sha256_finish(&all, mac);
    static const uint8_t digest[] = {
        0x61, 0xb6, 0x4b, 0x52, 0x42, 0x88, 0xfd, 0xf7, 0x11, 0x10, 0x0f,
        0x6d, 0x85, 0x37, 0x1c, 0x4d, 0x57, 0x9f, 0x4b, 0xa1, 0x38, 0xf8,
        0x53, 0xac, 0xf2, 0x04, 0x4a, 0x24, 0xea, 0x6d, 0x6b, 0xae};
    assert_memory_equal(mac, digest, sizeof digest);
}

static void test_only_the_whole_mac_is_right(void **state)
{
    (void)state;
    struct hmac h;
    uint8_t mac[HMAC_LEN + 1] = {0};
    struct span message = BYTES_LITERAL("what do ya want for nothing?");
    hmac_init(&h, BYTES_LITERAL("Jefe"));
    hmac_make(&h, message, mac);
    assert_true(hmac_verify(&h, message, bytes_span(mac, HMAC_LEN)));
    assert_false(hmac_verify(&h, message, bytes_span(mac, HMAC_LEN + 1)));
    assert_false(hmac_verify(&h, message, bytes_span(NULL, 0)));
    for (size_t len = 0; len < HMAC_LEN; len++) {
        const uint8_t *part = guard_before(mac, len);
        assert_false(hmac_verify(&h, message, bytes_span(part, len)));
        guard_free_all();
    }
    for (size_t bit = 0; bit < HMAC_LEN * 8; bit++) {
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(hmac_verify(&h, message, bytes_span(mac, HMAC_LEN)));
        mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

/* ---- Secrets ------------------------------------------------------------- */

static void test_no_branch_depends_on_the_key_or_the_right_mac(void **state)
{
    (void)state;
    SECRET_WANTED();
    struct hmac h;
    uint8_t key[131], mac[HMAC_LEN];
    memset(key, 7, sizeof key);
    for (size_t len = 32; len <= sizeof key; len += 99) {
        secret_hide(key, len);
        hmac_init(&h, bytes_span(key, len));
        hmac_make(&h, BYTES_LITERAL("message"), mac);
        secret_show(mac, sizeof mac); /* as a token shows it */
        for (int wrong = 0; wrong < 2; wrong++) {
            mac[3] ^= (uint8_t)wrong;
            bool same = hmac_verify(&h, BYTES_LITERAL("message"),
                                    bytes_span(mac, sizeof mac));
            secret_show(&same, sizeof same); /* as the answer does */
            assert_int_equal(same, !wrong);
        }
    }
}

static const uint8_t secret_key[] = "this is the key nobody may see..";
static const struct span key = {secret_key, 32};
static const struct span message = {(const uint8_t *)"a message", 9};

static void take_the_key(void *hmac)
{
    hmac_init(hmac, key);
}

static void verify(void *hmac)
{
    static const uint8_t wrong[HMAC_LEN];
    hmac_verify(hmac, message, bytes_span(wrong, sizeof wrong));
}

static void test_nothing_secret_stays_on_the_stack(void **state)
{
    (void)state;
    SECRET_UNWATCHED();
    struct hmac h, copy;
    uint8_t padded[2][8], inner[HMAC_LEN], mac[HMAC_LEN];
    for (size_t i = 0; i < 8; i++) {
        padded[0][i] = secret_key[i] ^ 0x36;
        padded[1][i] = secret_key[i] ^ 0x5C;
    }
    secret_run(take_the_key, &h);
    assert_false(secret_left(secret_key));
    assert_false(secret_left(padded[0]));
    assert_false(secret_left(padded[1]));
    assert_false(secret_lies_in(&h, sizeof h, secret_key));
    assert_false(secret_lies_in(&h, sizeof h, padded[0]));
    assert_false(secret_lies_in(&h, sizeof h, padded[1]));

    copy = h;
    hmac_make(&h, message, mac);
    sha256_take(&copy.inner, message.ptr, message.len);
    sha256_finish(&copy.inner, inner);
    secret_run(verify, &h);
    assert_false(secret_left(inner));
    assert_false(secret_left(mac));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_vectors),
        cmocka_unit_test(test_keys_of_every_length_up_to_two_blocks),
        cmocka_unit_test(test_only_the_whole_mac_is_right),
        cmocka_unit_test(test_no_branch_depends_on_the_key_or_the_right_mac),
        cmocka_unit_test(test_nothing_secret_stays_on_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
