/* SPDX-License-Identifier: MIT */
/* open: a turn of an open WebSocket. From bytes to the service, fairly. */
#ifndef SERVER_OPEN_H
#define SERVER_OPEN_H

#include "server/server.h"

/* Receive once, and hand what came to the client's service. */
void open_turn(struct server *s, struct client *c);

#endif
