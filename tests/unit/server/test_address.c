/* SPDX-License-Identifier: MIT */
/*
 * Goal: an address has so many connections as are counted, however they come and
 * go, and no two addresses count as one.
 */
#include "server/address.h"
#include "support/death.h"
#include "support/random.h"
#include "support/unit.h"

#define COUNT 8

static _Alignas(ARENA_ALIGN) uint8_t memory[1024];

static struct addresses addresses_of(uint64_t seed)
{
    struct addresses all = {.seed = seed};
    struct arena arena;
    memset(memory, 0, sizeof memory);
    arena_init(&arena, memory, sizeof memory);
    address_carve(&all, &arena, COUNT);
    assert_false(arena.overflow);
    return all;
}

static struct socket_address ip(const char *text)
{
    struct socket_address a;
    assert_true(socket_parse(bytes_of(text), &a));
    return a;
}

static void test_an_address_may_come_so_often_and_no_oftener(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.2:1");
    uint32_t first = address_enter(&all, &a, 2);
    assert_true(first != 0);
    assert_int_equal(address_enter(&all, &a, 2), first);
    assert_int_equal(address_enter(&all, &a, 2), 0);
    assert_true(address_enter(&all, &b, 2) != first);
    address_leave(&all, first);
    assert_int_equal(address_enter(&all, &a, 2), first);
}

static void test_the_port_does_not_matter(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.1:2");
    assert_int_equal(address_enter(&all, &a, 2), address_enter(&all, &b, 2));
}

static void test_ipv4_and_ipv6_with_the_same_bytes_are_two(void **state)
{
    (void)state;
    struct socket_address a = ip("0.0.0.0:1"), b = ip("[::]:1");
    for (uint64_t seed = 0; seed < 100; seed++) { /* some have one bucket */
        struct addresses all = addresses_of(seed);
        assert_true(address_enter(&all, &a, 1) != 0);
        assert_true(address_enter(&all, &b, 1) != 0);
    }
}

static void test_an_ipv6_address_counts_by_its_first_64_bits(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    struct socket_address a = ip("[2001:db8::1]:1");
    struct socket_address near = ip("[2001:db8::ffff:0:0:2]:1");
    struct socket_address far = ip("[2001:db8:0:1::1]:1");
    assert_true(address_enter(&all, &a, 1) != 0);
    assert_int_equal(address_enter(&all, &near, 1), 0);
    assert_true(address_enter(&all, &far, 1) != 0);
}

static void test_an_ipv4_address_is_one_however_it_is_written(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    struct socket_address a = ip("192.0.2.1:1");
    struct socket_address same = ip("[::ffff:192.0.2.1]:1");
    struct socket_address other = ip("[::ffff:192.0.2.2]:1");
    assert_true(address_enter(&all, &a, 1) != 0);
    assert_int_equal(address_enter(&all, &same, 1), 0);
    assert_true(address_enter(&all, &other, 1) != 0);
}

static void test_a_key_tells_addresses_apart_as_the_count_does(void **state)
{
    (void)state;
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.2:1");
    struct socket_address port = ip("192.0.2.1:2");
    struct socket_address mapped = ip("[::ffff:192.0.2.1]:1");
    struct socket_address v6 = ip("[2001:db8::1]:1");
    struct socket_address near = ip("[2001:db8::2]:1");
    struct socket_address far = ip("[2001:db8:0:1::1]:1");
    struct socket_address name = ip("unix:/somewhere");
    for (uint64_t seed = 0; seed < 100; seed++) {
        uint32_t key = address_key(seed, &a);
        assert_int_not_equal(key, 0);
        assert_int_not_equal(key, address_key(seed, &b));
        assert_int_not_equal(key, address_key(seed + 1, &a));
        assert_int_equal(key, address_key(seed, &port));
        assert_int_equal(key, address_key(seed, &mapped));
        assert_int_equal(address_key(seed, &v6), address_key(seed, &near));
        assert_int_not_equal(address_key(seed, &v6), address_key(seed, &far));
        assert_int_equal(address_key(seed, &name), 0);
    }
}

