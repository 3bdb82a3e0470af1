/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/wheel.c
 * with: src/base/bytes.c
 * eva: -eva-slevel 3000 -eva-split-return full
 *
 * Sequences of three calls on a wheel of two items, with deadlines near and
 * far, from any of several positions of the hand.
 */
#include "tests/prove/prove.h"

#include "base/wheel.h"

#define ITEMS 2

struct item {
    uint8_t before;
    struct wheel_link link;
};

static void step(struct wheel *w, struct item *items, uint64_t now)
{
    static const uint64_t deadlines[] = {0, 33, 2100, 99999};
    uint32_t index = (uint32_t)any_between(0, ITEMS - 1);
    unsigned which = (unsigned)any_between(0, 3);
    unsigned call = (unsigned)any_between(0, 3);
    //@ split index;
    //@ split which;
    //@ split call;
    uint64_t deadline = now + deadlines[which];
    if (call == 0 && items[index].link.bucket == 0)
        wheel_add(w, index, deadline);
    else if (call == 1)
        wheel_remove(w, index);
    else if (call == 2)
        wheel_hasten(w, index, deadline);
    else
        index = wheel_pop(w, deadline);
    //@ assert item: index < ITEMS || index == WHEEL_NONE;
}

static void turn(uint64_t now)
{
    struct item items[ITEMS] = {0};
    struct wheel w;
    wheel_init(&w, &items[0].link, sizeof items[0], now);
    for (int i = 0; i < SIZE(2, 3); i++)
        step(&w, items, now);
    wheel_wait(&w, now);
    for (int i = 0; i <= ITEMS; i++)
        wheel_pop(&w, now + 200000);
    uint64_t wait = wheel_wait(&w, now);
    //@ assert empty: wait == WHEEL_IDLE;
}

/* Both in one bucket: the one behind is taken out, then the other. */
static void share(void)
{
    struct item items[ITEMS] = {0};
    struct wheel w;
    wheel_init(&w, &items[0].link, sizeof items[0], 0);
    wheel_add(&w, 0, 100);
    wheel_add(&w, 1, 100);
    wheel_remove(&w, 0);
    wheel_remove(&w, 1);
}

void main(void)
{
    share();
    turn(0);
    turn(64 * WHEEL_TICK * 7 + 5);
}
