/* SPDX-License-Identifier: MIT */
/*
 * sha256: the Secure Hash Algorithm SHA-256 (FIPS 180-4).
 *
 * What chatd signs and checks rests on it (base/hmac.h). What it takes may be
 * secret: no branch and no address depends on it, and nothing of it stays on
 * the stack or in a context that is finished.
 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/bytes.h"

#define SHA256_LEN   32 /* bytes of a digest */
#define SHA256_BLOCK 64 /* bytes that are folded in at a time */

struct sha256 {
    uint32_t h[8];               /* the hash value so far */
    uint64_t len;                /* message bytes taken so far */
    uint8_t block[SHA256_BLOCK]; /* the unfinished block, len % 64 bytes */
};

void sha256_init(struct sha256 *s);
void sha256_take(struct sha256 *s, const void *ptr, size_t len);

/* Pad, finish, write the digest and wipe the context. */
void sha256_finish(struct sha256 *s, uint8_t digest[SHA256_LEN]);

#endif
