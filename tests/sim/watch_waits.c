/* SPDX-License-Identifier: MIT */
/* The part of watch.h that knows who waits, for whom, and how long. */
#include "server/conn.h"
#include "server/lend.h"
#include "server/member.h"
#include "server/request.h"
#include "server/staging.h"
#include "server/websocket.h"
#include "sim/happened.h"
#include "sim/model.h"
#include "sim/watch.h"

#include <stdlib.h>

#define SOON    4   /* turns: what nothing hinders is done in so many */
#define SAMPLES 32  /* of where a member was, */
#define APART   100 /* milliseconds from one to the next at least */

/* A member's pace is measured from when it is late, and then each second. In so
   much time lies one whole measurement, wherever it began. */
#define MEASURED (2 * (LIMITS_PACE + 2 * WHEEL_TICK))

/* What is known of a connection that waits, or that others wait for. */
struct waiting {
    const struct actor *who;
    size_t handled;       /* of its frames: so many */
    uint64_t data_at;     /* when the last of them that was data was */
    uint64_t short_at;    /* when there was no buffer for its answer last */
    unsigned unhandled;   /* turns in which the next could have been, */
    unsigned unpublished; /* its message, */
    unsigned unflushed;   /* its own output, */
    unsigned unbrought;   /* and its room's, and was not */
    bool wrote;           /* in this turn something was sent to it */
    bool blocked;         /* when this turn began its kernel took nothing */
    bool held;            /* a message of it waits for its room */
    bool replays;         /* it has not caught up, for certain */
    bool slow;            /* it does not count as one that moves, since it */
    uint64_t slow_from;   /* was here */
    uint64_t sent, received, cursor;
    uint64_t late_since; /* over 5/16 of a log behind; 0: it is not */
    struct {
        uint64_t at, cursor;
    } samples[SAMPLES]; /* the last first */
    uint32_t told;      /* the number of members */
    uint64_t stale_at;  /* since when it is another; 0: it is not */
};

/* A room's message: whose, its bytes, and where it ends. */
struct message {
    int connection;
    size_t len;
    uint64_t said;            /* of all messages up to it */
    uint64_t ends[ROOM_LOGS]; /* positions in the logs */
};

struct talk {
    uint64_t epoch;
    uint64_t said;
    uint64_t unbrought; /* of that, since a walk began last */
    struct message *messages;
    size_t count;
    uint32_t members;               /* after the last turn; */
    uint64_t changed_at;            /* and when that was another number last */
    unsigned unwalked;              /* turns it was dirty and not walked */
    uint64_t turn_heads[ROOM_LOGS]; /* when the turn began */
};

#define TALKS 8

static struct waiting all[ORIGIN_CONNECTIONS];
static struct talk talks[TALKS];
static const struct leases *lending; /* the pool that is lent from, and */
static const struct client *asking;  /* for whom */

void watch_waits_forget(void)
{
    for (size_t i = 0; i < TALKS; i++)
        free(talks[i].messages);
    memset(talks, 0, sizeof talks);
    memset(all, 0, sizeof all);
    lending = NULL;
}

static struct waiting *waiting_of(const struct client *c)
{
    struct waiting *w = &all[sim_connection(c->fd)];
    if (!w->who)
        w->who = model_actor(sim_connection(c->fd));
    return w;
}

bool watch_is_held(int connection)
{
    return all[connection].held;
}

/* A room's place may have become another room's. */
static struct talk *talk_of(const struct room *room)
{
    struct talk *t = &talks[room_index(&world.server.rooms, room)];
    uint64_t epoch = room->history.last.epoch;
    if (t->epoch != epoch) {
        free(t->messages);
        *t = (struct talk){.epoch = epoch};
    }
    return t;
}

static const struct ring *log_of(const struct client *c)
{
    unsigned log = c->form == CLIENT_PLAIN ? ROOM_PLAIN : ROOM_JSON;
    log += client_has(c, CLIENT_TWIN) ? ROOM_TWIN : 0;
    return &world.server.rooms.table[c->room].logs[log];
}

static uint64_t lag_of(const struct client *c)
{
    return log_of(c)->head - c->as.socket.cursor;
}

