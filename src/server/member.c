/* SPDX-License-Identifier: MIT */
#include "server/member.h"
#include "server/compressed.h"
#include "server/ready.h"
#include "wire/extension.h"

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

/* Something has changed that pressure depends on. Where it is less, a walk is to
   find those who may speak again. */
static void press(struct server *s, struct room *room)
{
    uint8_t before = room->pressure;
    room->pressure = pressure_of(s, room);
    if (room->pressure >= before || room->held == 0)
        return;
    room->ask = true;
    room_soil(&s->rooms, room);
}

/* What a member has said, where this is another period than when it was looked
   at last. */
static void turn_period(const struct server *s, const struct room *room,
                        struct client_member *m)
{
    uint64_t period = room->said / (s->rooms.log_size / 2);
    uint8_t past = (uint8_t)(period - m->own_period);
    if (past == 0)
        return;
    m->own_before = past == 1 ? m->own_now : 0;
    m->own_now = 0;
    m->own_period = (uint8_t)period;
}

bool member_may_post(const struct server *s, const struct room *room,
                     const struct client *c)
{
    if (room->pressure == 0)
        return true;
    struct client_member *m = member_of(s, c);
    turn_period(s, room, m);
    return room->pressure < 3 &&
           (uint64_t)m->own_now + m->own_before <=
               s->rooms.log_size / (room->pressure == 1 ? 8 : 32);
}

bool member_may_speak(const struct server *s, const struct client *c)
{
    if (!client_in_room(c))
        return true;
    const struct room *room = member_room(s, c);
    struct client_member *m = member_of(s, c);
    if (client_has(c, CLIENT_SKIPS) &&
        m->skip_from + m->skip_len != (uint32_t)room->logs[room_log_of(c)].head)
        return false; /* others spoke: it has to pass over its own first */
    return member_may_post(s, room, c);
}

/* Where a message of it that waits lies. */
static struct leases *pool_of(struct server *s, const struct client *c)
{
    return client_inflating(&s->clients, c) == LEASE_NONE ? &s->leases
                                                          : &s->inflating;
}

void member_hold(struct server *s, struct client *c, uint8_t opcode)
{
    c->taken = opcode;
    pool_of(s, c)->kept++;
    member_room(s, c)->held++;
}

void member_wait(struct server *s, struct client *c)
{
    ready_wait(s, c, CLIENT_WAITS_ROOM, REACTOR_FOREVER);
    member_room(s, c)->held += c->taken == 0;
}

/* The bytes lie where they were gathered; an empty one is nowhere. */
void member_publish_held(struct server *s, struct client *c)
{
    if (c->taken == 0)
        return;
    const struct service *service = server_service(s, c);
    uint8_t opcode = c->taken;
    c->taken = 0;
    pool_of(s, c)->kept--;
    member_room(s, c)->held -= !client_waits(c, CLIENT_WAITS_ROOM);
    struct compressed_in *z = compressed_in_of(s, c);
    if (z) {
        service->message(s, c, opcode, compressed_gathered(z), z->len);
        compressed_in_end(s, c);
    } else if (c->inbox == LEASE_NONE) {
        service->message(s, c, opcode, s->receive, 0);
    } else {
        service->message(s, c, opcode, lease_bytes(&s->leases, c->inbox),
                         lease_at(&s->leases, c->inbox)->start);
        if (c->inbox != LEASE_NONE)
            lease_drop_front(&s->leases, c->inbox);
    }
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
    struct room *room = member_room(s, c);
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
    struct room *room = member_room(s, c);
    room->log_members[room_log_of(c)]--;
    client_set(c, CLIENT_TWIN);
    room->log_members[room_log_of(c)]++;
    c->as.socket.cursor = member_log(s, c)->head;
}

/* It waits no longer; what is held of it can be handled. */
static void go_on(struct server *s, struct client *c)
{
    if (c->taken)
        client_set(c, CLIENT_PARKED);
    else
        member_room(s, c)->held--;
    ready_go_on(s, c, CLIENT_WAITS_ROOM);
    ready_add(s, c);
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
    struct room *room = member_room(s, c);
    uint64_t behind = room->logs[room_log_of(c)].head - c->as.socket.cursor;
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
    if (room->held && (c->taken || client_waits(c, CLIENT_WAITS_ROOM)) &&
        member_may_speak(s, c))
        go_on(s, c);
}

void member_measure(struct server *s, struct client *c)
{
    const struct client_member *m = member_of(s, c);
    uint32_t taken = (uint32_t)c->as.socket.cursor - m->lag_mark;
    uint64_t behind = member_log(s, c)->head - c->as.socket.cursor;
    begin_measure(s, c);
    set_lag(s, c, lag_of(s, c, behind), taken < s->rooms.log_size / 16);
}

/* ---- Coming and going ---------------------------------------------------- */

/* A second after the last, or later where it takes a good part of that to tell
   everybody. */
uint64_t member_next_telling(const struct room *room)
{
    uint64_t all = room->v1_members / LIMITS_TOLD;
    if (room->told_at == 0)
        return 0;
    return room->told_at + (all > LIMITS_MEMBERS ? all : LIMITS_MEMBERS);
}

void member_count_changed(struct server *s, struct room *room)
{
    uint64_t due = member_next_telling(room);
    if (due < s->now)
        due = s->now;
    room->counting = true;
    s->rooms.tell_at = bytes_min64(s->rooms.tell_at, due);
}

void member_join(struct server *s, struct client *c, struct room *room)
{
    enum room_log log = room_log_of(c);
    c->room = room_index(&s->rooms, room);
    c->frame_left = 0;
    c->as.socket.cursor = room->logs[log].head;
    room_add_reader(&s->rooms, room, client_index(&s->clients, c));
    if (room->members++ == 0)
        s->rooms.in_use++;
    room->log_members[log]++;
    room->v1_members += c->form == CLIENT_JSON_V1;
    member_count_changed(s, room);
    press(s, room);
}

void member_replay(struct server *s, struct client *c, uint64_t pos)
{
    if (pos == member_log(s, c)->head)
        return;
    c->as.socket.cursor = pos;
    client_set(c, CLIENT_REPLAYS);
}

void member_leave(struct server *s, struct client *c)
{
    struct room *room = member_room(s, c);
    set_lag(s, c, MEMBER_IN_STEP, false);
    room->held -= client_waits(c, CLIENT_WAITS_ROOM);
    room->log_members[room_log_of(c)]--;
    room->v1_members -= c->form == CLIENT_JSON_V1;
    if (--room->members == 0)
        s->rooms.in_use--;
    member_count_changed(s, room);
    press(s, room);
}

void member_detach(struct server *s, struct client *c)
{
    room_remove_reader(&s->rooms, member_room(s, c),
                       client_index(&s->clients, c));
    c->room = CLIENT_NONE;
    c->frame_left = 0;
}

/* ---- What it says --------------------------------------------------------- */

/* Its messages of one turn lie side by side, and it is not read again until it
   has passed over them: one range is enough. What is said for it when it goes
   lies behind all that is owed to it. */
void member_skip(struct server *s, struct client *c, uint64_t from, uint64_t to)
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

void member_said(struct server *s, struct room *room, struct client *c,
                 size_t len)
{
    struct client_member *m = member_of(s, c);
    turn_period(s, room, m);
    m->own_now += (uint32_t)len;
    press(s, room);
}

void member_begin_walk(struct server *s, struct room *room)
{
    room->unflushed = 0;
    room->ask = false;
    press(s, room);
}
