/* SPDX-License-Identifier: MIT */
#include "base/hmac.h"

/* The hash of a block: the key, each byte changed by `pad`. */
static void begin(struct sha256 *s, const uint8_t key[SHA256_BLOCK],
                  uint8_t pad)
{
    uint8_t block[SHA256_BLOCK];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = key[i] ^ pad;
    sha256_init(s);
    sha256_take(s, block, sizeof block);
    bytes_wipe(block, sizeof block);
    bytes_wipe(s->block, sizeof s->block);
}

void hmac_init(struct hmac *h, struct span key)
{
    uint8_t block[SHA256_BLOCK] = {0};
    if (key.len > sizeof block) { /* RFC 2104 2 */
        struct sha256 s;
        sha256_init(&s);
        sha256_take(&s, key.ptr, key.len);
        sha256_finish(&s, block);
    } else if (key.len) {
        memcpy(block, key.ptr, key.len);
    }
    begin(&h->inner, block, 0x36);
    begin(&h->outer, block, 0x5C);
    bytes_wipe(block, sizeof block);
}

void hmac_make(const struct hmac *h, struct span message, uint8_t mac[HMAC_LEN])
{
    struct sha256 s = h->inner;
    sha256_take(&s, message.ptr, message.len);
    sha256_finish(&s, mac);
    s = h->outer;
    sha256_take(&s, mac, HMAC_LEN);
    sha256_finish(&s, mac);
}

bool hmac_verify(const struct hmac *h, struct span message, struct span mac)
{
    uint8_t right[HMAC_LEN];
    hmac_make(h, message, right);
    bool same =
        mac.len == HMAC_LEN && bytes_equal_secret(right, mac.ptr, HMAC_LEN);
    bytes_wipe(right, sizeof right);
    return same;
}
