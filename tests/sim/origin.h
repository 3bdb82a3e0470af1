/* SPDX-License-Identifier: MIT */
/*
 * origin: where a connection comes from, and what is said about that.
 *
 * Each is drawn at random from a few addresses, so that they meet: a peer
 * that connects itself, or through proxies, of which some are trusted, with a
 * PROXY header where the server wants one, and with X-Forwarded-For, true or
 * made up. Whom the server must take it for is drawn with it.
 */
#ifndef SIM_ORIGIN_H
#define SIM_ORIGIN_H

#include "base/ip.h"
#include "sim/world.h"
#include "support/random.h"

#define ORIGIN_CONNECTIONS 512 /* of a run */

struct origin {
    struct ip peer;      /* who connects; IP_NONE: over a unix: socket */
    struct ip hop;       /* the same, or whom the PROXY header names */
    struct ip who;       /* whom each of its requests counts as */
    bool trusted;        /* the hop's word counts */
    uint8_t header[160]; /* of the PROXY protocol, header_len bytes */
    size_t header_len;
    bool bad;         /* that is none, and the connection is dropped */
    char fields[160]; /* of each request: X-Forwarded-For, or none */
};

/* Connect somebody to one of the addresses of --addr: the connection, or -1
   when nobody listens. */
int origin_connect(struct random *r);

/* Of a connection made so. */
const struct origin *origin_of(int connection);

/* Is this proxy one of --trust? */
bool origin_trusts(const struct ip *ip);

#endif
