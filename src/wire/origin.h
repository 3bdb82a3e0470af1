/* SPDX-License-Identifier: MIT */
/*
 * origin: where a page comes from, as browsers say it (RFC 6454).
 *
 *   https://chat.example     scheme "://" host [":" port]          (6.2, 7)
 *   null                     a page that has none: data:, sandboxed (7.1)
 *   file://                  one from a file, as some programs say it
 *
 * Two are the same when scheme, host and port are (5): names without case, and
 * a port that is not given is the scheme's own.
 */
#ifndef WIRE_ORIGIN_H
#define WIRE_ORIGIN_H

#include "wire/authority.h"

struct origin_triple {
    struct span scheme;  /* len 0: null */
    struct authority at; /* host.len 0: null, or file:// */
};

/* Read one. NULL, or why no browser sends this: a phrase to stand behind it,
   static. */
const char *origin_fault(struct origin_triple *o, struct span text);

/* Are these texts one origin? False where either is none. */
bool origin_same(struct span a, struct span b);

/*
 * Is it a page of this host[:port], that of a request? The request does not
 * say its scheme (a proxy may have had TLS), so a port that is missing, on
 * either side, is that of the origin's scheme.
 */
bool origin_is_of(struct span origin, struct span authority);

#endif
