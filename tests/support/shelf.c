/* SPDX-License-Identifier: MIT */
#include "support/shelf.h"
#include "base/text.h"
#include "support/unit.h"
#include "wire/frame.h"

#include <stdlib.h>

#define WALL UINT64_C(1795163341123)

/* ---- A worker -------------------------------------------------------------- */

struct map shelf_map(uint32_t rooms, uint32_t stream_size)
{
    struct map map;
    size_t size = map_size(rooms, stream_size);
    void *bytes = aligned_alloc(MAP_PAGE, size);
    assert_non_null(bytes);
    memset(bytes, 0, size);
    map_over(&map, bytes, rooms, stream_size);
    map_begin(&map, rooms);
    return map;
}

static void carve(struct store *s, struct arena *a)
{
    uint32_t rooms = s->map.header->room_count;
    board_carve(&s->board, a, rooms, 1);
    s->readers = arena_carve(a, rooms, sizeof *s->readers);
    s->whole = arena_carve(a, 1, s->map.stream_size / 4);
}

void shelf_begin(struct shelf *s, const struct map *map,
                 struct shelf_ledger *ledger)
{
    struct arena a;
    memset(s, 0, sizeof *s);
    s->ledger = ledger;
    crc32c_init(&s->crc);
    s->store.map = *map;
    s->store.crc = &s->crc;
    arena_init(&a, NULL, SIZE_MAX);
    carve(&s->store, &a);
    size_t size = (a.used + 4095) / 4096 * 4096;
    s->memory = aligned_alloc(4096, size);
    assert_non_null(s->memory);
    memset(s->memory, 0, size);
    arena_init(&a, s->memory, size);
    carve(&s->store, &a);
    s->store.board.table->seed = 5;
    store_table_remake(&s->store);
}

void shelf_end(struct shelf *s)
{
    free(s->memory);
    s->memory = NULL;
}

static void put_name(struct text *t, uint32_t number)
{
    text_string(t, "room ");
    text_decimal(t, number);
}

uint32_t shelf_open(struct shelf *s, uint32_t number)
{
    uint8_t bytes[MAP_ROOM_NAME];
    struct text t = text_over(bytes, sizeof bytes);
    uint32_t room;
    bool anew;
    put_name(&t, number);
    enum store_outcome outcome =
        store_open(&s->store, text_span(&t), WALL, SHELF_SAID, &room, &anew);
    assert_true(outcome == STORE_DONE || outcome == STORE_FULL);
    return outcome == STORE_DONE ? room : STORE_NONE;
}

/* ---- The ledger ------------------------------------------------------------ */

/* What was said in this place of the ledger: its name, then bytes of its own. */
static struct span payload_of(const struct shelf_ledger *l, size_t at,
                              uint8_t bytes[SHELF_PAYLOAD])
{
    const struct shelf_said *said = &l->said[at];
    struct text t = text_over(bytes, SHELF_PAYLOAD);
    put_name(&t, said->room);
    text_byte(&t, '#');
    text_decimal(&t, at);
    while (t.len < said->len)
        text_byte(&t, (uint8_t)('a' + (t.len + at) % 26));
    return bytes_span(bytes, said->len);
}

static size_t find(const struct shelf_ledger *l, uint32_t room,
                   struct store_id id)
{
    size_t at = l->count;
    while (at-- > 0)
        if (l->said[at].room == room && l->said[at].id.epoch == id.epoch &&
            l->said[at].id.number == id.number)
            return at;
    return SIZE_MAX;
}

size_t shelf_last(const struct shelf_ledger *l, uint32_t number)
{
    size_t at = l->count;
    while (at-- > 0)
        if (l->said[at].room == number)
            return at;
    return SIZE_MAX;
}

static uint32_t number_of(const struct shelf *s, uint32_t room)
{
    struct span name = store_name(&s->store, room);
    uint64_t number;
    assert_true(bytes_begins(name, BYTES_LITERAL("room ")));
    assert_true(bytes_decimal(bytes_after(name, 5), &number));
    return (uint32_t)number;
}

struct record shelf_draft(const struct shelf *s, uint32_t room, uint32_t len,
                          uint8_t bytes[SHELF_PAYLOAD])
{
    struct shelf_ledger *l = s->ledger;
    assert_true(l->count < SHELF_SAID);
    l->said[l->count] =
        (struct shelf_said){.room = number_of(s, room), .len = len};
    return (struct record){.opcode = FRAME_TEXT,
                           .tag = l->count,
                           .name = BYTES_LITERAL("Ann"),
                           .sub = BYTES_LITERAL("ann"),
                           .payload = payload_of(l, l->count, bytes)};
}

void shelf_say(struct shelf *s, uint32_t room, uint32_t len)
{
    uint8_t bytes[SHELF_PAYLOAD];
    struct shelf_ledger *l = s->ledger;
    struct record same, r = shelf_draft(s, room, len, bytes);
    assert_int_equal(store_seize(&s->store, room, record_len(&r)), STORE_DONE);
    store_number(&s->store, room, &r);
    store_append(&s->store, room, &r);
    struct store_id id = {r.epoch, r.number};
    assert_int_equal(find(l, l->said[l->count].room, id), SIZE_MAX);
    l->said[l->count++].id = id;
    /* our own message is the next that we read */
    assert_true(store_read(&s->store, room, &same));
    assert_int_equal(same.number, r.number);
    store_pass(&s->store, room);
}

size_t shelf_read(struct shelf *s, uint32_t number, size_t *last)
{
    uint8_t bytes[SHELF_PAYLOAD];
    struct record r;
    size_t count = 0;
    uint32_t room = shelf_open(s, number);
    assert_int_not_equal(room, STORE_NONE);
    assert_int_equal(number_of(s, room), number);
    *last = SIZE_MAX;
    for (; store_read(&s->store, room, &r); count++) {
        size_t at =
            find(s->ledger, number, (struct store_id){r.epoch, r.number});
        if (at == SIZE_MAX)
            fail_msg("room %u, %llx-%llu was never said: %.20s", number,
                     (unsigned long long)r.epoch, (unsigned long long)r.number,
                     r.payload.ptr);
        struct span said = payload_of(s->ledger, at, bytes);
        assert_true(bytes_equal(r.payload, said));
        assert_int_equal(r.tag, at);
        assert_true(bytes_equal(r.name, BYTES_LITERAL("Ann")));
        assert_true(bytes_equal(r.sub, BYTES_LITERAL("ann")));
        assert_true(*last == SIZE_MAX || at > *last);
        *last = at;
        store_pass(&s->store, room);
    }
    assert_int_equal(s->store.damaged, 0);
    return count;
}
