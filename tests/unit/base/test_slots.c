/* SPDX-License-Identifier: MIT */
#include "base/slots.h"
#include "support/death.h"
#include "support/random.h"
#include "support/unit.h"

#define SIZE 12

struct item {
    char before[5]; /* the slot is somewhere inside, and left to itself */
    struct slot slot;
    char after[3];
};

static struct item items[SIZE];

static struct slots fresh(uint32_t size)
{
    struct slots s;
    memset(items, 0, sizeof items);
    slots_init(&s, &items[0].slot, sizeof *items, size);
    return s;
}

static void test_places_come_in_order_until_all_are_taken(void **state)
{
    (void)state;
    struct slots s = fresh(3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(slots_take(&s), i);
    assert_true(slots_take(&s) == SLOTS_NONE);
    assert_int_equal(s.count, 3);
}

static void test_a_table_without_places_gives_none(void **state)
{
    (void)state;
    struct slots s = fresh(0);
    assert_true(slots_take(&s) == SLOTS_NONE);
    assert_false(slots_current(&s, 0, 1));
}

static void test_the_place_given_back_last_comes_first(void **state)
{
    (void)state;
    struct slots s = fresh(4);
    for (int i = 0; i < 3; i++)
        slots_take(&s);
    slots_give(&s, 0);
    slots_give(&s, 2);
    assert_int_equal(slots_take(&s), 2);
    assert_int_equal(slots_take(&s), 0);
    assert_int_equal(slots_take(&s), 3);
}

static void test_a_place_never_used_is_never_touched(void **state)
{
    (void)state;
    struct slots s = fresh(SIZE);
    slots_take(&s);
    slots_give(&s, slots_take(&s));
    slots_take(&s);
    static const struct item zero[SIZE - 2];
    assert_memory_equal(items + 2, zero, sizeof zero);
}

static void test_an_index_kept_from_before_finds_nobody(void **state)
{
    (void)state;
    struct slots s = fresh(2);
    uint32_t index = slots_take(&s);
    uint32_t generation = slots_generation(&s, index);
    assert_true(slots_current(&s, index, generation));
    slots_give(&s, index);
    assert_false(slots_current(&s, index, generation));
    assert_int_equal(slots_take(&s), index);
    assert_false(slots_current(&s, index, generation));
    assert_true(slots_current(&s, index, slots_generation(&s, index)));
}

static void test_a_free_place_is_never_current(void **state)
{
    (void)state;
    struct slots s = fresh(2);
    slots_give(&s, slots_take(&s));
    assert_int_equal(slots_generation(&s, 0) % 2, 0);
    assert_false(slots_current(&s, 0, slots_generation(&s, 0)));
    assert_false(slots_current(&s, 1, 0));
    assert_false(slots_current(&s, 2, 1));
    assert_false(slots_current(&s, SLOTS_NONE, 1));
}

static void test_generations_wrap_around_and_stay_odd(void **state)
{
    (void)state;
    struct slots s = fresh(1);
    slots_give(&s, slots_take(&s));
    items[0].slot.generation = UINT32_MAX - 1;
    slots_take(&s);
    assert_true(slots_current(&s, 0, UINT32_MAX));
    slots_give(&s, 0);
    slots_take(&s);
    assert_true(slots_current(&s, 0, 1));
}

static void give(void *context)
{
    struct slots s = fresh(3);
    slots_take(&s);
    slots_give(&s, slots_take(&s));
    slots_give(&s, *(const uint32_t *)context);
}

static void look_outside(void *context)
{
    struct slots s = fresh(3);
    slots_generation(&s, *(const uint32_t *)context);
}

static void init_too_large(void *context)
{
    (void)context;
    fresh(SLOTS_NONE);
}

static void test_misuse_trips_a_check(void **state)
{
    (void)state;
    uint32_t taken = 0, given = 1, never_taken = 2, outside = 3;
    uint32_t far_outside = UINT32_MAX / 2;
    assert_false(death_by_check(give, &taken));
    assert_true(death_by_check(give, &given));
    assert_true(death_by_check(give, &never_taken));
    assert_true(death_by_check(give, &outside));
    assert_true(death_by_check(give, &far_outside));
    assert_false(death_by_check(look_outside, &never_taken));
    assert_true(death_by_check(look_outside, &outside));
    assert_true(death_by_check(init_too_large, NULL));
}

/* The model: who has what, and a stack of what was given back. */
struct model {
    bool taken[SIZE];
    uint32_t generation[SIZE]; /* at the last taking */
    uint32_t stack[SIZE], depth, fresh;
};

static void take_one(struct slots *s, struct model *m)
{
    uint32_t expected = SLOTS_NONE;
    if (m->depth)
        expected = m->stack[--m->depth];
    else if (m->fresh < s->size)
        expected = m->fresh++;
    uint32_t index = slots_take(s);
    assert_true(index == expected);
    if (index == SLOTS_NONE)
        return;
    uint32_t generation = slots_generation(s, index);
    assert_true(generation > m->generation[index]);
    m->generation[index] = generation;
    m->taken[index] = true;
}

static void give_one(struct slots *s, struct model *m, uint32_t index)
{
    slots_give(s, index);
    m->stack[m->depth++] = index;
    m->taken[index] = false;
}

static void slots_are_a_stack_above_fresh_places(struct random *r)
{
    struct model m = {0};
    struct slots s = fresh((uint32_t)random_below(r, SIZE + 1));
    for (int step = 0; step < 200; step++) {
        uint32_t index = (uint32_t)random_below(r, SIZE);
        if (m.taken[index])
            give_one(&s, &m, index);
        else
            take_one(&s, &m);
        uint32_t count = 0;
        for (uint32_t i = 0; i < SIZE; i++) {
            count += m.taken[i];
            assert_int_equal(slots_current(&s, i, m.generation[i]), m.taken[i]);
        }
        assert_int_equal(s.count, count);
    }
    for (uint32_t i = 0; i < SIZE; i++)
        assert_memory_equal(items[i].before, "\0\0\0\0", 5);
}

static void test_slots_are_a_stack_above_fresh_places(void **state)
{
    (void)state;
    RANDOM_PROPERTY(slots_are_a_stack_above_fresh_places, 300);
}

/* The table's neighbour looks like a place that is taken. */
static struct slots full_beside_another(void)
{
    struct slots s = fresh(SIZE - 1);
    while (slots_take(&s) != SLOTS_NONE)
        ;
    items[SIZE - 1].slot.generation = 1;
    return s;
}

static void give_the_neighbour(void *context)
{
    (void)context;
    struct slots s = full_beside_another();
    slots_give(&s, SIZE - 1);
}

static void test_a_place_behind_the_table_is_none(void **state)
{
    (void)state;
    struct slots s = full_beside_another();
    assert_false(slots_current(&s, SIZE - 1, 1));
    assert_true(slots_current(&s, SIZE - 2, 1));
    assert_true(death_by_check(give_the_neighbour, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_come_in_order_until_all_are_taken),
        cmocka_unit_test(test_a_table_without_places_gives_none),
        cmocka_unit_test(test_the_place_given_back_last_comes_first),
        cmocka_unit_test(test_a_place_never_used_is_never_touched),
        cmocka_unit_test(test_an_index_kept_from_before_finds_nobody),
        cmocka_unit_test(test_a_free_place_is_never_current),
        cmocka_unit_test(test_generations_wrap_around_and_stay_odd),
        cmocka_unit_test(test_misuse_trips_a_check),
        cmocka_unit_test(test_slots_are_a_stack_above_fresh_places),
        cmocka_unit_test(test_a_place_behind_the_table_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
