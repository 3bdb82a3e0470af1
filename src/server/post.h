/* SPDX-License-Identifier: MIT */
/*
 * post: something said in a room by a plain request (POST /chat/ROOM).
 *
 * The content of the request is one message. It is gathered in the inbox,
 * behind what the head said of it, under the deadline and the lease of a
 * message, and published when it is whole; half of one reaches nobody.
 *
 *   an inbox:   [ struct post | content so far )      free
 *                             start            end
 */
#ifndef SERVER_POST_H
#define SERVER_POST_H

#include "server/server.h"

/* Is this request such a one? */
bool post_wanted(const struct http_request *request,
                 const struct service_route *route);

/* Its head is taken, and *in is behind it: take as much of that as is content.
   The client is in state REPLY afterwards, in BODY, or ASKING. */
void post_begin(struct server *s, struct client *c,
                const struct http_request *request,
                const struct service_route *route, struct span *in);

/* A turn of a client in state BODY. */
void post_turn(struct server *s, struct client *c);

#endif
