/* SPDX-License-Identifier: MIT */
/*
 * listen: the server's listeners, from their opening to their end.
 *
 * Of several workers each has a socket of its own on every address, so that the
 * kernel deals out who comes; the keeper opens them all and keeps them open, so
 * that those who came to a worker which dies wait for its successor. A unix:
 * socket, and one that a supervisor handed over, is one for all.
 */
#ifndef SERVER_LISTEN_H
#define SERVER_LISTEN_H

#include "server/server.h"

/* Open those that the options name, or take over a supervisor's. 0, or the
   exit status with a sentence in `why`, as start_server. */
int listen_open(struct server *s, struct text *why);

/* With a keeper: the same addresses for one worker more, of which there are as
   many as listeners. Likewise. */
int listen_open_more(const struct server *s, int fds[SERVER_LISTENERS],
                     struct text *why);

/* Close them again; -1: there is none. */
void listen_close_more(const struct server *s, const int fds[SERVER_LISTENERS]);

/* In a worker: these are its own. */
int listen_take(struct server *s, const int fds[SERVER_LISTENERS],
                struct text *why);

/* Take who waits, from each listener its share of a turn. While no accept works
   (mostly: no descriptor is left) the listeners rest. */
void listen_accept(struct server *s);

/* Milliseconds until there is something to accept, as far as is known. */
uint64_t listen_wait(const struct server *s);

/* Nobody comes any more. A unix: socket's file goes too. */
void listen_stop(struct server *s);

#endif
