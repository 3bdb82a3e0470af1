/* SPDX-License-Identifier: MIT */
#include "server/address.h"
#include "base/check.h"
#include "base/ip.h"

void address_carve(struct addresses *all, struct arena *a, uint32_t count)
{
    all->table = arena_carve(a, count, sizeof *all->table);
    all->buckets = arena_carve(a, count, sizeof *all->buckets);
    all->entry_of = arena_carve(a, count, sizeof *all->entry_of);
    if (all->table)
        slots_init(&all->slots, &all->table->slot, sizeof *all->table, count);
}

/* The first 64 bits of IPv6. IPv4 has the place of multicast there, from which
   nobody comes (RFC 4291 2.7). */
static uint64_t owner_of(const struct socket_address *peer)
{
    struct ip ip = {.family = peer->family == SOCKET_INET6 ? IP_V6 : IP_V4};
    memcpy(ip.bytes, peer->ip, sizeof ip.bytes);
    ip_normalize(&ip);
    return ip.family == IP_V6
               ? bytes_get64(ip.bytes)
               : UINT64_C(0xFFFFFFFF) << 32 | bytes_get32(ip.bytes);
}

uint32_t address_key(uint64_t seed, const struct socket_address *peer)
{
    if (peer->family == SOCKET_UNIX)
        return 0;
    uint32_t key = (uint32_t)bytes_mix(seed ^ owner_of(peer));
    return key ? key : 1;
}

/* The link that names the owner's entry, or else the last one of its chain. */
static uint32_t *link_of(const struct addresses *all, uint64_t owner)
{
    uint64_t bucket = bytes_mix(all->seed ^ owner) % all->slots.size;
    uint32_t *link = &all->buckets[bucket];
    while (*link && all->table[*link - 1].owner != owner)
        link = &all->table[*link - 1].next;
    return link;
}

uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most)
{
    uint64_t owner = owner_of(peer);
    uint32_t *link = link_of(all, owner);
    if (*link == 0) {
        uint32_t fresh = slots_take(&all->slots);
        CHECK(fresh != SLOTS_NONE); /* as many entries as connections */
        all->table[fresh].next = 0;
        all->table[fresh].count = 0;
        all->table[fresh].owner = owner;
        *link = fresh + 1;
    }
    struct address_entry *entry = &all->table[*link - 1];
    if (entry->count >= most)
        return 0;
    entry->count++;
    return *link;
}

void address_leave(struct addresses *all, uint32_t entry_1)
{
    if (entry_1 == 0)
        return;
    struct address_entry *entry = &all->table[entry_1 - 1];
    CHECK(entry->count > 0);
    if (--entry->count)
        return;
    *link_of(all, entry->owner) = entry->next;
    slots_give(&all->slots, entry_1 - 1);
}

/* ---- Crowds -------------------------------------------------------------- */

bool address_join(struct address_crowds *all, uint32_t key, uint32_t slots)
{
    uint32_t place = key % ADDRESS_CROWDS;
    if (key == 0 || ++all->counts[place] <= slots / 2 || all->told == place + 1)
        return false;
    all->told = place + 1;
    return true;
}

void address_part(struct address_crowds *all, uint32_t key, uint32_t slots)
{
    uint32_t place = key % ADDRESS_CROWDS;
    if (key == 0)
        return;
    CHECK(all->counts[place] > 0);
    if (--all->counts[place] < slots / 4 && all->told == place + 1)
        all->told = 0;
}
