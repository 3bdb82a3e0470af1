/* SPDX-License-Identifier: MIT */
/* events: what the log tells of a client. */
#ifndef SERVER_EVENTS_H
#define SERVER_EVENTS_H

#include "server/server.h"

/* A WebSocket has begun; it has ended, as its farewell says. */
void events_open(struct server *s, const struct client *c);
void events_close(struct server *s, const struct client *c);

/* Somebody is refused; `why` is static, a status of 0 is none. */
void events_refuse(struct server *s, const struct client *c, unsigned status,
                   const char *why);

#endif
