/* SPDX-License-Identifier: MIT */
/* What a worker that has died was in the midst of. */
#include "store/store.h"

/* What a bus has open and has read is its successor's: nobody else gets these
   places, and who listens there goes on. */
static bool is_bus(const struct store *s, uint32_t worker)
{
    return store_has_bus(s) && worker == store_bus(s);
}

static void bury_in_room(struct store *s, uint32_t room, uint32_t worker)
{
    struct board_room *b = &s->board.rooms[room];
    struct board_place *place = board_place(&s->board, room, worker);
    uint32_t bit = UINT32_C(1) << worker;
    atom_clear_bits(&b->want_lock, bit);
    atom_clear_bits(&b->asked, bit);
    for (uint32_t w = 0; w < s->board.worker_count; w++)
        atom_clear_bits(&board_place(&s->board, room, w)->wanted, bit);
    atom_put(&place->wanted, 0);
    if (atom_get(&b->lock) == worker + 1)
        board_unlock(&b->lock);
    if (!is_bus(s, worker))
        store_leave(s, room, worker);
    atom_put(&place->members, 0);
    atom_put(&place->roster, 0);
    if (s->board.people)
        board_people(&s->board, room, worker)->count = 0;
    atom_put(&place->behind[0], 0);
    atom_put(&place->behind[1], 0);
    store_ring(s, room); /* who waits to say something has it open */
}

/* The table's lock. It is made anew where the dead one had it, which may have
   left it half changed. */
static bool take_table(struct store *s, uint32_t worker)
{
    struct atom *lock = &s->board.table->lock;
    if (!atom_replace(lock, worker + 1, s->worker + 1))
        return board_lock(lock, s->worker);
    store_table_remake(s);
    return true;
}

enum store_outcome store_bury(struct store *s, uint32_t worker)
{
    if (!take_table(s, worker))
        return STORE_BUSY;
    for (uint32_t room = 0; room < s->map.header->used; room++)
        bury_in_room(s, room, worker);
    board_unlock(&s->board.table->lock);
    if (is_bus(s, worker))
        atom_put(&s->board.bus->state, BOARD_BUS_AWAY);
    atom_fence();
    for (uint32_t w = 0; w < s->board.worker_count; w++)
        if (w != worker)
            store_ring_one(s, 0, w); /* it may wait to open or close one */
    atom_put(&s->board.workers[worker].asleep, 0);
    return STORE_DONE;
}
