/* SPDX-License-Identifier: MIT */
/* A room of ours: from being wanted until it is let go; and its part of a turn. */
#include "bus/stream.h"
#include "bus/call.h"
#include "bus/presence.h"

void stream_dirty(struct bus *b, uint32_t index)
{
    state_room(b, index)->dirty = true;
    state_room(b, index)->swept = false;
    state_room(b, index)->unrung = 0;
    state_work(b, index);
}

/* ---- Ours, or not -------------------------------------------------------------- */

/* Workers listen, or may do so at any moment: of what comes nothing may be passed
   over in silence, also where nothing was there yet. */
bool stream_is_ready(const struct bus *b, uint32_t index)
{
    return atom_get(&b->store.board.rooms[index].ready);
}

/* It is to be matched and read, as after each connecting. */
static void begin(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    uint64_t mark = b->store.board.rooms[index].mark;
    room->is_fresh = mark == STREAM_MARK_NONE;
    room->state =
        mark == STREAM_MARK_GAP || (room->is_fresh && stream_is_ready(b, index))
            ? BUS_ROOM_OPEN
            : BUS_ROOM_MATCH;
    room->ends = false;
    room->dirty = true;
    room->read = room->reading = room->refused = false;
    room->is_there = room->is_made = false;
    room->unanswered = 0;
    room->epoch = 0;
    room->refusals = 0;
    room->asks = room->tells = true;
    flight_change(&b->flights, &room->line, FLIGHT_SENT, FLIGHT_UNKNOWN);
    flight_change(&b->flights, &room->line, FLIGHT_ACKED, FLIGHT_UNKNOWN);
    flight_change(&b->flights, &room->line, FLIGHT_DUE, FLIGHT_UNKNOWN);
    state_work(b, index);
}

static void adopt(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (store_adopt(&b->store, index) != STORE_DONE)
        return;
    *room = (struct bus_room){
        .link = room->link,
        .works = room->works,
        .generation = store_generation(&b->store, index),
        .wanted_at = b->now,
        .shares = true, /* what was there under another name is over */
    };
    flight_line_init(&room->line);
    if (b->at_work <= index)
        b->at_work = index + 1;
    state_add_name(b, index);
    begin(b, index);
}

/* Who waits for it is rung. */
void stream_set_ready(struct bus *b, uint32_t index)
{
    const struct board_room *shared = &b->store.board.rooms[index];
    if (!atom_get(&shared->ready) || atom_get(&shared->asked))
        store_set_ready(&b->store, index);
}

/* We were rung for it, or it may have been left by our predecessor. */
void stream_look(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->state == BUS_ROOM_NONE &&
        (store_is_wanted(&b->store, index) || store_is_open(&b->store, index)))
        room->state = BUS_ROOM_WANTED;
    if (room->state == BUS_ROOM_WANTED)
        adopt(b, index);
    if (room->state != BUS_ROOM_NONE)
        state_work(b, index);
    if (room->state <= BUS_ROOM_WANTED)
        return;
    if (store_is_wanted(&b->store, index))
        room->wanted_at = b->now;
    if (room->read)
        stream_set_ready(b, index);
    presence_look(b, index);
}

/* Somebody has proposed something for it. */
void stream_want(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->state == BUS_ROOM_NONE)
        room->state = BUS_ROOM_WANTED;
    stream_look(b, index);
}

void stream_reconnect(struct bus *b)
{
    for (uint32_t i = 0; i < b->at_work; i++)
        if (state_room(b, i)->state > BUS_ROOM_WANTED)
            begin(b, i);
    presence_reconnect(b);
    atom_put(&b->board->connects, atom_get(&b->board->connects) + 1);
}

/* Where nobody wants it any more its place may be had by another. */
static void let_go(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->state <= BUS_ROOM_WANTED || room->line.first != FLIGHT_NONE ||
        room->reading || room->state == BUS_ROOM_MATCHING || room->unanswered)
        return;
    presence_look(b, index);
    if (b->phase == BUS_WORKS && room->state == BUS_ROOM_OPEN && room->tells)
        return; /* that nobody is there any more */
    state_remove_name(b, index);
    if (store_abandon(&b->store, index) != STORE_DONE) {
        state_add_name(b, index);
        return;
    }
    room->state = BUS_ROOM_NONE;
    presence_clear(b, index);
}

void stream_let_go(struct bus *b, bool at_once)
{
    for (uint32_t i = 0; i < b->at_work; i++) {
        struct bus_room *room = state_room(b, i);
        if (room->state <= BUS_ROOM_WANTED)
            continue;
        if (store_is_wanted(&b->store, i))
            room->wanted_at = b->now;
        else if (at_once || b->now >= room->wanted_at + BUS_LINGER)
            let_go(b, i);
    }
}

/* ---- A room's part of a turn ---------------------------------------------------------- */

static bool has_work(const struct bus *b, const struct bus_room *room)
{
    return room->state == BUS_ROOM_WANTED || room->shares ||
           (room->state != BUS_ROOM_NONE &&
            (room->state != BUS_ROOM_OPEN || room->dirty || room->reading ||
             room->ends || flight_first(&b->flights, &room->line, FLIGHT_NEW) ||
             flight_first(&b->flights, &room->line, FLIGHT_LOST)));
}

void stream_step(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (room->state == BUS_ROOM_WANTED)
        stream_look(b, index);
    if (b->phase == BUS_WORKS && room->state > BUS_ROOM_WANTED) {
        if (room->state == BUS_ROOM_MATCH)
            stream_match(b, index);
        if (stream_lose(b, index) && room->ends && stream_end_reading(b, index))
            room->ends = false;
        stream_send(b, index);
        stream_renew(b, index);
    }
    presence_share(b, index);
    if (has_work(b, room))
        state_work(b, index);
}

void stream_sweep(struct bus *b)
{
    for (uint32_t i = 0; i < b->at_work; i++) {
        struct bus_room *room = state_room(b, i);
        atom_put(&b->board->swept, atom_get(&b->board->swept) + room->unrung);
        room->unrung = 0;
        if (room->state != BUS_ROOM_OPEN || room->dirty)
            continue;
        room->dirty = true;
        room->swept = true;
        state_work(b, i);
    }
}
