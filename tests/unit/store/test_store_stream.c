/* SPDX-License-Identifier: MIT */
/* Goal: what is said is read by all in one order, whole, and nothing that
   somebody has still to read is overwritten. */
#include "support/death.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/shared.h"
#include "support/unit.h"
#include "wire/frame.h"

#define SIZE 4096 /* of a stream; a record has 1024 bytes at most */

static struct crc32c crc;
static struct shared all;
static struct store *const one = &all.workers[0], *const two = &all.workers[1];

static void make(struct shared_plan plan)
{
    guard_free_all();
    shared_make(&all, plan);
    for (uint32_t w = 0; w < plan.workers; w++)
        assert_int_equal(shared_open(&all.workers[w], "tea"), 0);
}

static void make_for(uint32_t workers)
{
    make((struct shared_plan){
        .rooms = 1, .workers = workers, .stream_size = SIZE});
}

/* As if so many bytes had been said before. */
static void begin_at(uint32_t pos)
{
    struct map_room *m = &one->map.rooms[0];
    atom_put(&m->head, pos);
    atom_put(&m->oldest, pos);
    m->ends[0].pos = pos;
    for (uint32_t w = 0; w < all.plan.workers; w++) {
        all.workers[w].readers[0].pos = pos;
        all.workers[w].readers[0].seen = pos;
        atom_put(&board_place(&one->board, 0, w)->cursor, pos);
    }
}

/* A text that makes a record of so many bytes, and begins with a letter. */
static const char *text_of(size_t len, char letter)
{
    static char text[SIZE];
    memset(text, '.', len - RECORD_HEAD);
    text[0] = letter;
    text[len - RECORD_HEAD] = '\0';
    return text;
}

static void say(struct store *s, size_t len, char letter)
{
    shared_say(s, 0, text_of(len, letter));
}

static void assert_hears(struct store *s, size_t len, char letter)
{
    assert_string_equal(shared_hear(s, 0), text_of(len, letter));
}

static void assert_silent(struct store *s)
{
    assert_true(store_is_read(s, 0));
    assert_string_equal(shared_hear(s, 0), "");
    assert_int_equal(s->damaged, 0);
}

/* All of a stream is said, and read by who said it. */
static void fill(void)
{
    for (char letter = 'a'; letter < 'e'; letter++) {
        say(one, 1024, letter);
        assert_hears(one, 1024, letter);
    }
}

/* ---- Without streams ----------------------------------------------------- */

static void test_without_streams_there_are_numbers_alone(void **state)
{
    (void)state;
    make((struct shared_plan){.rooms = 1, .workers = 1});
    struct record r = {.worker = 9};
    uint64_t epoch = store_last(one, 0).epoch;
    for (uint64_t number = 1; number < 4; number++) {
        assert_int_equal(store_seize(one, 0, SIZE_MAX), STORE_DONE);
        store_number(one, 0, &r);
        store_append(one, 0, &r);
        assert_true(r.epoch == epoch && r.number == number && r.worker == 0);
        assert_true(store_last(one, 0).number == number);
        assert_false(store_read(one, 0, &r));
    }
    store_release(one); /* nothing is seized: nothing happens */
    store_close(one, 0);
    shared_open(one, "tea");
    assert_int_equal(store_last(one, 0).number, 3);
}

/* ---- Saying and reading -------------------------------------------------- */

/* As if it had been read: whatever comes next, and whoever says it. */
static void test_ones_own_need_not_be_read(void **state)
{
    (void)state;
    make_for(2);
    for (uint64_t number = 1; number < 50; number += 2) {
        struct record r = {.opcode = FRAME_TEXT,
                           .name = BYTES_LITERAL("Ann"),
                           .payload = BYTES_LITERAL("hello")};
        assert_int_equal(store_seize(one, 0, record_len(&r)), STORE_DONE);
        store_number(one, 0, &r);
        store_append(one, 0, &r);
        assert_int_equal(store_seize(one, 0, 64), STORE_BEHIND);
        store_read_own(one, 0, &r);
        assert_int_equal(store_last(one, 0).number, number);
        store_pass(one, 0);
        assert_silent(one);
        assert_string_equal(shared_hear(two, 0), "hello");
        shared_say(two, 0, "hi");
        assert_string_equal(shared_hear(one, 0), "hi");
        assert_string_equal(shared_hear(two, 0), "hi");
        assert_int_equal(store_last(one, 0).number, number + 1);
    }
}

