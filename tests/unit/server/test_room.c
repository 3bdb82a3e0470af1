/* SPDX-License-Identifier: MIT */
#include "server/room.h"
#include "support/unit.h"

#include <stdio.h>

#define ROOMS   3
#define READERS 4
#define LOG     1024
#define HISTORY 5

static struct room table[ROOMS];
static uint32_t buckets[ROOMS];
static uint8_t log_bytes[ROOMS * ROOM_LOGS * LOG];
static uint64_t marks[ROOMS * HISTORY];
static struct list_link links[READERS];

static struct topic topics[ROOMS];

static struct rooms rooms_with(uint32_t history)
{
    memset(table, 0, sizeof table);
    memset(topics, 0, sizeof topics);
    memset(buckets, 0, sizeof buckets);
    memset(marks, 0, sizeof marks);
    struct rooms all = {
        .topics = {.table = topics,
                   .buckets = buckets,
                   .history = history,
                   .mark_space = marks},
        .table = table,
        .reader_links = {(uint8_t *)links, sizeof *links},
        .log_bytes = log_bytes,
        .log_size = LOG,
        .log_count = ROOM_LOGS,
    };
    room_init(&all, ROOMS);
    return all;
}

static struct rooms rooms_of(void)
{
    return rooms_with(HISTORY);
}

static struct room *open_room(struct rooms *all, const char *name)
{
    return room_open(all, bytes_of(name), 1000);
}

/* Messages of 20 bytes in each form; the JSON one says its number. */
static void append(struct rooms *all, struct room *room, unsigned count)
{
    while (count-- > 0) {
        char text[32];
        snprintf(text, sizeof text, "%020u",
                 (unsigned)room_topic(all, room)->number + 1);
        struct span whole = bytes_of(text);
        struct room_record record = {
            .head = {bytes_part(whole, 0, 2), whole},
            .body = {bytes_part(whole, 2, 18)},
        };
        room_append(all, room, &record);
    }
}

/* ---- Names --------------------------------------------------------------- */

static void test_a_name_leads_to_one_room(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    assert_non_null(a);
    assert_ptr_not_equal(a, b);
    assert_ptr_equal(open_room(&all, "a"), a);
    assert_ptr_equal(open_room(&all, "b"), b);
    assert_ptr_not_equal(open_room(&all, "ab"), a);
}

static void test_names_of_every_length_and_byte_are_told_apart(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    uint8_t name[LIMITS_ROOM_NAME] = {0};
    struct room *zeros[2] = {
        room_open(&all, bytes_span(name, LIMITS_ROOM_NAME), 1),
        room_open(&all, bytes_span(name, LIMITS_ROOM_NAME - 1), 1),
    };
    assert_ptr_not_equal(zeros[0], zeros[1]);
    assert_ptr_equal(room_open(&all, bytes_span(name, LIMITS_ROOM_NAME), 1),
                     zeros[0]);
}

static uint64_t epoch_of(struct rooms *all, const char *name, uint64_t wall)
{
    return room_topic(all, room_open(all, bytes_of(name), wall))->epoch;
}

static void test_no_two_counts_share_an_epoch(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    uint64_t a = epoch_of(&all, "a", 1000);
    uint64_t b = epoch_of(&all, "b", 1000);
    uint64_t c = epoch_of(&all, "c", 10); /* set back */
    uint64_t d = epoch_of(&all, "d", 1000);
    assert_true(a != b && a != c && a != d && b != c && b != d && c != d);
    assert_int_equal(a >> 22, 1000);
    assert_int_equal(c >> 22, 10);
    /* Another process, in the same millisecond. */
    struct rooms other = rooms_of();
    other.topics.epochs = UINT64_MAX - 7;
    assert_true(epoch_of(&other, "a", 1000) != a);
    assert_true(epoch_of(&other, "b", 1000) != b);
}

/* With another seed other names collide: which ones nobody can know. */
static void test_rooms_are_found_whatever_the_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rooms all = rooms_of();
        all.topics.seed = seed;
        struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
        assert_ptr_equal(open_room(&all, "a"), a);
        assert_ptr_equal(open_room(&all, "b"), b);
    }
}

