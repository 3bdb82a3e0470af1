/* SPDX-License-Identifier: MIT */
#include "server/member.h"
#include "os/clock.h"
#include "server/conn.h"
#include "server/outbox.h"
#include "server/send.h"
#include "wire/extension.h"

static struct room *room_of(struct server *s, const struct client *c)
{
    return room_at(&s->rooms, c->room);
}

static bool is_v1(const struct client *c)
{
    return c->form == CLIENT_JSON_V1;
}

/* ---- Coming and going ---------------------------------------------------- */

/* When `members` events may go out again: a second after the last, or later
   where it takes a good part of that to tell everybody. */
static uint64_t next_telling(const struct room *room)
{
    uint64_t all = room->v1_members / LIMITS_TOLD;
    if (room->told_at == 0)
        return 0;
    return room->told_at + (all > LIMITS_MEMBERS ? all : LIMITS_MEMBERS);
}

/* The number of members changed: events are due. */
static void count_changed(struct server *s, struct room *room)
{
    uint64_t due = next_telling(room);
    if (due < s->now)
        due = s->now;
    room->counting = true;
    s->rooms.tell_at = bytes_min64(s->rooms.tell_at, due);
}

void member_join(struct server *s, struct client *c, struct room *room)
{
    enum room_log log = send_log_of(c);
    c->room = room_index(&s->rooms, room);
    c->frame_left = 0;
    c->as.socket.cursor = room->logs[log].head;
    room_add_reader(&s->rooms, room, client_index(&s->clients, c));
    if (room->members++ == 0)
        s->rooms.in_use++;
    room->log_members[log]++;
    room->v1_members += is_v1(c);
    count_changed(s, room);
}

/* A twin is deflated with the largest window. Who asked for a smaller one gets
   its messages as they are, which is as legal (RFC 7692 6). */
void member_caught_up(struct server *s, struct client *c)
{
    struct room *room = room_of(s, c);
    enum room_log log = send_log_of(c);
    if (c->server_bits < EXTENSION_BITS_MAX || client_has(c, CLIENT_TWIN) ||
        c->frame_left || c->as.socket.cursor != room->logs[log].head)
        return;
    room->log_members[log]--;
    client_set(c, CLIENT_TWIN);
    log = send_log_of(c);
    room->log_members[log]++;
    c->as.socket.cursor = room->logs[log].head;
}

/* All its senders may be read again. */
static void release(struct server *s, struct room *room)
{
    uint32_t at = room->readers.first;
    for (; at != LIST_NONE; at = list_next(&s->rooms.reader_links, at)) {
        struct client *c = client_at(&s->clients, at);
        if (!client_has(c, CLIENT_HELD))
            continue;
        client_clear(c, CLIENT_HELD);
        c->heard = (uint32_t)s->now; /* its silence was our doing */
        if (conn_may_read(c))
            server_make_ready(s, c);
    }
}

static void catch_up(struct server *s, struct client *c)
{
    client_clear(c, CLIENT_EXCUSED);
    if (!client_has(c, CLIENT_LAGGING))
        return;
    client_clear(c, CLIENT_LAGGING);
    struct room *room = room_of(s, c);
    if (--room->laggards == 0)
        release(s, room);
}

void member_leave(struct server *s, struct client *c)
{
    struct room *room = room_of(s, c);
    catch_up(s, c);
    client_clear(c, CLIENT_HELD);
    room->log_members[send_log_of(c)]--;
    room->v1_members -= is_v1(c);
    if (--room->members == 0)
        s->rooms.in_use--;
    count_changed(s, room);
}

void member_detach(struct server *s, struct client *c)
{
    room_remove_reader(&s->rooms, room_of(s, c), client_index(&s->clients, c));
    c->room = CLIENT_NONE;
    c->frame_left = 0;
}

/* ---- Messages ------------------------------------------------------------ */

/* The sender passes over [from, to). Its own messages of one turn lie side by
   side, and it is not read again before they are passed: one range is enough.
   Hence it is written to in this turn, whomever the flush of its room reaches
   in it. */
static void skip_over(struct server *s, struct client *c, uint64_t from,
                      uint64_t to)
{
    struct profile *p = client_profile(&s->clients, c);
    if (!client_has(c, CLIENT_SKIPS))
        p->skip_from = from;
    p->skip_len = (uint32_t)(to - p->skip_from);
    client_set(c, CLIENT_SKIPS);
    server_make_dirty(s, c);
}

/* Who it is for: every member, but for a sender that passes over it. */
static void count_out(struct server *s, const struct room *room, bool skip)
{
    uint64_t *out = s->stats.messages_out;
    uint32_t plain =
        room->log_members[ROOM_PLAIN] + room->log_members[ROOM_PLAIN_TWIN];
    out[CLIENT_PLAIN] += plain;
    out[CLIENT_JSON_V1] += room->v1_members;
    out[CLIENT_JSON] += room->members - plain - room->v1_members - skip;
}

void member_publish(struct server *s, struct client *c,
                    const struct room_record *record, bool skip)
{
    struct room *room = room_of(s, c);
    const struct ring *log = &room->logs[send_log_of(c)];
    uint64_t from = log->head;
    room_append(&s->rooms, room, record);
    s->cost += LIMITS_COST_MESSAGE + (log->head - from) * LIMITS_COST_SAID;
    count_out(s, room, skip);
    if (skip)
        skip_over(s, c, from, log->head);
    /* Do not let one turn's messages run over members that keep up. What one
       walk had not brought to everybody is as much again at most. */
    if (room->unflushed < s->rooms.log_size / 4)
        return;
    room->flush_at = 0;
    member_flush(s, room, UINT32_MAX);
}

