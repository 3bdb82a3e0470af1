/* SPDX-License-Identifier: MIT */
/* The store: at once, shared, or in a file. */
#include "os/entropy.h"
#include "os/memory.h"
#include "server/start.h"

int start_open_store(struct server *s, struct text *why)
{
    struct store_file_plan plan = {
        .path = s->config->store,
        .rooms = s->config->rooms,
        .stream_size = map_stream_size(s->config->room_log),
        .wall = s->wall,
    };
    if (!plan.path)
        return 0;
    struct store_file *file = memory_map(sizeof *file);
    if (!file)
        return server_no_memory(why, sizeof *file);
    int result = entropy_fill((uint8_t *)&plan.random, sizeof plan.random);
    if (result < 0)
        return server_failed(why, "no random bytes", result);
    int status = store_file_open(file, &plan, why);
    if (status == 0)
        s->file = file;
    return status;
}

void start_carve_store(struct server *s, struct arena *a)
{
    uint32_t rooms = s->config->rooms;
    struct store *store = &s->rooms.store;
    bool shared = crew_is_shared(&s->crew);
    void *map = NULL;
    store->readers = arena_carve(a, rooms, sizeof *store->readers);
    store->crc = s->file ? &s->file->crc : NULL;
    store->worker = shared ? s->crew.worker : 0;
    store->proposals = shared ? s->crew.proposals : NULL;
    if (shared) /* laid out by the keeper */
        store->board = s->crew.board;
    else
        board_carve(&store->board, a, rooms, 1);
    if (shared)
        store->map = s->crew.map;
    else if (s->file)
        store->map = s->file->map;
    else
        map = arena_carve(a, 1, map_size(rooms, 0));
    if (store_has_streams(store))
        store->whole = arena_carve(a, store_record_max(store), 1);
    if (!map)
        return;
    map_over(&store->map, map, rooms, 0);
    map_begin(&store->map, rooms);
}

int start_seed(struct server *s, struct store *store, struct text *why)
{
    uint64_t random[3];
    int result = entropy_fill((uint8_t *)random, sizeof random);
    if (result < 0)
        return server_failed(why, "no random bytes", result);
    s->addresses.seed = random[0];
    store->board.table->seed = random[1];
    store->board.table->epochs = random[2];
    store_table_remake(store);
    return 0;
}

void start_log_store(const struct server *s, struct journal_line *line)
{
    const struct mend_found *found = &s->file->found;
    journal_put(line, "store", bytes_of(s->config->store));
    journal_number(line, "found_rooms", found->rooms);
    journal_number(line, "found_messages", found->messages);
    if (s->file->is_carried)
        journal_number(line, "carried", s->file->carried);
    if (found->damaged)
        journal_number(line, "damaged", found->damaged);
    if (found->renewed)
        journal_put(line, "epochs", BYTES_LITERAL("new"));
}
