/* SPDX-License-Identifier: MIT */
/*
 * Goal: a room's logs are whole as long as anybody reads them or may come
 * back, and each dirty room is brought once.
 */
#include "server/room.h"
#include "sim/peer.h"
#include "support/quick_store.h"
#include "support/death.h"

#include <stdio.h>

#define ROOMS   3
#define READERS 4
#define LOG     1024
#define HISTORY 5

static struct room table[ROOMS];
static uint8_t log_bytes[ROOMS * ROOM_LOGS * LOG];
static struct history_mark marks[ROOMS * HISTORY];
static struct list_link links[READERS];

static struct rooms rooms_of(void)
{
    memset(table, 0, sizeof table);
    memset(marks, 0, sizeof marks);
    struct rooms all = {
        .store = quick_store(ROOMS),
        .marks = marks,
        .history = HISTORY,
        .table = table,
        .reader_links = {(uint8_t *)links, sizeof *links},
        .log_bytes = log_bytes,
        .log_size = LOG,
        .log_count = ROOM_LOGS,
    };
    room_init(&all);
    return all;
}

static struct room *open_room(struct rooms *all, const char *name)
{
    struct room *room;
    return room_open(all, bytes_of(name), 1000, HISTORY, &room) == STORE_DONE
               ? room
               : NULL;
}

/* Nobody stays. */
static struct room *visit_room(struct rooms *all, const char *name)
{
    struct room *room = open_room(all, name);
    room_let_go(all, room);
    return room;
}

/* Messages of 20 bytes in each form; the JSON one says its number. */
static void append(struct rooms *all, struct room *room, unsigned count)
{
    while (count-- > 0) {
        char text[32];
        snprintf(text, sizeof text, "%020u",
                 (unsigned)room->history.last.number + 1);
        struct span whole = bytes_of(text);
        struct room_record record = {
            .id = {room->history.last.epoch, room->history.last.number + 1},
            .head = {bytes_part(whole, 0, 2), whole},
            .body = {bytes_part(whole, 2, 18)},
        };
        room_append(all, room, &record);
    }
}

/* ---- Places -------------------------------------------------------------- */

static void test_a_name_leads_to_one_room(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(open_room(&all, "a"), a);
    assert_ptr_equal(open_room(&all, "b"), b);
    assert_ptr_not_equal(open_room(&all, "ab"), a);
}

static void test_a_room_with_readers_keeps_its_place(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t i = 0; i < ROOMS; i++)
        room_add_reader(&all, open_room(&all, names[i]), i);
    assert_null(open_room(&all, "d"));
    assert_non_null(open_room(&all, "b"));
}

/* Who is about to come may see the last one go. */
static void test_a_room_stays_open_for_who_is_about_to_come(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    room_add_reader(&all, a, 0);
    assert_ptr_equal(open_room(&all, "a"), a);
    room_remove_reader(&all, a, 0);
    assert_true(store_is_open(&all.store, room_index(&all, a)));
    room_add_reader(&all, a, 1);
    room_remove_reader(&all, a, 1);
    assert_false(store_is_open(&all.store, room_index(&all, a)));
    visit_room(&all, "a");
    assert_false(store_is_open(&all.store, room_index(&all, a)));
}

static void test_the_room_that_was_empty_longest_makes_way(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    struct room *c = open_room(&all, "c");
    for (uint32_t i = 0; i < ROOMS; i++)
        room_add_reader(&all, i == 0 ? a : i == 1 ? b : c, i);
    append(&all, b, 3);
    room_remove_reader(&all, b, 1);
    room_remove_reader(&all, a, 0);
    struct room *d = open_room(&all, "d");
    assert_ptr_equal(d, b);
    assert_int_equal(d->history.last.number, 0);
    assert_true(d->logs[ROOM_JSON].head == 0);
    assert_ptr_equal(open_room(&all, "a"), a);
    room_add_reader(&all, a, 0);
    room_add_reader(&all, d, 1);
    assert_null(open_room(&all, "b")); /* its name is forgotten */
}

static void test_an_empty_room_keeps_its_history(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    room_add_reader(&all, a, 0);
    append(&all, a, 3);
    uint64_t epoch = a->history.last.epoch;
    room_remove_reader(&all, a, 0);
    assert_ptr_equal(open_room(&all, "a"), a);
    assert_int_equal(a->history.last.number, 3);
    assert_true(a->history.last.epoch == epoch);
    assert_true(history_position(&a->history, &a->logs[ROOM_JSON], 2) == 20);
}

