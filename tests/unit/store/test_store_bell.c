/* SPDX-License-Identifier: MIT */
#include "support/guard.h"
#include "support/random.h"
#include "support/shared.h"
#include "support/unit.h"

static struct shared all;
static struct store *const one = &all.workers[0], *const two = &all.workers[1];

static void make(uint32_t rooms, uint32_t workers)
{
    guard_free_all();
    shared_make(&all, (struct shared_plan){.rooms = rooms,
                                           .workers = workers,
                                           .stream_size = 4096});
}

static void test_who_has_a_room_open_is_rung_for_it(void **state)
{
    (void)state;
    make(3, 3);
    shared_open(two, "tea");
    shared_open(one, "tea");
    shared_open(one, "coffee");
    shared_open(&all.workers[2], "water");
    store_ring(one, 0);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(shared_rung(&all.workers[2]), 0);
    assert_int_equal(shared_rung(one), 0); /* not oneself */
    store_ring(one, 1);                    /* nobody else is there */
    assert_int_equal(shared_rung(two), 0);
}

static void test_each_room_is_told_once(void **state)
{
    (void)state;
    make(2, 2);
    shared_open(two, "tea");
    for (int i = 0; i < 3; i++)
        store_ring(one, 0);
    assert_int_equal(store_rung(two), 0);
    assert_int_equal(store_rung(two), STORE_NONE);
    assert_int_equal(store_rung(two), STORE_NONE);
    store_ring(one, 0);
    assert_int_equal(store_rung(two), 0);
}

/* Every room, in the first word and the last one, alone and with others. */
static void check_rooms(uint32_t rooms)
{
    make(rooms, 2);
    for (uint32_t room = 0; room < rooms; room++) {
        store_ring_one(one, room, 1);
        assert_false(store_sleep(two));
        assert_int_equal(store_rung(two), room);
        assert_int_equal(store_rung(two), STORE_NONE);
        assert_true(store_sleep(two));
        store_wakes(two);
    }
    for (uint32_t room = 0; room < rooms; room++)
        store_ring_one(one, room, 1);
    for (uint32_t room = 0; room < rooms; room++)
        assert_int_equal(store_rung(two), room);
    assert_int_equal(store_rung(two), STORE_NONE);
    assert_int_equal(store_rung(one), STORE_NONE);
}

static void test_any_room_can_be_rung(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 31, 32, 33, 1024, 1025, 2100};
    for (size_t i = 0; i < UNIT_COUNT(counts); i++)
        check_rooms(counts[i]);
}

/* What is rung while the rooms are looked at is told now or the next time, and
   never lost. */
static void nothing_rung_is_lost(struct random *r)
{
    static bool due[3000];
    memset(due, 0, sizeof due);
    make(3000, 2);
    for (int step = 0; step < 300; step++) {
        if (random_below(r, 2)) {
            uint32_t room = (uint32_t)random_below(r, 3000);
            store_ring_one(one, room, 1);
            due[room] = true;
        }
        uint32_t room = store_rung(two);
        if (room != STORE_NONE) {
            assert_true(due[room]);
            due[room] = false;
        }
    }
    while (!store_sleep(two)) {
        uint32_t room = store_rung(two);
        if (room != STORE_NONE)
            due[room] = false;
    }
    for (uint32_t room = 0; room < 3000; room++)
        assert_false(due[room]);
}

static void test_nothing_rung_is_lost(void **state)
{
    (void)state;
    RANDOM_PROPERTY(nothing_rung_is_lost, 20);
}

static void test_who_does_not_sleep_is_not_woken(void **state)
{
    (void)state;
    make(1, 3);
    shared_open(two, "tea");
    shared_open(&all.workers[2], "tea");
    assert_true(store_sleep(two));
    store_ring(one, 0);
    assert_int_equal(store_wake(one), 2);
    assert_int_equal(store_wake(one), 0); /* once for each ring */
    store_ring(one, 0);
    assert_int_equal(store_wake(one), 2); /* until it is awake */
    store_wakes(two);
    store_ring(one, 0);
    assert_int_equal(store_wake(one), 0);
}

static void test_one_does_not_wake_oneself(void **state)
{
    (void)state;
    make(1, 2);
    store_ring_one(one, 0, 0);
    assert_false(store_sleep(one));
    atom_put(&one->board.workers[0].asleep, 1);
    assert_int_equal(store_wake(one), 0);
}

