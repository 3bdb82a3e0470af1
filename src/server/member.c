/* SPDX-License-Identifier: MIT */
#include "server/member.h"
#include "server/compressed.h"
#include "server/ready.h"
#include "server/roster.h"
#include "wire/extension.h"

/* ---- Pressure ------------------------------------------------------------ */

static uint8_t pressure_by(const struct room *room, size_t log,
                           uint64_t members, uint64_t near, uint64_t far)
{
    uint64_t others = members ? members - 1 : 0;
    if (near == 0 && room->unflushed < log / 8)
        return 0; /* who is far behind counts as behind, too */
    if (room->unflushed >= log / 4)
        return 3;
    if (2 * far > others)
        return 2;
    return 2 * near > others || room->unflushed >= log / 8;
}

/* By the members of all workers. */
static uint8_t pressure_of_all(const struct server *s, const struct room *room)
{
    const struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    uint64_t near = room->behind[0], far = room->behind[1];
    for (uint32_t w = 0; w < store->board.worker_count; w++) {
        const struct board_place *p = board_place(&store->board, index, w);
        if (w == store->worker)
            continue;
        near += atom_get(&p->behind[0]);
        far += atom_get(&p->behind[1]);
    }
    return pressure_by(room, s->rooms.log_size, roster_members(s, room), near,
                       far);
}

/* Asked several times a message: one worker alone looks at no board. */
static uint8_t pressure_of(const struct server *s, const struct room *room)
{
    return store_is_shared(&s->rooms.store)
               ? pressure_of_all(s, room)
               : pressure_by(room, s->rooms.log_size, room->members,
                             room->behind[0], room->behind[1]);
}

/* Other workers' senders wait for our members, too. */
static void share_behind(struct server *s, const struct room *room)
{
    struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    if (!store_is_shared(store))
        return;
    struct board_place *place = store_place(store, index);
    for (unsigned step = 0; step < 2; step++)
        atom_put(&place->behind[step], room->behind[step]);
    store_ring(store, index);
}

void member_press(struct server *s, struct room *room)
{
    uint8_t before = room->pressure;
    room->pressure = pressure_of(s, room);
    if (room->pressure >= before || room->held == 0)
        return;
    room->ask = true;
    room_soil(&s->rooms, room);
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
    share_behind(s, room);
    member_press(s, room);
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
    if (room->held && !room->barred &&
        (c->taken || client_waits(c, CLIENT_WAITS_ROOM)) &&
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

void member_renamed(struct server *s, struct client *c, struct span name)
{
    struct client_member *m = member_of(s, c);
    if (bytes_equal(name, bytes_span(m->name, m->name_len)))
        return;
    roster_turn(s, member_room(s, c), c);
    member_set_name(m, name);
    roster_turn(s, member_room(s, c), c);
    roster_share(s, member_room(s, c));
    member_count_changed(s, member_room(s, c));
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
    roster_turn(s, room, c);
    roster_share(s, room);
    member_count_changed(s, room);
    member_press(s, room);
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
    roster_turn(s, room, c);
    roster_share(s, room);
    member_count_changed(s, room);
    member_press(s, room);
}

void member_detach(struct server *s, struct client *c)
{
    room_remove_reader(&s->rooms, member_room(s, c),
                       client_index(&s->clients, c));
    c->room = CLIENT_NONE;
    c->frame_left = 0;
}

/* ---- Rung, and walked along ---------------------------------------------- */

void member_rung(struct server *s, struct room *room)
{
    const struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    if (room->unshared)
        roster_share(s, room);
    if (!store_is_open(store, index))
        return; /* it was when that was begun, maybe by our predecessor */
    if (room->news != roster_news(s, room)) {
        room->news = roster_news(s, room);
        member_count_changed(s, room);
    }
    member_press(s, room);
    room->barred = false;
    room->ask = room->ask || room->held > 0;
    if (room->ask || !store_is_read(store, index))
        room_soil(&s->rooms, room);
}

void member_ask_all(struct server *s)
{
    s->rooms.full = false;
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        struct room *room = room_at(&s->rooms, i);
        room->barred = false;
        if (room->held == 0)
            continue;
        room->ask = true;
        room_soil(&s->rooms, room);
    }
}

void member_begin_walk(struct server *s, struct room *room)
{
    room->unflushed = 0;
    room->ask = false;
    member_press(s, room);
}
