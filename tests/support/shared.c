/* SPDX-License-Identifier: MIT */
#include "support/shared.h"
#include "support/guard.h"
#include "support/unit.h"
#include "wire/frame.h"

static void init_store(struct shared *s, struct store *store, uint32_t worker)
{
    const struct store *other = &s->keeper;
    *store = (struct store){
        .map = other->map,
        .board = other->board,
        .worker = worker,
        .crc = s->plan.crc,
        .proposals = other->proposals,
        .readers = (void *)guard_before(NULL, s->plan.rooms *
                                                  sizeof(struct store_reader)),
        .whole = guard_before(NULL, s->plan.stream_size / 4),
    };
}

/* Memory that the arena can carve: aligned, and with a page behind it. */
static struct arena arena_of(size_t used)
{
    size_t size = (used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct arena a;
    arena_init(&a, guard_before(NULL, size), size);
    return a;
}

static void make_rings(struct store *k, uint32_t workers, uint32_t size)
{
    k->proposals = (void *)arena_of(workers * sizeof(struct propose_ring)).ptr;
    for (uint32_t w = 0; w < workers; w++) {
        struct arena a = arena_of(size);
        propose_carve(&k->proposals[w], &a, size);
    }
}

void shared_make(struct shared *s, struct shared_plan plan)
{
    struct arena a;
    struct store *k = &s->keeper;
    *s = (struct shared){.plan = plan};
    arena_init(&a, NULL, SIZE_MAX);
    board_carve(&k->board, &a, plan.rooms, plan.workers);
    a = arena_of(a.used);
    board_carve(&k->board, &a, plan.rooms, plan.workers);
    map_over(&k->map,
             guard_before(NULL, map_size(plan.rooms, plan.stream_size)),
             plan.rooms, plan.stream_size);
    map_begin(&k->map, plan.rooms);
    if (plan.ring)
        make_rings(k, plan.workers, plan.ring);
    for (uint32_t w = 0; w < plan.workers; w++)
        shared_begin(s, w);
    init_store(s, k, BOARD_KEEPER);
}

void shared_begin(struct shared *s, uint32_t worker)
{
    init_store(s, &s->workers[worker], worker);
}

uint32_t shared_open_with(struct store *s, const char *name, uint64_t most)
{
    uint32_t room;
    bool anew;
    assert_int_equal(store_open(s, bytes_of(name), 1000, most, &room, &anew),
                     STORE_DONE);
    return room;
}

uint32_t shared_open(struct store *s, const char *name)
{
    return shared_open_with(s, name, UINT32_MAX);
}

void shared_say(struct store *s, uint32_t room, const char *text)
{
    struct record r = {.opcode = FRAME_TEXT, .payload = bytes_of(text)};
    assert_int_equal(store_seize(s, room, record_len(&r)), STORE_DONE);
    store_number(s, room, &r);
    store_append(s, room, &r);
}

const char *shared_hear(struct store *s, uint32_t room)
{
    static char text[2048];
    struct record r;
    if (!store_read(s, room, &r))
        return "";
    assert_true(r.payload.len < sizeof text);
    memcpy(text, r.payload.ptr, r.payload.len);
    text[r.payload.len] = '\0';
    store_pass(s, room);
    return text;
}

uint64_t shared_rung(struct store *s)
{
    uint64_t rooms = 0;
    for (uint32_t room; (room = store_rung(s)) != STORE_NONE;)
        if (room < 64)
            rooms |= UINT64_C(1) << room;
    return rooms;
}
