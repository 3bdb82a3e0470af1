/* SPDX-License-Identifier: MIT */
#include "server/ready.h"

bool ready_may_read(const struct client *c)
{
    /* In REPLY the next request waits for the response to leave; in CLOSING
       nothing the client says counts any more. */
    return (c->flags & (CLIENT_READABLE | CLIENT_PARKED)) && c->waits == 0 &&
           c->state != CLIENT_REPLY && c->state != CLIENT_ASKING &&
           c->state != CLIENT_CLOSING && c->state != CLIENT_GONE;
}

void ready_add(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_READY) || !ready_may_read(c))
        return;
    client_set(c, CLIENT_READY);
    client_push(&s->clients, &s->ready, c);
}

void ready_wait(struct server *s, struct client *c, unsigned reason,
                uint64_t after)
{
    if (c->waits == 0)
        client_profile(&s->clients, c)->waited = (uint32_t)s->now;
    c->waits = (uint8_t)(c->waits | reason);
    if (after != REACTOR_FOREVER)
        wheel_hasten(&s->wheel, client_index(&s->clients, c), s->now + after);
}

void ready_block(struct server *s, struct client *c, unsigned reason,
                 uint64_t after)
{
    if (!client_waits(c, reason))
        c->moved = (uint32_t)s->now;
    ready_wait(s, c, reason, after);
}

void ready_go_on(struct server *s, struct client *c, unsigned reasons)
{
    if (!client_waits(c, reasons))
        return;
    c->waits = (uint8_t)(c->waits & ~reasons);
    if (c->waits || c->state != CLIENT_OPEN)
        return;
    uint32_t pause = server_since(s, client_profile(&s->clients, c)->waited);
    c->heard += pause;
    c->since += pause;
    if (c->inbox != LEASE_NONE)
        lease_at(&s->leases, c->inbox)->since += pause;
    uint32_t inflating = client_inflating(&s->clients, c);
    if (inflating != LEASE_NONE)
        lease_at(&s->inflating, inflating)->since += pause;
    ready_add(s, c);
}

void ready_ask_later(struct server *s, struct client *c)
{
    client_set_state(&s->clients, c, CLIENT_ASKING);
    client_set(c, CLIENT_PARKED);
    wheel_hasten(&s->wheel, client_index(&s->clients, c),
                 s->now + LIMITS_AGAIN);
}

void ready_ask_again(struct server *s, struct client *c)
{
    client_set_state(&s->clients, c,
                     c->as.http.is_whole ? CLIENT_BODY : CLIENT_REQUEST);
    ready_add(s, c);
}

void ready_ask_all_again(struct server *s)
{
    while (!list_empty(&s->clients.asking))
        ready_ask_again(s, client_at(&s->clients, s->clients.asking.first));
}
