/* SPDX-License-Identifier: MIT */
#include "wire/bits.h"

uint16_t bits_reverse(uint16_t code, unsigned count)
{
    unsigned v = code;
    v = (v & 0x5555) << 1 | (v >> 1 & 0x5555); /* neighbours */
    v = (v & 0x3333) << 2 | (v >> 2 & 0x3333); /* pairs */
    v = (v & 0x0F0F) << 4 | (v >> 4 & 0x0F0F); /* nibbles */
    v = (v & 0x00FF) << 8 | (v >> 8 & 0x00FF); /* bytes */
    return (uint16_t)(v >> (16 - count));
}
