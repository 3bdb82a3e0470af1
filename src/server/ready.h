/* SPDX-License-Identifier: MIT */
/*
 * ready: who is read from, and who is not.
 *
 * A client is read from in its turn when its state allows it, something may
 * have come, and there is no reason to wait: enum client_wait has them all.
 * Time in which the server does not read a client is not the client's: what
 * is due from it (a sign of life, the rest of a message) is due so much later.
 */
#ifndef SERVER_READY_H
#define SERVER_READY_H

#include "server/server.h"

/* What input may have cost in a turn, and this client's is still handled: what
   the heavy cannot have is left for the others. */
static inline uint64_t ready_share(const struct client *c)
{
    return client_has(c, CLIENT_HEAVY) ? LIMITS_TURN_HEAVY : LIMITS_TURN_READ;
}

/* May its input be handled now? */
bool ready_may_read(const struct client *c);

/* If so, put it at the end of the ready queue, once. */
void ready_add(struct server *s, struct client *c);

/* There is a reason not to read it (enum client_wait), which is looked at again
   `after` milliseconds, or earlier; such reasons are gone. */
void ready_wait(struct server *s, struct client *c, unsigned reason,
                uint64_t after);
void ready_go_on(struct server *s, struct client *c, unsigned reasons);

/* The same, where the reason is its output: progress counts from now on. */
void ready_block(struct server *s, struct client *c, unsigned reason,
                 uint64_t after);

/*
 * It asks for a room that cannot be had now, and what it has sent is in its
 * inbox: it is in state ASKING. Once this worker is rung, for any room, or
 * LIMITS_AGAIN later, that is handled anew, in the state it came from.
 */
void ready_ask_later(struct server *s, struct client *c);
void ready_ask_again(struct server *s, struct client *c);
void ready_ask_all_again(struct server *s);

#endif
