/* SPDX-License-Identifier: MIT */
#include "server/lend.h"
#include "server/conn.h"
#include "server/pending.h"

#define BUCKETS 256 /* of addresses */

/* Is this one lent out, and to somebody who may lose it? */
static bool may_lose(const struct server *s, const struct leases *all,
                     uint32_t index, const struct client *except)
{
    const struct client *owner =
        client_at(&s->clients, lease_at(all, index)->owner);
    bool is_going =
        owner->state == CLIENT_CLOSING && !owner->as.farewell.is_settled;
    return slots_generation(&all->slots, index) % 2 == 1 && owner != except &&
           owner->taken == 0 && !is_going;
}

static uint32_t fullest_bucket(const struct server *s, const struct leases *all,
                               const struct client *except)
{
    uint32_t in[BUCKETS] = {0}, fullest = 0;
    for (uint32_t i = 0; i < all->slots.fresh; i++) {
        uint32_t bucket = lease_at(all, i)->address % BUCKETS;
        if (may_lose(s, all, i, except) && ++in[bucket] > in[fullest])
            fullest = bucket;
    }
    return fullest;
}

/* Of a bucket the address that has more than half of it, if there is one: each
   vote for another address takes one away (Boyer and Moore). */
static uint32_t winner(const struct server *s, const struct leases *all,
                       const struct client *except, uint32_t bucket)
{
    uint32_t address = bucket, votes = 0;
    for (uint32_t i = 0; i < all->slots.fresh; i++) {
        uint32_t of = lease_at(all, i)->address;
        if (!may_lose(s, all, i, except) || of % BUCKETS != bucket)
            continue;
        if (votes == 0)
            address = of;
        votes += of == address ? 1 : (uint32_t)-1;
    }
    return address;
}

uint32_t lend_oldest(const struct server *s, const struct leases *all,
                     const struct client *except)
{
    uint32_t now = (uint32_t)s->now;
    uint32_t address = winner(s, all, except, fullest_bucket(s, all, except));
    uint32_t oldest = LEASE_NONE;
    for (uint32_t i = 0; i < all->slots.fresh; i++)
        if (may_lose(s, all, i, except) &&
            lease_at(all, i)->address == address &&
            (oldest == LEASE_NONE || now - lease_at(all, i)->since >
                                         now - lease_at(all, oldest)->since))
            oldest = i;
    return oldest;
}

/* The client gives back all that it has of the pool. */
static void evict(struct server *s, const struct leases *pool, struct client *c)
{
    bool unsent = pool == &s->leases && c->outbox != LEASE_NONE;
    if (c->state == CLIENT_OPEN && !unsent) {
        conn_close(s, c, CLOSE_TRY_LATER, "its buffer is needed",
                   CAUSE_NO_BUFFER);
    } else if (client_is_unanswered(c) && !unsent) {
        conn_refuse(s, c, pending_refusal(s, c), "all buffers taken");
        conn_linger(s, c);
    } else {
        conn_drop(s, c, CAUSE_NO_BUFFER);
    }
}

uint32_t lend_buffer(struct server *s, struct leases *pool, struct client *c)
{
    uint32_t owner = client_index(&s->clients, c), now = (uint32_t)s->now;
    uint32_t index = lease_take(pool, owner, c->address, now);
    if (index != LEASE_NONE)
        return index;
    s->cost += pool->slots.size * LIMITS_COST_LEASE;
    uint32_t oldest = lend_oldest(s, pool, c);
    if (oldest == LEASE_NONE)
        return LEASE_NONE;
    evict(s, pool, client_at(&s->clients, lease_at(pool, oldest)->owner));
    return lease_take(pool, owner, c->address, now);
}
