/* SPDX-License-Identifier: MIT */
#include "store/mend.h"
#include "support/random.h"
#include "support/shelf.h"
#include "support/step.h"
#include "support/unit.h"

#include <stdlib.h>
#include <sys/mman.h>

#define WALL   UINT64_C(1795163341123)
#define ROOMS  3
#define STREAM 4096
#define LEN    120 /* of a payload: a record of 192 bytes */

static struct shelf_ledger ledger;
static struct crc32c crc;

/* ---- Making, mending, reading ---------------------------------------------- */

static struct map copy_of(const struct map *map)
{
    size_t size = map_size(map->header->room_count, map->stream_size);
    struct map copy = shelf_map(map->header->room_count, map->stream_size);
    memcpy(copy.header, map->header, size);
    return copy;
}

static void mend_with(struct map *map, bool trusted, uint64_t random,
                      struct mend_found *found)
{
    struct store s = {.map = *map, .crc = &crc};
    struct mend_plan plan = {
        .trusted = trusted, .wall = WALL, .random = random};
    plan.names = calloc(map->header->room_count, 2 * sizeof *plan.names);
    s.whole = malloc(map->stream_size / 4);
    assert_true(plan.names && s.whole);
    mend_rooms(&s, &plan, found);
    free(plan.names);
    free(s.whole);
}

static struct mend_found mend(struct map *map, bool trusted)
{
    struct mend_found found;
    mend_with(map, trusted, 12345, &found);
    return found;
}

/* A fresh map and ledger; `count` messages are said in each of `rooms` rooms,
   in turn. */
static struct map talk(uint32_t rooms, unsigned count)
{
    struct map map = shelf_map(ROOMS, STREAM);
    struct shelf s;
    ledger.count = 0;
    shelf_begin(&s, &map, &ledger);
    for (uint32_t room = 0; room < rooms; room++)
        assert_int_equal(shelf_open(&s, room), room);
    while (count-- > 0)
        for (uint32_t room = 0; room < rooms; room++)
            shelf_say(&s, room, LEN);
    shelf_end(&s);
    return map;
}

static size_t read_room(const struct map *map, uint32_t number, size_t *last)
{
    struct shelf s;
    shelf_begin(&s, map, &ledger);
    size_t count = shelf_read(&s, number, last);
    shelf_end(&s);
    return count;
}

/* Each room can be gone on with, under an id that nobody has heard. */
static void go_on(const struct map *map, uint32_t rooms)
{
    static struct shelf_ledger after;
    struct map copy = copy_of(map);
    struct shelf s;
    size_t last;
    after.count = ledger.count;
    memcpy(after.said, ledger.said, ledger.count * sizeof *ledger.said);
    shelf_begin(&s, &copy, &after);
    for (uint32_t number = 0; number < rooms; number++) {
        uint32_t room = shelf_open(&s, number);
        assert_int_not_equal(room, STORE_NONE);
        shelf_read(&s, number, &last);
        shelf_say(&s, room, LEN);
    }
    shelf_end(&s);
    free(copy.header);
}

static const struct map_end *end_of(const struct map *map, uint32_t room)
{
    return map_end(&map->rooms[room]);
}

static void free_map(struct map *map)
{
    free(map->header);
}

/* ---- Whose file it is ------------------------------------------------------ */

static const char *refused(const struct map *map, size_t len)
{
    return mend_refuse(bytes_span(map->header, len));
}

static void test_what_is_not_ours_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct map map = shelf_map(ROOMS, STREAM);
    struct map_header *h = map.header, good = *h;
    size_t size = map_size(ROOMS, STREAM);
    static const char other[] = "it is something else, not what a chatd wrote";
    static const char senseless[] = "its header makes no sense";
    assert_null(refused(&map, size));
    assert_string_equal(refused(&map, MAP_PAGE - 1), other);
    assert_string_equal(refused(&map, 0), other);
    assert_string_equal(refused(&map, MAP_PAGE),
                        "it is not as long as its header says");
    for (size_t i = 0; i < sizeof h->magic; i++) {
        h->magic[i] ^= 1;
        assert_string_equal(refused(&map, size), other);
        *h = good;
    }
    h->byte_order = UINT32_C(0x04030201);
    h->format = UINT32_C(0x01000000);
    assert_string_equal(refused(&map, size),
                        "it is of a machine with another byte order");
    *h = good;
    h->format++;
    assert_string_equal(refused(&map, size),
                        "it is in the format of another version of chatd");
    h->byte_order = 0;
    assert_string_equal(refused(&map, size), senseless);
    *h = good;
    assert_string_equal(refused(&map, size - 1),
                        "it is not as long as its header says");
    free_map(&map);
}

