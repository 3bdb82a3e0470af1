/* SPDX-License-Identifier: MIT */
/* deadline: what is done about a client that has not done what was due. */
#ifndef SERVER_DEADLINE_H
#define SERVER_DEADLINE_H

#include "server/server.h"

/* The client came up: deal with it, and put it back unless it is GONE. */
void deadline_reached(struct server *s, struct client *c);

#endif
