/* SPDX-License-Identifier: MIT */
#include "store/propose.h"
#include "base/check.h"

#define SIZE_LEAST 4096
#define SIZE_MOST  (UINT32_C(1) << 30)

uint32_t propose_size(uint64_t size)
{
    uint32_t power = SIZE_LEAST;
    while (power < size && power < SIZE_MOST)
        power *= 2;
    return power;
}

void propose_carve(struct propose_ring *ring, struct arena *a, uint32_t size)
{
    uint8_t *bytes = arena_carve(a, size, 1);
    if (!bytes || !ring)
        return;
    ring->bytes = bytes;
    ring->size = size;
}

/* How many bytes lie before the end of the lap. */
static uint32_t straight(const struct propose_ring *ring, uint32_t pos)
{
    return ring->size - (pos & (ring->size - 1));
}

struct proposal *propose_at(const struct propose_ring *ring, uint32_t pos)
{
    return (struct proposal *)(void *)(ring->bytes + (pos & (ring->size - 1)));
}

/* ---- The worker ---------------------------------------------------------- */

/* Where one of so many bytes will begin. */
static uint32_t place_of(const struct propose_ring *ring, uint32_t len)
{
    uint32_t head = atom_get(&ring->head), rest = straight(ring, head);
    return len <= rest ? head : head + rest;
}

static bool fits(const struct propose_ring *ring, uint32_t len)
{
    uint32_t end = place_of(ring, len) + len;
    return end - atom_acquire(&ring->done) <= ring->size;
}

bool propose_has_space(struct propose_ring *ring, size_t record)
{
    uint32_t len = propose_len(record);
    CHECK(len <= ring->size / 2);
    if (fits(ring, len))
        return true;
    atom_put(&ring->wanted, 1);
    atom_fence();
    return fits(ring, len);
}

void propose_write(struct propose_ring *ring, uint32_t room,
                   uint32_t generation, const struct record *r)
{
    uint32_t len = propose_len(record_len(r)), head = atom_get(&ring->head);
    uint32_t pos = place_of(ring, len);
    CHECK(len <= ring->size / 2 && fits(ring, len));
    if (pos != head) /* a lap's rest holds that much */
        propose_at(ring, head)->room = PROPOSE_NO_ROOM;
    struct proposal *p = propose_at(ring, pos);
    *p = (struct proposal){.len = len,
                           .room = room,
                           .generation = generation,
                           .sequence = ++ring->sequence};
    record_write((uint8_t *)(p + 1), r, NULL, 0);
    atom_release(&ring->head, pos + len);
}

/* ---- The bus ------------------------------------------------------------- */

struct proposal *propose_next(const struct propose_ring *ring, uint32_t *pos,
                              struct record *r)
{
    uint32_t head = atom_acquire(&ring->head);
    if (*pos != head && propose_at(ring, *pos)->room == PROPOSE_NO_ROOM)
        *pos += straight(ring, *pos);
    if (*pos == head)
        return NULL;
    struct proposal *p = propose_at(ring, *pos);
    const uint8_t *bytes = (const uint8_t *)(p + 1);
    uint32_t len = record_key(bytes).len;
    CHECK(p->len <= ring->size / 2 && propose_len(len) == p->len &&
          record_read(r, bytes, len, NULL, 0));
    *pos += p->len;
    return p;
}

bool propose_done(struct propose_ring *ring, struct proposal *p)
{
    struct record r;
    uint32_t done = atom_get(&ring->done), pos = done;
    p->state = PROPOSAL_DONE;
    for (struct proposal *first; (first = propose_next(ring, &pos, &r)) &&
                                 first->state == PROPOSAL_DONE;)
        done = pos;
    atom_release(&ring->done, done);
    atom_fence();
    return atom_get(&ring->wanted) && atom_swap(&ring->wanted, 0);
}
