/* SPDX-License-Identifier: MIT */
/*
 * lend: a buffer for a client, also when all are lent out.
 *
 * Then somebody has left something unfinished: a request, a message, output
 * that its peer does not take. The oldest of these ends, of the address that
 * holds most of them, so that whoever takes many takes them from himself. An
 * open one is told 1013, a request is answered with 503; who has output pending
 * in the buffer is dropped, for nothing can be said behind it.
 *
 * Who has a whole message that waits for its room is passed over, also while its
 * connection ends: the message would have to be published, and members written
 * to, while somebody asks for a buffer.
 */
#ifndef SERVER_LEND_H
#define SERVER_LEND_H

#include "server/server.h"

/* Its index, or LEASE_NONE when no other client holds one. Somebody else may
   be gone afterwards, but never the client itself. */
uint32_t lend_buffer(struct server *s, struct leases *pool, struct client *c);

/* Of the address that holds most, not counting `except`: the one whose contents are
   the oldest, or LEASE_NONE. Takes time for each buffer. */
uint32_t lend_oldest(const struct server *s, const struct leases *all,
                     const struct client *except);

#endif
