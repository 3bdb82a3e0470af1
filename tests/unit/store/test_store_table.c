/* SPDX-License-Identifier: MIT */
/* Goal: a room is one place for all workers, and the place of a room that
   somebody has open is nobody else's. */
#include "support/death.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/shared.h"
#include "support/unit.h"

static struct shared all;
static struct store *const one = &all.workers[0], *const two = &all.workers[1];

static void make(uint32_t rooms, uint32_t workers, uint32_t stream_size)
{
    guard_free_all();
    shared_make(&all, (struct shared_plan){.rooms = rooms,
                                           .workers = workers,
                                           .stream_size = stream_size});
}

struct opened {
    enum store_outcome outcome;
    uint32_t room;
    bool anew;
};

static struct opened open_at(struct store *s, const char *name, uint64_t wall)
{
    struct opened o = {.anew = true};
    o.outcome = store_open(s, bytes_of(name), wall, 100, &o.room, &o.anew);
    return o;
}

/* ---- Names --------------------------------------------------------------- */

static void test_a_name_is_one_place_for_all_workers(void **state)
{
    (void)state;
    make(4, 2, 4096);
    struct opened tea = open_at(one, "tea", 1);
    assert_true(tea.outcome == STORE_DONE && tea.anew);
    assert_true(bytes_equal(store_name(one, tea.room), BYTES_LITERAL("tea")));
    struct opened again = open_at(two, "tea", 2);
    assert_true(again.outcome == STORE_DONE && again.anew);
    assert_int_equal(again.room, tea.room);
    assert_int_not_equal(open_at(two, "te", 2).room, tea.room);
    assert_int_equal(store_generation(one, tea.room), 1);
}

static void test_a_name_may_have_1_to_64_bytes(void **state)
{
    (void)state;
    char name[65];
    make(2, 1, 4096);
    memset(name, 'n', 64);
    name[64] = '\0';
    uint32_t room = shared_open(one, name);
    assert_true(bytes_equal(store_name(one, room), bytes_of(name)));
    assert_int_not_equal(shared_open(one, "n"), room);
}

static void open_name(void *name)
{
    open_at(one, name, 1);
}

static void test_another_length_trips_a_check(void **state)
{
    (void)state;
    char name[66];
    make(1, 1, 4096);
    memset(name, 'n', 65);
    name[65] = '\0';
    assert_true(death_by_check(open_name, name));
    assert_true(death_by_check(open_name, name + 65));
    assert_false(death_by_check(open_name, name + 1));
}

/* One bucket: what differs is the name. */
static void test_names_that_collide_are_told_apart(void **state)
{
    (void)state;
    char name[] = "a";
    make(26, 1, 0);
    for (name[0] = 'a'; name[0] <= 'z'; name[0]++)
        assert_int_equal(shared_open(one, name), name[0] - 'a');
    for (name[0] = 'a'; name[0] <= 'z'; name[0]++)
        assert_int_equal(shared_open(one, name), name[0] - 'a');
}

/* Of 64 names each of which differs in one byte: were they in one bucket, there
   would be one; at random about 40 are in use. */
static void check_spread(size_t at)
{
    uint32_t used = 0;
    char name[] = "room";
    make(64, 1, 0);
    for (char c = 48; c < 48 + 64; c++) {
        name[at] = c;
        shared_open(one, name);
    }
    for (uint32_t i = 0; i < 64; i++)
        used += one->board.buckets[i] > 0;
    assert_in_range(used, 30, 50);
}

static void test_each_byte_of_a_name_spreads_them(void **state)
{
    (void)state;
    for (size_t at = 0; at < 4; at++)
        check_spread(at);
}

static void test_nothing_behind_a_name_is_looked_at(void **state)
{
    (void)state;
    bool anew;
    make(2, 1, 0);
    uint32_t room = shared_open(one, "team"), again;
    struct span name = bytes_span(guard_before("team", 4), 4);
    assert_int_equal(store_open(one, name, 1, 100, &again, &anew), STORE_DONE);
    assert_int_equal(again, room);
}

