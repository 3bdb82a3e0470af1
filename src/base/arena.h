/* SPDX-License-Identifier: MIT */
/*
 * arena: carving one piece of memory into tables, once.
 *
 * The same carving code runs twice: first over no memory at all, to learn how
 * much is needed, then over the mapping of that size. Nothing is ever given
 * back: what is carved at start stays for good.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

#define ARENA_ALIGN 64 /* every piece starts on a cache line of its own */

struct arena {
    uint8_t *ptr;  /* the memory, or NULL while measuring */
    size_t size;   /* its bytes; SIZE_MAX while measuring */
    size_t used;   /* bytes carved so far */
    bool overflow; /* the sum does not fit in size_t or in size */
};

/* Over `size` bytes of zeroed memory at ptr, aligned to ARENA_ALIGN; with NULL
   and SIZE_MAX for measuring, which hands out NULL and adds up. */
void arena_init(struct arena *a, void *ptr, size_t size);

/* Room for count items of `size` bytes: its address, or NULL while measuring
   or after an overflow. */
void *arena_carve(struct arena *a, size_t count, size_t size);

#endif
