/* SPDX-License-Identifier: MIT */
/* Rooms by name, and who has them open. */
#include "base/check.h"
#include "store/store.h"

#define EPOCH_BITS 22 /* of an epoch that are counted; above is the time */

static struct list_table empty_links(const struct store *s)
{
    return (struct list_table){.first = (uint8_t *)&s->board.rooms->empty,
                               .stride = sizeof *s->board.rooms};
}

/* ---- Finding one by name ------------------------------------------------- */

static uint32_t *bucket_of(const struct store *s, struct span name)
{
    uint64_t hash = bytes_hash(s->board.table->seed, name);
    return &s->board.buckets[hash % s->board.room_count];
}

static uint32_t find(const struct store *s, struct span name)
{
    uint32_t at = *bucket_of(s, name);
    while (at && !bytes_equal(store_name(s, at - 1), name))
        at = s->board.rooms[at - 1].next_named;
    return at ? at - 1 : STORE_NONE;
}

static void forget_name(struct store *s, uint32_t index)
{
    if (s->map.rooms[index].name_len == 0)
        return;
    uint32_t *link = bucket_of(s, store_name(s, index));
    while (*link - 1 != index)
        link = &s->board.rooms[*link - 1].next_named;
    *link = s->board.rooms[index].next_named;
}

/* A place for one more, or STORE_NONE. */
static uint32_t take_place(struct store *s)
{
    struct list_table links = empty_links(s);
    if (s->map.header->used < s->board.room_count) {
        list_append(&s->board.table->empty, &links, s->map.header->used);
        return s->map.header->used++;
    }
    uint32_t index = s->board.table->empty.first;
    if (index == LIST_NONE)
        return STORE_NONE;
    s->board.table->evicted += s->map.rooms[index].name_len > 0;
    forget_name(s, index);
    return index;
}

/* No two counts share an epoch: each is larger than all before it in this map,
   also when the clock was set back; of two services that start in one
   millisecond the low bits are random at first. The other 42 bits last until
   the year 2109. */
static uint64_t next_epoch(struct store *s, uint64_t wall)
{
    uint64_t low = s->board.table->epochs++ % (UINT64_C(1) << EPOCH_BITS);
    uint64_t epoch = wall << EPOCH_BITS | low;
    if (epoch <= s->map.header->last_epoch)
        epoch = s->map.header->last_epoch + 1;
    return s->map.header->last_epoch = epoch;
}

uint32_t store_room_check(const struct store *s, const struct map_room *room,
                          struct span name)
{
    if (!s->crc)
        return 0;
    uint32_t sum = crc32c_add(
        s->crc, 0, bytes_span(&room->generation, sizeof room->generation));
    sum = crc32c_add(s->crc, sum, bytes_span(&room->began, sizeof room->began));
    return crc32c_add(s->crc, sum, name);
}

/* A place gets this name, with the last store. Who dies before it leaves a
   place without one; what was there before is lost in any case. */
static void begin_room(struct store *s, uint32_t index, struct span name,
                       uint64_t wall)
{
    struct map_room *room = &s->map.rooms[index];
    uint32_t *bucket = bucket_of(s, name);
    room->name_len = 0;
    atom_fence();
    room->generation++;
    atom_put(&room->head, 0);
    atom_put(&room->oldest, 0);
    room->began = next_epoch(s, wall);
    room->ends[0] = (struct map_end){.epoch = room->began};
    room->ends[1] = (struct map_end){.pos = STORE_NO_POSITION};
    memcpy(room->name, name.ptr, name.len);
    atom_put(&s->board.rooms[index].ready, 0);
    store_ring_waiting(s, index, &s->board.rooms[index].asked); /* in vain */
    s->board.rooms[index].mark = 0;
    room->check = store_room_check(s, room, name);
    atom_fence();
    room->name_len = (uint32_t)name.len;
    s->board.rooms[index].next_named = *bucket;
    *bucket = index + 1;
}

/* ---- Opening and closing ------------------------------------------------- */

