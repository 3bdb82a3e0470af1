/* SPDX-License-Identifier: MIT */
/*
 * Goal: several workers count as one, are never more than they may be, and leave
 * nothing behind.
 */
#include "server/crew.h"
#include "os/bell.h"
#include "sim/os.h"
#include "support/unit.h"

#define WORKERS 3
#define SLOTS   5
#define ROOMS   4

static _Alignas(ARENA_ALIGN) uint8_t memory[2 * 1024 * 1024];
static struct crew crews[WORKERS]; /* as each of them sees it */

static int begin(void **state)
{
    (void)state;
    struct crew c = {.slots = SLOTS};
    const struct crew_plan plan = {
        .workers = WORKERS, .connections = 8, .rooms = ROOMS, .per_ip = true};
    struct arena a;
    sim_begin();
    memset(memory, 0, sizeof memory);
    arena_init(&a, memory, sizeof memory);
    crew_carve(&c, &a, &plan);
    uint8_t *map = arena_carve(&a, 1, map_size(ROOMS, 4096));
    assert_false(a.overflow);
    map_over(&c.map, map, ROOMS, 4096);
    map_begin(&c.map, ROOMS);
    c.keeper_bell = bell_open();
    for (uint32_t w = 0; w < WORKERS; w++)
        c.bells[w] = bell_open();
    for (uint32_t w = 0; w < WORKERS; w++) {
        crews[w] = c;
        crews[w].worker = w;
    }
    return 0;
}