/* ---- Places -------------------------------------------------------------- */

static void test_a_room_with_readers_keeps_its_place(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t i = 0; i < ROOMS; i++)
        room_add_reader(&all, open_room(&all, names[i]), i);
    assert_null(open_room(&all, "d"));
    assert_non_null(open_room(&all, "b"));
}

static void test_the_room_that_was_empty_longest_makes_way(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    struct room *c = open_room(&all, "c");
    for (uint32_t i = 0; i < ROOMS; i++)
        room_add_reader(&all, i == 0 ? a : i == 1 ? b : c, i);
    append(&all, b, 3);
    room_remove_reader(&all, b, 1);
    room_remove_reader(&all, a, 0);
    struct room *d = open_room(&all, "d");
    assert_ptr_equal(d, b);
    assert_int_equal(room_topic(&all, d)->number, 0);
    assert_true(d->logs[ROOM_JSON].head == 0);
    assert_ptr_equal(open_room(&all, "a"), a);
    room_add_reader(&all, a, 0);
    room_add_reader(&all, d, 1);
    assert_null(open_room(&all, "b")); /* its name is forgotten */
}

/* Where what is replayed begins. */
static uint64_t history_at(const struct rooms *all, const struct room *room,
                           uint64_t count)
{
    const struct topic *t = room_topic(all, room);
    const struct ring *log = &room->logs[ROOM_JSON];
    return topic_place(&all->topics, t, log,
                       topic_history(&all->topics, t, log, count));
}

static uint64_t resume_at(const struct rooms *all, const struct room *room,
                          uint64_t epoch, uint64_t number, bool *gap)
{
    const struct topic *t = room_topic(all, room);
    const struct ring *log = &room->logs[ROOM_JSON];
    return topic_place(&all->topics, t, log,
                       topic_resume(&all->topics, t, log, epoch, number, gap));
}

static void test_an_empty_room_keeps_its_history(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    room_add_reader(&all, a, 0);
    append(&all, a, 3);
    uint64_t epoch = room_topic(&all, a)->epoch;
    room_remove_reader(&all, a, 0);
    assert_ptr_equal(open_room(&all, "a"), a);
    assert_int_equal(room_topic(&all, a)->number, 3);
    assert_true(room_topic(&all, a)->epoch == epoch);
    assert_true(history_at(&all, a, 2) == 20);
}

static void test_names_in_one_bucket_can_be_forgotten_in_any_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct rooms all = rooms_of();
        for (unsigned i = 0; i < 12; i++) {
            char name[16];
            snprintf(name, sizeof name, "%u", (i * 7 + round * i * i) % 50);
            struct room *room = open_room(&all, name);
            assert_ptr_equal(open_room(&all, name), room);
        }
        assert_int_equal(all.topics.slots.count, ROOMS);
        assert_int_equal(all.topics.empty.count, ROOMS);
    }
}

/* ---- The dirty queue ----------------------------------------------------- */

static void test_dirty_rooms_come_out_once_in_their_order(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a"), *b = open_room(&all, "b");
    assert_null(room_next_dirty(&all));
    room_soil(&all, a);
    room_soil(&all, b);
    room_soil(&all, a);
    assert_ptr_equal(room_next_dirty(&all), a);
    room_soil(&all, a);
    assert_ptr_equal(room_next_dirty(&all), b);
    assert_ptr_equal(room_next_dirty(&all), a);
    assert_null(room_next_dirty(&all));
}

static void test_a_dirty_room_that_gives_its_place_stays_queued(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    open_room(&all, "a");
    open_room(&all, "b");
    room_soil(&all, open_room(&all, "a"));
    room_soil(&all, open_room(&all, "b"));
    open_room(&all, "c");
    struct room *d = open_room(&all, "d"); /* where a was */
    assert_true(d->dirty);
    assert_ptr_equal(room_next_dirty(&all), d);
    assert_non_null(room_next_dirty(&all));
    assert_null(room_next_dirty(&all));
}

