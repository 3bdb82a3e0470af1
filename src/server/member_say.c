/* SPDX-License-Identifier: MIT */
/* Who may say something, what waits for that, and what was said. */
#include "server/compressed.h"
#include "server/hear.h"
#include "server/member.h"
#include "server/pending.h"
#include "server/ready.h"

/* ---- May it speak? ------------------------------------------------------- */

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

bool member_must_pass(const struct server *s, const struct client *c)
{
    const struct client_member *m = member_of(s, c);
    return c->state == CLIENT_OPEN && client_has(c, CLIENT_SKIPS) &&
           m->skip_from + m->skip_len != (uint32_t)member_log(s, c)->head;
}

/* With a bus: of what it said before enough was read back. */
static bool was_heard(const struct server *s, const struct client *c)
{
    return !store_has_bus(&s->rooms.store) || pending_may_add(s, c);
}

bool member_may_speak(const struct server *s, const struct client *c)
{
    return !member_must_pass(s, c) && was_heard(s, c) &&
           member_may_post(s, member_room(s, c), c);
}

/* Who may speak, and whether the room can be had, may change with everything
   that is read first: so often it is asked again. */
#define SEIZE_TRIES 8

static bool may_say(const struct server *s, const struct client *c,
                    const struct room *room)
{
    return client_in_room(c) ? member_may_speak(s, c)
                             : member_may_post(s, room, c);
}

/* Bytes of its record, at most. */
static size_t record_most(const struct store *store, size_t len)
{
    return bytes_min(len + RECORD_HEAD + TOKEN_SUB_MAX + LIMITS_USER_NAME,
                     store_record_max(store));
}

/* Where another worker is in the way, we are rung when it is no longer: nobody
   need be asked before. */
static enum store_outcome try(struct server *s, struct room *room, size_t len)
{
    struct store *store = &s->rooms.store;
    enum store_outcome outcome = store_seize(store, room_index(&s->rooms, room),
                                             record_most(store, len));
    room->barred = outcome == STORE_BUSY || outcome == STORE_FULL;
    return outcome;
}

/* Where there is something to be read first, members are written to, and the
   client may be closed. */
static bool seize(struct server *s, const struct client *c, struct room *room,
                  size_t len, bool goes)
{
    uint8_t state = c->state;
    for (unsigned tries = 0; tries < SEIZE_TRIES; tries++) {
        if (c->state != state ||
            (client_in_room(c) && member_must_pass(s, c)) ||
            (!goes && !may_say(s, c, room)))
            return false;
        enum store_outcome outcome = try(s, room, len);
        if (outcome != STORE_BEHIND)
            return outcome == STORE_DONE;
        if (!hear_room(s, room, s->cost + LIMITS_FLUSH_ROOM))
            break;
    }
    room->ask = true; /* whom the walk meets behind what is read next */
    room_soil(&s->rooms, room);
    return false;
}

/* Space for a proposal. It is the worker's, and not the room's. */
static bool has_space(struct server *s, struct room *room, size_t len)
{
    const struct store *store = &s->rooms.store;
    room->barred = !store_may_propose(store, record_most(store, len));
    s->rooms.full = s->rooms.full || room->barred;
    return !room->barred;
}

/* With a bus the room is nobody's, and need not be read first. */
static bool may_propose(struct server *s, const struct client *c,
                        struct room *room, size_t len, bool goes)
{
    bool may = goes ? was_heard(s, c) : may_say(s, c, room);
    return may && has_space(s, room, len);
}

bool member_seize(struct server *s, const struct client *c, struct room *room,
                  size_t len, bool goes)
{
    const struct store *store = &s->rooms.store;
    if (!store_has_streams(store))
        return goes || may_say(s, c, room);
    return store_has_bus(store) ? may_propose(s, c, room, len, goes)
                                : seize(s, c, room, len, goes);
}

bool member_stays_out(struct server *s, const struct client *c)
{
    const struct store *store = &s->rooms.store;
    if (!member_may_speak(s, c))
        return true;
    if (!store_has_streams(store))
        return false;
    if (store_has_bus(store))
        return !has_space(s, member_room(s, c), s->config->max_message);
    (void)try(s, member_room(s, c), s->config->max_message);
    store_release(&s->rooms.store);
    return member_room(s, c)->barred;
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
static struct span held_message(struct server *s, struct client *c)
{
    struct compressed_in *z = compressed_in_of(s, c);
    if (z)
        return bytes_span(compressed_gathered(z), z->len);
    if (c->inbox == LEASE_NONE)
        return bytes_span(s->receive, 0);
    return bytes_span(lease_bytes(&s->leases, c->inbox),
                      lease_at(&s->leases, c->inbox)->start);
}

bool member_seize_held(struct server *s, struct client *c)
{
    return member_seize(s, c, member_room(s, c), held_message(s, c).len, true);
}

void member_publish_held(struct server *s, struct client *c)
{
    const struct service *service = server_service(s, c);
    struct span held = held_message(s, c);
    uint8_t opcode = c->taken;
    c->taken = 0;
    pool_of(s, c)->kept--;
    member_room(s, c)->held -= !client_waits(c, CLIENT_WAITS_ROOM);
    service->message(s, c, opcode, (uint8_t *)held.ptr, held.len);
    store_release(&s->rooms.store);
    if (compressed_in_of(s, c))
        compressed_in_end(s, c);
    else if (c->inbox != LEASE_NONE)
        lease_drop_front(&s->leases, c->inbox);
}

/* ---- What it has said ---------------------------------------------------- */

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
    if (c) {
        struct client_member *m = member_of(s, c);
        turn_period(s, room, m);
        m->own_now += (uint32_t)len;
    }
    member_press(s, room);
}
