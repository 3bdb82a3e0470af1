/* SPDX-License-Identifier: MIT */
/*
 * request: from a request's bytes to its answer, or to a WebSocket. Before the
 * first one may stand a PROXY header (caller.h).
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "server/server.h"

/* A turn of a client in state PROXY, REQUEST or IDLE. */
void request_turn(struct server *s, struct client *c);

/* Its time is over (--handshake-timeout). */
void request_timeout(struct server *s, struct client *c);

#endif
