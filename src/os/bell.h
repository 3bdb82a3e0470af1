/* SPDX-License-Identifier: MIT */
/*
 * bell: waking another process that waits at its reactor (eventfd(2)).
 *
 * It is opened before that process is made, which registers it with
 * reactor_add; each ring is an edge, so nobody ever has to read it.
 */
#ifndef OS_BELL_H
#define OS_BELL_H

#include <stdint.h>

/* A descriptor, or -errno. */
int bell_open(void);

/* Whoever waits for it wakes. Never waits itself. */
void bell_ring(int bell);

/* The same with those of several: bit i of `which` is bells[i]. */
static inline void bell_ring_each(const int *bells, uint32_t which)
{
    for (; which; bells++, which >>= 1)
        if (which & 1)
            bell_ring(*bells);
}

#endif
