/* SPDX-License-Identifier: MIT */
/* The audit of the simulation, on transcripts with one fault each. */
#include "bus/audit.h"
#include "support/unit.h"

#define TEA 3

static struct audit c;
static uint32_t a, b; /* two listeners: speakers 0 and 1 */

static struct store_id id(uint64_t epoch, uint64_t number)
{
    return (struct store_id){epoch, number};
}

static int setup(void **state)
{
    (void)state;
    audit_begin(&c);
    c.rules.may_lose = true;
    a = audit_listen(&c, TEA, 0, id(7, 0));
    b = audit_listen(&c, TEA, 1, id(7, 0));
    audit_begun(&c, a);
    audit_begun(&c, b);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    audit_free(&c);
    return 0;
}

/* So many messages, of speaker 0. */
static void say(unsigned count)
{
    while (count-- > 0)
        audit_say(&c, a, 100);
}

static void both_hear(uint64_t epoch, uint64_t number, uint64_t message)
{
    audit_hear(&c, a, id(epoch, number), message);
    audit_hear(&c, b, id(epoch, number), message);
}

/* It ends like this: the history of entries 7-1, 7-2, ... */
static void ends_with(size_t count, const uint64_t *messages)
{
    uint32_t h = audit_history(&c, TEA, true);
    for (size_t i = 0; i < count; i++)
        audit_entry(&c, h, id(7, i + 1), messages[i]);
    audit_end(&c);
}

static void expect(const char *fault)
{
    if (!fault && c.fault)
        fail_msg("%s", c.fault);
    if (fault && !c.fault)
        fail_msg("not found: %s", fault);
    if (fault)
        assert_string_equal(c.fault, fault);
}

static void test_what_is_right_is_no_fault(void **state)
{
    (void)state;
    c.rules.may_lose = false;
    say(3);
    both_hear(7, 1, 0);
    both_hear(7, 2, 1);
    both_hear(7, 3, 2);
    ends_with(3, (uint64_t[]){0, 1, 2});
    expect(NULL);
}

static void test_another_epoch_begins_at_one(void **state)
{
    (void)state;
    say(2);
    both_hear(7, 1, 0);
    both_hear(9, 1, 1);
    uint32_t h = audit_history(&c, TEA, true);
    audit_entry(&c, h, id(7, 1), 0);
    audit_entry(&c, h, id(9, 1), 1);
    audit_end(&c);
    expect(NULL);
}

static void test_an_id_of_two_messages(void **state)
{
    (void)state;
    say(2);
    audit_hear(&c, a, id(7, 1), 0);
    audit_hear(&c, b, id(7, 1), 1);
    expect("one id names two messages");
}

static void test_an_id_of_two_messages_behind_a_gap(void **state)
{
    (void)state;
    say(2);
    audit_hear(&c, a, id(7, 1), 0);
    audit_gap(&c, a, id(7, 0));
    audit_hear(&c, a, id(7, 1), 1);
    expect("one id names two messages");
}

static void test_the_same_number_in_two_rooms_is_no_fault(void **state)
{
    (void)state;
    uint32_t other = audit_listen(&c, TEA + 1, 0, id(7, 0));
    say(1);
    audit_say(&c, other, 100);
    audit_hear(&c, a, id(7, 1), 0);
    audit_hear(&c, other, id(7, 1), 1);
    expect(NULL);
}

static void test_a_message_twice(void **state)
{
    (void)state;
    say(1);
    both_hear(7, 1, 0);
    audit_hear(&c, b, id(7, 2), 0);
    expect("a message is heard twice");
}

static void test_twice_is_no_fault_behind_a_gap(void **state)
{
    (void)state;
    say(1);
    audit_hear(&c, a, id(7, 1), 0);
    audit_gap(&c, a, id(8, 0));
    audit_hear(&c, a, id(8, 1), 0);
    expect(NULL);
}

