/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

#define GROUP 2 /* bytes between two colons */

/* ---- Addresses ----------------------------------------------------------- */

static bool parse_v4(struct span text, uint8_t out[4])
{
    for (size_t i = 0; i < 4; i++) {
        uint64_t number;
        bool last = bytes_find(text, '.') == text.len;
        /* A leading zero would make it octal to some. */
        if (last != (i == 3) ||
            !bytes_number(bytes_cut(&text, '.'), UINT8_MAX, &number))
            return false;
        out[i] = (uint8_t)number;
    }
    return true;
}

static bool parse_group(struct span digits, uint8_t out[GROUP])
{
    int32_t value = digits.len > 4 ? -1 : bytes_hex(digits, digits.len);
    bytes_put16(out, (uint16_t)value);
    return digits.len > 0 && value >= 0;
}

/* Groups with a colon between any two; an IPv4 address for the last two, where
   one may be. Returns how many bytes of `out` they fill, or -1. */
static int parse_groups(struct span text, bool v4_may_end, uint8_t out[16])
{
    for (int len = 0; len < 16; len += GROUP) {
        size_t colon = bytes_find(text, ':');
        bool last = colon == text.len;
        if (last && v4_may_end && bytes_find(text, '.') < text.len)
            return len <= 12 && parse_v4(text, out + len) ? len + 4 : -1;
        if (!parse_group(bytes_part(text, 0, colon), out + len))
            return -1;
        if (last)
            return len + GROUP;
        text = bytes_after(text, colon + 1);
    }
    return -1;
}

/* RFC 4291 2.2: "::" stands for one zero group or more, and can appear once:
   of a second one an empty group is left over, which is none. `out` is zero. */
static bool parse_v6(struct span text, uint8_t out[16])
{
    uint8_t tail[16];
    size_t gap = 0;
    while (gap < text.len && !(text.ptr[gap] == ':' && gap + 1 < text.len &&
                               text.ptr[gap + 1] == ':'))
        gap++;
    if (gap == text.len)
        return parse_groups(text, true, out) == 16;
    struct span behind = bytes_after(text, gap + 2);
    int head_len = 0, tail_len = 0;
    if (gap > 0)
        head_len = parse_groups(bytes_part(text, 0, gap), false, out);
    if (behind.len > 0)
        tail_len = parse_groups(behind, true, tail);
    if (head_len < 0 || tail_len < 0 || head_len + tail_len >= 16)
        return false;
    memcpy(out + 16 - tail_len, tail, (size_t)tail_len);
    return true;
}

/* As it is written, IPv4 in IPv6 too. */
static bool parse(struct ip *ip, struct span text)
{
    struct ip v4 = {.family = IP_V4}, v6 = {.family = IP_V6};
    *ip = (struct ip){.family = IP_NONE};
    if (parse_v4(text, v4.bytes))
        *ip = v4;
    else if (parse_v6(text, v6.bytes))
        *ip = v6;
    return ip->family != IP_NONE;
}

#define MAPPED_BITS 96

static bool is_mapped(const struct ip *ip)
{
    static const uint8_t prefix[MAPPED_BITS / 8] = {[10] = 0xFF, [11] = 0xFF};
    return ip->family == IP_V6 && memcmp(ip->bytes, prefix, sizeof prefix) == 0;
}

void ip_normalize(struct ip *ip)
{
    struct ip v4 = {.family = IP_V4};
    if (!is_mapped(ip))
        return;
    memcpy(v4.bytes, ip->bytes + MAPPED_BITS / 8, 4);
    *ip = v4;
}

bool ip_parse(struct ip *ip, struct span text)
{
    bool read = parse(ip, text);
    ip_normalize(ip);
    return read;
}

bool ip_equal(const struct ip *a, const struct ip *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- Blocks -------------------------------------------------------------- */

static bool bit(const struct ip *ip, unsigned at)
{
    return ip->bytes[at / 8] >> (7 - at % 8) & 1;
}

bool ip_parse_block(struct ip_block *block, struct span text)
{
    size_t slash = bytes_find(text, '/');
    struct ip *first = &block->first;
    if (!parse(first, bytes_part(text, 0, slash)))
        return false;
    uint64_t all = first->family == IP_V4 ? 32 : 128, bits = all;
    if (slash < text.len) {
        struct span number = bytes_after(text, slash + 1);
        if (number.len > 3 || !bytes_decimal(number, &bits) || bits > all)
            return false;
    }
    block->bits = (unsigned)bits;
    for (unsigned i = block->bits; i < all; i++)
        if (bit(first, i))
            return false;
    if (is_mapped(first)) { /* its last one is bit 95: no fewer than 96 */
        ip_normalize(first);
        block->bits -= MAPPED_BITS;
    }
    return true;
}

bool ip_within(const struct ip *ip, const struct ip_block *block)
{
    if (ip->family != block->first.family)
        return false;
    for (unsigned i = 0; i < block->bits; i++)
        if (bit(ip, i) != bit(&block->first, i))
            return false;
    return true;
}
