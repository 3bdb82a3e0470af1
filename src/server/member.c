/* SPDX-License-Identifier: MIT */
#include "server/member.h"
#include "os/clock.h"
#include "server/conn.h"
#include "server/outbox.h"
#include "server/ready.h"
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

static struct ring *log_of(struct server *s, const struct client *c)
{
    return &room_of(s, c)->logs[send_log_of(c)];
}

static struct client_member *member_of(const struct server *s,
                                       const struct client *c)
{
    return &client_profile(&s->clients, c)->member;
}

/* ---- Pressure ------------------------------------------------------------ */

static uint8_t pressure_of(const struct server *s, const struct room *room)
{
    size_t log = s->rooms.log_size;
    uint64_t others = room->members ? room->members - 1 : 0;
    if (room->unflushed >= log / 4)
        return 3;
    if (2 * (uint64_t)room->behind[1] > others)
        return 2;
    return 2 * (uint64_t)room->behind[0] > others || room->unflushed >= log / 8;
}

/* A walk is to find those who may speak again. */
static void ask_again(struct server *s, struct room *room)
{
    if (room->held == 0)
        return;
    room->ask = true;
    room_soil(&s->rooms, room);
}

/* Something has changed that pressure depends on. */
static void press(struct server *s, struct room *room)
{
    uint8_t before = room->pressure;
    room->pressure = pressure_of(s, room);
    if (room->pressure < before)
        ask_again(s, room);
}

/* The number of the present stretch. */
static uint64_t stretch_of(const struct server *s, const struct room *room)
{
    return room->said / (s->rooms.log_size / 2);
}

static uint64_t own_of(const struct server *s, const struct room *room,
                       const struct client_member *m)
{
    uint8_t past = (uint8_t)(stretch_of(s, room) - m->own_stretch);
    return past == 0   ? (uint64_t)m->own_now + m->own_before
           : past == 1 ? m->own_now
                       : 0;
}

static void count_own(const struct server *s, const struct room *room,
                      struct client_member *m, size_t len)
{
    uint64_t stretch = stretch_of(s, room);
    uint8_t past = (uint8_t)(stretch - m->own_stretch);
    if (past > 0) {
        m->own_before = past == 1 ? m->own_now : 0;
        m->own_now = 0;
        m->own_stretch = (uint8_t)stretch;
    }
    m->own_now += (uint32_t)len;
}

bool member_may_speak(const struct server *s, const struct client *c)
{
    if (!client_in_room(c))
        return true;
    const struct room *room = room_at(&s->rooms, c->room);
    const struct client_member *m = member_of(s, c);
    if (client_has(c, CLIENT_SKIPS) &&
        m->skip_from + m->skip_len != (uint32_t)room->logs[send_log_of(c)].head)
        return false; /* others spoke: it has to pass over its own first */
    if (room->pressure == 0)
        return true;
    uint64_t own = own_of(s, room, m);
    return room->pressure < 3 &&
           own <= s->rooms.log_size / (room->pressure == 1 ? 8 : 32);
}

void member_hold(struct server *s, struct client *c, uint8_t opcode)
{
    c->taken = opcode;
    room_of(s, c)->held++;
}

void member_wait(struct server *s, struct client *c)
{
    ready_wait(s, c, CLIENT_WAITS_ROOM);
    room_of(s, c)->held += c->taken == 0;
}

/* It waits no longer; what is held of it can be handled. */
static void go_on(struct server *s, struct client *c)
{
    if (c->taken)
        client_set(c, CLIENT_PARKED);
    else
        room_of(s, c)->held--;
    ready_go_on(s, c, CLIENT_WAITS_ROOM);
    ready_add(s, c);
}

uint8_t member_release(struct server *s, struct client *c)
{
    uint8_t opcode = c->taken;
    c->taken = 0;
    room_of(s, c)->held -= !client_waits(c, CLIENT_WAITS_ROOM);
    return opcode;
}

/* ---- How far behind ------------------------------------------------------ */