static void test_what_one_says_all_read_whole(void **state)
{
    (void)state;
    make((struct shared_plan){
        .rooms = 1, .workers = 2, .stream_size = SIZE, .crc = &crc});
    struct record in = {.time = 5,
                        .tag = 6,
                        .opcode = FRAME_BINARY,
                        .uid = "0123456789abcde",
                        .sub = BYTES_LITERAL("ann"),
                        .name = BYTES_LITERAL("Ann"),
                        .payload = BYTES_LITERAL("hello")};
    assert_int_equal(store_seize(two, 0, record_len(&in)), STORE_DONE);
    store_number(two, 0, &in);
    store_append(two, 0, &in);
    assert_true(in.number == 1 && in.worker == 1);
    for (unsigned w = 0; w < 2; w++) {
        struct record out;
        assert_false(store_is_read(&all.workers[w], 0));
        assert_true(store_read(&all.workers[w], 0, &out));
        assert_true(out.epoch == in.epoch && out.number == 1);
        assert_true(out.time == 5 && out.tag == 6 && out.worker == 1);
        assert_int_equal(out.opcode, FRAME_BINARY);
        assert_memory_equal(out.uid, in.uid, 16);
        assert_true(bytes_equal(out.sub, in.sub));
        assert_true(bytes_equal(out.name, in.name));
        assert_true(bytes_equal(out.payload, in.payload));
        assert_int_equal(store_last(&all.workers[w], 0).number, 1);
        store_pass(&all.workers[w], 0);
        assert_silent(&all.workers[w]);
    }
}

static void test_it_is_read_again_until_it_is_passed(void **state)
{
    (void)state;
    struct record r;
    make_for(2);
    say(one, 72, 'a');
    uint32_t cursor = atom_get(&board_place(&one->board, 0, 1)->cursor);
    assert_true(store_read(two, 0, &r));
    assert_int_equal(atom_get(&board_place(&one->board, 0, 1)->cursor), cursor);
    store_pass(two, 0);
    assert_int_equal(atom_get(&board_place(&one->board, 0, 1)->cursor),
                     cursor + 72);
    assert_silent(two);
}

static void test_who_has_not_read_all_is_behind(void **state)
{
    (void)state;
    make_for(2);
    say(one, 72, 'a');
    assert_int_equal(store_seize(one, 0, 64), STORE_BEHIND);
    assert_int_equal(store_seize(two, 0, 64), STORE_BEHIND);
    assert_int_equal(atom_get(&one->board.rooms[0].lock), 0);
    assert_hears(two, 72, 'a');
    say(two, 80, 'b');
    assert_hears(two, 80, 'b'); /* its own is the next */
    assert_silent(two);
    assert_hears(one, 72, 'a');
    assert_int_equal(store_seize(one, 0, 64), STORE_BEHIND);
    assert_hears(one, 80, 'b');
    assert_int_equal(store_seize(one, 0, 64), STORE_DONE);
}

static void test_a_room_is_one_workers_at_a_time(void **state)
{
    (void)state;
    make_for(2);
    assert_int_equal(store_seize(one, 0, 64), STORE_DONE);
    assert_int_equal(store_seize(two, 0, 64), STORE_BUSY);
    store_release(one);
    store_release(one);
    assert_int_equal(store_seize(two, 0, 64), STORE_DONE);
    assert_int_equal(shared_rung(two), 1); /* for its try before */
}

