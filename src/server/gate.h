/* SPDX-License-Identifier: MIT */
/*
 * gate: when a client may send its next message, and how much of what it sends
 * is received until then.
 *
 * It may not while it says more than --rate, while its room waits for those
 * who hear it (member.h), or when an echo of it could not be kept. Control
 * frames wait for none of these.
 */
#ifndef SERVER_GATE_H
#define SERVER_GATE_H

#include "server/server.h"

/* A message begins: it counts for --rate, which is on. */
void gate_count(struct server *s, struct client *c);

/* With --rate: may somebody of this address post? Then it counts. */
bool gate_post(struct server *s, uint32_t address);

/* Must its next message wait? The reason is noted then (ready.h). */
bool gate_closed(struct server *s, struct client *c);

/* How much may be received; 0: nothing now. */
size_t gate_receive_limit(struct server *s, struct client *c);

/* Bytes of an echo that can be answered now: with all buffers lent out, as many
   as its connection's own send buffer surely takes. */
size_t gate_echo_room(const struct server *s, const struct client *c);

#endif
