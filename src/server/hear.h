/* SPDX-License-Identifier: MIT */
/*
 * hear: what was said is read back from the store, and comes to the rooms.
 *
 * It is all the same who has said it: a client of this worker, of another one,
 * or one before the last restart. Without streams (store.h) what is said is
 * brought to the room at once.
 */
#ifndef SERVER_HEAR_H
#define SERVER_HEAR_H

#include "server/server.h"

/*
 * Read what is there of a room that is open, until the turn's cost is `end`, or
 * its members have so much to come that more would overrun those who keep up.
 * True when all is read.
 */
bool hear_room(struct server *s, struct room *room, uint64_t end);

/* A client says something, which has its number, in a room that was seized for
   it: it is written, and read back. */
void hear_say(struct server *s, struct client *c, struct room *room,
              struct record *r);

#endif
