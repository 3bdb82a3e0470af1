/* SPDX-License-Identifier: MIT */
#include "os/reactor.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>

int reactor_open(void)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int control(int reactor, int operation, int fd, uint32_t events,
                   uint64_t token)
{
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(reactor, operation, fd, &event) == 0 ? 0 : -errno;
}

int reactor_add(int reactor, int fd, uint64_t token)
{
    return control(reactor, EPOLL_CTL_ADD, fd,
                   EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, token);
}

int reactor_add_shared(int reactor, int fd, uint64_t token)
{
    return control(reactor, EPOLL_CTL_ADD, fd,
                   EPOLLIN | EPOLLET | EPOLLEXCLUSIVE, token);
}

int reactor_add_source(int reactor, int fd, uint64_t token)
{
    return control(reactor, EPOLL_CTL_ADD, fd, EPOLLIN, token);
}

void reactor_remove(int reactor, int fd)
{
    control(reactor, EPOLL_CTL_DEL, fd, 0, 0);
}

int reactor_wait(int reactor, struct reactor_event events[REACTOR_EVENTS],
                 uint64_t milliseconds)
{
    struct epoll_event ready[REACTOR_EVENTS];
    int timeout = milliseconds == REACTOR_FOREVER ? -1
                  : milliseconds > INT_MAX        ? INT_MAX
                                                  : (int)milliseconds;
    int count = epoll_wait(reactor, ready, REACTOR_EVENTS, timeout);
    if (count < 0 && errno == EINTR)
        count = epoll_wait(reactor, ready, REACTOR_EVENTS, 0);
    if (count < 0)
        return errno == EINTR ? 0 : -errno;
    for (int i = 0; i < count; i++) {
        /* HUP and ERR are read, not acted upon: what came before them counts,
           and the receive tells the rest. */
        uint32_t bits = ready[i].events;
        events[i].token = ready[i].data.u64;
        events[i].readable =
            (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        events[i].hangup = (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
        events[i].writable = (bits & (EPOLLOUT | EPOLLERR)) != 0;
    }
    return count;
}
