/* SPDX-License-Identifier: MIT */
/* base64: the standard alphabet with padding (RFC 4648 section 4). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/bytes.h"

/* Characters that len bytes become, padding included. */
static inline size_t base64_encoded_len(size_t len)
{
    return (len + 2) / 3 * 4;
}

/* Write base64_encoded_len(len) characters to out, no NUL; returns that. */
size_t base64_encode(uint8_t *out, const uint8_t *ptr, size_t len);

/*
 * Decode text into out, which holds `size` bytes. Returns the bytes written,
 * or -1: a character outside the alphabet, a length that is not a multiple
 * of 4, padding anywhere but at the end, or more than `size` bytes.
 * Format note: pad bits that are not zero are let pass, as RFC 4648 3.5
 * allows; the example key that RFC 6455 4.1 itself prints
 * ("AQIDBAUGBwgJCgsMDQ4PEC==") has them.
 */
ptrdiff_t base64_decode(uint8_t *out, size_t size, struct span text);

#endif
