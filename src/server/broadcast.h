/* SPDX-License-Identifier: MIT */
/*
 * broadcast: from one member to all the others.
 *
 * Publishing appends to the log; flushing walks the members and lets each
 * write what it has not had. Between the two lies the whole turn, so that all
 * messages of a turn leave in one write a member. A walk along many members is
 * spread over turns; what is appended meanwhile is taken along by those it has
 * yet to reach, and makes another walk for the others.
 */
#ifndef SERVER_BROADCAST_H
#define SERVER_BROADCAST_H

#include "server/server.h"

/* Append a message to a room. `c` is who has just said it, or NULL. When `skip`,
   it is a member, and the frame is not sent back to it. */
void broadcast_publish(struct server *s, struct client *c, struct room *room,
                       const struct room_record *record, bool skip);

/* Something is missing in the room here, which the event in this frame tells:
   members of the plain form are closed. */
void broadcast_gap(struct server *s, struct room *room, struct span frame);

/* Write to the members what they have not had, going on where the last call
   had to stop, until the turn's cost is `end`; to one at least. False when it
   is not done yet. */
bool broadcast_flush(struct server *s, struct room *room, uint64_t end);

/* Send the `members` events that are due, or a part of them. rooms.tell_at says
   when there is more to do. */
void broadcast_tell(struct server *s);

#endif
