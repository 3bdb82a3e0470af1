/* SPDX-License-Identifier: MIT */
/*
 * input: what a client has sent, from its kernel to the receive buffer, and
 * what is left over of it, in its inbox (lease.h).
 */
#ifndef SERVER_INPUT_H
#define SERVER_INPUT_H

#include "server/server.h"

/* Into the receive buffer: what was kept, and behind it what one receive gives
   (at most `most` bytes), if that is not parked. *len is all of it. False when
   there is nothing to handle; the client may then be GONE. */
bool input_take(struct server *s, struct client *c, size_t most, size_t *len);

/* The same where what is kept lies, in the inbox: *all of it. */
bool input_append(struct server *s, struct client *c, struct span *all);

/* Lease an inbox, if it has none. False: no buffer is left. */
bool input_want_inbox(struct server *s, struct client *c);

/*
 * Keep `rest`, the end of what was taken, for the next time, behind the first
 * `message_len` bytes of the inbox, which hold a message so far.
 * `parked` says that it can be handled without more bytes. False when there
 * is no leased buffer.
 */
bool input_keep(struct server *s, struct client *c, struct span rest,
                size_t message_len, bool parked);

#endif