static void test_each_room_has_a_stream_of_its_own(void **state)
{
    (void)state;
    make((struct shared_plan){.rooms = 2, .workers = 2, .stream_size = SIZE});
    uint32_t other = shared_open(one, "coffee");
    shared_open(two, "coffee");
    for (char letter = 'a'; letter < 'e'; letter++) {
        say(one, 1024, letter);
        shared_say(two, other, "other");
        assert_hears(one, 1024, letter);
        assert_hears(two, 1024, letter);
        assert_string_equal(shared_hear(two, other), "other");
        assert_string_equal(shared_hear(one, other), "other");
    }
}

static void test_a_record_may_be_a_head_alone(void **state)
{
    (void)state;
    make_for(2);
    shared_say(one, 0, "");
    assert_false(store_is_read(two, 0));
    assert_string_equal(shared_hear(two, 0), "");
    assert_silent(two);
    assert_int_equal(store_last(two, 0).number, 1);
}

static void test_who_opens_is_in_the_way_from_where_it_reads(void **state)
{
    (void)state;
    make_for(2);
    store_close(two, 0);
    fill();
    shared_begin(&all, 1);
    shared_open_with(two, "tea", 1);
    for (char letter = 'e'; letter < 'h'; letter++) {
        say(one, 1024, letter);
        assert_hears(one, 1024, letter);
    }
    assert_int_equal(store_seize(one, 0, 64), STORE_FULL);
    assert_hears(two, 1024, 'd');
}

static void test_nothing_is_said_after_all(void **state)
{
    (void)state;
    make_for(2);
    assert_int_equal(store_seize(one, 0, 1024), STORE_DONE);
    store_release(one);
    assert_silent(one);
    assert_int_equal(shared_rung(two), 0);
    say(one, 72, 'a');
    assert_hears(two, 72, 'a');
    assert_int_equal(store_last(two, 0).number, 1);
}

/* ---- Space --------------------------------------------------------------- */

static void test_what_somebody_has_to_read_is_not_overwritten(void **state)
{
    (void)state;
    make_for(2);
    fill();
    assert_int_equal(store_seize(one, 0, 64), STORE_FULL);
    assert_int_equal(atom_get(&one->board.rooms[0].lock), 0);
    assert_hears(two, 1024, 'a');
    assert_int_equal(store_seize(one, 0, 1024), STORE_DONE);
    store_release(one);
    say(one, 1024, 'e');
    for (char letter = 'b'; letter < 'f'; letter++)
        assert_hears(two, 1024, letter);
    assert_silent(two);
}

/* Who is told FULL sleeps until somebody reads: it does not ring itself. */
static void test_who_waits_for_space_is_rung_when_it_is_there(void **state)
{
    (void)state;
    make_for(3);
    struct store *third = &all.workers[2];
    for (char letter = 'a'; letter < 'e'; letter++) {
        say(one, 1024, letter);
        assert_hears(one, 1024, letter);
        assert_hears(two, 1024, letter);
    }
    shared_rung(two);
    assert_int_equal(store_seize(one, 0, 64), STORE_FULL);
    assert_int_equal(store_seize(two, 0, 64), STORE_FULL);
    assert_int_equal(shared_rung(one) | shared_rung(two), 0);
    assert_true(store_sleep(one) && store_sleep(two));
    assert_hears(third, 1024, 'a');
    assert_int_equal(store_wake(third), 3);
    assert_int_equal(shared_rung(one) & shared_rung(two), 1);
    assert_hears(third, 1024, 'b'); /* nobody waits any more */
    assert_int_equal(shared_rung(one) | shared_rung(two), 0);
}

static void test_who_waits_for_the_lock_is_rung_when_it_is_free(void **state)
{
    (void)state;
    make_for(3);
    assert_int_equal(store_seize(one, 0, 64), STORE_DONE);
    assert_int_equal(store_seize(two, 0, 64), STORE_BUSY);
    assert_int_equal(shared_rung(two), 0);
    assert_true(store_sleep(two));
    store_release(one);
    assert_int_equal(store_wake(one), 2);
    assert_int_equal(shared_rung(two), 1);
    assert_int_equal(shared_rung(&all.workers[2]), 0);
}

