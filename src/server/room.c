/* SPDX-License-Identifier: MIT */
#include "server/room.h"
#include "base/check.h"

void room_init(struct rooms *all, uint32_t count)
{
    slots_init(&all->slots, &all->table->slot, sizeof *all->table, count);
    list_init(&all->empty);
    all->tell_at = UINT64_MAX;
    all->empty_links = (struct list_table){
        .first = (uint8_t *)&all->table->empty, .stride = sizeof *all->table};
}

/* ---- Finding one by name ------------------------------------------------- */

static uint32_t *bucket_of(const struct rooms *all, struct span name)
{
    uint64_t hash = all->seed;
    for (size_t i = 0; i < name.len; i++)
        hash = bytes_mix(hash ^ name.ptr[i]);
    return &all->buckets[hash % all->slots.size];
}

static struct span name_of(const struct room *room)
{
    return bytes_span(room->name, room->name_len);
}

static struct room *find(const struct rooms *all, struct span name)
{
    uint32_t at = *bucket_of(all, name);
    while (at && !bytes_equal(name_of(&all->table[at - 1]), name))
        at = all->table[at - 1].next_named;
    return at ? &all->table[at - 1] : NULL;
}

static void forget_name(struct rooms *all, struct room *room)
{
    uint32_t *link = bucket_of(all, name_of(room));
    while (*link != room_index(all, room) + 1)
        link = &all->table[*link - 1].next_named;
    *link = room->next_named;
}

/* A place for one more room: its index, or ROOM_NONE. */
static uint32_t take_place(struct rooms *all)
{
    uint32_t index = slots_take(&all->slots);
    if (index != SLOTS_NONE)
        return index;
    index = list_pop(&all->empty, &all->empty_links);
    if (index == LIST_NONE)
        return ROOM_NONE;
    all->evicted++;
    forget_name(all, room_at(all, index));
    slots_give(&all->slots, index);
    return slots_take(&all->slots);
}

/* No two counts share an epoch: of one process the low bits differ, also when
   the clock was set back; of two that start in one millisecond they are random
   at first. */
static uint64_t begin_epoch(struct rooms *all, uint64_t wall)
{
    const unsigned bits = 22; /* the other 42 last until the year 2109 */
    return wall << bits | (all->epochs++ & ((UINT64_C(1) << bits) - 1));
}

struct room *room_open(struct rooms *all, struct span name, uint64_t wall)
{
    CHECK(name.len > 0 && name.len <= LIMITS_ROOM_NAME);
    struct room *room = find(all, name);
    if (room)
        return room;
    uint32_t index = take_place(all);
    if (index == ROOM_NONE)
        return NULL;
    room = room_at(all, index);
    *room = (struct room){
        .slot = room->slot,
        .dirty = room->dirty, /* it may still be in the queue of this turn */
        .next_dirty = room->next_dirty,
        .epoch = begin_epoch(all, wall),
        .name_len = (uint8_t)name.len,
        .marks = all->mark_space + (size_t)index * all->history,
    };
    memcpy(room->name, name.ptr, name.len);
    list_init(&room->readers);
    for (size_t log = 0; log < all->log_count; log++)
        ring_init(&room->logs[log],
                  all->log_bytes +
                      (index * (size_t)all->log_count + log) * all->log_size,
                  all->log_size);
    uint32_t *bucket = bucket_of(all, name);
    room->next_named = *bucket;
    *bucket = index + 1;
    list_append(&all->empty, &all->empty_links, index);
    return room;
}

/* ---- Readers ------------------------------------------------------------- */

void room_add_reader(struct rooms *all, struct room *room, uint32_t client)
{
    if (list_empty(&room->readers))
        list_remove(&all->empty, &all->empty_links, room_index(all, room));
    list_append(&room->readers, &all->reader_links, client);
}

void room_remove_reader(struct rooms *all, struct room *room, uint32_t client)
{
    uint32_t next = list_next(&all->reader_links, client) + 1;
    if (room->flush_at == client + 1)
        room->flush_at = next;
    if (room->tell_at == client + 1)
        room->tell_at = next;
    list_remove(&room->readers, &all->reader_links, client);
    if (list_empty(&room->readers))
        list_append(&all->empty, &all->empty_links, room_index(all, room));
}

/* ---- Messages ------------------------------------------------------------ */

bool room_wants(const struct rooms *all, const struct room *room,
                enum room_log log)
{
    return room->log_members[log] > 0 || (log == ROOM_JSON && all->history > 0);
}

size_t room_append(struct rooms *all, struct room *room,
                   const struct room_record *record)
{
    size_t longest = 0;
    room->number++;
    if (all->history)
        room->marks[room->number % all->history] = room->logs[ROOM_JSON].head;
    for (unsigned log = 0; log < all->log_count; log++) {
        struct span head = record->head[log], body = record->body[log];
        if (!room_wants(all, room, (enum room_log)log))
            continue;
        CHECK(head.len + body.len <= room_append_max(all));
        if (longest < head.len + body.len)
            longest = head.len + body.len;
        ring_append(&room->logs[log], head.ptr, head.len);
        ring_append(&room->logs[log], body.ptr, body.len);
    }
    room->said += longest;
    room->unflushed += longest;
    room_soil(all, room);
    return longest;
}

void room_soil(struct rooms *all, struct room *room)
{
    if (room->dirty)
        return;
    uint32_t place = room_index(all, room) + 1;
    room->dirty = true;
    room->next_dirty = 0;
    if (all->first_dirty)
        room_at(all, all->last_dirty - 1)->next_dirty = place;
    else
        all->first_dirty = place;
    all->last_dirty = place;
}

struct room *room_next_dirty(struct rooms *all)
{
    if (all->first_dirty == 0)
        return NULL;
    struct room *room = room_at(all, all->first_dirty - 1);
    all->first_dirty = room->next_dirty;
    room->dirty = false;
    return room;
}

/* ---- History ------------------------------------------------------------- */

/* True when message `number` can be replayed. */
static bool held(const struct rooms *all, const struct room *room,
                 uint64_t number)
{
    return number > 0 && number <= room->number &&
           room->number - number < all->history &&
           ring_holds(&room->logs[ROOM_JSON],
                      room->marks[number % all->history]);
}

uint64_t room_history(const struct rooms *all, const struct room *room,
                      uint64_t count)
{
    uint64_t n = 0;
    while (n < count && held(all, room, room->number - n))
        n++;
    return n;
}

uint64_t room_resume(const struct rooms *all, const struct room *room,
                     uint64_t epoch, uint64_t number, bool *gap)
{
    bool known = epoch == room->epoch && number <= room->number;
    *gap = false;
    if (known && number == room->number)
        return 0;
    if (known && held(all, room, number + 1))
        return room->number - number;
    *gap = true;
    return room_history(all, room, all->history);
}

uint64_t room_place(const struct rooms *all, const struct room *room,
                    uint64_t count)
{
    if (count == 0)
        return room->logs[ROOM_JSON].head;
    return room->marks[(room->number - count + 1) % all->history];
}
