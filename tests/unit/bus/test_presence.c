/* SPDX-License-Identifier: MIT */
/*
 * Goal: workers know who is in their rooms on other nodes, as these tell it; what
 * makes no sense changes nothing but what its node has told; and who is silent
 * has nobody.
 */
#include "bus/script.h"
#include "support/unit.h"

#include <string.h>

static uint32_t tea, mate;

static int begin(void **state)
{
    (void)state;
    script_begin(&(struct world_plan){.rooms = 4});
    script_turns();
    tea = script_opens(0, "tea");
    mate = script_opens(0, "mate");
    script_passes(4000);
    script_forget();
    return 0;
}

/* ---- What is told -------------------------------------------------------- */

static uint8_t bytes[1 << 15];
static struct text told;

static void short_text(const char *s)
{
    text_byte(&told, (uint8_t)strlen(s));
    text_string(&told, s);
}

static void begin_room(const char *name, uint32_t members, unsigned people)
{
    uint8_t count[4];
    bytes_put32(count, members);
    short_text(name);
    text_put(&told, bytes_span(count, 4));
    text_byte(&told, (uint8_t)people);
}

static void person(const char *name, const char *sub)
{
    text_string(&told, "0123456789abcdef");
    short_text(name);
    short_text(sub);
}

static void tell(uint64_t node)
{
    script_rings(node, "p", text_span(&told));
    told.len = 0;
}

static void tell_room(uint64_t node, const char *name, uint32_t members)
{
    told = text_over(bytes, sizeof bytes);
    begin_room(name, members, members > 0);
    if (members > 0)
        person("Ann", "");
    tell(node);
}

static const struct board_people *people(uint32_t room)
{
    const struct store *s = &script_node()->keeper;
    return board_people(&s->board, room, store_bus(s));
}

/* ---- Theirs -------------------------------------------------------------- */

static void test_members_and_people_of_several_nodes_are_known(void **state)
{
    (void)state;
    uint32_t before = atom_get(&store_place(script_worker(0), tea)->roster);
    tell_room(SCRIPT_NODE, "tea", 2);
    assert_int_equal(script_elsewhere(tea), 2);
    assert_int_equal(people(tea)->count, 1);
    assert_int_equal(people(tea)->people[0].name_len, 3);
    assert_memory_equal(people(tea)->people[0].name, "Ann", 3);
    assert_int_equal(people(tea)->people[0].sub_len, 0);
    assert_memory_equal(people(tea)->people[0].uid, "0123456789abcdef", 16);
    told = text_over(bytes, sizeof bytes);
    begin_room("tea", 3, 2);
    person("", "sub");
    person("Bob", "s");
    begin_room("mate", 9, 0);
    tell(SCRIPT_NODE + 1);
    assert_int_equal(script_elsewhere(tea), 5);
    assert_int_equal(people(tea)->count, 3);
    assert_memory_equal(people(tea)->people[1].sub, "sub", 3);
    assert_int_equal(people(tea)->people[1].name_len, 0);
    assert_int_equal(script_elsewhere(mate), 9);
    assert_int_equal(people(mate)->count, 0);
    const struct store *s = &script_node()->keeper;
    assert_int_not_equal(
        atom_get(&board_place(&s->board, tea, store_bus(s))->roster), before);
    assert_true(store_rung(script_worker(0)) != STORE_NONE);
    tell_room(SCRIPT_NODE, "tea", 0);
    assert_int_equal(script_elsewhere(tea), 3);
    assert_int_equal(people(tea)->count, 2);
}

static void test_a_room_that_nobody_has_here_is_passed_over(void **state)
{
    (void)state;
    told = text_over(bytes, sizeof bytes);
    begin_room("coffee", 3, 1);
    person("Ann", "");
    begin_room("mate", 2, 0);
    tell(SCRIPT_NODE);
    assert_int_equal(script_elsewhere(mate), 2);
}

static void test_who_forgets_all_has_nobody(void **state)
{
    (void)state;
    tell_room(SCRIPT_NODE, "tea", 2);
    tell_room(SCRIPT_NODE + 1, "tea", 1);
    script_rings(SCRIPT_NODE, "z", bytes_span(NULL, 0));
    assert_int_equal(script_elsewhere(tea), 1);
    assert_int_equal(people(tea)->count, 1);
}

static void test_who_is_silent_has_nobody(void **state)
{
    (void)state;
    tell_room(SCRIPT_NODE, "tea", 2);
    script_passes(BUS_SILENT - 500);
    assert_int_equal(script_elsewhere(tea), 2);
    script_rings(SCRIPT_NODE, "x", bytes_span(NULL, 0)); /* it lives */
    script_passes(BUS_SILENT - 500);
    assert_int_equal(script_elsewhere(tea), 2);
    script_passes(2000);
    assert_int_equal(script_elsewhere(tea), 0);
    assert_int_equal(people(tea)->count, 0);
}

