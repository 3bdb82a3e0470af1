/* SPDX-License-Identifier: MIT */
#include "wire/listing.h"
#include "support/guard.h"
#include "support/unit.h"

#include <stdio.h>

static uint8_t bytes[4096];
static struct text out;
static struct listing listing;

static int begin(void **state)
{
    (void)state;
    out = text_over(bytes, sizeof bytes);
    listing = (struct listing){.out = &out};
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
    listing.prefix = BYTES_LITERAL("17> ");
    listing_title(&listing, BYTES_LITERAL("text frame"), 129);
    written("17> text frame                                                "
            "      byte 129\n");
}

static void test_a_field_is_bytes_bits_meaning_section(void **state)
{
    (void)state;
    listing_field(&listing, BYTES_LITERAL("\x81"), 0x80, BYTES_LITERAL("FIN 1"),
                  "5.4");
    listing_field(&listing, BYTES_LITERAL("\x81"), 0x0F,
                  BYTES_LITERAL("opcode"), NULL);
    listing_field(&listing, BYTES_LITERAL("\x37\xFA\x21\x3D"), 0,
                  BYTES_LITERAL("key"), NULL);
    written("  81  1... ....  FIN 1                                         "
            "      5.4\n"
            "      .... 0001  opcode\n"
            "  37 FA 21 3D    key\n");
}

static void test_words_wrap_between_words_below_themselves(void **state)
{
    (void)state;
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 60, BYTES_LITERAL("one two three four"), "5.4");
    written("                                                            "
            "one two  5.4\n"
            "                                                            "
            "three four\n");
}

static void test_a_word_without_end_is_cut(void **state)
{
    (void)state;
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 68, BYTES_LITERAL("abcdefghij"), NULL);
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
    listing_row(&listing, BYTES_LITERAL("\x7F\x9F"), BYTES_LITERAL("He"));
    listing_row(&listing, BYTES_LITERAL("12345\n\xFFz"), none);
    listing_row(&listing, none, BYTES_LITERAL("lo"));
    written("  7F 9F                    48 65                    He\n"
            "  31 32 33 34 35 0A FF 7A  12345..z\n"
            "                           6C 6F                    lo\n");
}

static void test_a_result_begins_where_the_bytes_do(void **state)
{
    (void)state;
    listing.colour = true;
    listing_result(&listing, BYTES_LITERAL("= a pong"), "5.5.3");
    written("\x1B[32m  = a pong                                        "
            "                 5.5.3\x1B[0m\n");
}

static const struct fault_rule rule = {0, "a fault", "must not be", "8.1"};

static void test_what_is_wrong_stands_beside_its_mark(void **state)
{
    (void)state;
    listing_wrong(&listing, 5, 2, 7, &rule, BYTES_LITERAL("then"));
    written("     ^^          WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 must not be\n"
            "                 then\n");
}

static void test_or_below_it_where_there_is_no_room(void **state)
{
    (void)state;
    listing_wrong(&listing, 14, 2, 7, &rule, BYTES_LITERAL("then"));
    written("              ^^\n"
            "                 WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 must not be\n"
            "                 then\n");
}

static void test_colour_is_around_a_line_and_in_no_column(void **state)
{
    (void)state;
    listing.colour = true;
    listing.prefix = BYTES_LITERAL("> ");
    listing_begin(&listing, LISTING_RESULT);
    listing_column(&listing, 2);
    text_string(&out, "= x");
    listing_end(&listing);
    written("> \x1B[32m  = x\x1B[0m\n");
}

static void test_no_byte_of_a_row_is_looked_at_too_far(void **state)
{
    (void)state;
    for (size_t len = 1; len <= LISTING_ROW; len++) {
        out.len = 0;
        listing_row(&listing, bytes_span(guard_before("12345678", len), len),
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
    char expected[4 * LISTING_WIDTH];
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
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 68, BYTES_LITERAL("a bc"), NULL);
    written_behind(68, "a bc", NULL, NULL);
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 68, BYTES_LITERAL("a bcdefgh"), NULL);
    written_behind(68, "a", "bcde", "fgh");
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 60, BYTES_LITERAL("one four"), "5.4");
    written_behind(60, "one four 5.4", NULL, NULL);
    listing_begin(&listing, LISTING_PLAIN);
    listing_wrap(&listing, 60, BYTES_LITERAL("one seven"), "5.4");
    written_behind(60, "one      5.4", "seven", NULL);
}

