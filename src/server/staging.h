/* SPDX-License-Identifier: MIT */
/*
 * staging: a client's private output.
 *
 * What is for one client alone (an echo, a Pong, a welcome) is put here while
 * that client is being handled (server.current), and leaves in the one write at
 * the end of it; only what the kernel does not take is copied to a leased
 * buffer. Who handles input keeps LIMITS_ANSWER free.
 */
#ifndef SERVER_STAGING_H
#define SERVER_STAGING_H

#include "server/server.h"

/* Bytes that can be put. */
size_t staging_room(const struct server *s);

/* Put bytes, or a whole frame: `first` is its first byte. */
void staging_put(struct server *s, const struct client *c, struct span bytes);
void staging_frame(struct server *s, const struct client *c, uint8_t first,
                   struct span payload);

#endif