static void test_people_are_named_while_they_are_few(void **state)
{
    (void)state;
    told = text_over(bytes, sizeof bytes);
    begin_room("tea", 100, 30);
    for (unsigned i = 0; i < 30; i++)
        person("Ann", "");
    tell(SCRIPT_NODE);
    begin_room("tea", 100, 30);
    for (unsigned i = 0; i < 30; i++)
        person("Bob", "");
    tell(SCRIPT_NODE + 1);
    assert_int_equal(script_elsewhere(tea), 200);
    assert_int_equal(people(tea)->count, BOARD_PEOPLE);
}

static void test_of_so_many_nodes_it_is_known_and_no_more(void **state)
{
    (void)state;
    for (uint64_t i = 0; i <= BUS_NODES; i++)
        tell_room(100 + i, "tea", 1);
    assert_int_equal(script_elsewhere(tea), BUS_NODES);
    for (uint64_t i = 0; i < BUS_NODES; i++)
        if (i != 5)
            script_rings(100 + i, "x", bytes_span(NULL, 0));
    script_passes(BUS_SILENT - 2000);
    for (uint64_t i = 0; i < BUS_NODES; i++)
        if (i != 5)
            script_rings(100 + i, "x", bytes_span(NULL, 0));
    script_passes(4000);
    assert_int_equal(script_elsewhere(tea), BUS_NODES - 1);
    tell_room(100 + BUS_NODES, "tea", 7); /* that has its place */
    assert_int_equal(script_elsewhere(tea), BUS_NODES - 1 + 7);
}

/* ---- What makes no sense ------------------------------------------------- */

static const struct {
    const char *bytes;
    size_t len;
} senseless[] = {
#define ONE(s)                                                                 \
    {                                                                          \
        s, sizeof s - 1                                                        \
    }
    ONE("\x00"),                    /* cut in a count */
    ONE("\xff"),                    /* a name too long */
    ONE("\x03te"),                  /* cut in a name */
    ONE("\x03tea\x00\x00\x00"),     /* cut in the members */
    ONE("\x03tea\x00\x00\x00\x05"), /* no people */
    ONE("\x03tea\x00\x00\x00\x05\x01"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcde"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef\x02x"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef\x01x"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef\x01x\x41"),
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef\x01\xff\x00"), /* no UTF-8 */
    ONE("\x03tea\x00\x00\x00\x05\x01"
        "0123456789abcdef\x00\x01\xff"),
#undef ONE
};

static void test_what_makes_no_sense_counts_nobody(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(senseless); i++) {
        script_rings(
            SCRIPT_NODE, "p",
            bytes_span((const uint8_t *)senseless[i].bytes, senseless[i].len));
        assert_int_equal(script_elsewhere(tea), 0);
        assert_int_equal(people(tea)->count, 0);
        assert_int_equal(script.dials, 1);
    }
    tell_room(SCRIPT_NODE, "tea", 2);
    assert_int_equal(script_elsewhere(tea), 2);
    assert_int_equal(people(tea)->count, 1);
}

/* A person, and no members: nobody of it stays. */
static void test_people_without_members_go_with_their_node(void **state)
{
    (void)state;
    told = text_over(bytes, sizeof bytes);
    begin_room("tea", 0, 1);
    person("Ann", "");
    tell(SCRIPT_NODE);
    assert_int_equal(people(tea)->count, 1);
    script_rings(SCRIPT_NODE, "z", bytes_span(NULL, 0));
    assert_int_equal(people(tea)->count, 0);
}

/* ---- Ours ---------------------------------------------------------------- */

static bool is_wide; /* with as long a sub as can be */

static void settle(uint32_t room, uint32_t members)
{
    struct store *s = script_worker(0);
    assert_true(store_lock(s, room));
    struct board_people *p = board_people(&s->board, room, 0);
    p->count = members;
    for (uint32_t i = 0; i < members; i++)
        p->people[i] =
            (struct board_person){.name_len = 3,
                                  .sub_len = is_wide ? BOARD_NAME : 2,
                                  .name = "Eve",
                                  .sub = "s1"};
    atom_put(&store_place(s, room)->members, members);
    atom_put(&store_place(s, room)->roster, members * 77);
    store_unlock(s, room);
    store_ring(s, room);
}

