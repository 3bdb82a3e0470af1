/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/slots.c
 * eva: -eva-slevel 2000
 *
 * Every sequence of five calls on a table of two places.
 */
#include "tests/prove/prove.h"

#include "base/slots.h"

#define PLACES 2

struct item {
    uint8_t before;
    struct slot slot;
};

static void step(struct slots *s, bool taken[PLACES])
{
    uint32_t index = (uint32_t)any_between(0, PLACES);
    //@ split index;
    if (index < PLACES && taken[index]) {
        uint32_t generation = slots_generation(s, index);
        bool current = slots_current(s, index, generation);
        //@ assert current: current;
        slots_give(s, index);
        current = slots_current(s, index, generation);
        //@ assert over: !current;
        taken[index] = false;
    } else {
        index = slots_take(s);
        //@ assert place: index == SLOTS_NONE || index < PLACES;
        if (index == SLOTS_NONE)
            return;
        //@ assert free: !taken[index];
        taken[index] = true;
    }
    //@ assert count: s->count == taken[0] + taken[1];
}

void main(void)
{
    struct item items[PLACES] = {0};
    struct slots s;
    bool taken[PLACES] = {false};
    slots_init(&s, &items[0].slot, sizeof items[0], PLACES);
    for (int i = 0; i < 5; i++)
        step(&s, taken);
    slots_current(&s, any_u32(), any_u32());
}