static void test_a_geometry_that_cannot_be_makes_no_sense(void **state)
{
    (void)state;
    struct map map = shelf_map(ROOMS, STREAM);
    struct map_header *h = map.header, good = *h;
    const struct map_header bad[] = {
        {.room_count = 0, .room_size = 256, .stream_size = STREAM},
        {.room_count = UINT32_MAX, .room_size = 256, .stream_size = STREAM},
        {.room_count = 1, .room_size = 255, .stream_size = STREAM},
        {.room_count = 1, .room_size = 256, .stream_size = 0},
        {.room_count = 1, .room_size = 256, .stream_size = 2048},
        {.room_count = 1, .room_size = 256, .stream_size = STREAM + 8},
        {.room_count = 1, .room_size = 256, .stream_size = UINT64_C(1) << 32},
    };
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        *h = good;
        h->room_count = bad[i].room_count;
        h->room_size = bad[i].room_size;
        h->stream_size = bad[i].stream_size;
        assert_string_equal(refused(&map, map_size(ROOMS, STREAM)),
                            "its header makes no sense");
    }
    *h = good;
    h->room_count = 1;
    h->stream_size = MAP_STREAM_MAX;
    assert_string_equal(refused(&map, map_size(ROOMS, STREAM)),
                        "it is not as long as its header says");
    free_map(&map);
}

static void test_only_zeros_are_blank(void **state)
{
    (void)state;
    uint8_t bytes[3] = {0};
    assert_true(mend_is_blank(bytes_span(bytes, 3)));
    assert_true(mend_is_blank(bytes_span(NULL, 0)));
    for (size_t i = 0; i < 3; i++) {
        bytes[i] = 128;
        assert_false(mend_is_blank(bytes_span(bytes, 3)));
        bytes[i] = 0;
    }
}

/* ---- Nothing was lost ------------------------------------------------------ */

static void test_counts_go_on_where_nothing_was_lost(void **state)
{
    (void)state;
    for (unsigned said = 0; said < 60; said++) { /* the stream holds 21 */
        struct map map = talk(2, said);
        struct map_end ends[2] = {*end_of(&map, 0), *end_of(&map, 1)};
        uint64_t last_epoch = map.header->last_epoch;
        size_t last, held = said < 21 ? said : 21;
        struct mend_found found = mend(&map, true);
        assert_int_equal(found.rooms, 2);
        assert_int_equal(found.messages, 2 * held);
        assert_int_equal(found.damaged, 0);
        assert_false(found.renewed);
        assert_int_equal(map.header->last_epoch, last_epoch);
        for (uint32_t room = 0; room < 2; room++) {
            assert_memory_equal(end_of(&map, room), &ends[room],
                                sizeof ends[room]);
            assert_int_equal(read_room(&map, room, &last), held);
            assert_int_equal(last, shelf_last(&ledger, room));
        }
        go_on(&map, 3);
        free_map(&map);
    }
}

static void test_what_is_counted_is_counted_anew(void **state)
{
    (void)state;
    struct map map = talk(2, 3);
    map.header->used = 77;
    map.header->emptied = 1;
    map.rooms[0].emptied = 41;
    assert_int_equal(map.rooms[1].emptied, MAP_IN_USE);
    struct mend_found found = mend(&map, true);
    assert_false(found.renewed);
    assert_int_equal(map.header->used, 2);
    assert_int_equal(map.rooms[0].emptied, 41);
    assert_int_equal(map.rooms[1].emptied, 42); /* it was left last */
    assert_int_equal(map.header->emptied, 42);
    map.rooms[0].emptied = UINT64_MAX - 1; /* no such count */
    mend(&map, true);
    assert_int_equal(map.rooms[0].emptied, 0);
    assert_int_equal(map.header->emptied, 42);
    free_map(&map);
}

static void test_places_without_a_name_may_lie_between(void **state)
{
    (void)state;
    struct map map = talk(3, 2);
    map.rooms[1].name_len = 0; /* died while it got another name */
    map.rooms[1].generation = UINT32_MAX;
    struct mend_found found = mend(&map, true);
    size_t last;
    assert_int_equal(found.rooms, 2);
    assert_int_equal(found.damaged, 0);
    assert_int_equal(map.header->used, 3);
    assert_int_equal(read_room(&map, 2, &last), 2);
    assert_int_equal(read_room(&map, 1, &last), 0); /* it has that place now */
    assert_int_not_equal(map.rooms[1].generation, 0);
    assert_int_equal(read_room(&map, 0, &last), 2);
    free_map(&map);
}

/* ---- Something may have been ----------------------------------------------- */

