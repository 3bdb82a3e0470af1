/* SPDX-License-Identifier: MIT */
#include "server/address.h"
#include "base/check.h"
#include "base/ip.h"

void address_init(struct addresses *all, struct address_entry *table,
                  uint32_t *buckets, uint32_t *entry_of, uint32_t count)
{
    *all = (struct addresses){
        .table = table, .buckets = buckets, .entry_of = entry_of};
    slots_init(&all->slots, &table->slot, sizeof *table, count);
}

static struct address whose(const struct socket_address *peer)
{
    struct ip ip = {.family = IP_V6};
    struct address a = {.family = SOCKET_INET6};
    memcpy(ip.bytes, peer->ip, sizeof ip.bytes);
    if (peer->family == SOCKET_INET6)
        ip_normalize(&ip);
    if (peer->family != SOCKET_INET6 || ip.family == IP_V4)
        a.family = SOCKET_INET;
    memcpy(a.bytes, ip.bytes, a.family == SOCKET_INET ? 4 : sizeof a.bytes);
    return a;
}

static uint64_t hash_of(uint64_t seed, const struct address *a)
{
    return bytes_mix(bytes_mix(seed ^ bytes_get64(a->bytes)) ^ a->family);
}

uint32_t address_key(uint64_t seed, const struct socket_address *peer)
{
    if (peer->family == SOCKET_UNIX)
        return 0;
    struct address a = whose(peer);
    uint32_t key = (uint32_t)hash_of(seed, &a);
    return key ? key : 1;
}

static uint32_t *bucket_of(const struct addresses *all, const struct address *a)
{
    return &all->buckets[hash_of(all->seed, a) % all->slots.size];
}

static bool is(const struct address *a, const struct address *b)
{
    return a->family == b->family &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most)
{
    struct address a = whose(peer);
    uint32_t *bucket = bucket_of(all, &a);
    uint32_t at = *bucket;
    while (at && !is(&all->table[at - 1].whose, &a))
        at = all->table[at - 1].next;
    if (at == 0) {
        uint32_t fresh = slots_take(&all->slots);
        CHECK(fresh != SLOTS_NONE); /* as many entries as connections */
        struct address_entry *entry = &all->table[fresh];
        entry->next = *bucket;
        entry->count = 0;
        entry->whose = a;
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
    uint32_t *link = bucket_of(all, &entry->whose);
    while (*link != entry_1)
        link = &all->table[*link - 1].next;
    *link = entry->next;
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