/* 0 is the key of nobody. */
static void test_no_address_has_the_key_of_nobody(void **state)
{
    (void)state;
    struct socket_address a = ip("192.0.2.1:1");
    uint64_t owner = UINT64_C(0xFFFFFFFFC0000201); /* whose hash is then 0 */
    assert_int_equal(address_key(owner, &a), 1);
}

static void test_an_entry_goes_with_its_last_connection(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    struct socket_address a = ip("192.0.2.1:1");
    uint32_t entry = address_enter(&all, &a, 2);
    address_enter(&all, &a, 2);
    address_leave(&all, entry);
    assert_int_equal(all.slots.count, 1);
    address_leave(&all, entry);
    assert_int_equal(all.slots.count, 0);
    address_leave(&all, 0); /* nothing happens */
}

/* As many addresses as there are entries come and go, so that chains of every
   length have entries taken out of them anywhere. */
static void property_counts_are_right(struct random *r)
{
    struct addresses all = addresses_of(random_next(r));
    uint32_t held[COUNT] = {0}, entries[COUNT] = {0};
    for (unsigned i = 0; i < 400; i++) {
        size_t who = (size_t)random_below(r, COUNT);
        struct socket_address a = {.family = SOCKET_INET,
                                   .ip = {10, 0, 0, (uint8_t)who}};
        if (random_below(r, 2)) {
            uint32_t entry = address_enter(&all, &a, 3);
            assert_int_equal(entry != 0, held[who] < 3);
            if (entry) {
                assert_true(held[who] == 0 || entries[who] == entry);
                entries[who] = entry;
                held[who]++;
            }
        } else if (held[who]) {
            held[who]--;
            address_leave(&all, entries[who]);
        }
        uint32_t there = 0;
        for (size_t j = 0; j < COUNT; j++)
            there += held[j] > 0;
        assert_int_equal(all.slots.count, there);
    }
}

static void test_counts_are_right_however_they_come_and_go(void **state)
{
    (void)state;
    RANDOM_PROPERTY(property_counts_are_right, 50);
}

static void leave_once_too_often(void *context)
{
    struct socket_address a = ip("192.0.2.1:1");
    uint32_t entry = address_enter(context, &a, 1);
    address_leave(context, entry);
    address_leave(context, entry);
}

static void test_leaving_once_too_often_stops_the_process(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    assert_true(death_by_check(leave_once_too_often, &all));
}

/* ---- Of several workers --------------------------------------------------- */

#define WORKERS 3

/* As each of them has it: what is private, and what all can read. */
static struct addresses shared[WORKERS];

static void share(uint64_t seed)
{
    static _Alignas(ARENA_ALIGN) uint8_t bytes[4096];
    static struct addresses all[WORKERS];
    struct arena arena;
    memset(bytes, 0, sizeof bytes);
    arena_init(&arena, bytes, sizeof bytes);
    for (uint32_t w = 0; w < WORKERS; w++) {
        all[w] = (struct addresses){
            .seed = seed, .others = all, .worker_count = WORKERS, .worker = w};
        address_share(&all[w], &arena, COUNT);
    }
    for (uint32_t w = 0; w < WORKERS; w++) {
        shared[w] = all[w];
        address_carve(&shared[w], &arena, COUNT);
        assert_non_null(shared[w].entry_of);
    }
    assert_false(arena.overflow);
}

static void test_an_address_counts_with_all_workers(void **state)
{
    (void)state;
    share(1);
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.2:1");
    uint32_t first = address_enter(&shared[0], &a, 2);
    assert_true(first && address_enter(&shared[1], &a, 2));
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_int_equal(address_enter(&shared[w], &a, 2), 0);
    assert_true(address_enter(&shared[2], &b, 2) != 0);
    address_leave(&shared[0], first);
    assert_true(address_enter(&shared[2], &a, 2) != 0);
    /* Who was refused holds nothing. */
    assert_int_equal(shared[0].slots.count, 0);
    assert_int_equal(shared[2].slots.count, 2);
}