static void test_a_speaker_in_another_order(void **state)
{
    (void)state;
    say(2);
    audit_hear(&c, b, id(7, 1), 1);
    audit_hear(&c, b, id(7, 2), 0);
    expect("a speaker's messages change their order");
}

static void test_two_speakers_in_any_order(void **state)
{
    (void)state;
    audit_say(&c, a, 100);
    audit_say(&c, b, 200);
    both_hear(7, 1, 1);
    both_hear(7, 2, 0);
    expect(NULL);
}

static void test_a_hole(void **state)
{
    (void)state;
    say(2);
    audit_hear(&c, a, id(7, 2), 1);
    expect("there is a hole without a gap");
}

static void test_an_epoch_that_begins_later(void **state)
{
    (void)state;
    say(1);
    audit_hear(&c, a, id(8, 2), 0);
    expect("there is a hole without a gap");
}

static void test_what_nobody_said(void **state)
{
    (void)state;
    audit_hear(&c, a, id(7, 1), 0);
    expect("what nobody has said is heard");
}

static void test_what_was_said_in_another_room(void **state)
{
    (void)state;
    uint32_t other = audit_listen(&c, TEA + 1, 1, id(7, 0));
    say(1);
    audit_hear(&c, other, id(7, 1), 0);
    expect("it is heard in another room");
}

static void test_a_gap_without_a_reason(void **state)
{
    (void)state;
    c.rules.may_lose = false;
    audit_gap(&c, a, id(7, 0));
    expect("a gap, though nothing was forgotten");
}

static void test_a_gap_before_what_is_there_is_no_fault(void **state)
{
    (void)state;
    c.rules.may_lose = false;
    uint32_t d = audit_listen(&c, TEA, 2, id(7, 0));
    say(1);
    audit_gap(&c, d, id(7, 40));
    audit_hear(&c, d, id(7, 41), 0);
    expect(NULL);
}

static void test_a_gap_when_all_is_calm(void **state)
{
    (void)state;
    c.is_calm = true;
    audit_gap(&c, a, id(7, 0));
    expect("a gap, though all is calm");
}

static void test_lost_without_a_reason(void **state)
{
    (void)state;
    c.rules.may_lose = false;
    say(1);
    audit_lost(&c, a, 100);
    expect("lost, though nothing was forgotten");
}

static void test_one_that_is_stuck(void **state)
{
    (void)state;
    say(1);
    ends_with(0, NULL);
    expect("a message is stuck");
}

static void test_one_that_others_heard_alone(void **state)
{
    (void)state;
    say(1);
    audit_hear(&c, b, id(7, 1), 0);
    audit_gap(&c, a, id(7, 1));
    audit_say(&c, a, 101);
    both_hear(7, 2, 1);
    ends_with(2, (uint64_t[]){0, 1});
    expect("a message is stuck");
}

static void test_one_that_is_told_to_be_lost(void **state)
{
    (void)state;
    say(1);
    audit_lost(&c, a, 100);
    ends_with(0, NULL);
    expect(NULL);
}

static void test_lost_is_told_of_another_client(void **state)
{
    (void)state;
    say(1);
    audit_lost(&c, a, 99);
    ends_with(0, NULL);
    expect("a message is stuck");
}

static void test_who_has_left_waits_for_nothing(void **state)
{
    (void)state;
    say(1);
    audit_leave(&c, a);
    ends_with(0, NULL);
    expect(NULL);
}

static void test_who_stays_and_does_not_hear_the_end(void **state)
{
    (void)state;
    say(2);
    both_hear(7, 1, 0);
    audit_hear(&c, a, id(7, 2), 1);
    ends_with(2, (uint64_t[]){0, 1});
    expect("who stays has not heard the end");
}

static void test_who_never_heard_anything(void **state)
{
    (void)state;
    say(1);
    audit_hear(&c, a, id(7, 1), 0);
    ends_with(1, (uint64_t[]){0});
    expect("who stays has not heard the end");
}

