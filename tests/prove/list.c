/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/list.c src/base/list.h
 * eva: -eva-slevel 2000
 *
 * Every sequence of four calls on a list over three items.
 */
#include "tests/prove/prove.h"

#include "base/list.h"

#define ITEMS 3

struct item {
    uint8_t before;
    struct list_link link;
};

static void step(struct list *l, const struct list_table *t, bool in[ITEMS])
{
    uint32_t index = (uint32_t)any_between(0, ITEMS - 1);
    bool pop = any_bool();
    //@ split index;
    //@ split pop;
    if (pop) {
        index = list_pop(l, t);
        if (index != LIST_NONE)
            in[index] = false;
    } else if (in[index]) {
        list_remove(l, t, index);
        in[index] = false;
    } else {
        list_append(l, t, index);
        in[index] = true;
    }
    uint32_t count = 0;
    for (uint32_t i = l->first; i != LIST_NONE; i = list_next(t, i)) {
        //@ assert inside: i < ITEMS;
        //@ assert listed: in[i];
        count++;
    }
    //@ assert count: count == l->count;
    list_empty(l);
}

void main(void)
{
    struct item items[ITEMS];
    struct list l;
    bool in[ITEMS] = {false};
    struct list_table t = {.first = (uint8_t *)&items[0].link,
                           .stride = sizeof items[0]};
    any_bytes(items, sizeof items);
    list_init(&l);
    for (int i = 0; i < SIZE(3, 4); i++)
        step(&l, &t, in);
}
