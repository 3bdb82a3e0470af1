/* SPDX-License-Identifier: MIT */
/*
 * authority: "host[:port]", as it stands in Host, in a URL and behind the
 * scheme of an origin (RFC 3986 3.2, RFC 9110 4.2 and 7.2).
 *
 *   chat.example      chat.example:6868      192.0.2.1:80      [2001:db8::1]:80
 *
 * No userinfo. What a request may say is the RFC's grammar; what somebody
 * writes down to be compared with it must also be such that a client can send
 * it (authority_fault).
 */
#ifndef WIRE_AUTHORITY_H
#define WIRE_AUTHORITY_H

#include "base/bytes.h"

struct authority {
    struct span host; /* as it is written; an IPv6 address with its brackets */
    bool has_port;    /* one that is empty is none (RFC 3986 3.2.3) */
    uint32_t port;    /* any number; above 65535: 65536 */
};

/* Read one: uri-host [":" port], all of `text`. The host may not be empty. A
   comma, which the grammar allows and no name has, is refused: a proxy may
   have joined two Host fields with it. False: it is none. */
bool authority_read(struct authority *a, struct span text);

/* The port of a scheme: 80 of http and ws, 443 of https and wss, without case
   (RFC 9110 4.2, RFC 6455 3); 0: not known. */
uint32_t authority_default_port(struct span scheme);

/* The same host? Names without case, IPv6 addresses by their value. */
bool authority_same_host(struct span a, struct span b);

/* Why no client sends this, which somebody chose, as a host and port: a phrase
   to stand behind it, static. NULL: one may. Fills *a in. */
const char *authority_fault(struct authority *a, struct span text);

/*
 * Is a request for `authority` one for `name`, which has no authority_fault?
 * Without a port, for any; a request without one is for 80 or 443, as nobody
 * here knows which (RFC 9110 4.2). A name may end with a dot (RFC 3986 3.2.2)
 * on either side. False where the request names nobody.
 */
bool authority_is_for(struct span authority, struct span name);

#endif
