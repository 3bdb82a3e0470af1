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

/* Bytes that have come. */
static size_t receive(struct server *s, struct client *c, uint8_t *to,
                      size_t size)
{
    ptrdiff_t got = socket_receive(c->fd, to, size);
    if (got <= 0) {
        client_clear(c, CLIENT_READABLE);
        if (got == 0)
            ended(s, c);
        else if (error_kind((int)got) != ERROR_WAIT)
            conn_drop(s, c, CAUSE_RESET);
        return 0;
    }
    size_t len = (size_t)got;
    /* A short receive took all there was, and the next byte makes an edge. An
       end of stream that the reactor told of already makes no further one. */
    if (len < size && !client_has(c, CLIENT_HANGUP))
        client_clear(c, CLIENT_READABLE);
    c->received += len;
    s->stats.bytes_in += len;
    s->cost += len * LIMITS_COST_RECEIVED;
    c->heard = (uint32_t)s->now;
    if (client_has(c, CLIENT_PINGED)) {
        /* It waits in the bucket of the pong's deadline; the next ping may be
           due before that. */
        client_clear(c, CLIENT_PINGED);
        due_set(s, c);
    }
    if (s->trace)
        trace_received(s, c, bytes_span(to, len));
    return len;
}

/* Can what is kept be handled without more? */
static bool unpark(struct client *c)
{
    bool parked = client_has(c, CLIENT_PARKED);
    client_clear(c, CLIENT_PARKED);
    return parked;
}

bool input_take(struct server *s, struct client *c, size_t most, size_t *len)
{
    struct span kept = {0};
    if (c->inbox != LEASE_NONE) {
        kept = lease_left(&s->leases, c->inbox); /* and is to fit again */
        most = bytes_min(most,
                         s->leases.size - lease_at(&s->leases, c->inbox)->end);
    } else if (client_has(c, CLIENT_TAIL)) {
        const struct client_echo *e = &client_profile(&s->clients, c)->echo;
        kept = bytes_span(e->tail, e->tail_len);
    }
    if (kept.len)
        memcpy(s->receive, kept.ptr, kept.len);
    *len = kept.len;
    if (unpark(c))
        return true;
    size_t got = receive(s, c, s->receive + kept.len,
                         bytes_min(most, s->receive_size - kept.len));
    *len += got;
    if (got > 0)
        client_clear(c, CLIENT_TAIL);
    return got > 0;
}

bool input_append(struct server *s, struct client *c, struct span *all)
{
    struct lease *l = lease_at(&s->leases, c->inbox);
    uint8_t *to = lease_bytes(&s->leases, c->inbox) + l->end;
    bool parked = unpark(c);
    size_t got =
        parked ? 0
               : receive(s, c, to,
                         bytes_min(s->leases.size - l->end, s->receive_size));
    if (!parked && got == 0)
        return false;
    l->end += (uint32_t)got;
    *all = lease_left(&s->leases, c->inbox);
    return true;
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