static int end(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

/* The workers that are woken by it. */
static uint32_t bury(uint32_t worker)
{
    uint32_t wake;
    assert_int_equal(crew_bury(&crews[0], worker, &wake), STORE_DONE);
    return wake;
}

static void tell(uint32_t worker, enum crew_gauge gauge, uint32_t value)
{
    uint32_t now[CREW_GAUGES] = {0};
    now[gauge] = value;
    crew_tell(&crews[worker], now, NULL);
}

/* ---- Numbers ------------------------------------------------------------- */

static void test_measuring_and_carving_are_alike(void **state)
{
    (void)state;
    for (uint32_t workers = 2; workers <= BOARD_WORKERS; workers += 15)
        for (int per_ip = 0; per_ip < 2; per_ip++) {
            struct crew c = {0};
            struct arena a;
            const struct crew_plan plan = {.workers = workers,
                                           .connections = 8,
                                           .rooms = 2,
                                           .per_ip = per_ip};
            arena_init(&a, NULL, SIZE_MAX);
            crew_carve(&c, &a, &plan);
            size_t measured = a.used;
            if (measured > sizeof memory)
                fail_msg("%zu bytes", measured);
            memset(memory, 0, sizeof memory);
            arena_init(&a, memory, measured);
            crew_carve(&c, &a, &plan);
            assert_false(a.overflow);
            assert_int_equal(a.used, measured);
            assert_int_equal(c.addresses != NULL, per_ip);
        }
}

/* The bus is on the board, and has a bell and a part; of what is counted by
   workers it has nothing. */
static void test_a_bus_is_one_more_on_the_board(void **state)
{
    (void)state;
    struct crew c = {0};
    struct arena a;
    const struct crew_plan plan = {.workers = 1,
                                   .connections = 8,
                                   .rooms = 2,
                                   .per_ip = true,
                                   .has_bus = true,
                                   .queue = 5000};
    arena_init(&a, NULL, SIZE_MAX);
    crew_carve(&c, &a, &plan);
    size_t measured = a.used;
    assert_true(measured <= sizeof memory);
    memset(memory, 0, sizeof memory);
    arena_init(&a, memory, measured);
    crew_carve(&c, &a, &plan);
    assert_false(a.overflow);
    assert_int_equal(a.used, measured);
    assert_true(crew_is_shared(&c));
    assert_int_equal(c.count, 1);
    assert_int_equal(crew_processes(&c), 2);
    assert_int_equal(c.board.worker_count, 2);
    assert_non_null(c.board.people);
    assert_int_equal(c.addresses->worker_count, 1);
    assert_int_equal(c.proposals[0].size, 8192);
    assert_int_equal((uintptr_t)c.proposals[0].bytes % ARENA_ALIGN, 0);
    assert_int_equal(atom_get(&c.board.bus->state), BOARD_BUS_AWAY);
    c.worker = CREW_KEEPER;
    atom_put(&c.parts[1].gauges[CREW_SLOTS], 7); /* never */
    assert_int_equal(crew_sum(&c, CREW_SLOTS), 0);
}

static void test_a_room_that_only_a_bus_has_open_counts_for_nobody(void **state)
{
    (void)state;
    struct crew c = crews[0];
    c.count = WORKERS - 1;
    c.has_bus = true;
    c.map.header->used = 3;
    atom_put(&c.board.rooms[0].open, 1 << (WORKERS - 1));
    atom_put(&c.board.rooms[1].open, 1 | 1 << (WORKERS - 1));
    assert_int_equal(crew_rooms(&c), 1);
}

static void test_a_bus_is_buried_without_numbers(void **state)
{
    static struct propose_ring ring;
    static struct board_bus told;
    uint32_t wake;
    (void)state;
    struct crew c = crews[0];
    c.count = WORKERS - 1;
    c.has_bus = true;
    c.proposals = &ring;
    c.board.bus = &told;
    memset(&c.crowds[WORKERS - 1], 7, sizeof *c.crowds);
    atom_put(&c.parts[WORKERS - 1].serves, 1);
    atom_put(&c.board.workers[0].asleep, 1);
    assert_int_equal(crew_bury(&c, WORKERS - 1, &wake), STORE_DONE);
    assert_int_equal(wake, 1);
    assert_int_equal(atom_get(&c.parts[WORKERS - 1].serves), 0);
    assert_int_equal(*(uint8_t *)&c.crowds[WORKERS - 1], 7);
}

static void test_what_all_have_is_added_up(void **state)
{
    (void)state;
    tell(0, CREW_LEASES, 1);
    tell(1, CREW_LEASES, 10);
    tell(2, CREW_LEASES, 100);
    assert_int_equal(crew_sum(&crews[0], CREW_LEASES), 111);
    assert_int_equal(crew_elsewhere(&crews[1], CREW_LEASES), 101);
    uint32_t now[CREW_GAUGES] = {[CREW_LEASES] = 3}; /* by now */
    crew_add_gauges(&crews[2], now);
    assert_int_equal(now[CREW_LEASES], 14);
    struct crew keeper = crews[0];
    keeper.worker = CREW_KEEPER;
    assert_int_equal(crew_elsewhere(&keeper, CREW_LEASES), 111);
}

static void test_who_is_alone_has_what_it_has(void **state)
{
    (void)state;
    struct crew alone = {.count = 1};
    struct stats stats = {.accepted = 7};
    uint32_t now[CREW_GAUGES] = {[CREW_LEASES] = 3};
    assert_false(crew_is_shared(&alone));
    crew_add_gauges(&alone, now);
    crew_add_stats(&alone, &stats);
    assert_int_equal(now[CREW_LEASES], 3);
    assert_int_equal(stats.accepted, 7);
}

static void test_counters_are_added_up(void **state)
{
    (void)state;
    struct stats own = {.accepted = 1, .began = 77};
    struct stats other = {.accepted = UINT64_C(0x100000001)};
    const uint32_t now[CREW_GAUGES] = {0};
    stats_refuse(&own, 404, "not here");
    stats_refuse(&other, 404, "not here");
    stats_refuse(&other, 403, "no");
    crew_tell(&crews[0], now, &own);
    crew_tell(&crews[1], now, &other);
    crew_tell(&crews[2], now, &other);
    crew_add_stats(&crews[0], &own);
    assert_true(own.accepted == UINT64_C(0x200000003));
    assert_int_equal(own.began, 77);
    assert_int_equal(own.refusals[0].count, 3);
    assert_int_equal(own.refusals[1].count, 2);
}

static void test_turns_are_each_ones_own(void **state)
{
    (void)state;
    crew_turned(&crews[1]);
    crew_turned(&crews[1]);
    crew_turned(&crews[2]);
    assert_int_equal(atom_get(&crews[0].board.workers[0].turns), 0);
    assert_int_equal(atom_get(&crews[0].board.workers[1].turns), 2);
    assert_int_equal(atom_get(&crews[0].board.workers[2].turns), 1);
}

static void test_the_keeper_is_woken_by_the_first_client_alone(void **state)
{
    (void)state;
    int bell = crews[0].keeper_bell;
    tell(0, CREW_SLOTS, 0);
    assert_int_equal(sim_rung(bell), 0);
    tell(0, CREW_SLOTS, 1);
    assert_int_equal(sim_rung(bell), 1);
    tell(0, CREW_SLOTS, 2);
    tell(1, CREW_SLOTS, 1);
    assert_int_equal(sim_rung(bell), 1);
    atom_put(&crews[0].common->watched, 0);
    tell(1, CREW_SLOTS, 1);
    assert_int_equal(sim_rung(bell), 2);
}

/* ---- Slots --------------------------------------------------------------- */

static void test_all_together_have_as_many_slots_as_there_are(void **state)
{
    (void)state;
    assert_true(crew_claim(&crews[0], 1));
    assert_true(crew_claim(&crews[1], 1));
    assert_true(crew_claim(&crews[1], 2));
    assert_true(crew_claim(&crews[2], 1));
    assert_true(crew_claim(&crews[0], 2));
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_false(crew_claim(&crews[w], 3));
    assert_int_equal(crew_sum(&crews[0], CREW_REGULAR), SLOTS);
}

static void test_a_slot_that_was_given_back_is_anybodys(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= SLOTS; i++)
        assert_true(crew_claim(&crews[0], i));
    assert_false(crew_claim(&crews[1], 1));
    tell(0, CREW_REGULAR, SLOTS - 1);
    assert_true(crew_claim(&crews[1], 1));
    assert_false(crew_claim(&crews[0], SLOTS));
}

