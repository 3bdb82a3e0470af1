/* SPDX-License-Identifier: MIT */
/*
 * slots: which places of a fixed table are free.
 *
 * The table belongs to the caller; every item holds a `struct slot` somewhere
 * inside. Places are handed out by index, the last one given back first, so
 * that a table which is mostly empty stays small in memory: a place that was
 * never used has never been touched. The item's memory must be zero before
 * its first use.
 *
 * A place that is given back and taken again is somebody else's, and an index
 * kept from before must not find it: `generation` counts the takings, and
 * whoever refers to a slot across time keeps both numbers.
 */
#ifndef BASE_SLOTS_H
#define BASE_SLOTS_H

#include "base/bytes.h"

#define SLOTS_NONE UINT32_MAX

struct slot {
    uint32_t generation; /* odd while taken, even while free */
    uint32_t next_free;  /* index of the next free place, while free; while
                            taken it is the owner's, for a link of its own */
};

struct slots {
    uint8_t *first; /* the struct slot of item 0 */
    size_t stride;  /* bytes from one item to the next */
    uint32_t size;  /* places there are */
    uint32_t count; /* places taken */
    uint32_t fresh; /* places below were used before; from here on, never */
    uint32_t free;  /* the place given back last, or SLOTS_NONE */
};

/* All places free. `first` is the struct slot inside item 0, each further one
   `stride` bytes on. size < SLOTS_NONE. */
void slots_init(struct slots *s, struct slot *first, size_t stride,
                uint32_t size);

/* Take a place: its index, or SLOTS_NONE when all are taken. */
uint32_t slots_take(struct slots *s);

/* Give a taken place back. One that is free already trips a CHECK. */
void slots_give(struct slots *s, uint32_t index);

/* The generation of a place; odd while it is taken. */
uint32_t slots_generation(const struct slots *s, uint32_t index);

/* True when `index` is a place that is taken, and this generation has it. */
bool slots_current(const struct slots *s, uint32_t index, uint32_t generation);

#endif