static void
test_one_that_died_in_the_midst_of_a_change_stops_nobody(void **state)
{
    (void)state;
    share(1);
    struct socket_address a = ip("192.0.2.1:1");
    address_enter(&shared[1], &a, 3);
    atom_put(shared[1].changes, atom_get(shared[1].changes) + 1);
    assert_int_equal(address_enter(&shared[0], &a, 1), 0);
    address_forget(&shared[1]);
    assert_true(address_enter(&shared[0], &a, 1) != 0);
    assert_int_equal(atom_get(shared[1].changes), 0);
}

static void test_what_others_have_written_is_not_believed(void **state)
{
    (void)state;
    share(1);
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.2:1");
    /* Chains that lead into themselves, or nowhere. */
    shared[1].table[0].owner = 1;
    atom_put(&shared[1].table[0].next, 1);
    for (size_t i = 0; i < COUNT; i++) {
        atom_put(&shared[1].buckets[i], 1);
        atom_put(&shared[2].buckets[i], UINT32_MAX);
    }
    assert_true(address_enter(&shared[0], &a, 1) != 0);
    assert_true(address_enter(&shared[0], &b, 1) != 0);
}

/* Each worker's count against one array, while they come and go and die. */
static void property_all_workers_count_as_one(struct random *r)
{
    share(random_next(r));
    uint32_t held[WORKERS][COUNT] = {{0}}, entries[WORKERS][COUNT] = {{0}};
    for (unsigned i = 0; i < 600; i++) {
        size_t w = (size_t)random_below(r, WORKERS);
        size_t who = (size_t)random_below(r, COUNT);
        struct socket_address a = {.family = SOCKET_INET,
                                   .ip = {10, 0, 0, (uint8_t)who}};
        if (random_below(r, 50) == 0) {
            struct addresses *dead = &shared[w];
            address_forget(dead);
            memset(held[w], 0, sizeof held[w]);
        } else if (random_below(r, 2)) {
            uint32_t sum = held[0][who] + held[1][who] + held[2][who];
            uint32_t entry = address_enter(&shared[w], &a, 4);
            assert_int_equal(entry != 0, sum < 4);
            if (entry) {
                entries[w][who] = entry;
                held[w][who]++;
            }
        } else if (held[w][who]) {
            held[w][who]--;
            address_leave(&shared[w], entries[w][who]);
        }
    }
}

static void test_workers_count_as_one_however_they_come_and_go(void **state)
{
    (void)state;
    RANDOM_PROPERTY(property_all_workers_count_as_one, 50);
}

/* ---- Crowds -------------------------------------------------------------- */

static void enter_once_too_often(void *context)
{
    struct socket_address a = ip("192.0.2.1:1"), b = ip("192.0.2.2:1");
    struct addresses *all = context;
    slots_init(&all->slots, &all->table->slot, sizeof *all->table, 1);
    address_enter(all, &a, 1);
    address_enter(all, &b, 1);
}

static void test_more_addresses_than_places_stop_the_process(void **state)
{
    (void)state;
    struct addresses all = addresses_of(1);
    assert_true(death_by_check(enter_once_too_often, &all));
}

static void test_a_crowd_is_told_once(void **state)
{
    static struct address_crowds counts;
    const struct address_crowd all = {.workers = &counts, .worker_count = 1};
    (void)state;
    memset(&counts, 0, sizeof counts);
    for (unsigned i = 0; i < 4; i++)
        assert_false(address_join(&all, 7, 8));
    assert_false(address_join(&all, 8, 8)); /* another one */
    for (unsigned i = 0; i < 8; i++)
        assert_false(address_join(&all, 0, 8)); /* and nobody's */
    assert_true(address_join(&all, 7, 8));
    assert_false(address_join(&all, 7, 8));
    for (unsigned i = 0; i < 4; i++)
        address_part(&all, 7, 8); /* a quarter it has still */
    for (unsigned i = 0; i < 3; i++)
        assert_false(address_join(&all, 7, 8));
    for (unsigned i = 0; i < 4; i++)
        address_part(&all, 7, 8);
    for (unsigned i = 0; i < 3; i++)
        assert_false(address_join(&all, 7, 8));
    for (unsigned i = 0; i < 8; i++)
        address_part(&all, 0, 8);
    assert_true(address_join(&all, 7, 8));
}

