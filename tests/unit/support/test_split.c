/* SPDX-License-Identifier: MIT */
/* Goal: every way to cut is fed, each from a fresh start, and in full. */
#include "support/death.h"
#include "support/split.h"
#include "support/unit.h"

/* What a run fed: "(abc)(a|b|c)(|abc)..." */
struct log {
    char text[64];
    size_t len;
    size_t parts; /* of the way in progress */
};

static void put(struct log *log, char c)
{
    assert_true(log->len + 1 < sizeof log->text);
    log->text[log->len++] = c;
}

static void begin(void *context)
{
    struct log *log = context;
    log->parts = 0;
    put(log, '(');
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct log *log = context;
    if (log->parts++)
        put(log, '|');
    for (size_t i = 0; i < len; i++)
        put(log, (char)ptr[i]);
}

static void end(void *context)
{
    put(context, ')');
}

static void test_every_way_is_fed(void **state)
{
    (void)state;
    struct log log = {0};
    struct split s = {"abc", begin, take, end, &log};
    split_run(&s, BYTES_LITERAL("abc"));
    assert_string_equal(log.text, "(abc)(a|b|c)(|abc)(a|bc)(ab|c)(abc|)");
}

static void test_nothing_is_fed_as_nothing(void **state)
{
    (void)state;
    struct log log = {0};
    struct split s = {"nothing", begin, take, end, &log};
    split_run(&s, BYTES_LITERAL(""));
    assert_string_equal(log.text, "()()(|)");
}

static void take_one_more(void *context, uint8_t *ptr, size_t len)
{
    (void)context;
    (void)((volatile uint8_t *)ptr)[len];
}

static void run_over_reader(void *context)
{
    struct split s = {.name = "over-reader", .take = take_one_more};
    split_run(&s, BYTES_LITERAL("abc"));
    (void)context;
}

static void test_reading_past_a_part_crashes(void **state)
{
    (void)state;
    assert_true(death_by_fault(run_over_reader, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_is_fed),
        cmocka_unit_test(test_nothing_is_fed_as_nothing),
        cmocka_unit_test(test_reading_past_a_part_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
