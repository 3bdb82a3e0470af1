/* SPDX-License-Identifier: MIT */
#include "server/conn.h"
#include "base/check.h"
#include "os/error.h"
#include "server/admit.h"
#include "server/compressed.h"
#include "server/deadline.h"
#include "server/lend.h"
#include "server/member.h"
#include "server/open.h"
#include "server/outbox.h"
#include "server/ready.h"
#include "server/request.h"
#include "server/send.h"
#include "server/trace.h"

/* ---- What the log tells of a client -------------------------------------- */

/* `room` is a place in the table, taken by whoever has this generation. */
static void put_path(struct journal_line *line, const struct server *s,
                     const struct client *c, uint32_t room, uint32_t generation)
{
    static const char *const paths[] = {
        [CLIENT_ECHO] = "/echo",
        [CLIENT_PLAIN] = "/chat/",
        [CLIENT_JSON] = "/ws/",
        [CLIENT_JSON_V1] = "/ws/",
    };
    uint8_t bytes[8 + LIMITS_ROOM_NAME];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, paths[c->form]);
    if (slots_current(&s->rooms.slots, room, generation)) {
        const struct room *at = room_at(&s->rooms, room);
        text_put(&t, bytes_span(at->name, at->name_len));
    }
    journal_put(line, "path", text_span(&t));
}

static uint32_t room_generation(const struct server *s, const struct client *c)
{
    return client_in_room(c) ? slots_generation(&s->rooms.slots, c->room) : 0;
}

static void log_open(struct server *s, const struct client *c)
{
    struct journal_line line;
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_OPEN, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    source_log(&line, s, c, c->fd);
    put_path(&line, s, c, c->room, room_generation(s, c));
    journal_end(&line);
}

static void log_close(struct server *s, const struct client *c)
{
    const struct client_farewell *how = &c->as.farewell;
    struct journal_line line;
    stats_close(&s->stats, how->code, (enum journal_cause)how->cause);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_CLOSE, s->wall))
        return;
    journal_number(&line, "client", client_index(&s->clients, c));
    journal_number(&line, "code", how->code ? how->code : CLOSE_ABNORMAL);
    journal_put(&line, "by", bytes_of(how->by_client ? "client" : "server"));
    journal_put(&line, "cause",
                bytes_of(journal_cause_word((enum journal_cause)how->cause)));
    journal_number(&line, "rx", c->received);
    journal_number(&line, "tx", c->sent);
    put_path(&line, s, c, how->room, how->room_generation);
    journal_end(&line);
}

void conn_log_refusal(struct server *s, const struct client *c, int fd,
                      unsigned status, const char *why)
{
    struct journal_line line;
    stats_refuse(&s->stats, status, why);
    if (!journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_REFUSE, s->wall))
        return;
    source_log(&line, s, c, fd);
    if (status)
        journal_number(&line, "status", status);
    journal_put(&line, "why", bytes_of(why));
    journal_end(&line);
}

/* ---- Coming -------------------------------------------------------------- */

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
    if (c->client_bits)
        p->inflating = 0;
    if (c->client_bits && c->form == CLIENT_ECHO)
        p->echo.deflating = 0;
    deadline_set(s, c);
    log_open(s, c);
}

/* ---- Input --------------------------------------------------------------- */

/* The client will send nothing more. */
static void ended(struct server *s, struct client *c)
{
    client_set(c, CLIENT_ENDED);
    if (c->state != CLIENT_OPEN) {
        conn_drop(s, c, CAUSE_END);
        return;
    }
    /* What it asked for before may still be on its way to it; there will be
       no closing handshake with somebody who cannot answer. */
    conn_leave_open(
        s, c, &(struct client_farewell){.by_client = 1, .cause = CAUSE_END});
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
        deadline_set(s, c);
    }
    if (s->trace)
        trace_received(s, c, bytes_span(to, (size_t)got));
    return bytes_span(to, (size_t)got);
}

struct span conn_receive(struct server *s, struct client *c, size_t have,
                         size_t most)
{
    size_t size = bytes_min(s->receive_size - have, most);
    return receive(s, c, s->receive + have, size);
}

struct span conn_take_input(struct server *s, struct client *c)
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

