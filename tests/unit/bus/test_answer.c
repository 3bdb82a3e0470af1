/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever Redis answers, and whatever others have put where ours stands, the
 * bus goes on, or connects anew; and what cannot be read is passed over once, as a
 * gap.
 */
#include "bus/entry.h"
#include "bus/script.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static uint32_t tea;

static int begin(void **state)
{
    (void)state;
    script_begin(&(struct world_plan){.rooms = 4});
    script_turns();
    tea = script_opens(0, "tea");
    script_says(0, tea, "a");
    script_turns();
    assert_string_equal(script_hears(0, tea), "a");
    return 0;
}

static void rung(void)
{
    script_rings(SCRIPT_NODE, "r", BYTES_LITERAL("nobody's/tea"));
    script_turns();
}

static const char *hear(void)
{
    rung();
    script_passes(1000);
    assert_true(script_is_here());
    return script_hears(0, tea);
}

/* ---- Entries of others ---------------------------------------------------- */

static void test_what_is_no_message_of_ours_is_a_gap(void **state)
{
    uint8_t head[ENTRY_HEAD + 8] = {0};
    (void)state;
    struct entry e = {.record = {.opcode = 1}};
    entry_write(head, &e);
    const struct span values[] = {
        bytes_span(NULL, 0),
        BYTES_LITERAL("short"),
        bytes_span(head, ENTRY_HEAD - 1),
    };
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        script_adds("tea", script_id_after(tea, 1), "m", values[i]);
        assert_string_equal(hear(), "(gap)");
    }
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    assert_string_equal(hear(), "b");
    assert_int_equal(script.dials, 1);
}

static void test_another_field_is_none_of_ours(void **state)
{
    (void)state;
    script_adds("tea", script_id_after(tea, 1), "n", script_entry(1, "b"));
    assert_string_equal(hear(), "(gap)");
    script_adds("tea", script_id_after(tea, 1), "message",
                script_entry(1, "b"));
    assert_string_equal(hear(), "(gap)");
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "c"));
    assert_string_equal(hear(), "c");
}

/* In a program's own numbering it can be taken for another proposal. */
static void test_our_own_number_from_another_life_is_a_stranger(void **state)
{
    uint8_t bytes[ENTRY_HEAD + 1];
    (void)state;
    struct entry e = {.node = script_node()->keeper.board.bus->node,
                      .number = entry_number(7, 99),
                      .record = {.opcode = 1}};
    entry_write(bytes, &e);
    bytes[ENTRY_HEAD] = 'z';
    script_adds("tea", script_id_after(tea, 1), "m",
                bytes_span(bytes, sizeof bytes));
    rung();
    struct record r;
    assert_true(store_read(script_worker(0), tea, &r));
    assert_int_equal(r.worker, UINT16_MAX);
    assert_int_equal(r.tag, 0);
}

static void
test_what_is_too_long_is_passed_over_with_the_next_connection(void **state)
{
    static uint8_t wide[20000];
    (void)state;
    char id[64], next[64];
    snprintf(id, sizeof id, "%s", script_id_after(tea, 1));
    snprintf(next, sizeof next, "%s", script_id_after(tea, 2));
    script_adds("tea", id, "m", bytes_span(wide, sizeof wide));
    script_adds("tea", next, "m", script_entry(1, "b"));
    assert_string_equal(hear(), "(gap) b");
    assert_int_equal(script.dials, 2);
}

/* Of another node, which takes longer messages than this one. */
static void test_a_message_longer_than_ours_is_a_gap(void **state)
{
    static uint8_t wide[6000];
    static const size_t lens[] = {1200, 1281, 5000};
    (void)state;
    struct entry e = {.node = SCRIPT_NODE, .record = {.opcode = 1}};
    memset(wide, 'w', sizeof wide);
    entry_write(wide, &e);
    for (size_t i = 0; i < UNIT_COUNT(lens); i++) {
        script_adds("tea", script_id_after(tea, 1), "m",
                    bytes_span(wide, lens[i]));
        assert_string_equal(hear(), "(gap)");
        script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
        assert_string_equal(hear(), "b");
    }
    assert_int_equal(script.dials, 1);
}

