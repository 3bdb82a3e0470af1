/* SPDX-License-Identifier: MIT */
/*
 * Goal: no buffer is lent twice, and what lies in one stays until it was used.
 */
#include "server/lease.h"
#include "support/death.h"
#include "support/unit.h"

#define COUNT 16
#define SIZE  32

static struct lease table[COUNT];
static uint8_t bytes[COUNT * SIZE];

static struct leases leases_of(uint32_t count)
{
    struct leases all;
    memset(table, 0, sizeof table);
    lease_init(&all, table, bytes, count, SIZE);
    return all;
}

static uint32_t take(struct leases *all, uint32_t owner, uint32_t address,
                     uint32_t now)
{
    return lease_take(all, owner, address, now);
}

static void test_each_lease_is_another_buffer(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t index = take(&all, 1, 7, 0);
        assert_int_equal(index, i);
        assert_ptr_equal(lease_bytes(&all, index), bytes + i * SIZE);
    }
    assert_int_equal(take(&all, 1, 7, 0), LEASE_NONE);
}

/* ---- Bytes ---------------------------------------------------------------- */

static void test_one_that_is_given_back_comes_again_empty(void **state)
{
    (void)state;
    struct leases all = leases_of(2);
    uint32_t index = take(&all, 1, 7, 0), held = index;
    assert_true(lease_append(&all, index, BYTES_LITERAL("hello")));
    lease_give(&all, &held);
    assert_int_equal(held, LEASE_NONE);
    lease_give(&all, &held); /* nothing happens */
    assert_int_equal(all.slots.count, 0);
    assert_int_equal(take(&all, 1, 7, 0), index);
    assert_int_equal(lease_left(&all, index).len, 0);
}

static void test_what_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    struct leases all = leases_of(2);
    uint32_t index = take(&all, 1, 7, 0);
    assert_true(lease_append(&all, index, bytes_span(bytes, SIZE - 1)));
    assert_false(lease_append(&all, index, BYTES_LITERAL("ab")));
    assert_int_equal(lease_left(&all, index).len, SIZE - 1);
    assert_true(lease_append(&all, index, BYTES_LITERAL("a")));
    assert_true(lease_append(&all, index, bytes_span(NULL, 0)));
    assert_false(lease_append(&all, index, BYTES_LITERAL("b")));
}

static void test_what_is_left_begins_at_start(void **state)
{
    (void)state;
    struct leases all = leases_of(2);
    uint32_t index = take(&all, 1, 7, 0);
    lease_append(&all, index, BYTES_LITERAL("hello"));
    lease_at(&all, index)->start = 2;
    assert_true(bytes_equal(lease_left(&all, index), BYTES_LITERAL("llo")));
}

/* A quarter of them, and then no more. */
static void test_some_can_be_kept(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    for (; all.kept < COUNT; all.kept++)
        assert_int_equal(lease_can_keep(&all), all.kept < 4);
    struct leases one = leases_of(1);
    assert_false(lease_can_keep(&one));
}

static void give_twice(void *context)
{
    uint32_t index = 0;
    lease_give(context, &index);
    index = 0;
    lease_give(context, &index);
}

static void test_giving_back_twice_stops_the_process(void **state)
{
    (void)state;
    struct leases all = leases_of(2);
    take(&all, 1, 7, 0);
    assert_true(death_by_check(give_twice, &all));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_lease_is_another_buffer),
        cmocka_unit_test(test_one_that_is_given_back_comes_again_empty),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_what_is_left_begins_at_start),
        cmocka_unit_test(test_some_can_be_kept),
        cmocka_unit_test(test_giving_back_twice_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