static bool lock_table(struct store *s)
{
    struct board_table *table = s->board.table;
    return store_take_lock(s, &table->lock, &table->want);
}

/* Whoever waits for it is rung for a room that is always there. */
static void unlock_table(struct store *s)
{
    board_unlock(&s->board.table->lock);
    store_ring_waiting(s, 0, &s->board.table->want);
}

/* It is no longer one of the empty ones. */
static void take_in(struct store *s, uint32_t index)
{
    if (atom_set_bits(&s->board.rooms[index].open, store_bit(s)) != 0)
        return;
    struct list_table links = empty_links(s);
    list_remove(&s->board.table->empty, &links, index);
    s->map.rooms[index].emptied = MAP_IN_USE;
}

/* This worker reads the room from now on, which is locked where others may
   write. */
static void enter(struct store *s, uint32_t index, uint64_t most, bool *anew)
{
    struct store_reader *reader = &s->readers[index];
    uint32_t generation = store_generation(s, index);
    *anew = reader->generation != generation ||
            (store_has_streams(s) &&
             (reader->most < most || !store_stream_holds(s, index)));
    reader->generation = generation;
    if (*anew) {
        reader->most = most;
        store_stream_seek(s, index, most);
    }
    atom_put(&store_place(s, index)->cursor, reader->pos);
    take_in(s, index);
    /* it may have been the last that the bus could have let go */
    if (store_has_bus(s))
        store_ring_waiting(s, 0, &s->board.table->want_place);
}

/* Only a bus still has one of them open: it is to let it go. */
static bool ask_for_place(struct store *s)
{
    struct board_table *table = s->board.table;
    uint32_t bus = store_bus(s), index = 0;
    while (index < s->board.room_count &&
           atom_get(&s->board.rooms[index].open) != UINT32_C(1) << bus)
        index++;
    if (index == s->board.room_count)
        return false;
    atom_set_bits(&table->want_place, store_bit(s));
    atom_put(&table->crowded, 1);
    store_ring_one(s, index, bus);
    return true;
}

/* The bus is to read it first. */
static bool ask_to_be_read(struct store *s, uint32_t index)
{
    struct board_room *room = &s->board.rooms[index];
    if (!store_has_bus(s) || store_is_bus(s) || atom_acquire(&room->ready))
        return false;
    atom_set_bits(&room->asked, store_bit(s));
    store_ring_one(s, index, store_bus(s));
    return true;
}

static enum store_outcome open_locked(struct store *s, struct span name,
                                      uint64_t wall, uint64_t most,
                                      uint32_t *index, bool *anew)
{
    *anew = false;
    *index = find(s, name);
    if (*index == STORE_NONE) {
        *index = take_place(s);
        if (*index == STORE_NONE)
            return store_has_bus(s) && ask_for_place(s) ? STORE_BUSY
                                                        : STORE_FULL;
        begin_room(s, *index, name, wall);
    }
    if (ask_to_be_read(s, *index))
        return STORE_BUSY;
    if (store_is_open(s, *index) && s->readers[*index].most >= most)
        return STORE_DONE;
    if (!store_lock(s, *index))
        return STORE_BUSY;
    enter(s, *index, most, anew);
    store_unlock(s, *index);
    return STORE_DONE;
}

enum store_outcome store_open(struct store *s, struct span name, uint64_t wall,
                              uint64_t most, uint32_t *index, bool *anew)
{
    CHECK(name.len > 0 && name.len <= MAP_ROOM_NAME);
    if (!lock_table(s))
        return STORE_BUSY;
    enum store_outcome outcome = open_locked(s, name, wall, most, index, anew);
    unlock_table(s);
    return outcome;
}

/* Under the table's lock. */
void store_leave(struct store *s, uint32_t room, uint32_t worker)
{
    struct board_room *shared = &s->board.rooms[room];
    uint32_t bit = UINT32_C(1) << worker;
    if (atom_clear_bits(&shared->open, bit) != bit)
        return; /* it had not, or others have */
    struct list_table links = empty_links(s);
    s->map.rooms[room].emptied = ++s->map.header->emptied;
    list_append(&s->board.table->empty, &links, room);
}

