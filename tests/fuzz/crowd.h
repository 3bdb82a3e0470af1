/* SPDX-License-Identifier: MIT */
/*
 * crowd: the people of fuzz_server, and time passing among them.
 *
 * Anybody may do anything. One of them, the good one, holds an echo from the
 * beginning, reads at once and answers each ping: whatever the others do, it
 * gets its echo. Only a call that was made to fail may have hit it; then it
 * comes again.
 *
 * Asserted as it happens: a server that has something to do is done with it
 * after so many turns, one that has nothing sleeps, and it stops only when it
 * is told to.
 */
#ifndef FUZZ_CROWD_H
#define FUZZ_CROWD_H

#include "fuzz/watch.h"

#define CROWD_MOST 32 /* connections of a run, the good one's apart */

struct person {
    struct watch watch;
    size_t chunk; /* most bytes it writes in one go */
    bool reads;   /* whatever comes, at once */
    bool gone;    /* it sends no more */
    bool asked;   /* it has sent something else than its handshake */
};

/* A world has been set up and configured: start it, with the good one in it. */
void crowd_begin(void);

/* Somebody comes: NULL when there were enough. */
struct person *crowd_come(size_t listener, const char *from);

/* Everybody does what he always does, and the server turns once. */
void crowd_turn(void);

/* The same until nothing more happens; and while time passes, or at once. */
void crowd_settle(void);
void crowd_pass(uint64_t milliseconds);
void crowd_freeze(uint64_t milliseconds);

/* From here on a call may fail that is the good one's. */
void crowd_something_fails(void);

/* The good one says so many bytes, in two parts, and must get them back. */
void crowd_echo(size_t len, size_t cut);

/* The server is told to stop, `times` times, and does. */
void crowd_stop(unsigned times);

/* Everybody hears what there is and leaves: nothing is left behind. */
void crowd_end(void);

#endif
