/* SPDX-License-Identifier: MIT */
#include "server/lease.h"

void lease_init(struct leases *all, struct lease *table, uint8_t *bytes,
                uint32_t count, size_t size)
{
    *all = (struct leases){.table = table, .bytes = bytes, .size = size};
    slots_init(&all->slots, &table->slot, sizeof *table, count);
}

uint32_t lease_take(struct leases *all, uint32_t owner, uint32_t address,
                    uint32_t now)
{
    uint32_t index = slots_take(&all->slots);
    if (index == SLOTS_NONE)
        return LEASE_NONE;
    struct lease *l = lease_at(all, index);
    *l = (struct lease){
        .slot = l->slot, .owner = owner, .address = address, .since = now};
    return index;
}

void lease_give(struct leases *all, uint32_t *index)
{
    if (*index != LEASE_NONE)
        slots_give(&all->slots, *index);
    *index = LEASE_NONE;
}

void lease_drop_front(struct leases *all, uint32_t index)
{
    struct lease *l = lease_at(all, index);
    uint8_t *bytes = lease_bytes(all, index);
    memmove(bytes, bytes + l->start, l->end - l->start);
    l->end -= l->start;
    l->start = 0;
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
