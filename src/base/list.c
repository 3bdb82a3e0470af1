/* SPDX-License-Identifier: MIT */
#include "base/list.h"
#include "base/check.h"

void list_init(struct list *l)
{
    *l = (struct list){.first = LIST_NONE, .last = LIST_NONE};
}

void list_append(struct list *l, const struct list_table *t, uint32_t index)
{
    struct list_link *link = list_link_of(t, index);
    *link = (struct list_link){.next = LIST_NONE, .prev = l->last};
    if (l->last == LIST_NONE)
        l->first = index;
    else
        list_link_of(t, l->last)->next = index;
    l->last = index;
    l->count++;
}

void list_remove(struct list *l, const struct list_table *t, uint32_t index)
{
    const struct list_link *link = list_link_of(t, index);
    if (link->prev == LIST_NONE) {
        CHECK(l->first == index);
        l->first = link->next;
    } else {
        CHECK(list_link_of(t, link->prev)->next == index);
        list_link_of(t, link->prev)->next = link->next;
    }
    if (link->next == LIST_NONE) {
        CHECK(l->last == index);
        l->last = link->prev;
    } else {
        CHECK(list_link_of(t, link->next)->prev == index);
        list_link_of(t, link->next)->prev = link->prev;
    }
    l->count--;
}

uint32_t list_pop(struct list *l, const struct list_table *t)
{
    uint32_t index = l->first;
    if (index != LIST_NONE)
        list_remove(l, t, index);
    return index;
}
