/* SPDX-License-Identifier: MIT */
/* Goal: with a bus nobody enters a room that it has not read; what is proposed
   reaches it, and what it writes reaches all; a room is let go only when nobody
   wants it. */
#include "support/guard.h"
#include "support/shared.h"
#include "support/unit.h"
#include "wire/frame.h"

static struct shared all;
static struct store *const one = &all.workers[0], *const two = &all.workers[1],
                           *const bus = &all.workers[2];

static void make(uint32_t rooms)
{
    guard_free_all();
    shared_make(&all, (struct shared_plan){.rooms = rooms,
                                           .workers = 3,
                                           .stream_size = 4096,
                                           .ring = 4096});
}

static enum store_outcome open_at(struct store *s, const char *name,
                                  uint64_t most)
{
    uint32_t room;
    bool anew;
    return store_open(s, bytes_of(name), 1000, most, &room, &anew);
}

/* It was asked for, and is read. */
static void read_room(uint32_t room)
{
    assert_int_equal(store_adopt(bus, room), STORE_DONE);
    store_set_ready(bus, room);
}

static uint32_t open_read(struct store *s, const char *name)
{
    enum store_outcome outcome = open_at(s, name, 100);
    if (outcome == STORE_BUSY)
        for (uint32_t room; (room = store_rung(bus)) != STORE_NONE;)
            read_room(room);
    return shared_open(s, name);
}

static void put(uint32_t room, const char *text)
{
    struct store_id end = store_end(bus, room);
    struct record r = {.epoch = 7,
                       .number = end.epoch == 7 ? end.number + 1 : 1,
                       .opcode = FRAME_TEXT,
                       .payload = bytes_of(text)};
    assert_int_equal(store_put(bus, room, &r), STORE_DONE);
}

/* ---- Rooms ----------------------------------------------------------------- */

static void test_nobody_enters_a_room_before_it_is_read(void **state)
{
    (void)state;
    make(2);
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY);
    assert_int_equal(open_at(two, "tea", 1), STORE_BUSY);
    assert_int_equal(shared_rung(bus), 1);
    assert_true(store_is_wanted(bus, 0));
    assert_int_equal(store_adopt(bus, 0), STORE_DONE);
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY);
    store_set_ready(bus, 0);
    assert_int_equal(shared_rung(one), 1);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(open_at(one, "tea", 1), STORE_DONE);
    assert_int_equal(open_at(two, "tea", 1), STORE_DONE);
    assert_int_equal(store_adopt(bus, 0), STORE_DONE); /* it is its already */
}

static void test_the_bus_is_asked_by_nobody(void **state)
{
    (void)state;
    make(2);
    assert_int_equal(open_at(bus, "tea", 1), STORE_DONE);
    assert_false(store_is_wanted(bus, 0));
    assert_true(store_is_bus(bus) && !store_is_bus(one));
}

static void test_who_is_in_the_way_keeps_it_from_being_adopted(void **state)
{
    (void)state;
    make(2);
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY);
    struct atom *lock = &all.keeper.board.table->lock;
    assert_true(board_lock(lock, 1));
    assert_int_equal(store_adopt(bus, 0), STORE_BUSY);
    assert_int_equal(store_abandon(bus, 0), STORE_BUSY);
    board_unlock(lock);
    assert_int_equal(store_adopt(bus, 0), STORE_DONE);
}

static void test_a_room_is_let_go_when_nobody_wants_it(void **state)
{
    (void)state;
    make(2);
    uint32_t room = open_read(one, "tea");
    assert_int_equal(store_abandon(bus, room), STORE_BEHIND);
    assert_int_equal(store_close(one, room), STORE_DONE);
    assert_int_equal(store_abandon(bus, room), STORE_DONE);
    assert_false(store_is_open(bus, room));
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY); /* it is read anew */
    assert_int_equal(store_abandon(bus, room), STORE_BEHIND);
}

/* All that is in the bus's hands alone is to be let go; what somebody has open
   is not. */
static void test_a_place_that_the_bus_alone_has_is_asked_for(void **state)
{
    (void)state;
    make(2);
    uint32_t tea = open_read(one, "tea");
    open_read(two, "milk");
    assert_int_equal(open_at(one, "more", 1), STORE_FULL);
    assert_int_equal(store_close(one, tea), STORE_DONE);
    shared_rung(bus);
    assert_int_equal(open_at(two, "more", 1), STORE_BUSY);
    assert_int_equal(atom_get(&all.keeper.board.table->crowded), 1);
    assert_int_equal(shared_rung(bus), 1 << tea);
    shared_rung(two);
    assert_int_equal(store_abandon(bus, tea), STORE_DONE);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(open_at(two, "more", 1), STORE_BUSY); /* to be read */
    assert_int_equal(shared_rung(bus), 1 << tea);
    assert_int_equal(store_evicted(one), 1);
}

