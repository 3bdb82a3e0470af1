/* SPDX-License-Identifier: MIT */
/*
 * ip: addresses as text, without the C library: what it has for this draws
 * all of printf into a static program.
 *
 * IPv6 as RFC 5952 section 4 wants it: hexadecimal groups in lower case
 * without leading zeros, the longest row of two or more zero groups (the
 * first, of equals) as "::". An embedded IPv4 address is not written apart:
 * section 5 leaves that to prefixes that are known, and the server tells
 * IPv4 peers as IPv4 anyway.
 */
#ifndef BASE_IP_H
#define BASE_IP_H

#include "base/text.h"

/* Append an address in network order: "192.0.2.1". */
void ip_put4(struct text *t, const uint8_t ip[4]);

/* The same: "2001:db8::1". */
void ip_put6(struct text *t, const uint8_t ip[16]);

#endif
