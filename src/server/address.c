/* SPDX-License-Identifier: MIT */
#include "server/address.h"
#include "base/check.h"
#include "base/ip.h"

/* Looks at a table of another worker that is being changed, and entries of a
   chain: more are not to be expected. */
#define TRIES 200
#define CHAIN 200

static void carve_table(struct addresses *all, struct arena *a, uint32_t count)
{
    all->table = arena_carve(a, count, sizeof *all->table);
    all->buckets = arena_carve(a, count, sizeof *all->buckets);
    if (all->table)
        slots_init(&all->slots, &all->table->slot, sizeof *all->table, count);
}

void address_carve(struct addresses *all, struct arena *a, uint32_t count)
{
    if (!all->changes)
        carve_table(all, a, count);
    all->entry_of = arena_carve(a, count, sizeof *all->entry_of);
}

void address_share(struct addresses *all, struct arena *a, uint32_t count)
{
    all->changes = arena_carve(a, 1, sizeof *all->changes);
    carve_table(all, a, count);
}

/* Entries were first taken in their order. */
void address_forget(struct addresses *all)
{
    size_t count = all->slots.size;
    memset(all->buckets, 0, count * sizeof *all->buckets);
    for (size_t i = 0; i < count && all->table[i].slot.generation; i++)
        all->table[i] = (struct address_entry){0};
    slots_init(&all->slots, &all->table->slot, sizeof *all->table,
               (uint32_t)count);
    atom_release(all->changes, 0);
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

static struct atom *bucket_of(const struct addresses *all, uint64_t owner)
{
    return &all->buckets[bytes_mix(all->seed ^ owner) % all->slots.size];
}

/* The link that names the owner's entry, or else the last one of its chain. */
static struct atom *link_of(const struct addresses *all, uint64_t owner)
{
    struct atom *link = bucket_of(all, owner);
    for (uint32_t at;
         (at = atom_get(link)) && all->table[at - 1].owner != owner;)
        link = &all->table[at - 1].next;
    return link;
}

/* Entries of a chain change: others that read it look once more. */
static void begin_change(const struct addresses *all)
{
    if (!all->changes)
        return;
    atom_put(all->changes, atom_get(all->changes) + 1);
    atom_fence();
}

static void end_change(const struct addresses *all)
{
    if (all->changes)
        atom_release(all->changes, atom_get(all->changes) + 1);
}

/* ---- What other workers have ---------------------------------------------- */

/* It may change meanwhile: nothing that is read is believed. */
static uint32_t count_in_chain(const struct addresses *other, uint64_t owner)
{
    uint32_t at = atom_get(bucket_of(other, owner));
    for (unsigned i = 0; i < CHAIN && at > 0 && at <= other->slots.size; i++) {
        const struct address_entry *entry = &other->table[at - 1];
        if (entry->owner == owner)
            return atom_get(&entry->count);
        at = atom_get(&entry->next);
    }
    return 0;
}

/* One that died in the midst of a change leaves it so for a moment: then it is
   as it was seen last. */
static uint32_t count_of(const struct addresses *other, uint64_t owner)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < TRIES; i++) {
        uint32_t before = atom_acquire(other->changes);
        count = count_in_chain(other, owner);
        atom_fence();
        if (before % 2 == 0 && atom_get(other->changes) == before)
            break;
        atom_pause();
    }
    return count;
}

static uint32_t count_elsewhere(const struct addresses *all, uint64_t owner)
{
    uint32_t sum = 0;
    if (all->worker_count)
        atom_fence();
    for (uint32_t w = 0; w < all->worker_count; w++)
        if (w != all->worker)
            sum += count_of(&all->others[w], owner);
    return sum;
}

/* ---- Coming and going ------------------------------------------------------ */

static uint32_t add_entry(struct addresses *all, struct atom *link,
                          uint64_t owner)
{
    uint32_t fresh = slots_take(&all->slots);
    CHECK(fresh != SLOTS_NONE); /* as many entries as connections */
    begin_change(all);
    struct address_entry *entry = &all->table[fresh];
    atom_put(&entry->next, 0);
    atom_put(&entry->count, 0);
    entry->owner = owner;
    atom_put(link, fresh + 1);
    end_change(all);
    return fresh + 1;
}

uint32_t address_enter(struct addresses *all, const struct socket_address *peer,
                       uint32_t most)
{
    uint64_t owner = owner_of(peer);
    struct atom *link = link_of(all, owner);
    uint32_t entry_1 = atom_get(link);
    if (entry_1 == 0)
        entry_1 = add_entry(all, link, owner);
    struct atom *count = &all->table[entry_1 - 1].count;
    atom_put(count, atom_get(count) + 1);
    if (atom_get(count) + count_elsewhere(all, owner) <= most)
        return entry_1;
    address_leave(all, entry_1);
    return 0;
}

void address_leave(struct addresses *all, uint32_t entry_1)
{
    if (entry_1 == 0)
        return;
    struct address_entry *entry = &all->table[entry_1 - 1];
    uint32_t count = atom_get(&entry->count);
    CHECK(count > 0);
    atom_put(&entry->count, count - 1);
    if (count > 1)
        return;
    begin_change(all);
    atom_put(link_of(all, entry->owner), atom_get(&entry->next));
    end_change(all);
    slots_give(&all->slots, entry_1 - 1);
}

/* ---- Crowds -------------------------------------------------------------- */

static uint32_t count_crowd(const struct address_crowd *all, uint32_t place)
{
    uint32_t sum = 0;
    for (uint32_t w = 0; w < all->worker_count; w++)
        sum += atom_get(&all->workers[w].counts[place]);
    return sum;
}

static bool is_told(const struct address_crowd *all, uint32_t place)
{
    for (uint32_t w = 0; w < all->worker_count; w++)
        if (atom_get(&all->workers[w].told) == place + 1)
            return true;
    return false;
}

bool address_join(const struct address_crowd *all, uint32_t key, uint32_t slots)
{
    struct address_crowds *own = &all->workers[all->worker];
    uint32_t place = key % ADDRESS_CROWDS;
    if (key == 0)
        return false;
    atom_put(&own->counts[place], atom_get(&own->counts[place]) + 1);
    if (count_crowd(all, place) <= slots / 2 || is_told(all, place))
        return false;
    atom_put(&own->told, place + 1);
    return true;
}

void address_part(const struct address_crowd *all, uint32_t key, uint32_t slots)
{
    struct address_crowds *own = &all->workers[all->worker];
    uint32_t place = key % ADDRESS_CROWDS;
    if (key == 0)
        return;
    CHECK(atom_get(&own->counts[place]) > 0);
    atom_put(&own->counts[place], atom_get(&own->counts[place]) - 1);
    if (!is_told(all, place) || count_crowd(all, place) >= slots / 4)
        return;
    for (uint32_t w = 0; w < all->worker_count; w++)
        (void)atom_replace(&all->workers[w].told, place + 1, 0);
}