static void test_what_has_too_many_fields_is_passed_over(void **state)
{
    (void)state;
    script_adds("tea", script_id_after(tea, 2), "m", script_entry(1, "c"));
    char reply[320];
    const struct bus *b = script_bus();
    char life[65] = {0};
    memcpy(life, b->life_name, 64);
    snprintf(reply, sizeof reply,
             "*2\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n"
             "*2\r\n$1\r\nr\r\n$%u\r\n%s\r\n*2\r\n$11\r\nchatd:r:tea\r\n"
             "*1\r\n*2\r\n",
             (unsigned)strlen(life), life);
    static char all[400];
    snprintf(all, sizeof all, "%s$%u\r\n%s\r\n*999999\r\n", reply,
             (unsigned)strlen(script_id_after(tea, 1)),
             script_id_after(tea, 1));
    script_instead("XREAD COUNT 64 STREAMS", all, 1);
    assert_string_equal(hear(), "(gap) c");
    assert_int_equal(script.dials, 2);
}

/* ---- Answers that cannot be ------------------------------------------------- */

/* An XREAD of tea that begins as it is to, with `rest` behind the room's name. */
static void read_says(const char *rest)
{
    char life[65] = {0}, reply[320];
    memcpy(life, script_bus()->life_name, 64);
    snprintf(reply, sizeof reply,
             "*2\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n"
             "$1\r\nr\r\n$%u\r\n%s\r\n*2\r\n$11\r\nchatd:r:tea\r\n%s",
             (unsigned)strlen(life), life, rest);
    script_instead("XREAD COUNT 64 STREAMS", reply, 1);
}

static const struct {
    const char *reply, *why;
} strange[] = {
    {"*1\r\n*2\r\n$23\r\n1-184467440737095516150\r\n*2\r\n$1\r\nm\r\n$"
     "1\r\nx\r\n",
     "an id that is none\n"},
    {"*1\r\n*2\r\n$36\r\n281474976710657-18446744073709551615\r\n*2\r\n$"
     "1\r\nm\r\n"
     "$1\r\nx\r\n",
     "an id that cannot be\n"},
    {"*1\r\n*2\r\n$3\r\n0-1\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n",
     "an id that cannot be\n"},
    {"*1\r\n*2\r\n$20\r\n18446744073709551-16\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n",
     "it has another life\n"},
    {"*1\r\n*2\r\n$2\r\nxy\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n",
     "an id that is none\n"},
    {"*1\r\n*2\r\n$2\r\nxy\r\n*0\r\n", "an id that is none\n"},
};

static void test_ids_that_cannot_be_end_the_connection(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(strange); i++) {
        unsigned before = script_told(strange[i].why);
        read_says(strange[i].reply);
        rung();
        assert_int_equal(script_told(strange[i].why), before + 1);
        script_passes(2000);
        assert_true(script_is_here());
    }
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    assert_string_equal(hear(), "b");
}

static void test_without_its_life_nothing_is_read(void **state)
{
    static const char *replies[] = {
        "*-1\r\n",
        "*1\r\n*2\r\n$11\r\nchatd:r:tea\r\n*1\r\n*2\r\n$3\r\n9-1\r\n*2\r\n$"
        "1\r\n"
        "m\r\n$1\r\nx\r\n",
        "*1\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n"
        "r\r\n$5\r\nother\r\n",
        "*1\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n"
        "x\r\n$5\r\nother\r\n",
        "*1\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n$1\r\n"
        "m\r\n$5\r\nother\r\n",
        "*1\r\n*2\r\n$2\r\nno\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*0\r\n",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        unsigned before = script_told("it has another life\n");
        script_instead("XREAD COUNT 64 STREAMS", replies[i], 1);
        rung();
        assert_int_equal(script_told("it has another life\n"), before + 1);
        script_passes(2000);
        assert_true(script_is_here());
    }
}

static void test_what_is_nothing_in_an_answer_is_passed_over(void **state)
{
    static const char *replies[] = {
        "$1\r\nx\r\n",                   /* no entries */
        "*1\r\n*0\r\n",                  /* one that is empty */
        "*1\r\n*2\r\n*0\r\n$1\r\nx\r\n", /* and one of no form */
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        read_says(replies[i]);
        assert_string_equal(hear(), "");
    }
    assert_int_equal(script.dials, 1);
}

