/* SPDX-License-Identifier: MIT */
#include "server/broadcast.h"
#include "os/clock.h"
#include "server/member.h"
#include "server/output.h"
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

void broadcast_publish(struct server *s, struct client *c, struct room *room,
                       const struct room_record *record, bool skip)
{
    const struct ring *log = &room->logs[room_log_of(c)];
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
            continue;
        if (client_waits(c, CLIENT_WAITS_OUTPUT) && !member_overrun(s, c))
            member_flushed(s, c);
        else
            output_flush(s, c);
    } while (s->cost < end);
    return room->flush_at == 0 && end_flush(s, room);
}

/* ---- The number of members ----------------------------------------------- */

static void tell_client(struct server *s, struct client *c, uint32_t members)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"event\":\"members\",\"members\":");
    text_decimal(&t, members);
    text_byte(&t, '}');
    output_begin(s, c);
    staging_frame(s, c, FRAME_FIN | FRAME_TEXT, text_span(&t));
    member_of(s, c)->members_told = members;
    output_settle(s, c);
}

/* Go on until the turn's cost is `end`. Who takes nothing now is told later,
   and so is who was told a number that has changed meanwhile. */
static void tell_room(struct server *s, struct room *room, uint64_t end)
{
    while (room->tell_at && s->cost < end) {
        uint32_t at = room->tell_at - 1;
        struct client *c = client_at(&s->clients, at);
        room->tell_at = list_next(&s->rooms.reader_links, at) + 1;
        s->cost += LIMITS_COST_VISIT;
        if (c->state != CLIENT_OPEN || c->form != CLIENT_JSON_V1 ||
            member_of(s, c)->members_told == room->members)
            continue;
        if (client_waits(c, CLIENT_WAITS_OUTPUT))
            member_count_changed(s, room);
        else
            tell_client(s, c, room->members);
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
    for (uint32_t i = 0; i < all->topics.slots.fresh; i++)
        next = bytes_min64(next, tell_if_due(s, room_at(all, i), end));
    all->tell_at = bytes_min64(all->tell_at, next);
}
