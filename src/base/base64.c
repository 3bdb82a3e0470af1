/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

static const uint8_t standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const uint8_t url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Without padding. */
static size_t encode(uint8_t *out, const uint8_t *ptr, size_t len,
                     const uint8_t *alphabet)
{
    uint8_t *to = out;
    for (size_t at = 0; at < len; at += 3) {
        size_t have = bytes_min(len - at, 3);
        uint32_t group = (uint32_t)ptr[at] << 16;
        if (have > 1)
            group |= (uint32_t)ptr[at + 1] << 8;
        if (have > 2)
            group |= ptr[at + 2];
        for (size_t i = 0; i <= have; i++)
            *to++ = alphabet[group >> (18 - 6 * i) & 63];
    }
    return (size_t)(to - out);
}

size_t base64_encode(uint8_t *out, const uint8_t *ptr, size_t len)
{
    size_t at = encode(out, ptr, len, standard);
    while (at % 4)
        out[at++] = '=';
    return at;
}

size_t base64_url_encode(uint8_t *out, const uint8_t *ptr, size_t len)
{
    return encode(out, ptr, len, url);
}

static int value_of(uint8_t c, const uint8_t *alphabet)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == alphabet[62] ? 62 : c == alphabet[63] ? 63 : -1;
}

/* The bits of up to four characters, in the highest of 24. */
static bool group_of(struct span some, const uint8_t *alphabet, uint32_t *group)
{
    *group = 0;
    for (size_t i = 0; i < some.len; i++) {
        int value = value_of(some.ptr[i], alphabet);
        if (value < 0)
            return false;
        *group |= (uint32_t)value << (18 - 6 * i);
    }
    return true;
}

/* Without padding; strictly, for URLs. */
static ptrdiff_t decode(uint8_t *out, size_t size, struct span text,
                        const uint8_t *alphabet)
{
    size_t len = 0;
    while (text.len) {
        struct span four = bytes_part(text, 0, bytes_min(text.len, 4));
        size_t n = four.len - 1; /* bytes: three of four, one of two */
        uint32_t group;
        if (n == 0 || n > size - len || !group_of(four, alphabet, &group))
            return -1;
        if (alphabet == url && group << 8 << 8 * n != 0)
            return -1;
        for (size_t i = 0; i < n; i++)
            out[len++] = (uint8_t)(group >> (16 - 8 * i));
        text = bytes_after(text, four.len);
    }
    return (ptrdiff_t)len;
}

ptrdiff_t base64_decode(uint8_t *out, size_t size, struct span text)
{
    if (text.len % 4 != 0)
        return -1;
    for (int i = 0; i < 2 && text.len && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode(out, size, text, standard);
}

ptrdiff_t base64_url_decode(uint8_t *out, size_t size, struct span text)
{
    return decode(out, size, text, url);
}
