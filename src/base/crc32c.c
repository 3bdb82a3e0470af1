/* SPDX-License-Identifier: MIT */
#include "base/crc32c.h"

#define POLYNOMIAL UINT32_C(0x82F63B78) /* 0x1EDC6F41, its bits reversed */

void crc32c_init(struct crc32c *c)
{
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t sum = byte;
        for (unsigned bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? POLYNOMIAL : 0);
        c->tables[0][byte] = sum;
    }
    /* What a byte does to the sum when so many more have followed it. */
    for (unsigned more = 1; more < 8; more++)
        for (uint32_t byte = 0; byte < 256; byte++) {
            uint32_t sum = c->tables[more - 1][byte];
            c->tables[more][byte] = sum >> 8 ^ c->tables[0][sum & 0xFF];
        }
}

uint32_t crc32c_add(const struct crc32c *c, uint32_t sum, struct span s)
{
    sum = ~sum;
    for (; s.len >= 8; s = bytes_after(s, 8)) {
        uint32_t x = 0;
        for (unsigned i = 0; i < 4; i++)
            x ^= c->tables[7 - i][(sum >> 8 * i & 0xFF) ^ s.ptr[i]] ^
                 c->tables[3 - i][s.ptr[4 + i]];
        sum = x;
    }
    for (; s.len; s = bytes_after(s, 1))
        sum = sum >> 8 ^ c->tables[0][(sum & 0xFF) ^ s.ptr[0]];
    return ~sum;
}
