/* SPDX-License-Identifier: MIT */
/* Section numbers are those of RFC 3174. */
#include "base/sha1.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
    return (x << n) | (x >> (32 - n));
}

/* Section 5: the logical function and constant of step t. */
static uint32_t step(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    if (t < 20)
        return ((b & c) | (~b & d)) + UINT32_C(0x5A827999);
    if (t < 40)
        return (b ^ c ^ d) + UINT32_C(0x6ED9EBA1);
    if (t < 60)
        return ((b & c) | (b & d) | (c & d)) + UINT32_C(0x8F1BBCDC);
    return (b ^ c ^ d) + UINT32_C(0xCA62C1D6);
}

/* Section 6.1: fold one block into the chaining value. */
static void compress(struct sha1 *s, const uint8_t block[64])
{
    uint32_t w[80];
    for (unsigned t = 0; t < 16; t++)
        w[t] = bytes_get32(block + (size_t)t * 4);
    for (unsigned t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);

    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3], e = s->h[4];
    for (unsigned t = 0; t < 80; t++) {
        uint32_t next = rotate(a, 5) + step(t, b, c, d) + e + w[t];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
}

void sha1_init(struct sha1 *s)
{
    *s = (struct sha1){
        .h = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}};
}

void sha1_take(struct sha1 *s, const void *ptr, size_t len)
{
    const uint8_t *from = ptr;
    while (len) {
        size_t used = (size_t)(s->len % sizeof s->block);
        size_t n = bytes_min(len, sizeof s->block - used);
        memcpy(s->block + used, from, n);
        s->len += n;
        from += n;
        len -= n;
        if (used + n == sizeof s->block)
            compress(s, s->block);
    }
}

/* Section 4: a one bit, zeros, and the length in bits fill the last block. */
void sha1_finish(struct sha1 *s, uint8_t digest[SHA1_LEN])
{
    static const uint8_t padding[64] = {0x80};
    uint8_t bits[8];
    bytes_put64(bits, s->len * 8);
    size_t used = (size_t)(s->len % sizeof s->block);
    sha1_take(s, padding, used < 56 ? 56 - used : 120 - used);
    sha1_take(s, bits, sizeof bits);
    for (unsigned i = 0; i < 5; i++)
        bytes_put32(digest + (size_t)i * 4, s->h[i]);
}
