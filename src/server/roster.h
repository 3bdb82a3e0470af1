/* SPDX-License-Identifier: MIT */
/*
 * roster: who is in a room, as `welcome` and `members` events tell it.
 *
 *   ...,"who":[{"uid":"0b3c...","name":"Ann","sub":"ann"},{"uid":"91f2..."}]}
 *
 * Everybody in a room of ROSTER_MOST or fewer is named, members of the plain
 * form too, in the order in which they came; of a larger one the number alone is
 * told. Of several workers each writes down who of them it has (board.h), and the
 * others read it there: first its own, then theirs.
 */
#ifndef SERVER_ROSTER_H
#define SERVER_ROSTER_H

#include "server/server.h"

#define ROSTER_MOST BOARD_PEOPLE /* members */

/* How many there are, of all workers. */
uint32_t roster_members(const struct server *s, const struct room *room);

/* What there is to tell now, in one word: where it is what a client was told
   last, it knows it already. Never 0. */
uint32_t roster_news(const struct server *s, const struct room *room);

/* Somebody comes or goes; or, twice, has one name and then another. */
void roster_turn(struct server *s, struct room *room, const struct client *c);

/* Let the other workers know who is here. Where the room cannot be had now,
   room.unshared says so. */
void roster_share(struct server *s, struct room *room);

/* Put `,"who":[...]` where that is to be told, and the event stays within `most`
   bytes with one byte more. False: somebody should be told again later, for the
   others' part could not be had now. */
bool roster_put(struct text *t, struct server *s, const struct room *room,
                size_t most);

/* A uid, in hexadecimal digits and dashes (RFC 9562 4). */
void roster_put_uid(struct text *t, const uint8_t uid[16]);

#endif
