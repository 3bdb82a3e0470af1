/* SPDX-License-Identifier: MIT */
#include "support/shadow.h"

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define SHADOW
#endif
#endif

#ifndef SHADOW

void shadow_forget(void *ptr, size_t len)
{
    (void)ptr;
    (void)len;
}

void shadow_written(const void *ptr, size_t len)
{
    (void)ptr;
    (void)len;
}

void shadow_check(const void *ptr, size_t len)
{
    (void)ptr;
    (void)len;
}

#else

#include "base/arena.h"
#include "base/ring.h"
#include "server/lease.h"

#include <sanitizer/msan_interface.h>

void shadow_forget(void *ptr, size_t len)
{
    __msan_allocated_memory(ptr, len);
}

void shadow_written(const void *ptr, size_t len)
{
    __msan_unpoison(ptr, len);
}

void shadow_check(const void *ptr, size_t len)
{
    __msan_check_mem_is_initialized(ptr, len);
}

/* ---- Calls that the linker leads here (Makefile) ------------------------- */

void *__real_arena_carve(struct arena *a, size_t count, size_t size);
void __real_ring_init(struct ring *r, uint8_t *bytes, size_t size);
uint32_t __real_lease_take(struct leases *all, bool spare);

/* Items of one byte are a buffer. All others are tables, which may rely on
   the mapping's zeros. */
void *__wrap_arena_carve(struct arena *a, size_t count, size_t size)
{
    void *ptr = __real_arena_carve(a, count, size);
    if (ptr && size == 1)
        shadow_forget(ptr, count);
    return ptr;
}

void __wrap_ring_init(struct ring *r, uint8_t *bytes, size_t size)
{
    __real_ring_init(r, bytes, size);
    shadow_forget(bytes, size);
}

uint32_t __wrap_lease_take(struct leases *all, bool spare)
{
    uint32_t index = __real_lease_take(all, spare);
    if (index != LEASE_NONE)
        shadow_forget(lease_bytes(all, index), all->size);
    return index;
}

#endif
