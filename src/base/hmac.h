/* SPDX-License-Identifier: MIT */
/*
 * hmac: HMAC-SHA-256 (RFC 2104): a digest that only who has the key can make.
 *
 *   inner = SHA-256(key ^ 36 36 36 ... , message)
 *   mac   = SHA-256(key ^ 5C 5C 5C ... , inner)          key: 64 bytes
 *
 * What both begin with is the same for every message, so it is hashed once,
 * when the key is taken. That spares two of the blocks of each message, and
 * the key itself need not be kept.
 */
#ifndef BASE_HMAC_H
#define BASE_HMAC_H

#include "base/sha256.h"

#define HMAC_LEN SHA256_LEN /* bytes of a mac */

/* A key, ready for use; whoever sees it can sign, so it is as secret. */
struct hmac {
    struct sha256 inner; /* both after their first block */
    struct sha256 outer;
};

/* Take a key of any length (RFC 2104 3: 32 bytes at least should it have). */
void hmac_init(struct hmac *h, struct span key);

void hmac_make(const struct hmac *h, struct span message,
               uint8_t mac[HMAC_LEN]);

/* Is this the message's mac? Only the lengths decide how long it takes; the
   mac that would have been right is nowhere afterwards. */
bool hmac_verify(const struct hmac *h, struct span message, struct span mac);

#endif
