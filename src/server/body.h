/* SPDX-License-Identifier: MIT */
/*
 * body: what follows the head of a response, a page or a file, sent from where
 * it lies (client_http).
 *
 * A file that its reader takes slowly holds a descriptor for as long as that
 * lasts, and a few hundred such readers would leave none for anybody. So there
 * are places for those that are not sent in one turn, and when all are taken
 * one gives way: the oldest of the address that holds most. The newcomer is
 * served.
 */
#ifndef SERVER_BODY_H
#define SERVER_BODY_H

#include "server/server.h"

/* In state REPLY: the bytes of the page that are still to be sent; empty
   without one. */
struct span body_page(const struct server *s, const struct client *c);

/* n bytes of it have left. */
void body_sent(struct client *c, size_t n);

/* Send a piece of the file: bytes, 0 where it is shorter than was announced, or
   -errno. */
ptrdiff_t body_send_file(struct client *c);

/* The file does not end in this turn, and has a place from now on: who has to be
   dropped for that, or NULL. */
struct client *body_keep(struct server *s, struct client *c);

/* It is sent no more, or has left. */
void body_end(struct server *s, struct client *c);

#endif
