/* SPDX-License-Identifier: MIT */
/*
 * Goal: a name leads to one count of messages as long as anybody can want to
 * resume it, and a resume joins up or says that it does not.
 */
#include "server/topic.h"
#include "support/unit.h"

#include <stdio.h>

#define TOPICS  3
#define LOG     1024
#define HISTORY 5

static struct topic table[TOPICS];
static uint32_t buckets[TOPICS];
static uint64_t marks[TOPICS * HISTORY];

static struct topics topics_with(uint32_t history)
{
    memset(table, 0, sizeof table);
    memset(buckets, 0, sizeof buckets);
    memset(marks, 0, sizeof marks);
    struct topics all = {
        .table = table,
        .buckets = buckets,
        .history = history,
        .mark_space = marks,
    };
    topic_init(&all, TOPICS);
    return all;
}

static struct topics topics_of(void)
{
    return topics_with(HISTORY);
}

static uint32_t open_named(struct topics *all, struct span name, uint64_t wall)
{
    bool made;
    return topic_open(all, name, wall, &made);
}

static uint32_t open_topic(struct topics *all, const char *name)
{
    return open_named(all, bytes_of(name), 1000);
}

/* ---- Names --------------------------------------------------------------- */

static void test_a_name_leads_to_one_topic(void **state)
{
    (void)state;
    bool made;
    struct topics all = topics_of();
    uint32_t a = topic_open(&all, BYTES_LITERAL("a"), 1, &made);
    assert_true(made);
    uint32_t b = topic_open(&all, BYTES_LITERAL("b"), 1, &made);
    assert_true(made);
    assert_true(a != TOPIC_NONE && b != TOPIC_NONE && a != b);
    assert_int_equal(topic_open(&all, BYTES_LITERAL("a"), 2, &made), a);
    assert_false(made);
    assert_int_equal(open_topic(&all, "b"), b);
    assert_int_not_equal(open_topic(&all, "ab"), a);
    assert_true(bytes_equal(topic_name(topic_at(&all, b)), bytes_of("b")));
}

static void test_names_of_every_length_and_byte_are_told_apart(void **state)
{
    (void)state;
    struct topics all = topics_of();
    uint8_t name[LIMITS_ROOM_NAME] = {0};
    uint32_t longest = open_named(&all, bytes_span(name, LIMITS_ROOM_NAME), 1);
    uint32_t shorter =
        open_named(&all, bytes_span(name, LIMITS_ROOM_NAME - 1), 1);
    assert_int_not_equal(longest, shorter);
    assert_int_equal(open_named(&all, bytes_span(name, LIMITS_ROOM_NAME), 1),
                     longest);
}

static uint64_t epoch_of(struct topics *all, const char *name, uint64_t wall)
{
    return topic_at(all, open_named(all, bytes_of(name), wall))->epoch;
}

static void test_no_two_counts_share_an_epoch(void **state)
{
    (void)state;
    struct topics all = topics_of();
    uint64_t a = epoch_of(&all, "a", 1000);
    uint64_t b = epoch_of(&all, "b", 1000);
    uint64_t c = epoch_of(&all, "c", 10); /* set back */
    uint64_t d = epoch_of(&all, "d", 1000);
    assert_true(a != b && a != c && a != d && b != c && b != d && c != d);
    assert_int_equal(a >> 22, 1000);
    assert_int_equal(c >> 22, 10);
    /* Another process, in the same millisecond. */
    struct topics other = topics_of();
    other.epochs = UINT64_MAX - 7;
    assert_true(epoch_of(&other, "a", 1000) != a);
    assert_true(epoch_of(&other, "b", 1000) != b);
}

/* With another seed other names collide: which ones nobody can know. */
static void test_topics_are_found_whatever_the_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct topics all = topics_of();
        all.seed = seed;
        uint32_t a = open_topic(&all, "a"), b = open_topic(&all, "b");
        assert_int_equal(open_topic(&all, "a"), a);
        assert_int_equal(open_topic(&all, "b"), b);
    }
}

/* ---- Places -------------------------------------------------------------- */

static void test_a_topic_with_listeners_keeps_its_place(void **state)
{
    (void)state;
    struct topics all = topics_of();
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t i = 0; i < TOPICS; i++)
        topic_use(&all, open_topic(&all, names[i]));
    assert_int_equal(open_topic(&all, "d"), TOPIC_NONE);
    assert_int_not_equal(open_topic(&all, "b"), TOPIC_NONE);
    assert_int_equal(all.evicted, 0);
}

static void test_the_topic_that_was_empty_longest_makes_way(void **state)
{
    (void)state;
    struct topics all = topics_of();
    uint32_t a = open_topic(&all, "a"), b = open_topic(&all, "b");
    uint32_t c = open_topic(&all, "c");
    topic_use(&all, a);
    topic_use(&all, b);
    topic_use(&all, c);
    topic_add(&all, topic_at(&all, b), 0);
    topic_let_go(&all, b);
    topic_let_go(&all, a);
    uint32_t d = open_topic(&all, "d");
    assert_int_equal(d, b);
    assert_int_equal(topic_at(&all, d)->number, 0);
    assert_int_equal(all.evicted, 1);
    assert_int_equal(open_topic(&all, "a"), a);
    topic_use(&all, a);
    topic_use(&all, d);
    assert_int_equal(open_topic(&all, "b"), TOPIC_NONE); /* forgotten */
}

static void test_an_empty_topic_keeps_its_count(void **state)
{
    (void)state;
    struct topics all = topics_of();
    uint32_t a = open_topic(&all, "a");
    topic_use(&all, a);
    for (unsigned i = 0; i < 3; i++)
        topic_add(&all, topic_at(&all, a), 0);
    uint64_t epoch = topic_at(&all, a)->epoch;
    topic_let_go(&all, a);
    assert_int_equal(open_topic(&all, "a"), a);
    assert_int_equal(topic_at(&all, a)->number, 3);
    assert_true(topic_at(&all, a)->epoch == epoch);
}

