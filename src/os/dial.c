/* SPDX-License-Identifier: MIT */
#include "os/dial.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAITS 8 /* most streams of one wait */

int dial_result(int fd)
{
    int failure = 0;
    socklen_t len = sizeof failure;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) != 0)
        return -errno;
    return -failure;
}

int dial_wait(struct dial_wait *waits, size_t count, uint64_t milliseconds)
{
    struct pollfd fds[WAITS] = {{0}};
    count = bytes_min(count, WAITS);
    for (size_t i = 0; i < count; i++) {
        fds[i].fd = waits[i].fd;
        fds[i].events = (short)((waits[i].read ? POLLIN : 0) |
                                (waits[i].write ? POLLOUT : 0));
        if (!fds[i].events)
            fds[i].fd = -1; /* poll would tell of its end for ever */
        waits[i].readable = waits[i].writable = false;
    }
    int ready = poll(fds, (nfds_t)count,
                     milliseconds > INT_MAX ? -1 : (int)milliseconds);
    if (ready < 0)
        return errno == EINTR ? 0 : -errno;
    for (size_t i = 0; i < count; i++) {
        bool broken = (fds[i].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
        waits[i].readable =
            waits[i].read && (fds[i].revents & POLLIN || broken);
        waits[i].writable =
            waits[i].write && (fds[i].revents & POLLOUT || broken);
    }
    return 0;
}
