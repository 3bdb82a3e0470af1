/* SPDX-License-Identifier: MIT */
/* A turn of the bus: what is due, and what is to be asked. */
#include "base/check.h"
#include "bus/bus.h"
#include "bus/answer.h"
#include "bus/call.h"
#include "bus/greet.h"
#include "bus/presence.h"
#include "bus/state.h"
#include "bus/stream.h"

#define NEWS_MAX 256

/* ---- Its beginning ---------------------------------------------------------------- */

static void carve_end(struct bus_end *e, struct arena *a, size_t size)
{
    uint8_t *bytes = arena_carve(a, size, 1);
    if (bytes)
        e->out = text_over(bytes, size);
}

static void carve_text(struct text *t, struct arena *a, size_t size)
{
    uint8_t *bytes = arena_carve(a, size, 1);
    if (bytes)
        *t = text_over(bytes, size);
}

void bus_carve(struct bus **bus, struct arena *a, const struct store *store,
               const struct bus_plan *plan)
{
    uint32_t rooms = store->board.room_count;
    struct bus fresh = {0}, *b = arena_carve(a, 1, sizeof *b);
    if (!b)
        b = &fresh;
    *bus = b == &fresh ? NULL : b;
    b->store = *store;
    b->plan = plan;
    answer_limit(b);
    b->rooms = arena_carve(a, rooms, sizeof *b->rooms);
    b->buckets = arena_carve(a, rooms, sizeof *b->buckets);
    b->people = arena_carve(a, rooms, sizeof *b->people);
    b->store.readers = arena_carve(a, rooms, sizeof *b->store.readers);
    b->store.whole = arena_carve(a, store_record_max(store), 1);
    flight_carve(&b->flights, a);
    carve_end(&b->ends[BUS_W], a, BUS_OUTPUT + 2 * plan->entry_max);
    carve_end(&b->ends[BUS_R], a, BUS_OUTPUT / 64);
    carve_text(&b->value, a, b->limits.bulk);
    carve_text(&b->rung, a, BUS_ROOMS * 2 * MAP_ROOM_NAME);
    carve_text(&b->news, a, NEWS_MAX);
    presence_carve(b, a);
}

static void take_proposal(struct bus *b, uint32_t w, uint32_t pos,
                          const struct proposal *p, enum flight_state state)
{
    struct flight f = {.room = p->room,
                       .pos = pos,
                       .worker = (uint8_t)w,
                       .state = (uint8_t)state,
                       .sequence = p->sequence,
                       .since = b->now};
    flight_add(&b->flights, &state_room(b, p->room)->line, &f);
    state_work(b, p->room);
    atom_put(&b->board->in_flight, b->flights.slots.count);
}

/* One whose room is another one by now is of no use. False: its room cannot be had
   yet, for the table is somebody else's. */
static bool take(struct bus *b, uint32_t w, uint32_t pos, struct proposal *p,
                 enum flight_state state)
{
    const struct bus_room *room = state_room(b, p->room);
    stream_want(b, p->room);
    if (room->state <= BUS_ROOM_WANTED)
        return false;
    if (p->generation == room->generation)
        take_proposal(b, w, pos, p, state);
    else
        store_settle(&b->store, w, p);
    return true;
}

/* What a predecessor has sent, of a room that may be nobody's by now. False: not
   all of it could be had yet. */
static bool take_sent(struct bus *b, uint32_t w)
{
    struct propose_ring *ring = &b->store.proposals[w];
    struct record r;
    uint32_t pos = b->sent_at[w];
    for (struct proposal *p; (p = propose_next(ring, &pos, &r)) != NULL;
         b->sent_at[w] = pos) {
        if (p->state == PROPOSAL_SENT &&
            !take(b, w, pos - p->len, p, FLIGHT_UNKNOWN))
            return false;
    }
    return true;
}

/* It may have had rooms, and taken the bits by which it was rung. Nothing is read
   before all that it has sent is known to be under way. */
static void succeed(struct bus *b)
{
    for (uint32_t i = 0; i < store_used(&b->store); i++)
        stream_look(b, i);
    b->has_succeeded = true;
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        b->has_succeeded &= take_sent(b, w);
}