static void test_without_trust_all_is_kept_and_each_epoch_is_new(void **state)
{
    (void)state;
    struct map map = talk(2, 5);
    uint64_t before = map.header->last_epoch;
    struct mend_found found = mend(&map, false);
    size_t last;
    assert_true(found.renewed);
    assert_int_equal(found.messages, 10);
    assert_int_equal(found.damaged, 0);
    assert_true(end_of(&map, 0)->epoch > before);
    assert_true(end_of(&map, 1)->epoch > end_of(&map, 0)->epoch);
    assert_int_equal(map.header->last_epoch, end_of(&map, 1)->epoch);
    for (uint32_t room = 0; room < 2; room++) {
        assert_int_equal(end_of(&map, room)->number, 0);
        assert_int_equal(map.rooms[room].ends[1].pos, STORE_NO_POSITION);
        assert_int_equal(read_room(&map, room, &last), 5);
    }
    go_on(&map, 3);
    /* and once more: a history spans three epochs */
    struct shelf s;
    shelf_begin(&s, &map, &ledger);
    shelf_read(&s, 0, &last);
    shelf_say(&s, 0, LEN);
    shelf_end(&s);
    mend(&map, false);
    go_on(&map, 1);
    assert_int_equal(read_room(&map, 0, &last), 6);
    free_map(&map);
}

static void test_meanwhile_the_header_is_not_to_be_trusted(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) {
        struct map map = talk(1, 1);
        static const uint8_t unknown[16];
        map.header->clean = 1;
        memset(map.header->boot, 7, sizeof unknown);
        if (way == 1)
            map.rooms[0].check++;
        mend(&map, way < 2);
        assert_int_equal(map.header->clean, way == 0);
        assert_int_equal(memcmp(map.header->boot, unknown, 16) == 0, way > 0);
        assert_int_equal(map.header->used, way != 1);
        free_map(&map);
    }
}

/* Where there are so many bytes between the head and the oldest record, those
   of a record's head are wiped, and no others. */
static void test_the_head_is_wiped(void **state)
{
    (void)state;
    static const struct {
        uint32_t first, more; /* bytes of payloads */
        size_t wiped;
    } cases[] = {{442, 442, 0}, {442, 402, 40}, {442, 378, 64}, {442, 250, 64}};
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct map map = talk(2, 3);
        struct shelf s;
        size_t last;
        shelf_begin(&s, &map, &ledger);
        shelf_read(&s, 1, &last);
        for (unsigned n = 0; n < 16; n++) /* 8 of 512 bytes are a stream */
            shelf_say(&s, 1, n < 15 ? cases[i].first : cases[i].more);
        shelf_end(&s);
        memset(map.rooms + 2, 0, sizeof *map.rooms);
        uint32_t head = atom_get(&map.rooms[1].head);
        uint32_t space = STREAM - (head - atom_get(&map.rooms[1].oldest));
        for (uint32_t n = 0; n < space; n++)
            map.streams[STREAM + (head + n) % STREAM] = 0xEE;
        struct map before = copy_of(&map);
        mend(&map, false);
        for (uint32_t n = 0; n < STREAM; n++) {
            size_t at = STREAM + (head + n) % STREAM;
            if (n < 64 && n < space)
                assert_int_equal(map.streams[at], 0);
            else
                assert_int_equal(map.streams[at], before.streams[at]);
        }
        assert_true(space == cases[i].wiped || space > 64);
        read_room(&map, 1, &last);
        assert_int_equal(last, shelf_last(&ledger, 1));
        free_map(&map);
        free_map(&before);
    }
}

static void test_two_that_come_back_begin_different_epochs(void **state)
{
    (void)state;
    struct mend_found found;
    struct map a = talk(1, 1), b = copy_of(&a);
    mend_with(&a, false, UINT64_C(0x1234567890), &found);
    mend_with(&b, false, UINT64_C(0x1234567891), &found);
    assert_int_not_equal(end_of(&a, 0)->epoch, end_of(&b, 0)->epoch);
    free_map(&a);
    free_map(&b);
}

static void test_an_epoch_is_of_the_time_or_later_than_all(void **state)
{
    (void)state;
    struct map map = talk(1, 1);
    mend(&map, false);
    assert_true(end_of(&map, 0)->epoch > WALL << 22);
    assert_true(end_of(&map, 0)->epoch < (WALL + 600000) << 22);
    map.header->last_epoch =
        UINT64_C(0xF000000000000000); /* the clock is late */
    mend(&map, false);
    assert_true(end_of(&map, 0)->epoch > UINT64_C(0xF000000000000000));
    free_map(&map);
}