static void test_who_waits_for_a_place_is_told_that_it_is_taken(void **state)
{
    (void)state;
    make(2);
    uint32_t tea = open_read(one, "tea");
    open_read(two, "milk");
    assert_int_equal(store_close(one, tea), STORE_DONE);
    assert_int_equal(open_at(two, "more", 1), STORE_BUSY);
    shared_rung(two);
    assert_int_equal(open_at(one, "tea", 1), STORE_DONE);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(open_at(two, "more", 1), STORE_FULL);
}

static void test_nothing_of_a_place_is_left_to_its_next_name(void **state)
{
    (void)state;
    make(1);
    struct board_room *room = &all.keeper.board.rooms[0];
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY);
    atom_put(&room->ready, 1);
    room->mark = 7;
    assert_int_equal(open_at(two, "milk", 1), STORE_BUSY);
    assert_int_equal(room->mark, 0);
    assert_int_equal(shared_rung(one), 1); /* it asks again */
    assert_int_equal(open_at(one, "tea", 1), STORE_BUSY);
}

/* ---- Saying and hearing ----------------------------------------------------- */

static void test_what_is_proposed_reaches_the_bus(void **state)
{
    (void)state;
    struct record r = {.opcode = FRAME_TEXT, .payload = BYTES_LITERAL("hello")};
    uint32_t pos = 0;
    make(2);
    uint32_t room = open_read(two, "tea");
    shared_rung(bus);
    assert_true(store_may_propose(two, record_len(&r)));
    store_propose(two, room, &r);
    assert_int_equal(shared_rung(bus), 1 << room);
    struct proposal *p = propose_next(&bus->proposals[1], &pos, &r);
    assert_non_null(p);
    assert_int_equal(p->room, room);
    assert_int_equal(p->generation, store_generation(bus, room));
    assert_true(bytes_equal(r.payload, BYTES_LITERAL("hello")));
    assert_int_equal(r.worker, 1);
    assert_string_equal(shared_hear(two, room), "");
}

static void test_a_full_ring_is_told(void **state)
{
    (void)state;
    struct record r = {.opcode = FRAME_TEXT, .payload = BYTES_LITERAL("hello")};
    uint32_t pos = 0;
    make(2);
    uint32_t room = open_read(one, "tea");
    while (store_may_propose(one, 400))
        store_propose(one, room, &r);
    assert_true(store_may_propose(two, 400)); /* each has its own */
    bool rings = false;
    while (!rings)
        rings = propose_done(&bus->proposals[0],
                             propose_next(&bus->proposals[0], &pos, &r));
    assert_true(store_may_propose(one, 100));
}

static void test_who_waits_for_space_is_rung_and_nobody_else(void **state)
{
    (void)state;
    struct record r = {.opcode = FRAME_TEXT, .payload = BYTES_LITERAL("hello")};
    uint32_t pos = 0;
    make(2);
    uint32_t room = open_read(one, "tea");
    store_propose(one, room, &r);
    while (store_may_propose(one, 400))
        store_propose(one, room, &r);
    shared_rung(one);
    shared_rung(two);
    while (!store_may_propose(one, 400))
        store_settle(bus, 0, propose_next(&bus->proposals[0], &pos, &r));
    assert_int_equal(shared_rung(one), 1 << room);
    assert_int_equal(shared_rung(two), 0);
    store_settle(bus, 0, propose_next(&bus->proposals[0], &pos, &r));
    assert_int_equal(shared_rung(one), 0); /* it waits no longer */
}

static void test_what_the_bus_writes_all_hear(void **state)
{
    (void)state;
    make(2);
    uint32_t room = open_read(one, "tea");
    open_read(two, "tea");
    shared_rung(one);
    put(room, "hello");
    assert_int_equal(store_last(bus, room).epoch, 7);
    assert_int_equal(store_last(bus, room).number, 1);
    assert_int_equal(shared_rung(one), 1 << room);
    assert_string_equal(shared_hear(one, room), "hello");
    assert_string_equal(shared_hear(two, room), "hello");
    struct store_id end = store_end(bus, room);
    assert_true(end.epoch == 7 && end.number == 1);
    put(room, "again");
    assert_int_equal(store_end(bus, room).number, 2);
    assert_string_equal(shared_hear(bus, room), ""); /* it has read it */
    assert_int_equal(bus->damaged, 0);
}

static void test_who_has_not_read_is_not_overrun(void **state)
{
    (void)state;
    static char text[900];
    struct record r = {.epoch = 7, .opcode = FRAME_TEXT};
    make(2);
    memset(text, 'x', sizeof text - 1);
    r.payload = bytes_of(text);
    uint32_t room = open_read(one, "tea");
    enum store_outcome outcome;
    do
        r.number++;
    while ((outcome = store_put(bus, room, &r)) == STORE_DONE);
    assert_int_equal(outcome, STORE_FULL);
    shared_rung(bus);
    shared_hear(one, room);
    assert_int_equal(shared_rung(bus), 1 << room);
    assert_int_equal(store_put(bus, room, &r), STORE_DONE);
    assert_true(store_lock(two, room));
    r.number++;
    assert_int_equal(store_put(bus, room, &r), STORE_BUSY);
    store_unlock(two, room);
}

