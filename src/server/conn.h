/* SPDX-License-Identifier: MIT */
/*
 * conn: one client's life, from accept to the grave. States: client.h.
 *
 * There are two ways out: conn_close politely, with a Close frame, and
 * conn_drop at once. Whatever happens to one client ends in one of them, and
 * nobody else's turn ends with it.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "server/server.h"

/* Handle what a ready client has sent: one receive at most. */
void conn_turn(struct server *s, struct client *c);

/* Around everything that is done for one client: what it is sent in between
   leaves at the end, in one write. */
void conn_begin(struct server *s, struct client *c);
void conn_settle(struct server *s, struct client *c);

/* Receive (or take what was parked): the bytes not handled yet. An empty span
   when there is nothing to handle; the client may then be GONE. */
struct span conn_take_input(struct server *s, struct client *c);

/* Receive behind the first `have` bytes of the receive buffer, at most `most`
   bytes: what came. */
struct span conn_receive(struct server *s, struct client *c, size_t have,
                         size_t most);

/*
 * Keep `rest`, the end of what conn_take_input gave, for the next time, behind
 * the first `message_len` bytes of the inbox, which hold a message so far.
 * `parked` says that it can be handled without more bytes. False when there
 * is no leased buffer.
 */
bool conn_keep_input(struct server *s, struct client *c, struct span rest,
                     size_t message_len, bool parked);

/* Write what is pending and draw the conclusions. */
void conn_flush(struct server *s, struct client *c);

/* Send a Close with this code (CLOSE_NO_STATUS: empty) and end the
   connection. `reason` is static, at most CLOSE_REASON_MAX bytes of UTF-8. */
void conn_close(struct server *s, struct client *c, unsigned code,
                const char *reason, enum journal_cause cause, bool by_client);

/* Close with a code that tells the client's fault, or ours. */
void conn_fail(struct server *s, struct client *c, unsigned code,
               const char *reason);

/* End the connection now. */
void conn_drop(struct server *s, struct client *c, enum journal_cause cause);

/* From OPEN to CLOSING: `how` says code and cause. What is to be said before
   the end is pending by now or follows at once. */
void conn_leave_open(struct server *s, struct client *c,
                     const struct client_farewell *how);

/* From REQUEST to OPEN: the handshake is done. */
void conn_opened(struct server *s, struct client *c);

/* Our side is shut after what has been sent; the client may read on. */
void conn_linger(struct server *s, struct client *c);

/* Log who is refused what; `why` is static, a status of 0 is none. c may be
   NULL: somebody without a slot. */
void conn_log_refusal(struct server *s, const struct client *c, int fd,
                      unsigned status, const char *why);

#endif
