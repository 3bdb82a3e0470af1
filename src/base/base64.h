/* SPDX-License-Identifier: MIT */
/*
 * base64 (RFC 4648): the standard alphabet with padding (section 4), and that
 * for URLs, with - and _ for + and /, without padding (section 5), as JSON Web
 * Tokens have it (RFC 7515 2).
 */
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

/* The same for URLs: characters that len bytes become, writing them, reading
   them. Strict: one text for the same bytes, so no padding, and the bits of
   the last character that mean nothing must be zero (RFC 4648 3.5). */
static inline size_t base64_url_len(size_t len)
{
    return (len * 4 + 2) / 3;
}

size_t base64_url_encode(uint8_t *out, const uint8_t *ptr, size_t len);
ptrdiff_t base64_url_decode(uint8_t *out, size_t size, struct span text);

#endif
