/* SPDX-License-Identifier: MIT */
/*
 * loop: turns, until the server is told to stop.
 *
 *   wait -> accept -> read and dispatch all that is ready -> signals -> timers
 *   -> flush each dirty room and client once -> free slots
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

/* One turn, for tests. False when the server has stopped. */
bool loop_turn(struct server *s);

#endif
