/* SPDX-License-Identifier: MIT */
/* Section numbers are those of FIPS 180-4. */
#include "base/sha256.h"

/* 4.2.2: of the cube roots of the first 64 primes, the first 32 bits behind
   the point. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
    0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
    0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate(uint32_t x, unsigned n)
{
    return (x >> n) | (x << (32 - n));
}

/* 4.1.2: two bits choose between two, and the majority of three. */
static uint32_t choose(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (~x & z);
}

static uint32_t majority(uint32_t x, uint32_t y, uint32_t z)
{
    return (x & y) ^ (x & z) ^ (y & z);
}

/* 6.2.2, step 1: the message schedule. */
static void schedule(uint32_t w[64], const uint8_t block[SHA256_BLOCK])
{
    for (unsigned t = 0; t < 16; t++)
        w[t] = bytes_get32(block + (size_t)t * 4);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t x = w[t - 15], y = w[t - 2];
        uint32_t sigma0 = rotate(x, 7) ^ rotate(x, 18) ^ x >> 3;
        uint32_t sigma1 = rotate(y, 17) ^ rotate(y, 19) ^ y >> 10;
        w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
    }
}

/* 6.2.2, steps 2 to 4: fold one block into the hash value. */
static void compress(struct sha256 *s)
{
    uint32_t w[64];
    schedule(w, s->block);

    uint32_t a = s->h[0], b = s->h[1], c = s->h[2], d = s->h[3];
    uint32_t e = s->h[4], f = s->h[5], g = s->h[6], h = s->h[7];
    for (unsigned t = 0; t < 64; t++) {
        uint32_t sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
        uint32_t sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
        uint32_t t1 = h + sum1 + choose(e, f, g) + k[t] + w[t];
        uint32_t t2 = sum0 + majority(a, b, c);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    s->h[0] += a;
    s->h[1] += b;
    s->h[2] += c;
    s->h[3] += d;
    s->h[4] += e;
    s->h[5] += f;
    s->h[6] += g;
    s->h[7] += h;
    bytes_wipe(w, sizeof w); /* it begins with the block itself */
}

/* 5.3.3. */
void sha256_init(struct sha256 *s)
{
    *s = (struct sha256){.h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_take(struct sha256 *s, const void *ptr, size_t len)
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
            compress(s);
    }
}

/* 5.1.1: a one bit, zeros, and the length in bits fill the last block. */
void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_LEN])
{
    static const uint8_t padding[SHA256_BLOCK] = {0x80};
    uint8_t bits[8];
    bytes_put64(bits, s->len * 8);
    size_t used = (size_t)(s->len % sizeof s->block);
    sha256_take(s, padding, used < 56 ? 56 - used : 120 - used);
    sha256_take(s, bits, sizeof bits);
    for (unsigned i = 0; i < 8; i++)
        bytes_put32(digest + (size_t)i * 4, s->h[i]);
    bytes_wipe(s, sizeof *s);
}
