/* SPDX-License-Identifier: MIT */
/*
 * slow: yes
 * sources: src/base/sha256.c src/base/hmac.c
 * with: src/base/bytes.c
 *
 * Any bytes, taken in two pieces around the end of a block; keys shorter than
 * a block, of one, and longer.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

static void digest(size_t first, size_t second)
{
    struct sha256 s;
    uint8_t out[SHA256_LEN];
    sha256_init(&s);
    sha256_take(&s, any_text(first), first);
    sha256_take(&s, any_text(second), second);
    sha256_finish(&s, out);
    //@ assert all_of_it: \initialized(&out[0 .. 31]);
}

static void mac(size_t key, size_t message, size_t len)
{
    struct hmac h;
    hmac_init(&h, bytes_span(any_text(key), key));
    hmac_verify(&h, bytes_span(any_text(message), message),
                bytes_span(any_text(len), len));
}

void main(void)
{
    static uint8_t long_key[SHA256_BLOCK + 1];
    struct hmac h;
    digest(0, 0);
    digest(0, 55);
    digest(1, 55);
    digest(55, 64);
    mac(0, 0, HMAC_LEN);
    mac(31, 9, 0);
    mac(64, 55, HMAC_LEN);
    any_bytes(long_key, sizeof long_key);
    hmac_init(&h, bytes_span(long_key, sizeof long_key));
}
