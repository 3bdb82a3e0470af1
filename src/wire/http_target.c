/* SPDX-License-Identifier: MIT */
/* The parts of a request target: percent-encoding and queries (RFC 3986). */
#include "wire/http.h"

/* The byte that "%XX" at the start of s stands for, or -1 (RFC 3986 2.1). */
static int escaped_byte(struct span s)
{
    if (s.len < 3)
        return -1;
    int high = bytes_hex_value(s.ptr[1]);
    int low = bytes_hex_value(s.ptr[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

ptrdiff_t http_decode(uint8_t *out, size_t size, struct span s, bool plus)
{
    size_t len = 0;
    for (size_t at = 0; at < s.len; at++) {
        int byte = s.ptr[at];
        if (byte == '%') {
            byte = escaped_byte(bytes_part(s, at, s.len - at));
            at += 2;
        } else if (plus && byte == '+') {
            byte = ' ';
        }
        if (byte < 0 || len == size)
            return -1;
        out[len++] = (uint8_t)byte;
    }
    return (ptrdiff_t)len;
}

bool http_query(struct span query, const char *key, struct span *value)
{
    bool found = false;
    while (query.len) {
        struct span pair = bytes_part(query, 0, bytes_find(query, '&'));
        struct span name = bytes_part(pair, 0, bytes_find(pair, '='));
        if (bytes_equal(name, bytes_of(key))) {
            size_t used = bytes_min(name.len + 1, pair.len);
            *value = bytes_part(pair, used, pair.len - used);
            found = true;
        }
        size_t used = bytes_min(pair.len + 1, query.len);
        query = bytes_part(query, used, query.len - used);
    }
    return found;
}
