/* SPDX-License-Identifier: MIT */
#include "os/memory.h"

#include <sys/mman.h>

static void *map(size_t size, int kind)
{
    /* Without MAP_NORESERVE: a size this machine cannot have is refused now
       and not when the first clients come. */
    void *ptr =
        mmap(NULL, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
    return ptr == MAP_FAILED ? NULL : ptr;
}

void *memory_map(size_t size)
{
    return map(size, MAP_PRIVATE);
}

void *memory_share(size_t size)
{
    return map(size, MAP_SHARED);
}

void memory_unmap(void *ptr, size_t size)
{
    munmap(ptr, size);
}
