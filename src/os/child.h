/* SPDX-License-Identifier: MIT */
/*
 * child: processes made by this one, which end with it (fork(2),
 * PR_SET_PDEATHSIG of prctl(2)).
 */
#ifndef OS_CHILD_H
#define OS_CHILD_H

#include <stdbool.h>

/* How one has ended: by itself, with an exit status, or by a signal. */
struct child_end {
    int pid;
    int status; /* 0 to 255; -1: by a signal */
    int signal; /* or 0 */
};

/* Make one: 0 in the child, its number in the parent, or -errno. It is killed
   when its parent ends, however that ends. */
int child_fork(void);

/* The next child that has ended. False: no more of them, for now. */
bool child_ended(struct child_end *end);

/* End one at once, whatever it does. */
void child_kill(int pid);

/* Of a child: its end. */
_Noreturn void child_exit(int status);

#endif