/* A message is in the first. */
static void test_of_two_fields_of_one_name(void **state)
{
    (void)state;
    char rest[300];
    snprintf(rest, sizeof rest,
             "*1\r\n*2\r\n$%u\r\n%s\r\n*4\r\n$1\r\nm\r\n$1\r\nx\r\n$1\r\nm"
             "\r\n$1\r\ny\r\n",
             (unsigned)strlen(script_id_after(tea, 1)),
             script_id_after(tea, 1));
    read_says(rest);
    assert_string_equal(hear(), "(gap)");
    assert_int_equal(script.dials, 1);
}

static void test_a_bell_that_is_too_long_is_a_connection_lost(void **state)
{
    static uint8_t wide[20000];
    (void)state;
    script_rings(SCRIPT_NODE, "r", bytes_span(wide, sizeof wide));
    script_passes(1000);
    assert_int_equal(script.dials, 2);
    assert_true(script_is_here());
    assert_int_equal(bus_read(script_bus(), BUS_W, wide, 0), 0);
    assert_string_equal(script_hears(0, tea), "");
    script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
    assert_string_equal(hear(), "b");
}

/* It is the last there when we come: nobody else could ring behind it. */
static void test_a_bell_that_is_too_long_keeps_nobody_out(void **state)
{
    static uint8_t wide[20000];
    (void)state;
    script_cut();
    script_rings(SCRIPT_NODE, "r", bytes_span(wide, sizeof wide));
    script_passes(1000);
    assert_int_equal(script.dials, 3);
    assert_true(script_is_here());
    script_cut();
    script_passes(1000);
    assert_int_equal(script.dials, 4);
    assert_true(script_is_here());
}

static void test_a_room_that_nobody_asked_for_is_passed_over(void **state)
{
    (void)state;
    char life[65] = {0}, reply[320];
    memcpy(life, script_bus()->life_name, 64);
    snprintf(reply, sizeof reply,
             "*2\r\n*2\r\n$10\r\nchatd:life\r\n*1\r\n*2\r\n$3\r\n1-0\r\n*2\r\n"
             "$1\r\nr\r\n$%u\r\n%s\r\n*2\r\n$8\r\nchatd:r:\r\n"
             "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n",
             (unsigned)strlen(life), life);
    script_instead("XREAD COUNT 64 STREAMS", reply, 1);
    assert_string_equal(hear(), "");
    assert_int_equal(script.dials, 1);
}

static void test_an_error_where_something_is_read(void **state)
{
    (void)state;
    script_instead("XREAD COUNT 64 STREAMS", "-WRONGTYPE no\r\n", 1);
    rung();
    assert_int_equal(script_told("a key of ours holds something else\n"), 1);
    script_passes(1000);
    assert_true(script_is_here());
}

static void test_an_answer_that_nobody_asked_for(void **state)
{
    (void)state;
    script_sees(BUS_W, BYTES_LITERAL("+OK\r\n"));
    script_turns();
    assert_int_equal(script_told("an answer that nobody asked for\n"), 1);
    script_passes(1000);
    assert_true(script_is_here());
}

static void test_nonsense_in_the_middle_of_it(void **state)
{
    (void)state;
    script_sees(BUS_W, BYTES_LITERAL("?"));
    script_sees(BUS_W, BYTES_LITERAL("\r\n"));
    script_sees(BUS_R, BYTES_LITERAL("$12345678901\r\n"));
    script_passes(1000);
    assert_int_equal(script.dials, 2);
    assert_false(script.has_ended);
    assert_true(script_is_here());
}

/* ---- Is it still there? ------------------------------------------------------- */

static void test_another_answer_to_the_match_is_a_gap(void **state)
{
    static const char *replies[] = {
        "*0\r\n",
        "*-1\r\n",
        "+OK\r\n",
        "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nx\r\n$1\r\nx\r\n",
        "*1\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        script_instead("XRANGE chatd:r:tea", replies[i], 1);
        script_cut();
        script_passes(300);
        assert_string_equal(script_hears(0, tea), "(gap)");
        script_says(0, tea, "b");
        script_passes(300);
        assert_string_equal(script_hears(0, tea), "b");
    }
}

static void test_an_id_that_is_none_to_the_match(void **state)
{
    (void)state;
    script_instead("XRANGE chatd:r:tea",
                   "*1\r\n*2\r\n$2\r\nxy\r\n*2\r\n$1\r\nm\r\n$1\r\nx\r\n", 1);
    script_cut();
    script_passes(1000);
    assert_int_equal(script_told("an id that is none\n"), 1);
    assert_string_equal(script_hears(0, tea), "");
    assert_true(script_is_here());
}

