/* SPDX-License-Identifier: MIT */
/*
 * due: by when a client has to have done something.
 *
 * A client sits in one bucket of the wheel. When it comes up, what is due is
 * reckoned from what happened since; it is dealt with (deadline.c) or put back.
 *
 *   PROXY     handshake-timeout after `since`
 *   REQUEST   the same
 *   BODY      message-timeout after `since`
 *   ASKING    as the one of these that it came from, and a look in between
 *   REPLY     write-timeout after anything of it was last taken
 *   IDLE      keep-alive after `since`
 *   OPEN      silent for --ping: a ping; silent for pong-timeout after it; a
 *             message that is not whole message-timeout after it began; output
 *             of which nothing was taken for write-timeout; its token's end;
 *             a look at how far behind it is, or whether an echo of it fits
 *             again
 *   CLOSING   close-timeout after `since`
 *   LINGER    a second after `since`
 *
 * Taken is what the peer's TCP has acknowledged. One byte will do; of output in a
 * leased buffer it must be LIMITS_LEAST_PACE bytes a second, or all of it.
 */
#ifndef SERVER_DUE_H
#define SERVER_DUE_H

#include "server/server.h"

#define DUE_NEVER UINT64_MAX

/* Is it not read from, so that its silence is our doing? */
bool due_unheard(const struct client *c);

/* Is there something that only its peer's taking of bytes can end? */
bool due_output_waits(const struct client *c);

/* Milliseconds, as server.now, or DUE_NEVER: the end of the present state; and
   while it is OPEN progress of its output, the rest of a message, a look at how
   far behind it is, and a ping or what answers one. */
uint64_t due_state(const struct server *s, const struct client *c);
uint64_t due_output(const struct server *s, const struct client *c);
uint64_t due_message(const struct server *s, const struct client *c);
uint64_t due_pace(const struct server *s, const struct client *c);
uint64_t due_heartbeat(const struct server *s, const struct client *c);

/* Put the client where it is looked at in time. */
void due_set(struct server *s, struct client *c);

#endif