static bool is_member(const struct client *c)
{
    return c->state == CLIENT_OPEN && client_in_room(c);
}

/* ---- What was said ------------------------------------------------------- */

/* Does the sender leave? Then what was taken of it is said. */
static bool sender_leaves(int connection)
{
    const struct clients *clients = &world.server.clients;
    int fd = sim_descriptor(connection);
    for (uint32_t i = 0; i < clients->slots.fresh; i++) {
        const struct client *c = client_at(clients, i);
        if (c->fd == fd && c->state != CLIENT_GONE)
            return c->state == CLIENT_CLOSING;
    }
    return true;
}

/* Where many wait to be brought what was said, a walk begins at once; for one
   that leaves, it may be the next. */
void watch_said(const struct room *room, int connection,
                const struct room_record *record)
{
    if (!watch.on)
        return;
    struct talk *t = talk_of(room);
    struct message m = {.connection = connection};
    bool leaves = sender_leaves(connection);
    for (unsigned log = 0; log < world.server.rooms.log_count; log++) {
        size_t len = record->head[log].len + record->body[log].len;
        m.ends[log] = room->logs[log].head;
        if (room_wants(&world.server.rooms, room, (enum room_log)log))
            m.len = len > m.len ? len : m.len;
    }
    t->said += m.len;
    m.said = t->said;
    t->unbrought += m.len;
    if (t->unbrought >= world.config.room_log / 8 && room->flush_at == 0 &&
        !leaves)
        t->unbrought = 0;
    t->messages = realloc(t->messages, (t->count + 1) * sizeof m);
    assert_non_null(t->messages);
    t->messages[t->count++] = m;
    happened("wait", "said when its sender went",
             all[connection].held && leaves);
    all[connection].held = false;
}

/* What one has said that may lie between the slow ones and the head: in the
   present half of a log and the one before. */
static uint64_t own_of(const struct talk *t, int connection)
{
    uint64_t half = world.config.room_log / 2, sum = 0;
    for (size_t i = t->count; i > 0; i--) {
        const struct message *m = &t->messages[i - 1];
        if (m->said / half + 1 < t->said / half)
            break;
        sum += m->connection == connection ? m->len : 0;
    }
    return sum;
}

bool watch_would_wait(int connection)
{
    const struct server *s = &world.server;
    int fd = sim_descriptor(connection);
    for (uint32_t i = 0; fd >= 0 && i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (c->fd == fd && is_member(c))
            return !all[connection].held &&
                   own_of(talk_of(room_at(&s->rooms, c->room)), connection) >
                       world.config.room_log / 8;
    }
    return false;
}

/* ---- Members ------------------------------------------------------------- */

void watch_joins(const struct client *c, const struct room *room, bool replays)
{
    if (!watch.on)
        return;
    struct waiting *w = waiting_of(c);
    talk_of(room);
    w->replays = replays;
    w->told = UINT32_MAX;
}

void watch_leaves(const struct client *c)
{
    if (watch.on)
        assert_false(waiting_of(c)->held); /* it is said before */
}

/* Where was it, so long ago? */
static bool was_at(const struct waiting *w, uint64_t now, uint64_t *cursor)
{
    for (size_t i = 0; i < SAMPLES && w->samples[i].at; i++)
        if (w->samples[i].at + MEASURED <= now &&
            w->samples[i].at >= w->late_since) {
            *cursor = w->samples[i].cursor;
            return true;
        }
    return false;
}

