/* SPDX-License-Identifier: MIT */
#include "os/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int open_for(sigset_t set)
{
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -errno;
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a log at its limit: EFBIG instead */
    (void)signal(SIGTTOU, SIG_IGN); /* `stty tostop` stops no service */
    (void)signal(SIGTTIN, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static sigset_t ours(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    return set;
}

int signals_open(void)
{
    (void)signal(SIGCHLD, SIG_IGN); /* no zombies, then (wait(2)) */
    return open_for(ours());
}

int signals_open_parent(void)
{
    sigset_t set = ours();
    sigaddset(&set, SIGCHLD);
    (void)signal(SIGCHLD, SIG_DFL); /* whoever started us may ignore it */
    return open_for(set);
}

enum signals_event signals_read(int fd)
{
    struct signalfd_siginfo info;
    ssize_t got;
    do
        got = read(fd, &info, sizeof info);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof info)
        return SIGNALS_NONE;
    switch (info.ssi_signo) {
    case SIGUSR1: return SIGNALS_STATE;
    case SIGCHLD: return SIGNALS_CHILD;
    default: return SIGNALS_STOP;
    }
}
