/* SPDX-License-Identifier: MIT */
#include "os/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int child_fork(void)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid < 0)
        return -errno;
    if (pid > 0)
        return (int)pid;
    /* A parent that was gone before will send no signal. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || getppid() != parent)
        child_exit(EXIT_FAILURE);
    return 0;
}

bool child_ended(struct child_end *end)
{
    int how;
    pid_t pid;
    do
        pid = waitpid(-1, &how, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid <= 0)
        return false;
    *end = (struct child_end){
        .pid = (int)pid,
        .status = WIFEXITED(how) ? WEXITSTATUS(how) : -1,
        .signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0,
    };
    return true;
}

void child_kill(int pid)
{
    (void)kill((pid_t)pid, SIGKILL);
}

void child_exit(int status)
{
    _exit(status);
}