/* At the end of a turn: has it caught up, and how fast is it? */
static void look_at_member(struct waiting *w, const struct client *c)
{
    const struct server *s = &world.server;
    const struct room *room = room_at(&s->rooms, c->room);
    size_t log = s->rooms.log_size;
    unsigned which = (unsigned)(log_of(c) - room->logs);
    uint64_t now = watch_now(), cursor = c->as.socket.cursor;
    bool walked = !room->dirty && room->flush_at == 0;
    /* To whatever the head was when it was written to. */
    if (cursor >= talk_of(room)->turn_heads[which])
        w->replays = false;
    if (lag_of(c) <= log / 16 * 5)
        w->late_since = 0;
    else if (w->late_since ? watch.frozen == now : walked)
        w->late_since = now; /* a pause of the machine is measured with it */
    if (w->samples[0].at + APART <= now) {
        memmove(w->samples + 1, w->samples,
                sizeof w->samples - sizeof *w->samples);
        w->samples[0].at = now;
        w->samples[0].cursor = cursor;
    }
    w->slow = w->late_since && was_at(w, now, &w->slow_from) &&
              cursor - w->slow_from < log / 16;
    if (lag_of(c) > log / 2) {
        happened("wait", "not for one who replays", w->replays);
        happened("wait", "not for one who is stuck", w->slow && !w->replays);
    }
}

/* Is it so far behind, and may it count? */
static bool counts(const struct client *c, uint64_t lag)
{
    const struct waiting *w = waiting_of(c);
    const struct room *room = room_at(&world.server.rooms, c->room);
    const uint64_t *heads = talk_of(room)->turn_heads;
    uint64_t cursor = c->as.socket.cursor;
    bool replays = w->replays && cursor < heads[log_of(c) - room->logs];
    bool slow = w->slow && cursor - w->slow_from < world.config.room_log / 16;
    return lag_of(c) > lag && !replays && !slow;
}

/* May members be so far behind that this one waits for them? Its own place
   counts as well. */
static bool most_are_behind(const struct client *c, uint64_t lag)
{
    const struct server *s = &world.server;
    uint32_t behind = 0, others = 0;
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *other = client_at(&s->clients, i);
        if (!is_member(other) || other->room != c->room)
            continue;
        others += other != c;
        behind += counts(other, lag);
    }
    if (behind > 0 && 2 * behind <= others)
        happened("wait", "not for a few", 1);
    return 2 * behind > others;
}

/* Are most so far behind, and did this one say so much in this half of a log and
   the one before? That is what may lie between them and the head. */
static bool has_filled(const struct client *c, uint64_t own, uint64_t much,
                       uint64_t lag)
{
    return own > much && most_are_behind(c, lag);
}

/* May its message be held? */
static bool may_be_held(const struct client *c)
{
    size_t log = world.config.room_log;
    const struct talk *t = talk_of(room_at(&world.server.rooms, c->room));
    uint64_t own = own_of(t, sim_connection(c->fd));
    if (client_has(c, CLIENT_SKIPS))
        return true; /* until it has passed over what it said itself */
    if (t->unbrought >= log / 4) {
        happened("wait", "for a walk", 1);
        return true;
    }
    if (has_filled(c, own, log / 32, log - log / 4)) {
        happened("wait", "for most, far behind", 1);
        return true;
    }
    if (has_filled(c, own, log / 8, log / 2)) {
        happened("wait", "for most", 1);
        return true;
    }
    return own > log / 8 && t->unbrought >= log / 8;
}

void __real_member_hold(struct server *s, struct client *c, uint8_t opcode);
struct room *__real_room_next_dirty(struct rooms *rooms);

void __wrap_member_hold(struct server *s, struct client *c, uint8_t opcode)
{
    if (watch.on) {
        assert_true(may_be_held(c));
        assert_false(waiting_of(c)->held);
        waiting_of(c)->held = true;
        waiting_of(c)->unpublished = 0;
    }
    __real_member_hold(s, c, opcode);
}

struct room *__wrap_room_next_dirty(struct rooms *rooms)
{
    struct room *room = __real_room_next_dirty(rooms);
    if (watch.on && room) {
        struct talk *t = talk_of(room);
        t->unwalked = 0;
        if (room->flush_at == 0)
            t->unbrought = 0;
    }
    return room;
}

/* ---- For how many turns -------------------------------------------------- */

/* A walk along a room's readers, in turns, when other rooms have theirs; and
   one more, that finds those who may go on. */
static unsigned two_walks(const struct client *c)
{
    const struct rooms *rooms = &world.server.rooms;
    if (world.server.flush_cost == LIMITS_TURN_FLUSH)
        return SOON;
    uint32_t readers = room_at(rooms, c->room)->readers.count;
    return SOON + 2 * (readers + 1) * store_used(&rooms->store);
}

