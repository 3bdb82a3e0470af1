/* SPDX-License-Identifier: MIT */
/*
 * guard: bytes with a neighbour that cannot be touched.
 *
 * A parser that looks one byte too far is right by luck as long as something
 * lies there. Here nothing does: each copy has a mapping of its own between
 * two inaccessible pages, and leans on one of them, so that the first step
 * over that edge is a SIGSEGV.
 *
 *    guard_before:   [ no access ][........copy][ no access ]
 *    guard_after:    [ no access ][copy........][ no access ]
 */
#ifndef SUPPORT_GUARD_H
#define SUPPORT_GUARD_H

#include <stddef.h>
#include <stdint.h>

/*
 * A writable copy of len bytes, right before an inaccessible page, or right
 * after one. ptr NULL gives zeros. len may be 0: then no byte may be touched.
 * It lives until guard_free or guard_free_all; the process stops with a
 * message when the kernel gives no memory.
 */
uint8_t *guard_before(const void *ptr, size_t len);
uint8_t *guard_after(const void *ptr, size_t len);

/* Give one copy back, or all of them: what still looks there crashes. */
void guard_free(uint8_t *copy);
void guard_free_all(void);

#endif