static void test_an_error_to_the_match(void **state)
{
    (void)state;
    script_instead("XRANGE chatd:r:tea", "-LOADING no\r\n", 1);
    script_cut();
    script_passes(1000);
    assert_int_equal(script_told("it is loading its file\n"), 1);
    assert_true(script_is_here());
}

/* ---- The bell ------------------------------------------------------------------ */

static void test_a_bell_that_makes_no_sense_rings_nobody(void **state)
{
    static const char *replies[] = {
        "*-1\r\n",
        "*1\r\n*2\r\n$10\r\nchatd:bell\r\n*1\r\n*2\r\n$3\r\n9-1\r\n*2\r\n$"
        "1\r\nn"
        "\r\n$2\r\nxy\r\n",
        "*1\r\n*2\r\n$10\r\nchatd:bell\r\n*1\r\n*2\r\n$3\r\n9-2\r\n*2\r\n$"
        "1\r\nr"
        "\r\n$3\r\ntea\r\n",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        script_adds("tea", script_id_after(tea, 1), "m", script_entry(1, "b"));
        script_sees(BUS_R, bytes_of(replies[i]));
        script_turns();
        assert_string_equal(script_hears(0, tea), "");
        script_passes(BUS_SWEEP + 2000);
        assert_true(script_is_here());
        assert_string_equal(script_hears(0, tea), "b");
    }
}

static void test_an_id_of_the_bell_that_is_none(void **state)
{
    (void)state;
    script_sees(BUS_R, BYTES_LITERAL("*1\r\n*2\r\n$10\r\nchatd:bell\r\n*1\r\n*2"
                                     "\r\n$1\r\nx\r\n*0\r\n"));
    script_turns();
    assert_int_equal(script_told("an id that is none\n"), 1);
    script_passes(1000);
    assert_true(script_is_here());
}

/* Our own is heard in its turn alone: one of long ago, or no number, is not it. */
static void test_only_the_last_sign_of_life_counts(void **state)
{
    (void)state;
    uint64_t node = script_node()->keeper.board.bus->node;
    script_instead("XADD chatd:bell", "=1-1", 1);
    script_passes(1000);
    script_rings(node, "b", BYTES_LITERAL("0"));
    script_rings(node, "b", BYTES_LITERAL("x"));
    script_rings(node, "r", BYTES_LITERAL("tea"));
    script_passes(BUS_DEAF);
    assert_int_equal(
        script_told("it is deaf: our own bell does not come back\n"), 1);
    script_passes(1000);
    assert_true(script_is_here());
}

static void test_the_bell_has_become_that_of_a_replica(void **state)
{
    (void)state;
    script_sees(BUS_R, BYTES_LITERAL("-UNBLOCKED no\r\n"));
    script_turns();
    assert_int_equal(script_told("it has become a replica\n"), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, script_teardown)
        ONE(test_what_is_no_message_of_ours_is_a_gap),
        ONE(test_another_field_is_none_of_ours),
        ONE(test_our_own_number_from_another_life_is_a_stranger),
        ONE(test_what_is_too_long_is_passed_over_with_the_next_connection),
        ONE(test_a_message_longer_than_ours_is_a_gap),
        ONE(test_what_has_too_many_fields_is_passed_over),
        ONE(test_ids_that_cannot_be_end_the_connection),
        ONE(test_without_its_life_nothing_is_read),
        ONE(test_what_is_nothing_in_an_answer_is_passed_over),
        ONE(test_of_two_fields_of_one_name),
        ONE(test_a_bell_that_is_too_long_is_a_connection_lost),
        ONE(test_a_bell_that_is_too_long_keeps_nobody_out),
        ONE(test_a_room_that_nobody_asked_for_is_passed_over),
        ONE(test_an_error_where_something_is_read),
        ONE(test_an_answer_that_nobody_asked_for),
        ONE(test_nonsense_in_the_middle_of_it),
        ONE(test_another_answer_to_the_match_is_a_gap),
        ONE(test_an_id_that_is_none_to_the_match),
        ONE(test_an_error_to_the_match),
        ONE(test_a_bell_that_makes_no_sense_rings_nobody),
        ONE(test_an_id_of_the_bell_that_is_none),
        ONE(test_only_the_last_sign_of_life_counts),
        ONE(test_the_bell_has_become_that_of_a_replica),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