static void test_names_in_one_bucket_can_be_forgotten_in_any_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        struct topics all = topics_of();
        for (unsigned i = 0; i < 12; i++) {
            char name[16];
            snprintf(name, sizeof name, "%u", (i * 7 + round * i * i) % 50);
            uint32_t index = open_topic(&all, name);
            assert_int_equal(open_topic(&all, name), index);
        }
        assert_int_equal(all.slots.count, TOPICS);
        assert_int_equal(all.empty.count, TOPICS);
    }
}

/* ---- History ------------------------------------------------------------- */

/* A topic and its log of messages. */
struct said {
    struct topics all;
    struct topic *topic;
    struct ring log;
};

static void begin(struct said *s, uint32_t history)
{
    static uint8_t bytes[LOG];
    s->all = topics_with(history);
    s->topic = topic_at(&s->all, open_topic(&s->all, "a"));
    ring_init(&s->log, bytes, LOG);
}

static void say(struct said *s, unsigned count, size_t len)
{
    static const uint8_t bytes[LOG];
    while (count-- > 0) {
        topic_add(&s->all, s->topic, s->log.head);
        ring_append(&s->log, bytes, len);
    }
}

/* Where what is replayed begins. */
static uint64_t history_at(const struct said *s, uint64_t count)
{
    return topic_position(&s->all, s->topic, &s->log,
                          topic_replayable(&s->all, s->topic, &s->log, count));
}

static uint64_t resume_at(const struct said *s, uint64_t epoch, uint64_t number,
                          bool *gap)
{
    return topic_position(
        &s->all, s->topic, &s->log,
        topic_resume(&s->all, s->topic, &s->log, epoch, number, gap));
}

static void test_history_is_what_was_asked_for_and_is_there(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    for (unsigned number = 0; number < 12; number++) {
        for (uint64_t count = 0; count < 20; count++) {
            uint64_t most = bytes_min64(bytes_min64(count, HISTORY), number);
            assert_int_equal(topic_replayable(&s.all, s.topic, &s.log, count),
                             most);
            assert_true(history_at(&s, count) == 20 * (number - most));
        }
        say(&s, 1, 20);
    }
    assert_true(history_at(&s, UINT64_MAX) == 20 * (12 - HISTORY));
}

static void test_big_messages_push_the_older_ones_out(void **state)
{
    (void)state;
    const size_t big = LOG / LIMITS_APPEND_PART + 4;
    struct said s;
    begin(&s, HISTORY);
    say(&s, 10, big);
    uint64_t head = s.log.head;
    assert_true(history_at(&s, HISTORY) == head - 3 * big);
    bool gap;
    assert_true(resume_at(&s, s.topic->epoch, 7, &gap) == head - 3 * big);
    assert_false(gap);
    assert_true(resume_at(&s, s.topic->epoch, 6, &gap) == head - 3 * big);
    assert_true(gap);
}

static void test_resuming_joins_up_or_says_that_it_does_not(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    say(&s, 12, 20);
    for (uint64_t number = 0; number < 20; number++) {
        bool gap;
        uint64_t pos = resume_at(&s, s.topic->epoch, number, &gap);
        bool joins = number <= 12 && number + HISTORY >= 12;
        assert_int_equal(gap, !joins);
        assert_true(pos == 20 * (joins ? number : 12 - HISTORY));
    }
}

static void test_another_epoch_is_a_gap(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    say(&s, 3, 20);
    bool gap = false;
    assert_true(resume_at(&s, s.topic->epoch + 1, 3, &gap) == 0);
    assert_true(gap);
    gap = false;
    assert_true(resume_at(&s, s.topic->epoch, UINT64_MAX, &gap) == 0);
    assert_true(gap);
}

static void test_nothing_said_and_nothing_missed_is_no_gap(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    bool gap = true;
    assert_true(resume_at(&s, s.topic->epoch, 0, &gap) == 0);
    assert_false(gap);
}

static void test_without_history_nothing_is_held(void **state)
{
    (void)state;
    struct said s;
    begin(&s, 0);
    say(&s, 4, 20);
    bool gap;
    assert_true(history_at(&s, 10) == 80);
    assert_true(resume_at(&s, s.topic->epoch, 4, &gap) == 80);
    assert_false(gap);
    assert_true(resume_at(&s, s.topic->epoch, 3, &gap) == 80);
    assert_true(gap);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_name_leads_to_one_topic),
        cmocka_unit_test(test_names_of_every_length_and_byte_are_told_apart),
        cmocka_unit_test(test_no_two_counts_share_an_epoch),
        cmocka_unit_test(test_topics_are_found_whatever_the_seed),
        cmocka_unit_test(test_a_topic_with_listeners_keeps_its_place),
        cmocka_unit_test(test_the_topic_that_was_empty_longest_makes_way),
        cmocka_unit_test(test_an_empty_topic_keeps_its_count),
        cmocka_unit_test(
            test_names_in_one_bucket_can_be_forgotten_in_any_order),
        cmocka_unit_test(test_history_is_what_was_asked_for_and_is_there),
        cmocka_unit_test(test_big_messages_push_the_older_ones_out),
        cmocka_unit_test(test_resuming_joins_up_or_says_that_it_does_not),
        cmocka_unit_test(test_another_epoch_is_a_gap),
        cmocka_unit_test(test_nothing_said_and_nothing_missed_is_no_gap),
        cmocka_unit_test(test_without_history_nothing_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
