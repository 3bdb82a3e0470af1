/* SPDX-License-Identifier: MIT */
/*
 * list: doubly linked, by index, inside the items of a fixed table.
 *
 * An item can be in one list per `struct list_link` it holds. Indexes instead
 * of pointers: half the size, and a table that moves (or is handed to another
 * process) stays valid.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/bytes.h"

#define LIST_NONE UINT32_MAX

struct list_link {
    uint32_t next; /* index of the next item, LIST_NONE at the end */
    uint32_t prev; /* index of the one before, LIST_NONE at the start */
};

/* Where the links of a table's items lie; shared by all lists over it. */
struct list_table {
    uint8_t *first; /* the struct list_link of item 0 */
    size_t stride;  /* bytes from one item to the next */
};

struct list {
    uint32_t first; /* LIST_NONE when empty */
    uint32_t last;
    uint32_t count; /* items */
};

void list_init(struct list *l);

static inline struct list_link *list_link_of(const struct list_table *t,
                                             uint32_t index)
{
    return (struct list_link *)(void *)(t->first + (size_t)index * t->stride);
}

static inline bool list_empty(const struct list *l)
{
    return l->first == LIST_NONE;
}

/* The item after `index`, or LIST_NONE. */
static inline uint32_t list_next(const struct list_table *t, uint32_t index)
{
    return list_link_of(t, index)->next;
}

/* Append an item that is in no list through this link. */
void list_append(struct list *l, const struct list_table *t, uint32_t index);

/* Take out an item that is in this list. One that is in none, or at the end
   of another, trips a CHECK. */
void list_remove(struct list *l, const struct list_table *t, uint32_t index);

/* Take out the first item: its index, or LIST_NONE. */
uint32_t list_pop(struct list *l, const struct list_table *t);

#endif
