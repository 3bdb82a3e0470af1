/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is said in a room is heard in one order, once; what is missing is told
 * as a gap; what cannot be known is told to whom has said it; and what stands in
 * Redis that is none of ours harms nobody.
 */
#include "bus/script.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t tea;

static int begin(void **state)
{
    (void)state;
    script_begin(&(struct world_plan){.workers = 2});
    script_turns();
    tea = script_opens(0, "tea");
    script_forget();
    return 0;
}

static struct store_id last(void)
{
    return store_end(script_worker(0), tea);
}

static void say(const char *text)
{
    script_says(0, tea, text);
    script_turns();
}

static void rung(void)
{
    script_rings(SCRIPT_NODE, "r", BYTES_LITERAL("tea"));
    script_turns();
}

static void other_says(const char *text)
{
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, text));
    rung();
}

/* ---- Said and heard ------------------------------------------------------ */

static void test_what_is_said_is_heard_once_by_all(void **state)
{
    (void)state;
    assert_int_equal(script_opens(1, "tea"), tea);
    say("a");
    other_says("b");
    say("c");
    assert_string_equal(script_hears(0, tea), "a b c");
    assert_string_equal(script_hears(1, tea), "a b c");
    assert_int_equal(script_asked("XADD chatd:r:tea MAXLEN"), 1);
    assert_int_equal(script_asked("XADD chatd:r:tea NOMKSTREAM"), 1);
    assert_true(bus_is_idle(script_bus()));
    assert_int_equal(atom_get(&script_board()->in_flight), 0);
    assert_int_equal(atom_get(&script_board()->proposed), 2);
    assert_int_equal(atom_get(&script_board()->heard), 3);
    assert_int_equal(atom_get(&script_board()->swept), 0);
}

static void test_until_it_is_read_back_it_is_in_flight(void **state)
{
    (void)state;
    script.is_stuck[BUS_W] = true;
    script_says(0, tea, "a");
    assert_false(bus_is_idle(script_bus()));
    script_turns();
    assert_int_equal(atom_get(&script_board()->in_flight), 1);
    assert_false(bus_is_idle(script_bus()));
    script.is_stuck[BUS_W] = false;
    script_turns();
    assert_true(bus_is_idle(script_bus()));
}

static void test_a_bell_that_is_lost_loses_nothing(void **state)
{
    (void)state;
    say("a");
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    script_turns();
    assert_string_equal(script_hears(0, tea), "a");
    script_passes(BUS_SWEEP + 250);
    assert_string_equal(script_hears(0, tea), "b");
    script_passes(BUS_SWEEP + 250);
    assert_int_equal(atom_get(&script_board()->swept), 1);
}

static void test_of_what_was_there_the_last_are_read(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        char id[32], text[8];
        snprintf(id, sizeof id, "281474976710656-%u", i);
        snprintf(text, sizeof text, "m%u", i);
        script_adds("mate", id, "m", script_entry(i, text));
    }
    uint32_t mate = script_opens(0, "mate");
    /* before these there was something */
    assert_string_equal(script_hears(0, mate), "(gap) m4 m5 m6 m7 m8");
    assert_int_equal(atom_get(&script_board()->gaps), 0);
}

static void test_more_than_one_reading_brings_is_read_all_the_same(void **state)
{
    (void)state;
    say("a");
    for (unsigned i = 0; i < 2 * BUS_COUNT; i++) {
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    script_entry(i, "x"));
    }
    rung();
    for (unsigned i = 0; i < 30; i++) {
        script_hears(0, tea);
        script_turns();
    }
    assert_int_equal(last().number, 1 + 2 * BUS_COUNT);
    assert_int_equal(atom_get(&script_board()->gaps), 0);
}

static void test_many_rooms_are_read_some_at_a_time(void **state)
{
    (void)state;
    script_end();
    script_begin(&(struct world_plan){.rooms = 3 * BUS_ROOMS});
    script_turns();
    uint32_t rooms[2 * BUS_ROOMS + 4];
    for (unsigned i = 0; i < UNIT_COUNT(rooms); i++) {
        char name[MAP_ROOM_NAME + 1] = {0};
        memset(name, 'a', MAP_ROOM_NAME);
        snprintf(name, sizeof name, "%u", i + 10);
        name[2] = '-';
        rooms[i] = script_opens(0, name);
    }
    for (unsigned i = 0; i < UNIT_COUNT(rooms); i++)
        script_says(0, rooms[i], "m");
    script_turns();
    script_turns();
    for (unsigned i = 0; i < UNIT_COUNT(rooms); i++)
        assert_string_equal(script_hears(0, rooms[i]), "m");
}

/* ---- Gaps ---------------------------------------------------------------- */

