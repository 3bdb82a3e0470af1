/* SPDX-License-Identifier: MIT */
#include "support/step.h"
#include "support/secret.h"
#include "support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t begin_child(const struct step *s)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(1);
        s->prepare(s->context);
        raise(SIGSTOP);
        s->act(s->context);
        _exit(0);
    }
    return child;
}

/* False when the child has ended. A signal from elsewhere is passed on. */
static bool one_step(pid_t child, int *status)
{
    int number = 0;
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(long)number) != 0 ||
            waitpid(child, status, 0) != child || !WIFSTOPPED(*status))
            return false;
        number = WSTOPSIG(*status) == SIGTRAP ? 0 : WSTOPSIG(*status);
    } while (number);
    return true;
}

size_t step_through(const struct step *s)
{
    int status;
    size_t states = 0, steps = 0;
    pid_t child = secret_watched() ? -1 : begin_child(s);
    uint8_t *last = malloc(s->len);
    assert_non_null(last);
    if (child > 0 && waitpid(child, &status, 0) == child &&
        WIFSTOPPED(status)) {
        memcpy(last, s->memory, s->len);
        for (; one_step(child, &status); steps++) {
            if (memcmp(last, s->memory, s->len) == 0)
                continue;
            memcpy(last, s->memory, s->len);
            s->look(s->context);
            states++;
        }
        if (steps > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
            fail_msg("the child ended with status %x", (unsigned)status);
        if (steps == 0) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
        }
    }
    free(last);
    if (steps == 0)
        print_message("left out: no process can be stepped through here\n");
    return states;
}
