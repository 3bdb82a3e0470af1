/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(uint8_t *out, const uint8_t *ptr, size_t len)
{
    uint8_t *to = out;
    for (size_t at = 0; at < len; at += 3) {
        size_t have = bytes_min(len - at, 3);
        uint32_t group = (uint32_t)ptr[at] << 16;
        if (have > 1)
            group |= (uint32_t)ptr[at + 1] << 8;
        if (have > 2)
            group |= ptr[at + 2];
        *to++ = (uint8_t)alphabet[group >> 18];
        *to++ = (uint8_t)alphabet[(group >> 12) & 63];
        *to++ = have > 1 ? (uint8_t)alphabet[(group >> 6) & 63] : '=';
        *to++ = have > 2 ? (uint8_t)alphabet[group & 63] : '=';
    }
    return (size_t)(to - out);
}

static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ptrdiff_t base64_decode(uint8_t *out, size_t size, struct span text)
{
    uint32_t bits = 0; /* of the characters so far: six each, the last lowest */
    size_t len = 0, pads = 0;
    if (text.len % 4 != 0)
        return -1;
    while (pads < 2 && pads < text.len && text.ptr[text.len - 1 - pads] == '=')
        pads++;
    for (size_t at = 0; at < text.len - pads; at++) {
        int value = value_of(text.ptr[at]);
        if (value < 0)
            return -1;
        bits = bits << 6 | (uint32_t)value;
        if (at % 4 == 0)
            continue; /* six bits are no byte yet */
        if (len == size)
            return -1;
        out[len++] = (uint8_t)(bits >> (6 - at % 4 * 2));
    }
    return (ptrdiff_t)len;
}
