/* SPDX-License-Identifier: MIT */
/*
 * explain_secret: what of a head nobody is to read who reads its explanation.
 * A part of explain.h.
 *
 * Who has a token, a password or the cookie of a session comes in with it, and
 * explanations are kept in logs and pasted into reports.
 */
#ifndef WIRE_EXPLAIN_SECRET_H
#define WIRE_EXPLAIN_SECRET_H

#include "base/bytes.h"

/*
 * The first run of secret bytes in a head's line that ends behind `from`; one
 * without bytes, at the line's end, when there is none. Secret are
 *
 *   Authorization, Proxy-Authorization   all behind the scheme
 *   Cookie, Set-Cookie                   all of it
 *   Sec-WebSocket-Protocol               what stands behind "bearer."
 */
struct span explain_secret_next(struct span line, size_t from);

#endif