static void test_in_place_of_one_that_has_gone_another_may_come(void **state)
{
    (void)state;
    for (uint32_t i = 1; i <= SLOTS; i++)
        assert_true(crew_claim(&crews[0], i));
    tell(1, CREW_REGULAR, 1);                  /* it is about to be refused */
    assert_true(crew_claim(&crews[0], SLOTS)); /* one ended in this turn */
    assert_false(crew_claim(&crews[0], SLOTS + 1));
}

static void test_the_one_with_the_most_idle_ones_is_asked(void **state)
{
    (void)state;
    tell(0, CREW_IDLE, 9);
    tell(1, CREW_IDLE, 1);
    tell(2, CREW_IDLE, 2);
    crew_ask(&crews[0]);
    assert_int_equal(sim_rung(crews[0].bells[2]), 1);
    assert_false(crew_asked(&crews[0]));
    assert_false(crew_asked(&crews[1]));
    assert_true(crew_asked(&crews[2]));
    assert_false(crew_asked(&crews[2])); /* once */
}

static void test_where_nobody_is_idle_nobody_is_asked(void **state)
{
    (void)state;
    crew_ask(&crews[0]);
    for (uint32_t w = 0; w < WORKERS; w++) {
        assert_int_equal(sim_rung(crews[w].bells[w]), 0);
        assert_false(crew_asked(&crews[w]));
    }
}

/* ---- Deaths -------------------------------------------------------------- */

static struct store store_of(uint32_t worker)
{
    static struct store_reader readers[WORKERS][ROOMS];
    return (struct store){.map = crews[worker].map,
                          .board = crews[worker].board,
                          .worker = worker,
                          .readers = readers[worker]};
}

static void test_a_dead_worker_has_nothing_but_what_it_counted(void **state)
{
    (void)state;
    struct stats stats = {.accepted = 7, .open[CLIENT_ECHO] = 2};
    uint32_t now[CREW_GAUGES];
    for (unsigned i = 0; i < CREW_GAUGES; i++)
        now[i] = 1 + i;
    crew_tell(&crews[1], now, &stats);
    atom_put(&crews[1].parts[1].serves, 1);
    atom_put(&crews[1].parts[1].asked, 1);
    bury(1);
    for (unsigned i = 0; i < CREW_GAUGES; i++)
        assert_int_equal(crew_sum(&crews[0], (enum crew_gauge)i), 0);
    assert_int_equal(atom_get(&crews[1].parts[1].serves), 0);
    assert_int_equal(atom_get(&crews[1].parts[1].asked), 0);
    assert_int_equal(crews[1].parts[1].stats.accepted, 7);
    assert_int_equal(crews[1].parts[1].stats.open[CLIENT_ECHO], 0);
}

static void test_its_rooms_and_locks_are_free(void **state)
{
    (void)state;
    struct store dead = store_of(1);
    uint32_t room;
    bool anew;
    assert_int_equal(
        store_open(&dead, BYTES_LITERAL("tea"), 1, 0, &room, &anew),
        STORE_DONE);
    assert_int_equal(crew_rooms(&crews[0]), 1);
    assert_int_equal(store_seize(&dead, room, 100), STORE_DONE);
    assert_true(board_lock(&crews[1].board.table->lock, 1));
    bury(1);
    assert_int_equal(crew_rooms(&crews[0]), 0);
    struct store other = store_of(0);
    assert_int_equal(
        store_open(&other, BYTES_LITERAL("tea"), 1, 0, &room, &anew),
        STORE_DONE);
    assert_int_equal(store_seize(&other, room, 100), STORE_DONE);
}

