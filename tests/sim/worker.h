/* SPDX-License-Identifier: MIT */
/*
 * worker: several servers and their keeper, in one process of ours.
 *
 * The keeper is the real one (keeper/), whose children are made here: each is a
 * server of world.servers with a stack of its own, on which it runs its loop. It
 * gets on only when it is let, and then
 *
 *   to its end    of what it does now: until it waits at its reactor. There it
 *                 stays until it wakes: an event, its bell, or its time is over
 *   so many steps: of the store's operations on shared memory (steps/): it may
 *                 stop in the midst of a message, with a room's lock
 *   nowhere       it is stopped for a while (SIGSTOP)
 *   to death      at any step, or while it waits
 *
 * What was said is kept (world_store): all of them may be killed, and others
 * open it.
 */
#ifndef SIM_WORKER_H
#define SIM_WORKER_H

#include "keeper/keeper.h"
#include "sim/world.h"

/* A step is to be taken. */
void worker_step(void);

#define WORKER_TO_ITS_END UINT64_MAX

/* Start the keeper, for world.config.workers of them; all of them serve. Again
   after workers_kill. */
void workers_start(void);

/* Kill them all, and the keeper. */
void workers_kill(void);

/* This one dies, or is stopped for so long; 0: it goes on. */
void worker_dies(uint32_t w);
void worker_stops(uint32_t w, uint64_t milliseconds);

/* Is there one in this place? Is it in the midst of something, not waiting? */
bool worker_lives(uint32_t w);
bool worker_is_busy(uint32_t w);

/* Does it have a lock that others may want? */
bool worker_has_lock(uint32_t w);

/* Let one get on by so many steps: false when it has nothing to do, or is
   stopped. Let the keeper take a turn, likewise. */
bool worker_goes_on(uint32_t w, uint64_t steps);
bool workers_keeper_turns(void);

/* All do what they can, without time passing; and then it passes, never further
   at once than anybody wants to sleep. After each piece of it `then` is done. */
void workers_settle(void);
void workers_pass(uint64_t milliseconds, void (*then)(void));

/* The keeper has ended: all have. */
bool workers_ended(void);

/* Number of the first listener of one. */
size_t worker_listener(uint32_t w);

/* Assert that nothing is left of anybody. */
void workers_all_free(void);

extern struct keeper workers_keeper;
extern uint64_t workers_steps, workers_turns, workers_deaths; /* of all runs */

#endif