static void begin_flush(const struct server *s, struct room *room)
{
    room->flush_at = room->readers.first + 1;
    room->flush_began = room->unflushed ? s->woken : 0;
    room->unflushed = 0;
}

/* Every member has been reached. False: but not with everything. */
static bool end_flush(struct server *s, const struct room *room)
{
    if (room->flush_began && s->config->has_metrics)
        stats_time(&s->stats.lag, clock_microseconds() - room->flush_began);
    return room->unflushed == 0;
}

bool member_flush(struct server *s, struct room *room, uint32_t most)
{
    if (room->flush_at == 0)
        begin_flush(s, room);
    for (; room->flush_at && most; most--) {
        uint32_t at = room->flush_at - 1;
        struct client *c = client_at(&s->clients, at);
        at = list_next(&s->rooms.reader_links, at); /* c may go */
        room->flush_at = at + 1;                    /* of LIST_NONE: 0 */
        if (at != LIST_NONE)
            __builtin_prefetch(&client_at(&s->clients, at)->moved);
        if (c->state != CLIENT_OPEN)
            continue;
        if (client_has(c, CLIENT_BLOCKED) && !send_overrun(s, c))
            member_pace(s, c);
        else
            conn_flush(s, c);
    }
    return room->flush_at == 0 && end_flush(s, room);
}

/* ---- Pace ---------------------------------------------------------------- */

bool member_held(struct server *s, struct client *c)
{
    if (!client_in_room(c) || room_of(s, c)->laggards == 0)
        return false;
    client_set(c, CLIENT_HELD);
    return true;
}

static uint64_t lag_of(const struct server *s, const struct client *c)
{
    const struct room *room = room_at(&s->rooms, c->room);
    return room->logs[send_log_of(c)].head - c->as.socket.cursor;
}

void member_pace(struct server *s, struct client *c)
{
    uint64_t lag = lag_of(s, c);
    if (lag == 0 ||
        (client_has(c, CLIENT_LAGGING) && lag <= s->rooms.log_size / 4)) {
        catch_up(s, c);
    } else if (lag > s->rooms.log_size / 2 && client_has(c, CLIENT_BLOCKED) &&
               !client_has(c, CLIENT_LAGGING) &&
               !client_has(c, CLIENT_EXCUSED)) {
        struct profile *p = client_profile(&s->clients, c);
        p->lag_mark = c->as.socket.cursor;
        p->lag_since = (uint32_t)s->now;
        client_set(c, CLIENT_LAGGING);
        room_of(s, c)->laggards++;
        wheel_hasten(&s->wheel, client_index(&s->clients, c),
                     s->now + LIMITS_PACE);
    }
}

void member_pace_check(struct server *s, struct client *c)
{
    struct profile *p = client_profile(&s->clients, c);
    uint64_t taken = c->as.socket.cursor - p->lag_mark;
    p->lag_mark = c->as.socket.cursor;
    p->lag_since = (uint32_t)s->now;
    if (taken >= s->rooms.log_size / 16)
        return;
    catch_up(s, c);
    client_set(c, CLIENT_EXCUSED);
}

/* ---- The number of members ----------------------------------------------- */

static void tell_client(struct server *s, struct client *c, uint32_t members)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"event\":\"members\",\"members\":");
    text_decimal(&t, members);
    text_byte(&t, '}');
    conn_begin(s, c);
    outbox_frame(s, c, FRAME_FIN | FRAME_TEXT, text_span(&t));
    client_profile(&s->clients, c)->members_told = members;
    conn_settle(s, c);
}

/* False when somebody could not be told now. */
static bool tell_room(struct server *s, struct room *room)
{
    bool all_told = true;
    uint32_t at = room->v1_members ? room->readers.first : LIST_NONE;
    while (at != LIST_NONE) {
        struct client *c = client_at(&s->clients, at);
        at = list_next(&s->rooms.reader_links, at); /* c may go */
        if (c->state != CLIENT_OPEN || !is_v1(c) ||
            client_profile(&s->clients, c)->members_told == room->members)
            continue;
        if (client_has(c, CLIENT_BLOCKED))
            all_told = false;
        else
            tell_client(s, c, room->members);
    }
    room->told_at = s->now;
    return all_told;
}

uint64_t member_tell(struct server *s)
{
    struct rooms *all = &s->rooms;
    if (all->tell_at > s->now)
        return all->tell_at == UINT64_MAX ? REACTOR_FOREVER
                                          : all->tell_at - s->now;
    all->tell_at = UINT64_MAX;
    for (uint32_t i = 0; i < all->slots.fresh; i++) {
        struct room *room = room_at(all, i);
        if (!room->counting)
            continue;
        uint64_t due = next_telling(room);
        if (due > s->now) {
            all->tell_at = bytes_min64(all->tell_at, due);
            continue;
        }
        /* Cleared first: telling may lose a member, which is a change. */
        room->counting = false;
        if (!tell_room(s, room))
            count_changed(s, room);
    }
    return all->tell_at == UINT64_MAX ? REACTOR_FOREVER : all->tell_at - s->now;
}