static void test_nobody_sleeps_over_a_ring(void **state)
{
    (void)state;
    make(2000, 2);
    store_ring_one(one, 1999, 1);
    store_ring_one(one, 3, 1);
    assert_false(store_sleep(two));
    assert_int_equal(atom_get(&two->board.workers[1].asleep), 0);
    assert_int_equal(store_rung(two), 3);
    assert_false(store_sleep(two)); /* not all of them were told */
    assert_int_equal(store_rung(two), 1999);
    assert_int_equal(store_rung(two), STORE_NONE);
    assert_true(store_sleep(two));
    assert_int_equal(atom_get(&two->board.workers[1].asleep), 1);
}

static void test_nobody_sleeps_until_all_of_a_word_were_told(void **state)
{
    (void)state;
    make(2, 2);
    store_ring_one(one, 0, 1);
    store_ring_one(one, 1, 1);
    assert_int_equal(store_rung(two), 0);
    assert_false(store_sleep(two));
    assert_int_equal(store_rung(two), 1);
    assert_int_equal(store_rung(two), STORE_NONE);
    assert_true(store_sleep(two));
}

/* It died between the two: the keeper rings again. */
static void test_a_ring_counts_when_both_words_say_so(void **state)
{
    (void)state;
    make(1, 2);
    atom_put(board_rung(&one->board, 1) + 1, 1);
    assert_true(store_sleep(two));
    assert_int_equal(store_rung(two), STORE_NONE);
    store_ring_one(one, 0, 1);
    assert_int_equal(store_rung(two), 0);
}

static void test_each_ring_wakes_once(void **state)
{
    (void)state;
    make(1, 2);
    assert_true(store_sleep(one) && store_sleep(two));
    store_ring_one(two, 0, 0);
    assert_int_equal(store_wake(two), 1);
    assert_int_equal(store_wake(two), 0);
    store_ring_one(one, 0, 1);
    assert_int_equal(store_wake(one), 2);
    assert_int_equal(store_wake(one), 0);
}

static void test_32_workers_ring_each_other(void **state)
{
    (void)state;
    make(1, 32);
    for (uint32_t w = 0; w < 32; w++) {
        shared_open(&all.workers[w], "tea");
        assert_true(store_sleep(&all.workers[w]));
    }
    store_wakes(&all.workers[31]);
    store_ring(&all.workers[31], 0);
    assert_int_equal(store_wake(&all.workers[31]), 0x7FFFFFFF);
    for (uint32_t w = 0; w < 32; w++)
        assert_int_equal(shared_rung(&all.workers[w]), w < 31);
    store_ring(&all.keeper, 0);
    assert_int_equal(store_wake(&all.keeper), 0x7FFFFFFF);
    assert_int_equal(shared_rung(&all.workers[31]), 1);
}

/* Whoever waits is told once, though it may be oneself. */
static void test_who_waits_is_rung_once(void **state)
{
    (void)state;
    make(1, 3);
    struct atom *waiting = &one->board.rooms[0].want_lock;
    atom_put(waiting, 5);
    store_ring_waiting(one, 0, waiting);
    assert_int_equal(atom_get(waiting), 0);
    assert_int_equal(shared_rung(one), 1);
    assert_int_equal(shared_rung(two), 0);
    assert_int_equal(shared_rung(&all.workers[2]), 1);
    store_ring_waiting(one, 0, waiting);
    assert_int_equal(shared_rung(one) | shared_rung(&all.workers[2]), 0);
}

static void test_a_single_worker_rings_nobody(void **state)
{
    (void)state;
    make(1, 1);
    shared_open(one, "tea");
    store_ring(&all.keeper, 0);
    atom_put(&one->board.rooms[0].want_lock, 1);
    store_ring_waiting(one, 0, &one->board.rooms[0].want_lock);
    assert_int_equal(shared_rung(one), 0);
    assert_int_equal(store_wake(one), 0);
    assert_true(store_sleep(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_a_room_open_is_rung_for_it),
        cmocka_unit_test(test_each_room_is_told_once),
        cmocka_unit_test(test_any_room_can_be_rung),
        cmocka_unit_test(test_nothing_rung_is_lost),
        cmocka_unit_test(test_who_does_not_sleep_is_not_woken),
        cmocka_unit_test(test_one_does_not_wake_oneself),
        cmocka_unit_test(test_nobody_sleeps_over_a_ring),
        cmocka_unit_test(test_32_workers_ring_each_other),
        cmocka_unit_test(test_who_waits_is_rung_once),
        cmocka_unit_test(test_a_single_worker_rings_nobody),
        cmocka_unit_test(test_nobody_sleeps_until_all_of_a_word_were_told),
        cmocka_unit_test(test_a_ring_counts_when_both_words_say_so),
        cmocka_unit_test(test_each_ring_wakes_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
