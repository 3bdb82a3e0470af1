/* SPDX-License-Identifier: MIT */
#include "base/ip.h"

#define GROUP 2 /* bytes between two colons */

/* ---- Addresses ----------------------------------------------------------- */

static bool parse_byte(struct span digits, uint8_t *byte)
{
    uint64_t number;
    bool padded = digits.len > 1 && digits.ptr[0] == '0'; /* octal to some */
    if (padded || !bytes_decimal(digits, &number) || number > UINT8_MAX)
        return false;
    *byte = (uint8_t)number;
    return true;
}

static bool parse_v4(struct span text, uint8_t out[4])
{
    for (size_t i = 0; i < 4; i++) {
        size_t dot = bytes_find(text, '.');
        bool last = dot == text.len;
        if (last != (i == 3) || !parse_byte(bytes_part(text, 0, dot), &out[i]))
            return false;
        if (!last)
            text = bytes_part(text, dot + 1, text.len - dot - 1);
    }
    return true;
}

static bool parse_group(struct span digits, uint8_t out[GROUP])
{
    unsigned value = 0;
    if (digits.len == 0 || digits.len > 4)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        int digit = bytes_hex_value(digits.ptr[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (unsigned)digit;
    }
    bytes_put16(out, (uint16_t)value);
    return true;
}

/*
 * Groups as they come, and where "::" stood among them:
 *
 *   2001:db8::1:2    bytes  20 01 0d b8 | 00 01 00 02      len 8, gap 4
 *                    out    20 01 0d b8 00 .. 00 00 01 00 02
 */
struct groups {
    uint8_t bytes[16];
    size_t len;
    size_t gap; /* offset of "::", or more than 16 */
};

/* One group, or an IPv4 address in the place of the last two. */
static bool take_group(struct groups *g, struct span part, bool last)
{
    uint8_t *out = g->bytes + g->len;
    if (last && bytes_find(part, '.') < part.len) {
        g->len += 4;
        return g->len <= 16 && parse_v4(part, out);
    }
    g->len += GROUP;
    return g->len <= 16 && parse_group(part, out);
}

/* What follows a group: its colon, or "::". False when nothing may. */
static bool take_colons(struct groups *g, struct span *text)
{
    *text = bytes_part(*text, 1, text->len - 1);
    if (text->len == 0)
        return false; /* a single colon ends nothing */
    if (text->ptr[0] != ':')
        return true;
    if (g->gap <= 16)
        return false; /* RFC 4291 2.2: "::" can only appear once */
    g->gap = g->len;
    *text = bytes_part(*text, 1, text->len - 1);
    return true;
}

static bool parse_groups(struct groups *g, struct span text)
{
    *g = (struct groups){.gap = SIZE_MAX};
    if (text.len < 2)
        return false;
    if (text.ptr[0] == ':') {
        if (text.ptr[1] != ':')
            return false; /* a single colon begins nothing */
        g->gap = 0;
        text = bytes_part(text, 2, text.len - 2);
    }
    while (text.len) {
        size_t len = bytes_find(text, ':');
        if (!take_group(g, bytes_part(text, 0, len), len == text.len))
            return false;
        text = bytes_part(text, len, text.len - len);
        if (text.len && !take_colons(g, &text))
            return false;
    }
    return true;
}

static bool parse_v6(struct span text, uint8_t out[16])
{
    struct groups g;
    if (!parse_groups(&g, text))
        return false;
    if (g.gap > 16) {
        memcpy(out, g.bytes, 16);
        return g.len == 16;
    }
    size_t behind = g.len - g.gap;
    memcpy(out, g.bytes, g.gap);
    memcpy(out + 16 - behind, g.bytes + g.gap, behind);
    return g.len < 16;
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

static void unmap(struct ip *ip)
{
    struct ip v4 = {.family = IP_V4};
    memcpy(v4.bytes, ip->bytes + MAPPED_BITS / 8, 4);
    *ip = v4;
}

void ip_normalize(struct ip *ip)
{
    if (is_mapped(ip))
        unmap(ip);
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
        struct span number = bytes_part(text, slash + 1, text.len - slash - 1);
        if (number.len > 3 || !bytes_decimal(number, &bits) || bits > all)
            return false;
    }
    block->bits = (unsigned)bits;
    for (unsigned i = block->bits; i < all; i++)
        if (bit(first, i))
            return false;
    if (is_mapped(first)) { /* its last one is bit 95: no fewer than 96 */
        unmap(first);
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
