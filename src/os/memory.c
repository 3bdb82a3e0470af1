/* SPDX-License-Identifier: MIT */
#include "os/memory.h"

#include <sys/mman.h>

void *memory_map(size_t size)
{
    /* Without MAP_NORESERVE: a size this machine cannot have is refused now
       and not when the first clients come. */
    void *ptr = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return ptr == MAP_FAILED ? NULL : ptr;
}