/* ---- Opening and closing ------------------------------------------------- */

static void test_open_twice_is_open_once(void **state)
{
    (void)state;
    make(2, 1, 4096);
    uint32_t room = shared_open(one, "tea");
    struct opened again = open_at(one, "tea", 1);
    assert_true(again.outcome == STORE_DONE && !again.anew);
    store_close(one, room);
    assert_int_equal(all.keeper.board.table->empty.count, 1);
    store_close(one, room); /* is not open: nothing */
    assert_int_equal(all.keeper.board.table->empty.count, 1);
}

static void test_reading_goes_on_where_it_was(void **state)
{
    (void)state;
    make(2, 2, 4096);
    uint32_t room = shared_open(one, "tea");
    shared_open(two, "tea");
    shared_say(two, room, "a");
    assert_string_equal(shared_hear(one, room), "a");
    store_close(one, room);
    assert_string_equal(shared_hear(two, room), "a");
    shared_say(two, room, "b");
    struct opened again = open_at(one, "tea", 1);
    assert_false(again.anew);
    assert_string_equal(shared_hear(one, room), "b");
    assert_string_equal(shared_hear(one, room), "");
}

static void test_who_wants_as_many_again_reads_on(void **state)
{
    (void)state;
    make(2, 2, 4096);
    uint32_t room = open_at(one, "tea", 1).room;
    shared_open(two, "tea");
    shared_say(two, room, "a");
    assert_string_equal(shared_hear(one, room), "a");
    store_close(one, room);
    assert_false(open_at(one, "tea", 1).anew);
    assert_string_equal(shared_hear(one, room), "");
}

static void test_what_is_open_for_fewer_is_read_anew(void **state)
{
    uint32_t room;
    bool anew;
    (void)state;
    make(2, 2, 4096);
    room = shared_open(two, "tea");
    shared_say(two, room, "a");
    assert_string_equal(shared_hear(two, room), "a");
    shared_say(two, room, "b");
    assert_int_equal(store_open(one, BYTES_LITERAL("tea"), 1, 0, &room, &anew),
                     STORE_DONE);
    assert_string_equal(shared_hear(one, room), "");
    assert_int_equal(store_open(one, BYTES_LITERAL("tea"), 1, 1, &room, &anew),
                     STORE_DONE);
    assert_true(anew);
    assert_string_equal(shared_hear(one, room), "b");
    assert_int_equal(store_open(one, BYTES_LITERAL("tea"), 1, 1, &room, &anew),
                     STORE_DONE);
    assert_false(anew);
    assert_int_equal(all.keeper.board.table->empty.count, 0);
}

static void test_what_was_overrun_meanwhile_is_read_anew(void **state)
{
    (void)state;
    char long_text[961];
    make(2, 2, 4096);
    memset(long_text, 'x', 960);
    long_text[960] = '\0';
    uint32_t room = shared_open(one, "tea");
    shared_open(two, "tea");
    store_close(one, room);
    for (int i = 0; i < 5; i++) {
        shared_say(two, room, long_text);
        assert_string_equal(shared_hear(two, room), long_text);
    }
    struct opened again = open_at(one, "tea", 1);
    assert_true(again.anew);
    assert_int_equal(store_last(one, room).number, 1);
    for (int i = 0; i < 4; i++)
        assert_string_equal(shared_hear(one, room), long_text);
    assert_int_equal(store_last(one, room).number, 5);
}

static void test_what_is_held_to_the_byte_is_read_on(void **state)
{
    (void)state;
    char text[961];
    make(2, 2, 4096);
    memset(text, 'x', 960);
    text[960] = '\0';
    uint32_t room = shared_open(one, "tea");
    shared_open(two, "tea");
    store_close(one, room);
    for (int i = 0; i < 4; i++) {
        shared_say(two, room, text);
        shared_hear(two, room);
    }
    assert_false(open_at(one, "tea", 1).anew);
    assert_string_equal(shared_hear(one, room), text);
    assert_int_equal(store_last(one, room).number, 1);
}

