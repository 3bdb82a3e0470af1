/* SPDX-License-Identifier: MIT */
#include "bus/flight.h"
#include "support/guard.h"
#include "support/unit.h"

static struct flights all;
static struct flight_line tea, mate;

static int setup(void **state)
{
    struct arena a;
    (void)state;
    memset(&all, 0, sizeof all);
    arena_init(&a, NULL, SIZE_MAX);
    flight_carve(&all, &a);
    size_t size = (a.used + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    arena_init(&a, guard_before(NULL, size), size);
    flight_carve(&all, &a);
    assert_false(a.overflow);
    flight_line_init(&tea);
    flight_line_init(&mate);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    guard_free_all();
    return 0;
}

static struct flight *add(struct flight_line *line, unsigned worker,
                          uint64_t sequence)
{
    struct flight f = {
        .worker = (uint8_t)worker,
        .sequence = sequence,
        .room = 3,
        .pos = 100,
        .state = FLIGHT_NEW,
        .since = 7,
    };
    return flight_add(&all, line, &f);
}

/* The sequences of a line, as digits: those below 10. */
static const char *told(const struct flight_line *line)
{
    static char text[32];
    size_t len = 0;
    for (uint32_t i = line->first; i != FLIGHT_NONE;
         i = flight_at(&all, i)->next) {
        text[len++] = (char)('0' + flight_at(&all, i)->sequence);
        if (flight_at(&all, i)->next == FLIGHT_NONE)
            assert_int_equal(line->last, i);
    }
    if (len == 0)
        assert_true(line->last == FLIGHT_NONE);
    text[len] = '\0';
    return text;
}

static void test_a_line_is_in_the_order_in_which_it_came(void **state)
{
    (void)state;
    assert_string_equal(told(&tea), "");
    add(&tea, 0, 1);
    add(&mate, 0, 5);
    add(&tea, 1, 2);
    add(&tea, 0, 3);
    assert_string_equal(told(&tea), "123");
    assert_string_equal(told(&mate), "5");
}

static void test_what_is_added_is_kept_as_it_was(void **state)
{
    (void)state;
    const struct flight *f = add(&tea, 2, 9);
    assert_int_equal(f->worker, 2);
    assert_int_equal(f->sequence, 9);
    assert_int_equal(f->room, 3);
    assert_int_equal(f->pos, 100);
    assert_int_equal(f->since, 7);
}

static void test_one_is_found_by_worker_and_sequence(void **state)
{
    (void)state;
    add(&tea, 0, 1);
    const struct flight *other = add(&tea, 1, 1);
    add(&tea, 1, 2);
    add(&mate, 1, 3);
    assert_ptr_equal(flight_find(&all, &tea, 1, 1), other);
    assert_null(flight_find(&all, &tea, 0, 2));
    assert_null(flight_find(&all, &tea, 1, 3)); /* that is in another room */
    assert_non_null(flight_find(&all, &mate, 1, 3));
}

static void test_the_first_in_a_state_is_found(void **state)
{
    (void)state;
    add(&tea, 0, 1)->state = FLIGHT_ACKED;
    add(&tea, 0, 2)->state = FLIGHT_SENT;
    add(&tea, 0, 3)->state = FLIGHT_SENT;
    assert_int_equal(flight_first(&all, &tea, FLIGHT_SENT)->sequence, 2);
    assert_int_equal(flight_first(&all, &tea, FLIGHT_ACKED)->sequence, 1);
    assert_null(flight_first(&all, &tea, FLIGHT_NEW));
    assert_null(flight_first(&all, &mate, FLIGHT_SENT));
}

static void test_only_those_in_one_state_change(void **state)
{
    (void)state;
    add(&tea, 0, 1)->state = FLIGHT_ACKED;
    add(&tea, 0, 2)->state = FLIGHT_SENT;
    add(&tea, 0, 3)->state = FLIGHT_SENT;
    add(&mate, 0, 4)->state = FLIGHT_SENT;
    assert_int_equal(flight_change(&all, &tea, FLIGHT_SENT, FLIGHT_UNKNOWN), 2);
    assert_int_equal(flight_find(&all, &tea, 0, 1)->state, FLIGHT_ACKED);
    assert_int_equal(flight_find(&all, &tea, 0, 2)->state, FLIGHT_UNKNOWN);
    assert_int_equal(flight_find(&all, &tea, 0, 3)->state, FLIGHT_UNKNOWN);
    assert_int_equal(flight_find(&all, &mate, 0, 4)->state, FLIGHT_SENT);
    assert_int_equal(flight_change(&all, &tea, FLIGHT_SENT, FLIGHT_NEW), 0);
}

static void test_the_first_the_last_and_one_between_leave(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 5; i++)
        add(&tea, 0, i);
    flight_remove(&all, &tea, flight_find(&all, &tea, 0, 3));
    assert_string_equal(told(&tea), "1245");
    flight_remove(&all, &tea, flight_find(&all, &tea, 0, 1));
    assert_string_equal(told(&tea), "245");
    flight_remove(&all, &tea, flight_find(&all, &tea, 0, 5));
    assert_string_equal(told(&tea), "24");
    add(&tea, 0, 6);
    assert_string_equal(told(&tea), "246");
    while (tea.first != FLIGHT_NONE)
        flight_remove(&all, &tea, flight_at(&all, tea.first));
    assert_string_equal(told(&tea), "");
    assert_int_equal(all.slots.count, 0);
    add(&tea, 0, 7);
    assert_string_equal(told(&tea), "7");
}

static void test_what_was_refused_and_overtaken_is_lost(void **state)
{
    (void)state;
    add(&tea, 0, 1)->state = FLIGHT_SENT;
    add(&tea, 0, 2);
    add(&tea, 0, 6)->state = FLIGHT_UNKNOWN;
    add(&tea, 1, 7);
    struct flight *taken = add(&tea, 0, 3);
    add(&tea, 0, 4);
    add(&tea, 0, 5)->state = FLIGHT_UNKNOWN;
    flight_overtaken(&all, &tea, taken);
    assert_int_equal(flight_find(&all, &tea, 0, 5)->state, FLIGHT_UNKNOWN);
    assert_int_equal(flight_find(&all, &tea, 0, 1)->state, FLIGHT_SENT);
    assert_int_equal(flight_find(&all, &tea, 0, 2)->state, FLIGHT_LOST);
    assert_int_equal(flight_find(&all, &tea, 0, 6)->state, FLIGHT_LOST);
    assert_int_equal(flight_find(&all, &tea, 1, 7)->state, FLIGHT_NEW);
    assert_int_equal(taken->state, FLIGHT_NEW);
    assert_int_equal(flight_find(&all, &tea, 0, 4)->state, FLIGHT_NEW);
}

static void test_there_are_so_many_places_and_no_more(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FLIGHT_MOST; i++) {
        assert_true(flight_has_place(&all));
        add(i % 2 ? &tea : &mate, 0, i);
    }
    assert_false(flight_has_place(&all));
    flight_remove(&all, &tea, flight_at(&all, tea.last));
    assert_true(flight_has_place(&all));
    add(&tea, 0, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        ONE(test_a_line_is_in_the_order_in_which_it_came),
        ONE(test_what_is_added_is_kept_as_it_was),
        ONE(test_one_is_found_by_worker_and_sequence),
        ONE(test_the_first_in_a_state_is_found),
        ONE(test_only_those_in_one_state_change),
        ONE(test_the_first_the_last_and_one_between_leave),
        ONE(test_what_was_refused_and_overtaken_is_lost),
        ONE(test_there_are_so_many_places_and_no_more),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