static void test_who_is_here_is_told_once_a_second_at_most(void **state)
{
    (void)state;
    settle(tea, 1);
    script_turns();
    settle(tea, 2);
    script_passes(1000);
    assert_int_equal(script_asked(" p "), 1);
    assert_int_equal(script_asked("Eve\x02s1"), 2);
    script_passes(5000);
    assert_int_equal(script_asked(" p "), 1); /* nothing has changed */
    settle(tea, 0);
    script_passes(1000);
    assert_int_equal(script_asked(" p "), 2);
}

static void test_who_is_asked_tells_it_again(void **state)
{
    (void)state;
    script_rings(SCRIPT_NODE, "q", BYTES_LITERAL("coffee/tea/mate"));
    script_passes(1000);
    assert_int_equal(script_asked(" p \x03tea"), 1);
    assert_int_equal(script_asked("\x04mate"), 1);
    script_rings(script_node()->keeper.board.bus->node, "q",
                 BYTES_LITERAL("tea")); /* by itself */
    script_passes(1000);
    assert_int_equal(script_asked(" p "), 1);
}

static void test_who_connects_tells_all_and_asks_all(void **state)
{
    (void)state;
    settle(tea, 1);
    script_passes(1000);
    tell_room(SCRIPT_NODE, "tea", 2);
    script_cut();
    script_forget();
    script_passes(1500);
    assert_true(script_is_here());
    assert_int_equal(script_asked(" z  p \x03tea"), 1);
    assert_int_equal(script_asked(" q tea/mate\n"), 1);
    assert_int_equal(script_elsewhere(tea), 2); /* it may tell that yet */
    script_passes(3000);
    assert_int_equal(script_elsewhere(tea), 0);
}

static void test_what_has_no_room_in_one_is_told_in_the_next(void **state)
{
    (void)state;
    is_wide = true;
    settle(tea, 50);
    settle(mate, 50);
    uint32_t third = script_opens(0, "third"), fourth = script_opens(0, "four");
    settle(third, 50);
    settle(fourth, 50);
    script_passes(5000);
    is_wide = false;
    assert_int_equal(script_asked(" p "), 2);
    assert_true(script_asked("\x03tea") >= 1);
    assert_true(script_asked("\x04mate") >= 1);
    assert_true(script_asked("\x05third") >= 1);
    assert_true(script_asked("\x04"
                             "four") >= 1);
}

/* Of all workers: so many. */
static void test_of_ours_so_many_are_named(void **state)
{
    (void)state;
    script_end();
    script_begin(&(struct world_plan){.workers = 2});
    script_turns();
    tea = script_opens(0, "tea");
    assert_int_equal(script_opens(1, "tea"), tea);
    script_passes(2000);
    script_forget();
    struct store *s = script_worker(1);
    assert_true(store_lock(s, tea));
    board_people(&s->board, tea, 1)->count = 30;
    store_unlock(s, tea);
    settle(tea, 30);
    script_passes(1000);
    assert_int_equal(script_asked("Eve"), 30);
}

/* Somebody has the room's lock: it is told later. */
static void test_a_room_that_is_locked_is_told_when_it_is_free(void **state)
{
    (void)state;
    settle(tea, 1);
    script_turns();
    assert_true(store_lock(script_worker(0), tea));
    script_cut();
    script_passes(2000);
    assert_int_equal(script_asked("Eve"), 0);
    assert_int_equal(script_asked(" q tea/mate\n"), 1);
    tell_room(SCRIPT_NODE, "tea", 2);
    assert_int_equal(script_elsewhere(tea), 0);
    store_unlock(script_worker(0), tea);
    script_passes(3000);
    assert_int_equal(script_asked("Eve"), 1);
    assert_int_equal(script_elsewhere(tea), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, begin, script_teardown)
        ONE(test_members_and_people_of_several_nodes_are_known),
        ONE(test_a_room_that_nobody_has_here_is_passed_over),
        ONE(test_who_forgets_all_has_nobody),
        ONE(test_who_is_silent_has_nobody),
        ONE(test_people_are_named_while_they_are_few),
        ONE(test_of_so_many_nodes_it_is_known_and_no_more),
        ONE(test_what_makes_no_sense_counts_nobody),
        ONE(test_people_without_members_go_with_their_node),
        ONE(test_who_is_here_is_told_once_a_second_at_most),
        ONE(test_who_is_asked_tells_it_again),
        ONE(test_who_connects_tells_all_and_asks_all),
        ONE(test_what_has_no_room_in_one_is_told_in_the_next),
        ONE(test_of_ours_so_many_are_named),
        ONE(test_a_room_that_is_locked_is_told_when_it_is_free),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
