/* SPDX-License-Identifier: MIT */
#include "server/broadcast.h"
#include "os/clock.h"
#include "server/conn.h"
#include "server/member.h"
#include "server/output.h"
#include "server/roster.h"
#include "server/staging.h"

/* ---- Messages ------------------------------------------------------------- */

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

/* What comes next in its log it is not to hear; where others spoke since the
   last such stretch, that is passed over first. False: it takes nothing now, and
   is closed. */
static bool makes_way(struct server *s, struct client *c)
{
    if (member_must_pass(s, c) && !client_waits(c, CLIENT_WAITS_OUTPUT))
        output_flush(s, c);
    if (member_must_pass(s, c))
        conn_close(s, c, CLOSE_TRY_LATER, "too slow for this room",
                   CAUSE_OVERRUN);
    return c->state == CLIENT_OPEN;
}

void broadcast_publish(struct server *s, struct client *c, struct room *room,
                       const struct room_record *record, bool skip)
{
    const struct ring *log = &room->logs[ROOM_JSON];
    if (skip && store_has_bus(&s->rooms.store))
        skip = makes_way(s, c);
    if (skip)
        log = &room->logs[room_log_of(c)];
    uint64_t from = log->head;
    size_t len = room_append(&s->rooms, room, record);
    s->cost += LIMITS_COST_MESSAGE + len * LIMITS_COST_SAID;
    count_out(s, room, skip);
    if (skip)
        member_skip(s, c, from, log->head);
    member_said(s, room, c, len);
    /* Do not let one turn's messages run over members that keep up. */
    if (room->unflushed >= s->rooms.log_size / 8)
        broadcast_flush(s, room, s->cost + LIMITS_FLUSH_ROOM);
}

/* The next member of a room that reads on, from *at on, which moves on; NULL: no
   more. It may go. */
static struct client *next_open(struct server *s, uint32_t *at)
{
    while (*at != LIST_NONE) {
        struct client *c = client_at(&s->clients, *at);
        *at = list_next(&s->rooms.reader_links, *at);
        s->cost += LIMITS_COST_VISIT;
        if (c->state == CLIENT_OPEN)
            return c;
    }
    return NULL;
}

/* Who cannot be told goes; who could, but did not ask to be, passes over it. */
void broadcast_gap(struct server *s, struct room *room, struct span frame)
{
    struct client *c;
    for (uint32_t at = room->readers.first; (c = next_open(s, &at));)
        if (c->form == CLIENT_PLAIN)
            conn_close(s, c, CLOSE_TRY_LATER, "messages are missing",
                       CAUSE_REDIS);
        else if (c->form == CLIENT_JSON)
            makes_way(s, c);
    room_append_event(&s->rooms, room, frame);
    for (uint32_t at = room->readers.first; (c = next_open(s, &at));)
        if (c->form == CLIENT_JSON)
            member_skip(s, c, member_log(s, c)->head - frame.len,
                        member_log(s, c)->head);
    member_said(s, room, NULL, frame.len);
}

/* Every member has been reached. False: but not with everything. */
static bool end_flush(struct server *s, const struct room *room)
{
    if (room->flush_began && s->config->has_metrics)
        stats_time(&s->stats.lag, clock_microseconds() - room->flush_began);
    return room->unflushed == 0 && !room->ask;
}

bool broadcast_flush(struct server *s, struct room *room, uint64_t end)
{
    if (room->flush_at == 0) {
        room->flush_at = room->readers.first + 1;
        room->flush_began = room->unflushed ? s->woken : 0;
        member_begin_walk(s, room);
    }
    do {
        if (room->flush_at == 0)
            return end_flush(s, room);
        uint32_t at = room->flush_at - 1;
        struct client *c = client_at(&s->clients, at);
        at = list_next(&s->rooms.reader_links, at); /* c may go */
        room->flush_at = at + 1;                    /* of LIST_NONE: 0 */
        if (at != LIST_NONE)
            __builtin_prefetch(&client_at(&s->clients, at)->moved);
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN)
            conn_settle(s, c);
        else if (client_waits(c, CLIENT_WAITS_OUTPUT) && !member_overrun(s, c))
            member_flushed(s, c);
        else
            output_flush(s, c);
    } while (s->cost < end);
    return room->flush_at == 0 && end_flush(s, room);
}

/* ---- Who is here --------------------------------------------------------- */

static void tell_client(struct server *s, struct client *c, struct room *room)
{
    struct text t = text_over(s->encode, s->encode_size);
    uint32_t news = roster_news(s, room);
    text_string(&t, "{\"event\":\"members\",\"members\":");
    text_decimal(&t, roster_members(s, room));
    bool all = roster_put(&t, s, room,
                          bytes_min(s->config->max_message, staging_room(s)));
    text_byte(&t, '}');
    s->cost += t.len * LIMITS_COST_SAID;
    output_begin(s, c);
    staging_frame(s, c, FRAME_FIN | FRAME_TEXT, text_span(&t));
    all = all && news == roster_news(s, room); /* others may change it */
    member_of(s, c)->told = all ? news : 0;
    if (!all)
        member_count_changed(s, room);
    output_settle(s, c);
}

/* Go on until the turn's cost is `end`. Who takes nothing now is told later,
   and so is who was told what has changed meanwhile. */
static void tell_room(struct server *s, struct room *room, uint64_t end)
{
    while (room->tell_at && s->cost < end) {
        uint32_t at = room->tell_at - 1;
        struct client *c = client_at(&s->clients, at);
        room->tell_at = list_next(&s->rooms.reader_links, at) + 1;
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN || c->form != CLIENT_JSON_V1 ||
            member_of(s, c)->told == roster_news(s, room))
            continue;
        if (client_waits(c, CLIENT_WAITS_OUTPUT))
            member_count_changed(s, room);
        else
            tell_client(s, c, room);
    }
    room->told_at = s->now;
}

/* Begin, where it is due; when all are told, or are to be told again. */
static uint64_t tell_if_due(struct server *s, struct room *room, uint64_t end)
{
    uint64_t due = member_next_telling(room);
    if (room->tell_at == 0 && room->counting && due <= s->now) {
        room->counting = false;
        room->tell_at = room->v1_members ? room->readers.first + 1 : 0;
    }
    if (room->tell_at)
        tell_room(s, room, end);
    return room->tell_at ? s->now : room->counting ? due : UINT64_MAX;
}

void broadcast_tell(struct server *s)
{
    struct rooms *all = &s->rooms;
    if (all->tell_at > s->now)
        return;
    uint64_t next = UINT64_MAX, end = s->cost + LIMITS_TURN_TELL;
    all->tell_at =
        UINT64_MAX; /* telling may lose a member, which is a change */
    for (uint32_t i = 0; i < store_used(&all->store); i++)
        next = bytes_min64(next, tell_if_due(s, room_at(all, i), end));
    all->tell_at = bytes_min64(all->tell_at, next);
}