static void test_who_closes_gives_space(void **state)
{
    (void)state;
    make_for(2);
    fill();
    assert_int_equal(store_seize(one, 0, 64), STORE_FULL);
    store_close(two, 0);
    assert_int_equal(shared_rung(one), 1);
    say(one, 1024, 'e');
    assert_hears(one, 1024, 'e');
}

static void test_of_32_workers_the_slowest_is_in_the_way(void **state)
{
    (void)state;
    make_for(32);
    for (char letter = 'a'; letter < 'e'; letter++) {
        say(one, 1024, letter);
        for (uint32_t w = 0; w < 31; w++)
            assert_hears(&all.workers[w], 1024, letter);
    }
    assert_int_equal(store_seize(one, 0, 64), STORE_FULL);
    store_close(&all.workers[30], 0); /* for which nobody waits */
    assert_int_equal(shared_rung(one), 0);
    assert_hears(&all.workers[31], 1024, 'a');
    assert_int_equal(shared_rung(one), 1);
    assert_int_equal(store_seize(one, 0, 1024), STORE_DONE);
}

/* Of 1032 bytes 64 are free, to the byte. */
static void test_space_is_counted_to_the_byte(void **state)
{
    (void)state;
    make_for(2);
    for (char letter = 'a'; letter < 'd'; letter++) {
        say(one, 1024, letter);
        assert_hears(one, 1024, letter);
    }
    say(one, 960, 'd');
    assert_hears(one, 960, 'd');
    assert_int_equal(store_seize(one, 0, 65), STORE_FULL);
    say(one, 64, '\0');
    assert_hears(two, 1024, 'a');
}

/* ---- Around the end ------------------------------------------------------ */

static void test_a_record_may_end_exactly_at_the_end(void **state)
{
    (void)state;
    make_for(2);
    begin_at(SIZE - 72);
    say(one, 72, 'a');
    assert_hears(one, 72, 'a');
    say(one, 72, 'b');
    assert_hears(one, 72, 'b');
    assert_hears(two, 72, 'a');
    assert_hears(two, 72, 'b');
    assert_silent(two);
}

static void test_a_record_is_whole_wherever_it_wraps_around(void **state)
{
    (void)state;
    for (uint32_t before = 0; before <= 1024; before += RECORD_ALIGN) {
        make((struct shared_plan){
            .rooms = 1, .workers = 2, .stream_size = SIZE, .crc = &crc});
        begin_at(SIZE - before);
        say(one, 1023, 'a');
        assert_hears(one, 1023, 'a');
        assert_hears(two, 1023, 'a');
        say(two, 64 + 1, 'b');
        assert_hears(one, 64 + 1, 'b');
        assert_silent(one);
    }
}

static void test_positions_wrap_around_at_2_to_the_32(void **state)
{
    (void)state;
    for (uint32_t before = 0; before <= 5 * 520; before += RECORD_ALIGN) {
        make_for(2);
        begin_at(0 - before);
        for (char letter = 'a'; letter < 'k'; letter++) {
            say(one, 520, letter);
            assert_hears(one, 520, letter);
            assert_hears(two, 520, letter);
        }
        store_close(two, 0);
        shared_begin(&all, 1);
        shared_open(two, "tea");
        for (char letter = 'd'; letter < 'k'; letter++)
            assert_hears(two, 520, letter); /* seven are held */
        assert_silent(two);
    }
}

/* ---- What was said before ------------------------------------------------ */

