/* SPDX-License-Identifier: MIT */
/* Goal: everything that is counted is counted once, in its own place. */
#include "server/stats.h"
#include "support/unit.h"

static struct stats stats;

static int begin(void **state)
{
    (void)state;
    memset(&stats, 0, sizeof stats);
    return 0;
}

static uint64_t all_closes(void)
{
    uint64_t sum = 0;
    for (unsigned row = 0; row < STATS_CODES; row++)
        for (unsigned cause = 0; cause < CAUSES; cause++)
            sum += stats.closes[row][cause];
    return sum;
}

static void test_closes_by_code_and_cause(void **state)
{
    (void)state;
    stats_close(&stats, 1000, CAUSE_CLOSE);
    stats_close(&stats, 1000, CAUSE_CLOSE);
    stats_close(&stats, 1015, CAUSE_CLOSE);
    stats_close(&stats, 1001, CAUSE_FAULT);
    assert_int_equal(stats.closes[0][CAUSE_CLOSE], 2);
    assert_int_equal(stats.closes[15][CAUSE_CLOSE], 1);
    assert_int_equal(stats.closes[1][CAUSE_FAULT], 1);
    assert_int_equal(all_closes(), 4);
}

static void test_private_codes_are_counted_together(void **state)
{
    (void)state;
    stats_close(&stats, 3000, CAUSE_CLOSE);
    stats_close(&stats, 3999, CAUSE_CLOSE);
    stats_close(&stats, 4000, CAUSE_CLOSE);
    stats_close(&stats, 4999, CAUSE_CLOSE);
    assert_int_equal(stats.closes[STATS_CODE_3000][CAUSE_CLOSE], 2);
    assert_int_equal(stats.closes[STATS_CODE_4000][CAUSE_CLOSE], 2);
}

static void test_no_close_is_1006(void **state)
{
    (void)state;
    stats_close(&stats, 0, CAUSE_RESET);
    assert_int_equal(stats.closes[6][CAUSE_RESET], 1);
}

/* RFC 6455 7.4.2 leaves 1016 to 2999 to what may come; none goes out. */
static void test_a_code_that_is_none_yet_is_counted_as_1006(void **state)
{
    (void)state;
    stats_close(&stats, 1016, CAUSE_CLOSE);
    stats_close(&stats, 2999, CAUSE_CLOSE);
    assert_int_equal(stats.closes[6][CAUSE_CLOSE], 2);
    assert_int_equal(all_closes(), 2);
}

static void test_refusals_of_one_kind_share_a_place(void **state)
{
    (void)state;
    char again[] = "not here"; /* the same words at another address */
    stats_refuse(&stats, 404, "not here");
    stats_refuse(&stats, 403, "not here");
    stats_refuse(&stats, 404, "nor there");
    stats_refuse(&stats, 404, again);
    assert_int_equal(stats.refusals[0].count, 2);
    assert_int_equal(stats.refusals[1].status, 403);
    assert_int_equal(stats.refusals[1].count, 1);
    assert_string_equal(stats.refusals[2].why, "nor there");
    assert_null(stats.refusals[3].why);
    assert_int_equal(stats.other_refusals, 0);
}

static void test_what_finds_no_place_is_counted_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < STATS_REFUSALS + 3; i++)
        stats_refuse(&stats, 400 + i, "bad");
    stats_refuse(&stats, 400, "bad");
    assert_int_equal(stats.refusals[0].count, 2);
    assert_int_equal(stats.refusals[STATS_REFUSALS - 1].count, 1);
    assert_int_equal(stats.other_refusals, 3);
}

static void test_a_bound_is_of_its_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i < STATS_BUCKETS; i++) {
        assert_true(i == 0 || stats_bounds[i] > stats_bounds[i - 1]);
        stats_time(&stats.turn, stats_bounds[i]);
        assert_int_equal(stats.turn.counts[i], i == 0 ? 1 : 2);
        stats_time(&stats.turn, stats_bounds[i] + UINT64_C(1));
        assert_int_equal(stats.turn.counts[i + 1], 1);
    }
}

static void test_the_sum_is_exact(void **state)
{
    (void)state;
    stats_time(&stats.lag, 0);
    stats_time(&stats.lag, 7);
    stats_time(&stats.lag, UINT64_C(10000000000));
    assert_int_equal(stats.lag.counts[0], 2);
    assert_int_equal(stats.lag.counts[STATS_BUCKETS], 1);
    assert_int_equal(stats.lag.sum, UINT64_C(10000000007));
}

static void test_all_kinds_of_refusals_are_added_up(void **state)
{
    (void)state;
    static struct stats other;
    memset(&other, 0, sizeof other);
    for (unsigned i = 0; i <= STATS_REFUSALS; i++)
        stats_refuse(&other, 400 + i, "why");
    stats_refuse(&stats, 401, "why");
    stats_add(&stats, &other);
    assert_int_equal(stats.refusals[0].count, 2);
    assert_int_equal(stats.refusals[STATS_REFUSALS - 1].count, 1);
    assert_int_equal(stats.other_refusals, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_closes_by_code_and_cause, begin),
        cmocka_unit_test_setup(test_private_codes_are_counted_together, begin),
        cmocka_unit_test_setup(test_no_close_is_1006, begin),
        cmocka_unit_test_setup(test_a_code_that_is_none_yet_is_counted_as_1006,
                               begin),
        cmocka_unit_test_setup(test_refusals_of_one_kind_share_a_place, begin),
        cmocka_unit_test_setup(test_what_finds_no_place_is_counted_too, begin),
        cmocka_unit_test_setup(test_a_bound_is_of_its_bucket, begin),
        cmocka_unit_test_setup(test_the_sum_is_exact, begin),
        cmocka_unit_test_setup(test_all_kinds_of_refusals_are_added_up, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
