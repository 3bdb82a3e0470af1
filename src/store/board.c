/* SPDX-License-Identifier: MIT */
#include "store/board.h"

void board_carve(struct board *b, struct arena *a, uint32_t room_count,
                 uint32_t worker_count)
{
    b->room_count = room_count;
    b->worker_count = worker_count;
    b->table = arena_carve(a, 1, sizeof *b->table);
    b->buckets = arena_carve(a, room_count, sizeof *b->buckets);
    b->rooms = arena_carve(a, room_count, sizeof *b->rooms);
    b->workers = arena_carve(a, worker_count, sizeof *b->workers);
    b->places = arena_carve(a, room_count, worker_count * sizeof *b->places);
    b->people = NULL;
    if (worker_count > 1)
        b->people =
            arena_carve(a, room_count, worker_count * sizeof *b->people);
    b->rung = arena_carve(a, worker_count,
                          board_rung_words(room_count) * sizeof *b->rung);
    if (b->table)
        list_init(&b->table->empty);
}

bool board_lock(struct atom *lock, uint32_t worker)
{
    for (unsigned tries = 0; tries < BOARD_TRIES; tries++) {
        if ((tries == 0 || atom_get(lock) == 0) &&
            atom_replace(lock, 0, worker + 1))
            return true;
        for (unsigned i = 0; i < 4u << tries; i++)
            atom_pause();
    }
    return false;
}

void board_unlock(struct atom *lock)
{
    atom_release(lock, 0);
}
