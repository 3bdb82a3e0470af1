/* SPDX-License-Identifier: MIT */
#include "store/carry.h"
#include "support/random.h"
#include "support/shelf.h"
#include "support/unit.h"

#include <stdlib.h>

#define LEN 120 /* of a payload: a record of 192 bytes */

static struct shelf_ledger ledger;
static struct crc32c crc;

/* ---- From one map into another ---------------------------------------------- */

static struct map carry(const struct map *from, uint32_t rooms,
                        uint32_t stream_size, uint64_t *count)
{
    struct map map = shelf_map(rooms, stream_size);
    struct store to = {.map = map, .crc = &crc};
    struct store s = {.map = *from, .crc = &crc};
    s.whole = malloc(from->stream_size / 4);
    assert_non_null(s.whole);
    *count = carry_rooms(&to, &s);
    free(s.whole);
    return map;
}

/* A worker says `count` messages of this length in each of `rooms` rooms, in
   turn, and leaves them, the first one first. */
static struct map talk(uint32_t rooms, uint32_t stream_size, unsigned count,
                       uint32_t len)
{
    struct map map = shelf_map(rooms, stream_size);
    struct shelf s;
    ledger.count = 0;
    shelf_begin(&s, &map, &ledger);
    for (uint32_t room = 0; room < rooms; room++)
        shelf_open(&s, room);
    while (count-- > 0)
        for (uint32_t room = 0; room < rooms; room++)
            shelf_say(&s, room, len);
    for (uint32_t room = 0; room < rooms; room++)
        store_close(&s.store, room);
    shelf_end(&s);
    return map;
}

static bool has_room(const struct map *map, uint32_t number)
{
    for (uint32_t i = 0; i < map->header->used; i++) {
        struct span name = map_name(&map->rooms[i]);
        assert_int_equal(name.len, strlen("room 0"));
        if (name.ptr[5] == '0' + number)
            return true;
    }
    return false;
}

static size_t read_room(const struct map *map, uint32_t number, size_t *last)
{
    struct shelf s;
    shelf_begin(&s, map, &ledger);
    size_t count = shelf_read(&s, number, last);
    shelf_end(&s);
    return count;
}

static void free_maps(struct map *a, struct map *b)
{
    free(a->header);
    free(b->header);
}

/* ---- All of it --------------------------------------------------------------- */

static void test_all_comes_along_where_there_is_space(void **state)
{
    (void)state;
    for (unsigned said = 0; said < 60; said += 3) {
        struct map from = talk(3, 4096, said, LEN);
        uint64_t count, held = said < 21 ? said : 21;
        struct map to = carry(&from, 4, 8192, &count);
        assert_int_equal(count, 3 * held);
        assert_int_equal(to.header->used, 3);
        assert_int_equal(to.header->emptied, from.header->emptied);
        assert_int_equal(to.header->last_epoch, from.header->last_epoch);
        for (uint32_t room = 0; room < 3; room++) {
            size_t last;
            const struct map_room *is = &to.rooms[room];
            const struct map_room *was = &from.rooms[room];
            assert_int_equal(map_end(is)->epoch, map_end(was)->epoch);
            assert_int_equal(map_end(is)->number, said);
            assert_int_equal(map_end(is)->pos, atom_get(&is->head));
            assert_int_equal(is->ends[1].pos, STORE_NO_POSITION);
            assert_int_equal(is->emptied, was->emptied);
            assert_int_equal(is->began, was->began);
            assert_int_equal(is->check, was->check);
            assert_int_equal(read_room(&to, room, &last), held);
            assert_int_equal(last, shelf_last(&ledger, room));
        }
        free_maps(&from, &to);
    }
}

