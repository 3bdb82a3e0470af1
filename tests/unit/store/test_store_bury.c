/* SPDX-License-Identifier: MIT */
/* Goal: whoever dies leaves a lock, and nothing else. Deaths between any two
   steps are tests/explore's; here is one in each place. */
#include "support/guard.h"
#include "support/shared.h"
#include "support/unit.h"

static struct shared all;
static struct store *const one = &all.workers[0], *const two = &all.workers[1];

static void make(uint32_t rooms)
{
    guard_free_all();
    shared_make(&all, (struct shared_plan){
                          .rooms = rooms, .workers = 3, .stream_size = 4096});
}

static void bury(uint32_t worker)
{
    assert_int_equal(store_bury(&all.keeper, worker), STORE_DONE);
}

static void test_its_lock_is_free_and_who_waits_is_rung(void **state)
{
    (void)state;
    make(2);
    shared_open(one, "tea");
    shared_open(two, "tea");
    assert_int_equal(store_seize(one, 0, 64), STORE_DONE);
    assert_int_equal(store_seize(two, 0, 64), STORE_BUSY);
    assert_true(store_sleep(two));
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 2);
    assert_int_equal(shared_rung(two), 1);
    shared_say(two, 0, "a");
    assert_string_equal(shared_hear(two, 0), "a");
}

static void test_anothers_lock_stays(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    shared_open(two, "tea");
    assert_int_equal(store_seize(two, 0, 64), STORE_DONE);
    bury(0);
    assert_int_equal(atom_get(&one->board.rooms[0].lock), 2);
    assert_int_equal(shared_rung(two), 1);
}

/* All that an append does before its commit. */
static void test_half_an_append_was_not_said(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    shared_open(two, "tea");
    shared_say(one, 0, "a");
    assert_string_equal(shared_hear(one, 0), "a");
    assert_int_equal(store_seize(one, 0, 1024), STORE_DONE);
    struct map_room *m = &one->map.rooms[0];
    uint32_t head = atom_get(&m->head);
    struct map_end *other = &m->ends[map_end(m) == &m->ends[0]];
    *other = (struct map_end){.number = 99, .pos = head + 72};
    memset(one->map.streams + head, 0xFF, 72);
    bury(0);
    assert_string_equal(shared_hear(two, 0), "a");
    assert_string_equal(shared_hear(two, 0), "");
    shared_say(two, 0, "b");
    assert_string_equal(shared_hear(two, 0), "b");
    assert_int_equal(store_last(two, 0).number, 2);
    assert_int_equal(two->damaged, 0);
}

static void test_it_listens_nowhere(void **state)
{
    (void)state;
    make(2);
    shared_open(one, "tea");
    shared_open(two, "tea");
    shared_open(one, "coffee");
    bury(0);
    assert_int_equal(atom_get(&one->board.rooms[0].open), 2);
    assert_int_equal(atom_get(&one->board.rooms[1].open), 0);
    assert_int_equal(one->board.table->empty.first, 1);
    assert_int_equal(one->board.table->empty.count, 1);
    assert_int_equal(shared_open(two, "water"), 1);
}

static void test_who_waited_for_its_reading_is_rung(void **state)
{
    (void)state;
    char text[961];
    make(1);
    memset(text, 'x', 960);
    text[960] = '\0';
    shared_open(one, "tea");
    shared_open(two, "tea");
    for (int i = 0; i < 4; i++) {
        shared_say(two, 0, text);
        shared_hear(two, 0);
    }
    assert_int_equal(store_seize(two, 0, 64), STORE_FULL);
    assert_true(store_sleep(two));
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 2);
    assert_int_equal(shared_rung(two), 1);
    shared_say(two, 0, text);
}

static void test_it_waits_for_nothing(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    struct board_room *room = &one->board.rooms[0];
    atom_put(&room->want_lock, 6);
    atom_put(&board_place(&one->board, 0, 0)->wanted, 7);
    atom_put(&board_place(&one->board, 0, 1)->wanted, 7);
    atom_put(&one->board.workers[1].asleep, 1);
    bury(1);
    assert_int_equal(atom_get(&room->want_lock), 4);
    assert_int_equal(atom_get(&board_place(&one->board, 0, 0)->wanted), 5);
    assert_int_equal(atom_get(&board_place(&one->board, 0, 1)->wanted), 0);
    assert_int_equal(atom_get(&one->board.workers[1].asleep), 0);
}

