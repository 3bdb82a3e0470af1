/* SPDX-License-Identifier: MIT */
#include "base/arena.h"
#include "support/random.h"
#include "support/unit.h"

static _Alignas(ARENA_ALIGN) uint8_t memory[64 * ARENA_ALIGN];

static void test_measuring_hands_out_nothing_and_adds_up(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    assert_null(arena_carve(&a, 3, 5));
    assert_null(arena_carve(&a, 1, 1));
    assert_false(a.overflow);
    assert_int_equal(a.used, ARENA_ALIGN + 1);
}

static void test_each_piece_starts_on_a_cache_line(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, memory, sizeof memory);
    assert_ptr_equal(arena_carve(&a, 3, 5), memory);
    assert_ptr_equal(arena_carve(&a, 1, ARENA_ALIGN), memory + ARENA_ALIGN);
    assert_ptr_equal(arena_carve(&a, 1, 1), memory + 2 * ARENA_ALIGN);
}

static void test_all_of_it_can_be_carved_and_not_one_byte_more(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, memory, 100);
    assert_ptr_equal(arena_carve(&a, 10, 10), memory);
    assert_false(a.overflow);

    arena_init(&a, memory, 100);
    assert_null(arena_carve(&a, 101, 1));
    assert_true(a.overflow);
}

static void test_an_overflow_stays(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, memory, 100);
    assert_null(arena_carve(&a, 11, 10));
    assert_null(arena_carve(&a, 1, 1));
    assert_true(a.overflow);
}

static void test_padding_that_does_not_fit_is_an_overflow(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, memory, ARENA_ALIGN - 1);
    assert_ptr_equal(arena_carve(&a, 1, 1), memory);
    assert_null(arena_carve(&a, 0, 1));
    assert_true(a.overflow);
}

static void test_a_product_over_size_max_is_an_overflow(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    arena_carve(&a, SIZE_MAX / 2 + 1, 2);
    assert_true(a.overflow);

    arena_init(&a, NULL, SIZE_MAX);
    arena_carve(&a, SIZE_MAX, 1);
    assert_false(a.overflow);
    arena_carve(&a, 1, 1);
    assert_true(a.overflow);
}

/* What measuring found is enough for the same carving, to the byte. */
static void measured_is_enough(struct random *r)
{
    struct arena measured, real, short_by_one;
    arena_init(&measured, NULL, SIZE_MAX);
    size_t count[8], size[8];
    for (int i = 0; i < 8; i++) {
        count[i] = (size_t)random_below(r, 8) + 1;
        size[i] = (size_t)random_below(r, 40) + 1;
        arena_carve(&measured, count[i], size[i]);
    }
    arena_init(&real, memory, measured.used);
    arena_init(&short_by_one, memory, measured.used - 1);
    uint8_t *end = memory;
    for (int i = 0; i < 8; i++) {
        uint8_t *piece = arena_carve(&real, count[i], size[i]);
        assert_true(piece && piece >= end);
        assert_int_equal((uintptr_t)piece % ARENA_ALIGN, 0);
        end = piece + count[i] * size[i];
        arena_carve(&short_by_one, count[i], size[i]);
    }
    assert_ptr_equal(end, memory + measured.used);
    assert_true(short_by_one.overflow);
}

static void test_what_was_measured_is_enough(void **state)
{
    (void)state;
    RANDOM_PROPERTY(measured_is_enough, 500);
}

static void test_nothing_can_be_carved_at_the_very_end(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, memory, ARENA_ALIGN);
    assert_ptr_equal(arena_carve(&a, 1, 1), memory);
    assert_ptr_equal(arena_carve(&a, 0, 1), memory + ARENA_ALIGN);
    assert_ptr_equal(arena_carve(&a, 1, 0), memory + ARENA_ALIGN);
    assert_false(a.overflow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measuring_hands_out_nothing_and_adds_up),
        cmocka_unit_test(test_each_piece_starts_on_a_cache_line),
        cmocka_unit_test(test_all_of_it_can_be_carved_and_not_one_byte_more),
        cmocka_unit_test(test_an_overflow_stays),
        cmocka_unit_test(test_padding_that_does_not_fit_is_an_overflow),
        cmocka_unit_test(test_a_product_over_size_max_is_an_overflow),
        cmocka_unit_test(test_what_was_measured_is_enough),
        cmocka_unit_test(test_nothing_can_be_carved_at_the_very_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
