/* SPDX-License-Identifier: MIT */
/* The parts of a request target: percent-encoding and queries (RFC 3986). */
#include "wire/http.h"

ptrdiff_t http_decode(uint8_t *out, size_t size, struct span s, bool plus)
{
    size_t len = 0;
    for (size_t at = 0; at < s.len; at++) {
        int byte = s.ptr[at];
        if (byte == '%') { /* RFC 3986 2.1 */
            byte = bytes_hex(bytes_after(s, at + 1), 2);
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
        struct span pair = bytes_cut(&query, '&');
        if (bytes_equal(bytes_cut(&pair, '='), bytes_of(key))) {
            *value = pair;
            found = true;
        }
    }
    return found;
}