static void check_history(uint32_t history, char first)
{
    make((struct shared_plan){.rooms = 1, .workers = 2, .stream_size = SIZE});
    store_close(two, 0);
    for (char letter = 'a'; letter < 'k'; letter++) {
        say(one, 520, letter);
        assert_hears(one, 520, letter);
    }
    shared_begin(&all, 1);
    shared_open_with(two, "tea", history);
    assert_int_equal(store_last(two, 0).number, first - 'a');
    assert_true(store_last(two, 0).epoch == store_last(one, 0).epoch);
    for (char letter = first; letter < 'k'; letter++)
        assert_hears(two, 520, letter);
    assert_silent(two);
}

static void test_history_is_none_some_or_what_is_held(void **state)
{
    (void)state;
    check_history(0, 'k');
    check_history(1, 'j');
    check_history(6, 'e');
    check_history(7, 'd'); /* as many are held */
    check_history(100, 'd');
    check_history(UINT32_MAX, 'd');
}

static void test_history_of_a_room_where_nothing_was_said(void **state)
{
    (void)state;
    make_for(2);
    assert_int_equal(store_last(two, 0).number, 0);
    assert_int_not_equal(store_last(two, 0).epoch, 0);
    assert_silent(two);
}

/* Somebody opens it whose history is damaged: it reads what is said from now
   on, and follows the last one. */
static void test_a_damaged_history_is_left_out(void **state)
{
    (void)state;
    make_for(2);
    say(one, 72, 'a');
    assert_hears(one, 72, 'a');
    memset(one->map.streams, 0, 72);
    shared_begin(&all, 1);
    store_leave(two, 0, 1);
    shared_open(two, "tea");
    assert_silent(two);
    assert_int_equal(store_last(two, 0).number, 1);
    say(one, 72, 'b');
    assert_hears(two, 72, 'b');
    assert_silent(two);
}

/* ---- Damage -------------------------------------------------------------- */

/* The second of three records in the stream is changed; what is behind it is
   not read, and what is said then is. */
static void check_damage(size_t offset, const void *bytes, size_t len)
{
    make((struct shared_plan){.rooms = 1, .workers = 2, .stream_size = SIZE});
    for (char letter = 'a'; letter < 'd'; letter++) {
        say(one, 104, letter);
        assert_hears(one, 104, letter);
    }
    memcpy(one->map.streams + 104 + offset, bytes, len);
    assert_hears(two, 104, 'a');
    assert_string_equal(shared_hear(two, 0), "");
    assert_int_equal(two->damaged, 1);
    assert_true(store_is_read(two, 0));
    assert_int_equal(store_last(two, 0).number, 3);
    say(one, 104, 'd');
    assert_hears(two, 104, 'd');
    assert_int_equal(two->damaged, 1);
}

static void check_damaged_len(uint32_t len)
{
    check_damage(4, &len, sizeof len);
}

static void test_a_damaged_length_ends_the_stream(void **state)
{
    (void)state;
    check_damaged_len(0);
    check_damaged_len(RECORD_HEAD - 1);
    check_damaged_len(2 * 104 + 1);
    check_damaged_len(1025);
    check_damaged_len(UINT32_MAX - 6); /* aligned it would be 0 */
    check_damaged_len(UINT32_MAX);
}

/* One that may be is found by what it leads to. */
static void check_other_len(uint32_t len)
{
    make_for(2);
    for (char letter = 'a'; letter < 'd'; letter++) {
        say(one, 104, letter);
        assert_hears(one, 104, letter);
    }
    memcpy(one->map.streams + 104 + 4, &len, 4);
    memcpy(one->map.streams + 304, one->map.streams + 208, RECORD_HEAD);
    assert_hears(two, 104, 'a');
    assert_int_equal(shared_hear(two, 0)[0], 'b');
    assert_int_equal(two->damaged, 0);
    assert_string_equal(shared_hear(two, 0), "");
    assert_int_equal(two->damaged, 1);
    assert_int_equal(store_last(two, 0).number, 3);
}

static void test_a_length_of_another_record_ends_the_stream_behind_it(void **s)
{
    (void)s;
    check_other_len(112);
    check_other_len(200); /* at 304 stands one that the head cuts off */
}

