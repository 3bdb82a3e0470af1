/* SPDX-License-Identifier: MIT */
#include "server/room.h"
#include "base/check.h"

void room_init(struct rooms *all, uint32_t count)
{
    topic_init(&all->topics, count);
    list_init(&all->dirty);
    all->dirty_links =
        (struct list_table){.first = (uint8_t *)&all->table->dirty_link,
                            .stride = sizeof *all->table};
    all->tell_at = UINT64_MAX;
}

struct room *room_open(struct rooms *all, struct span name, uint64_t wall)
{
    bool made;
    uint32_t index = topic_open(&all->topics, name, wall, &made);
    if (index == TOPIC_NONE)
        return NULL;
    struct room *room = room_at(all, index);
    if (!made) {
        if (list_empty(&room->readers)) { /* now the last to lose its place */
            topic_use(&all->topics, index);
            topic_let_go(&all->topics, index);
        }
        return room;
    }
    *room = (struct room){
        .dirty = room->dirty, /* it may still be in the list of this turn */
        .dirty_link = room->dirty_link,
    };
    list_init(&room->readers);
    for (size_t log = 0; log < all->log_count; log++)
        ring_init(&room->logs[log],
                  all->log_bytes +
                      (index * (size_t)all->log_count + log) * all->log_size,
                  all->log_size);
    return room;
}

/* ---- Readers ------------------------------------------------------------- */

void room_add_reader(struct rooms *all, struct room *room, uint32_t client)
{
    if (list_empty(&room->readers))
        topic_use(&all->topics, room_index(all, room));
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
        topic_let_go(&all->topics, room_index(all, room));
}

/* ---- Messages ------------------------------------------------------------ */

bool room_wants(const struct rooms *all, const struct room *room,
                enum room_log log)
{
    return room->log_members[log] > 0 ||
           (log == ROOM_JSON && all->topics.history > 0);
}

size_t room_append(struct rooms *all, struct room *room,
                   const struct room_record *record)
{
    size_t longest = 0;
    topic_add(&all->topics, room_topic(all, room), room->logs[ROOM_JSON].head);
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
