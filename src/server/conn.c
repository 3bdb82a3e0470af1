/* SPDX-License-Identifier: MIT */
#include "server/conn.h"
#include "server/body.h"
#include "server/caller.h"
#include "server/clientlog.h"
#include "server/compressed.h"
#include "server/due.h"
#include "server/member.h"
#include "server/pending.h"
#include "server/ready.h"

void conn_opened(struct server *s, struct client *c)
{
    client_set_state(&s->clients, c, CLIENT_OPEN);
    c->heard = (uint32_t)s->now;
    c->since = (uint32_t)(s->now - s->config->pong_timeout); /* no ping yet */
    s->stats.opened[c->form]++;
    s->stats.open[c->form]++;
    struct profile *p = client_profile(&s->clients, c);
    if (s->config->rate)
        p->allowance = 0;
    if (c->client_bits) {
        p->inflating = LEASE_NONE;
        client_set(c, CLIENT_HEAVY); /* until it has shown otherwise: of many
                                        who come at once nobody else waits */
    }
    if (c->client_bits && c->form == CLIENT_ECHO)
        p->echo.deflating = LEASE_NONE;
    due_set(s, c);
    clientlog_open(s, c);
}

/* ---- Closing -------------------------------------------------------------- */

/* What the room owes to one that goes, what was taken of it included: after some
   of the causes all messages up to now. In the JSON form it does not hear
   itself. */
static void settle_room(struct server *s, struct client *c)
{
    uint8_t cause = c->as.farewell.cause;
    const struct ring *log = member_log(s, c);
    if (c->taken && !member_seize_held(s, c)) /* others may be heard for that */
        return;
    uint64_t cursor = c->as.farewell.cursor, end = log->head;
    if (c->taken)
        member_publish_held(s, c); /* members are written to */
    c->as.farewell.is_settled = 1;
    if (c->form != CLIENT_JSON)
        end = log->head;
    member_leave(s, c);
    bool is_owed =
        cause == CAUSE_CLOSE || cause == CAUSE_STOPPING || cause == CAUSE_REDIS;
    if (is_owed && ring_holds(log, cursor)) {
        c->frame_left = (uint32_t)(end - cursor);
    } else if (is_owed) { /* lost while it waited: nothing is left out untold */
        c->as.farewell.code = CLOSE_TRY_LATER;
        c->as.farewell.reason = "too slow for this room";
    }
    if (c->frame_left == 0 || c->state != CLIENT_CLOSING)
        member_detach(s, c);
}

/* What it had of a message is no longer wanted. */
static void give_input(struct server *s, struct client *c)
{
    lease_give(&s->leases, &c->inbox);
    compressed_end(s, c);
}

/* From OPEN to CLOSING. What is to be said before the end is pending by now, or
   follows at once. */
static void leave_open(struct server *s, struct client *c,
                       struct client_farewell how)
{
    how.cursor = c->as.socket.cursor;
    how.room = c->room;
    how.outbox_first = c->frame_left == 0;
    how.is_settled = c->taken == 0;
    if (client_in_room(c))
        how.room_generation = store_generation(&s->rooms.store, c->room);
    client_set_state(&s->clients, c, CLIENT_CLOSING);
    s->stats.open[c->form]--;
    c->as.farewell = how;
    if (client_in_room(c))
        settle_room(s, c);
    c->since = (uint32_t)s->now;
    if (!c->taken)
        give_input(s, c);
    client_clear(c, CLIENT_PARKED);
    ready_go_on(s, c,
                CLIENT_WAITS_ROOM | CLIENT_WAITS_RATE | CLIENT_WAITS_BUFFER);
    due_set(s, c);
}

void conn_close(struct server *s, struct client *c, unsigned code,
                const char *reason, enum journal_cause cause)
{
    if (c->state != CLIENT_OPEN)
        return;
    leave_open(s, c,
               (struct client_farewell){.code = (uint16_t)code,
                                        .reason = reason,
                                        .cause = (uint8_t)cause});
    if (s->current != c)
        server_make_dirty(s, c);
}

void conn_fail(struct server *s, struct client *c, unsigned code,
               const char *reason)
{
    enum journal_cause cause = code == CLOSE_TOO_BIG     ? CAUSE_TOO_BIG
                               : code == CLOSE_TRY_LATER ? CAUSE_NO_BUFFER
                                                         : CAUSE_PROTOCOL;
    conn_close(s, c, code, reason, cause);
}

/* ---- Going ---------------------------------------------------------------- */

void conn_linger(struct server *s, struct client *c)
{
    struct client_farewell *how = &c->as.farewell;
    if (c->state != CLIENT_CLOSING)
        *how = (struct client_farewell){.cause = CAUSE_REFUSED};
    /* RFC 6455 7.1.1: when both have said Close, the server ends it. */
    if (how->cause == CAUSE_END ||
        (how->cause == CAUSE_CLOSE && !how->says_more)) {
        conn_drop(s, c, CAUSE_NONE);
        return;
    }
    /* RFC 6455 7.1.1: shut our side and read on, so that unread bytes do not
       turn the close into a reset that overtakes our Close. */
    socket_shut(c->fd);
    pending_end(s, c);
    lease_give(&s->leases, &c->inbox);
    client_clear(c, CLIENT_PARKED);
    client_set_state(&s->clients, c, CLIENT_LINGER);
    c->since = (uint32_t)s->now;
    due_set(s, c);
}

void conn_drop(struct server *s, struct client *c, enum journal_cause cause)
{
    if (c->state == CLIENT_GONE)
        return;
    if (c->state == CLIENT_OPEN)
        leave_open(s, c, (struct client_farewell){.cause = (uint8_t)cause});
    if ((c->state == CLIENT_CLOSING || c->state == CLIENT_LINGER) &&
        c->as.farewell.cause != CAUSE_REFUSED) /* was a WebSocket */
        clientlog_close(s, c);
    if (c->state == CLIENT_REPLY)
        body_end(s, c);
    pending_end(s, c);
    bool owes = client_owes(c);
    if (client_in_room(c) && !owes)
        member_detach(s, c);
    if (!owes)
        lease_give(&s->leases, &c->inbox);
    lease_give(&s->leases, &c->outbox);
    caller_leave(s, c);
    wheel_remove(&s->wheel, client_index(&s->clients, c));
    if (client_waits(c, CLIENT_WAITS_OUTPUT)) /* who does not take it */
        socket_abandon(c->fd, LIMITS_ABANDON);
    else
        socket_close(c->fd);
    c->fd = -1;
    client_set_state(&s->clients, c, CLIENT_GONE);
    if (!owes)
        server_bury(s, c);
}

void conn_settle(struct server *s, struct client *c)
{
    if (!c->taken)
        return;
    settle_room(s, c);
    if (c->taken)
        return;
    give_input(s, c);
    if (c->state == CLIENT_GONE)
        server_bury(s, c);
    else
        server_make_dirty(s, c);
}

void conn_refuse(struct server *s, struct client *c, unsigned status,
                 const char *why)
{
    uint8_t bytes[256];
    struct text t = text_over(bytes, sizeof bytes);
    http_put_status(&t, status, s->wall / 1000);
    http_put_number(&t, "Retry-After", LIMITS_RETRY_AFTER);
    http_put_number(&t, "Content-Length", 0);
    http_put_field(&t, "Connection", BYTES_LITERAL("close"));
    http_put_end(&t);
    struct span all = text_span(&t);
    (void)socket_send(c->fd, &all, 1);
    clientlog_refuse(s, c, status, why);
}