static void test_it_has_no_members(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    for (uint32_t w = 0; w < 2; w++) {
        struct board_place *place = board_place(&one->board, 0, w);
        atom_put(&place->members, 3);
        atom_put(&place->behind[0], 2);
        atom_put(&place->behind[1], 1);
    }
    bury(0);
    for (uint32_t w = 0; w < 2; w++) {
        struct board_place *place = board_place(&one->board, 0, w);
        assert_int_equal(atom_get(&place->members), w ? 3 : 0);
        assert_int_equal(atom_get(&place->behind[0]), w ? 2 : 0);
        assert_int_equal(atom_get(&place->behind[1]), w ? 1 : 0);
    }
}

/* It may have been about to ring one that waits to open a room, or to close
   it. */
static void test_all_others_are_rung(void **state)
{
    (void)state;
    make(2);
    assert_true(store_sleep(two));
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 2);
    assert_int_equal(shared_rung(one), 0);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(shared_rung(&all.workers[2]), 1);
}

static void test_the_first_and_the_last_are_rung(void **state)
{
    (void)state;
    guard_free_all();
    shared_make(&all, (struct shared_plan){.rooms = 1, .workers = 32});
    bury(1);
    assert_int_equal(shared_rung(one), 1);
    assert_int_equal(shared_rung(two), 0);
    assert_int_equal(shared_rung(&all.workers[31]), 1);
}

static void test_a_place_never_used_is_left_as_it_is(void **state)
{
    (void)state;
    make(2);
    shared_open(one, "tea");
    atom_put(&one->board.rooms[1].want_lock, 1);
    bury(0);
    assert_int_equal(atom_get(&one->board.rooms[1].want_lock), 1);
}

/* What it had said, and rung nobody for, is told by the keeper. */
static void test_what_it_left_unrung_is_rung(void **state)
{
    (void)state;
    make(2);
    shared_open(one, "tea");
    shared_open(two, "tea");
    shared_open(two, "coffee");
    shared_say(one, 0, "a");
    shared_rung(two);
    assert_true(store_sleep(two));
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 2);
    assert_int_equal(shared_rung(two), 3);
    assert_string_equal(shared_hear(two, 0), "a");
}

/* It was about to wake one that it had rung. */
static void test_whom_it_left_asleep_is_woken(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    shared_open(two, "tea");
    assert_true(store_sleep(two));
    shared_say(one, 0, "a");
    assert_int_equal(store_wake(one), 2);
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 2);
}

/* ---- A bus ---------------------------------------------------------------- */

/* The last of the three is one; it has opened "tea", as the first has. */
static void make_with_bus(void)
{
    static struct propose_ring ring;
    static struct board_bus told;
    make(2);
    told = (struct board_bus){.node = 7};
    atom_put(&told.state, BOARD_BUS_HERE);
    all.keeper.board.bus = &told;
    all.keeper.proposals = &ring;
    for (uint32_t w = 0; w < 3; w++) {
        all.workers[w].board.bus = &told;
        all.workers[w].proposals = &ring;
    }
    bool anew;
    uint32_t room;
    assert_int_equal(store_open(one, bytes_of("tea"), 1000, 0, &room, &anew),
                     STORE_BUSY);
    assert_int_equal(store_adopt(&all.workers[2], 0), STORE_DONE);
    store_set_ready(&all.workers[2], 0);
    shared_open(one, "tea");
}

static void test_a_bus_keeps_what_it_has_open(void **state)
{
    (void)state;
    make_with_bus();
    struct board_place *place = board_place(&one->board, 0, 2);
    atom_put(&place->members, 3);
    assert_int_equal(store_close(one, 0), STORE_DONE);
    bury(2);
    const struct board_room *room = &one->board.rooms[0];
    assert_int_equal(atom_get(&room->open), 4);
    assert_int_equal(atom_get(&room->ready), 1);
    assert_int_equal(one->board.table->empty.count, 0);
    assert_int_equal(atom_get(&place->members), 0);
    assert_int_equal(atom_get(&one->board.bus->state), BOARD_BUS_AWAY);
    assert_int_equal(one->board.bus->node, 7);
    assert_int_equal(shared_rung(one), 1);
}

static void test_its_locks_are_free_as_well(void **state)
{
    (void)state;
    make_with_bus();
    assert_true(store_lock(&all.workers[2], 0));
    bury(2);
    assert_int_equal(atom_get(&one->board.rooms[0].lock), 0);
    assert_int_equal(atom_get(&one->board.rooms[0].open), 5);
}

