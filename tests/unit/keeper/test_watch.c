/* SPDX-License-Identifier: MIT */
/* Goal: who hangs is ended, who lives never; who dies again and again waits. */
#include "keeper/watch.h"
#include "support/unit.h"

/* Looks, 100 ms apart, until it is said to hang: how many. */
static unsigned looks_until_it_hangs(struct watch *w, uint32_t turns)
{
    for (unsigned looks = 1; looks < 1000; looks++)
        if (watch_look(w, turns, WATCH_POKE) == WATCH_HANGS)
            return looks;
    return 0;
}

static void test_who_takes_turns_is_well(void **state)
{
    (void)state;
    struct watch w = {0};
    for (uint32_t turns = 1; turns < 100; turns++)
        assert_int_equal(watch_look(&w, turns, WATCH_LOOK), WATCH_WELL);
}

static void test_turns_are_counted_round_and_round(void **state)
{
    (void)state;
    struct watch w = {.turns = UINT32_MAX};
    assert_int_equal(watch_look(&w, 0, WATCH_LOOK), WATCH_WELL);
}

static void test_who_sleeps_is_woken_once(void **state)
{
    (void)state;
    struct watch w = {.turns = 7};
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(watch_look(&w, 7 + i, WATCH_LOOK), WATCH_WAKE);
        assert_int_equal(watch_look(&w, 8 + i, WATCH_POKE), WATCH_WELL);
    }
}

static void test_who_was_poked_20_times_in_vain_hangs(void **state)
{
    (void)state;
    struct watch w = {.turns = 7};
    assert_int_equal(looks_until_it_hangs(&w, 7), WATCH_POKES + 1);
}

static void test_a_turn_at_the_last_moment_saves_it(void **state)
{
    (void)state;
    struct watch w = {.turns = 7};
    for (unsigned i = 0; i < WATCH_POKES; i++)
        assert_int_equal(watch_look(&w, 7, WATCH_POKE), WATCH_WAKE);
    assert_int_equal(watch_look(&w, 8, WATCH_POKE), WATCH_WELL);
    assert_int_equal(looks_until_it_hangs(&w, 8), WATCH_POKES + 1);
}

static void test_a_keeper_that_was_not_awake_begins_anew(void **state)
{
    (void)state;
    for (unsigned before = 1; before <= WATCH_POKES; before++) {
        struct watch w = {.turns = 7};
        for (unsigned i = 0; i < before; i++)
            assert_int_equal(watch_look(&w, 7, WATCH_POKE), WATCH_WAKE);
        assert_int_equal(watch_look(&w, 7, WATCH_LATE + 1), WATCH_WAKE);
        assert_int_equal(looks_until_it_hangs(&w, 7), WATCH_POKES);
    }
}

static void test_a_little_late_is_awake(void **state)
{
    (void)state;
    struct watch w = {.turns = 7};
    for (unsigned i = 0; i < WATCH_POKES; i++)
        assert_int_equal(watch_look(&w, 7, WATCH_LATE), WATCH_WAKE);
    assert_int_equal(watch_look(&w, 7, WATCH_LATE), WATCH_HANGS);
}

static void test_who_is_started_anew_has_a_clean_slate(void **state)
{
    (void)state;
    struct watch w = {.turns = 7};
    for (unsigned i = 0; i < WATCH_POKES; i++)
        watch_look(&w, 7, WATCH_POKE);
    watch_started(&w, 5000);
    assert_int_equal(looks_until_it_hangs(&w, 7), WATCH_POKES + 1);
}

static void test_who_dies_soon_waits_ever_longer(void **state)
{
    static const uint64_t delays[] = {0,    100,  200,  400, 800,
                                      1600, 3200, 5000, 5000};
    (void)state;
    struct watch w = {0};
    uint64_t now = 1000;
    for (size_t i = 0; i < UNIT_COUNT(delays); i++) {
        watch_started(&w, now);
        now += WATCH_SOON - 1;
        assert_int_equal(watch_died(&w, now), delays[i]);
    }
}

static void test_a_long_life_is_forgiven(void **state)
{
    (void)state;
    struct watch w = {0};
    watch_started(&w, 1000);
    watch_died(&w, 1000);
    watch_died(&w, 1000);
    watch_started(&w, 2000);
    assert_int_equal(watch_died(&w, 2000 + WATCH_SOON), 0);
    assert_int_equal(watch_died(&w, 2000 + WATCH_SOON - 1), 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_takes_turns_is_well),
        cmocka_unit_test(test_turns_are_counted_round_and_round),
        cmocka_unit_test(test_who_sleeps_is_woken_once),
        cmocka_unit_test(test_who_was_poked_20_times_in_vain_hangs),
        cmocka_unit_test(test_a_turn_at_the_last_moment_saves_it),
        cmocka_unit_test(test_a_keeper_that_was_not_awake_begins_anew),
        cmocka_unit_test(test_a_little_late_is_awake),
        cmocka_unit_test(test_who_is_started_anew_has_a_clean_slate),
        cmocka_unit_test(test_who_dies_soon_waits_ever_longer),
        cmocka_unit_test(test_a_long_life_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
