/* SPDX-License-Identifier: MIT */
/*
 * member: who is in a room, how far behind, and who may speak.
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
 *              3  1/4 of a log was said and not brought yet. One message more
 *                 is 1/4 at most, and the walk under way may have as much:
 *                 less than a log, so members that keep up are not run over
 *
 *   own        what a sender has said in this period of the room and in the
 *              one before; a period is half a log of what is said by all, so
 *              this is what may lie between the slow ones and the head
 *
 *                            own:  up to 1/32    up to 1/8    more    of a log
 *                 pressure 0         speaks        speaks     speaks
 *                 pressure 1         speaks        speaks     waits
 *                 pressure 2         speaks        waits      waits
 *                 pressure 3         waits         waits      waits
 *
 * Pressure 2 is for crowds: a hundred senders can fill a log of which each said
 * less than 1/8. What is not flushed yet is our own delay, not a slow member's.
 *
 * A sender waits with a message that was taken whole (client.taken). It is read
 * on up to its next message, so that pings and a Close are answered; and when it
 * goes meanwhile, for whatever reason, what was taken is published first. When
 * no more buffers can be kept for that, the message waits in the kernel.
 */
#ifndef SERVER_MEMBER_H
#define SERVER_MEMBER_H

#include "server/server.h"

/* What only a member has; its room; the log that it reads there; and has that
   overtaken its position? */
static inline struct client_member *member_of(const struct server *s,
                                              const struct client *c)
{
    return &client_profile(&s->clients, c)->member;
}
static inline struct room *member_room(const struct server *s,
                                       const struct client *c)
{
    return room_at(&s->rooms, c->room);
}
static inline struct ring *member_log(const struct server *s,
                                      const struct client *c)
{
    return &member_room(s, c)->logs[room_log_of(c)];
}
static inline bool member_overrun(const struct server *s,
                                  const struct client *c)
{
    return !ring_holds(member_log(s, c), c->as.socket.cursor);
}

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

/* Its name: at most LIMITS_USER_NAME bytes, none for nobody's. Who is no member
   yet, or posts; and who is one, of which the others are told. */
static inline void member_set_name(struct client_member *m, struct span name)
{
    m->name_len = (uint8_t)name.len;
    if (name.len)
        memcpy(m->name, name.ptr, name.len);
}
void member_renamed(struct server *s, struct client *c, struct span name);

/* Who is here has changed, or somebody was not told: `members` events are due.
   Milliseconds after which they may go out. */
void member_count_changed(struct server *s, struct room *room);
uint64_t member_next_telling(const struct room *room);

/* It no longer counts as a member; it may still have frames to come. */
void member_leave(struct server *s, struct client *c);

/* It no longer reads from the log. */
void member_detach(struct server *s, struct client *c);

/*
 * May a member say something now? If not, its message of this opcode is held, or
 * it is not read (CLIENT_WAITS_ROOM), and it is asked again whenever it is
 * written to, or a walk passes it.
 */
bool member_may_speak(const struct server *s, const struct client *c);

/* Others spoke since it did: it has to pass over its own first. */
bool member_must_pass(const struct server *s, const struct client *c);

/* May somebody who is no member, with the profile of one? */
bool member_may_post(const struct server *s, const struct room *room,
                     const struct client *c);

void member_hold(struct server *s, struct client *c, uint8_t opcode);
void member_wait(struct server *s, struct client *c);

/*
 * A message of `len` bytes is to be said by a member, or by somebody who posts:
 * true, and the room is had for it until store_release, or with a bus there is
 * space for its proposal; or it must wait. A member
 * is then asked again, or has been closed meanwhile. When it `goes` it need not be
 * one who may speak.
 */
bool member_seize(struct server *s, const struct client *c, struct room *room,
                  size_t len, bool goes);

/* Would a message of a member, of any length, have to wait now? Nothing is read
   for that. */
bool member_stays_out(struct server *s, const struct client *c);

/* Its held message is to be published now: it may speak, or it goes. False when
   its room cannot be had; else that is done. */
bool member_seize_held(struct server *s, struct client *c);
void member_publish_held(struct server *s, struct client *c);

/* There may be space for proposals again: who waits, in any room, is asked. */
void member_ask_all(struct server *s);

/* This worker was rung for the room: something is to be read, somebody may speak
   again, or has come or gone elsewhere. */
void member_rung(struct server *s, struct room *room);

/* It has said [from, to) of its log, which it is not to hear: it is dirty. */
void member_skip(struct server *s, struct client *c, uint64_t from,
                 uint64_t to);

/* A client, or somebody elsewhere (NULL), has said `len` bytes. A flush of the
   room begins: it brings all that was said so far. */
void member_said(struct server *s, struct room *room, struct client *c,
                 size_t len);
void member_begin_walk(struct server *s, struct room *room);

/* After the client has been written to, or could not be: how far behind is it,
   may it speak now, and can it move to the twin of its log (room.h)? */
void member_flushed(struct server *s, struct client *c);

/* Once in LIMITS_PACE for one that is late: is it stuck? */
void member_measure(struct server *s, struct client *c);

/* ---- The parts, for each other -------------------------------------------- */

/* Something has changed that pressure depends on. Where it is less, a walk is to
   find those who may speak again. */
void member_press(struct server *s, struct room *room);

#endif
