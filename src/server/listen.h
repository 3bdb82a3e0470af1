/* SPDX-License-Identifier: MIT */
/* listen: the server's listeners, from their opening to their end. */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "server/server.h"

/* Open those that the options name, or take over a supervisor's. 0, or the
   exit status with a sentence in `why`, as start_server. */
int listen_open(struct server *s, struct text *why);

/* Take who waits, from each listener its share of a turn. While no accept works
   (mostly: no descriptor is left) the listeners rest. */
void listen_accept(struct server *s);

/* Milliseconds until there is something to accept, as far as is known. */
uint64_t listen_wait(const struct server *s);

/* Nobody comes any more. A unix: socket's file goes too. */
void listen_stop(struct server *s);

#endif