/* More was said than is held: the next one is not in any way the same. */
static void test_a_place_that_was_full_begins_afresh(void **state)
{
    (void)state;
    char text[961];
    make(1, 2, 4096);
    memset(text, 'x', 960);
    text[960] = '\0';
    uint32_t room = shared_open(one, "tea");
    for (int i = 0; i < 6; i++) {
        shared_say(one, room, text);
        shared_hear(one, room);
    }
    store_close(one, room);
    shared_open(one, "coffee");
    shared_say(one, room, "a");
    shared_open(two, "coffee");
    assert_string_equal(shared_hear(two, room), "a");
    assert_string_equal(shared_hear(two, room), "");
    assert_int_equal(two->damaged, 0);
}

static void test_nothing_that_is_open_is_evicted(void **state)
{
    (void)state;
    make(2, 2, 4096);
    uint32_t tea = shared_open(one, "tea");
    shared_open(two, "tea");
    shared_open(two, "coffee");
    assert_int_equal(open_at(one, "water", 1).outcome, STORE_FULL);
    store_close(one, tea); /* the other one has it still */
    assert_int_equal(open_at(one, "water", 1).outcome, STORE_FULL);
    store_close(two, tea);
    assert_int_equal(open_at(one, "water", 1).room, tea);
    assert_int_equal(store_evicted(two), 1);
    assert_int_equal(store_generation(two, tea), 2);
}

static void test_the_longest_empty_one_loses_its_place(void **state)
{
    (void)state;
    make(3, 1, 4096);
    uint32_t a = shared_open(one, "a"), b = shared_open(one, "b"),
             c = shared_open(one, "c");
    store_close(one, b);
    store_close(one, a);
    store_close(one, c);
    shared_open(one, "b"); /* and is the youngest one again */
    store_close(one, b);
    assert_int_equal(shared_open(one, "d"), a);
    assert_int_equal(shared_open(one, "e"), c);
    assert_int_equal(shared_open(one, "f"), b);
    assert_int_equal(open_at(one, "g", 1).outcome, STORE_FULL);
    assert_int_equal(store_evicted(one), 3);
}

static void test_a_room_at_anothers_place_begins_afresh(void **state)
{
    (void)state;
    make(1, 2, 4096);
    uint32_t room = shared_open(one, "tea");
    shared_open(two, "tea");
    shared_say(one, room, "a");
    struct store_id before = {0};
    assert_string_equal(shared_hear(one, room), "a");
    before = store_last(one, room);
    store_close(one, room);
    store_close(two, room);
    struct opened o = open_at(two, "coffee", 1);
    assert_true(o.room == room && o.anew);
    assert_string_equal(shared_hear(two, room), "");
    assert_true(store_last(two, room).epoch > before.epoch);
    assert_int_equal(store_last(two, room).number, 0);
    shared_say(two, room, "b");
    o = open_at(one, "coffee", 1);
    assert_true(o.room == room && o.anew);
    assert_string_equal(shared_hear(one, room), "b");
    assert_int_equal(one->damaged + two->damaged, 0);
}

/* The name of a place is taken out of any place in its bucket. */
static void any_order_of_names_is_found(struct random *r)
{
    char name[3] = "a";
    make(8, 1, 0);
    for (int step = 0; step < 300; step++) {
        name[0] = (char)('a' + random_below(r, 20));
        struct opened o = open_at(one, name, 1);
        if (o.outcome == STORE_FULL) {
            store_close(one, (uint32_t)random_below(r, 8));
            continue;
        }
        assert_int_equal(o.outcome, STORE_DONE);
        assert_true(bytes_equal(store_name(one, o.room), bytes_of(name)));
        assert_int_equal(open_at(one, name, 1).room, o.room);
        if (random_below(r, 2))
            store_close(one, o.room);
    }
}

static void test_any_order_of_names_is_found(void **state)
{
    (void)state;
    RANDOM_PROPERTY(any_order_of_names_is_found, 50);
}

/* ---- Who is in the way --------------------------------------------------- */