static void test_who_heard_what_another_master_had(void **state)
{
    (void)state;
    say(2);
    both_hear(7, 1, 0);
    audit_hear(&c, b, id(7, 2), 1);
    audit_leave(&c, a);
    audit_leave(&c, b);
    ends_with(1, (uint64_t[]){0});
    expect("what was heard is no part of any history");
}

static void test_a_history_of_another_master_counts(void **state)
{
    (void)state;
    say(2);
    both_hear(7, 1, 0);
    audit_hear(&c, b, id(7, 2), 1);
    audit_leave(&c, a);
    audit_leave(&c, b);
    uint32_t h = audit_history(&c, TEA, false);
    audit_entry(&c, h, id(7, 1), 0);
    audit_entry(&c, h, id(7, 2), 1);
    ends_with(1, (uint64_t[]){0});
    expect(NULL);
}

static void test_two_histories_in_one_stretch(void **state)
{
    (void)state;
    say(3);
    both_hear(7, 1, 0);
    both_hear(7, 2, 1); /* which was lost: there had to be a gap */
    both_hear(8, 1, 2);
    uint32_t h = audit_history(&c, TEA, false);
    audit_entry(&c, h, id(7, 1), 0);
    audit_entry(&c, h, id(7, 2), 1);
    h = audit_history(&c, TEA, true);
    audit_entry(&c, h, id(7, 1), 0);
    audit_entry(&c, h, id(8, 1), 2);
    audit_end(&c);
    expect("what was heard is no part of any history");
}

static void test_redis_has_one_twice(void **state)
{
    (void)state;
    say(1);
    audit_leave(&c, a);
    audit_leave(&c, b);
    ends_with(2, (uint64_t[]){0, 0});
    expect("a message is heard twice");
}

static void test_redis_has_another_order(void **state)
{
    (void)state;
    say(2);
    audit_leave(&c, a);
    audit_leave(&c, b);
    ends_with(2, (uint64_t[]){1, 0});
    expect("a speaker's messages change their order");
}

static void test_after_a_flush_order_is_not_promised(void **state)
{
    (void)state;
    c.rules.may_mix = true;
    say(2);
    both_hear(7, 1, 1);
    both_hear(7, 2, 0);
    ends_with(2, (uint64_t[]){1, 0});
    expect(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        ONE(test_what_is_right_is_no_fault),
        ONE(test_another_epoch_begins_at_one),
        ONE(test_an_id_of_two_messages),
        ONE(test_an_id_of_two_messages_behind_a_gap),
        ONE(test_the_same_number_in_two_rooms_is_no_fault),
        ONE(test_a_message_twice),
        ONE(test_twice_is_no_fault_behind_a_gap),
        ONE(test_a_speaker_in_another_order),
        ONE(test_two_speakers_in_any_order),
        ONE(test_a_hole),
        ONE(test_an_epoch_that_begins_later),
        ONE(test_what_nobody_said),
        ONE(test_what_was_said_in_another_room),
        ONE(test_a_gap_without_a_reason),
        ONE(test_a_gap_before_what_is_there_is_no_fault),
        ONE(test_a_gap_when_all_is_calm),
        ONE(test_lost_without_a_reason),
        ONE(test_one_that_is_stuck),
        ONE(test_one_that_others_heard_alone),
        ONE(test_one_that_is_told_to_be_lost),
        ONE(test_lost_is_told_of_another_client),
        ONE(test_who_has_left_waits_for_nothing),
        ONE(test_who_stays_and_does_not_hear_the_end),
        ONE(test_who_never_heard_anything),
        ONE(test_who_heard_what_another_master_had),
        ONE(test_a_history_of_another_master_counts),
        ONE(test_two_histories_in_one_stretch),
        ONE(test_redis_has_one_twice),
        ONE(test_redis_has_another_order),
        ONE(test_after_a_flush_order_is_not_promised),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
