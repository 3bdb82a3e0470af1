/* SPDX-License-Identifier: MIT */
/*
 * With a bus: workers propose, and one process alone writes what was said, as it
 * reads it back (bus/). Here what they call.
 */
#include "base/check.h"
#include "store/store.h"

static struct propose_ring *own_ring(const struct store *s)
{
    return &s->proposals[s->worker];
}

bool store_may_propose(const struct store *s, size_t len)
{
    return propose_has_space(own_ring(s), len);
}

void store_propose(struct store *s, uint32_t room, struct record *r)
{
    r->worker = (uint16_t)s->worker;
    propose_write(own_ring(s), room, store_generation(s, room), r);
    atom_fence();
    store_ring_one(s, room, store_bus(s));
}

void store_stand_at_end(struct store *s, uint32_t room)
{
    struct store_reader *reader = &s->readers[room];
    reader->generation = store_generation(s, room);
    reader->pos = atom_get(&s->map.rooms[room].head);
    reader->seen = reader->pos;
    reader->last = store_end(s, room);
}

enum store_outcome store_put(struct store *s, uint32_t room,
                             const struct record *r)
{
    enum store_outcome outcome = store_seize(s, room, record_len(r));
    CHECK(outcome != STORE_BEHIND);
    if (outcome != STORE_DONE)
        return outcome;
    store_write(s, room, r);
    store_stand_at_end(s, room);
    return STORE_DONE;
}

void store_settle(struct store *s, uint32_t worker, struct proposal *p)
{
    if (propose_done(&s->proposals[worker], p))
        store_ring_one(s, p->room, worker);
}
