/* SPDX-License-Identifier: MIT */
/*
 * conn: how a connection opens, and how it ends. States: client.h.
 *
 * There are two ways out: conn_close politely, with a Close frame, and
 * conn_drop at once; a plain connection ends with its response (reply.h, conn_linger),
 * or with conn_refuse where there is no buffer for one.
 * Whatever happens to one client ends in one of them, and nobody else's turn ends
 * with it.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "server/server.h"

/* From REQUEST to OPEN: the handshake is done. */
void conn_opened(struct server *s, struct client *c);

/* Send a Close with this code (CLOSE_NO_STATUS: empty; 0: none) and end the
   connection. `reason` is static, at most CLOSE_REASON_MAX bytes of UTF-8. */
void conn_close(struct server *s, struct client *c, unsigned code,
                const char *reason, enum journal_cause cause);

/* Close with a code that tells the client's fault, or ours. */
void conn_fail(struct server *s, struct client *c, unsigned code,
               const char *reason);

/* End the connection now. */
void conn_drop(struct server *s, struct client *c, enum journal_cause cause);

/* One that goes, and whose message could not be published before: its room may be
   had now. */
void conn_settle(struct server *s, struct client *c);

/* Send a plain connection one short refusal, which needs no buffer: what its
   kernel does not take is lost. The caller ends the connection. */
void conn_refuse(struct server *s, struct client *c, unsigned status,
                 const char *why);

/* Our side is shut after what has been sent; the client may read on. One that
   was no WebSocket has been refused. */
void conn_linger(struct server *s, struct client *c);

#endif