/* Another turn in which nothing came of it, and nothing was in the way. */
static void count(unsigned *turns, bool hindered, unsigned most,
                  const char *what, const struct client *c)
{
    *turns = hindered ? 0 : *turns + 1;
    if (*turns > most)
        fail_msg("client %u, connection %d: %s for %u turns",
                 client_index(&world.server.clients, c), sim_connection(c->fd),
                 what, *turns);
}

static void what_is_held_goes_on(struct waiting *w, const struct client *c)
{
    assert_int_equal(c->taken != 0, w->held);
    if (!w->held)
        return;
    bool hindered = client_waits(c, ~(unsigned)CLIENT_WAITS_ROOM & 0xFF);
    count(&w->unpublished, hindered || may_be_held(c), two_walks(c),
          "its message was held without a reason", c);
}

/* ---- Input --------------------------------------------------------------- */

/* Bytes of its stream that were handled. */
static uint64_t handled_of(const struct client *c)
{
    const struct server *s = &world.server;
    uint64_t pos = c->received;
    if (c->inbox != LEASE_NONE)
        pos -= lease_left(&s->leases, c->inbox).len;
    if (client_has(c, CLIENT_TAIL))
        pos -= client_profile(&s->clients, c)->echo.tail_len;
    return pos;
}

/* Does it wait for something of its own: that its peer reads, its --rate, a
   buffer where it is an echo whose peer does not read at once, or, with data,
   that its message before is said? */
static bool is_its_own(struct waiting *w, const struct client *c, bool data)
{
    const struct server *s = &world.server;
    int connection = sim_connection(c->fd);
    uint64_t now = watch_now(), rate = s->config->rate;
    if (client_waits(c, CLIENT_WAITS_OUTPUT) && !sim_has_room(connection))
        return true;
    if (c->form == CLIENT_ECHO && watch_exhausted(&s->leases) &&
        (watch.calls_fail || sim_unacknowledged(connection) >= LIMITS_SURE))
        w->short_at = now;
    if (w->short_at && now <= w->short_at + LIMITS_AGAIN + 2 * WHEEL_TICK)
        return true;
    if (!data)
        return false;
    if (c->taken || (client_waits(c, CLIENT_WAITS_ROOM) && may_be_held(c)))
        return true; /* what is not taken waits in the kernel */
    return (rate && now <= w->data_at + 1000 / rate + 2 * WHEEL_TICK + 1);
}

/* Each call may move but a few bytes. */
static bool has_moved(struct waiting *w, const struct client *c)
{
    w->wrote = w->sent != c->sent;
    bool moved = w->wrote || w->received != c->received;
    w->sent = c->sent;
    w->received = c->received;
    return moved;
}

static void what_is_here_is_handled(struct waiting *w, const struct client *c,
                                    bool moved)
{
    const struct actor *a = w->who;
    if (!a || c->state != CLIENT_OPEN)
        return;
    uint64_t pos = handled_of(c);
    for (; w->handled < a->frame_count && a->frames[w->handled].end <= pos;
         w->handled++) {
        moved = true;
        if (!a->frames[w->handled].is_control)
            w->data_at = watch_now();
        else
            happened("wait", "a control frame does not", c->taken != 0);
    }
    bool due =
        w->handled < a->frame_count && a->frames[w->handled].end <= a->written;
    bool data = due && !a->frames[w->handled].is_control;
    count(&w->unhandled, !due || moved || is_its_own(w, c, data),
          data && client_in_room(c) ? two_walks(c) : SOON,
          data ? "a message was not handled"
               : "a control frame was not handled",
          c);
}

/* ---- Output -------------------------------------------------------------- */

static void what_is_dirty_is_flushed(struct waiting *w, const struct client *c,
                                     bool moved)
{
    count(&w->unflushed, moved || !client_has(c, CLIENT_DIRTY), 1,
          "its output was not flushed", c);
}

