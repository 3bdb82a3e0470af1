/* SPDX-License-Identifier: MIT */
#include "server/lease.h"

void lease_init(struct leases *all, struct lease *table, uint8_t *bytes,
                uint32_t count, size_t size)
{
    *all = (struct leases){.table = table, .bytes = bytes, .size = size};
    slots_init(&all->slots, &table->slot, sizeof *table, count);
}

uint32_t lease_take(struct leases *all, bool spare)
{
    uint32_t reserve = spare ? (all->slots.size + 6) / 8 : 0;
    if (all->slots.size - all->slots.count <= reserve)
        return LEASE_NONE;
    uint32_t index = slots_take(&all->slots);
    struct lease *l = lease_at(all, index);
    l->start = l->end = l->held = 0;
    return index;
}

void lease_give(struct leases *all, uint32_t *index)
{
    if (*index != LEASE_NONE)
        slots_give(&all->slots, *index);
    *index = LEASE_NONE;
}

bool lease_append(struct leases *all, uint32_t index, struct span s)
{
    struct lease *l = lease_at(all, index);
    if (s.len > all->size - l->end)
        return false;
    if (s.len)
        memcpy(lease_bytes(all, index) + l->end, s.ptr, s.len);
    l->end += (uint32_t)s.len;
    return true;
}