static void test_counts_go_on_in_the_new_place(void **state)
{
    (void)state;
    struct map from = talk(2, 4096, 30, LEN);
    struct shelf s;
    uint64_t count;
    struct map to = carry(&from, 5, 16384, &count);
    shelf_begin(&s, &to, &ledger);
    size_t last;
    for (uint32_t number = 0; number < 5; number++) {
        uint32_t room = shelf_open(&s, number);
        shelf_read(&s, number, &last);
        shelf_say(&s, room, LEN);
        assert_int_equal(ledger.said[ledger.count - 1].id.number,
                         number < 2 ? 31 : 1);
    }
    shelf_end(&s);
    free_maps(&from, &to);
}

/* ---- Less of it -------------------------------------------------------------- */

static void test_the_youngest_messages_come_along(void **state)
{
    (void)state;
    for (unsigned said = 0; said < 200; said += 7) {
        struct map from = talk(1, 32768, said, LEN);
        uint64_t count, held = said < 21 ? said : 21;
        struct map to = carry(&from, 1, 4096, &count);
        size_t last;
        assert_int_equal(count, held);
        assert_int_equal(read_room(&to, 0, &last), held);
        assert_int_equal(last, shelf_last(&ledger, 0));
        assert_int_equal(map_end(&to.rooms[0])->number, said);
        free_maps(&from, &to);
    }
}

static void test_they_fill_it_to_the_last_byte(void **state)
{
    (void)state;
    struct map from = talk(1, 32768, 100, 442); /* 512 bytes each */
    uint64_t count;
    struct map to = carry(&from, 1, 4096, &count);
    assert_int_equal(count, 8);
    assert_int_equal(atom_get(&to.rooms[0].head), 4096);
    free_maps(&from, &to);
}

/* A quarter of a stream is the most. */
static void test_one_that_is_too_long_ends_what_comes_along(void **state)
{
    (void)state;
    static const struct {
        uint32_t len;
        size_t held;
    } cases[] = {{1024 - 70, 6}, {1024 - 69, 2}};
    for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
        struct map from = talk(1, 8192, 3, LEN);
        struct shelf s;
        size_t last;
        shelf_begin(&s, &from, &ledger);
        shelf_read(&s, 0, &last);
        shelf_say(&s, 0, cases[i].len);
        shelf_say(&s, 0, LEN);
        shelf_say(&s, 0, LEN);
        shelf_end(&s);
        uint64_t count;
        struct map to = carry(&from, 1, 4096, &count);
        assert_int_equal(count, cases[i].held);
        assert_int_equal(read_room(&to, 0, &last), cases[i].held);
        free_maps(&from, &to);
    }
}

static void test_a_count_goes_on_without_its_messages(void **state)
{
    (void)state;
    struct map from = talk(1, 8192, 3, 1500);
    uint64_t count;
    struct map to = carry(&from, 1, 4096, &count);
    size_t last;
    assert_int_equal(count, 0);
    assert_int_equal(read_room(&to, 0, &last), 0);
    assert_int_equal(map_end(&to.rooms[0])->number, 3);
    free_maps(&from, &to);
}

static void test_the_rooms_that_were_left_last_come_along(void **state)
{
    (void)state;
    for (uint32_t places = 1; places <= 6; places++) {
        struct map from = talk(5, 4096, 2, LEN);
        uint64_t count;
        struct map to = carry(&from, places, 4096, &count);
        uint32_t carried = places < 5 ? places : 5;
        assert_int_equal(to.header->used, carried);
        assert_int_equal(count, 2 * carried);
        for (uint32_t room = 0; room < 5; room++)
            assert_int_equal(has_room(&to, room), room >= 5 - carried);
        free_maps(&from, &to);
    }
}

static void test_of_equals_as_many_as_there_are_places(void **state)
{
    (void)state;
    struct map from = talk(5, 4096, 2, LEN);
    for (uint32_t room = 0; room < 4; room++)
        from.rooms[room].emptied = 0;
    uint64_t count;
    struct map to = carry(&from, 3, 4096, &count);
    assert_int_equal(to.header->used, 3);
    assert_true(has_room(&to, 4) && has_room(&to, 0) && has_room(&to, 1));
    free_maps(&from, &to);
}

