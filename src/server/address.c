/* SPDX-License-Identifier: MIT */
#include "server/address.h"
#include "base/check.h"

void address_init(struct addresses *all, struct address_entry *table,
                  uint32_t *buckets, uint32_t *entry_of, uint32_t count)
{
    *all = (struct addresses){
        .table = table, .buckets = buckets, .entry_of = entry_of};
    slots_init(&all->slots, &table->slot, sizeof *table, count);
}

/* Multiply and fold: enough against chance; the seed is against intent. */
static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    return x ^ x >> 32;
}

static uint32_t *bucket_of(const struct addresses *all, const uint8_t ip[16],
                           uint8_t family)
{
    uint64_t hash = mix(all->seed ^ bytes_get64(ip));
    hash = mix(hash ^ bytes_get64(ip + 8) ^ family);
    return &all->buckets[hash % all->slots.size];
}

static bool is(const struct address_entry *entry,
               const struct socket_address *peer)
{
    return entry->family == (uint8_t)peer->family &&
           memcmp(entry->ip, peer->ip, sizeof entry->ip) == 0;
}

uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most)
{
    uint32_t *bucket = bucket_of(all, peer->ip, (uint8_t)peer->family);
    uint32_t at = *bucket;
    while (at && !is(&all->table[at - 1], peer))
        at = all->table[at - 1].next;
    if (at == 0) {
        uint32_t fresh = slots_take(&all->slots);
        CHECK(fresh != SLOTS_NONE); /* as many entries as connections */
        struct address_entry *entry = &all->table[fresh];
        entry->next = *bucket;
        entry->count = 0;
        entry->family = (uint8_t)peer->family;
        memcpy(entry->ip, peer->ip, sizeof entry->ip);
        at = *bucket = fresh + 1;
    }
    struct address_entry *entry = &all->table[at - 1];
    if (entry->count >= most)
        return 0;
    entry->count++;
    return at;
}

void address_leave(struct addresses *all, uint32_t entry_1)
{
    if (entry_1 == 0)
        return;
    struct address_entry *entry = &all->table[entry_1 - 1];
    CHECK(entry->count > 0);
    if (--entry->count)
        return;
    uint32_t *link = bucket_of(all, entry->ip, entry->family);
    while (*link != entry_1)
        link = &all->table[*link - 1].next;
    *link = entry->next;
    slots_give(&all->slots, entry_1 - 1);
}
