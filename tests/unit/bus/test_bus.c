/* SPDX-License-Identifier: MIT */
/*
 * Goal: a bus tries again, and later each time; gives up in time what does not
 * answer; and its successor knows what of all that was proposed may have been said.
 */
#include "bus/call.h"
#include "bus/script.h"
#include "support/death.h"
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

static int begin(void **state)
{
    (void)state;
    script_begin(&(struct world_plan){.workers = 2});
    return 0;
}

static void succeeds(void)
{
    script_disconnects();
    node_bus_dies(script_node());
    node_bus_begins(script_node());
}

/* ---- Again and again ------------------------------------------------------- */

static void test_it_dials_at_once_and_then_later_each_time(void **state)
{
    (void)state;
    script.is_dead = true;
    script_turns();
    assert_int_equal(script.dials, 1);
    uint64_t least = BUS_RETRY;
    for (unsigned i = 1; i < 12; i++) {
        uint64_t wait = bus_due(script_bus()) - script.w.now;
        assert_in_range(wait, least, least + least / 2);
        script.w.now += wait - 1;
        script_turns();
        assert_int_equal(script.dials, i);
        script.w.now++;
        script_turns();
        assert_int_equal(script.dials, i + 1);
        least = bytes_min64(2 * least, BUS_RETRIES);
    }
    assert_int_equal(least, BUS_RETRIES);
    script.is_dead = false;
    script_passes(4000);
    assert_true(script_is_here());
    script.is_dead = true;
    script_cut();
    assert_in_range(bus_due(script_bus()) - script.w.now, BUS_RETRY,
                    BUS_RETRY * 3 / 2);
}

static void test_why_is_told_once_while_it_is_the_same(void **state)
{
    (void)state;
    script.is_dead = true;
    script_passes(10000);
    assert_int_equal(script_told("nobody listens there\n"), 1);
    script.is_dead = false;
    script_passes(4000);
    assert_int_equal(script_told("\nhere\n"), 1);
    script.is_dead = true;
    script_cut();
    script_passes(10000);
    assert_int_equal(script_told("the connection is lost\n"), 1);
    assert_int_equal(script_told("nobody listens there\n"), 2);
}

static void test_a_connection_that_is_lost_without_a_word(void **state)
{
    (void)state;
    script_turns();
    bus_dropped(script_bus(), NULL);
    script_turns();
    assert_int_equal(script_told("the connection is lost\n"), 1);
}

static void test_seconds_away_are_counted(void **state)
{
    (void)state;
    script.is_dead = true;
    script_passes(7750);
    assert_int_equal(atom_get(&script_board()->away), 7);
    script.is_dead = false;
    script_passes(5000);
    assert_true(script_is_here());
    uint32_t before = atom_get(&script_board()->away);
    script_passes(5000);
    assert_int_equal(atom_get(&script_board()->away), before);
    assert_int_equal(atom_get(&script_board()->connects), 1);
}

/* ---- In time ---------------------------------------------------------------- */

static void test_who_does_not_answer_the_first_word(void **state)
{
    (void)state;
    script_instead("CLIENT INFO", "", 2);
    script_instead("INFO", "", 1);
    script_passes(BUS_ANSWER - 250);
    assert_int_equal(script_told("it does not answer\n"), 0);
    script_passes(500);
    assert_int_equal(script_told("it does not answer\n"), 1);
    script_passes(2000);
    assert_true(script_is_here());
}

static void test_who_does_not_answer_later(void **state)
{
    (void)state;
    script_turns();
    uint32_t tea = script_opens(0, "tea");
    script_instead("XADD", "", 1000);
    script_instead("XREAD COUNT 64 STREAMS", "", 1000);
    script_says(0, tea, "a");
    script_passes(BUS_DEAF + 1500);
    assert_int_equal(script.dials, 2);
    assert_false(script_is_here());
}

static void test_a_bell_that_is_silent(void **state)
{
    (void)state;
    script_turns();
    assert_true(script_is_here());
    script.is_stuck[BUS_R] = true;
    script_passes(BUS_DEAF + 750);
    assert_int_equal(script.dials, 1);
    script_passes(500);
    assert_int_equal(
        script_told("it is deaf: our own bell does not come back\n"), 1);
    script.is_stuck[BUS_R] = false;
    script_passes(2000);
    assert_true(script_is_here());
}

