/* SPDX-License-Identifier: MIT */
/*
 * body: what follows the head of a response, a page or a file, sent from where
 * it lies (client_http).
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "server/server.h"

/* The bytes of the page that are still to be sent; empty without one. */
struct span body_page(const struct server *s, const struct client *c);

/* n bytes of it have left. */
void body_sent(struct client *c, size_t n);

/* Send a piece of the file: bytes, 0 where it is shorter than was announced, or
   -errno. */
ptrdiff_t body_send_file(struct client *c);

/* It is sent no more, or has left. */
void body_end(struct server *s, struct client *c);

#endif