/* Nobody ever left them: who opened them died first. */
static void test_rooms_that_nobody_left_come_along(void **state)
{
    (void)state;
    struct map from = talk(3, 4096, 2, LEN);
    for (uint32_t room = 0; room < 3; room++)
        from.rooms[room].emptied = 0;
    uint64_t count;
    struct map to = carry(&from, 4, 4096, &count);
    assert_int_equal(to.header->used, 3);
    free_maps(&from, &to);
}

static void test_rooms_somebody_is_in_have_no_more_places(void **state)
{
    (void)state;
    struct map from = talk(3, 4096, 2, LEN);
    for (uint32_t room = 0; room < 3; room++)
        from.rooms[room].emptied = MAP_IN_USE;
    uint64_t count;
    struct map to = carry(&from, 2, 4096, &count);
    assert_int_equal(to.header->used, 2);
    free_maps(&from, &to);
}

static void test_places_without_a_name_stay_behind(void **state)
{
    (void)state;
    struct map from = talk(5, 4096, 2, LEN);
    from.rooms[1].name_len = 0;
    from.rooms[3].name_len = 0;
    from.rooms[4].name_len = 1; /* any name will do */
    uint64_t count;
    struct map to = carry(&from, 3, 4096, &count);
    assert_int_equal(to.header->used, 3);
    assert_int_equal(count, 6);
    assert_int_equal(to.rooms[2].name_len, 1);
    free_maps(&from, &to);
}

/* ---- Any of it --------------------------------------------------------------- */

/* There and back again, and each time a suffix of what was there. */
static void to_and_fro(struct random *random)
{
    struct map map = shelf_map(3, 8192);
    ledger.count = 0;
    for (unsigned i = 0; i < 6; i++) {
        struct shelf s;
        size_t last;
        shelf_begin(&s, &map, &ledger);
        for (uint64_t n = random_below(random, 60); n > 0; n--) {
            uint32_t number = (uint32_t)random_below(random, 4);
            uint32_t room = shelf_open(&s, number);
            if (room == STORE_NONE)
                continue;
            shelf_read(&s, number, &last);
            uint64_t most = map.stream_size / 4 - 70;
            shelf_say(&s, room, 20 + (uint32_t)random_below(random, most - 20));
            if (random_below(random, 4) == 0)
                store_close(&s.store, room);
        }
        shelf_end(&s);
        uint64_t count;
        struct map to = carry(&map, 1 + (uint32_t)random_below(random, 5),
                              4096u << random_below(random, 2), &count);
        assert_int_equal(to.header->used,
                         bytes_min(map.header->used, to.header->room_count));
        shelf_begin(&s, &to, &ledger);
        for (uint32_t number = 0; number < 4; number++) {
            if (!has_room(&to, number))
                continue;
            size_t held = shelf_read(&s, number, &last);
            assert_true(held == 0 || last == shelf_last(&ledger, number));
        }
        shelf_end(&s);
        free(map.header);
        map = to;
    }
    free(map.header);
}

static void test_to_and_fro_nothing_is_mixed_up(void **state)
{
    (void)state;
    RANDOM_PROPERTY(to_and_fro, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_comes_along_where_there_is_space),
        cmocka_unit_test(test_counts_go_on_in_the_new_place),
        cmocka_unit_test(test_the_youngest_messages_come_along),
        cmocka_unit_test(test_they_fill_it_to_the_last_byte),
        cmocka_unit_test(test_one_that_is_too_long_ends_what_comes_along),
        cmocka_unit_test(test_a_count_goes_on_without_its_messages),
        cmocka_unit_test(test_the_rooms_that_were_left_last_come_along),
        cmocka_unit_test(test_of_equals_as_many_as_there_are_places),
        cmocka_unit_test(test_rooms_that_nobody_left_come_along),
        cmocka_unit_test(test_rooms_somebody_is_in_have_no_more_places),
        cmocka_unit_test(test_places_without_a_name_stay_behind),
        cmocka_unit_test(test_to_and_fro_nothing_is_mixed_up),
    };
    crc32c_init(&crc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
