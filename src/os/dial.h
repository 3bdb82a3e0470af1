/* SPDX-License-Identifier: MIT */
/* dial: calling somebody, and waiting for what is ready (--connect). */
#ifndef OS_DIAL_H
#define OS_DIAL_H

#include "base/bytes.h"

/* How a connection that was begun (socket_dial) went, once it is writable: 0, or
   -errno. */
int dial_result(int fd);

struct dial_wait {
    int fd;    /* -1: not looked at */
    bool read; /* wait for something to be read, or for its end */
    bool write;
    bool readable; /* the answer; an error is both */
    bool writable;
};

/* Wait until one is ready, or so long: milliseconds. 0 or -errno. A file is
   always ready, which epoll would not have. */
int dial_wait(struct dial_wait *waits, size_t count, uint64_t milliseconds);

#endif