static void test_what_was_trimmed_meanwhile_is_a_gap(void **state)
{
    (void)state;
    say("a");
    script_cut();
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    script_adds("tea", script_id_after(tea, 2), "m", script_entry(2, "c"));
    redis_trim(script_redis(), "chatd:r:tea", 1);
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a (gap) c");
    assert_int_equal(atom_get(&script_board()->gaps), 1);
}

static void test_what_is_cut_before_it_was_read_is_matched_first(void **state)
{
    (void)state;
    say("a");
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    script_adds("tea", script_id_after(tea, 2), "m", script_entry(2, "c"));
    redis_trim(script_redis(), "chatd:r:tea", 1);
    rung();
    assert_int_equal(script_told("a stream was cut before it was read\n"), 1);
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a (gap) c");
}

static void test_after_flushall_there_is_a_gap_and_a_new_epoch(void **state)
{
    (void)state;
    say("a");
    uint64_t epoch = last().epoch;
    redis_flush(script_redis());
    script_passes(BUS_SWEEP + 2000);
    assert_string_equal(script_hears(0, tea), "a (gap)");
    say("b");
    assert_string_equal(script_hears(0, tea), "b");
    assert_true(last().epoch > epoch);
    assert_int_equal(last().number, 1);
}

/* Another entry has its id: it is not the one that we have read. */
static void test_another_message_of_the_same_id_is_a_gap(void **state)
{
    (void)state;
    say("a");
    script_restarts(1000);
    script_adds("tea", script_id_after(tea, 0), "m", script_entry(1, "z"));
    script_passes(1000);
    assert_string_equal(script_hears(0, tea), "a (gap)");
}

static void test_of_what_is_lost_its_sender_is_told(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_turns();
    assert_int_equal(script_asked("XADD chatd:r:tea"), 2);
    script_restarts(1000); /* all is gone */
    script_passes(1000);
    assert_true(script_is_here());
    assert_string_equal(script_hears(0, tea), "a (lost) (gap)");
    assert_int_equal(atom_get(&script_board()->lost), 1);
    assert_true(bus_is_idle(script_bus()));
}

static void test_what_was_refused_by_none_is_said_after_all(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_turns();
    script_cut();
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a b");
    assert_int_equal(atom_get(&script_board()->lost), 0);
}

/* The old connections may not be ended: it may come yet. */
static void test_what_may_come_late_is_lost(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_turns();
    script_redis()->trouble.refuses_kill = true;
    script_cut();
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a (lost)");
}

/* It was said, they say; and it is not there. */
static void test_what_was_taken_and_is_not_there_is_lost(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", "=1-1", 1);
    script_says(0, tea, "b");
    script_passes(BUS_SWEEP + 500);
    assert_string_equal(script_hears(0, tea), "a (lost)");
}

/* ---- Sending ------------------------------------------------------------- */

static const char older[] = "-ERR The ID specified in XADD is equal or smaller "
                            "than the target stream top item\r\n";

static void test_in_an_epoch_that_is_newer_it_is_said_again(void **state)
{
    (void)state;
    say("a");
    char id[64];
    snprintf(id, sizeof id, "%llu-0", (unsigned long long)last().epoch + 9);
    script_adds("tea", id, "m", script_entry(1, "b"));
    script_says(0, tea, "c");
    script_says(0, tea, "d");
    script_passes(500);
    assert_string_equal(script_hears(0, tea), "a b c d");
    assert_int_equal(script.dials, 1);
}

static void
test_what_is_refused_again_and_again_ends_the_connection(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", older, 5);
    script_says(0, tea, "b");
    for (unsigned i = 0; i < 10; i++)
        script_turns();
    assert_int_equal(script_told("it takes no epoch\n"), 1);
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a b");
}

static void test_a_stream_that_has_vanished_is_matched_anew(void **state)
{
    (void)state;
    say("a");
    script_instead("XADD chatd:r:tea", "$-1\r\n", 1);
    script_says(0, tea, "b");
    script_turns();
    assert_int_equal(script_told("a stream has vanished\n"), 1);
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a b");
}

static void test_the_first_was_refused_and_with_it_all(void **state)
{
    (void)state;
    script_instead("XADD chatd:r:tea MAXLEN", "-ERR no\r\n", 1);
    script_says(0, tea, "a");
    script_says(0, tea, "b");
    script_passes(1000);
    assert_string_equal(script_hears(0, tea), "a b");
}

static void test_a_key_of_another_kind_is_told(void **state)
{
    (void)state;
    script_instead("XADD chatd:r:tea",
                   "-WRONGTYPE Operation against a key holding the wrong kind "
                   "of value\r\n",
                   1);
    say("a");
    assert_int_equal(script_told("a key of ours holds something else\n"), 1);
    script_passes(300);
    assert_string_equal(script_hears(0, tea), "a");
}