enum store_outcome store_close(struct store *s, uint32_t room)
{
    if (!lock_table(s))
        return STORE_BUSY;
    store_leave(s, room, s->worker);
    unlock_table(s);
    store_ring_waiting(s, room, &store_place(s, room)->wanted);
    return STORE_DONE;
}

/* ---- With a bus ---------------------------------------------------------- */

bool store_is_wanted(const struct store *s, uint32_t room)
{
    const struct board_room *b = &s->board.rooms[room];
    return (atom_get(&b->open) & ~store_bit(s)) || atom_get(&b->asked);
}

/* Its predecessor may have left it open: then nobody else has touched it. */
enum store_outcome store_adopt(struct store *s, uint32_t room)
{
    if (!store_is_open(s, room)) {
        if (!lock_table(s))
            return STORE_BUSY;
        take_in(s, room);
        unlock_table(s);
    }
    store_stand_at_end(s, room);
    return STORE_DONE;
}

void store_set_ready(struct store *s, uint32_t room)
{
    atom_release(&s->board.rooms[room].ready, 1);
    store_ring_waiting(s, room, &s->board.rooms[room].asked);
}

enum store_outcome store_abandon(struct store *s, uint32_t room)
{
    if (!lock_table(s))
        return STORE_BUSY;
    bool stays = store_is_wanted(s, room);
    if (!stays) {
        atom_put(&s->board.rooms[room].ready, 0);
        store_leave(s, room, s->worker);
    }
    unlock_table(s);
    if (stays)
        return STORE_BEHIND;
    store_ring_waiting(s, 0, &s->board.table->want_place);
    return STORE_DONE;
}

uint64_t store_evicted(const struct store *s)
{
    return s->board.table->evicted;
}

/* ---- Making the table anew ----------------------------------------------- */

static bool is_older(const struct store *s, uint32_t a, uint32_t b)
{
    return s->map.rooms[a].emptied <= s->map.rooms[b].emptied;
}

/* Merge two chains of places, linked through empty.next, the longest empty one
   first. */
static uint32_t merge(struct store *s, uint32_t a, uint32_t b)
{
    uint32_t first, *link = &first;
    while (a != LIST_NONE && b != LIST_NONE) {
        uint32_t *from = is_older(s, a, b) ? &a : &b;
        *link = *from;
        link = &s->board.rooms[*from].empty.next;
        *from = *link;
    }
    *link = a != LIST_NONE ? a : b;
    return first;
}

/* Runs of 1, 2, 4, ... places, as the bits of a number that counts up. */
static uint32_t sort_empty(struct store *s)
{
    uint32_t runs[32], all = LIST_NONE;
    for (unsigned i = 0; i < 32; i++)
        runs[i] = LIST_NONE;
    for (uint32_t index = 0; index < s->map.header->used; index++) {
        if (atom_get(&s->board.rooms[index].open))
            continue;
        uint32_t run = index;
        unsigned i = 0;
        s->board.rooms[index].empty.next = LIST_NONE;
        for (; runs[i] != LIST_NONE; runs[i++] = LIST_NONE)
            run = merge(s, runs[i], run);
        runs[i] = run;
    }
    for (unsigned i = 0; i < 32; i++)
        all = merge(s, runs[i], all);
    return all;
}

void store_table_remake(struct store *s)
{
    struct list_table links = empty_links(s);
    memset(s->board.buckets, 0, s->board.room_count * sizeof *s->board.buckets);
    for (uint32_t index = 0; index < s->map.header->used; index++) {
        if (s->map.rooms[index].name_len == 0)
            continue;
        uint32_t *bucket = bucket_of(s, store_name(s, index));
        s->board.rooms[index].next_named = *bucket;
        *bucket = index + 1;
    }
    uint32_t next = sort_empty(s);
    list_init(&s->board.table->empty);
    while (next != LIST_NONE) {
        uint32_t index = next;
        next = s->board.rooms[index].empty.next;
        list_append(&s->board.table->empty, &links, index);
    }
}
