/* SPDX-License-Identifier: MIT */
/*
 * member: what a room does with its members.
 *
 * Publishing appends to the log; flushing walks the members and lets each
 * write what it has not had. Between the two lies the whole turn, so that all
 * messages of a turn leave in one write a member. A walk along a million takes
 * seconds and is spread over turns; what is appended meanwhile is taken along
 * by those it has yet to reach, and makes another walk for the others.
 *
 * Pace. Senders can be faster than a member that reads well: its kernel
 * buffers fill, and the log runs away from it though it does nothing wrong.
 * So a member that is blocked and half a log behind becomes a laggard, and
 * while a room has laggards its senders are not read (they are held). To stop
 * a bad reader from stopping a room, a laggard must take a sixteenth of the
 * log in every second; one that does not is excused: the room goes on without
 * it, and it will be overrun. Nothing is ever skipped.
 *
 *   in step -> lagging      blocked, more than 1/2 of the log behind
 *   lagging -> in step      less than 1/4 behind
 *   lagging -> excused      took less than 1/16 in LIMITS_PACE
 *   excused -> in step      caught up whole
 */
#ifndef SERVER_MEMBER_H
#define SERVER_MEMBER_H

#include "server/server.h"

/* Make the client, whose form is set, a member at the log's head. */
void member_join(struct server *s, struct client *c, struct room *room);

/* It has caught up: if it negotiated compression, it reads the deflated twin
   of its log from now on. */
void member_caught_up(struct server *s, struct client *c);

/* It no longer counts as a member; it may still have frames to come. */
void member_leave(struct server *s, struct client *c);

/* It no longer reads from the log. */
void member_detach(struct server *s, struct client *c);

/* Append a message of the client's to its room. When `skip`, the frame is not
   sent back to its sender. */
void member_publish(struct server *s, struct client *c,
                    const struct room_record *record, bool skip);

/* Write to the members what they have not had: to `most` of them, going on
   where the last call had to stop. False when it is not done yet. */
bool member_flush(struct server *s, struct room *room, uint32_t most);

/* True when the client's input must wait for slower members; it is then
   marked CLIENT_HELD and made ready again when that is over. */
bool member_held(struct server *s, struct client *c);

/* After the client has written: is it still a laggard? */
void member_pace(struct server *s, struct client *c);

/* The time for a laggard to show progress is over. */
void member_pace_check(struct server *s, struct client *c);

/* Send the `members` events that are due; milliseconds until the next is, or
   REACTOR_FOREVER. */
uint64_t member_tell(struct server *s);

#endif
