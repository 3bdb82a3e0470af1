/* SPDX-License-Identifier: MIT */
#include "support/quick_store.h"

struct store quick_store(uint32_t room_count)
{
    static _Alignas(64) uint8_t memory[16384];
    static _Alignas(64)
        uint8_t map[MAP_PAGE + 2 * MAP_PAGE * QUICK_STORE_ROOMS];
    static struct store_reader readers[QUICK_STORE_ROOMS];
    struct store s = {.readers = readers};
    struct arena a;
    memset(memory, 0, sizeof memory);
    memset(map, 0, sizeof map);
    memset(readers, 0, sizeof readers);
    arena_init(&a, memory, sizeof memory);
    board_carve(&s.board, &a, room_count, 1);
    map_over(&s.map, map, room_count, 0);
    map_begin(&s.map, room_count);
    return s;
}
