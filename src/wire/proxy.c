/* SPDX-License-Identifier: MIT */
#include "wire/proxy.h"

static void refuse(struct proxy *p, const char *why)
{
    p->step = PROXY_BAD;
    p->why = why;
}

static uint8_t last_byte(const struct proxy *p)
{
    return p->bytes[p->len - 1];
}

/* The header is known as far as it is looked at; `behind` bytes follow. */
static void finish(struct proxy *p, enum proxy_client client, size_t behind)
{
    p->client = (uint8_t)client;
    p->passed = (uint16_t)behind;
    p->step = behind ? PROXY_MORE : PROXY_DONE;
}

/* ---- Version 1: a line --------------------------------------------------- */

static const char start_1[] = "PROXY ";
#define START_1 (sizeof start_1 - 1)

/* An address in the form of its family. One of IPv6 may be IPv4 within. */
static bool parse_address(struct span text, bool v6, struct ip *ip)
{
    bool colon = bytes_find(text, ':') < text.len;
    return colon == v6 && ip_parse(ip, text);
}

/* What follows "TCP4 " or "TCP6 ". */
static bool parse_tcp(struct proxy *p, struct span line, bool v6)
{
    struct ip destination;
    uint64_t source_port, port;
    if (!parse_address(bytes_cut(&line, ' '), v6, &p->source) ||
        !parse_address(bytes_cut(&line, ' '), v6, &destination) ||
        !bytes_number(bytes_cut(&line, ' '), UINT16_MAX, &source_port) ||
        !bytes_number(line, UINT16_MAX, &port))
        return false;
    p->port = (uint16_t)source_port;
    return true;
}

static void take_line(struct proxy *p)
{
    struct span line = bytes_span(p->bytes + START_1, p->len - START_1 - 2);
    struct span family = bytes_cut(&line, ' ');
    if (bytes_equal(family, BYTES_LITERAL("UNKNOWN"))) {
        /* 2.1: all before the CRLF must be ignored */
        finish(p, PROXY_SELF, 0);
        return;
    }
    bool v6 = bytes_equal(family, BYTES_LITERAL("TCP6"));
    if (!v6 && !bytes_equal(family, BYTES_LITERAL("TCP4")))
        refuse(p, "unknown family in the PROXY line");
    else if (!parse_tcp(p, line, v6))
        refuse(p, "bad address or port in the PROXY line");
    else
        finish(p, PROXY_IP, 0);
}

static void take_1(struct proxy *p)
{
    if (p->len <= START_1) {
        if (last_byte(p) != (uint8_t)start_1[p->len - 1])
            refuse(p, "no PROXY header");
        return;
    }
    bool after_cr = p->bytes[p->len - 2] == '\r';
    if (after_cr != (last_byte(p) == '\n')) {
        refuse(p, "bare CR or LF in the PROXY line");
    } else if (after_cr) {
        take_line(p);
    } else if (p->len == PROXY_LINE_MAX) {
        refuse(p, "PROXY line too long");
    }
}

/* ---- Version 2: binary --------------------------------------------------- */

/* Offsets of its parts. */
#define VERSION_AT   12
#define FAMILY_AT    13
#define LENGTH_AT    14
#define ADDRESSES_AT 16

#define VERSION_2 0x20 /* | 0 LOCAL, | 1 PROXY */

/* Families are the upper four bits of their byte; the lower ones say stream or
   datagram, which may well be: who came by QUIC is told as one of UDP. */
enum family { UNSPEC, INET, INET6, UNIX, FAMILIES };

/* Bytes of source, destination and their ports. */
static const uint8_t address_sizes[FAMILIES] = {
    [INET] = 4 + 4 + 2 + 2, [INET6] = 16 + 16 + 2 + 2, [UNIX] = 108 + 108};

static bool is_local(const struct proxy *p)
{
    return p->bytes[VERSION_AT] == VERSION_2;
}

static enum family family_of(const struct proxy *p)
{
    return (enum family)(p->bytes[FAMILY_AT] >> 4);
}

static bool family_is_known(uint8_t byte)
{
    unsigned family = byte >> 4, transport = byte & 0x0F;
    return byte == 0 || (family >= INET && family <= UNIX && transport >= 1 &&
                         transport <= 2);
}

/* The length is known: what of it is looked at, what is passed over? */
static void take_length(struct proxy *p)
{
    size_t len = bytes_get16(p->bytes + LENGTH_AT);
    if (is_local(p) || family_of(p) == UNSPEC) {
        /* 2.2: LOCAL's addresses must be discarded, whatever they are */
        finish(p, PROXY_SELF, len);
    } else if (len < address_sizes[family_of(p)]) {
        refuse(p, "PROXY header too short for its addresses");
    } else if (family_of(p) == UNIX) {
        finish(p, PROXY_UNIX, len);
    }
}

static void take_addresses(struct proxy *p)
{
    bool v6 = family_of(p) == INET6;
    size_t size = v6 ? 16 : 4;
    const uint8_t *at = p->bytes + ADDRESSES_AT;
    p->source = (struct ip){.family = v6 ? IP_V6 : IP_V4};
    memcpy(p->source.bytes, at, size);
    ip_normalize(&p->source);
    p->port = bytes_get16(at + 2 * size);
    finish(p, PROXY_IP,
           bytes_get16(p->bytes + LENGTH_AT) - address_sizes[family_of(p)]);
}

static void take_2(struct proxy *p)
{
    static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
    if (p->len <= VERSION_AT) {
        if (last_byte(p) != (uint8_t)signature[p->len - 1])
            refuse(p, "no PROXY header");
    } else if (p->len == VERSION_AT + 1) {
        if ((last_byte(p) & ~1U) != VERSION_2)
            refuse(p, "unknown version or command in the PROXY header");
    } else if (p->len == FAMILY_AT + 1) {
        if (!is_local(p) && !family_is_known(last_byte(p)))
            refuse(p, "unknown family in the PROXY header");
    } else if (p->len == ADDRESSES_AT) {
        take_length(p);
    } else if (p->len > ADDRESSES_AT &&
               p->len == ADDRESSES_AT + address_sizes[family_of(p)]) {
        take_addresses(p);
    }
}

/* ---- Both ---------------------------------------------------------------- */

static void take(struct proxy *p, uint8_t byte)
{
#ifdef __clang_analyzer__ /* does not see that no step asks for more */
    if (p->len >= sizeof p->bytes)
        return;
#endif
    p->bytes[p->len++] = byte;
    switch (p->bytes[0]) {
    case 'P': take_1(p); break;
    case '\r': take_2(p); break;
    default: refuse(p, "no PROXY header"); break;
    }
}

static size_t pass(struct proxy *p, size_t len)
{
    size_t passed = bytes_min(p->passed, len);
    p->passed = (uint16_t)(p->passed - passed);
    if (p->passed == 0)
        p->step = PROXY_DONE;
    return passed;
}

size_t proxy_read(struct proxy *p, const uint8_t *in, size_t len)
{
    size_t used = 0;
    while (used < len && p->step == PROXY_MORE) {
        if (p->passed)
            used += pass(p, len - used);
        else
            take(p, in[used++]);
    }
    return used;
}
