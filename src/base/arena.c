/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

void arena_init(struct arena *a, void *ptr, size_t size)
{
    *a = (struct arena){.ptr = ptr, .size = size};
}

void *arena_carve(struct arena *a, size_t count, size_t size)
{
    size_t pad = (ARENA_ALIGN - a->used % ARENA_ALIGN) % ARENA_ALIGN;
    size_t room = a->size - a->used;
    if (a->overflow || pad > room || (size && count > (room - pad) / size)) {
        a->overflow = true;
        return NULL;
    }
    size_t at = a->used + pad;
    a->used = at + count * size;
    return a->ptr ? a->ptr + at : NULL;
}
