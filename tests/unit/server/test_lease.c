/* SPDX-License-Identifier: MIT */
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

/* ---- Whose is the oldest of the address that holds most ------------------ */

static void
test_the_oldest_of_the_address_that_holds_most_is_found(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    assert_int_equal(lease_oldest(&all, 0, 100), LEASE_NONE);
    take(&all, 1, 7, 10); /* the oldest of all */
    take(&all, 2, 9, 30);
    take(&all, 3, 9, 20);
    take(&all, 4, 7, 40);
    take(&all, 5, 9, 50);
    assert_int_equal(lease_oldest(&all, 6, 100), 2);
    assert_int_equal(lease_oldest(&all, 3, 100), 0); /* 7 has two, 9 two */
    uint32_t index = 1;
    lease_give(&all, &index);
    assert_int_equal(lease_oldest(&all, 5, 100), 0);
}

static void test_an_age_is_right_when_the_clock_wraps_around(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    take(&all, 1, 7, 5);
    take(&all, 2, 7, UINT32_MAX - 5);
    assert_int_equal(lease_oldest(&all, 9, 10), 1);
}

/* Addresses are counted in 256 buckets, and several can share one. */
static void test_addresses_in_one_bucket_are_told_apart(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    take(&all, 1, 7, 1);
    take(&all, 2, 7 + 256, 9);
    take(&all, 3, 7 + 512, 2);
    for (uint32_t i = 0; i < 3; i++)
        take(&all, 4 + i, 7 + 256, 10 + i);
    assert_int_equal(lease_oldest(&all, 0, 20), 1);
}

/* All are its own. */
static void test_nobody_gives_way_to_himself(void **state)
{
    (void)state;
    struct leases all = leases_of(COUNT);
    take(&all, 1, 7, 1);
    take(&all, 1, 7, 2);
    assert_int_equal(lease_oldest(&all, 1, 9), LEASE_NONE);
    assert_int_equal(lease_oldest(&all, 2, 9), 0);
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
        cmocka_unit_test(
            test_the_oldest_of_the_address_that_holds_most_is_found),
        cmocka_unit_test(test_an_age_is_right_when_the_clock_wraps_around),
        cmocka_unit_test(test_addresses_in_one_bucket_are_told_apart),
        cmocka_unit_test(test_nobody_gives_way_to_himself),
        cmocka_unit_test(test_one_that_is_given_back_comes_again_empty),
        cmocka_unit_test(test_what_does_not_fit_is_left_out_whole),
        cmocka_unit_test(test_what_is_left_begins_at_start),
        cmocka_unit_test(test_giving_back_twice_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
