/* SPDX-License-Identifier: MIT */
#include "server/deadline.h"
#include "os/socket.h"
#include "server/conn.h"
#include "server/member.h"
#include "server/open.h"
#include "server/outbox.h"
#include "server/ready.h"
#include "server/request.h"

#define NEVER UINT64_MAX

/* The moment `after` milliseconds from a client's time. */
static uint64_t moment(const struct server *s, uint32_t then, uint32_t after)
{
    return s->now - server_since(s, then) + after;
}

static bool over(const struct server *s, uint32_t then, uint32_t after)
{
    return server_since(s, then) >= after;
}

/* ---- Output that is pending ---------------------------------------------- */

/* What the peer must acknowledge of what lies in a buffer, which others may
   need, in the next write-timeout. */
static uint32_t due_of(const struct server *s, const struct client *c,
                       size_t unacknowledged)
{
    uint64_t pending = unacknowledged + lease_left(&s->leases, c->outbox).len;
    return (uint32_t)bytes_min64(
        pending,
        (uint64_t)s->config->write_timeout * LIMITS_LEAST_PACE / 1000 + 1);
}

/* Progress is what the peer's TCP has acknowledged; that the kernel takes
   bytes, or says it would, proves nothing. */
static void look_at_progress(struct server *s, struct client *c)
{
    ptrdiff_t waiting = socket_unacknowledged(c->fd);
    if (waiting < 0)
        return;
    uint32_t taken = (uint32_t)(c->sent - (uint64_t)waiting);
    struct lease *l =
        c->outbox == LEASE_NONE ? NULL : lease_at(&s->leases, c->outbox);
    if (taken - c->mark < (l ? l->due : 1))
        return;
    if (taken != c->mark) /* the first look at a buffer may find nothing new */
        c->moved = (uint32_t)s->now;
    c->mark = taken;
    if (l)
        l->due = due_of(s, c, (size_t)waiting);
}

/* Since when is that reckoned? After a pause of the machine nobody knows what
   the peer would have taken in it. */
static uint64_t since_progress(const struct server *s, const struct client *c)
{
    uint64_t moved = s->now - server_since(s, c->moved);
    return moved > s->resumed ? moved : s->resumed;
}

static void write_timeout(struct server *s, struct client *c)
{
    /* A Close can stand only at a boundary, and nothing private may be half
       sent; it is pending behind what the peer does not take, so this says
       goodbye only to one who begins to read again. */
    if (c->state == CLIENT_OPEN && c->frame_left == 0 &&
        c->outbox == LEASE_NONE)
        conn_close(s, c, CLOSE_TRY_LATER, "too slow", CAUSE_WRITE_TIMEOUT,
                   false);
    else
        conn_drop(s, c, CAUSE_WRITE_TIMEOUT);
}

/* Is there something that only its peer's taking of bytes can end? */
static bool waits_for_peer(const struct client *c)
{
    return client_waits(c, CLIENT_WAITS_OUTPUT | CLIENT_WAITS_BUFFER);
}

static uint64_t blocked_deadline(const struct server *s, const struct client *c)
{
    if (!waits_for_peer(c))
        return NEVER;
    uint32_t limit = s->config->write_timeout;
    return bytes_min64(since_progress(s, c) + limit,
                       s->now + limit / LIMITS_PROGRESS + 1);
}

/* True when the client is dealt with. */
static bool blocked_reached(struct server *s, struct client *c)
{
    if (!waits_for_peer(c))
        return false;
    look_at_progress(s, c);
    if (s->now - since_progress(s, c) < s->config->write_timeout)
        return false;
    write_timeout(s, c);
    return true;
}

/* ---- An open WebSocket --------------------------------------------------- */

/* Is it our doing that nothing is heard of it? */
static bool is_unheard(const struct client *c)
{
    /* READY, too: what it has said is about to be read. */
    return c->waits || (c->flags & (CLIENT_PARKED | CLIENT_READY));
}

static void ping(struct server *s, struct client *c)
{
    client_set(c, CLIENT_PINGED);
    c->since = (uint32_t)s->now;
    conn_begin(s, c);
    outbox_frame(s, c, FRAME_FIN | FRAME_PING, bytes_span(NULL, 0));
    conn_settle(s, c);
}

static void give_up(struct server *s, struct client *c)
{
    conn_begin(s, c);
    conn_close(s, c, CLOSE_GOING_AWAY, "no sign of life", CAUSE_PONG_TIMEOUT,
               false);
    conn_settle(s, c);
}

static void heartbeat(struct server *s, struct client *c)
{
    if (s->config->ping == 0 || is_unheard(c))
        return;
    if (client_has(c, CLIENT_PINGED)) {
        if (over(s, c->since, s->config->pong_timeout))
            give_up(s, c);
    } else if (over(s, c->heard, s->config->ping)) {
        ping(s, c);
    }
}