/* On a machine whose clock begins in 1970, and with an old header. */
static void test_an_epoch_is_later_than_that_of_any_record(void **state)
{
    (void)state;
    struct map map = talk(1, 2);
    struct shelf s;
    struct mend_found found;
    size_t last;
    mend(&map, false);
    shelf_begin(&s, &map, &ledger);
    shelf_read(&s, 0, &last);
    shelf_say(&s, 0, LEN);
    shelf_end(&s);
    uint64_t epoch = end_of(&map, 0)->epoch;
    map.header->last_epoch = 0;
    map.rooms[0].ends[map_end(&map.rooms[0]) == &map.rooms[0].ends[1]].pos = 8;
    struct store store = {.map = map, .crc = &crc};
    uint32_t names[2 * ROOMS] = {0};
    uint8_t whole[STREAM / 4];
    store.whole = whole;
    struct mend_plan plan = {.names = names};
    mend_rooms(&store, &plan, &found);
    assert_int_equal(found.messages, 3);
    assert_int_equal(end_of(&map, 0)->epoch, epoch + 1);
    /* nor is it that of a count that has begun, and where nothing was said */
    map.header->last_epoch = 0;
    memset(names, 0, sizeof names);
    mend_rooms(&store, &plan, &found);
    assert_int_equal(found.messages, 3);
    assert_int_equal(end_of(&map, 0)->epoch, epoch + 2);
    free_map(&map);
}

static void test_an_epoch_that_no_clock_reaches_is_damage(void **state)
{
    (void)state;
    struct map map = talk(1, 1);
    map.header->last_epoch = UINT64_MAX;
    struct mend_found found = mend(&map, true);
    size_t last;
    assert_true(found.renewed);
    assert_true(map.header->last_epoch < UINT64_MAX / 2 + (UINT64_MAX / 2));
    assert_int_equal(read_room(&map, 0, &last), 1);
    free_map(&map);
}

static void test_a_lost_message_does_not_come_back(void **state)
{
    (void)state;
    struct map map = talk(1, 4);
    struct map_room *room = &map.rooms[0];
    uint32_t size = 192; /* of each record */
    /* The page of the room is that of two messages ago. */
    atom_put(&room->head, 2 * size);
    room->ends[0] =
        (struct map_end){.epoch = room->began, .number = 2, .pos = 2 * size};
    room->ends[1].pos = STORE_NO_POSITION;
    mend(&map, false);
    size_t last;
    assert_int_equal(read_room(&map, 0, &last), 2);
    /* Another one is said, and all of it is lost but the room's page. */
    struct shelf s;
    struct map before = copy_of(&map);
    shelf_begin(&s, &map, &ledger);
    shelf_read(&s, 0, &last);
    shelf_say(&s, 0, LEN);
    shelf_end(&s);
    memcpy(map.streams, before.streams, STREAM);
    mend(&map, false);
    assert_int_equal(read_room(&map, 0, &last), 2); /* not the third of then */
    free_map(&before);
    free_map(&map);
}

static void test_what_an_earlier_room_said_is_not_anothers(void **state)
{
    (void)state;
    struct map map = talk(3, 6);
    struct map before = copy_of(&map);
    struct shelf s;
    size_t last;
    shelf_begin(&s, &map, &ledger);
    uint32_t room = shelf_open(&s, 9); /* nobody is there: it takes a place */
    shelf_say(&s, room, LEN);
    shelf_say(&s, room, LEN);
    shelf_end(&s);
    memcpy(map.streams, before.streams, 3 * STREAM); /* and is lost */
    struct mend_found found = mend(&map, false);
    assert_int_equal(found.damaged, 1);
    assert_int_equal(read_room(&map, 9, &last), 0);
    free_map(&before);
    free_map(&map);
}

static void test_what_a_later_room_said_is_not_anothers(void **state)
{
    (void)state;
    struct map map = talk(3, 6);
    struct map before = copy_of(&map);
    struct shelf s;
    size_t last;
    shelf_begin(&s, &map, &ledger);
    uint32_t room = shelf_open(&s, 9);
    for (unsigned i = 0; i < 6; i++)
        shelf_say(&s, room, LEN);
    shelf_end(&s);
    memcpy(map.rooms, before.rooms, sizeof *map.rooms * ROOMS); /* is lost */
    struct mend_found found = mend(&map, false);
    assert_int_equal(found.damaged, 1);
    assert_int_equal(read_room(&map, 0, &last), 0);
    free_map(&before);
    free_map(&map);
}

/* ---- Something was ---------------------------------------------------------- */

