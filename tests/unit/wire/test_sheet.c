/* SPDX-License-Identifier: MIT */
#include "wire/sheet.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdio.h>

static uint8_t bytes[4096];
static struct text out;
static struct sheet sheet;

static int begin(void **state)
{
    (void)state;
    out = text_over(bytes, sizeof bytes);
    sheet = (struct sheet){.out = &out};
    return 0;
}

static void written(const char *expected)
{
    assert_false(out.overflow);
    if (!bytes_equal(text_span(&out), bytes_of(expected)))
        fail_msg("written:\n%.*s\nexpected:\n%s", (int)out.len,
                 (const char *)out.ptr, expected);
    out.len = 0;
}

static void test_a_title_has_its_byte_at_the_edge(void **state)
{
    (void)state;
    sheet.prefix = BYTES_LITERAL("17> ");
    sheet_title(&sheet, BYTES_LITERAL("text frame"), 129);
    written("17> text frame                                                "
            "      byte 129\n");
}

static void test_a_field_is_bytes_bits_meaning_section(void **state)
{
    (void)state;
    sheet_field(&sheet, BYTES_LITERAL("\x81"), 0x80, BYTES_LITERAL("FIN 1"),
                "5.4");
    sheet_field(&sheet, BYTES_LITERAL("\x81"), 0x0F, BYTES_LITERAL("opcode"),
                NULL);
    sheet_field(&sheet, BYTES_LITERAL("\x37\xFA\x21\x3D"), 0,
                BYTES_LITERAL("key"), NULL);
    written("  81  1... ....  FIN 1                                         "
            "      5.4\n"
            "      .... 0001  opcode\n"
            "  37 FA 21 3D    key\n");
}

static void test_words_wrap_between_words_below_themselves(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 60, BYTES_LITERAL("one two three four"), "5.4");
    written("                                                            "
            "one two  5.4\n"
            "                                                            "
            "three four\n");
}

static void test_a_word_without_end_is_cut(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 68, BYTES_LITERAL("abcdefghij"), NULL);
    written("                                                                "
            "    abcd\n"
            "                                                                "
            "    efgh\n"
            "                                                                "
            "    ij\n");
}

static void test_a_row_is_sent_unmasked_and_as_text(void **state)
{
    (void)state;
    struct span none = bytes_span(NULL, 0);
    sheet_row(&sheet, BYTES_LITERAL("\x7F\x9F"), BYTES_LITERAL("He"));
    sheet_row(&sheet, BYTES_LITERAL("12345\n\xFFz"), none);
    sheet_row(&sheet, none, BYTES_LITERAL("lo"));
    written("  7F 9F                    48 65                    He\n"
            "  31 32 33 34 35 0A FF 7A  12345..z\n"
            "                           6C 6F                    lo\n");
}

static const struct sheet_rule rule = {"a fault", "must not be", "8.1"};

static void test_what_is_wrong_stands_beside_its_mark(void **state)
{
    (void)state;
    sheet_wrong(&sheet, 5, 2, 7, &rule, BYTES_LITERAL("then"));
    written("     ^^          WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 must not be\n"
            "                 then\n");
}

static void test_or_below_it_where_there_is_no_room(void **state)
{
    (void)state;
    sheet_wrong(&sheet, 14, 2, 7, &rule, BYTES_LITERAL("then"));
    written("              ^^\n"
            "                 WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 must not be\n"
            "                 then\n");
}

static void test_colour_is_around_a_line_and_in_no_column(void **state)
{
    (void)state;
    sheet.colour = true;
    sheet.prefix = BYTES_LITERAL("> ");
    sheet_begin(&sheet, SHEET_RESULT);
    sheet_column(&sheet, 2);
    text_string(&out, "= x");
    sheet_end(&sheet);
    written("> \x1B[32m  = x\x1B[0m\n");
}

static void test_no_byte_of_a_row_is_looked_at_too_far(void **state)
{
    (void)state;
    for (size_t len = 1; len <= SHEET_ROW; len++) {
        out.len = 0;
        sheet_row(&sheet, bytes_span(guard_before("12345678", len), len),
                  bytes_span(guard_after("12345678", len), len));
        assert_false(out.overflow);
    }
    guard_free_all();
}

/* ---- At the edges -------------------------------------------------------- */

