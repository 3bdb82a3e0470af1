/* SPDX-License-Identifier: MIT */
#include "server/history.h"

void history_begin(struct history *h, struct history_mark *marks, uint64_t size,
                   struct store_id last)
{
    *h = (struct history){.marks = marks, .size = size, .last = last};
}

/* Of the message that `ago` others have followed. */
static struct history_mark *mark_of(const struct history *h, uint64_t ago)
{
    return &h->marks[(h->count - ago) % h->size];
}

void history_add(struct history *h, struct store_id id, uint64_t pos)
{
    h->last = id;
    h->count++;
    if (h->size)
        *mark_of(h, 0) = (struct history_mark){.pos = pos, .id = id};
}

uint64_t history_held(const struct history *h, const struct ring *log,
                      uint64_t count)
{
    uint64_t n = 0;
    count = bytes_min64(count, bytes_min64(h->size, h->count));
    while (n < count && ring_holds(log, mark_of(h, n)->pos))
        n++;
    return n;
}

static bool is_same(struct store_id a, struct store_id b)
{
    return a.epoch == b.epoch && a.number == b.number;
}

/* Is it the message directly before this one? A count begins at 1: what was
   before that in another epoch is not known. */
static bool is_before(struct store_id id, struct store_id next)
{
    return id.epoch == next.epoch && id.number + 1 == next.number;
}

uint64_t history_after(const struct history *h, const struct ring *log,
                       struct store_id id, bool *gap)
{
    uint64_t held = history_held(h, log, h->size), n = 0;
    *gap = false;
    if (is_same(id, h->last))
        return 0;
    while (n < held && !is_same(id, mark_of(h, n)->id))
        n++;
    *gap = n == held && (held == 0 || !is_before(id, mark_of(h, n - 1)->id));
    return n;
}

uint64_t history_position(const struct history *h, const struct ring *log,
                          uint64_t count)
{
    return count ? mark_of(h, count - 1)->pos : log->head;
}