/* Wherever it stood under another name. */
static void test_a_place_under_another_name_is_written_to(void **state)
{
    (void)state;
    make(1);
    uint32_t room = open_read(one, "tea");
    put(room, "hello");
    put(room, "far behind what is said next");
    assert_int_equal(store_close(one, room), STORE_DONE);
    assert_int_equal(store_abandon(bus, room), STORE_DONE);
    assert_int_equal(open_read(one, "milk"), room);
    struct store_id end = store_end(bus, room), last = store_last(bus, room);
    assert_true(last.epoch == end.epoch && last.number == end.number);
    put(room, "afresh");
    assert_string_equal(shared_hear(one, room), "afresh");
    assert_int_equal(one->damaged, 0);
}

static void test_a_new_bus_goes_on_where_the_last_one_was(void **state)
{
    uint32_t room;
    bool anew;
    (void)state;
    make(2);
    open_read(one, "tea");
    put(0, "hello");
    shared_begin(&all, 2);
    read_room(0);
    assert_true(store_last(bus, 0).epoch == 7 &&
                store_last(bus, 0).number == 1);
    put(0, "again");
    assert_string_equal(shared_hear(one, 0), "hello");
    assert_string_equal(shared_hear(one, 0), "again");
    assert_int_equal(store_close(bus, 0), STORE_DONE);
    assert_int_equal(
        store_open(bus, BYTES_LITERAL("tea"), 1000, 0, &room, &anew),
        STORE_DONE);
    assert_false(anew); /* it is in step with this name */
}

/* ---- What is no message ------------------------------------------------------ */

static void test_a_gap_says_what_follows_it(void **state)
{
    (void)state;
    struct record r = {.epoch = 9, .number = 40, .kind = RECORD_GAP};
    make(2);
    uint32_t room = open_read(one, "tea");
    put(room, "before");
    assert_string_equal(shared_hear(one, room), "before");
    assert_int_equal(store_put(bus, room, &r), STORE_DONE);
    assert_true(store_read(one, room, &r));
    assert_int_equal(r.kind, RECORD_GAP);
    store_pass(one, room);
    assert_true(store_last(one, room).epoch == 9 &&
                store_last(one, room).number == 40);
    r = (struct record){.epoch = 9,
                        .number = 41,
                        .opcode = FRAME_TEXT,
                        .payload = BYTES_LITERAL("behind")};
    assert_int_equal(store_put(bus, room, &r), STORE_DONE);
    assert_string_equal(shared_hear(one, room), "behind");
    assert_int_equal(one->damaged, 0);
}

/* Whoever begins with it, or with a loss. */
static void test_what_no_message_follows_is_known(void **state)
{
    (void)state;
    make(2);
    uint32_t room = open_read(one, "tea");
    put(room, "before");
    for (unsigned kind = RECORD_GAP; kind <= RECORD_LOST; kind++) {
        struct store_id end = store_end(bus, room);
        struct record r = {
            .epoch = end.epoch, .number = end.number, .kind = (uint8_t)kind};
        assert_int_equal(store_put(bus, room, &r), STORE_DONE);
        shared_begin(&all, 1);
        shared_open_with(two, "tea", 1);
        assert_true(store_last(two, room).epoch == end.epoch &&
                    store_last(two, room).number == end.number);
        assert_true(store_read(two, room, &r));
        assert_int_equal(r.kind, kind);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_enters_a_room_before_it_is_read),
        cmocka_unit_test(test_the_bus_is_asked_by_nobody),
        cmocka_unit_test(test_who_is_in_the_way_keeps_it_from_being_adopted),
        cmocka_unit_test(test_a_room_is_let_go_when_nobody_wants_it),
        cmocka_unit_test(test_a_place_that_the_bus_alone_has_is_asked_for),
        cmocka_unit_test(test_who_waits_for_a_place_is_told_that_it_is_taken),
        cmocka_unit_test(test_nothing_of_a_place_is_left_to_its_next_name),
        cmocka_unit_test(test_what_is_proposed_reaches_the_bus),
        cmocka_unit_test(test_a_full_ring_is_told),
        cmocka_unit_test(test_who_waits_for_space_is_rung_and_nobody_else),
        cmocka_unit_test(test_what_the_bus_writes_all_hear),
        cmocka_unit_test(test_who_has_not_read_is_not_overrun),
        cmocka_unit_test(test_a_place_under_another_name_is_written_to),
        cmocka_unit_test(test_a_new_bus_goes_on_where_the_last_one_was),
        cmocka_unit_test(test_a_gap_says_what_follows_it),
        cmocka_unit_test(test_what_no_message_follows_is_known),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    guard_free_all();
    return result;
}
