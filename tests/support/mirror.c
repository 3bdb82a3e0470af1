/* SPDX-License-Identifier: MIT */
#include "support/mirror.h"
#include "wire/frame.h"

/* Bytes of a header without its key, and the payload length that it claims,
   legal or not. 0: not even these are whole. */
static size_t start_len(const uint8_t *ptr, size_t len, uint64_t *payload)
{
    size_t more = 0;
    if (len < 2)
        return 0;
    *payload = ptr[1] & FRAME_LENGTH_BITS;
    if (*payload >= 126)
        more = *payload == 126 ? 2 : 8;
    if (len < 2 + more)
        return 0;
    if (more)
        *payload = more == 2 ? bytes_get16(ptr + 2) : bytes_get64(ptr + 2);
    return 2 + more;
}

size_t mirror_frames(uint8_t *out, const uint8_t *ptr, size_t len)
{
    size_t at = 0, to = 0;
    while (at < len) {
        uint8_t key[4] = {0};
        uint64_t payload = 0;
        size_t start = start_len(ptr + at, len - at, &payload);
        size_t copied = start ? start : len - at;
        bool masked = len - at >= 2 && ptr[at + 1] & FRAME_MASK;
        memcpy(out + to, ptr + at, copied);
        if (len - at >= 2)
            out[to + 1] ^= FRAME_MASK;
        at += copied;
        to += copied;
        if (!start)
            break;
        if (masked) {
            size_t there = bytes_min(len - at, sizeof key);
            memcpy(key, ptr + at, there);
            at += there;
        } else {
            memset(out + to, 0, sizeof key);
            to += sizeof key;
        }
        size_t n = (size_t)bytes_min64(payload, len - at);
        memcpy(out + to, ptr + at, n);
        frame_mask(out + to, n, key, 0);
        at += n;
        to += n;
    }
    return to;
}
