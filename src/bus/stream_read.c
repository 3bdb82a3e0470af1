/* SPDX-License-Identifier: MIT */
/* Match and read: what stands in Redis, from our position on. */
#include "bus/call.h"
#include "bus/stream.h"

/* ---- Match ------------------------------------------------------------------------ */

/* Of a room that was never read: to begin with so many before its last entry as
   are replayed. */
void stream_last(struct bus *b, uint32_t index, struct resp_id id)
{
    struct bus_room *room = state_room(b, index);
    if (id.number > b->plan->history)
        room->skip = (struct resp_id){.epoch = id.epoch,
                                      .number = id.number - b->plan->history};
}

void stream_match(struct bus *b, uint32_t index)
{
    struct resp_id id = stream_id(store_end(&b->store, index));
    if (!call_may(b, BUS_W, 0))
        return;
    state_room(b, index)->state = BUS_ROOM_MATCHING;
    if (state_room(b, index)->is_fresh) {
        call_last(b, BUS_CALL_LAST, index, ":r:", state_name(b, index));
        return;
    }
    struct resp_command c = call_begin(b, BUS_W, BUS_CALL_MATCH, index, 4);
    call_put(&c, "XRANGE");
    call_put_key(b, &c, ":r:", state_name(b, index));
    resp_put_id(&c, &id);
    resp_put_id(&c, &id);
    call_end(b, BUS_W, &c);
}

bool stream_is_match(const struct bus *b, uint32_t index, struct resp_id id,
                     struct span value)
{
    return stream_hash(b, id, value) == b->store.board.rooms[index].mark;
}

void stream_matched(struct bus *b, uint32_t index, bool found)
{
    struct bus_room *room = state_room(b, index);
    room->state = BUS_ROOM_OPEN;
    room->is_there = found && !room->is_fresh;
    room->gap = room->gap || (!found && !room->is_fresh);
    state_work(b, index);
}

/* ---- Read ------------------------------------------------------------------------- */

static bool is_to_be_read(const struct bus_room *room)
{
    return room->state == BUS_ROOM_OPEN && room->dirty && !room->reading &&
           !room->ends;
}

/* One at a time: what it answers is bounded. */
void stream_read(struct bus *b)
{
    uint32_t *rooms = b->reading, count = 0;
    if (b->reads || !call_may(b, BUS_W, BUS_ROOMS * 256))
        return;
    for (uint32_t i = b->work.first; i != LIST_NONE && count < BUS_ROOMS;
         i = list_next(&b->links, i))
        if (is_to_be_read(state_room(b, i)))
            rooms[count++] = i;
    if (count == 0)
        return;
    struct resp_command c =
        call_begin(b, BUS_W, BUS_CALL_READ, FLIGHT_NONE, 6 + 2 * count);
    call_put(&c, "XREAD COUNT");
    resp_put_number(&c, BUS_COUNT);
    call_put(&c, "STREAMS");
    call_put_key(b, &c, ":life", bytes_span(NULL, 0));
    for (uint32_t i = 0; i < count; i++)
        call_put_key(b, &c, ":r:", state_name(b, rooms[i]));
    struct resp_id life = {.epoch = b->board->life - 1, .number = UINT64_MAX};
    resp_put_id(&c, &life);
    b->is_same_life = false;
    for (uint32_t i = 0; i < count; i++) {
        struct bus_room *room = state_room(b, rooms[i]);
        struct resp_id id = stream_position(b, rooms[i]);
        resp_put_id(&c, &id);
        room->reading = true;
        room->dirty = false;
        room->seen = 0;
        flight_change(&b->flights, &room->line, FLIGHT_ACKED, FLIGHT_DUE);
    }
    call_end(b, BUS_W, &c);
    b->reads = count;
}

/* All that is there was read: what became of all that was under way is known. */
bool stream_end_reading(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->gap && !stream_put_gap(b, index, store_end(&b->store, index)))
        return false;
    /* it was said, and is in a gap: who says it again says it twice */
    flight_change(&b->flights, &room->line, FLIGHT_DUE, FLIGHT_LOST);
    /* where the old connections may not be ended they may still be said, until
       somebody says something in another epoch */
    flight_change(&b->flights, &room->line, FLIGHT_UNKNOWN,
                  b->is_weak ? FLIGHT_LOST : FLIGHT_NEW);
    room->read = true;
    if (room->unanswered == 0)
        room->refused = false;
    stream_set_ready(b, index);
    return true;
}

void stream_read_end(struct bus *b)
{
    for (uint32_t i = 0; i < b->reads; i++) {
        struct bus_room *room = state_room(b, b->reading[i]);
        room->reading = false;
        if (room->seen >= BUS_COUNT)
            room->dirty = true;
        else
            room->ends = true;
        state_work(b, b->reading[i]);
    }
    b->reads = 0;
}