static enum member_lag lag_of(struct server *s, const struct client *c,
                              uint64_t lag)
{
    size_t size = s->rooms.log_size;
    if (client_has(c, CLIENT_REPLAYS))
        return MEMBER_IN_STEP;
    return lag > size - size / 4 ? MEMBER_FAR
           : lag > size / 2      ? MEMBER_BEHIND
           : lag > size / 4      ? MEMBER_LATE
                                 : MEMBER_IN_STEP;
}

static void set_lag(struct server *s, struct client *c, enum member_lag lag,
                    bool stuck)
{
    struct room *room = room_of(s, c);
    struct client_member *m = member_of(s, c);
    for (unsigned step = 0; step < 2; step++) {
        unsigned least = MEMBER_BEHIND + step;
        room->behind[step] -= m->behind >= least && !m->stuck;
        room->behind[step] += lag >= least && !stuck;
    }
    room->late -= m->behind != MEMBER_IN_STEP;
    room->late += lag != MEMBER_IN_STEP;
    m->behind = (uint8_t)lag;
    m->stuck = stuck;
    press(s, room);
}

static void begin_measure(struct server *s, struct client *c)
{
    struct client_member *m = member_of(s, c);
    m->lag_mark = (uint32_t)c->as.socket.cursor;
    m->lag_since = (uint32_t)s->now;
    wheel_hasten(&s->wheel, client_index(&s->clients, c), s->now + LIMITS_PACE);
}

static void read_twin(struct server *s, struct client *c)
{
    struct room *room = room_of(s, c);
    room->log_members[send_log_of(c)]--;
    client_set(c, CLIENT_TWIN);
    room->log_members[send_log_of(c)]++;
    c->as.socket.cursor = log_of(s, c)->head;
}

/* May it speak now, if it waits for that? */
static void ask(struct server *s, struct client *c)
{
    if ((c->taken || client_waits(c, CLIENT_WAITS_ROOM)) &&
        member_may_speak(s, c))
        go_on(s, c);
}

static void note_lag(struct server *s, struct client *c, uint64_t behind)
{
    const struct client_member *m = member_of(s, c);
    enum member_lag lag = lag_of(s, c, behind);
    if (lag == m->behind)
        return;
    if (m->behind == MEMBER_IN_STEP)
        begin_measure(s, c);
    set_lag(s, c, lag, lag != MEMBER_IN_STEP && m->stuck);
}

void member_flushed(struct server *s, struct client *c)
{
    struct room *room = room_of(s, c);
    uint64_t behind = room->logs[send_log_of(c)].head - c->as.socket.cursor;
    if (behind == 0) {
        client_clear(c, CLIENT_REPLAYS);
        /* A twin is deflated with the largest window. Who asked for a smaller
           one gets messages as they are, which is as legal (RFC 7692 6). */
        if (c->server_bits == EXTENSION_BITS_MAX &&
            !client_has(c, CLIENT_TWIN) && c->frame_left == 0)
            read_twin(s, c);
    }
    /* As a rule nobody is late, and no profile need be looked at. */
    if (room->late || behind > s->rooms.log_size / 4)
        note_lag(s, c, behind);
    if (room->held)
        ask(s, c);
}

void member_measure(struct server *s, struct client *c)
{
    const struct client_member *m = member_of(s, c);
    uint32_t taken = (uint32_t)c->as.socket.cursor - m->lag_mark;
    uint64_t behind = log_of(s, c)->head - c->as.socket.cursor;
    begin_measure(s, c);
    set_lag(s, c, lag_of(s, c, behind), taken < s->rooms.log_size / 16);
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
    press(s, room);
}

void member_replay(struct server *s, struct client *c, uint64_t pos)
{
    if (pos == log_of(s, c)->head)
        return;
    c->as.socket.cursor = pos;
    client_set(c, CLIENT_REPLAYS);
}

void member_leave(struct server *s, struct client *c)
{
    struct room *room = room_of(s, c);
    set_lag(s, c, MEMBER_IN_STEP, false);
    room->held -= client_waits(c, CLIENT_WAITS_ROOM);
    room->log_members[send_log_of(c)]--;
    room->v1_members -= is_v1(c);
    if (--room->members == 0)
        s->rooms.in_use--;
    count_changed(s, room);
    press(s, room);
}

