/* SPDX-License-Identifier: MIT */
#include "server/due.h"
#include "server/grant.h"
#include "server/member.h"

/* The moment `after` milliseconds from a client's time. */
static uint64_t moment(const struct server *s, uint32_t then, uint32_t after)
{
    return s->now - server_since(s, then) + after;
}

/* Is it our doing that nothing is heard of it? READY, too: what it has said is
   about to be read. */
bool due_unheard(const struct client *c)
{
    return c->waits || (c->flags & (CLIENT_PARKED | CLIENT_READY));
}

bool due_output_waits(const struct client *c)
{
    return client_waits(c, CLIENT_WAITS_OUTPUT | CLIENT_WAITS_BUFFER);
}

uint64_t due_output(const struct server *s, const struct client *c)
{
    if (!due_output_waits(c))
        return DUE_NEVER;
    /* After a pause of the machine nobody knows what the peer would have taken
       in it. */
    uint64_t moved = s->now - server_since(s, c->moved);
    return (moved > s->resumed ? moved : s->resumed) + s->config->write_timeout;
}

uint64_t due_heartbeat(const struct server *s, const struct client *c)
{
    if (s->config->ping == 0)
        return DUE_NEVER;
    if (due_unheard(c))
        return s->now + s->config->ping;
    if (client_has(c, CLIENT_PINGED))
        return moment(s, c->since, s->config->pong_timeout);
    return moment(s, c->heard, s->config->ping);
}

/* What it is in the middle of sending, or NULL. */
static const struct lease *unfinished(const struct server *s,
                                      const struct client *c)
{
    uint32_t inflating = client_inflating(&s->clients, c);
    if (c->taken)
        return NULL;
    if (inflating != LEASE_NONE)
        return lease_at(&s->inflating, inflating);
    return c->inbox == LEASE_NONE ? NULL : lease_at(&s->leases, c->inbox);
}

uint64_t due_message(const struct server *s, const struct client *c)
{
    const struct lease *l = unfinished(s, c);
    if (!l)
        return DUE_NEVER;
    uint32_t since = l->since;
    if (c->waits)
        since += server_since(s, client_profile(&s->clients, c)->waited);
    uint64_t at = moment(s, since, s->config->message_timeout);
    /* The rest of it may be here. */
    return due_unheard(c) && at <= s->now ? s->now + LIMITS_AGAIN : at;
}

uint64_t due_pace(const struct server *s, const struct client *c)
{
    const struct client_member *m = member_of(s, c);
    if (!client_in_room(c) || m->behind == MEMBER_IN_STEP)
        return DUE_NEVER;
    return moment(s, m->lag_since, LIMITS_PACE);
}

uint64_t due_state(const struct server *s, const struct client *c)
{
    const struct config *config = s->config;
    switch ((enum client_state)c->state) {
    case CLIENT_PROXY:
    case CLIENT_REQUEST: return moment(s, c->since, config->handshake_timeout);
    case CLIENT_BODY: return moment(s, c->since, config->message_timeout);
    case CLIENT_ASKING:
        return moment(s, c->since,
                      c->as.http.is_whole ? config->message_timeout
                                          : config->handshake_timeout);
    case CLIENT_IDLE: return moment(s, c->since, config->keep_alive);
    case CLIENT_CLOSING: return moment(s, c->since, config->close_timeout);
    case CLIENT_LINGER: return moment(s, c->since, LIMITS_LINGER);
    default: return DUE_NEVER;
    }
}

void due_set(struct server *s, struct client *c)
{
    uint64_t at = due_state(s, c);
    if ((c->state == CLIENT_REPLY || c->state == CLIENT_OPEN) &&
        due_output_waits(c))
        /* Several looks, for progress counts from when it was seen. 1: not
           now again where the timeout is short. */
        at = bytes_min64(due_output(s, c),
                         s->now + s->config->write_timeout / LIMITS_PROGRESS +
                             1);
    if (c->state == CLIENT_OPEN) {
        at = bytes_min64(at, due_heartbeat(s, c));
        at = bytes_min64(at, due_message(s, c));
        at = bytes_min64(at, due_pace(s, c));
        at = bytes_min64(at, grant_due(s, c));
        if (client_waits(c, CLIENT_WAITS_BUFFER))
            at = bytes_min64(at, s->now + LIMITS_AGAIN);
    }
    if (at != DUE_NEVER)
        wheel_hasten(&s->wheel, client_index(&s->clients, c), at);
}
