/* SPDX-License-Identifier: MIT */
#include "bus/state.h"

/* ---- What has become of the connection ------------------------------------ */

void state_tell(struct bus *b, const char *what)
{
    b->news.len = 0;
    text_string(&b->news, what);
}

void state_set(struct bus *b, enum board_bus_state state)
{
    if (atom_get(&b->board->state) == (uint32_t)state)
        return;
    atom_put(&b->board->state, (uint32_t)state);
    if (state == BOARD_BUS_HERE) {
        b->was_here = true;
        b->retry = BUS_RETRY;
        state_tell(b, "here");
    } else
        b->away_since = b->now;
    atom_fence();
    for (uint32_t w = 0; w < store_bus(&b->store); w++)
        store_ring_one(&b->store, 0, w);
}

void state_fail(struct bus *b, const char *why)
{
    if (b->wish != BUS_STAY)
        return;
    b->wish = BUS_DROP;
    b->why = why;
}

void state_refuse(struct bus *b, const char *why)
{
    state_fail(b, why);
    if (!b->was_here && b->wish == BUS_DROP)
        b->wish = BUS_END;
}

void state_full(struct bus *b)
{
    if (!b->is_full && atom_get(&b->board->state) == BOARD_BUS_HERE)
        state_tell(b, "it takes no messages now");
    b->is_full = true;
    state_set(b, BOARD_BUS_AWAY);
}

/* ---- Rooms at work, and by name ------------------------------------------- */

void state_work(struct bus *b, uint32_t index)
{
    struct bus_room *room = state_room(b, index);
    if (!room->works)
        list_append(&b->work, &b->links, index);
    room->works = true;
}

static uint32_t *bucket_of(struct bus *b, struct span name)
{
    return &b->buckets[bytes_hash(b->plan->random, name) %
                       b->store.board.room_count];
}

uint32_t state_named(const struct bus *b, struct span name)
{
    uint32_t at = *bucket_of((struct bus *)b, name);
    while (at && !bytes_equal(state_name(b, at - 1), name))
        at = b->rooms[at - 1].next_named;
    return at ? at - 1 : FLIGHT_NONE;
}

void state_add_name(struct bus *b, uint32_t index)
{
    uint32_t *bucket = bucket_of(b, state_name(b, index));
    b->rooms[index].next_named = *bucket;
    *bucket = index + 1;
}

void state_remove_name(struct bus *b, uint32_t index)
{
    uint32_t *link = bucket_of(b, state_name(b, index));
    while (*link != index + 1)
        link = &b->rooms[*link - 1].next_named;
    *link = b->rooms[index].next_named;
}

void state_put_name(const struct bus *b, struct text *names, uint32_t index)
{
    if (names->len)
        text_byte(names, '/');
    text_put(names, state_name(b, index));
}

uint32_t state_take_name(const struct bus *b, struct span *names)
{
    uint32_t room = FLIGHT_NONE;
    while (room == FLIGHT_NONE && names->len)
        room = state_named(b, bytes_cut(names, '/'));
    return room;
}