/* ---- History ------------------------------------------------------------- */

static void test_history_is_what_was_asked_for_and_is_there(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    for (unsigned number = 0; number < 12; number++) {
        for (uint64_t count = 0; count < 20; count++) {
            uint64_t most = bytes_min64(bytes_min64(count, HISTORY), number);
            assert_true(history_at(&all, a, count) == 20 * (number - most));
        }
        append(&all, a, 1);
    }
    assert_true(history_at(&all, a, UINT64_MAX) == 20 * (12 - HISTORY));
}

static void test_big_messages_push_the_older_ones_out(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    static const uint8_t big[LOG / LIMITS_APPEND_PART + 4];
    for (unsigned i = 0; i < 10; i++)
        room_append(&all, a,
                    &(struct room_record){
                        .head = {[ROOM_JSON] = bytes_span(big, sizeof big)}});
    uint64_t head = a->logs[ROOM_JSON].head;
    assert_true(history_at(&all, a, HISTORY) == head - 3 * sizeof big);
    bool gap;
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch, 7, &gap) ==
                head - 3 * sizeof big);
    assert_false(gap);
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch, 6, &gap) ==
                head - 3 * sizeof big);
    assert_true(gap);
}

static void test_resuming_joins_up_or_says_that_it_does_not(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    append(&all, a, 12);
    for (uint64_t number = 0; number < 20; number++) {
        bool gap;
        uint64_t pos =
            resume_at(&all, a, room_topic(&all, a)->epoch, number, &gap);
        bool joins = number <= 12 && number + HISTORY >= 12;
        assert_int_equal(gap, !joins);
        assert_true(pos == 20 * (joins ? number : 12 - HISTORY));
    }
}

static void test_another_epoch_is_a_gap(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    append(&all, a, 3);
    bool gap = false;
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch + 1, 3, &gap) ==
                0);
    assert_true(gap);
    assert_true(
        resume_at(&all, a, room_topic(&all, a)->epoch, UINT64_MAX, &gap) == 0);
    assert_true(gap);
}

static void test_nothing_said_and_nothing_missed_is_no_gap(void **state)
{
    (void)state;
    struct rooms all = rooms_of();
    struct room *a = open_room(&all, "a");
    bool gap = true;
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch, 0, &gap) == 0);
    assert_false(gap);
}

static void test_without_history_nothing_is_held(void **state)
{
    (void)state;
    struct rooms all = rooms_with(0);
    struct room *a = open_room(&all, "a");
    a->log_members[ROOM_JSON] = 1;
    append(&all, a, 4);
    bool gap;
    assert_true(history_at(&all, a, 10) == 80);
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch, 4, &gap) == 80);
    assert_false(gap);
    assert_true(resume_at(&all, a, room_topic(&all, a)->epoch, 3, &gap) == 80);
    assert_true(gap);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_leads_to_one_room),
        cmocka_unit_test(test_names_of_every_length_and_byte_are_told_apart),
        cmocka_unit_test(test_no_two_counts_share_an_epoch),
        cmocka_unit_test(test_rooms_are_found_whatever_the_seed),
        cmocka_unit_test(test_a_room_with_readers_keeps_its_place),
        cmocka_unit_test(test_the_room_that_was_empty_longest_makes_way),
        cmocka_unit_test(test_an_empty_room_keeps_its_history),
        cmocka_unit_test(
            test_names_in_one_bucket_can_be_forgotten_in_any_order),
        cmocka_unit_test(test_dirty_rooms_come_out_once_in_their_order),
        cmocka_unit_test(test_a_dirty_room_that_gives_its_place_stays_queued),
        cmocka_unit_test(test_history_is_what_was_asked_for_and_is_there),
        cmocka_unit_test(test_big_messages_push_the_older_ones_out),
        cmocka_unit_test(test_resuming_joins_up_or_says_that_it_does_not),
        cmocka_unit_test(test_another_epoch_is_a_gap),
        cmocka_unit_test(test_nothing_said_and_nothing_missed_is_no_gap),
        cmocka_unit_test(test_without_history_nothing_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