static void test_a_table_in_use_is_busy(void **state)
{
    (void)state;
    make(2, 2, 4096);
    uint32_t room = shared_open(one, "tea");
    assert_true(board_lock(&one->board.table->lock, 1));
    assert_int_equal(open_at(one, "tea", 1).outcome, STORE_BUSY);
    assert_int_equal(store_close(one, room), STORE_BUSY);
    assert_int_equal(atom_get(&one->board.rooms[room].open), 1);
    board_unlock(&one->board.table->lock);
    assert_int_equal(store_close(one, room), STORE_DONE);
    assert_int_equal(atom_get(&one->board.rooms[room].open), 0);
}

static void test_who_waits_for_the_table_is_rung_when_it_is_free(void **state)
{
    (void)state;
    make(2, 3, 4096);
    struct atom *lock = &one->board.table->lock;
    assert_true(board_lock(lock, 2));
    assert_int_equal(open_at(one, "tea", 1).outcome, STORE_BUSY);
    assert_int_equal(store_close(two, 0), STORE_BUSY);
    board_unlock(lock); /* of a worker that does not ring */
    shared_open(&all.workers[2], "coffee");
    assert_int_equal(shared_rung(one) & shared_rung(two), 1);
    store_close(&all.workers[2], 0);
    assert_int_equal(shared_rung(one) | shared_rung(two), 0);
    assert_true(board_lock(lock, 2));
    assert_int_equal(store_close(one, 0), STORE_BUSY);
    board_unlock(lock);
    store_close(&all.workers[2], 0);
    assert_int_equal(shared_rung(one), 1);
}

static void test_a_room_in_use_is_busy_and_keeps_its_name(void **state)
{
    (void)state;
    make(2, 2, 4096);
    uint32_t room = shared_open(one, "tea");
    assert_int_equal(store_seize(one, room, 64), STORE_DONE);
    assert_int_equal(open_at(two, "tea", 1).outcome, STORE_BUSY);
    assert_int_equal(shared_rung(two), 0);
    store_release(one);
    assert_int_equal(shared_rung(two), 1);
    struct opened o = open_at(two, "tea", 1);
    assert_true(o.outcome == STORE_DONE && o.room == room);
    assert_int_equal(store_generation(one, room), 1);
}

static void test_who_is_in_already_needs_no_lock(void **state)
{
    uint32_t room;
    bool anew;
    (void)state;
    make(2, 2, 4096);
    room = open_at(one, "tea", 1).room;
    shared_open(two, "tea");
    assert_int_equal(store_seize(two, room, 64), STORE_DONE);
    assert_int_equal(open_at(one, "tea", 1).outcome, STORE_DONE);
    assert_int_equal(
        store_open(one, BYTES_LITERAL("tea"), 1, 101, &room, &anew),
        STORE_BUSY); /* these are to be looked for */
    store_release(two);
}

/* ---- Epochs -------------------------------------------------------------- */

static uint64_t epoch_at(const char *name, uint64_t wall)
{
    uint32_t room = open_at(one, name, wall).room;
    uint64_t epoch = store_last(one, room).epoch;
    store_close(one, room);
    return epoch;
}

static void test_an_epoch_is_the_time_and_a_count(void **state)
{
    (void)state;
    make(2, 1, 4096);
    one->board.table->epochs = 77;
    assert_true(epoch_at("a", 5) == (UINT64_C(5) << 22 | 77));
    assert_true(epoch_at("b", 6) == (UINT64_C(6) << 22 | 78));
    one->board.table->epochs = (UINT64_C(1) << 22) - 1;
    assert_true(epoch_at("c", 7) == (UINT64_C(7) << 22 | 0x3FFFFF));
    assert_true(epoch_at("d", 8) == UINT64_C(8) << 22);
}

