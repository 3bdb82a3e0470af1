/* SPDX-License-Identifier: MIT */
/*
 * atom, for the explorer: in place of src/store/atom.h. Each operation stops,
 * says what it would do and for which function, and goes on when the explorer
 * has done it (machine.h).
 */
#ifndef STORE_ATOM_H
#define STORE_ATOM_H

#include "base/bytes.h"

struct atom {
    uint32_t value;
};

enum atom_kind {
    ATOM_LOAD,
    ATOM_PUT,
    ATOM_RELEASE,
    ATOM_SWAP,
    ATOM_SET,
    ATOM_CLEAR,
    ATOM_REPLACE,
    ATOM_FENCE,
    ATOM_COPY,
    /* what no atom does: see machine.h */
    ATOM_WAKE,
    ATOM_WAIT,
};

struct atom_step {
    enum atom_kind kind;
    const void *at;
    const char *function; /* that wants it */
    uint32_t value;
    uint32_t before;     /* REPLACE: what must be there */
    const uint8_t *from; /* COPY: the bytes, */
    size_t len;          /* and how many */
};

/* What was there before. */
uint32_t atom_stop(struct atom_step step);

/* Does nobody else see this memory? */
bool atom_is_own(const void *at);

#define ATOM_STOP(...)                                                         \
    atom_stop((struct atom_step){.function = __func__, __VA_ARGS__})

#define ATOM_PUTS(k, a, v) ATOM_STOP(.kind = (k), .at = (a), .value = (v))

#define atom_get(a)           ATOM_STOP(.kind = ATOM_LOAD, .at = (a))
#define atom_acquire(a)       ATOM_STOP(.kind = ATOM_LOAD, .at = (a))
#define atom_put(a, v)        ATOM_PUTS(ATOM_PUT, a, v)
#define atom_release(a, v)    ATOM_PUTS(ATOM_RELEASE, a, v)
#define atom_swap(a, v)       ATOM_PUTS(ATOM_SWAP, a, v)
#define atom_set_bits(a, v)   ATOM_PUTS(ATOM_SET, a, v)
#define atom_clear_bits(a, v) ATOM_PUTS(ATOM_CLEAR, a, v)
#define atom_fence()          ((void)ATOM_STOP(.kind = ATOM_FENCE))
#define atom_pause()          ((void)0)

#define atom_replace(a, b, v)                                                  \
    (ATOM_STOP(.kind = ATOM_REPLACE, .at = (a), .before = (b),                 \
               .value = (v)) == (b))

/* In steps, where others see any of them before the next. */
#define ATOM_COPY_STEP 32

static inline void atom_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    if (atom_is_own(to)) {
        memcpy(to, from, len);
        return;
    }
    for (size_t at = 0; at < len; at += ATOM_COPY_STEP)
        ATOM_STOP(.kind = ATOM_COPY, .at = to + at, .from = from + at,
                  .len = bytes_min(len - at, ATOM_COPY_STEP));
}

#endif