/* Another worker has the table's lock. */
static void test_a_room_that_could_not_be_let_go_is_let_go_later(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    struct atom *lock = &all.store.board.table->lock;
    room_add_reader(&all, a, 0);
    atom_put(lock, 2);
    room_remove_reader(&all, a, 0);
    room_let_go(&all, b);
    room_let_go(&all, b);
    assert_int_equal(all.unclosed, 2);
    room_let_go_all(&all);
    assert_true(store_is_open(&all.store, room_index(&all, a)));
    atom_put(lock, 0);
    room_let_go_all(&all);
    assert_int_equal(all.unclosed, 0);
    assert_false(store_is_open(&all.store, room_index(&all, a)));
    assert_false(store_is_open(&all.store, room_index(&all, b)));
}

/* ---- The dirty queue ----------------------------------------------------- */

static void test_dirty_rooms_come_out_once_in_their_order(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    assert_null(room_next_dirty(&all));
    room_soil(&all, a);
    room_soil(&all, b);
    room_soil(&all, a);
    assert_ptr_equal(room_next_dirty(&all), a);
    room_soil(&all, a);
    assert_ptr_equal(room_next_dirty(&all), b);
    assert_ptr_equal(room_next_dirty(&all), a);
    assert_null(room_next_dirty(&all));
}

static void test_a_dirty_room_that_gives_its_place_stays_queued(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    visit_room(&all, "a");
    visit_room(&all, "b");
    room_soil(&all, visit_room(&all, "a"));
    room_soil(&all, visit_room(&all, "b"));
    visit_room(&all, "c");
    struct room *d = visit_room(&all, "d"); /* where a was */
    assert_true(d->dirty);
    assert_ptr_equal(room_next_dirty(&all), d);
    assert_non_null(room_next_dirty(&all));
    assert_null(room_next_dirty(&all));
}

/* Two walks stand at the one that goes. */
static void test_a_walk_goes_on_behind_who_leaves(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    for (uint32_t client = 0; client < 3; client++)
        room_add_reader(&all, a, client);
    a->flush_at = a->tell_at = 1 + 1;
    room_remove_reader(&all, a, 0);
    assert_int_equal(a->flush_at, 1 + 1);
    assert_int_equal(a->tell_at, 1 + 1);
    room_remove_reader(&all, a, 1);
    assert_int_equal(a->flush_at, 2 + 1);
    assert_int_equal(a->tell_at, 2 + 1);
    room_remove_reader(&all, a, 2);
    assert_int_equal(a->flush_at, 0);
    assert_int_equal(a->tell_at, 0);
}

/* ---- The logs ------------------------------------------------------------ */

static void test_the_log_of_a_form_nobody_reads_is_not_written(void **state)
{
    (void)state;
    world.config.history = 0;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_text(ann, "hello");
    const struct room *room = room_at(&world.server.rooms, 0);
    assert_true(room->logs[ROOM_PLAIN].head > 0);
    assert_true(room->logs[ROOM_JSON].head == 0);
    struct peer *bob = peer_open("/ws/x");
    peer_text(ann, "again");
    peer_told(bob, "#2 again\n");
}

static void append_too_much(void *context)
{
    static uint8_t bytes[LOG];
    struct rooms *all = context;
    struct room_record record = {
        .body[ROOM_JSON] = bytes_span(bytes, room_append_max(all) + 1)};
    room_append(all, open_room(all, "a"), &record);
}

/* Who keeps up must find in the log what was just said. */
static void test_more_than_a_part_of_the_log_stops_the_process(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    assert_true(death_by_check(append_too_much, &all));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_leads_to_one_room),
        cmocka_unit_test(test_a_room_with_readers_keeps_its_place),
        cmocka_unit_test(test_a_room_stays_open_for_who_is_about_to_come),
        cmocka_unit_test(test_the_room_that_was_empty_longest_makes_way),
        cmocka_unit_test(test_an_empty_room_keeps_its_history),
        cmocka_unit_test(test_a_room_that_could_not_be_let_go_is_let_go_later),
        cmocka_unit_test(test_dirty_rooms_come_out_once_in_their_order),
        cmocka_unit_test(test_a_dirty_room_that_gives_its_place_stays_queued),
        cmocka_unit_test(test_a_walk_goes_on_behind_who_leaves),
        WORLD_TEST(test_the_log_of_a_form_nobody_reads_is_not_written),
        cmocka_unit_test(test_more_than_a_part_of_the_log_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