static void test_a_worker_beside_it_leaves_and_asks_for_nothing(void **state)
{
    uint32_t room;
    bool anew;
    (void)state;
    make_with_bus();
    assert_int_equal(store_open(two, bytes_of("milk"), 1000, 0, &room, &anew),
                     STORE_BUSY);
    assert_true(store_is_wanted(&all.workers[2], room));
    bury(1);
    assert_false(store_is_wanted(&all.workers[2], room));
    bury(0);
    assert_int_equal(atom_get(&one->board.rooms[0].open), 4);
    assert_int_equal(atom_get(&one->board.bus->state), BOARD_BUS_HERE);
}

/* ---- The table's lock ---------------------------------------------------- */

static void test_a_table_left_half_changed_is_made_anew(void **state)
{
    (void)state;
    make(3);
    shared_open(one, "tea");
    shared_open(two, "coffee");
    shared_open(one, "water");
    assert_true(board_lock(&one->board.table->lock, 0));
    memset(one->board.buckets, 0, 3 * 4);
    one->board.table->empty.first = 2;
    bury(0);
    assert_int_equal(atom_get(&one->board.table->lock), 0);
    assert_int_equal(one->board.table->empty.count, 2);
    assert_int_equal(shared_open(two, "tea"), 0);
    assert_int_equal(shared_open(two, "coffee"), 1);
    assert_int_equal(shared_open(two, "water"), 2);
    assert_true(list_empty(&one->board.table->empty));
}

static void test_nothing_is_done_while_another_has_the_table(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    assert_true(board_lock(&one->board.table->lock, 1));
    assert_int_equal(store_bury(&all.keeper, 0), STORE_BUSY);
    assert_int_equal(atom_get(&one->board.rooms[0].open), 1);
    assert_int_equal(atom_get(&one->board.table->lock), 2);
    bury(1); /* it was dead as well */
    bury(0);
    assert_int_equal(atom_get(&one->board.rooms[0].open), 0);
}

static void test_a_table_that_was_not_its_own_is_left_as_it_is(void **state)
{
    (void)state;
    make(2);
    shared_open(two, "tea");
    one->board.buckets[0] = one->board.buckets[1] = 0; /* made anew: found */
    bury(0);
    assert_int_equal(one->board.buckets[0] + one->board.buckets[1], 0);
}

static void test_its_successor_begins_anew(void **state)
{
    (void)state;
    make(1);
    shared_open(one, "tea");
    shared_open(two, "tea");
    shared_say(one, 0, "a");
    bury(0);
    shared_begin(&all, 0);
    shared_open(one, "tea");
    assert_string_equal(shared_hear(one, 0), "a");
    shared_say(one, 0, "b");
    assert_string_equal(shared_hear(one, 0), "b");
    assert_string_equal(shared_hear(two, 0), "a");
    assert_string_equal(shared_hear(two, 0), "b");
}

static void test_of_a_single_worker_nobody_is_rung(void **state)
{
    (void)state;
    guard_free_all();
    shared_make(&all, (struct shared_plan){.rooms = 1, .workers = 1});
    shared_open(one, "tea");
    bury(0);
    assert_int_equal(store_wake(&all.keeper), 0);
    assert_int_equal(one->board.table->empty.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_lock_is_free_and_who_waits_is_rung),
        cmocka_unit_test(test_anothers_lock_stays),
        cmocka_unit_test(test_half_an_append_was_not_said),
        cmocka_unit_test(test_it_listens_nowhere),
        cmocka_unit_test(test_who_waited_for_its_reading_is_rung),
        cmocka_unit_test(test_it_waits_for_nothing),
        cmocka_unit_test(test_it_has_no_members),
        cmocka_unit_test(test_all_others_are_rung),
        cmocka_unit_test(test_what_it_left_unrung_is_rung),
        cmocka_unit_test(test_whom_it_left_asleep_is_woken),
        cmocka_unit_test(test_a_bus_keeps_what_it_has_open),
        cmocka_unit_test(test_its_locks_are_free_as_well),
        cmocka_unit_test(test_a_worker_beside_it_leaves_and_asks_for_nothing),
        cmocka_unit_test(test_a_table_left_half_changed_is_made_anew),
        cmocka_unit_test(test_nothing_is_done_while_another_has_the_table),
        cmocka_unit_test(test_a_table_that_was_not_its_own_is_left_as_it_is),
        cmocka_unit_test(test_its_successor_begins_anew),
        cmocka_unit_test(test_of_a_single_worker_nobody_is_rung),
        cmocka_unit_test(test_the_first_and_the_last_are_rung),
        cmocka_unit_test(test_a_place_never_used_is_left_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
