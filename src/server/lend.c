/* SPDX-License-Identifier: MIT */
#include "server/lend.h"
#include "server/conn.h"
#include "server/request.h"

/* The client gives back all that it has of the pool. */
static void evict(struct server *s, const struct leases *pool, struct client *c)
{
    bool unsent = pool == &s->leases && c->outbox != LEASE_NONE;
    if (c->state == CLIENT_OPEN && !unsent)
        conn_close(s, c, CLOSE_TRY_LATER, "its buffer is needed",
                   CAUSE_NO_BUFFER, false);
    else if (c->state == CLIENT_REQUEST && !unsent)
        request_evict(s, c, "all buffers taken");
    else
        conn_drop(s, c, CAUSE_NO_BUFFER);
}

uint32_t lend_buffer(struct server *s, struct leases *pool, struct client *c)
{
    uint32_t owner = client_index(&s->clients, c), now = (uint32_t)s->now;
    uint32_t index = lease_take(pool, owner, c->address, now);
    if (index != LEASE_NONE)
        return index;
    s->cost += pool->slots.size * LIMITS_COST_LEASE;
    uint32_t oldest = lease_oldest(pool, owner, now);
    if (oldest == LEASE_NONE)
        return LEASE_NONE;
    evict(s, pool, client_at(&s->clients, lease_at(pool, oldest)->owner));
    return lease_take(pool, owner, c->address, now);
}
