/* SPDX-License-Identifier: MIT */
/*
 * watch: when a worker is to be woken, ended or started again; the
 * reckoning alone, which needs no clock and no process.
 *
 * A worker that sleeps takes no turn, and neither does one that hangs. So it is
 * poked, and whoever lives takes a turn then:
 *
 *    look            turns as before? poke
 *    100 ms later    still as before? poke; and so on
 *    the 21st look   it has been poked 20 times in vain: it is ended
 *
 * Where the keeper itself was not awake in time, the whole machine may have been
 * stopped, and no worker is blamed: the count begins anew.
 */
#ifndef KEEPER_WATCH_H
#define KEEPER_WATCH_H

#include "base/bytes.h"

/* Milliseconds. */
#define WATCH_LOOK  5000  /* from one look to the next */
#define WATCH_POKE  100   /* while one is poked; */
#define WATCH_LATE  250   /* not awake: it took so much from look to look */
#define WATCH_SOON  10000 /* a death so soon after the start makes it wait: */
#define WATCH_FIRST 100   /* at the second one so long, then twice as long, */
#define WATCH_MOST  5000  /* up to this */

#define WATCH_AGAIN 10 /* until what a dead one left is tried again */

#define WATCH_POKES 20

/* One worker. */
struct watch {
    uint64_t started; /* when, in milliseconds */
    uint64_t delay;   /* after its last death; 0: none */
    uint32_t turns;   /* it had taken when it was looked at last */
    uint32_t pokes;   /* since then */
};

enum watch_verdict {
    WATCH_WELL, /* it has taken a turn */
    WATCH_WAKE, /* it is to be woken, and looked at again soon */
    WATCH_HANGS,
};

/* It was started. */
void watch_started(struct watch *w, uint64_t now);

/* It has taken so many turns by now; `since`: milliseconds from the last look to
   this one. */
enum watch_verdict watch_look(struct watch *w, uint32_t turns, uint64_t since);

/* It has died: milliseconds until it is started again. */
uint64_t watch_died(struct watch *w, uint64_t now);

#endif