/* Redis has no memory: nobody is sent away, and all is said later. */
static void test_while_it_takes_nothing_it_is_away(void **state)
{
    (void)state;
    say("a");
    script_redis()->trouble.out_of_memory = script.w.now + 3000;
    script_says(0, tea, "b");
    script_says(0, tea, "c");
    script_turns();
    assert_false(script_is_here());
    assert_string_equal(script.news, "it takes no messages now");
    script_passes(2500);
    assert_false(script_is_here());
    script_passes(2000);
    assert_true(script_is_here());
    assert_string_equal(script.news, "here");
    assert_string_equal(script_hears(0, tea), "a b c");
    assert_int_equal(script.dials, 1);
}

static void test_the_bell_alone_may_be_refused(void **state)
{
    static const char *replies[] = {"-OOM no\r\n", "-MISCONF no\r\n",
                                    "-NOREPLICAS no\r\n", "-BUSY no\r\n"};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        script_instead("XADD chatd:bell", replies[i], 1);
        script_passes(1000);
        assert_false(script_is_here());
        script_passes(2500);
        assert_true(script_is_here());
    }
    assert_int_equal(script.dials, 1);
    script_instead("XADD chatd:bell", "-WRONGTYPE no\r\n", 1);
    script_passes(1000);
    assert_int_equal(script_told("a key of ours holds something else\n"), 1);
}

/* ---- Room for what is to be written --------------------------------------- */

static void test_more_than_can_be_asked_waits(void **state)
{
    (void)state;
    script_end();
    script_begin(&(struct world_plan){.ring_size = 1 << 20});
    script_turns();
    tea = script_opens(0, "tea");
    uint32_t mate = script_opens(0, "mate");
    script.is_stuck[BUS_W] = true;
    for (unsigned i = 0; i < FLIGHT_MOST + 100; i++)
        script_says(0, i % 8 ? tea : mate, "m");
    script_turns();
    assert_int_equal(atom_get(&script_board()->in_flight), FLIGHT_MOST);
    script_passes(1250); /* nor is there room for a sign of life */
    script.is_stuck[BUS_W] = false;
    for (unsigned i = 0; i < 400 && !bus_is_idle(script_bus()); i++) {
        script_turns();
        script_hears(0, tea);
        script_hears(0, mate);
    }
    assert_true(bus_is_idle(script_bus()));
    assert_int_equal(store_end(script_worker(0), tea).number +
                         store_end(script_worker(0), mate).number,
                     FLIGHT_MOST + 100);
    assert_int_equal(atom_get(&script_board()->gaps), 0);
    assert_int_equal(script.dials, 1);
}

/* ---- A worker that lags --------------------------------------------------- */

static char wide[700];

static void
test_who_does_not_read_holds_all_and_ends_no_connection(void **state)
{
    (void)state;
    memset(wide, 'w', sizeof wide - 1);
    say("a");
    for (unsigned i = 0; i < 8; i++)
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    script_entry(i, wide));
    rung();
    assert_true(script_bus()->held_room > 0);
    script_passes(2000);
    uint64_t before = last().number;
    assert_true(before < 9);
    assert_int_equal(script.dials, 1);
    for (unsigned i = 0; i < 4; i++) {
        script_hears(0, tea);
        script_turns();
    }
    assert_int_equal(last().number, 9);
    assert_true(script_is_here());
}

static void test_it_holds_longer_than_an_answer_may_take(void **state)
{
    (void)state;
    memset(wide, 'w', sizeof wide - 1);
    say("a");
    for (unsigned i = 0; i < 8; i++)
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    script_entry(i, wide));
    rung();
    script_passes(2 * BUS_ANSWER);
    assert_int_equal(script_told("it does not answer\n"), 0);
    for (unsigned i = 0; i < 8; i++) {
        script_hears(0, tea);
        script_passes(1000);
    }
    assert_int_equal(last().number, 9);
    assert_true(script_is_here());
}

/* What it holds may be longer than a message of ours. */
static void test_what_is_none_is_held_too(void **state)
{
    static uint8_t nonsense[9000];
    (void)state;
    memset(wide, 'w', sizeof wide - 1);
    say("a");
    for (unsigned i = 0; i < 8; i++)
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    bytes_span(nonsense, sizeof nonsense));
    for (unsigned i = 8; i < 12; i++)
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    script_entry(i, wide));
    for (unsigned i = 12; i < 80; i++)
        script_adds("tea", script_id_after(tea, 1 + i), "m",
                    bytes_span(nonsense, sizeof nonsense));
    rung();
    assert_true(script_bus()->held_room > 0);
    for (unsigned i = 0; i < 40; i++) {
        script_hears(0, tea);
        script_passes(250);
    }
    assert_int_equal(last().number, 81);
    assert_int_equal(script.dials, 1);
}

