/* SPDX-License-Identifier: MIT */
/*
 * supervise: what a supervisor says to us, and we to it.
 *
 * systemd's two protocols, by hand; others speak them as well. Both live in
 * the environment, where nothing is said to a process that is not supervised.
 *
 *   LISTEN_FDS, LISTEN_PID       so many listening sockets are open already,
 *                                as descriptors 3, 4, ... (sd_listen_fds(3))
 *   NOTIFY_SOCKET                a datagram socket that wants to be told
 *                                READY=1, STOPPING=1 (sd_notify(3))
 *   WATCHDOG_USEC, WATCHDOG_PID  and WATCHDOG=1 at least this often
 *                                (sd_watchdog_enabled(3))
 *
 * A _PID that is not ours was meant for another process.
 */
#ifndef OS_SUPERVISE_H
#define OS_SUPERVISE_H

#include "base/bytes.h"

#define SUPERVISE_FIRST 3 /* the first descriptor that is handed over */

/* What the environment says. Nobody: all zero. */
struct supervise {
    uint32_t sockets;   /* handed over */
    uint32_t watchdog;  /* milliseconds between two signs of life; 0: none */
    const char *notify; /* path of the socket, "@" for an abstract one; NULL */
};

/*
 * Read it. NULL, or the name of the variable that makes no sense. The strings
 * of the environment must stay.
 */
const char *supervise_read(struct supervise *from,
                           const char *(*environment)(const char *name));

/* A descriptor connected to the supervisor's socket, or -errno. */
int supervise_open(const char *notify);

/* Tell it. Never waits: false when it has no room for it now. A supervisor
   that is gone is none of our business; fd may be -1. */
bool supervise_tell(int fd, const char *state);

#endif