static void test_a_damaged_opcode_or_name_ends_the_stream(void **state)
{
    (void)state;
    check_damage(42, "\x03", 1);
    check_damage(43, "\xFF", 1);
    check_damage(44, "\x29", 1); /* 41: one more than there are */
}

static void test_a_number_that_does_not_follow_ends_the_stream(void **state)
{
    (void)state;
    check_damage(16, &(uint64_t){3}, 8);
    check_damage(16, &(uint64_t){1}, 8);
    check_damage(8, &(uint64_t){3}, 8); /* another epoch, and not its first */
}

/* All that stands there is right; but with checks each bit counts. */
static void test_a_damaged_byte_is_found_where_there_are_checks(void **state)
{
    (void)state;
    make((struct shared_plan){
        .rooms = 1, .workers = 2, .stream_size = SIZE, .crc = &crc});
    say(one, 104, 'a');
    one->map.streams[103] ^= 1;
    assert_string_equal(shared_hear(two, 0), "");
    assert_int_equal(two->damaged, 1);
}

/* A room may go on in another epoch, from its first number on. */
static void test_a_new_epoch_begins_at_one(void **state)
{
    (void)state;
    make_for(2);
    say(one, 72, 'a');
    assert_hears(one, 72, 'a');
    one->map.rooms[0].ends[1].epoch++;
    one->map.rooms[0].ends[1].number = 0;
    say(one, 72, 'b');
    assert_hears(two, 72, 'a');
    uint64_t epoch = store_last(two, 0).epoch;
    assert_hears(two, 72, 'b');
    assert_true(store_last(two, 0).epoch == epoch + 1);
    assert_int_equal(store_last(two, 0).number, 1);
    assert_silent(two);
}

/* What is overwritten is damaged: how much of it was there is not known. */
static void test_who_writes_over_damage_goes_on(void **state)
{
    (void)state;
    make_for(1);
    fill();
    memset(one->map.streams, 0xFF, RECORD_HEAD);
    say(one, 72, 'e');
    assert_hears(one, 72, 'e');
    assert_int_equal(atom_get(&one->map.rooms[0].oldest), SIZE);
    assert_silent(one);
}

/* ---- Misuse -------------------------------------------------------------- */

static void seize_too_much(void *context)
{
    (void)context;
    store_seize(one, 0, 1025);
}

static void seize_twice(void *context)
{
    (void)context;
    store_seize(one, 0, 64);
    store_seize(one, 0, 64);
}

static void append_unseized(void *context)
{
    (void)context;
    store_append(one, 0, &(struct record){.opcode = FRAME_TEXT});
}

static void append_more_than_seized(void *context)
{
    (void)context;
    struct record r = {.opcode = FRAME_TEXT, .payload = BYTES_LITERAL("a")};
    store_seize(one, 0, 64);
    store_append(one, 0, &r);
}

static void seize_what_is_closed(void *context)
{
    (void)context;
    store_close(one, 0);
    store_seize(one, 0, 64);
}

static void test_misuse_trips_a_check(void **state)
{
    (void)state;
    make_for(1);
    assert_int_equal(store_seize(one, 0, 1024), STORE_DONE);
    store_release(one);
    assert_true(death_by_check(seize_too_much, NULL));
    assert_true(death_by_check(seize_twice, NULL));
    assert_true(death_by_check(append_unseized, NULL));
    assert_true(death_by_check(append_more_than_seized, NULL));
    assert_true(death_by_check(seize_what_is_closed, NULL));
}

/* ---- All together -------------------------------------------------------- */

struct model {
    char letters[3000]; /* what was said, in order */
    uint16_t lens[3000];
    size_t said;
    size_t heard[3];
};

