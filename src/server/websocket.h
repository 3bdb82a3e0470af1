/* SPDX-License-Identifier: MIT */
/* websocket: a turn of an open WebSocket. From bytes to the service, fairly. */
#ifndef SERVER_WEBSOCKET_H
#define SERVER_WEBSOCKET_H

#include "server/server.h"

/* Receive once, and hand what came to the client's service. */
void websocket_turn(struct server *s, struct client *c);

#endif
