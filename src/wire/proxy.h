/* SPDX-License-Identifier: MIT */
/*
 * proxy: the header with which a proxy says for whom it connects: the PROXY
 * protocol, versions 1 and 2, as HAProxy's doc/proxy-protocol.txt has it.
 * Sections here are those of that text.
 *
 *   version 1 (2.1)   PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 CRLF
 *                     PROXY UNKNOWN, and anything up to CRLF
 *
 *   version 2 (2.2)   0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A   the signature
 *                     21         version, command: 20 LOCAL, 21 PROXY
 *                     11         family, transport: 11 TCP over IPv4
 *                     00 0C      length of what follows
 *                     source, destination, their ports
 *                     further fields (TLVs)                 passed over
 *
 * The first byte says which version it is, if it is one. Nothing is guessed:
 * what differs from both is refused at the first byte that does (section 5:
 * a receiver must not try to find out whether there is a header).
 */
#ifndef WIRE_PROXY_H
#define WIRE_PROXY_H

#include "base/ip.h"

#define PROXY_LINE_MAX 107 /* bytes of a version 1 header with its CRLF (2.1) */

enum proxy_step {
    PROXY_MORE, /* not whole yet */
    PROXY_DONE, /* whole: `client` and `source` say what it told */
    PROXY_BAD,  /* refused: `why` */
};

/* Whom the connection is for. */
enum proxy_client {
    PROXY_SELF, /* whoever connected: the proxy itself (LOCAL: it looks whether
                   we are alive), or the proxy does not know (UNKNOWN) */
    PROXY_IP,   /* `source` */
    PROXY_UNIX, /* somebody on a unix socket of the proxy's */
};

/* All zero is the start. */
struct proxy {
    uint8_t step;    /* enum proxy_step; done and refused stay so */
    uint8_t client;  /* enum proxy_client */
    uint8_t len;     /* of bytes */
    uint16_t passed; /* bytes that are passed over at the end, still to come */
    uint16_t port;   /* of the source, host order */
    struct ip source;
    const char *why; /* a short phrase, static; NULL: not refused */
    uint8_t bytes[PROXY_LINE_MAX]; /* the header as far as it is looked at:
                                      a line, or up to the addresses */
};

/*
 * Take some bytes. Returns how many belong to the header, all of them while
 * it is not whole; p->step says how it stands. What follows the header is not
 * looked at.
 */
size_t proxy_read(struct proxy *p, const uint8_t *in, size_t len);

#endif