void bus_begin(struct bus *b, uint64_t now)
{
    b->board = b->store.board.bus;
    b->now = now;
    b->links = (struct list_table){.first = (uint8_t *)&b->rooms->link,
                                   .stride = sizeof *b->rooms};
    list_init(&b->work);
    b->random = b->plan->random;
    b->retry = BUS_RETRY;
    b->wish = BUS_DIAL;
    b->dial_at = now;
    b->away_since = now;
    b->was_here = atom_get(&b->board->connects) > 0;
    state_set(b, BOARD_BUS_AWAY);
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        b->taken[w] = b->sent_at[w] = atom_get(&b->store.proposals[w].done);
    succeed(b);
}

struct store *bus_store(struct bus *b)
{
    return &b->store;
}

/* ---- Connections -------------------------------------------------------------------- */

static void fresh_end(struct bus_end *e)
{
    e->reader = (struct resp_reader){0};
    e->out.len = e->out_begun = 0;
    e->asked = e->answered = 0;
    e->cursor = (struct bus_cursor){.room = FLIGHT_NONE};
    e->id = 0;
}

void bus_dialled(struct bus *b)
{
    for (unsigned link = 0; link < BUS_LINKS; link++)
        fresh_end(&b->ends[link]);
    b->wish = BUS_STAY;
    b->why = NULL;
    b->run_id[0] = 0;
    b->is_full = b->is_weak = false;
    b->life_tries = 0;
    b->held_room = 0;
    b->reads = 0;
    b->rung.len = 0;
    b->beat_back = b->beat;
    b->beat_at = b->dialled_at = b->now;
    b->is_informed = false;
    b->sweep_at = b->now + BUS_SWEEP;
    greet_begin(b);
}

/* So long, and up to half of that more: nodes do not come all at once. */
static uint64_t next_retry(struct bus *b)
{
    uint64_t wait = b->retry;
    b->retry = bytes_min64(2 * b->retry, BUS_RETRIES);
    b->random = bytes_mix(b->random + 1);
    return wait + b->random % (wait / 2 + 1);
}

void bus_dropped(struct bus *b, const char *why)
{
    const char *reason = b->why ? b->why : why ? why : "the connection is lost";
    if (atom_get(&b->board->state) == BOARD_BUS_HERE || b->told != reason)
        state_tell(b, reason);
    b->told = reason;
    b->phase = BUS_OFF;
    b->why = NULL;
    b->wish = BUS_DIAL;
    b->dial_at = b->now + next_retry(b);
    state_set(b, BOARD_BUS_AWAY);
}

/* ---- The bell --------------------------------------------------------------------------- */

/* The next one waits until the last has come back. */
static void beat(struct bus *b)
{
    if (b->now < b->beat_at || b->beat != b->beat_back ||
        !call_may(b, BUS_W, 0))
        return;
    struct resp_command c = call_begin_bell(b, 2);
    resp_put(&c, BYTES_LITERAL("b"));
    resp_put_number(&c, ++b->beat);
    call_end(b, BUS_W, &c);
    b->beat_sent = b->now;
    b->beat_at = b->now + BUS_BEAT;
}

/* ---- Proposals --------------------------------------------------------------------------- */

static void take_ring(struct bus *b, uint32_t w)
{
    const struct propose_ring *ring = &b->store.proposals[w];
    struct record r;
    uint32_t pos = b->taken[w];
    for (struct proposal *p; flight_has_place(&b->flights) &&
                             (p = propose_next(ring, &pos, &r)) != NULL;
         b->taken[w] = pos) {
        if (p->state == PROPOSAL_NEW &&
            !take(b, w, pos - p->len, p, FLIGHT_NEW))
            return;
    }
}

/* ---- Deadlines ------------------------------------------------------------------------------ */

static bool is_late(const struct bus *b, enum bus_link link, uint64_t patience)
{
    const struct bus_end *e = &b->ends[link];
    return e->asked != e->answered && b->now >= e->moved + patience &&
           !state_holds(b, link);
}

static void watch(struct bus *b)
{
    if (is_late(b, BUS_W, BUS_ANSWER) ||
        is_late(b, BUS_R, BUS_ANSWER + BUS_BLOCK))
        state_fail(b, "it does not answer");
    else if (b->phase != BUS_WORKS && b->now >= b->dialled_at + 2 * BUS_ANSWER)
        state_fail(b, "it does not get on");
    else if (b->phase == BUS_WORKS && b->beat != b->beat_back &&
             b->now >= b->beat_sent + BUS_DEAF)
        state_fail(b, "it is deaf: our own bell does not come back");
}