void member_detach(struct server *s, struct client *c)
{
    room_remove_reader(&s->rooms, room_of(s, c), client_index(&s->clients, c));
    c->room = CLIENT_NONE;
    c->frame_left = 0;
}

/* ---- Messages ------------------------------------------------------------ */

/* The sender passes over [from, to). Its own messages of one turn lie side by
   side, and it is not read again before they are passed (open_turn): one range
   is enough. What is said when it goes lies behind all that is owed to it. */
static void skip_over(struct server *s, struct client *c, uint64_t from,
                      uint64_t to)
{
    struct client_member *m = member_of(s, c);
    if (c->state != CLIENT_OPEN)
        return;
    if (!client_has(c, CLIENT_SKIPS))
        m->skip_from = (uint32_t)from;
    else if (m->skip_from + m->skip_len != (uint32_t)from)
        return;
    m->skip_len = (uint32_t)to - m->skip_from;
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
    const struct ring *log = log_of(s, c);
    uint64_t from = log->head;
    size_t len = room_append(&s->rooms, room, record);
    s->cost += LIMITS_COST_MESSAGE + len * LIMITS_COST_SAID;
    count_own(s, room, member_of(s, c), len);
    count_out(s, room, skip);
    if (skip)
        skip_over(s, c, from, log->head);
    /* Do not let one turn's messages run over members that keep up. */
    if (room->unflushed >= s->rooms.log_size / 8)
        member_flush(s, room, s->cost + LIMITS_FLUSH_ROOM);
    press(s, room);
}

static void begin_flush(struct server *s, struct room *room)
{
    room->flush_at = room->readers.first + 1;
    room->flush_began = room->unflushed ? s->woken : 0;
    room->unflushed = 0;
    press(s, room);
    room->ask = false;
}

/* Every member has been reached. False: but not with everything. */
static bool end_flush(struct server *s, const struct room *room)
{
    if (room->flush_began && s->config->has_metrics)
        stats_time(&s->stats.lag, clock_microseconds() - room->flush_began);
    return room->unflushed == 0 && !room->ask;
}

bool member_flush(struct server *s, struct room *room, uint64_t end)
{
    if (room->flush_at == 0)
        begin_flush(s, room);
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
        if (client_waits(c, CLIENT_WAITS_OUTPUT) && !send_overrun(s, c))
            member_flushed(s, c);
        else
            conn_flush(s, c);
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
    conn_begin(s, c);
    outbox_frame(s, c, FRAME_FIN | FRAME_TEXT, text_span(&t));
    member_of(s, c)->members_told = members;
    conn_settle(s, c);
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
        if (c->state != CLIENT_OPEN || !is_v1(c) ||
            member_of(s, c)->members_told == room->members)
            continue;
        if (client_waits(c, CLIENT_WAITS_OUTPUT))
            count_changed(s, room);
        else
            tell_client(s, c, room->members);
    }
    room->told_at = s->now;
}

/* Begin, where it is due; when all are told, or are to be told again. */
static uint64_t tell_if_due(struct server *s, struct room *room, uint64_t end)
{
    uint64_t due = next_telling(room);
    if (room->tell_at == 0 && room->counting && due <= s->now) {
        room->counting = false;
        room->tell_at = room->v1_members ? room->readers.first + 1 : 0;
    }
    if (room->tell_at)
        tell_room(s, room, end);
    return room->tell_at ? s->now : room->counting ? due : UINT64_MAX;
}

void member_tell(struct server *s)
{
    struct rooms *all = &s->rooms;
    if (all->tell_at > s->now)
        return;
    uint64_t next = UINT64_MAX, end = s->cost + LIMITS_TURN_TELL;
    all->tell_at =
        UINT64_MAX; /* telling may lose a member, which is a change */
    for (uint32_t i = 0; i < all->slots.fresh; i++)
        next = bytes_min64(next, tell_if_due(s, room_at(all, i), end));
    all->tell_at = bytes_min64(all->tell_at, next);
}

uint64_t member_tell_wait(const struct server *s)
{
    uint64_t at = s->rooms.tell_at;
    return at == UINT64_MAX ? REACTOR_FOREVER : at > s->now ? at - s->now : 0;
}
