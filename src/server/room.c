/* SPDX-License-Identifier: MIT */
#include "server/room.h"
#include "base/check.h"

void room_init(struct rooms *all)
{
    list_init(&all->dirty);
    all->dirty_links =
        (struct list_table){.first = (uint8_t *)&all->table->dirty_link,
                            .stride = sizeof *all->table};
    all->tell_at = UINT64_MAX;
}

/* Nobody here has it, and nothing of it is known here. */
static void begin(struct rooms *all, struct room *room)
{
    uint32_t index = room_index(all, room);
    all->unclosed -= room->unclosed;
    *room = (struct room){
        .dirty = room->dirty, /* it may still be in the list of this turn */
        .dirty_link = room->dirty_link,
        .unshared = room->unshared, /* others may not know that all left */
        .posts = room->posts,
    };
    list_init(&room->readers);
    history_begin(&room->history, all->marks + (size_t)index * all->history,
                  all->history, store_last(&all->store, index));
    for (size_t log = 0; log < all->log_count; log++)
        ring_init(&room->logs[log],
                  all->log_bytes +
                      (index * (size_t)all->log_count + log) * all->log_size,
                  all->log_size);
}

enum store_outcome room_open(struct rooms *all, struct span name, uint64_t wall,
                             uint64_t history, struct room **room)
{
    uint32_t index;
    bool anew;
    enum store_outcome outcome =
        store_open(&all->store, name, wall, history, &index, &anew);
    if (outcome != STORE_DONE)
        return outcome;
    *room = room_at(all, index);
    if (anew)
        begin(all, *room);
    (*room)->visited = true;
    return STORE_DONE;
}

static void close_if_empty(struct rooms *all, struct room *room)
{
    bool stays = list_empty(&room->readers) && !room->visited &&
                 room->posts == 0 &&
                 store_close(&all->store, room_index(all, room)) == STORE_BUSY;
    all->unclosed += (uint32_t)stays - room->unclosed;
    room->unclosed = stays;
}

void room_let_go(struct rooms *all, struct room *room)
{
    room->visited = false;
    close_if_empty(all, room);
}

void room_let_go_all(struct rooms *all)
{
    for (uint32_t i = 0; all->unclosed && i < store_used(&all->store); i++)
        if (room_at(all, i)->unclosed)
            close_if_empty(all, room_at(all, i));
}

void room_post_waits(struct room *room)
{
    room->posts++;
}

void room_post_ends(struct rooms *all, struct room *room)
{
    room->posts--;
    close_if_empty(all, room);
}

/* ---- Readers ------------------------------------------------------------- */

void room_add_reader(struct rooms *all, struct room *room, uint32_t client)
{
    list_append(&room->readers, &all->reader_links, client);
    room->visited = false;
}

void room_remove_reader(struct rooms *all, struct room *room, uint32_t client)
{
    uint32_t next = list_next(&all->reader_links, client) + 1;
    if (room->flush_at == client + 1)
        room->flush_at = next;
    if (room->tell_at == client + 1)
        room->tell_at = next;
    list_remove(&room->readers, &all->reader_links, client);
    close_if_empty(all, room);
}

/* ---- Messages ------------------------------------------------------------ */

bool room_wants(const struct rooms *all, const struct room *room,
                enum room_log log)
{
    return room->log_members[log] > 0 || (log == ROOM_JSON && all->history > 0);
}

static void note_said(struct rooms *all, struct room *room, size_t len)
{
    room->said += len;
    room->unflushed += len;
    room_soil(all, room);
}

size_t room_append(struct rooms *all, struct room *room,
                   const struct room_record *record)
{
    size_t longest = 0;
    history_add(&room->history, record->id, room->logs[ROOM_JSON].head);
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
    note_said(all, room, longest);
    return longest;
}

void room_append_event(struct rooms *all, struct room *room, struct span frame)
{
    static const enum room_log logs[] = {ROOM_JSON, ROOM_JSON_TWIN};
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++)
        if (logs[i] < all->log_count && room_wants(all, room, logs[i]))
            ring_append(&room->logs[logs[i]], frame.ptr, frame.len);
    note_said(all, room, frame.len);
}

void room_soil(struct rooms *all, struct room *room)
{
    if (!room->dirty)
        list_append(&all->dirty, &all->dirty_links, room_index(all, room));
    room->dirty = true;
}

struct room *room_next_dirty(struct rooms *all)
{
    if (list_empty(&all->dirty))
        return NULL;
    struct room *room = room_at(all, list_pop(&all->dirty, &all->dirty_links));
    room->dirty = false;
    return room;
}
