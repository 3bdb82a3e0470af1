/* SPDX-License-Identifier: MIT */
#include "base/text.h"

void text_put(struct text *t, struct span s)
{
    if (s.len > t->size - t->len) {
        t->overflow = true;
        return;
    }
    if (s.len)
        memcpy(t->ptr + t->len, s.ptr, s.len);
    t->len += s.len;
}

void text_string(struct text *t, const char *string)
{
    text_put(t, bytes_of(string));
}

void text_byte(struct text *t, uint8_t byte)
{
    text_put(t, bytes_span(&byte, 1));
}

void text_decimal(struct text *t, uint64_t value)
{
    uint8_t digits[20]; /* UINT64_MAX has 20 */
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value);
    text_put(t, bytes_span(digits + at, sizeof digits - at));
}

void text_hex(struct text *t, uint64_t value, unsigned digits)
{
    uint8_t hex[16];
    size_t at = sizeof hex;
    do {
        hex[--at] = (uint8_t) "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (at && (value || sizeof hex - at < digits));
    text_put(t, bytes_span(hex + at, sizeof hex - at));
}
