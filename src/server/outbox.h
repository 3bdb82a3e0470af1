/* SPDX-License-Identifier: MIT */
/*
 * outbox: a client's private output.
 *
 * What is for one client alone (an echo, a Pong, a Close, a welcome) goes to
 * the server's staging buffer while that client's input is being handled, and
 * leaves in the one write at the end of it; only what the kernel does not
 * take is copied to a leased buffer. Output to a client that is not being
 * handled goes to its leased buffer at once.
 */
#ifndef SERVER_OUTBOX_H
#define SERVER_OUTBOX_H

#include "server/server.h"

/* Bytes that can be put for the client being handled. */
size_t outbox_free(const struct server *s);

/* Put bytes, or a whole frame: `first` is its first byte. False when there is
   no leased buffer for it (never for the client being handled: who handles
   input keeps LIMITS_ANSWER free). */
bool outbox_put(struct server *s, struct client *c, struct span bytes);
bool outbox_frame(struct server *s, struct client *c, uint8_t first,
                  struct span payload);

#endif
