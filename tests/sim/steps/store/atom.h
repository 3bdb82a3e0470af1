/* SPDX-License-Identifier: MIT */
/*
 * atom, with steps: the operations of src/store/atom.h, before each of which
 * another worker may go on, or this one die (sim/worker.h). What is compiled
 * with `-iquote tests/sim/steps` has these.
 */
#ifndef SIM_STEPS_ATOM_H
#define SIM_STEPS_ATOM_H

#define atom_get        plain_get
#define atom_acquire    plain_acquire
#define atom_put        plain_put
#define atom_release    plain_release
#define atom_swap       plain_swap
#define atom_set_bits   plain_set_bits
#define atom_clear_bits plain_clear_bits
#define atom_replace    plain_replace
#define atom_copy       plain_copy
#define atom_pause      plain_pause
#include "../../../../src/store/atom.h"
#undef atom_get
#undef atom_acquire
#undef atom_put
#undef atom_release
#undef atom_swap
#undef atom_set_bits
#undef atom_clear_bits
#undef atom_replace
#undef atom_copy
#undef atom_pause

void worker_step(void);

static inline uint32_t atom_get(const struct atom *a)
{
    worker_step();
    return plain_get(a);
}

static inline uint32_t atom_acquire(const struct atom *a)
{
    worker_step();
    return plain_acquire(a);
}

static inline void atom_put(struct atom *a, uint32_t value)
{
    worker_step();
    plain_put(a, value);
}

static inline void atom_release(struct atom *a, uint32_t value)
{
    worker_step();
    plain_release(a, value);
}

static inline uint32_t atom_swap(struct atom *a, uint32_t value)
{
    worker_step();
    return plain_swap(a, value);
}

static inline uint32_t atom_set_bits(struct atom *a, uint32_t bits)
{
    worker_step();
    return plain_set_bits(a, bits);
}

static inline uint32_t atom_clear_bits(struct atom *a, uint32_t bits)
{
    worker_step();
    return plain_clear_bits(a, bits);
}

static inline bool atom_replace(struct atom *a, uint32_t before, uint32_t value)
{
    worker_step();
    return plain_replace(a, before, value);
}

/* In two halves. */
static inline void atom_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    size_t half = len / 2;
    worker_step();
    plain_copy(to, from, half);
    worker_step();
    plain_copy(to + half, from + half, len - half);
}

static inline void atom_pause(void)
{
    worker_step();
}

#endif
