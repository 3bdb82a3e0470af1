/* SPDX-License-Identifier: MIT */
/*
 * atom: the few atomic operations that workers meet by.
 *
 * All are on 32 bits: MIPS and ARMv5 have no wider ones without a library. A
 * position is therefore counted modulo 2^32 and compared by differences.
 *
 * This is a seam: tests/explore has a file of this name with operations that
 * stop, and let another worker go on first, or let this one die.
 */
#ifndef STORE_ATOM_H
#define STORE_ATOM_H

#include "base/bytes.h"

#include <stdatomic.h>

struct atom {
    _Atomic uint32_t value;
};

/* Read; and read so that what is read later was written before. */
static inline uint32_t atom_get(const struct atom *a)
{
    return atomic_load_explicit(&a->value, memory_order_relaxed);
}
static inline uint32_t atom_acquire(const struct atom *a)
{
    return atomic_load_explicit(&a->value, memory_order_acquire);
}

/* Write; and write when all that was written before can be seen. */
static inline void atom_put(struct atom *a, uint32_t value)
{
    atomic_store_explicit(&a->value, value, memory_order_relaxed);
}
static inline void atom_release(struct atom *a, uint32_t value)
{
    atomic_store_explicit(&a->value, value, memory_order_release);
}

/* In one step, in one order with all others of these: put a value and return
   the one before; set bits; clear bits; put `value` if it was `before`. */
static inline uint32_t atom_swap(struct atom *a, uint32_t value)
{
    return atomic_exchange_explicit(&a->value, value, memory_order_seq_cst);
}
static inline uint32_t atom_set_bits(struct atom *a, uint32_t bits)
{
    return atomic_fetch_or_explicit(&a->value, bits, memory_order_seq_cst);
}
static inline uint32_t atom_clear_bits(struct atom *a, uint32_t bits)
{
    return atomic_fetch_and_explicit(&a->value, ~bits, memory_order_seq_cst);
}
static inline bool atom_replace(struct atom *a, uint32_t before, uint32_t value)
{
    return atomic_compare_exchange_strong_explicit(
        &a->value, &before, value, memory_order_seq_cst, memory_order_seq_cst);
}

/* What was written before can be seen before anything is read after. */
static inline void atom_fence(void)
{
    atomic_thread_fence(memory_order_seq_cst);
}

/* A copy into memory that others read once they are told: in steps, under the
   explorer. */
static inline void atom_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    memcpy(to, from, len);
}

/* Somebody else is to get on: a turn of a short wait. */
static inline void atom_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#endif