static void count_away(struct bus *b)
{
    uint64_t seconds = (b->now - b->away_since) / 1000;
    if (atom_get(&b->board->state) == BOARD_BUS_HERE || seconds == 0)
        return;
    atom_put(&b->board->away, atom_get(&b->board->away) + (uint32_t)seconds);
    b->away_since += seconds * 1000;
}

/* ---- A turn ---------------------------------------------------------------------------------- */

/* What waited for a worker to read. Redis had no part in that. */
static void put_held(struct bus *b)
{
    if (!b->held_room ||
        !stream_hear(b, b->held_room - 1, b->held_id, text_span(&b->value)))
        return;
    b->held_room = 0;
    b->ends[BUS_W].moved = b->now;
}

static void hear_workers(struct bus *b)
{
    uint32_t index;
    while ((index = store_rung(&b->store)) != STORE_NONE)
        if (index < store_used(&b->store))
            stream_look(b, index);
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        take_ring(b, w);
    bool crowded = atom_get(&b->store.board.table->crowded);
    if (crowded)
        atom_put(&b->store.board.table->crowded, 0);
    if (crowded || b->now >= b->let_go_at) {
        stream_let_go(b, crowded);
        b->let_go_at = b->now + BUS_BEAT;
    }
}

static void step_rooms(struct bus *b)
{
    for (uint32_t left = b->work.count; left > 0; left--) {
        uint32_t index = list_pop(&b->work, &b->links);
        state_room(b, index)->works = false;
        stream_step(b, index);
    }
}

static void work(struct bus *b)
{
    beat(b);
    call_ring(b);
    stream_read(b);
    if (b->now >= b->sweep_at) {
        stream_sweep(b);
        b->sweep_at = b->now + BUS_SWEEP;
    }
    if (b->now >= b->tell_at) {
        presence_tell(b);
        presence_forget(b);
        b->tell_at = b->now + BUS_BEAT;
    }
}

/* Whoever stood still himself cannot know what Redis was meanwhile: a replica,
   perhaps, and then a master again. While it was dialled nothing was known. */
static void doubt(struct bus *b, uint64_t now)
{
    if (now >= b->now + BUS_DEAF && b->now > b->dialled_at)
        state_fail(b, "we stood still ourselves");
}

void bus_turn(struct bus *b, uint64_t now, uint64_t wall)
{
    doubt(b, now);
    b->now = now;
    b->wall = wall;
    put_held(b);
    if (!b->has_succeeded)
        succeed(b);
    if (b->has_succeeded)
        hear_workers(b);
    step_rooms(b);
    if (b->wish == BUS_STAY && b->phase == BUS_WORKS)
        work(b);
    if (b->wish == BUS_STAY)
        watch(b);
    count_away(b);
}

uint64_t bus_due(const struct bus *b)
{
    if (b->wish == BUS_DIAL && b->has_succeeded)
        return b->dial_at;
    return b->now + (b->phase == BUS_WORKS && b->beat == b->beat_back
                         ? bytes_min64(b->beat_at - b->now, BUS_BEAT)
                         : BUS_BEAT / 4);
}

enum bus_wish bus_wish(const struct bus *b)
{
    return b->has_succeeded ? b->wish : BUS_STAY;
}

bool bus_is_idle(const struct bus *b)
{
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        if (atom_get(&b->store.proposals[w].done) !=
            atom_get(&b->store.proposals[w].head))
            return false;
    return true;
}

struct span bus_news(struct bus *b)
{
    struct span news = text_span(&b->news);
    b->news.len = 0;
    return news;
}

/* ---- For run.h ------------------------------------------------------------------ */

bool bus_holds(const struct bus *b, enum bus_link link)
{
    return state_holds(b, link);
}

struct span bus_output(const struct bus *b, enum bus_link link)
{
    const struct bus_end *e = &b->ends[link];
    return bytes_after(text_span(&e->out), e->out_begun);
}

void bus_written(struct bus *b, enum bus_link link, size_t len)
{
    struct bus_end *e = &b->ends[link];
    CHECK(len <= e->out.len - e->out_begun);
    e->out_begun += len;
    if (e->out_begun == e->out.len)
        e->out_begun = e->out.len = 0;
}

size_t bus_read(struct bus *b, enum bus_link link, const uint8_t *in,
                size_t len)
{
    return answer_read(b, link, in, len);
}

size_t bus_input_max(const struct bus *b)
{
    return answer_max(b);
}