static void what_was_said_is_brought(struct waiting *w, const struct client *c)
{
    bool moved = w->wrote || w->cursor != c->as.socket.cursor;
    bool reads = !client_waits(c, CLIENT_WAITS_OUTPUT) ||
                 sim_has_room(sim_connection(c->fd));
    w->cursor = c->as.socket.cursor;
    count(&w->unbrought, moved || !reads || lag_of(c) == 0, two_walks(c),
          "it reads, and was not told what was said", c);
}

/* Once a second, or less often where many are told; but who takes nothing is
   told later. */
static void the_number_is_told(struct waiting *w, const struct client *c)
{
    const struct room *room = room_at(&world.server.rooms, c->room);
    uint64_t now = watch_now();
    if (c->form != CLIENT_JSON_V1)
        return;
    if (w->told == room->members || w->blocked ||
        client_waits(c, CLIENT_WAITS_OUTPUT)) {
        happened("wait", "a member is told later", w->told != room->members);
        w->stale_at = 0;
    } else if (w->stale_at == 0) {
        w->stale_at = now;
    } else if (now > w->stale_at + LIMITS_MEMBERS &&
               now > talk_of(room)->changed_at + LIMITS_MEMBERS) {
        fail_msg("client %u: told of %u members, there are %u",
                 client_index(&world.server.clients, c), w->told,
                 room->members);
    }
}

void watch_told(const struct client *c, struct span payload)
{
    static const char key[] = "\"members\":";
    struct waiting *w = waiting_of(c);
    if (!is_member(c) || c->form != CLIENT_JSON_V1 || payload.len < 10 ||
        memcmp(payload.ptr, "{\"event\":\"", 10) != 0)
        return;
    for (size_t i = 0; i + sizeof key - 1 < payload.len; i++) {
        struct span rest = bytes_after(payload, i);
        uint64_t number;
        if (memcmp(rest.ptr, key, sizeof key - 1) != 0)
            continue;
        rest = bytes_after(rest, sizeof key - 1);
        rest = bytes_part(
            rest, 0, bytes_min(bytes_find(rest, ','), bytes_find(rest, '}')));
        assert_true(bytes_decimal(rest, &number));
        w->told = (uint32_t)number;
        w->stale_at = 0;
        return;
    }
}

/* ---- Buffers ------------------------------------------------------------- */

uint32_t __real_lend_buffer(struct server *s, struct leases *pool,
                            struct client *c);
void __real_conn_refuse(struct server *s, struct client *c, unsigned status,
                        const char *why);

/* Can this be taken back for the one who asks? Not what waits for its room, or
   is being said while its sender goes. */
static bool may_be_lost(const struct lease *l, uint32_t asks)
{
    const struct client *owner = client_at(&world.server.clients, l->owner);
    return l->owner != asks && owner->taken == 0 &&
           (owner->state != CLIENT_CLOSING || owner->as.farewell.is_settled);
}

/* Leases of an address that may be lost. */
static uint32_t leases_of(const struct leases *pool, uint32_t address,
                          uint32_t asks)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < pool->slots.size; i++)
        sum += may_be_lost(lease_at(pool, i), asks) &&
               lease_at(pool, i)->address == address;
    return sum;
}

static uint32_t age_of(const struct lease *l)
{
    return (uint32_t)watch_now() - l->since;
}

/* Here all of the pool are lent out. Is this lease the oldest of the address
   that holds most of those that may be lost? */
static bool is_first_to_go(const struct leases *pool, const struct lease *l,
                           uint32_t asks)
{
    uint32_t most = leases_of(pool, l->address, asks);
    for (uint32_t i = 0; i < pool->slots.size; i++) {
        const struct lease *other = lease_at(pool, i);
        if (may_be_lost(other, asks) &&
            (leases_of(pool, other->address, asks) > most ||
             (other->address == l->address && age_of(other) > age_of(l))))
            return false;
    }
    return true;
}

