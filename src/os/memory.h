/* SPDX-License-Identifier: MIT */
/* memory: the mapping that everything is carved from, and what workers share. */
#ifndef OS_MEMORY_H
#define OS_MEMORY_H

#include <stddef.h>

/* `size` bytes of zeroed memory, page aligned, for the life of the process,
   or NULL. Pages become resident when they are first touched. */
void *memory_map(size_t size);

/* The same, shared with the processes that this one makes from now on. */
void *memory_share(size_t size);

/* Give `size` bytes of one of them back, all that it had. */
void memory_unmap(void *ptr, size_t size);

#endif