static void test_another_who_parts_does_not_make_it_new(void **state)
{
    static struct address_crowds counts;
    const struct address_crowd all = {.workers = &counts, .worker_count = 1};
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_false(address_join(&all, 7, 8));
    assert_true(address_join(&all, 7, 8));
    address_join(&all, 8, 8);
    address_part(&all, 8, 8);
    assert_false(address_join(&all, 7, 8));
}

static void test_a_crowd_of_all_workers_is_told_once(void **state)
{
    static struct address_crowds counts[WORKERS];
    struct address_crowd all[WORKERS];
    (void)state;
    memset(counts, 0, sizeof counts);
    for (uint32_t w = 0; w < WORKERS; w++)
        all[w] = (struct address_crowd){
            .workers = counts, .worker_count = WORKERS, .worker = w};
    for (unsigned i = 0; i < 4; i++)
        assert_false(address_join(&all[i % WORKERS], 7, 8));
    assert_true(address_join(&all[2], 7, 8));
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_false(address_join(&all[w], 7, 8)); /* 8 there are */
    for (unsigned i = 0; i < 2; i++)
        for (uint32_t w = 0; w < WORKERS; w++)
            address_part(&all[w], 7, 8);
    for (unsigned i = 0; i < 2; i++)
        assert_false(address_join(&all[0], 7, 8)); /* a quarter it had still */
    for (unsigned i = 0; i < 3; i++)
        address_part(&all[0], 7, 8); /* by another than told it */
    for (unsigned i = 0; i < 3; i++)
        assert_false(address_join(&all[1], 7, 8));
    assert_true(address_join(&all[1], 7, 8));
}

static void part_once_too_often(void *context)
{
    address_part(context, 7, 8);
}

static void test_a_crowd_of_nobody_cannot_part(void **state)
{
    static struct address_crowds counts;
    struct address_crowd all = {.workers = &counts, .worker_count = 1};
    (void)state;
    assert_true(death_by_check(part_once_too_often, &all));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_may_come_so_often_and_no_oftener),
        cmocka_unit_test(test_the_port_does_not_matter),
        cmocka_unit_test(test_ipv4_and_ipv6_with_the_same_bytes_are_two),
        cmocka_unit_test(test_an_ipv6_address_counts_by_its_first_64_bits),
        cmocka_unit_test(test_an_ipv4_address_is_one_however_it_is_written),
        cmocka_unit_test(test_a_key_tells_addresses_apart_as_the_count_does),
        cmocka_unit_test(test_no_address_has_the_key_of_nobody),
        cmocka_unit_test(test_an_entry_goes_with_its_last_connection),
        cmocka_unit_test(test_counts_are_right_however_they_come_and_go),
        cmocka_unit_test(test_leaving_once_too_often_stops_the_process),
        cmocka_unit_test(test_an_address_counts_with_all_workers),
        cmocka_unit_test(
            test_one_that_died_in_the_midst_of_a_change_stops_nobody),
        cmocka_unit_test(test_what_others_have_written_is_not_believed),
        cmocka_unit_test(test_workers_count_as_one_however_they_come_and_go),
        cmocka_unit_test(test_more_addresses_than_places_stop_the_process),
        cmocka_unit_test(test_a_crowd_is_told_once),
        cmocka_unit_test(test_another_who_parts_does_not_make_it_new),
        cmocka_unit_test(test_a_crowd_of_all_workers_is_told_once),
        cmocka_unit_test(test_a_crowd_of_nobody_cannot_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
