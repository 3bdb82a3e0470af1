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

/* The 24 bits of four characters, the last `pads` of which are '='. */
static bool group_of(const uint8_t *four, size_t pads, uint32_t *group)
{
    *group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < 4 - pads ? value_of(four[i]) : 0;
        if (value < 0)
            return false;
        *group = (*group << 6) | (uint32_t)value;
    }
    return true;
}

ptrdiff_t base64_decode(uint8_t *out, size_t size, struct span text)
{
    if (text.len % 4 != 0)
        return -1;
    size_t len = 0;
    for (size_t at = 0; at < text.len; at += 4) {
        size_t pads = 0;
        if (at + 4 == text.len && text.ptr[at + 3] == '=')
            pads = text.ptr[at + 2] == '=' ? 2 : 1;
        uint32_t group;
        if (!group_of(text.ptr + at, pads, &group) || 3 - pads > size - len)
            return -1;
        for (size_t i = 0; i < 3 - pads; i++)
            out[len++] = (uint8_t)(group >> (16 - 8 * i));
    }
    return (ptrdiff_t)len;
}
