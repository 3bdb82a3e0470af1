/* SPDX-License-Identifier: MIT */
/*
 * trouble: what an error of Redis means.
 */
#ifndef BUS_TROUBLE_H
#define BUS_TROUBLE_H

#include "bus/state.h"

/* The connection ends; while it is being greeted perhaps the bus, too. */
void trouble_take(struct bus *b, struct span error);

/* The same in words. */
const char *trouble_of(struct span error);

/* Is it one of those that say: nothing can be said now, but read? */
bool trouble_is_full(struct span error);

#endif
