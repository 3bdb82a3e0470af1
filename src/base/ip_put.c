/* SPDX-License-Identifier: MIT */
/* Addresses as text. */
#include "base/ip.h"

#define GROUPS 8 /* of 16 bits */

void ip_put4(struct text *t, const uint8_t ip[4])
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            text_byte(t, '.');
        text_decimal(t, ip[i]);
    }
}

/* The row of zero groups to leave out: its length, and *start, behind the end
   for none. A single zero group is written (RFC 5952 4.2.2). */
static unsigned longest_zeros(const uint8_t ip[16], unsigned *start)
{
    unsigned best = 1, row = 0;
    *start = GROUPS;
    for (unsigned i = 0; i < GROUPS; i++) {
        row = ip[2 * i] || ip[2 * i + 1] ? 0 : row + 1;
        if (row > best) { /* not >=: the first of equals (4.2.3) */
            best = row;
            *start = i + 1 - row;
        }
    }
    return best;
}

void ip_put6(struct text *t, const uint8_t ip[16])
{
    unsigned start;
    unsigned zeros = longest_zeros(ip, &start);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (i == start) {
            text_string(t, "::");
            i += zeros - 1;
            continue;
        }
        if (i > 0 && i != start + zeros)
            text_byte(t, ':');
        text_hex(t, (uint64_t)ip[2 * i] << 8 | ip[2 * i + 1], 1);
    }
}
