/* SPDX-License-Identifier: MIT */
/*
 * request: plain HTTP, and the way from there to a WebSocket.
 *
 * A request is answered with a resource, with a refusal (one response, then
 * the connection ends), or with 101. Only after a response has left is the
 * next request looked at, however many are pipelined.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "server/server.h"

/* A turn of a client in state REQUEST. */
void request_turn(struct server *s, struct client *c);

/* The same with what was received already, in the receive buffer. */
void request_handle(struct server *s, struct client *c, struct span in);

/* Its time is over (--handshake-timeout). */
void request_timeout(struct server *s, struct client *c);

/* Its slot is another's now. One that is refused is told so, though it has not
   asked. */
void request_give_way(struct server *s, struct client *c);

/* The response has left: the next request, or the end. */
void request_replied(struct server *s, struct client *c);

/* What a response is sent from is no longer needed. */
void request_let_go(struct server *s, struct client *c);

/* What it has sent is needed by others as a buffer: one response, the end. */
void request_evict(struct server *s, struct client *c, const char *why);

#endif