/* Lines as they are written, each behind so many blanks. */
static void written_behind(int blanks, const char *first, const char *second,
                           const char *third)
{
    char expected[4 * SHEET_WIDTH];
    const char *const lines[] = {first, second, third};
    size_t len = 0;
    for (size_t i = 0; i < UNIT_COUNT(lines); i++)
        if (lines[i])
            len += (size_t)snprintf(expected + len, sizeof expected - len,
                                    "%*s%s\n", blanks, "", lines[i]);
    written(expected);
}

static void test_words_that_fill_a_line_stay_on_it(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 68, BYTES_LITERAL("a bc"), NULL);
    written_behind(68, "a bc", NULL, NULL);
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 68, BYTES_LITERAL("a bcdefgh"), NULL);
    written_behind(68, "a", "bcde", "fgh");
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 60, BYTES_LITERAL("one four"), "5.4");
    written_behind(60, "one four 5.4", NULL, NULL);
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_say(&sheet, 60, BYTES_LITERAL("one seven"), "5.4");
    written_behind(60, "one      5.4", "seven", NULL);
}

static void test_a_column_that_is_reached_gets_one_blank(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_column(&sheet, 0);
    text_string(&out, "1");
    sheet_column(&sheet, 0);
    sheet_column(&sheet, 1);
    text_string(&out, "345");
    sheet_column(&sheet, 5);
    text_string(&out, "7");
    sheet_column(&sheet, 2);
    text_string(&out, "9");
    sheet_column(&sheet, 10);
    text_string(&out, "b");
    sheet_end(&sheet);
    written("1 345 7 9 b\n");
}

static void test_what_cannot_be_printed_is_a_dot(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_text(&sheet, BYTES_LITERAL("\x1F }~\x7F\x80"));
    sheet_end(&sheet);
    written(". }~..\n");
}

static void test_three_blanks_are_room_enough_beside_a_mark(void **state)
{
    (void)state;
    static const struct sheet_rule short_rule = {"a fault", NULL, NULL};
    struct span then = BYTES_LITERAL("then");
    sheet_wrong(&sheet, 12, 2, 7, &short_rule, then);
    written("            ^^   WRONG at byte 7: a fault\n"
            "                 then\n");
    sheet_wrong(&sheet, 13, 2, 7, &short_rule, then);
    written("             ^^\n"
            "                 WRONG at byte 7: a fault\n"
            "                 then\n");
}

#define SHEET_TEST(test) cmocka_unit_test_setup(test, begin)

static void test_text_that_reaches_a_column_is_kept_apart(void **state)
{
    (void)state;
    sheet_begin(&sheet, SHEET_PLAIN);
    text_string(&out, "12345");
    sheet_column(&sheet, 5);
    text_string(&out, "6");
    sheet_column(&sheet, 3);
    text_string(&out, "7");
    sheet_end(&sheet);
    written("12345 6 7\n");
}

static void test_blanks_end_where_the_room_does(void **state)
{
    (void)state;
    out.size = 4;
    sheet_begin(&sheet, SHEET_PLAIN);
    sheet_column(&sheet, SIZE_MAX);
    assert_true(out.overflow);
    assert_int_equal(out.len, 4);
}

static void test_a_fault_may_come_without_a_rule(void **state)
{
    (void)state;
    struct sheet_rule bare = {"a fault", NULL, "8.1"};
    sheet_wrong(&sheet, 5, 2, 7, &bare, BYTES_LITERAL("then"));
    written("     ^^          WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 then\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        SHEET_TEST(test_a_title_has_its_byte_at_the_edge),
        SHEET_TEST(test_a_field_is_bytes_bits_meaning_section),
        SHEET_TEST(test_words_wrap_between_words_below_themselves),
        SHEET_TEST(test_a_word_without_end_is_cut),
        SHEET_TEST(test_a_row_is_sent_unmasked_and_as_text),
        SHEET_TEST(test_what_is_wrong_stands_beside_its_mark),
        SHEET_TEST(test_or_below_it_where_there_is_no_room),
        SHEET_TEST(test_colour_is_around_a_line_and_in_no_column),
        SHEET_TEST(test_no_byte_of_a_row_is_looked_at_too_far),
        SHEET_TEST(test_text_that_reaches_a_column_is_kept_apart),
        SHEET_TEST(test_blanks_end_where_the_room_does),
        SHEET_TEST(test_a_fault_may_come_without_a_rule),
        SHEET_TEST(test_words_that_fill_a_line_stay_on_it),
        SHEET_TEST(test_a_column_that_is_reached_gets_one_blank),
        SHEET_TEST(test_what_cannot_be_printed_is_a_dot),
        SHEET_TEST(test_three_blanks_are_room_enough_beside_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
