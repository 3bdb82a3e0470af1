/* SPDX-License-Identifier: MIT */
/*
 * Goal: whoever comes back joins up with what it has had, or is told that it
 * does not.
 */
#include "server/history.h"
#include "server/limits.h"
#include "support/unit.h"

#define LOG     1024
#define HISTORY 5
#define EPOCH   0x1234

/* A log of messages, and its history. */
struct said {
    struct history history;
    struct ring log;
    struct store_id next;
};

static void begin(struct said *s, uint32_t size)
{
    static uint8_t bytes[LOG];
    static struct history_mark marks[HISTORY];
    history_begin(&s->history, marks, size, (struct store_id){EPOCH, 0});
    ring_init(&s->log, bytes, LOG);
    s->next = (struct store_id){EPOCH, 1};
}

static void say(struct said *s, unsigned count, size_t len)
{
    static const uint8_t bytes[LOG];
    while (count-- > 0) {
        history_add(&s->history, s->next, s->log.head);
        ring_append(&s->log, bytes, len);
        s->next.number++;
    }
}

/* Where what is replayed begins. */
static uint64_t history_at(const struct said *s, uint64_t count)
{
    return history_position(&s->history, &s->log,
                            history_held(&s->history, &s->log, count));
}

static uint64_t resume_at(const struct said *s, uint64_t epoch, uint64_t number,
                          bool *gap)
{
    struct store_id id = {epoch, number};
    return history_position(&s->history, &s->log,
                            history_after(&s->history, &s->log, id, gap));
}

static void test_history_is_what_was_asked_for_and_is_there(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    for (unsigned number = 0; number < 12; number++) {
        for (uint64_t count = 0; count < 20; count++) {
            uint64_t most = bytes_min64(bytes_min64(count, HISTORY), number);
            assert_int_equal(history_held(&s.history, &s.log, count), most);
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
    assert_true(resume_at(&s, EPOCH, 7, &gap) == head - 3 * big);
    assert_false(gap);
    assert_true(resume_at(&s, EPOCH, 6, &gap) == head - 3 * big);
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
        uint64_t pos = resume_at(&s, EPOCH, number, &gap);
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
    assert_true(resume_at(&s, EPOCH + 1, 3, &gap) == 0);
    assert_true(gap);
    gap = false;
    assert_true(resume_at(&s, EPOCH, UINT64_MAX, &gap) == 0);
    assert_true(gap);
}

static void test_nothing_said_and_nothing_missed_is_no_gap(void **state)
{
    (void)state;
    struct said s;
    begin(&s, HISTORY);
    bool gap = true;
    assert_true(resume_at(&s, EPOCH, 0, &gap) == 0);
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
    assert_true(resume_at(&s, EPOCH, 4, &gap) == 80);
    assert_false(gap);
    assert_true(resume_at(&s, EPOCH, 3, &gap) == 80);
    assert_true(gap);
}

/* E-1 to E-3, then a new epoch: F-1, F-2. */
static void test_an_epoch_may_change_within_one_history(void **state)
{
    (void)state;
    struct said s;
    bool gap;
    begin(&s, HISTORY);
    say(&s, 3, 20);
    s.next = (struct store_id){EPOCH + 1, 1};
    say(&s, 2, 20);
    assert_true(resume_at(&s, EPOCH, 2, &gap) == 40);
    assert_false(gap);
    assert_true(resume_at(&s, EPOCH, 3, &gap) == 60);
    assert_false(gap);
    assert_true(resume_at(&s, EPOCH + 1, 1, &gap) == 80);
    assert_false(gap);
    assert_true(resume_at(&s, EPOCH, 4, &gap) == 0);
    assert_true(gap);
}

/* Whoever has F-0 has all that was before F: but what that was, nobody knows. */
static void test_what_was_before_a_new_epoch_is_not_guessed(void **state)
{
    (void)state;
    struct said s;
    bool gap;
    begin(&s, HISTORY);
    say(&s, 3, 20);
    s.next = (struct store_id){EPOCH + 1, 1};
    say(&s, 2, 20);
    assert_true(resume_at(&s, EPOCH + 1, 0, &gap) == 0);
    assert_true(gap);
    say(&s, 3, 20); /* F-1 is the oldest now */
    assert_true(resume_at(&s, EPOCH, 3, &gap) == 60);
    assert_true(gap);
    assert_true(resume_at(&s, EPOCH + 1, 0, &gap) == 60);
    assert_false(gap);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_history_is_what_was_asked_for_and_is_there),
        cmocka_unit_test(test_big_messages_push_the_older_ones_out),
        cmocka_unit_test(test_resuming_joins_up_or_says_that_it_does_not),
        cmocka_unit_test(test_another_epoch_is_a_gap),
        cmocka_unit_test(test_nothing_said_and_nothing_missed_is_no_gap),
        cmocka_unit_test(test_without_history_nothing_is_held),
        cmocka_unit_test(test_an_epoch_may_change_within_one_history),
        cmocka_unit_test(test_what_was_before_a_new_epoch_is_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
