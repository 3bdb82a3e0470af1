/* SPDX-License-Identifier: MIT */
/*
 * ip: IP addresses and blocks of them, from text (RFC 4291 2.2, RFC 4632 3.1).
 *
 * An IPv4 address written as one of IPv6 (::ffff:192.0.2.1, RFC 4291 2.5.5.2)
 * is taken for the IPv4 address it stands for, so that an address has one form
 * whoever writes it down.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/bytes.h"

enum ip_family {
    IP_NONE, /* no address: of a unix socket, or not known */
    IP_V4,
    IP_V6,
};

struct ip {
    uint8_t bytes[16]; /* network order; IPv4 in the first four, 0 behind */
    uint8_t family;    /* enum ip_family */
};

/* Addresses whose first `bits` bits are those of `first`. */
struct ip_block {
    struct ip first;
    unsigned bits;
};

/*
 * Read an address: "192.0.2.1" (four decimal numbers without leading zeros) or
 * "2001:db8::1" (with one "::" for one or more groups, and an IPv4 address for
 * the last two). No brackets, port or zone. False when it is none; *ip is then
 * of family IP_NONE.
 */
bool ip_parse(struct ip *ip, struct span text);

/* An address of IPv6 that stands for one of IPv4 becomes that. */
void ip_normalize(struct ip *ip);

/* Read an address or a block: "192.0.2.0/24". False when it is none, or when a
   bit behind the block's length is set: that is a slip of somebody's. */
bool ip_parse_block(struct ip_block *block, struct span text);

/* Is the address one of the block's? Never of another family. */
bool ip_within(const struct ip *ip, const struct ip_block *block);

bool ip_equal(const struct ip *a, const struct ip *b);

#endif
