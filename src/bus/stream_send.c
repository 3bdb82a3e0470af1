/* SPDX-License-Identifier: MIT */
/*
 * The rules of sending, without which a message could be said twice, or two have
 * one id (tests/bus):
 *
 *   - an epoch belongs to one life. What is said in another begins a new one
 *   - a stream is made by the first message of a new epoch alone; the others say
 *     NOMKSTREAM, so that it is not made again when it has vanished
 *   - XADD refuses an epoch that is older than another's: then that is read, and
 *     all that was refused is sent again, in order
 *   - while something is under way with one epoch, nothing is sent with another
 */
#include "base/check.h"
#include "bus/call.h"
#include "bus/entry.h"
#include "bus/stream.h"
#include "bus/trouble.h"

#define EPOCH_RANDOM 6 /* bits of an epoch, below the time */
#define REFUSALS     4

/* ---- Send -------------------------------------------------------------------------- */

static uint64_t new_epoch(struct bus *b, uint64_t after)
{
    uint64_t mask = (UINT64_C(1) << (STREAM_LIFE - EPOCH_RANDOM)) - 1;
    b->random = bytes_mix(b->random + 1);
    uint64_t epoch = b->board->life << STREAM_LIFE |
                     (b->wall & mask) << EPOCH_RANDOM |
                     (b->random & ((1 << EPOCH_RANDOM) - 1));
    if (epoch <= after)
        epoch = after + 1;
    if (epoch <= b->last_epoch)
        epoch = b->last_epoch + 1;
    return b->last_epoch = epoch;
}

/* That of what is said next. */
static uint64_t epoch_of(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    uint64_t last = room->is_fresh ? 0 : store_end(&b->store, index).epoch;
    bool holds = room->is_there && stream_life(last) == b->board->life;
    if (holds && (!b->is_weak || room->epoch))
        return last > room->epoch ? last : room->epoch;
    if (room->epoch <= last)
        room->epoch = new_epoch(b, last);
    return room->epoch;
}

static void put_entry(struct bus *b, struct resp_command *c,
                      const struct flight *f, const struct record *r)
{
    uint8_t head[ENTRY_HEAD];
    struct entry e = {.node = b->board->node,
                      .number = entry_number(f->worker, f->sequence),
                      .record = *r};
    entry_write(head, &e);
    struct span parts[] = {bytes_span(head, sizeof head), r->sub, r->name,
                           r->payload};
    resp_put_parts(c, parts, 4);
}

static void send(struct bus *b, uint32_t index, struct flight *f,
                 const struct record *r, uint64_t epoch)
{
    struct bus_room *room = state_room(b, index);
    bool makes = !room->is_there && !room->is_made;
    struct resp_command c =
        call_begin(b, BUS_W, BUS_CALL_ADD, index, makes ? 8 : 9);
    call_put(&c, "XADD");
    call_put_key(b, &c, ":r:", state_name(b, index));
    if (!makes)
        call_put(&c, "NOMKSTREAM");
    call_put(&c, "MAXLEN ~");
    resp_put_number(&c, b->plan->history + BUS_KEPT);
    resp_put_next(&c, epoch);
    call_put(&c, "m");
    put_entry(b, &c, f, r);
    call_end(b, BUS_W, &c);
    f->state = FLIGHT_SENT;
    propose_at(&b->store.proposals[f->worker], f->pos)->state = PROPOSAL_SENT;
    room->is_made = true;
    room->sent_epoch = epoch;
    room->unanswered++;
    atom_put(&b->board->proposed, atom_get(&b->board->proposed) + 1);
}

/* PREFIX:r:ROOM lives on for so long. */
void stream_renew(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    uint64_t keep = b->plan->keep;
    if (keep == 0 || b->is_full || b->now < room->renew_at ||
        !call_may(b, BUS_W, 0) || !(room->is_there || room->is_made))
        return;
    struct resp_command c = call_begin(b, BUS_W, BUS_CALL_EXPIRE, index, 3);
    call_put(&c, "EXPIRE");
    call_put_key(b, &c, ":r:", state_name(b, index));
    resp_put_number(&c, keep);
    call_end(b, BUS_W, &c);
    room->renew_at = b->now + keep * 1000 / 8;
}

/* The bell is to name it: once in a turn. */
static void ring(struct bus *b, uint32_t index)
{
    state_put_name(b, &b->rung, index);
    if (b->rung.size - b->rung.len <= MAP_ROOM_NAME)
        call_ring(b);
}

static bool may_send(const struct bus *b, const struct bus_room *room)
{
    return room->state == BUS_ROOM_OPEN && room->read && !room->refused &&
           !room->gap && !b->is_full;
}

/* Some that were refused stand before others of which that is not known yet: who
   was sent now would come behind these. */
static bool is_suffix(const struct bus *b, const struct flight *f)
{
    while (f && f->state == FLIGHT_NEW)
        f = flight_next(&b->flights, f);
    return !f;
}

void stream_send(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    struct flight *f = flight_first(&b->flights, &room->line, FLIGHT_NEW);
    if (!f || !may_send(b, room) || !is_suffix(b, f))
        return;
    uint64_t epoch = epoch_of(b, index);
    if (room->unanswered && room->sent_epoch != epoch)
        return;
    bool any = false;
    for (; f; f = flight_next(&b->flights, f)) {
        struct record r;
        stream_proposal(b, f, &r);
        if (!call_may(b, BUS_W, ENTRY_HEAD + record_len(&r)))
            break;
        send(b, index, f, &r, epoch);
        any = true;
    }
    if (!any)
        return;
    ring(b, index);
    room->dirty = true;
    room->swept = false;
    stream_renew(b, index);
}

/* Was it added? The one that waits longest for that. */
void stream_added(struct bus *b, uint32_t index, const struct resp_event *event)
{
    struct bus_room *room = state_room(b, index);
    struct flight *f = flight_first(&b->flights, &room->line, FLIGHT_SENT);
    CHECK(f && room->unanswered > 0);
    room->unanswered--;
    state_work(b, index);
    if (event->type == RESP_BULK) {
        room->is_there = true;
        flight_overtaken(&b->flights, &room->line, f);
        f->state = FLIGHT_ACKED;
        return;
    }
    f->state = FLIGHT_NEW;
    if (event->type == RESP_NULL && room->is_there) {
        state_fail(b, "a stream has vanished");
    } else if (event->type == RESP_NULL ||
               resp_word_of(event->text) == RESP_WORD_ID) {
        room->refused = room->dirty = true;
        room->is_made = false;
        if (room->unanswered == 0 && ++room->refusals > REFUSALS)
            state_fail(b, "it takes no epoch");
        else if (room->refusals > 1)
            room->epoch = new_epoch(b, room->sent_epoch);
    } else if (!b->is_full)
        trouble_take(b, event->text);
}
