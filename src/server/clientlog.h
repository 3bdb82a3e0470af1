/* SPDX-License-Identifier: MIT */
/* clientlog: what the log tells of a client. */
#ifndef SERVER_CLIENTLOG_H
#define SERVER_CLIENTLOG_H

#include "server/server.h"

/* A WebSocket has begun; it has ended, as its farewell says. */
void clientlog_open(struct server *s, const struct client *c);
void clientlog_close(struct server *s, const struct client *c);

/* Somebody is refused; `why` is static, a status of 0 is none. */
void clientlog_refuse(struct server *s, const struct client *c, unsigned status,
                      const char *why);

#endif
