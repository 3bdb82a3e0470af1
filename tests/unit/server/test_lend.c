/* SPDX-License-Identifier: MIT */
#include "server/lend.h"
#include "sim/peer.h"

#define COUNT 16

/* No more of a server than is looked at. */
static struct server server;
static struct client clients[COUNT];

static void begin(void)
{
    static struct lease table[COUNT];
    static uint8_t bytes[COUNT];
    memset(table, 0, sizeof table);
    memset(clients, 0, sizeof clients);
    server.clients.table = clients;
    lease_init(&server.leases, table, bytes, COUNT, 1);
}

static void take(uint32_t owner, uint32_t address, uint32_t now)
{
    lease_take(&server.leases, owner, address, now);
}

static uint32_t oldest(uint32_t but, uint64_t now)
{
    server.now = now;
    return lend_oldest(&server, &server.leases, &clients[but]);
}

/* ---- Whose is the oldest of the address that holds most ------------------ */

static void
test_the_oldest_of_the_address_that_holds_most_is_found(void **state)
{
    (void)state;
    begin();
    assert_int_equal(oldest(0, 100), LEASE_NONE);
    take(1, 7, 10); /* the oldest of all */
    take(2, 9, 30);
    take(3, 9, 20);
    take(4, 7, 40);
    take(5, 9, 50);
    assert_int_equal(oldest(6, 100), 2);
    assert_int_equal(oldest(3, 100), 0); /* 7 has two, 9 two */
    uint32_t index = 1;
    lease_give(&server.leases, &index);
    assert_int_equal(oldest(5, 100), 0);
}

static void test_an_age_is_right_when_the_clock_wraps_around(void **state)
{
    (void)state;
    begin();
    take(1, 7, 5);
    take(2, 7, UINT32_MAX - 5);
    assert_int_equal(oldest(9, 10), 1);
}

/* Addresses are counted in 256 buckets, and several can share one. */
static void test_addresses_in_one_bucket_are_told_apart(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(2, 7 + 256, 9);
    take(3, 7 + 512, 2);
    for (uint32_t i = 0; i < 3; i++)
        take(4 + i, 7 + 256, 10 + i);
    assert_int_equal(oldest(0, 20), 1);
}

/* All are its own. */
static void test_nobody_gives_way_to_himself(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(1, 7, 2);
    assert_int_equal(oldest(1, 9), LEASE_NONE);
    assert_int_equal(oldest(2, 9), 0);
}

/* Its message would have to be published meanwhile. */
static void test_who_has_a_message_that_waits_is_passed_over(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(2, 7, 2);
    clients[1].taken = FRAME_TEXT;
    assert_int_equal(oldest(9, 9), 1);
    clients[2].taken = FRAME_TEXT;
    assert_int_equal(oldest(9, 9), LEASE_NONE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_the_oldest_of_the_address_that_holds_most_is_found),
        cmocka_unit_test(test_an_age_is_right_when_the_clock_wraps_around),
        cmocka_unit_test(test_addresses_in_one_bucket_are_told_apart),
        cmocka_unit_test(test_nobody_gives_way_to_himself),
        cmocka_unit_test(test_who_has_a_message_that_waits_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