static void test_a_name_stands_once(void **state)
{
    (void)state;
    struct map map = talk(2, 3);
    size_t last;
    map.rooms[2] = map.rooms[0];
    map.rooms[2].emptied = 5;
    struct mend_found found = mend(&map, true);
    assert_int_equal(found.rooms, 2);
    assert_int_equal(found.damaged, 1);
    assert_true(found.renewed);
    assert_int_equal(map.rooms[2].name_len, 0);
    assert_int_equal(map.header->used, 2);
    assert_int_equal(read_room(&map, 0, &last), 3);
    free_map(&map);
}

static uint32_t check_of(const struct map_room *room)
{
    struct store s = {.crc = &crc};
    return store_room_check(&s, room, map_name(room));
}

static void set_name(struct map_room *room, const char *name)
{
    room->name_len = (uint32_t)strlen(name);
    memcpy(room->name, name, bytes_min(room->name_len, MAP_ROOM_NAME));
}

static void test_a_name_may_be_as_long_as_its_place(void **state)
{
    (void)state;
    struct map map = talk(1, 1);
    char name[MAP_ROOM_NAME + 1] = {0};
    memset(name, 'n', MAP_ROOM_NAME);
    set_name(&map.rooms[0], name);
    map.rooms[0].check = check_of(&map.rooms[0]);
    struct mend_found found = mend(&map, true);
    assert_int_equal(found.rooms, 1);
    assert_int_equal(found.damaged, 0);
    free_map(&map);
}

/* What may be wrong with a room whose check is right. */
static void break_room(struct map_room *room, unsigned way)
{
    switch (way) {
    case 0: room->name_len = MAP_ROOM_NAME + 1; return;
    case 1: room->name_len = UINT32_MAX; return;
    case 2: room->check++; return;
    case 3: set_name(room, "a\nb"); break;
    case 4: set_name(room, "\xFF"); break;
    case 5: room->generation = 0; break;
    case 6: room->generation = UINT32_MAX; break;
    case 7: room->began = 0; break;
    case 8: room->began = UINT64_MAX; break;
    }
    room->check = check_of(room);
}

static void test_what_is_no_room_loses_its_place(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 9; way++) {
        struct map map = talk(2, 3);
        size_t last;
        break_room(&map.rooms[0], way);
        struct mend_found found = mend(&map, true);
        assert_int_equal(found.damaged, 1);
        assert_int_equal(found.rooms, 1);
        assert_true(found.renewed);
        assert_int_equal(map.rooms[0].name_len, 0);
        assert_int_equal(read_room(&map, 1, &last), 3);
        go_on(&map, 3);
        free_map(&map);
    }
}

/* Where a stream begins and ends; 5 messages of 192 bytes were said. Returns how
   many of them are left. */
static size_t break_ends(struct map_room *room, unsigned way)
{
    struct map_end *end = &room->ends[map_end(room) == &room->ends[1]];
    switch (way) {
    case 0: atom_put(&room->head, 192); return 1;
    case 1: atom_put(&room->head, 6 * 192); return 5;
    case 2: atom_put(&room->head, 5 * 192 - 8); return 4;
    case 3: atom_put(&room->head, 5 * 192 + 4); return 0;
    case 4: atom_put(&room->head, STREAM + 8); return 0;
    case 5: atom_put(&room->oldest, 8); return 0;
    case 6: atom_put(&room->oldest, 4); return 0;
    case 7: atom_put(&room->oldest, 6 * 192); return 0;
    case 8: end->epoch = room->began - 1; return 5;
    case 9: end->epoch = UINT64_MAX; return 5;
    case 10: end->epoch++; return 5; /* with number 5 */
    case 11: end->number = 4; return 5;
    case 12: end->number = 6; return 5;
    case 13: end->number = 0; return 5;
    case 14: end->number = UINT64_MAX; return 5;
    default: end->pos = 8; return 5;
    }
}

static void test_a_stream_that_cannot_be_is_cut(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 16; way++) {
        struct map map = talk(2, 5);
        size_t last, left = break_ends(&map.rooms[0], way);
        struct mend_found found = mend(&map, true);
        assert_int_equal(found.damaged, 1);
        assert_true(found.renewed);
        assert_int_equal(read_room(&map, 0, &last), left);
        assert_int_equal(read_room(&map, 1, &last), 5);
        go_on(&map, 2);
        free_map(&map);
    }
}

static void test_an_empty_stream_is_one(void **state)
{
    (void)state;
    struct map map = talk(1, 5);
    struct map_room *room = &map.rooms[0];
    atom_put(&room->oldest, atom_get(&room->head));
    size_t last;
    assert_false(mend(&map, true).renewed);
    assert_int_equal(end_of(&map, 0)->number, 5);
    assert_int_equal(read_room(&map, 0, &last), 0);
    struct map_end *end = &room->ends[map_end(room) == &room->ends[1]];
    end->number = UINT64_MAX;
    assert_true(mend(&map, true).renewed);
    room->ends[0].epoch = room->began - 1;
    assert_true(mend(&map, true).renewed);
    assert_false(mend(&map, true).renewed);
    free_map(&map);
}

