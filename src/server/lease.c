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

/* ---- The oldest of the address that holds most --------------------------- */

#define BUCKETS 256 /* of addresses */

/* Is this one lent out, to another, and unfinished? */
static bool counts(const struct leases *all, uint32_t index, uint32_t but_of)
{
    const struct lease *l = lease_at(all, index);
    return slots_generation(&all->slots, index) % 2 == 1 &&
           l->owner != but_of && !l->kept;
}

static uint32_t fullest_bucket(const struct leases *all, uint32_t but_of)
{
    uint32_t in[BUCKETS] = {0}, fullest = 0;
    for (uint32_t i = 0; i < all->slots.fresh; i++) {
        uint32_t bucket = lease_at(all, i)->address % BUCKETS;
        if (counts(all, i, but_of) && ++in[bucket] > in[fullest])
            fullest = bucket;
    }
    return fullest;
}

/* Of a bucket the address that has more than half of it, if there is one: each
   vote for another address takes one away (Boyer and Moore). */
static uint32_t winner(const struct leases *all, uint32_t but_of,
                       uint32_t bucket)
{
    uint32_t address = bucket, votes = 0;
    for (uint32_t i = 0; i < all->slots.fresh; i++) {
        uint32_t of = lease_at(all, i)->address;
        if (!counts(all, i, but_of) || of % BUCKETS != bucket)
            continue;
        if (votes == 0)
            address = of;
        votes += of == address ? 1 : (uint32_t)-1;
    }
    return address;
}

uint32_t lease_oldest(const struct leases *all, uint32_t but_of, uint32_t now)
{
    uint32_t address = winner(all, but_of, fullest_bucket(all, but_of));
    uint32_t oldest = LEASE_NONE;
    for (uint32_t i = 0; i < all->slots.fresh; i++)
        if (counts(all, i, but_of) && lease_at(all, i)->address == address &&
            (oldest == LEASE_NONE || now - lease_at(all, i)->since >
                                         now - lease_at(all, oldest)->since))
            oldest = i;
    return oldest;
}

/* ---- Lending -------------------------------------------------------------- */

void lease_give(struct leases *all, uint32_t *index)
{
    if (*index != LEASE_NONE) {
        lease_let_go(all, *index);
        slots_give(&all->slots, *index);
    }
    *index = LEASE_NONE;
}

bool lease_keep(struct leases *all, uint32_t index)
{
    if (all->kept >= (uint64_t)all->slots.size * 3 / 4)
        return false;
    all->kept++;
    return lease_at(all, index)->kept = true;
}

void lease_let_go(struct leases *all, uint32_t index)
{
    all->kept -= lease_at(all, index)->kept;
    lease_at(all, index)->kept = false;
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