void watch_evicted(const struct client *c)
{
    const struct clients *clients = &world.server.clients;
    const struct leases *pool = lending;
    bool first = false;
    if (!pool || c == asking)
        return;
    lending = NULL; /* what comes of it is another matter */
    for (uint32_t i = 0; i < pool->slots.size; i++)
        first |= lease_at(pool, i)->owner == client_index(clients, c) &&
                 is_first_to_go(pool, lease_at(pool, i),
                                client_index(clients, asking));
    assert_true(first);
    happened("evicted",
             pool == &world.server.inflating ? "a compressed message"
             : c->outbox != LEASE_NONE       ? "output"
             : c->state == CLIENT_OPEN       ? "a message"
             : c->state == CLIENT_BODY       ? "half a post"
                                             : "a request",
             1);
}

uint32_t __wrap_lend_buffer(struct server *s, struct leases *pool,
                            struct client *c)
{
    if (!watch.on) { /* somebody has to give one back */
        model_victims += watch_exhausted(pool);
        return __real_lend_buffer(s, pool, c);
    }
    uint32_t of_others = 0, self = client_index(&s->clients, c);
    const struct leases *before = lending;
    const struct client *asked = asking;
    for (uint32_t i = 0; i < pool->slots.fresh; i++)
        of_others += slots_generation(&pool->slots, i) % 2 == 1 &&
                     lease_at(pool, i)->owner != self;
    watch_is_counted(c); /* before somebody goes */
    lending = watch_exhausted(pool) ? pool : NULL;
    asking = c;
    uint32_t index = __real_lend_buffer(s, pool, c);
    assert_true(index != LEASE_NONE || of_others == 0);
    assert_true(c->state != CLIENT_GONE);
    lending = before;
    asking = asked;
    return index;
}

void __wrap_conn_refuse(struct server *s, struct client *c, unsigned status,
                        const char *why)
{
    if (watch.on && strcmp(why, "all buffers taken") == 0)
        watch_evicted(c);
    __real_conn_refuse(s, c, status, why);
}

/* ---- The turn ------------------------------------------------------------ */

/* The most that one message costs beyond a share: of a kind that is said in a
   room with twins, in as many bytes as there may be. */
static uint64_t one_message(const struct server *s)
{
    uint64_t len = room_append_max(&s->rooms) + s->config->max_message;
    return LIMITS_COST_MESSAGE + LIMITS_FLUSH_ROOM + 2 * LIMITS_COST_DEFLATE +
           len * (LIMITS_COST_SAID + LIMITS_COST_RECEIVED +
                  LIMITS_COST_INFLATED + 2 * LIMITS_COST_DEFLATED);
}

void watch_waits_before(const struct server *s)
{
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        const struct room *room = room_at(&s->rooms, i);
        struct talk *t = talk_of(room);
        for (unsigned log = 0; log < ROOM_LOGS; log++)
            t->turn_heads[log] = room->logs[log].head;
    }
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (c->state != CLIENT_GONE)
            waiting_of(c)->blocked = client_waits(c, CLIENT_WAITS_OUTPUT);
    }
}

static void rooms_are_walked(const struct server *s)
{
    for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
        const struct room *room = room_at(&s->rooms, i);
        struct talk *t = talk_of(room);
        assert_true(room->dirty || room->flush_at == 0);
        assert_true(room->dirty || t->unbrought == 0 || room->members == 0);
        if (t->members != room->members)
            t->changed_at = watch_now();
        t->members = room->members;
        t->unwalked = room->dirty ? t->unwalked + 1 : 0;
        assert_true(t->unwalked <= store_used(&s->rooms.store));
    }
}

void watch_waits(const struct server *s)
{
    assert_true(s->cost <= 25000000 + one_message(s));
    rooms_are_walked(s);
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (c->state == CLIENT_GONE)
            continue;
        struct waiting *w = waiting_of(c);
        if (is_member(c))
            look_at_member(w, c);
        bool moved = has_moved(w, c);
        what_is_dirty_is_flushed(w, c, moved);
        what_is_here_is_handled(w, c, moved);
    }
    for (uint32_t i = 0; i < s->clients.slots.fresh; i++) {
        const struct client *c = client_at(&s->clients, i);
        if (!is_member(c))
            continue;
        what_is_held_goes_on(waiting_of(c), c);
        what_was_said_is_brought(waiting_of(c), c);
        the_number_is_told(waiting_of(c), c);
    }
}