/* It waits for the bell as long as it may, and somewhat more. */
static void test_a_bell_that_is_not_answered(void **state)
{
    (void)state;
    script_turns();
    struct bus *b = script_bus();
    script.is_stuck[BUS_R] = true;
    for (unsigned i = 0; i < 28; i++) {
        b->beat_back = b->beat; /* it was heard otherwise */
        script_passes(250);
    }
    assert_int_equal(script_told("it does not answer\n"), 1);
}

static void test_the_next_turn_is_due_with_the_next_sign_of_life(void **state)
{
    (void)state;
    assert_int_equal(bus_due(script_bus()), script.w.now);
    script_turns();
    assert_in_range(bus_due(script_bus()), script.w.now + 1,
                    script.w.now + BUS_BEAT);
    script_instead("XADD chatd:bell", "", 1);
    script_passes(1000);
    assert_int_equal(bus_due(script_bus()), script.w.now + BUS_BEAT / 4);
}

/* ---- The table is another's now --------------------------------------------- */

static void test_a_room_waits_while_another_has_the_table(void **state)
{
    (void)state;
    uint32_t tea;
    struct atom *lock = &script_node()->keeper.board.table->lock;
    script_turns();
    assert_false(script_tries(0, "tea", &tea));
    atom_put(lock, 2);
    script_turns();
    assert_int_equal(state_named(script_bus(), BYTES_LITERAL("tea")),
                     FLIGHT_NONE);
    atom_put(lock, 0);
    script_turns();
    assert_true(script_tries(0, "tea", &tea));
}

static void test_what_is_let_go_waits_for_the_table(void **state)
{
    (void)state;
    struct atom *lock = &script_node()->keeper.board.table->lock;
    script_turns();
    uint32_t tea = script_opens(0, "tea");
    assert_int_equal(store_close(script_worker(0), tea), STORE_DONE);
    script_passes(BUS_LINGER - 1000);
    atom_put(lock, 2);
    script_passes(4000);
    assert_int_equal(state_named(script_bus(), BYTES_LITERAL("tea")), tea);
    atom_put(lock, 0);
    script_passes(2000);
    assert_int_equal(state_named(script_bus(), BYTES_LITERAL("tea")),
                     FLIGHT_NONE);
}

/* ---- Those before us --------------------------------------------------------- */

static void test_a_successor_says_what_was_not_said(void **state)
{
    (void)state;
    script_turns();
    uint32_t tea = script_opens(0, "tea"), mate = script_opens(1, "mate");
    script_says(0, tea, "a");
    script_turns();
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_says(1, mate, "x");
    script_turns();
    script_says(0, tea, "c");
    succeeds();
    script_passes(1000);
    assert_true(script_is_here());
    assert_int_equal(script_asked("CLIENT KILL"), 2);
    assert_string_equal(script_hears(0, tea), "a b c");
    assert_string_equal(script_hears(1, mate), "x");
    assert_true(bus_is_idle(script_bus()));
    assert_int_equal(atom_get(&script_board()->gaps), 0);
}

static void test_it_says_nothing_twice(void **state)
{
    (void)state;
    script_turns();
    uint32_t tea = script_opens(0, "tea");
    script_says(0, tea, "a");
    script_turns();
    script_instead("XREAD COUNT 64 STREAMS", "", 1);
    script_says(0, tea, "b");
    script_turns();
    succeeds();
    script_passes(1000);
    assert_string_equal(script_hears(0, tea), "a b");
    assert_int_equal(store_end(script_worker(0), tea).number, 2);
}

/* The room of its place has another name by now. */
static void other_name(uint32_t worker)
{
    const struct propose_ring *ring = &script_node()->keeper.proposals[worker];
    uint32_t pos = atom_get(&ring->done);
    struct record r;
    struct proposal *p = propose_next(ring, &pos, &r);
    assert_non_null(p);
    p->generation++;
}