/* A gap, and who is lost, has to wait as well. */
static void test_a_gap_waits_for_who_does_not_read(void **state)
{
    (void)state;
    memset(wide, 'w', sizeof wide - 1);
    for (unsigned i = 0; i < 4; i++)
        say(wide);
    unsigned before = (unsigned)last().number;
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_turns();
    script_says(0, tea, wide);
    redis_flush(script_redis());
    script_cut();
    script_passes(1000);
    for (unsigned i = 0; i < 4; i++) {
        script_hears(0, tea);
        script_turns();
    }
    assert_true(before > 0);
    assert_true(atom_get(&script_board()->gaps) >= 1);
    assert_true(bus_is_idle(script_bus()));
}

/* ---- Ours, and no longer --------------------------------------------------- */

static void test_a_room_that_nobody_wants_is_let_go(void **state)
{
    (void)state;
    say("a");
    script_hears(0, tea);
    assert_int_equal(store_close(script_worker(0), tea), STORE_DONE);
    script_passes(BUS_LINGER - 1000);
    assert_int_not_equal(state_named(script_bus(), BYTES_LITERAL("tea")),
                         FLIGHT_NONE);
    script_passes(3000);
    assert_int_equal(state_named(script_bus(), BYTES_LITERAL("tea")),
                     FLIGHT_NONE);
    assert_int_equal(script_opens(0, "tea"), tea);
    say("b");
    assert_string_equal(script_hears(0, tea), "b");
    assert_int_equal(atom_get(&script_board()->gaps), 0);
}

static void test_who_comes_while_it_is_crowded_has_a_place_soon(void **state)
{
    (void)state;
    static const char *names[] = {"a", "b", "c", "d", "e", "f"};
    say("a");
    for (size_t i = 0; i < UNIT_COUNT(names); i++) {
        uint32_t room = script_opens(0, names[i]);
        script_says(0, room, "x");
        script_turns();
        script_hears(0, room);
        assert_int_equal(store_close(script_worker(0), room), STORE_DONE);
        script_passes(1250);
    }
    assert_true(script_is_here());
}

static void test_a_stream_lives_on_while_somebody_is_there(void **state)
{
    (void)state;
    script_node()->plan.keep = 80;
    say("a");
    script_passes(9750);
    assert_int_equal(script_asked("EXPIRE chatd:r:tea 80\n"), 1);
    script_passes(2000);
    assert_int_equal(script_asked("EXPIRE chatd:r:tea 80\n"), 2);
}

static void test_without_an_end_nothing_expires(void **state)
{
    (void)state;
    say("a");
    script_passes(3000);
    assert_int_equal(script_asked("EXPIRE"), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, script_teardown)
        ONE(test_what_is_said_is_heard_once_by_all),
        ONE(test_until_it_is_read_back_it_is_in_flight),
        ONE(test_a_bell_that_is_lost_loses_nothing),
        ONE(test_of_what_was_there_the_last_are_read),
        ONE(test_more_than_one_reading_brings_is_read_all_the_same),
        ONE(test_many_rooms_are_read_some_at_a_time),
        ONE(test_what_was_trimmed_meanwhile_is_a_gap),
        ONE(test_what_is_cut_before_it_was_read_is_matched_first),
        ONE(test_after_flushall_there_is_a_gap_and_a_new_epoch),
        ONE(test_another_message_of_the_same_id_is_a_gap),
        ONE(test_of_what_is_lost_its_sender_is_told),
        ONE(test_what_was_refused_by_none_is_said_after_all),
        ONE(test_what_may_come_late_is_lost),
        ONE(test_what_was_taken_and_is_not_there_is_lost),
        ONE(test_in_an_epoch_that_is_newer_it_is_said_again),
        ONE(test_what_is_refused_again_and_again_ends_the_connection),
        ONE(test_a_stream_that_has_vanished_is_matched_anew),
        ONE(test_the_first_was_refused_and_with_it_all),
        ONE(test_a_key_of_another_kind_is_told),
        ONE(test_while_it_takes_nothing_it_is_away),
        ONE(test_the_bell_alone_may_be_refused),
        ONE(test_more_than_can_be_asked_waits),
        ONE(test_who_does_not_read_holds_all_and_ends_no_connection),
        ONE(test_it_holds_longer_than_an_answer_may_take),
        ONE(test_what_is_none_is_held_too),
        ONE(test_a_gap_waits_for_who_does_not_read),
        ONE(test_a_room_that_nobody_wants_is_let_go),
        ONE(test_who_comes_while_it_is_crowded_has_a_place_soon),
        ONE(test_a_stream_lives_on_while_somebody_is_there),
        ONE(test_without_an_end_nothing_expires),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
