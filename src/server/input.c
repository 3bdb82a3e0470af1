/* SPDX-License-Identifier: MIT */
#include "server/input.h"
#include "base/check.h"
#include "os/error.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/lend.h"
#include "server/trace.h"

/* The client will send nothing more. */
static void ended(struct server *s, struct client *c)
{
    if (c->state != CLIENT_OPEN) {
        conn_drop(s, c, CAUSE_END);
        return;
    }
    /* What it asked for before may still be on its way to it; there will be
       no closing handshake with somebody who cannot answer. */
    conn_close(s, c, 0, NULL, CAUSE_END);
}

static struct span receive(struct server *s, struct client *c, uint8_t *to,
                           size_t size)
{
    struct span none = {0};
    ptrdiff_t got = socket_receive(c->fd, to, size);
    if (got < 0 && error_kind((int)got) == ERROR_WAIT) {
        client_clear(c, CLIENT_READABLE);
        return none;
    }
    if (got <= 0) {
        client_clear(c, CLIENT_READABLE);
        if (got == 0)
            ended(s, c);
        else
            conn_drop(s, c, CAUSE_RESET);
        return none;
    }
    /* A short receive took all there was, and the next byte makes an edge. An
       end of stream that the reactor told of already makes no further one. */
    if ((size_t)got < size && !client_has(c, CLIENT_HANGUP))
        client_clear(c, CLIENT_READABLE);
    c->received += (uint64_t)got;
    s->stats.bytes_in += (uint64_t)got;
    s->cost += (uint64_t)got * LIMITS_COST_RECEIVED;
    c->heard = (uint32_t)s->now;
    if (client_has(c, CLIENT_PINGED)) {
        /* It waits in the bucket of the pong's deadline; the next ping may be
           due before that. */
        client_clear(c, CLIENT_PINGED);
        due_set(s, c);
    }
    if (s->trace)
        trace_received(s, c, bytes_span(to, (size_t)got));
    return bytes_span(to, (size_t)got);
}

struct span input_receive(struct server *s, struct client *c, size_t have,
                          size_t most)
{
    size_t size = bytes_min(s->receive_size - have, most);
    return receive(s, c, s->receive + have, size);
}

struct span input_take(struct server *s, struct client *c)
{
    if (c->inbox == LEASE_NONE)
        return receive(s, c, s->receive, s->receive_size);

    struct lease *l = lease_at(&s->leases, c->inbox);
    struct span waiting = lease_left(&s->leases, c->inbox);
    if (client_has(c, CLIENT_PARKED)) {
        client_clear(c, CLIENT_PARKED);
        return waiting;
    }
    size_t size =
        bytes_min(s->leases.size - l->end, s->receive_size - waiting.len);
    struct span got =
        receive(s, c, lease_bytes(&s->leases, c->inbox) + l->end, size);
    if (got.len == 0)
        return got;
    l->end += (uint32_t)got.len;
    return lease_left(&s->leases, c->inbox);
}

bool input_want_inbox(struct server *s, struct client *c)
{
    if (c->inbox == LEASE_NONE)
        c->inbox = lend_buffer(s, &s->leases, c);
    return c->inbox != LEASE_NONE;
}

bool input_keep(struct server *s, struct client *c, struct span rest,
                size_t message_len, bool parked)
{
    if (rest.len == 0 && message_len == 0 && !parked) {
        lease_give(&s->leases, &c->inbox);
        return true;
    }
    if (!input_want_inbox(s, c))
        return false;
    struct lease *l = lease_at(&s->leases, c->inbox);
    uint8_t *bytes = lease_bytes(&s->leases, c->inbox);
    CHECK(message_len + rest.len <= s->leases.size);
    if (rest.len)
        memmove(bytes + message_len, rest.ptr, rest.len);
    l->start = (uint32_t)message_len;
    l->end = (uint32_t)(message_len + rest.len);
    l->held = 0;
    if (parked)
        client_set(c, CLIENT_PARKED);
    return true;
}