static void test_what_was_meant_for_another_room_is_not_said(void **state)
{
    (void)state;
    script_turns();
    uint32_t tea = script_opens(0, "tea");
    script_says(0, tea, "a");
    other_name(0);
    script_turns();
    assert_string_equal(script_hears(0, tea), "");
    assert_true(bus_is_idle(script_bus()));
    script_instead("XADD chatd:r:tea", "", 1);
    script_says(0, tea, "b");
    script_turns();
    other_name(0);
    succeeds();
    script_passes(1000);
    assert_string_equal(script_hears(0, tea), "");
    assert_true(bus_is_idle(script_bus()));
    script_says(0, tea, "c");
    script_turns();
    assert_string_equal(script_hears(0, tea), "c");
}

static void
test_of_what_was_said_in_a_room_before_a_successor_has_it(void **state)
{
    (void)state;
    script_turns();
    uint32_t tea = script_opens(0, "tea");
    succeeds();
    script_says(0, tea, "a");
    script_turns();
    script_passes(1000);
    assert_string_equal(script_hears(0, tea), "a");
}

/* ---- What nobody may do -------------------------------------------------------- */

static void write_more(void *context)
{
    (void)context;
    bus_written(script_bus(), BUS_W, 1);
}

static void ask_too_much(void *context)
{
    (void)context;
    for (unsigned i = 0; i <= BUS_CALLS; i++) {
        struct resp_command c =
            call_begin(script_bus(), BUS_R, BUS_CALL_WAIT, 0, 1);
        resp_put(&c, BYTES_LITERAL("x"));
        call_end(script_bus(), BUS_R, &c);
    }
}

static void test_what_no_caller_may_do(void **state)
{
    (void)state;
    script_turns();
    assert_true(death_by_check(write_more, NULL));
    assert_true(death_by_check(ask_too_much, NULL));
}

static void test_more_than_there_is_room_for(void **state)
{
    static uint8_t wide[BUS_OUTPUT / 64];
    (void)state;
    script_turns();
    struct bus_end *e = &script_bus()->ends[BUS_R];
    uint32_t asked = e->asked;
    struct resp_command c =
        call_begin(script_bus(), BUS_R, BUS_CALL_WAIT, 0, 1);
    resp_put(&c, bytes_span(wide, sizeof wide));
    call_end(script_bus(), BUS_R, &c);
    assert_int_equal(e->asked, asked);
    script_turns();
    assert_int_equal(script_told("more to say than there is room for\n"), 1);
}

/* What was not all written is moved to the front. */
static void test_half_of_it_written(void **state)
{
    (void)state;
    script_turns();
    struct bus *b = script_bus();
    script.is_stuck[BUS_W] = true;
    script_passes(1000);
    size_t len = bus_output(b, BUS_W).len;
    assert_true(len > 10);
    uint8_t fifth = bus_output(b, BUS_W).ptr[5];
    bus_written(b, BUS_W, 5);
    assert_int_equal(bus_output(b, BUS_W).len, len - 5);
    assert_int_equal(bus_output(b, BUS_W).ptr[0], fifth);
    struct resp_command c = call_begin(b, BUS_W, BUS_CALL_EXPIRE, 0, 1);
    resp_put(&c, BYTES_LITERAL("x"));
    call_end(b, BUS_W, &c);
    assert_int_equal(bus_output(b, BUS_W).ptr[0], fifth);
    assert_true(bus_output(b, BUS_W).len > len - 5);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, script_teardown)
        ONE(test_it_dials_at_once_and_then_later_each_time),
        ONE(test_why_is_told_once_while_it_is_the_same),
        ONE(test_a_connection_that_is_lost_without_a_word),
        ONE(test_seconds_away_are_counted),
        ONE(test_who_does_not_answer_the_first_word),
        ONE(test_who_does_not_answer_later),
        ONE(test_a_bell_that_is_silent),
        ONE(test_a_bell_that_is_not_answered),
        ONE(test_the_next_turn_is_due_with_the_next_sign_of_life),
        ONE(test_a_room_waits_while_another_has_the_table),
        ONE(test_what_is_let_go_waits_for_the_table),
        ONE(test_a_successor_says_what_was_not_said),
        ONE(test_it_says_nothing_twice),
        ONE(test_what_was_meant_for_another_room_is_not_said),
        ONE(test_of_what_was_said_in_a_room_before_a_successor_has_it),
        ONE(test_what_no_caller_may_do),
        ONE(test_more_than_there_is_room_for),
        ONE(test_half_of_it_written),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
