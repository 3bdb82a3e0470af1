/* SPDX-License-Identifier: MIT */
/*
 * explore: all that can happen, one thing after another.
 *
 * Each actor is a coroutine that runs the real src/store and stops before each
 * atomic step (store/atom.h). From each state the explorer tries all that may
 * come next, and from what that leads to all that may come then:
 *
 *                        o  worker 0 is about to swap, worker 1 to load
 *             ___________|______________________________
 *            |           |              |               |
 *      worker 0 swaps   and dies   worker 1 loads   a write leaves
 *            |           |              |            a buffer
 *            o           o              o               o
 *          / | \       / | \          / | \           / | \
 *
 * until nobody can do anything. Then all must be said and read. States that
 * were met before are not entered again: two are the same when memory, buffers
 * and actors are, where an actor is the place in its program that it passed
 * last, and all that it was told since (struct machine_actor.trace). Between
 * two atomic steps it reads without one only what it has locked, or a record,
 * at which it looks at once; so nothing else can make a difference.
 *
 * No way leads back to a state that it came through. If one did, somebody would
 * be doing the same again and again without getting anywhere: polling.
 *
 * What is left out makes no difference: where an actor's next step is private
 * (machine_is_private), nobody else goes first; it dies right after a step of
 * its own, as nobody notices before the keeper does, which may be at any time.
 * Of a million states that are found, two are taken for the same by accident
 * with a chance of 1 to 37 million: 64 bits are kept of each.
 */
#ifndef EXPLORE_EXPLORE_H
#define EXPLORE_EXPLORE_H

#include "base/check.h"
#include "explore/machine.h"

/* ---- What is put in on purpose ------------------------------------------- */

enum explore_fault {
    FAULT_NONE,
    FAULT_COMMIT,  /* the head may pass the bytes before it */
    FAULT_FENCE,   /* the fence in one function is missing */
    FAULT_SPACE,   /* no reader is ever in the way */
    FAULT_LATE,    /* who waits says so after it has looked */
    FAULT_PUBLISH, /* the keeper makes half an append a whole one */
    FAULT_AWAKE,   /* who wakes somebody says for him that he is awake */
    FAULT_SELF,    /* who is told FULL rings itself */
    FAULT_KEPT,    /* the keeper leaves the lock of the dead as it is */
    FAULT_UNRUNG,  /* and wakes nobody */
};

struct explore_plan {
    enum explore_fault fault;
    const char *function; /* FAULT_FENCE: without its fence */
    uint32_t states_max;  /* give up after so many; 0: never */
};

/* ---- Running ------------------------------------------------------------- */

struct explore_result {
    const char *broken; /* what must hold and does not; NULL: all does */
    uint64_t states;
    uint64_t steps;
    uint64_t ends;  /* states in which nobody can do anything */
    uint32_t depth; /* most steps of one way */
    bool given_up;
};

/* All ways that lead on from the world as it is. With `tell` the way to what is
   broken is printed, a step a line. */
struct explore_result explore_run(const struct explore_plan *plan, bool tell);

/* ---- For actors ---------------------------------------------------------- */

enum explore_fault explore_fault(void);

/* The actor whose program this is passes a place in it: all that it knows is in
   its struct machine_actor. */
void explore_passes(uint32_t actor, uint64_t place);

/* This way is at an end: something that must hold does not. */
void explore_broken(const char *what);
#define EXPLORE_HOLDS(condition, what)                                         \
    do {                                                                       \
        if (!(condition))                                                      \
            explore_broken(what);                                              \
    } while (0)

/* ---- For the machine: faults --------------------------------------------- */

uint32_t explore_load(const struct atom_step *step, uint32_t value);
bool explore_orders(const struct atom_step *step);

#endif