bool conn_keep_input(struct server *s, struct client *c, struct span rest,
                     size_t message_len, bool parked)
{
    if (rest.len == 0 && message_len == 0 && !parked) {
        lease_give(&s->leases, &c->inbox);
        return true;
    }
    if (c->inbox == LEASE_NONE)
        c->inbox = lend_buffer(s, &s->leases, c);
    if (c->inbox == LEASE_NONE)
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

/* Somebody to whom we have said all: what comes is thrown away. */
static void discard(struct server *s, struct client *c)
{
    receive(s, c, s->receive, s->receive_size);
}

void conn_begin(struct server *s, struct client *c)
{
    CHECK(s->current == NULL && s->staging.len == 0);
    s->current = c;
}

/* Nothing can be written now, or it is to leave with the room's frames: at the
   end of this turn, unless its members are so many that this takes several, or
   it reads history, whose beginning the log may lose in this very turn. */
static bool must_wait(const struct server *s, const struct client *c)
{
    if (client_waits(c, CLIENT_WAITS_OUTPUT))
        return true;
    if (c->state != CLIENT_OPEN || !client_in_room(c))
        return false;
    const struct room *room = room_at(&s->rooms, c->room);
    return room->dirty && room->flush_at == 0 && !client_has(c, CLIENT_REPLAYS);
}

void conn_settle(struct server *s, struct client *c)
{
    CHECK(s->current == c);
    bool kept = s->staging.len == 0 || (must_wait(s, c) && send_defer(s, c));
    if (c->state != CLIENT_GONE && (!kept || !must_wait(s, c)))
        conn_flush(s, c);
    s->staging.len = 0;
    s->current = NULL;
    ready_add(s, c);
}

void conn_turn(struct server *s, struct client *c)
{
    if (!ready_may_read(c))
        return;
    conn_begin(s, c);
    switch ((enum client_state)c->state) {
    case CLIENT_PROXY: source_turn(s, c); break;
    case CLIENT_REQUEST:
    case CLIENT_IDLE: request_turn(s, c); break;
    case CLIENT_OPEN: open_turn(s, c); break;
    case CLIENT_LINGER: discard(s, c); break;
    case CLIENT_REPLY:
    case CLIENT_CLOSING:
    case CLIENT_GONE: break;
    }
    conn_settle(s, c);
}

/* ---- Output -------------------------------------------------------------- */

/* All that was to be said before the end has left. */
static void closing_flushed(struct server *s, struct client *c)
{
    if (client_in_room(c))
        member_detach(s, c);
    conn_linger(s, c);
}

static void flushed(struct server *s, struct client *c)
{
    switch ((enum client_state)c->state) {
    case CLIENT_CLOSING: closing_flushed(s, c); break;
    case CLIENT_REPLY: request_replied(s, c); break;
    case CLIENT_OPEN:
        if (client_in_room(c))
            member_flushed(s, c);
        break;
    case CLIENT_PROXY:
    case CLIENT_REQUEST:
    case CLIENT_IDLE:
    case CLIENT_LINGER:
    case CLIENT_GONE: break;
    }
    ready_add(s, c);
}

/* Its place in the log is lost. */
static void overrun(struct server *s, struct client *c)
{
    if (c->frame_left || c->state != CLIENT_OPEN) {
        conn_drop(s, c, CAUSE_OVERRUN); /* inside a frame no Close is legal */
        return;
    }
    c->as.socket.cursor =
        room_at(&s->rooms, c->room)->logs[send_log_of(c)].head;
    client_clear(c, CLIENT_SKIPS);
    conn_close(s, c, CLOSE_TRY_LATER, "too slow for this room", CAUSE_OVERRUN,
               false);
}

void conn_flush(struct server *s, struct client *c)
{
    switch (send_flush(s, c)) {
    case SEND_DONE: flushed(s, c); break;
    case SEND_BLOCKED:
        if (c->state == CLIENT_OPEN && client_in_room(c))
            member_flushed(s, c);
        if (c->state == CLIENT_REPLY)
            download_keep(s, c);
        break;
    case SEND_FULL: conn_drop(s, c, CAUSE_NO_BUFFER); break;
    case SEND_BROKEN: conn_drop(s, c, CAUSE_RESET); break;
    case SEND_OVERRUN: overrun(s, c); break;
    }
}

/* ---- Going --------------------------------------------------------------- */

/* Is this an end after which the room's messages up to now are still owed? */
static bool owes_messages(enum journal_cause cause)
{
    return cause == CAUSE_CLOSE || cause == CAUSE_STOPPING;
}

/* What the room owes to one that goes, what was taken of it included. In the
   JSON form it does not hear itself. */
static void settle_room(struct server *s, struct client *c)
{
    const struct ring *log = &room_at(&s->rooms, c->room)->logs[send_log_of(c)];
    uint64_t cursor = c->as.farewell.cursor, end = log->head;
    open_publish_taken(s, c); /* members are written to */
    c->as.farewell.is_settled = 1;
    if (c->form != CLIENT_JSON)
        end = log->head;
    member_leave(s, c);
    if (owes_messages((enum journal_cause)c->as.farewell.cause) &&
        ring_holds(log, cursor))
        c->frame_left = (uint32_t)(end - cursor);
    if (c->frame_left == 0)
        member_detach(s, c);
}

void conn_leave_open(struct server *s, struct client *c,
                     const struct client_farewell *how)
{
    CHECK(c->state == CLIENT_OPEN);
    struct client_farewell end = *how;
    end.cursor = c->as.socket.cursor;
    end.room = c->room;
    end.room_generation = room_generation(s, c);
    end.outbox_first = c->frame_left == 0;
    client_set_state(&s->clients, c, CLIENT_CLOSING);
    s->stats.open[c->form]--;
    c->as.farewell = end;
    c->as.farewell.is_settled = c->taken == 0;
    if (client_in_room(c))
        settle_room(s, c);
    c->since = (uint32_t)s->now;
    lease_give(&s->leases, &c->inbox);
    compressed_end(s, c);
    client_clear(c, CLIENT_PARKED);
    ready_go_on(s, c,
                CLIENT_WAITS_ROOM | CLIENT_WAITS_RATE | CLIENT_WAITS_BUFFER);
    deadline_set(s, c);
}

void conn_close(struct server *s, struct client *c, unsigned code,
                const char *reason, enum journal_cause cause, bool by_client)
{
    if (c->state != CLIENT_OPEN)
        return;
    conn_leave_open(s, c,
                    &(struct client_farewell){.code = (uint16_t)code,
                                              .reason = reason,
                                              .by_client = by_client,
                                              .cause = (uint8_t)cause});
    if (s->current != c)
        server_make_dirty(s, c);
}

void conn_fail(struct server *s, struct client *c, unsigned code,
               const char *reason)
{
    enum journal_cause cause = code == CLOSE_TOO_BIG     ? CAUSE_TOO_BIG
                               : code == CLOSE_INTERNAL  ? CAUSE_FAULT
                               : code == CLOSE_TRY_LATER ? CAUSE_NO_BUFFER
                                                         : CAUSE_PROTOCOL;
    conn_close(s, c, code, reason, cause, false);
}

void conn_linger(struct server *s, struct client *c)
{
    /* RFC 6455 7.1.1: when both have said Close, the server ends it. */
    if (client_has(c, CLIENT_ENDED) ||
        (c->state == CLIENT_CLOSING && c->as.farewell.by_client &&
         !c->as.farewell.says_more)) {
        conn_drop(s, c, CAUSE_NONE);
        return;
    }
    /* RFC 6455 7.1.1: shut our side and read on, so that unread bytes do not
       turn the close into a reset that overtakes our Close. */
    socket_shut(c->fd);
    lease_give(&s->leases, &c->inbox);
    client_clear(c, CLIENT_PARKED);
    client_set_state(&s->clients, c, CLIENT_LINGER);
    c->since = (uint32_t)s->now;
    deadline_set(s, c);
}

/* A WebSocket that has ended, and not a plain HTTP connection. */
static bool was_open(const struct client *c)
{
    return c->state == CLIENT_CLOSING ||
           (c->state == CLIENT_LINGER && c->as.farewell.cause != CAUSE_REFUSED);
}

/* Bytes that belong to a state, not to every client. */
static void let_go(struct server *s, struct client *c)
{
    if (c->state == CLIENT_REQUEST || c->state == CLIENT_REPLY)
        request_let_go(s, c);
    if (client_in_room(c))
        member_detach(s, c);
    lease_give(&s->leases, &c->inbox);
    lease_give(&s->leases, &c->outbox);
}

void conn_drop(struct server *s, struct client *c, enum journal_cause cause)
{
    if (c->state == CLIENT_GONE)
        return;
    if (c->state == CLIENT_OPEN)
        conn_leave_open(
            s, c,
            &(struct client_farewell){.cause = (uint8_t)cause,
                                      .by_client = cause == CAUSE_RESET});
    if (was_open(c))
        log_close(s, c);
    let_go(s, c);
    admit_count(s, c, NULL);
    wheel_remove(&s->wheel, client_index(&s->clients, c));
    if (client_waits(c, CLIENT_WAITS_OUTPUT)) /* who does not take it */
        socket_abandon(c->fd, LIMITS_ABANDON);
    else
        socket_close(c->fd);
    c->fd = -1;
    client_set_state(&s->clients, c, CLIENT_GONE);
    server_bury(s, c);
}