static void test_one_that_died_before_it_may_be_in_the_way(void **state)
{
    (void)state;
    uint32_t wake;
    assert_true(board_lock(&crews[1].board.table->lock, 1));
    assert_int_equal(crew_bury(&crews[0], 2, &wake), STORE_BUSY);
    bury(1);
    bury(2);
}

static void test_who_waited_for_it_is_woken(void **state)
{
    (void)state;
    struct store dead = store_of(1), other = store_of(2);
    uint32_t room;
    bool anew;
    store_open(&dead, BYTES_LITERAL("tea"), 1, 0, &room, &anew);
    store_open(&other, BYTES_LITERAL("tea"), 1, 0, &room, &anew);
    assert_int_equal(store_seize(&dead, room, 100), STORE_DONE);
    assert_int_equal(store_seize(&other, room, 100), STORE_BUSY);
    while (store_rung(&other) != STORE_NONE)
        ;
    assert_true(store_sleep(&other));
    assert_int_equal(bury(1), 1 << 2);
    assert_int_equal(store_rung(&other), room);
}

static void test_its_crowds_are_counted_no_more(void **state)
{
    (void)state;
    struct address_crowd dead = {
        .workers = crews[0].crowds, .worker_count = WORKERS, .worker = 1};
    struct address_crowd other = dead;
    other.worker = 0;
    for (unsigned i = 0; i < 4; i++)
        assert_false(address_join(&dead, 7, 8));
    bury(1);
    for (unsigned i = 0; i < 4; i++)
        assert_false(address_join(&other, 7, 8));
    assert_true(address_join(&other, 7, 8));
}

static void test_its_addresses_are_counted_no_more(void **state)
{
    (void)state;
    struct socket_address a;
    assert_true(socket_parse(BYTES_LITERAL("192.0.2.1:1"), &a));
    struct addresses dead = crews[1].addresses[1];
    struct addresses other = crews[0].addresses[0];
    assert_true(address_enter(&dead, &a, 2) && address_enter(&dead, &a, 2));
    assert_int_equal(address_enter(&other, &a, 2), 0);
    bury(1);
    assert_true(address_enter(&other, &a, 2) && address_enter(&other, &a, 2));
    /* Its successor begins with what is there. */
    struct addresses next = crews[1].addresses[1];
    assert_int_equal(address_enter(&next, &a, 2), 0);
    uint32_t entry = address_enter(&next, &a, 3);
    assert_true(entry != 0);
    address_leave(&next, entry);
    assert_int_equal(next.slots.count, 0);
}

#define CREW_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CREW_TEST(test_measuring_and_carving_are_alike),
        CREW_TEST(test_a_bus_is_one_more_on_the_board),
        CREW_TEST(test_a_room_that_only_a_bus_has_open_counts_for_nobody),
        CREW_TEST(test_a_bus_is_buried_without_numbers),
        CREW_TEST(test_what_all_have_is_added_up),
        CREW_TEST(test_who_is_alone_has_what_it_has),
        CREW_TEST(test_counters_are_added_up),
        CREW_TEST(test_turns_are_each_ones_own),
        CREW_TEST(test_the_keeper_is_woken_by_the_first_client_alone),
        CREW_TEST(test_all_together_have_as_many_slots_as_there_are),
        CREW_TEST(test_a_slot_that_was_given_back_is_anybodys),
        CREW_TEST(test_in_place_of_one_that_has_gone_another_may_come),
        CREW_TEST(test_the_one_with_the_most_idle_ones_is_asked),
        CREW_TEST(test_where_nobody_is_idle_nobody_is_asked),
        CREW_TEST(test_a_dead_worker_has_nothing_but_what_it_counted),
        CREW_TEST(test_its_rooms_and_locks_are_free),
        CREW_TEST(test_one_that_died_before_it_may_be_in_the_way),
        CREW_TEST(test_who_waited_for_it_is_woken),
        CREW_TEST(test_its_crowds_are_counted_no_more),
        CREW_TEST(test_its_addresses_are_counted_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