static void test_a_stream_may_be_full_to_the_last_byte(void **state)
{
    (void)state;
    struct map map = talk(1, 0);
    struct shelf s;
    size_t last;
    shelf_begin(&s, &map, &ledger);
    shelf_open(&s, 0);
    for (unsigned n = 0; n < 20; n++)
        shelf_say(&s, 0, 442); /* 512 bytes each */
    shelf_end(&s);
    assert_false(mend(&map, true).renewed);
    assert_int_equal(read_room(&map, 0, &last), 8);
    free_map(&map);
}

/* The record at a position gets another id, and a check that is right. */
static void renumber(const struct map *map, uint32_t pos, struct store_id id)
{
    static uint8_t before[64 + 6 + LEN];
    struct record r;
    memcpy(before, map->streams + pos, sizeof before);
    assert_true(record_read(&r, before, sizeof before, &crc, pos));
    r.epoch = id.epoch;
    r.number = id.number;
    record_write(map->streams + pos, &r, &crc, pos);
}

/* Two of one epoch and three of the next were said; the third is renumbered. */
static void test_numbers_that_do_not_follow_end_the_room(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 10; way++) {
        struct map map = talk(1, 2);
        struct shelf s;
        size_t last;
        mend(&map, false);
        shelf_begin(&s, &map, &ledger);
        shelf_read(&s, 0, &last);
        for (unsigned i = 0; i < 3; i++)
            shelf_say(&s, 0, LEN);
        shelf_end(&s);
        uint64_t a = map.rooms[0].began, b = end_of(&map, 0)->epoch;
        const struct store_id ids[] = {
            {b, 1},     {a, 2},     {a, 4}, {a, 0}, {a, 1},
            {a - 1, 1}, {b + 1, 1}, {b, 2}, {b, 0}, {UINT64_MAX, 1},
        };
        renumber(&map, 2 * 192, ids[way]);
        assert_int_equal(mend(&map, true).damaged, way > 0);
        assert_int_equal(read_room(&map, 0, &last), way > 0 ? 2 : 5);
        go_on(&map, 1);
        free_map(&map);
    }
}

static void test_a_first_record_may_have_any_number_but_some(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) {
        struct map map = talk(1, 1);
        uint64_t epoch = map.rooms[0].began;
        const struct store_id ids[] = {
            {epoch, 0}, {epoch, UINT64_MAX}, {epoch - 1, 1}, {UINT64_MAX, 1}};
        renumber(&map, 0, ids[way]);
        size_t last;
        assert_int_equal(mend(&map, true).damaged, 1);
        assert_int_equal(read_room(&map, 0, &last), 0);
        free_map(&map);
    }
}

/* Whatever byte is changed: what is read was said, and no id comes twice. */
static void test_any_byte_may_be_wrong(void **state)
{
    (void)state;
    struct map map = talk(2, 25); /* the ring has come round */
    struct shelf s;
    size_t size = map_size(ROOMS, STREAM), last;
    shelf_begin(&s, &map, &ledger);
    shelf_open(&s, 1);
    store_close(&s.store, 1);
    shelf_end(&s);
    struct map broken = copy_of(&map);
    uint8_t *bytes = (uint8_t *)broken.header;
    for (size_t i = MAP_PAGE; i < size; i++) {
        memcpy(bytes, map.header, size);
        bytes[i] ^= (uint8_t)(1 << i % 8);
        struct mend_found found = mend(&broken, true);
        assert_in_range(found.damaged, 0, 1);
        assert_int_equal(found.renewed, found.damaged > 0);
        for (uint32_t room = 0; room < 2; room++) {
            size_t count = read_room(&broken, room, &last);
            assert_in_range(count, 0, 21);
            if (found.damaged == 0)
                assert_int_equal(count, 21);
        }
        go_on(&broken, 2);
        assert_false(mend(&broken, true).renewed); /* it is whole now */
    }
    free_map(&broken);
    free_map(&map);
}

static void noise(struct random *random)
{
    struct map map = talk(3, (unsigned)random_below(random, 40));
    size_t size = map_size(ROOMS, STREAM), last;
    uint8_t *bytes = (uint8_t *)map.header;
    for (uint64_t holes = random_below(random, 8); holes > 0; holes--) {
        size_t at = MAP_PAGE + random_below(random, size - MAP_PAGE);
        size_t len = bytes_min(size - at, random_below(random, 600));
        if (random_below(random, 2))
            memset(bytes + at, 0, len);
        else
            random_fill(random, bytes + at, len);
    }
    struct mend_found found;
    bool trusted = random_below(random, 2);
    mend_with(&map, trusted, random_next(random), &found);
    for (uint32_t room = 0; room < 3; room++)
        read_room(&map, room, &last);
    go_on(&map, 3);
    assert_false(mend(&map, true).renewed);
    free_map(&map);
}

