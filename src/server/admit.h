/* SPDX-License-Identifier: MIT */
/*
 * admit: who gets a slot, who gives way for it, and whose it counts as.
 *
 *   kind        slots             when they are all taken
 *   regular     --clients         the plain connection that has been idle
 *                                 longest ends; there is none: refused
 *   refused     LIMITS_REFUSALS   the one that came first ends
 *   --metrics   LIMITS_SCRAPES    the one that came first ends
 *
 * One that is refused is told why when it asks (503, 429), and answered when
 * it asks for health: so that whoever looks whether we live finds out, however
 * many hold slots and say nothing. What has come and was not looked at yet is
 * looked at first: nobody gives way with an unread request.
 */
#ifndef SERVER_ADMIT_H
#define SERVER_ADMIT_H

#include "server/server.h"

/* May one more be accepted in this turn? False: there will be room in the next
   one. */
bool admit_now(const struct server *s);

/* A connection was accepted, on an address of --addr or on that of --metrics:
   give it a slot. */
void admit_one(struct server *s, int fd, const struct socket_address *peer,
               bool metrics);

/* It counts as this address's from now on: for --per-ip, over which it is
   marked, and in what one address may hold without a warning. NULL: nobody's. */
void admit_count(struct server *s, struct client *c,
                 const struct socket_address *who);

/* It is idle, and counts no more for --per-ip: a browser keeps the connections
   with which it got the page, and its WebSocket is to be let in. */
void admit_idle(struct server *s, struct client *c);

/* Are all regular slots taken, but for idle plain connections and this
   client's own? */
bool admit_full(const struct server *s, const struct client *beside);

#endif
