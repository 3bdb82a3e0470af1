/* SPDX-License-Identifier: MIT */
/*
 * reactor: which descriptors are ready (epoll).
 *
 * Each is registered once, for all it may ever become, and edge-triggered: an
 * event comes when something changed, not while something is so. Who was told
 * "readable" must remember it until a receive comes back short, and a listener
 * until an accept finds nobody.
 */
#ifndef OS_REACTOR_H
#define OS_REACTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REACTOR_EVENTS  256        /* most events of one wait */
#define REACTOR_FOREVER UINT64_MAX /* no time-out */

struct reactor_event {
    uint64_t token; /* as registered */
    bool readable;  /* bytes, an end of stream, or an error to be read */
    bool writable;
    bool hangup; /* an end of stream or an error is among what can be read:
                       no further event will tell of it */
};

/* A reactor's descriptor, or -errno. */
int reactor_open(void);

/* Register a stream for reading and writing, or a listener (who waits there
   makes it readable), edge-triggered. 0 or -errno. */
int reactor_add(int reactor, int fd, uint64_t token);

/* Register a listener that other processes have registered, too: who waits there
   wakes one of them, one that sleeps if there is one (EPOLLEXCLUSIVE). */
int reactor_add_shared(int reactor, int fd, uint64_t token);

/* Register something that is only read, level-triggered: the signals. 0 or
   -errno. */
int reactor_add_source(int reactor, int fd, uint64_t token);

/* Forget a descriptor that stays open. (Closing one forgets it too.) */
void reactor_remove(int reactor, int fd);

/* Wait up to `milliseconds`; 0 only looks. Fills events, returns how many. A
   wait that is interrupted (whoever is stopped and continued finds it so) looks
   once more, so that what came meanwhile is not taken for nothing. -errno when
   the reactor itself is broken. */
int reactor_wait(int reactor, struct reactor_event events[REACTOR_EVENTS],
                 uint64_t milliseconds);

#endif
