/* SPDX-License-Identifier: MIT */
/* memory: the one mapping everything is carved from. */
#ifndef OS_MEMORY_H
#define OS_MEMORY_H

#include <stddef.h>

/* `size` bytes of zeroed memory, page aligned, for the life of the process,
   or NULL. Pages become resident when they are first touched. */
void *memory_map(size_t size);

#endif