static void test_an_epoch_is_never_used_twice(void **state)
{
    (void)state;
    make(1, 1, 4096);
    uint64_t last = epoch_at("a", 1000);
    assert_true(epoch_at("b", 500) == last + 1); /* the clock was set back */
    one->board.table->epochs = 1; /* and counts begin at any number */
    assert_true(epoch_at("c", 1000) == last + 2);
    assert_true(epoch_at("d", 1001) > last + 2);
    assert_true(one->map.header->last_epoch > last + 2);
    last = one->map.header->last_epoch;
    one->board.table->epochs = last & 0x3FFFFF; /* the very same */
    assert_true(epoch_at("e", last >> 22) == last + 1);
}

/* ---- A check of the name ------------------------------------------------- */

static void test_a_files_room_has_a_check(void **state)
{
    (void)state;
    static struct crc32c crc;
    crc32c_init(&crc);
    guard_free_all();
    shared_make(
        &all, (struct shared_plan){
                  .rooms = 1, .workers = 1, .stream_size = 4096, .crc = &crc});
    uint32_t room = shared_open(one, "tea");
    struct map_room *m = &one->map.rooms[room];
    assert_int_not_equal(m->check, 0);
    assert_int_equal(m->check, store_room_check(one, m, map_name(m)));
    uint8_t checked[sizeof m->generation + sizeof m->began + 3];
    memcpy(checked, &m->generation, sizeof m->generation);
    memcpy(checked + sizeof m->generation, &m->began, sizeof m->began);
    memcpy(checked + sizeof checked - 3, "tea", 3);
    assert_int_equal(m->check,
                     crc32c_add(&crc, 0, bytes_span(checked, sizeof checked)));
    m->name[1] = 'a';
    assert_int_not_equal(m->check, store_room_check(one, m, map_name(m)));
    m->name[1] = 'e';
    m->name_len = 2;
    assert_int_not_equal(m->check, store_room_check(one, m, map_name(m)));
    m->name_len = 3;
    m->generation++;
    assert_int_not_equal(m->check, store_room_check(one, m, map_name(m)));
}

static void test_without_a_file_there_is_no_check(void **state)
{
    (void)state;
    make(1, 1, 4096);
    uint32_t room = shared_open(one, "tea");
    assert_int_equal(one->map.rooms[room].check, 0);
    assert_int_equal(
        store_room_check(one, &one->map.rooms[room], BYTES_LITERAL("tea")), 0);
}

/* ---- Making the table anew ----------------------------------------------- */

/* What is made anew is the same, whatever the table was before. */
static void the_table_is_made_anew(struct random *r)
{
    char name[] = "a";
    uint32_t rooms = 1 + (uint32_t)random_below(r, 20), order[20], count = 0;
    make(20, 1, 0);
    for (uint32_t i = 0; i < rooms; i++, name[0]++)
        shared_open(one, name);
    for (uint32_t i = 0; i < 3 * rooms; i++) {
        uint32_t room = (uint32_t)random_below(r, rooms);
        if (atom_get(&one->board.rooms[room].open))
            store_close(one, room);
        else
            open_at(one, (char[]){(char)('a' + room), '\0'}, 1);
    }
    struct list *empty = &one->board.table->empty;
    for (uint32_t at = empty->first; at != LIST_NONE; count++)
        at = one->board.rooms[order[count] = at].empty.next;
    random_fill(r, (uint8_t *)one->board.buckets, 20 * 4);
    for (uint32_t i = 0; i < 20; i++)
        one->board.rooms[i].next_named = (uint32_t)random_next(r);
    empty->first = empty->last = 1234;
    store_table_remake(one);
    uint32_t at = empty->first;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(at, order[i]);
        at = one->board.rooms[at].empty.next;
    }
    assert_int_equal(at, LIST_NONE);
    assert_int_equal(empty->count, count);
    for (name[0] = 'a'; (uint32_t)(name[0] - 'a') < rooms; name[0]++)
        assert_int_equal(shared_open(one, name), name[0] - 'a');
    assert_int_equal(empty->count, 0);
    for (name[0] = 'A'; name[0] <= 'Z'; name[0]++)
        assert_int_equal(open_at(one, name, 1).outcome,
                         rooms++ < 20 ? STORE_DONE : STORE_FULL);
}

