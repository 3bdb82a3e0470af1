/* SPDX-License-Identifier: MIT */
/*
 * happened: what happened in all runs together.
 *
 * A check is worth nothing where the thing it checks never happens. So ends,
 * refusals and deadlines are counted, and after enough runs there must be some
 * of each.
 */
#ifndef SIM_HAPPENED_H
#define SIM_HAPPENED_H

#include "server/stats.h"

#define HAPPENED_SEEDS 200 /* after so many runs, everything has */

/* It happened, so many times. The words must stay. */
void happened(const char *kind, const char *what, uint64_t times);

/* Before a server goes: what it has counted. */
void happened_add(const struct stats *stats);

/* Tell it all; and assert that there is some of each. */
void happened_print(void);
void happened_all(void);

/* Assert that there is some of this. */
void happened_some(const char *kind, const char *what);

#endif
