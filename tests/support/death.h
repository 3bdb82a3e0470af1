/* SPDX-License-Identifier: MIT */
/*
 * death: does this kill the process, and as it should?
 *
 * The act runs in a child, which shares nothing with the test: what it changes
 * is gone. The child leaves no core file and prints nothing.
 */
#ifndef SUPPORT_DEATH_H
#define SUPPORT_DEATH_H

#include <stdbool.h>

/* True when act(context) ended in a failed CHECK. */
bool death_by_check(void (*act)(void *context), void *context);

/* True when it touched memory that is not its own: a guard page, say. */
bool death_by_fault(void (*act)(void *context), void *context);

#endif