static uint64_t heartbeat_deadline(const struct server *s,
                                   const struct client *c)
{
    if (s->config->ping == 0)
        return NEVER;
    if (is_unheard(c))
        return s->now + s->config->ping;
    if (client_has(c, CLIENT_PINGED))
        return moment(s, c->since, s->config->pong_timeout);
    return moment(s, c->heard, s->config->ping);
}

/* Since when has it been in the middle of sending something? False when it is
   not. */
static bool began(const struct server *s, const struct client *c,
                  uint32_t *since)
{
    uint32_t inflating = client_inflating(&s->clients, c);
    if ((c->inbox == LEASE_NONE && !inflating) || c->taken)
        return false;
    if (inflating)
        *since = lease_at(&s->inflating, inflating - 1)->since;
    else
        *since = lease_at(&s->leases, c->inbox)->since;
    return true;
}

static uint64_t message_deadline(const struct server *s, const struct client *c)
{
    uint32_t since;
    if (!began(s, c, &since))
        return NEVER;
    if (c->waits)
        since += server_since(s, client_profile(&s->clients, c)->waited);
    uint64_t at = moment(s, since, s->config->message_timeout);
    /* The rest of it may be here. */
    return is_unheard(c) && at <= s->now ? s->now + LIMITS_AGAIN : at;
}

/* When is a member that is late to be looked at? */
static uint64_t late_deadline(const struct server *s, const struct client *c)
{
    const struct client_member *m = &client_profile(&s->clients, c)->member;
    if (!client_in_room(c) || m->behind == MEMBER_IN_STEP)
        return NEVER;
    return moment(s, m->lag_since, LIMITS_PACE);
}

static void open_reached(struct server *s, struct client *c)
{
    if (late_deadline(s, c) <= s->now)
        member_measure(s, c);
    if (blocked_reached(s, c))
        return;
    /* It waits again if it has to, when its next message is looked at. */
    if (c->waits == 0 && message_deadline(s, c) <= s->now) {
        conn_close(s, c, CLOSE_POLICY, "a message takes too long",
                   CAUSE_MESSAGE_TIMEOUT, false);
        return;
    }
    ready_go_on(s, c, CLIENT_WAITS_RATE);
    if (client_waits(c, CLIENT_WAITS_BUFFER) && open_echo_room(s, c))
        ready_go_on(s, c, CLIENT_WAITS_BUFFER);
    heartbeat(s, c);
}

static uint64_t open_deadline(const struct server *s, const struct client *c)
{
    uint64_t at = bytes_min64(heartbeat_deadline(s, c), blocked_deadline(s, c));
    at = bytes_min64(at, message_deadline(s, c));
    if (client_waits(c, CLIENT_WAITS_BUFFER))
        at = bytes_min64(at, s->now + LIMITS_AGAIN);
    return bytes_min64(at, late_deadline(s, c));
}

/* ---- Every state --------------------------------------------------------- */

static uint64_t deadline_of(const struct server *s, const struct client *c)
{
    const struct config *config = s->config;
    switch ((enum client_state)c->state) {
    case CLIENT_PROXY:
    case CLIENT_REQUEST: return moment(s, c->since, config->handshake_timeout);
    case CLIENT_REPLY: return blocked_deadline(s, c);
    case CLIENT_IDLE: return moment(s, c->since, config->keep_alive);
    case CLIENT_OPEN: return open_deadline(s, c);
    case CLIENT_CLOSING: return moment(s, c->since, config->close_timeout);
    case CLIENT_LINGER: return moment(s, c->since, LIMITS_LINGER);
    case CLIENT_GONE: break;
    }
    return NEVER;
}

void deadline_set(struct server *s, struct client *c)
{
    uint64_t at = deadline_of(s, c);
    uint32_t index = client_index(&s->clients, c);
    if (at != NEVER)
        wheel_hasten(&s->wheel, index, at);
}

void deadline_reached(struct server *s, struct client *c)
{
    switch ((enum client_state)c->state) {
    case CLIENT_PROXY:
        if (over(s, c->since, s->config->handshake_timeout))
            source_timeout(s, c);
        break;
    case CLIENT_REQUEST:
        if (over(s, c->since, s->config->handshake_timeout))
            request_timeout(s, c);
        break;
    case CLIENT_REPLY: blocked_reached(s, c); break;
    case CLIENT_IDLE:
        if (over(s, c->since, s->config->keep_alive))
            conn_drop(s, c, CAUSE_NONE);
        break;
    case CLIENT_OPEN: open_reached(s, c); break;
    case CLIENT_CLOSING:
        if (over(s, c->since, s->config->close_timeout))
            conn_drop(s, c, CAUSE_CLOSE_TIMEOUT);
        break;
    case CLIENT_LINGER:
        if (over(s, c->since, LIMITS_LINGER))
            conn_drop(s, c, CAUSE_NONE);
        break;
    case CLIENT_GONE: break;
    }
    deadline_set(s, c);
}
