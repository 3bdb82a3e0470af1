/* SPDX-License-Identifier: MIT */
/* Goal: no fault is without its answer and its words, and each is told once. */
#include "wire/fault.h"
#include "support/note.h"
#include "support/unit.h"

#include <string.h>

static struct note note;

static void test_every_fault_has_a_row(void **state)
{
    (void)state;
    assert_null(fault_rules[FAULT_NONE].what);
    assert_int_equal(fault_rules[FAULT_NONE].answer, 0);
    for (size_t i = FAULT_NONE + 1; i < FAULTS; i++) {
        const struct fault_rule *r = &fault_rules[i];
        note_open(&note, "fault", "number", i);
        assert_non_null(r->what);
        assert_non_null(r->rule);
        assert_non_null(r->section);
        note_close(&note);
    }
}

static bool is_one_of(unsigned answer, const unsigned *answers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (answers[i] == answer)
            return true;
    return false;
}

/* A status for a request, none for a response, a close code for a frame. */
static void test_the_answer_is_of_the_kind_that_is_due(void **state)
{
    (void)state;
    static const unsigned statuses[] = {400, 403, 405, 411, 414,
                                        426, 431, 501, 505};
    static const unsigned codes[] = {1002, 1007, 1009};
    for (size_t i = FAULT_NONE + 1; i < FAULTS; i++) {
        unsigned answer = fault_rules[i].answer;
        note_open(&note, "fault", "number", i);
        if (i < FAULT_STATUS_LINE)
            assert_true(is_one_of(answer, statuses, UNIT_COUNT(statuses)));
        else if (i < FAULT_RESERVED)
            assert_int_equal(answer, 0);
        else
            assert_true(is_one_of(answer, codes, UNIT_COUNT(codes)));
        note_close(&note);
    }
}

static void test_no_two_faults_say_the_same(void **state)
{
    (void)state;
    for (size_t i = FAULT_NONE + 1; i < FAULTS; i++)
        for (size_t j = i + 1; j < FAULTS; j++)
            assert_false(strcmp(fault_rules[i].what, fault_rules[j].what) ==
                             0 &&
                         strcmp(fault_rules[i].rule, fault_rules[j].rule) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fault_has_a_row),
        cmocka_unit_test(test_the_answer_is_of_the_kind_that_is_due),
        cmocka_unit_test(test_no_two_faults_say_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