static void test_a_column_that_is_reached_gets_one_blank(void **state)
{
    (void)state;
    listing_begin(&listing, LISTING_PLAIN);
    listing_column(&listing, 0);
    text_string(&out, "1");
    listing_column(&listing, 0);
    listing_column(&listing, 1);
    text_string(&out, "345");
    listing_column(&listing, 5);
    text_string(&out, "7");
    listing_column(&listing, 2);
    text_string(&out, "9");
    listing_column(&listing, 10);
    text_string(&out, "b");
    listing_end(&listing);
    written("1 345 7 9 b\n");
}

static void test_what_cannot_be_printed_is_a_dot(void **state)
{
    (void)state;
    listing_begin(&listing, LISTING_PLAIN);
    listing_text(&listing, BYTES_LITERAL("\x1F }~\x7F\x80"));
    listing_end(&listing);
    written(". }~..\n");
}

static void test_three_blanks_are_room_enough_beside_a_mark(void **state)
{
    (void)state;
    static const struct fault_rule short_rule = {0, "a fault", NULL, NULL};
    struct span then = BYTES_LITERAL("then");
    listing_wrong(&listing, 12, 2, 7, &short_rule, then);
    written("            ^^   WRONG at byte 7: a fault\n"
            "                 then\n");
    listing_wrong(&listing, 13, 2, 7, &short_rule, then);
    written("             ^^\n"
            "                 WRONG at byte 7: a fault\n"
            "                 then\n");
}

#define LISTING_TEST(test) cmocka_unit_test_setup(test, begin)

static void test_text_that_reaches_a_column_is_kept_apart(void **state)
{
    (void)state;
    listing_begin(&listing, LISTING_PLAIN);
    text_string(&out, "12345");
    listing_column(&listing, 5);
    text_string(&out, "6");
    listing_column(&listing, 3);
    text_string(&out, "7");
    listing_end(&listing);
    written("12345 6 7\n");
}

static void test_blanks_end_where_the_room_does(void **state)
{
    (void)state;
    out.size = 4;
    listing_begin(&listing, LISTING_PLAIN);
    listing_column(&listing, SIZE_MAX);
    assert_true(out.overflow);
    assert_int_equal(out.len, 4);
}

static void test_a_fault_may_come_without_a_rule(void **state)
{
    (void)state;
    struct fault_rule bare = {0, "a fault", NULL, "8.1"};
    listing_wrong(&listing, 5, 2, 7, &bare, BYTES_LITERAL("then"));
    written("     ^^          WRONG at byte 7: a fault                       "
            "     8.1\n"
            "                 then\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LISTING_TEST(test_a_title_has_its_byte_at_the_edge),
        LISTING_TEST(test_a_field_is_bytes_bits_meaning_section),
        LISTING_TEST(test_words_wrap_between_words_below_themselves),
        LISTING_TEST(test_a_word_without_end_is_cut),
        LISTING_TEST(test_a_row_is_sent_unmasked_and_as_text),
        LISTING_TEST(test_a_result_begins_where_the_bytes_do),
        LISTING_TEST(test_what_is_wrong_stands_beside_its_mark),
        LISTING_TEST(test_or_below_it_where_there_is_no_room),
        LISTING_TEST(test_colour_is_around_a_line_and_in_no_column),
        LISTING_TEST(test_no_byte_of_a_row_is_looked_at_too_far),
        LISTING_TEST(test_text_that_reaches_a_column_is_kept_apart),
        LISTING_TEST(test_blanks_end_where_the_room_does),
        LISTING_TEST(test_a_fault_may_come_without_a_rule),
        LISTING_TEST(test_words_that_fill_a_line_stay_on_it),
        LISTING_TEST(test_a_column_that_is_reached_gets_one_blank),
        LISTING_TEST(test_what_cannot_be_printed_is_a_dot),
        LISTING_TEST(test_three_blanks_are_room_enough_beside_a_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
