/* SPDX-License-Identifier: MIT */
#include "os/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(void)
{
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &ours, NULL) != 0)
        return -errno;
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN); /* a log at its limit: EFBIG instead */
    (void)signal(SIGTTOU, SIG_IGN); /* `stty tostop` stops no service */
    (void)signal(SIGTTIN, SIG_IGN);
    (void)signal(SIGCHLD, SIG_IGN); /* no zombies, then (wait(2)) */
    int fd = signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC);
    return fd < 0 ? -errno : fd;
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
    return info.ssi_signo == SIGUSR1 ? SIGNALS_STATE : SIGNALS_STOP;
}
