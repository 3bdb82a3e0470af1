/* SPDX-License-Identifier: MIT */
/*
 * Goal: a line is one line of logfmt, whatever is in it, and a flood is counted.
 */
#include "server/journal.h"
#include "sim/os.h"
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>

#define START "time=2026-11-20T08:29:01.123Z level=info event=open"

static int begin(void **state)
{
    (void)state;
    sim_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

#define JOURNAL_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void logged(const char *lines)
{
    assert_int_equal(sim_log().len, strlen(lines));
    assert_memory_equal(sim_log().ptr, lines, strlen(lines));
    sim_forget_log();
}

static bool write_line(struct journal *j, enum journal_kind kind, uint64_t wall)
{
    struct journal_line line;
    if (!journal_begin(j, &line, LEVEL_INFO, kind, wall))
        return false;
    journal_end(&line);
    return true;
}

static void put(const char *key, struct span value)
{
    struct journal j = {.level = LEVEL_INFO};
    struct journal_line line;
    assert_true(journal_begin(&j, &line, LEVEL_INFO, JOURNAL_OPEN, SIM_WALL));
    journal_put(&line, key, value);
    journal_end(&line);
}

static void test_a_line_is_logfmt(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_INFO};
    struct journal_line line;
    assert_true(journal_begin(&j, &line, LEVEL_INFO, JOURNAL_OPEN, SIM_WALL));
    journal_number(&line, "client", 17);
    journal_put(&line, "ip", BYTES_LITERAL("::1"));
    journal_end(&line);
    logged(START " client=17 ip=::1\n");
}

static void test_levels_below_the_wanted_are_not_written(void **state)
{
    (void)state;
    static const char *const words[] = {"error", "warn", "info", "debug"};
    for (unsigned wanted = 0; wanted < 4; wanted++)
        for (unsigned level = 0; level < 4; level++) {
            struct journal j = {.level = (enum limits_level)wanted};
            struct journal_line line;
            bool began = journal_begin(&j, &line, (enum limits_level)level,
                                       JOURNAL_OPEN, SIM_WALL);
            assert_int_equal(began, level <= wanted);
            if (!began)
                continue;
            journal_end(&line);
            assert_int_equal(bytes_find(sim_log(), '\n'), sim_log().len - 1);
            const uint8_t *word = sim_log().ptr + strlen("time=") +
                                  strlen("2026-11-20T08:29:01.123Z level=");
            assert_memory_equal(word, words[level], strlen(words[level]));
            sim_forget_log();
        }
}

static void test_values_with_odd_bytes_are_quoted_and_escaped(void **state)
{
    static const struct {
        const char *value, *as;
    } values[] = {
        {"plain/-._~", "plain/-._~"},
        {"", "\"\""},
        {"two words", "\"two words\""},
        {"a=b", "\"a=b\""},
        {"say \"hi\"", "\"say \\\"hi\\\"\""},
        {"back\\slash", "\"back\\\\slash\""},
        {"\nlevel=error", "\"\\x0alevel=error\""},
        {"\x7F\x80\xFF", "\"\\x7f\\x80\\xff\""},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        char line[256] = START " k=";
        put("k", bytes_of(values[i].value));
        strcat(line, values[i].as);
        strcat(line, "\n");
        logged(line);
    }
}

static void test_a_value_too_long_is_cut_and_still_quoted(void **state)
{
    (void)state;
    static uint8_t bytes[2 * LOG_LINE_MAX];
    for (unsigned odd = 0; odd < 2; odd++) {
        memset(bytes, odd ? '\n' : '"', sizeof bytes);
        put("k", bytes_span(bytes, sizeof bytes));
        struct span log = sim_log();
        assert_in_range(log.len, LOG_LINE_MAX - 16, LOG_LINE_MAX);
        assert_memory_equal(log.ptr + log.len - 2, "\"\n", 2);
        sim_forget_log();
    }
}

static void test_a_flood_is_cut_and_counted(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_INFO};
    unsigned written = 0;
    for (unsigned i = 0; i < 100; i++)
        written += write_line(&j, JOURNAL_OPEN, SIM_WALL + i);
    assert_int_equal(written, LIMITS_LOG_LINES);
    assert_true(j.owing);
    sim_forget_log();
    assert_true(write_line(&j, JOURNAL_CLOSE, SIM_WALL)); /* another kind */
    sim_forget_log();
    assert_true(write_line(&j, JOURNAL_OPEN, SIM_WALL + 1000));
    logged("time=2026-11-20T08:29:02.123Z level=warn event=suppressed "
           "of=open count=80\n"
           "time=2026-11-20T08:29:02.123Z level=info event=open\n");
    assert_false(j.owing);
}

static void test_of_a_flood_debug_leaves_nothing_out(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_DEBUG};
    for (unsigned i = 0; i < 3 * LIMITS_LOG_LINES; i++)
        assert_true(write_line(&j, JOURNAL_OPEN, SIM_WALL));
    assert_false(j.owing);
}

static void test_what_was_left_out_is_told_without_a_further_line(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_INFO};
    for (unsigned i = 0; i < LIMITS_LOG_LINES + 3; i++)
        write_line(&j, JOURNAL_REFUSE, SIM_WALL);
    sim_forget_log();
    journal_settle(&j, SIM_WALL + 1000);
    logged("time=2026-11-20T08:29:02.123Z level=warn event=suppressed "
           "of=refuse count=3\n");
    journal_settle(&j, SIM_WALL + 2000);
    logged("");
}

