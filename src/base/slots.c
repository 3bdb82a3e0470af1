/* SPDX-License-Identifier: MIT */
#include "base/slots.h"
#include "base/check.h"

static struct slot *slot_at(const struct slots *s, uint32_t index)
{
    return (struct slot *)(void *)(s->first + (size_t)index * s->stride);
}

void slots_init(struct slots *s, struct slot *first, size_t stride,
                uint32_t size)
{
    CHECK(size < SLOTS_NONE);
    *s = (struct slots){.first = (uint8_t *)first,
                        .stride = stride,
                        .size = size,
                        .free = SLOTS_NONE};
}

uint32_t slots_take(struct slots *s)
{
    uint32_t index = s->free;
    if (index != SLOTS_NONE)
        s->free = slot_at(s, index)->next_free;
    else if (s->fresh < s->size)
        index = s->fresh++;
    else
        return SLOTS_NONE;
    slot_at(s, index)->generation++;
    s->count++;
    return index;
}

void slots_give(struct slots *s, uint32_t index)
{
    CHECK(index < s->fresh);
    struct slot *slot = slot_at(s, index);
    CHECK(slot->generation & 1);
    slot->generation++;
    slot->next_free = s->free;
    s->free = index;
    s->count--;
}

uint32_t slots_generation(const struct slots *s, uint32_t index)
{
    CHECK(index < s->size);
    return slot_at(s, index)->generation;
}

bool slots_current(const struct slots *s, uint32_t index, uint32_t generation)
{
    return index < s->fresh && (generation & 1) &&
           slot_at(s, index)->generation == generation;
}
