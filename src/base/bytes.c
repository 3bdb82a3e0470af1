/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"

bool bytes_equal_nocase(struct span a, struct span b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (a.ptr[i] != b.ptr[i] &&
            bytes_lower(a.ptr[i]) != bytes_lower(b.ptr[i]))
            return false;
    return true;
}

/* What is volatile is read and written as it stands here: no compiler may
   find out that it could stop at the first difference. */
bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t len)
{
    volatile uint8_t differ = 0;
    for (size_t i = 0; i < len; i++)
        differ = (uint8_t)(differ | (a[i] ^ b[i]));
    return differ == 0;
}

/* A compiler may leave out a memset of bytes that are never read again. It
   does not know what a volatile pointer points at when it is called. */
void bytes_wipe(void *ptr, size_t len)
{
    void *(*volatile set)(void *, int, size_t) = memset;
    set(ptr, 0, len);
}

size_t bytes_find(struct span s, uint8_t byte)
{
    const uint8_t *at = s.len ? memchr(s.ptr, byte, s.len) : NULL;
    return at ? (size_t)(at - s.ptr) : s.len;
}

struct span bytes_cut(struct span *s, uint8_t separator)
{
    struct span part = bytes_part(*s, 0, bytes_find(*s, separator));
    *s = bytes_after(*s, bytes_min(part.len + 1, s->len));
    return part;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

struct span bytes_trim(struct span s)
{
    while (s.len && is_blank(s.ptr[0]))
        s = bytes_after(s, 1);
    while (s.len && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

int bytes_hex_value(uint8_t digit)
{
    if (bytes_is_digit(digit))
        return digit - '0';
    digit = bytes_lower(digit);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int32_t bytes_hex(struct span s, size_t digits)
{
    int32_t value = 0;
    if (s.len < digits)
        return -1;
    for (size_t i = 0; i < digits; i++) {
        int digit = bytes_hex_value(s.ptr[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool bytes_decimal(struct span s, uint64_t *value)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned digit = (unsigned)s.ptr[i] - '0';
        if (digit > 9)
            return false;
        sum = sum > (UINT64_MAX - digit) / 10 ? UINT64_MAX : sum * 10 + digit;
    }
    *value = sum;
    return s.len > 0;
}

bool bytes_number(struct span s, uint64_t most, uint64_t *value)
{
    bool padded = s.len > 1 && s.ptr[0] == '0';
    return !padded && bytes_decimal(s, value) && *value <= most;
}
