/* SPDX-License-Identifier: MIT */
#include "bus/flight.h"

void flight_carve(struct flights *all, struct arena *a)
{
    all->table = arena_carve(a, FLIGHT_MOST, sizeof *all->table);
    if (all->table)
        slots_init(&all->slots, &all->table->slot, sizeof *all->table,
                   FLIGHT_MOST);
}

void flight_line_init(struct flight_line *line)
{
    line->first = line->last = FLIGHT_NONE;
}

struct flight *flight_add(struct flights *all, struct flight_line *line,
                          const struct flight *f)
{
    uint32_t index = slots_take(&all->slots);
    struct flight *added = flight_at(all, index);
    struct slot slot = added->slot;
    *added = *f;
    added->slot = slot;
    added->next = FLIGHT_NONE;
    if (line->first == FLIGHT_NONE)
        line->first = index;
    else
        flight_at(all, line->last)->next = index;
    line->last = index;
    return added;
}

static struct flight *first_of(const struct flights *all,
                               const struct flight_line *line)
{
    return line->first == FLIGHT_NONE ? NULL : flight_at(all, line->first);
}

struct flight *flight_find(const struct flights *all,
                           const struct flight_line *line, unsigned worker,
                           uint64_t sequence)
{
    struct flight *f = first_of(all, line);
    while (f && (f->worker != worker || f->sequence != sequence))
        f = flight_next(all, f);
    return f;
}

struct flight *flight_first(const struct flights *all,
                            const struct flight_line *line,
                            enum flight_state state)
{
    struct flight *f = first_of(all, line);
    while (f && f->state != state)
        f = flight_next(all, f);
    return f;
}

uint32_t flight_change(const struct flights *all,
                       const struct flight_line *line, enum flight_state from,
                       enum flight_state to)
{
    uint32_t count = 0;
    for (struct flight *f = first_of(all, line); f; f = flight_next(all, f))
        if (f->state == from) {
            f->state = (uint8_t)to;
            count++;
        }
    return count;
}

void flight_overtaken(const struct flights *all, const struct flight_line *line,
                      const struct flight *f)
{
    for (struct flight *g = first_of(all, line); g != f;
         g = flight_next(all, g))
        if (g->worker == f->worker &&
            (g->state == FLIGHT_NEW || g->state == FLIGHT_UNKNOWN))
            g->state = FLIGHT_LOST;
}

void flight_remove(struct flights *all, struct flight_line *line,
                   struct flight *f)
{
    uint32_t index = (uint32_t)(f - all->table), before = FLIGHT_NONE;
    for (uint32_t i = line->first; i != index; i = flight_at(all, i)->next)
        before = i;
    if (before == FLIGHT_NONE)
        line->first = f->next;
    else
        flight_at(all, before)->next = f->next;
    if (line->last == index)
        line->last = before;
    slots_give(&all->slots, index);
}
