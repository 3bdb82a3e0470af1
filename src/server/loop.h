/* SPDX-License-Identifier: MIT */
/*
 * loop: turns, until the server is told to stop.
 *
 *   wait -> accept -> read and dispatch all that is ready -> signals -> timers
 *   -> wake other workers -> flush each dirty room and client once -> free slots
 *
 * Flush before sleep. Input always comes before timers, so that a machine that
 * was paused does not look like a mass disconnect. Slots are freed last, so that
 * nothing in a turn can refer to a slot that has become somebody else's.
 */
#ifndef SERVER_LOOP_H
#define SERVER_LOOP_H

#include "server/server.h"

/* The exit status: 0, or 1 when it was told twice. */
int loop_run(struct server *s);

/* For the keeper: what the log tells of all workers together, on USR1; and when
   they stop ("draining", "stopped", "aborted"). */
void loop_log_state(struct server *s);
void loop_log_stop(struct server *s, const char *what);

/* One turn, for tests. False when the server has stopped. */
bool loop_turn(struct server *s);

/* ---- The parts, for each other: loop_stop.c ------------------------------ */

/* A signal waits. */
void loop_hear_signals(struct server *s);

/* Nobody new, from now on. */
void loop_drain(struct server *s);

/* Every WebSocket gets what was published before, then Close 1001; half a post
   is refused. To a million that takes many turns, and --drain may be over
   before. */
void loop_say_goodbye(struct server *s);

/* Is there no client any more whose end is to be waited for? */
bool loop_is_drained(const struct server *s);

/* Those who are still there when --drain is over are told of, too. */
void loop_cut_off(struct server *s);

/* ---- loop_crew.c --------------------------------------------------------- */

/* Wait as reactor_wait; nobody sleeps who has just been rung for. */
int loop_wait_in_crew(struct server *s,
                      struct reactor_event events[REACTOR_EVENTS]);

/* Our bell was rung: by the keeper, by somebody who wants a slot, or for rooms,
   which are looked at next. What we have open is read, or those who write would
   have to wait, also where nobody is left who hears it. */
void loop_hear_bell(struct server *s);
void loop_hear_rooms(struct server *s);

/* The others are woken where we have said something: before we write to our
   members, so that they write to theirs meanwhile; and when a turn is over, in
   which they are told what we have, too. */
void loop_wake_crew(struct server *s);
void loop_tell_crew(struct server *s);

#endif
