/* SPDX-License-Identifier: MIT */
#include "base/list.h"
#include "support/death.h"
#include "support/random.h"
#include "support/unit.h"

#define SIZE 10

struct item {
    char before[7];
    struct list_link link;
};

static struct item items[SIZE];
static const struct list_table table = {.first = (uint8_t *)&items[0].link,
                                        .stride = sizeof *items};

/* The list is these indexes, read from both ends. */
static void assert_list(const struct list *l, const uint32_t *expected,
                        uint32_t count)
{
    uint32_t index = l->first, prev = LIST_NONE;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(index, expected[i]);
        assert_true(list_link_of(&table, index)->prev == prev);
        prev = index;
        index = list_next(&table, index);
    }
    assert_true(index == LIST_NONE);
    assert_true(l->last == prev);
    assert_int_equal(l->count, count);
    assert_int_equal(list_empty(l), count == 0);
}

static struct list list_with(uint32_t count)
{
    struct list l;
    list_init(&l);
    for (uint32_t i = 0; i < count; i++)
        list_append(&l, &table, i);
    return l;
}

static void test_a_new_list_is_empty(void **state)
{
    (void)state;
    struct list l = list_with(0);
    assert_list(&l, NULL, 0);
    assert_true(list_pop(&l, &table) == LIST_NONE);
}

static void test_first_in_is_first_out(void **state)
{
    (void)state;
    struct list l = list_with(3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(list_pop(&l, &table), i);
    assert_list(&l, NULL, 0);
}

static void test_an_item_can_leave_from_anywhere(void **state)
{
    (void)state;
    struct list l = list_with(5);
    list_remove(&l, &table, 2);
    assert_list(&l, (const uint32_t[]){0, 1, 3, 4}, 4);
    list_remove(&l, &table, 0);
    assert_list(&l, (const uint32_t[]){1, 3, 4}, 3);
    list_remove(&l, &table, 4);
    assert_list(&l, (const uint32_t[]){1, 3}, 2);
    list_remove(&l, &table, 1);
    list_remove(&l, &table, 3);
    assert_list(&l, NULL, 0);
}

static void test_an_item_can_move_from_list_to_list(void **state)
{
    (void)state;
    struct list a = list_with(3), b;
    list_init(&b);
    list_remove(&a, &table, 1);
    list_append(&b, &table, 1);
    assert_list(&a, (const uint32_t[]){0, 2}, 2);
    assert_list(&b, (const uint32_t[]){1}, 1);
}

static void remove_from_empty(void *context)
{
    (void)context;
    struct list l = list_with(1);
    list_pop(&l, &table);
    list_remove(&l, &table, 0);
}

static void remove_twice(void *context)
{
    struct list l = list_with(4);
    list_remove(&l, &table, *(const uint32_t *)context);
    list_remove(&l, &table, *(const uint32_t *)context);
}

static void remove_from_another_list(void *context)
{
    struct list b, a = list_with(3);
    list_init(&b);
    list_append(&b, &table, 5);
    list_remove(&b, &table, *(const uint32_t *)context);
    (void)a;
}

static void test_removing_what_is_not_there_trips_a_check(void **state)
{
    (void)state;
    uint32_t first = 0, middle = 1, last = 2;
    assert_true(death_by_check(remove_from_empty, NULL));
    assert_true(death_by_check(remove_twice, &first));
    assert_true(death_by_check(remove_twice, &middle));
    assert_true(death_by_check(remove_from_another_list, &first));
    assert_true(death_by_check(remove_from_another_list, &last));
}

/* The model is an array that is shifted. */
struct model {
    uint32_t index[SIZE];
    uint32_t count;
};

static uint32_t place_of(const struct model *m, uint32_t index)
{
    uint32_t place = 0;
    while (place < m->count && m->index[place] != index)
        place++;
    return place;
}

static void leave(struct model *m, uint32_t place)
{
    m->count--;
    for (; place < m->count; place++)
        m->index[place] = m->index[place + 1];
}

static void list_is_an_array_in_order(struct random *r)
{
    struct model m = {0};
    struct list l = list_with(0);
    for (int step = 0; step < 300; step++) {
        uint32_t index = (uint32_t)random_below(r, SIZE);
        uint32_t place = place_of(&m, index);
        if (random_below(r, 8) == 0) {
            uint32_t first = m.count ? m.index[0] : LIST_NONE;
            assert_true(list_pop(&l, &table) == first);
            if (m.count)
                leave(&m, 0);
        } else if (place < m.count) {
            list_remove(&l, &table, index);
            leave(&m, place);
        } else {
            list_append(&l, &table, index);
            m.index[m.count++] = index;
        }
        assert_list(&l, m.index, m.count);
    }
}

static void test_a_list_is_an_array_in_order(void **state)
{
    (void)state;
    RANDOM_PROPERTY(list_is_an_array_in_order, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_list_is_empty),
        cmocka_unit_test(test_first_in_is_first_out),
        cmocka_unit_test(test_an_item_can_leave_from_anywhere),
        cmocka_unit_test(test_an_item_can_move_from_list_to_list),
        cmocka_unit_test(test_removing_what_is_not_there_trips_a_check),
        cmocka_unit_test(test_a_list_is_an_array_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