static void test_the_table_is_made_anew(void **state)
{
    (void)state;
    RANDOM_PROPERTY(the_table_is_made_anew, 200);
}

/* Whoever died while it named a place has left one without a name. */
static void test_a_place_without_a_name_is_the_next_to_be_used(void **state)
{
    (void)state;
    make(2, 1, 4096);
    uint32_t tea = shared_open(one, "tea");
    uint32_t water = shared_open(one, "water");
    store_close(one, water);
    store_close(one, tea);
    one->map.rooms[tea].name_len = 0;
    one->map.rooms[tea].emptied = 0;
    store_table_remake(one);
    assert_int_equal(shared_open(one, "water"), water);
    assert_int_equal(store_generation(one, water), 1);
    assert_int_equal(shared_open(one, "tea"), tea);
    assert_int_equal(store_generation(one, tea), 2);
    assert_int_equal(store_evicted(one), 0); /* nobody lost it */
}

static void test_an_empty_table_is_made_anew(void **state)
{
    (void)state;
    make(3, 1, 0);
    store_table_remake(one);
    assert_true(list_empty(&one->board.table->empty));
    assert_int_equal(shared_open(one, "tea"), 0);
}

/* ---- All of them --------------------------------------------------------- */

static void test_the_last_of_32_workers_makes_it_empty(void **state)
{
    (void)state;
    make(1, 32, 4096);
    for (uint32_t w = 0; w < 32; w++)
        assert_int_equal(shared_open(&all.workers[w], "tea"), 0);
    assert_int_equal(atom_get(&one->board.rooms[0].open), UINT32_MAX);
    for (uint32_t w = 0; w < 32; w++) {
        assert_true(list_empty(&one->board.table->empty));
        store_close(&all.workers[w], 0);
    }
    assert_int_equal(one->board.table->empty.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_is_one_place_for_all_workers),
        cmocka_unit_test(test_a_name_may_have_1_to_64_bytes),
        cmocka_unit_test(test_another_length_trips_a_check),
        cmocka_unit_test(test_names_that_collide_are_told_apart),
        cmocka_unit_test(test_open_twice_is_open_once),
        cmocka_unit_test(test_reading_goes_on_where_it_was),
        cmocka_unit_test(test_who_wants_as_many_again_reads_on),
        cmocka_unit_test(test_what_is_open_for_fewer_is_read_anew),
        cmocka_unit_test(test_what_was_overrun_meanwhile_is_read_anew),
        cmocka_unit_test(test_nothing_that_is_open_is_evicted),
        cmocka_unit_test(test_the_longest_empty_one_loses_its_place),
        cmocka_unit_test(test_a_room_at_anothers_place_begins_afresh),
        cmocka_unit_test(test_any_order_of_names_is_found),
        cmocka_unit_test(test_a_table_in_use_is_busy),
        cmocka_unit_test(test_who_waits_for_the_table_is_rung_when_it_is_free),
        cmocka_unit_test(test_a_room_in_use_is_busy_and_keeps_its_name),
        cmocka_unit_test(test_who_is_in_already_needs_no_lock),
        cmocka_unit_test(test_an_epoch_is_the_time_and_a_count),
        cmocka_unit_test(test_an_epoch_is_never_used_twice),
        cmocka_unit_test(test_a_files_room_has_a_check),
        cmocka_unit_test(test_without_a_file_there_is_no_check),
        cmocka_unit_test(test_the_table_is_made_anew),
        cmocka_unit_test(test_a_place_without_a_name_is_the_next_to_be_used),
        cmocka_unit_test(test_an_empty_table_is_made_anew),
        cmocka_unit_test(test_the_last_of_32_workers_makes_it_empty),
        cmocka_unit_test(test_each_byte_of_a_name_spreads_them),
        cmocka_unit_test(test_nothing_behind_a_name_is_looked_at),
        cmocka_unit_test(test_what_is_held_to_the_byte_is_read_on),
        cmocka_unit_test(test_a_place_that_was_full_begins_afresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
