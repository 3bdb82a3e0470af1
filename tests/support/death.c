/* SPDX-License-Identifier: MIT */
#include "support/death.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* cmocka and the sanitizers catch these; the child wants to die of them. */
static const int deadly[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS};

static void run_child(void (*act)(void *), void *context)
{
    struct rlimit no_core = {0};
    setrlimit(RLIMIT_CORE, &no_core);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        signal(deadly[i], SIG_DFL);
    act(context);
    _exit(0);
}

/* The signal that act dies of, or 0. */
static int signal_of(void (*act)(void *), void *context)
{
    int status;
    fflush(NULL); /* or both processes would print what is buffered */
    pid_t child = fork();
    if (child == 0)
        run_child(act, context);
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("death: fork");
        abort();
    }
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

bool death_by_check(void (*act)(void *), void *context)
{
    /* What __builtin_trap raises is the processor's choice. */
    int number = signal_of(act, context);
    return number == SIGILL || number == SIGTRAP || number == SIGABRT;
}

bool death_by_fault(void (*act)(void *), void *context)
{
    int number = signal_of(act, context);
    return number == SIGSEGV || number == SIGBUS;
}
