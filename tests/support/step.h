/* SPDX-License-Identifier: MIT */
/*
 * step: death at every instruction.
 *
 * The act runs in a child that is stopped behind each instruction (ptrace).
 * Whenever the memory that it shares with us has changed, we look at it as who
 * comes after it would if it were killed there.
 */
#ifndef SUPPORT_STEP_H
#define SUPPORT_STEP_H

#include <stddef.h>

struct step {
    void (*prepare)(void *context); /* in the child, at full speed */
    void (*act)(void *context);     /* in the child */
    void (*look)(void *context);    /* here */
    void *context;
    const void *memory; /* MAP_SHARED */
    size_t len;
};

/* How many states were looked at; 0 where processes cannot be stepped through
   (an emulator, memcheck), which is told. */
size_t step_through(const struct step *s);

#endif
