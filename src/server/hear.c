/* SPDX-License-Identifier: MIT */
#include "server/hear.h"
#include "server/pending.h"

/* It stops, too, where more would run over members who keep up. */
static bool may_hear(const struct server *s, const struct room *room,
                     uint64_t end)
{
    return s->cost < end && room->unflushed < s->rooms.log_size / 4;
}

/* Bring what was read to the room. That may write to members, of whom one goes,
   and what it has said is to be published: not before this one counts as read. */
static void bring(struct server *s, struct client *c, struct room *room,
                  const struct record *r)
{
    room->hears = true;
    if (r->kind == RECORD_MESSAGE)
        s->site->heard(s, room, r, c);
    else
        s->site->missed(s, room, r, c);
    room->hears = false;
    store_pass(&s->rooms.store, room_index(&s->rooms, room));
}

/* With a bus a client of ours hears itself here; else it has at once. */
static struct client *speaker_of(struct server *s, const struct room *room,
                                 const struct record *r)
{
    return store_has_bus(&s->rooms.store) ? pending_heard(s, room, r) : NULL;
}

bool hear_room(struct server *s, struct room *room, uint64_t end)
{
    struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    struct record r;
    if (!store_has_streams(store) || !store_is_open(store, index))
        return true; /* its last one has left; it may be another's by now */
    uint64_t damaged = store->damaged;
    while (!room->hears && may_hear(s, room, end) &&
           store_read(store, index, &r))
        bring(s, speaker_of(s, room, &r), room, &r);
    if (store->damaged != damaged)
        journal_warn(&s->journal, s->wall,
                     "what was said in a room is damaged, and left out", 0);
    return store_is_read(store, index);
}

void hear_say(struct server *s, struct client *c, struct room *room,
              struct record *r)
{
    struct store *store = &s->rooms.store;
    uint32_t index = room_index(&s->rooms, room);
    store_append(store, index, r);
    if (store_has_streams(store))
        store_read_own(store, index, r);
    bring(s, c, room, r);
}
