/* SPDX-License-Identifier: MIT */
/*
 * deadline: what time does to a client.
 *
 * A client sits in one bucket of the wheel. When it comes up, its true
 * deadline is computed from what happened since; it is dealt with or put back.
 *
 *   PROXY     handshake-timeout after `since`: the end
 *   REQUEST   the same: 408, or silence
 *   REPLY     write-timeout without progress
 *   IDLE      keep-alive after `since`: the end
 *   OPEN      silent for --ping: a ping; silent for pong-timeout after it:
 *             Close 1001; a message not whole message-timeout after it began:
 *             Close 1008; output pending without progress for write-timeout:
 *             Close 1013 or drop; a pause by --rate ends
 *
 * Progress is a byte that the peer's TCP has acknowledged; of output in a leased
 * buffer LIMITS_LEAST_PACE bytes a second, or all of it. Time in which a client
 * is not read from is not its time (ready.h).
 *   CLOSING   close-timeout after `since`
 *   LINGER    a second after `since`
 */
#ifndef SERVER_DEADLINE_H
#define SERVER_DEADLINE_H

#include "server/server.h"

/* The client came up: deal with it, and put it back unless it is GONE. */
void deadline_reached(struct server *s, struct client *c);

/* When a client of a new state has to be looked at: put it there. */
void deadline_set(struct server *s, struct client *c);

#endif