static void test_noise_is_never_read(void **state)
{
    (void)state;
    RANDOM_PROPERTY(noise, 2000);
}

/* ---- Names by the thousand -------------------------------------------------- */

static void test_many_rooms_are_mended_in_no_time(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct map map = shelf_map(MANY, MAP_PAGE);
    for (uint32_t i = 0; i < MANY; i++) {
        struct map_room *room = &map.rooms[i];
        char name[16] = "";
        for (uint32_t n = i, at = 0; at < 5; at++, n /= 10)
            name[at] = (char)('0' + n % 10);
        set_name(room, name);
        room->generation = 1;
        room->began = room->ends[0].epoch = 100 + i;
        room->ends[1].pos = STORE_NO_POSITION;
        room->check = check_of(room);
    }
    struct mend_found found = mend(&map, true);
    assert_int_equal(found.rooms, MANY);
    assert_false(found.renewed);
    assert_int_equal(map.header->last_epoch, 100 + MANY - 1);
    for (uint32_t i = 0; i < 100;
         i++) /* and those that stand twice are found */
        map.rooms[MANY - 1 - i] = map.rooms[i * 50];
    assert_int_equal(mend(&map, true).damaged, 100);
    assert_int_equal(map.header->used, MANY - 100);
    assert_true(end_of(&map, 0)->epoch > WALL << 22);
    free_map(&map);
}

/* ---- Death at every instruction --------------------------------------------- */

enum act { SAY_LITTLE, SAY_MUCH, LEAVE, TAKE_A_PLACE, BE_MENDED };

static struct {
    struct map map;     /* shared with the child */
    struct map scratch; /* for a look */
    enum act act;
    uint32_t room;      /* number of the one in which */
    size_t known, told; /* messages before it, and with what it says */
} death;

/* Of whoever dies. */
static struct {
    struct shelf shelf;
    struct record record;
    uint8_t bytes[SHELF_PAYLOAD];
    uint32_t room;
} dying;

static void prepare(void *context)
{
    (void)context;
    size_t last;
    struct shelf *s = &dying.shelf;
    ledger.count = death.known;
    shelf_begin(s, &death.map, &ledger);
    if (death.act == TAKE_A_PLACE || death.act == BE_MENDED)
        return;
    dying.room = shelf_open(s, death.room);
    shelf_read(s, death.room, &last);
    dying.record = shelf_draft(s, dying.room, death.act == SAY_MUCH ? 700 : LEN,
                               dying.bytes);
}

static void act(void *context)
{
    (void)context;
    struct mend_found found;
    struct store *s = &dying.shelf.store;
    switch (death.act) {
    case SAY_LITTLE:
    case SAY_MUCH:
        store_seize(s, dying.room, record_len(&dying.record));
        store_number(s, dying.room, &dying.record);
        store_append(s, dying.room, &dying.record);
        return;
    case LEAVE: store_close(s, dying.room); return;
    case TAKE_A_PLACE: shelf_open(&dying.shelf, death.room); return;
    case BE_MENDED: mend_with(&death.map, false, 99, &found); return;
    }
}

/* Once without death, so that we know what it says. */
static void live(void)
{
    prepare(NULL);
    act(NULL);
    shelf_end(&dying.shelf);
    if (death.act == SAY_LITTLE || death.act == SAY_MUCH)
        ledger.said[ledger.count++].id =
            (struct store_id){dying.record.epoch, dying.record.number};
}

/* All that was said is there, and what was to be said is, or is not. */
static void look_at_room(uint32_t number)
{
    size_t last;
    read_room(&death.scratch, number, &last);
    if (last == shelf_last(&ledger, number))
        return;
    assert_int_equal(number, death.room);
    ledger.count = death.known;
    assert_int_equal(last, shelf_last(&ledger, number));
}

static void look(void *context)
{
    (void)context;
    size_t size = map_size(ROOMS, STREAM);
    memcpy(death.scratch.header, death.map.header, size);
    bool trusted = death.scratch.header->boot[0] == 1;
    struct mend_found found = mend(&death.scratch, trusted);
    /* Half a new epoch is no end of a room. */
    assert_in_range(found.damaged, 0, death.act == BE_MENDED);
    assert_int_equal(found.renewed, death.act == BE_MENDED);
    ledger.count = death.told;
    /* Whoever takes a place takes the one of room 0. */
    for (uint32_t number = death.act == TAKE_A_PLACE; number < 3; number++)
        look_at_room(number);
    if (death.act == TAKE_A_PLACE && found.rooms == 3)
        look_at_room(map_name(&death.scratch.rooms[0]).ptr[5] - '0' ? 9 : 0);
    go_on(&death.scratch, 3);
}

