/* SPDX-License-Identifier: MIT */
/* What is read back comes into the store: all of it, or a gap. */
#include "base/check.h"
#include "bus/entry.h"
#include "bus/stream.h"

static bool is_after(struct resp_id a, struct resp_id b)
{
    return a.epoch > b.epoch || (a.epoch == b.epoch && a.number > b.number);
}

/* Behind which to read on. */
struct resp_id stream_position(const struct bus *b, uint32_t index)
{
    const struct bus_room *room = state_room(b, index);
    struct store_id end = store_end(&b->store, index);
    struct resp_id id = {0};
    if (!room->is_fresh && end.number > 0)
        id = stream_id(end);
    else if (!room->is_fresh)
        id = (struct resp_id){.epoch = end.epoch - 1, .number = UINT64_MAX};
    return is_after(room->skip, id) ? room->skip : id;
}

uint64_t stream_hash(const struct bus *b, struct resp_id id, struct span value)
{
    uint64_t seed = bytes_mix(b->board->node ^ id.epoch) ^ id.number;
    size_t len = bytes_min(value.len, ENTRY_HEAD); /* which message it is */
    return bytes_hash(seed, bytes_part(value, 0, len)) | 2;
}

static bool put(struct bus *b, uint32_t index, const struct record *r)
{
    return store_put(&b->store, index, r) == STORE_DONE;
}

/* What is no message. */
static bool put_sign(struct bus *b, uint32_t index, struct record *r,
                     enum record_kind kind, struct store_id id)
{
    r->kind = (uint8_t)kind;
    r->opcode = 0;
    r->epoch = id.epoch;
    r->number = id.number;
    r->time = b->wall;
    r->payload = r->name = r->sub = bytes_span(NULL, 0);
    return put(b, index, r);
}

/* It is known what became of it. */
static void land(struct bus *b, uint32_t index, struct flight *f)
{
    struct propose_ring *ring = &b->store.proposals[f->worker];
    store_settle(&b->store, f->worker, propose_at(ring, f->pos));
    flight_remove(&b->flights, &state_room(b, index)->line, f);
    atom_put(&b->board->in_flight, b->flights.slots.count);
}

void stream_proposal(const struct bus *b, const struct flight *f,
                     struct record *r)
{
    uint32_t pos = f->pos;
    bool is_there = propose_next(&b->store.proposals[f->worker], &pos, r);
    CHECK(is_there);
}

/* Their senders are told that nobody knows. False: not yet. */
bool stream_lose(struct bus *b, uint32_t index)
{
    struct flight_line *line = &state_room(b, index)->line;
    struct flight *f;
    while ((f = flight_first(&b->flights, line, FLIGHT_LOST)) != NULL) {
        struct record r;
        stream_proposal(b, f, &r);
        if (!put_sign(b, index, &r, RECORD_LOST, store_end(&b->store, index)))
            return false;
        atom_put(&b->board->lost, atom_get(&b->board->lost) + 1);
        land(b, index, f);
    }
    return true;
}

/* Something is missing before the message behind this id. */
bool stream_put_gap(struct bus *b, uint32_t index, struct store_id id)
{
    struct bus_room *room = state_room(b, index);
    if (!room->is_fresh || stream_is_ready(b, index)) {
        flight_change(&b->flights, &room->line, FLIGHT_UNKNOWN, FLIGHT_LOST);
        if (!stream_lose(b, index))
            return false;
        atom_put(&b->board->gaps, atom_get(&b->board->gaps) + 1);
    }
    struct record r = {.worker = UINT16_MAX};
    if (!put_sign(b, index, &r, RECORD_GAP, id))
        return false;
    b->store.board.rooms[index].mark = STREAM_MARK_GAP;
    room->gap = false;
    room->is_fresh = false;
    return true;
}

static bool follows(struct store_id before, struct store_id id)
{
    return id.epoch == before.epoch ? id.number == before.number + 1
                                    : id.number == 1;
}

