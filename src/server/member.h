/* SPDX-License-Identifier: MIT */
/*
 * member: what a room does with its members.
 *
 * Publishing appends to the log; flushing walks the members and lets each
 * write what it has not had. Between the two lies the whole turn, so that all
 * messages of a turn leave in one write a member. A walk along many members is
 * spread over turns; what is appended meanwhile is taken along by those it has
 * yet to reach, and makes another walk for the others.
 *
 * Back-pressure. Senders can be faster than members that read well: kernel
 * buffers fill, and the log runs away from members that do nothing wrong. So
 * senders wait, but nobody waits for a few, and nobody who has said little:
 *
 *   behind     a member more than 1/2 of the log behind that took 1/16 of the
 *              log in the last second; far behind: more than 3/4. Who takes
 *              less is stuck, and who replays history is behind by its own
 *              wish: neither counts. They are overrun in the end, and closed.
 *
 *   pressure   1  more than half of the other members are behind, or 1/8 of a
 *                 log was said and the walk that brings it has not begun
 *              2  more than half are far behind
 *              3  1/4 of a log was said: with one more message, and as much
 *                 again from the walk before, it is no more than a log, and
 *                 members that keep up are not run over
 *
 *   own        what a sender has said in this stretch of the room and in the
 *              one before; a stretch is half a log of what is said by all, so
 *              this is what may lie between the slow ones and the head
 *
 *                            own:  up to 1/32    up to 1/8    more    of a log
 *                 pressure 0         speaks        speaks     speaks
 *                 pressure 1         speaks        speaks     waits
 *                 pressure 2         speaks        waits      waits
 *                 pressure 3         waits         waits      waits
 *
 * Pressure 2 is for crowds: a hundred senders can fill a log of which each said
 * less than 1/8. What was not brought yet waits for us, not for any member.
 *
 * A sender waits with a message that was taken whole (client.taken). It is read
 * on up to its next message, so that pings and a Close are answered; and when it
 * goes meanwhile, for whatever reason, what was taken is published first. When
 * no more buffers can be kept for that, the message waits in the kernel.
 */
#ifndef SERVER_MEMBER_H
#define SERVER_MEMBER_H

#include "server/server.h"

/* How far behind a member is, in its log. */
enum member_lag {
    MEMBER_IN_STEP,
    MEMBER_LATE,   /* over 1/4: its pace is measured */
    MEMBER_BEHIND, /* over 1/2 */
    MEMBER_FAR,    /* over 3/4 */
};

/* Make the client, whose form is set, a member at the log's head; or, behind
   it, at a position in its history that it replays from. */
void member_join(struct server *s, struct client *c, struct room *room);
void member_replay(struct server *s, struct client *c, uint64_t pos);

/* It no longer counts as a member; it may still have frames to come. */
void member_leave(struct server *s, struct client *c);

/* It no longer reads from the log. */
void member_detach(struct server *s, struct client *c);

/* Append a message of the client's to its room. When `skip`, the frame is not
   sent back to its sender. */
void member_publish(struct server *s, struct client *c,
                    const struct room_record *record, bool skip);

/* Write to the members what they have not had, going on where the last call
   had to stop, until the turn's cost is `end`; to one at least. False when it
   is not done yet. */
bool member_flush(struct server *s, struct room *room, uint64_t end);

/*
 * May a member say something now? If not, its message of this opcode is held, or
 * it is not read (CLIENT_WAITS_ROOM), and it is asked again whenever it is
 * written to, or a walk passes it. member_release: its message is held no longer; the opcode.
 */
bool member_may_speak(const struct server *s, const struct client *c);
void member_hold(struct server *s, struct client *c, uint8_t opcode);
void member_wait(struct server *s, struct client *c);
uint8_t member_release(struct server *s, struct client *c);

/* After the client has been written to, or could not be: how far behind is it?
   One in step that agreed on compression reads the deflated twin of its log
   from now on. */
void member_flushed(struct server *s, struct client *c);

/* Once in LIMITS_PACE for one that is late: is it stuck? */
void member_measure(struct server *s, struct client *c);

/* Send the `members` events that are due, or a part of them; milliseconds until
   there is more to do, or REACTOR_FOREVER. */
void member_tell(struct server *s);
uint64_t member_tell_wait(const struct server *s);

#endif