static void die_at_each(enum act what, uint32_t room, unsigned said)
{
    struct map map = talk(3, said), before;
    size_t size = map_size(ROOMS, STREAM);
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    mend(&map, true);
    map.header->boot[0] = what != BE_MENDED;
    before = copy_of(&map);
    memcpy(shared, map.header, size);
    map_over(&death.map, shared, ROOMS, STREAM);
    death.scratch = map;
    death.act = what;
    death.room = room;
    death.known = ledger.count;
    live();
    death.told = ledger.count;
    memcpy(shared, before.header, size);
    struct step step = {.prepare = prepare,
                        .act = act,
                        .look = look,
                        .memory = shared,
                        .len = size};
    size_t states = step_through(&step);
    assert_true(states == 0 || states >= 2); /* a room that is left: 2 */
    munmap(shared, size);
    free_map(&map);
    free_map(&before);
}

static void test_death_while_something_is_said_loses_nothing(void **state)
{
    (void)state;
    static const unsigned said[] = {0, 3, 18, 20, 21, 43}; /* 21 fit */
    for (size_t i = 0; i < UNIT_COUNT(said); i++) {
        die_at_each(SAY_LITTLE, 1, said[i]);
        die_at_each(SAY_MUCH, 0, said[i]);
    }
}

static void test_death_while_a_room_is_left_loses_nothing(void **state)
{
    (void)state;
    die_at_each(LEAVE, 1, 5);
}

static void test_death_while_a_room_takes_a_place_loses_no_other(void **state)
{
    (void)state;
    die_at_each(TAKE_A_PLACE, 9, 5);
    die_at_each(TAKE_A_PLACE, 9, 25);
}

static void test_death_while_it_is_mended_loses_nothing(void **state)
{
    (void)state;
    die_at_each(BE_MENDED, 9, 3);
    die_at_each(BE_MENDED, 9, 6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_not_ours_is_refused_with_a_reason),
        cmocka_unit_test(test_a_geometry_that_cannot_be_makes_no_sense),
        cmocka_unit_test(test_only_zeros_are_blank),
        cmocka_unit_test(test_counts_go_on_where_nothing_was_lost),
        cmocka_unit_test(test_what_is_counted_is_counted_anew),
        cmocka_unit_test(test_places_without_a_name_may_lie_between),
        cmocka_unit_test(test_without_trust_all_is_kept_and_each_epoch_is_new),
        cmocka_unit_test(test_meanwhile_the_header_is_not_to_be_trusted),
        cmocka_unit_test(test_the_head_is_wiped),
        cmocka_unit_test(test_two_that_come_back_begin_different_epochs),
        cmocka_unit_test(test_an_epoch_is_of_the_time_or_later_than_all),
        cmocka_unit_test(test_an_epoch_is_later_than_that_of_any_record),
        cmocka_unit_test(test_an_epoch_that_no_clock_reaches_is_damage),
        cmocka_unit_test(test_a_lost_message_does_not_come_back),
        cmocka_unit_test(test_what_an_earlier_room_said_is_not_anothers),
        cmocka_unit_test(test_what_a_later_room_said_is_not_anothers),
        cmocka_unit_test(test_a_name_stands_once),
        cmocka_unit_test(test_a_name_may_be_as_long_as_its_place),
        cmocka_unit_test(test_what_is_no_room_loses_its_place),
        cmocka_unit_test(test_a_stream_that_cannot_be_is_cut),
        cmocka_unit_test(test_an_empty_stream_is_one),
        cmocka_unit_test(test_a_stream_may_be_full_to_the_last_byte),
        cmocka_unit_test(test_numbers_that_do_not_follow_end_the_room),
        cmocka_unit_test(test_a_first_record_may_have_any_number_but_some),
        cmocka_unit_test(test_any_byte_may_be_wrong),
        cmocka_unit_test(test_noise_is_never_read),
        cmocka_unit_test(test_many_rooms_are_mended_in_no_time),
        cmocka_unit_test(test_death_while_something_is_said_loses_nothing),
        cmocka_unit_test(test_death_while_a_room_is_left_loses_nothing),
        cmocka_unit_test(test_death_while_a_room_takes_a_place_loses_no_other),
        cmocka_unit_test(test_death_while_it_is_mended_loses_nothing),
    };
    crc32c_init(&crc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
