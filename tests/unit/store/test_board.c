/* SPDX-License-Identifier: MIT */
#include "store/board.h"
#include "support/guard.h"
#include "support/unit.h"

static struct board carved(uint32_t rooms, uint32_t workers)
{
    struct board b;
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    board_carve(&b, &a, rooms, workers);
    size_t size = (a.used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    arena_init(&a, guard_before(NULL, size), size);
    board_carve(&b, &a, rooms, workers);
    assert_false(a.overflow);
    return b;
}

static void test_it_is_measured_without_memory(void **state)
{
    (void)state;
    struct board b;
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    board_carve(&b, &a, 7, 3);
    assert_null(b.table);
    assert_true(a.used > 0);
    assert_int_equal(b.room_count, 7);
    assert_int_equal(b.worker_count, 3);
}

static void test_each_has_a_place_of_its_own(void **state)
{
    (void)state;
    struct board b = carved(33, 32);
    for (uint32_t room = 0; room < 33; room++)
        for (uint32_t w = 0; w < 32; w++)
            atom_put(&board_place(&b, room, w)->behind[1], room * 32 + w);
    for (uint32_t room = 0; room < 33; room++)
        for (uint32_t w = 0; w < 32; w++)
            assert_int_equal(atom_get(&board_place(&b, room, w)->behind[1]),
                             room * 32 + w);
    assert_true((uint8_t *)(board_place(&b, 32, 31) + 1) <=
                (uint8_t *)b.people); /* nor anybody else's */
    atom_put(&b.workers[31].turns, 1);
    atom_put(&b.rooms[32].want_lock, 1);
    b.buckets[32] = 1;
    guard_free_all();
}

static void test_people_are_told_of_where_there_are_others(void **state)
{
    (void)state;
    assert_null(carved(2, 1).people);
    guard_free_all();
    struct board b = carved(3, 2);
    for (uint32_t at = 0; at < 6; at++)
        board_people(&b, at / 2, at % 2)->people[BOARD_PEOPLE - 1].uid[0] =
            (uint8_t)at;
    for (uint32_t at = 0; at < 6; at++)
        assert_int_equal(
            board_people(&b, at / 2, at % 2)->people[BOARD_PEOPLE - 1].uid[0],
            at);
    assert_true((uint8_t *)(board_people(&b, 2, 1) + 1) <= (uint8_t *)b.rung);
    guard_free_all();
}

static void test_nobody_is_in_the_list_of_empty_rooms(void **state)
{
    (void)state;
    struct board b = carved(2, 2);
    assert_true(list_empty(&b.table->empty));
    guard_free_all();
}

static void test_rung_words_hold_each_room_and_each_word(void **state)
{
    (void)state;
    static const uint32_t counts[][4] = {
        {1, 1, 1, 16},     {32, 1, 1, 16},    {33, 2, 1, 16},
        {480, 15, 1, 16},  {481, 16, 1, 32},  {1024, 32, 1, 48},
        {1025, 33, 2, 48}, {2048, 64, 2, 80}, {10000, 313, 10, 336},
    };
    for (size_t i = 0; i < UNIT_COUNT(counts); i++) {
        assert_int_equal(board_rung_low(counts[i][0]), counts[i][1]);
        assert_int_equal(board_rung_high(counts[i][0]), counts[i][2]);
        assert_int_equal(board_rung_words(counts[i][0]), counts[i][3]);
    }
}

static void test_each_worker_has_rung_words_of_its_own(void **state)
{
    (void)state;
    struct board b = carved(1025, 3);
    assert_ptr_equal(board_rung(&b, 0), b.rung);
    assert_ptr_equal(board_rung(&b, 2), b.rung + 96);
    atom_put(board_rung(&b, 2) + 34, 1); /* the last one */
    guard_free_all();
}

static void test_a_lock_is_had_by_one(void **state)
{
    (void)state;
    struct atom lock = {0};
    assert_true(board_lock(&lock, 4));
    assert_int_equal(atom_get(&lock), 5);
    assert_false(board_lock(&lock, 4));
    assert_false(board_lock(&lock, 0));
    assert_int_equal(atom_get(&lock), 5);
    board_unlock(&lock);
    assert_int_equal(atom_get(&lock), 0);
    assert_true(board_lock(&lock, BOARD_KEEPER));
}

/* What the explorer stops between, each as its words in atom.h say. */
static void test_each_atomic_step_does_what_it_says(void **state)
{
    (void)state;
    struct atom a = {0};
    atom_put(&a, 5);
    assert_int_equal(atom_get(&a), 5);
    atom_release(&a, 6);
    assert_int_equal(atom_acquire(&a), 6);
    assert_int_equal(atom_swap(&a, 3), 6);
    assert_int_equal(atom_set_bits(&a, 12), 3);
    assert_int_equal(atom_clear_bits(&a, 5), 15);
    assert_int_equal(atom_get(&a), 10);
    assert_false(atom_replace(&a, 9, 1));
    assert_int_equal(atom_get(&a), 10);
    assert_true(atom_replace(&a, 10, 1));
    assert_int_equal(atom_get(&a), 1);
    atom_fence();
    atom_pause();
    uint8_t to[3] = {0};
    atom_copy(to, (const uint8_t *)"ab", 2);
    assert_memory_equal(to, "ab", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_is_measured_without_memory),
        cmocka_unit_test(test_each_has_a_place_of_its_own),
        cmocka_unit_test(test_nobody_is_in_the_list_of_empty_rooms),
        cmocka_unit_test(test_people_are_told_of_where_there_are_others),
        cmocka_unit_test(test_rung_words_hold_each_room_and_each_word),
        cmocka_unit_test(test_each_worker_has_rung_words_of_its_own),
        cmocka_unit_test(test_a_lock_is_had_by_one),
        cmocka_unit_test(test_each_atomic_step_does_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
