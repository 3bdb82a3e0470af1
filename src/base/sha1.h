/* SPDX-License-Identifier: MIT */
/*
 * sha1: the Secure Hash Algorithm 1 (RFC 3174, FIPS 180-4).
 *
 * WebSocket wants it for Sec-WebSocket-Accept (RFC 6455 4.2.2), where it only
 * proves that the server read the request; chatd also names the content of
 * its pages with it (ETag). It is not for secrets: SHA-1 is broken for those.
 */
#ifndef BASE_SHA1_H
#define BASE_SHA1_H

#include "base/bytes.h"

#define SHA1_LEN 20 /* bytes of a digest */

struct sha1 {
    uint32_t h[5];     /* the chaining value */
    uint64_t len;      /* message bytes taken so far */
    uint8_t block[64]; /* the unfinished block, len % 64 bytes of it */
};

void sha1_init(struct sha1 *s);
void sha1_take(struct sha1 *s, const void *ptr, size_t len);

/* Pad, finish, and write the digest. The context is used up. */
void sha1_finish(struct sha1 *s, uint8_t digest[SHA1_LEN]);

#endif
