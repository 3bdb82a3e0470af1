/* SPDX-License-Identifier: MIT */
/*
 * admit: who gets a slot, and who gives way for it.
 *
 *   kind        slots             when they are all taken
 *   regular     --clients         the plain connection that has been idle
 *                                 longest ends; there is none: refused
 *   refused     LIMITS_REFUSALS   the one that came first ends
 *   --metrics   LIMITS_SCRAPES    the one that came first ends
 *
 * With --workers, --clients counts the regular ones of all workers. A worker of
 * which no connection is idle asks those that have idle ones, and the newcomer
 * waits for a moment.
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

/* Of several workers: must who comes wait, until an idle one of another worker
   has given way? It was asked for. */
bool admit_waits(struct server *s);

/* Another worker has asked: somebody idle gives way. */
void admit_give_way(struct server *s);

/* A connection was accepted, on an address of --addr or on that of --metrics:
   give it a slot. */
void admit_one(struct server *s, int fd, const struct socket_address *peer,
               bool metrics);

/* Are all regular slots taken, but for idle plain connections and this
   client's own? */
bool admit_full(const struct server *s, const struct client *beside);

#endif