/* Is it one of ours, that is on its way? */
static struct flight *flight_of(const struct bus *b, uint32_t index,
                                const struct entry *e)
{
    if (e->node != b->board->node)
        return NULL;
    return flight_find(&b->flights, &state_room(b, index)->line,
                       (unsigned)(e->number >> 56),
                       e->number & (UINT64_MAX >> 8));
}

/* Replies come in the order of the asking: who reads it knows that it was taken.
   Else somebody has copied it. */
static bool is_untaken(const struct bus *b, uint32_t index,
                       const struct entry *e)
{
    const struct flight *f = flight_of(b, index, e);
    return f && f->state == FLIGHT_SENT;
}

/* Then who has said it. */
static struct flight *find_own(struct bus *b, uint32_t index,
                               const struct entry *e, struct record *r)
{
    struct flight *f = flight_of(b, index, e);
    r->worker = UINT16_MAX;
    if (!f)
        return NULL;
    struct record said;
    stream_proposal(b, f, &said);
    r->worker = said.worker;
    r->tag = said.tag;
    return f;
}

static void note_heard(struct bus *b, struct bus_room *room,
                       const struct flight *f)
{
    struct board_bus *board = b->board;
    atom_put(&board->heard, atom_get(&board->heard) + 1);
    if (f)
        atom_put(&board->lag, (uint32_t)(b->now - f->since) * 1000);
    else if (room->swept)
        room->unrung++;
}

static bool hear(struct bus *b, uint32_t index, struct store_id id,
                 const struct entry *e)
{
    struct bus_room *room = state_room(b, index);
    struct record r = e->record;
    struct flight *f = find_own(b, index, e, &r);
    r.epoch = id.epoch;
    r.number = id.number;
    if (!put(b, index, &r))
        return false;
    note_heard(b, room, f);
    if (f) {
        flight_overtaken(&b->flights, &room->line, f);
        land(b, index, f);
    }
    return true;
}

/* Another life than that of this connection: it was emptied, or is another's
   by now. */
static bool is_foreign_life(const struct bus *b, uint64_t epoch)
{
    return stream_life(epoch) > b->board->life;
}

/* One of a node with longer logs is none here. */
static bool read_message(const struct bus *b, struct entry *e,
                         struct span value)
{
    return entry_read(e, value) &&
           record_len(&e->record) <= store_record_max(&b->store);
}

bool stream_hear(struct bus *b, uint32_t index, struct resp_id at,
                 struct span value)
{
    struct bus_room *room = state_room(b, index);
    struct store_id before = store_end(&b->store, index);
    struct store_id id = {at.epoch, at.number + 1};
    struct entry e;
    if (is_foreign_life(b, at.epoch)) {
        state_fail(b, "it has another life");
        return true;
    }
    if (at.number == UINT64_MAX || !is_after(at, stream_position(b, index))) {
        state_fail(b, "an id that cannot be");
        return true;
    }
    bool is_message = read_message(b, &e, value);
    if (is_message && is_untaken(b, index, &e)) {
        state_fail(b, "it was said before it was taken");
        return true;
    }
    bool is_next = !room->gap && follows(before, id);
    bool is_known = b->store.board.rooms[index].mark > STREAM_MARK_GAP;
    if (!is_next && !room->gap && is_known && !room->has_hole) {
        room->has_hole = true;
        state_fail(b, "a stream was cut before it was read");
        return true;
    }
    if ((!is_next || !is_message) &&
        !stream_put_gap(b, index,
                        (struct store_id){id.epoch, id.number - is_message}))
        return false;
    if (is_message && !hear(b, index, id, &e))
        return false;
    b->store.board.rooms[index].mark = stream_hash(b, at, value);
    room->is_there = true;
    room->is_fresh = room->has_hole = false;
    room->refusals = 0;
    return true;
}

void stream_skip(struct bus *b, uint32_t index, struct resp_id id)
{
    state_room(b, index)->skip = id;
    state_room(b, index)->gap = true;
}