static void test_a_log_that_cannot_be_written_stops_nothing(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_INFO};
    sim_fail(SIM_LOG, 0, 1, 28);
    assert_true(write_line(&j, JOURNAL_OPEN, SIM_WALL));
    logged("");
    assert_true(write_line(&j, JOURNAL_OPEN, SIM_WALL));
    logged(START "\n");
}

static void test_every_kind_is_told_by_its_word(void **state)
{
    static const struct {
        enum journal_kind kind;
        const char *line;
    } kinds[] = {
        {JOURNAL_START, "start"},  {JOURNAL_OPEN, "open"},
        {JOURNAL_CLOSE, "close"},  {JOURNAL_REFUSE, "refuse"},
        {JOURNAL_STATE, "state"},  {JOURNAL_STOP, "stop"},
        {JOURNAL_WARN, "warning"}, {JOURNAL_WORKER, "worker"},
        {JOURNAL_REDIS, "redis"},
    };
    (void)state;
    struct journal j = {.level = LEVEL_INFO};
    assert_int_equal(UNIT_COUNT(kinds), JOURNAL_KINDS);
    for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
        char line[80];
        assert_true(write_line(&j, kinds[i].kind, SIM_WALL));
        snprintf(line, sizeof line, "%.*s%s\n", (int)strlen(START) - 4, START,
                 kinds[i].line);
        logged(line);
    }
}

static void test_a_warning_tells_what_the_system_said(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_WARN};
    journal_warn(&j, SIM_WALL, "no accept", -EPERM);
    logged("time=2026-11-20T08:29:01.123Z level=error event=warning "
           "why=\"no accept\" error=\"Operation not permitted\"\n");
    journal_warn(&j, SIM_WALL, "readable", 0);
    logged("time=2026-11-20T08:29:01.123Z level=warn event=warning "
           "why=readable\n");
    j.level = LEVEL_ERROR;
    journal_warn(&j, SIM_WALL, "readable", 0);
    logged("");
}

static void test_every_cause_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = 0; a <= CAUSE_FAULT; a++)
        for (unsigned b = 0; b < a; b++)
            assert_string_not_equal(journal_cause_word((enum journal_cause)a),
                                    journal_cause_word((enum journal_cause)b));
}

static void test_every_cause_has_its_word(void **state)
{
    static const struct {
        enum journal_cause cause;
        const char *word;
    } causes[] = {
        {CAUSE_NONE, "none"},
        {CAUSE_CLOSE, "close"},
        {CAUSE_END, "end-of-stream"},
        {CAUSE_RESET, "reset"},
        {CAUSE_PROTOCOL, "protocol"},
        {CAUSE_TOO_BIG, "too-big"},
        {CAUSE_PONG_TIMEOUT, "pong-timeout"},
        {CAUSE_MESSAGE_TIMEOUT, "message-timeout"},
        {CAUSE_WRITE_TIMEOUT, "write-timeout"},
        {CAUSE_CLOSE_TIMEOUT, "close-timeout"},
        {CAUSE_OVERRUN, "overrun"},
        {CAUSE_NO_BUFFER, "no-buffer"},
        {CAUSE_STOPPING, "stopping"},
        {CAUSE_REQUEST_TIMEOUT, "request-timeout"},
        {CAUSE_REFUSED, "refused"},
        {CAUSE_TOKEN, "token"},
        {CAUSE_REDIS, "redis"},
        {CAUSE_FAULT, "fault"},
    };
    (void)state;
    assert_int_equal(UNIT_COUNT(causes), CAUSES);
    for (size_t i = 0; i < UNIT_COUNT(causes); i++)
        assert_string_equal(journal_cause_word(causes[i].cause),
                            causes[i].word);
}

static void test_of_several_workers_each_line_tells_which(void **state)
{
    (void)state;
    struct journal j = {.level = LEVEL_INFO, .worker = 3};
    assert_true(write_line(&j, JOURNAL_OPEN, SIM_WALL));
    logged(START " worker=2\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        JOURNAL_TEST(test_a_line_is_logfmt),
        JOURNAL_TEST(test_levels_below_the_wanted_are_not_written),
        JOURNAL_TEST(test_values_with_odd_bytes_are_quoted_and_escaped),
        JOURNAL_TEST(test_a_value_too_long_is_cut_and_still_quoted),
        JOURNAL_TEST(test_a_flood_is_cut_and_counted),
        JOURNAL_TEST(test_of_a_flood_debug_leaves_nothing_out),
        JOURNAL_TEST(test_what_was_left_out_is_told_without_a_further_line),
        JOURNAL_TEST(test_a_log_that_cannot_be_written_stops_nothing),
        JOURNAL_TEST(test_every_kind_is_told_by_its_word),
        JOURNAL_TEST(test_a_warning_tells_what_the_system_said),
        JOURNAL_TEST(test_every_cause_has_a_word_of_its_own),
        JOURNAL_TEST(test_every_cause_has_its_word),
        JOURNAL_TEST(test_of_several_workers_each_line_tells_which),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