static void try_to_say(struct model *m, uint32_t w, struct random *r)
{
    struct store *s = &all.workers[w];
    size_t len = RECORD_HEAD + 1 + (size_t)random_below(r, 960);
    char letter = (char)('a' + random_below(r, 26));
    switch (store_seize(s, 0, len)) {
    case STORE_DONE:
        assert_int_equal(m->heard[w], m->said);
        store_release(s);
        say(s, len, letter);
        m->letters[m->said] = letter;
        m->lens[m->said++] = (uint16_t)len;
        break;
    case STORE_BEHIND: assert_true(m->heard[w] < m->said); break;
    case STORE_FULL: break;
    case STORE_BUSY: fail();
    }
}

static void any_order_is_one_order(struct random *r)
{
    struct model m = {.said = 0};
    make((struct shared_plan){.rooms = 1,
                              .workers = 3,
                              .stream_size = SIZE,
                              .crc = random_below(r, 2) ? &crc : NULL});
    begin_at((uint32_t)random_next(r) & ~UINT32_C(7));
    for (int step = 0; step < 1000; step++) {
        uint32_t w = (uint32_t)random_below(r, 3);
        if (random_below(r, 2))
            try_to_say(&m, w, r);
        else if (m.heard[w] < m.said) {
            assert_hears(&all.workers[w], m.lens[m.heard[w]],
                         m.letters[m.heard[w]]);
            m.heard[w]++;
        } else
            assert_silent(&all.workers[w]);
    }
    assert_true(m.said > 100);
}

static void test_any_order_is_one_order(void **state)
{
    (void)state;
    RANDOM_PROPERTY(any_order_is_one_order, 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_streams_there_are_numbers_alone),
        cmocka_unit_test(test_ones_own_need_not_be_read),
        cmocka_unit_test(test_what_one_says_all_read_whole),
        cmocka_unit_test(test_it_is_read_again_until_it_is_passed),
        cmocka_unit_test(test_who_has_not_read_all_is_behind),
        cmocka_unit_test(test_a_room_is_one_workers_at_a_time),
        cmocka_unit_test(test_nothing_is_said_after_all),
        cmocka_unit_test(test_what_somebody_has_to_read_is_not_overwritten),
        cmocka_unit_test(test_who_waits_for_space_is_rung_when_it_is_there),
        cmocka_unit_test(test_who_waits_for_the_lock_is_rung_when_it_is_free),
        cmocka_unit_test(test_who_closes_gives_space),
        cmocka_unit_test(test_of_32_workers_the_slowest_is_in_the_way),
        cmocka_unit_test(test_space_is_counted_to_the_byte),
        cmocka_unit_test(test_a_record_may_end_exactly_at_the_end),
        cmocka_unit_test(test_a_record_is_whole_wherever_it_wraps_around),
        cmocka_unit_test(test_positions_wrap_around_at_2_to_the_32),
        cmocka_unit_test(test_history_is_none_some_or_what_is_held),
        cmocka_unit_test(test_history_of_a_room_where_nothing_was_said),
        cmocka_unit_test(test_a_damaged_history_is_left_out),
        cmocka_unit_test(test_a_damaged_length_ends_the_stream),
        cmocka_unit_test(
            test_a_length_of_another_record_ends_the_stream_behind_it),
        cmocka_unit_test(test_a_damaged_opcode_or_name_ends_the_stream),
        cmocka_unit_test(test_a_number_that_does_not_follow_ends_the_stream),
        cmocka_unit_test(test_a_damaged_byte_is_found_where_there_are_checks),
        cmocka_unit_test(test_a_new_epoch_begins_at_one),
        cmocka_unit_test(test_who_writes_over_damage_goes_on),
        cmocka_unit_test(test_misuse_trips_a_check),
        cmocka_unit_test(test_any_order_is_one_order),
        cmocka_unit_test(test_each_room_has_a_stream_of_its_own),
        cmocka_unit_test(test_a_record_may_be_a_head_alone),
        cmocka_unit_test(test_who_opens_is_in_the_way_from_where_it_reads),
    };
    crc32c_init(&crc);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
