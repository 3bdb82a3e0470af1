/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "support/guard.h"
#include "wire/extension.h"

#define BASE                                                                   \
    "permessage-deflate; server_no_context_takeover"                           \
    "; client_no_context_takeover"

/* What the client's one field is answered with: the value of our field, NULL
   when nothing is chosen, "400" when the field is malformed. */
static const char *answer_all(const struct span *values, size_t count)
{
    static char bytes[EXTENSION_ANSWER + 1];
    struct extension chosen;
    struct text out = text_over((uint8_t *)bytes, EXTENSION_ANSWER);
    memset(&chosen, 0xEE, sizeof chosen);
    switch (extension_choose(values, count, &chosen)) {
    case EXTENSION_NONE: return NULL;
    case EXTENSION_MALFORMED: return "400";
    case EXTENSION_CHOSEN: break;
    }
    assert_in_range(chosen.server_window_bits, 8, 15);
    assert_in_range(chosen.client_window_bits, 8, 15);
    extension_write(&chosen, &out);
    assert_false(out.overflow);
    bytes[out.len] = 0;
    return bytes;
}

static const char *answer(const char *value)
{
    struct span field = bytes_of(value);
    return answer_all(&field, 1);
}

static void check(const char *value, const char *expected)
{
    const char *got = answer(value);
    if (!expected)
        assert_null(got);
    else if (!got)
        fail_msg("declined: %s", value);
    else
        assert_string_equal(got, expected);
}

static void test_the_plain_offer(void **state)
{
    (void)state;
    check("permessage-deflate", BASE);
    check(" \tpermessage-deflate\t ", BASE);
}

/* What Chromium and Firefox send. */
static void test_offers_of_browsers(void **state)
{
    (void)state;
    check("permessage-deflate; client_max_window_bits", BASE);
    check("permessage-deflate", BASE);
}

static void test_no_field_chooses_nothing(void **state)
{
    (void)state;
    assert_null(answer_all(NULL, 0));
}

/* RFC 7692 7.1.1: with or without being asked, ours is the same answer. */
static void test_takeover_is_always_declined(void **state)
{
    (void)state;
    check("permessage-deflate; server_no_context_takeover", BASE);
    check("permessage-deflate; client_no_context_takeover", BASE);
    check("permessage-deflate; client_no_context_takeover; "
          "server_no_context_takeover",
          BASE);
}

static void test_window_bits_are_answered_as_asked(void **state)
{
    (void)state;
    for (unsigned server = 7; server <= 16; server++) {
        for (unsigned client = 7; client <= 16; client++) {
            char offer[200], expected[200];
            snprintf(offer, sizeof offer,
                     "permessage-deflate; client_max_window_bits=%u; "
                     "server_max_window_bits=%u",
                     client, server);
            snprintf(expected, sizeof expected,
                     BASE "; server_max_window_bits=%u; "
                          "client_max_window_bits=%u",
                     server, client);
            bool legal =
                server >= 8 && server <= 15 && client >= 8 && client <= 15;
            check(offer, legal ? expected : NULL);
        }
    }
}

static void test_the_bits_chosen_are_told(void **state)
{
    (void)state;
    struct extension e;
    struct span value =
        BYTES_LITERAL("permessage-deflate; server_max_window_bits=9; "
                      "client_max_window_bits=11");
    assert_int_equal(extension_choose(&value, 1, &e), EXTENSION_CHOSEN);
    assert_int_equal(e.server_window_bits, 9);
    assert_int_equal(e.client_window_bits, 11);
    value = BYTES_LITERAL("permessage-deflate; client_max_window_bits");
    assert_int_equal(extension_choose(&value, 1, &e), EXTENSION_CHOSEN);
    assert_int_equal(e.server_window_bits, 15);
    assert_int_equal(e.client_window_bits, 15);
}

static void test_the_longest_answer_fits_exactly(void **state)
{
    (void)state;
    const char *longest = answer("permessage-deflate; server_max_window_bits="
                                 "15; client_max_window_bits=15");
    assert_int_equal(strlen(longest), EXTENSION_ANSWER);
}

/* RFC 7692 7.1.2.1: decimal, 8 to 15, no leading zero, and a value needed. */
static void test_window_bits_that_decline(void **state)
{
    (void)state;
    static const char *const values[] = {
        "=0",  "=7",   "=16", "=08",   "=015", "=1",  "=100",   "=a",
        "=-9", "=1e1", "=9x", "=10.0", "=0x9", "=+9", "=15000", "=4294967304"};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char offer[200];
        snprintf(offer, sizeof offer,
                 "permessage-deflate; server_max_window_bits%s", values[i]);
        check(offer, NULL);
        snprintf(offer, sizeof offer,
                 "permessage-deflate; client_max_window_bits%s", values[i]);
        check(offer, NULL);
    }
    check("permessage-deflate; server_max_window_bits", NULL);
}

static void test_parameters_that_decline(void **state)
{
    (void)state;
    check("permessage-deflate; mystery", NULL);
    check("permessage-deflate; mystery=1", NULL);
    check("permessage-deflate; server_no_context_takeover=1", NULL);
    check("permessage-deflate; client_no_context_takeover=\"x\"", NULL);
    check("permessage-deflate; Server_No_Context_Takeover", NULL);
}

/* RFC 7692 7.1: the same parameter twice. */
static void test_repeated_parameters_decline(void **state)
{
    (void)state;
    static const char *const names[] = {
        "server_no_context_takeover", "client_no_context_takeover",
        "server_max_window_bits=10", "client_max_window_bits=10",
        "client_max_window_bits"};
    for (size_t i = 0; i < 5; i++) {
        char offer[200];
        snprintf(offer, sizeof offer, "permessage-deflate; %s; %s", names[i],
                 names[i]);
        check(offer, NULL);
    }
    check("permessage-deflate; client_max_window_bits; "
          "client_max_window_bits=9",
          NULL);
}

static void test_the_first_acceptable_offer_wins(void **state)
{
    (void)state;
    check("permessage-deflate; mystery, permessage-deflate; "
          "server_max_window_bits=10, permessage-deflate",
          BASE "; server_max_window_bits=10");
    check("x-webkit-deflate-frame, permessage-bzip2; level=9, "
          "permessage-deflate",
          BASE);
    check("permessage-deflate; server_max_window_bits=99, permessage-deflate",
          BASE);
    check("permessage-deflat, permessage-deflatex", NULL);
    check("Permessage-Deflate", NULL);
}

static void test_several_fields_are_one_list(void **state)
{
    (void)state;
    const struct span fields[] = {
        BYTES_LITERAL("foo; a=1,"),
        BYTES_LITERAL(""),
        BYTES_LITERAL("permessage-deflate; server_max_window_bits=12"),
        BYTES_LITERAL("permessage-deflate"),
    };
    assert_string_equal(answer_all(fields, 4),
                        BASE "; server_max_window_bits=12");
    assert_null(answer_all(fields, 2));
}

static void test_quoted_values(void **state)
{
    (void)state;
    check("permessage-deflate; server_max_window_bits=\"10\"",
          BASE "; server_max_window_bits=10");
    check("permessage-deflate; server_max_window_bits=\"1\\0\"",
          BASE "; server_max_window_bits=10");
    check("foo; bar=\"tok\\en\", permessage-deflate", BASE);
    check("foo; bar=\"a,b\", permessage-deflate", "400");
    check("foo; bar=\"a b\"", "400");
    check("foo; bar=\"\"", "400");
    check("foo; bar=\"x", "400");
    check("foo; bar=\"x\\", "400");
    check("foo; bar=\"x\\\"", "400");
    check("foo; bar=\"", "400");
    check("foo; bar=x\"y\"", "400");
    check("foo; bar=\"x\"y", "400");
    check("\"permessage-deflate\"", "400");
}

static void test_blanks_may_stand_around_separators(void **state)
{
    (void)state;
    check("permessage-deflate ;\tserver_max_window_bits = 10 , foo",
          BASE "; server_max_window_bits=10");
    check("permessage-deflate;server_max_window_bits=10,foo",
          BASE "; server_max_window_bits=10");
}

static void test_empty_elements_are_passed_over(void **state)
{
    (void)state;
    check(",, permessage-deflate ,", BASE);
    check(" , foo,,bar", NULL);
}

static void test_broken_grammar_is_an_error(void **state)
{
    (void)state;
    static const char *const broken[] = {
        "",
        " ",
        ",",
        ", ,",
        ";",
        "=",
        "permessage-deflate;",
        "permessage-deflate; ;",
        "permessage-deflate;, foo",
        "permessage-deflate; =1",
        "permessage-deflate; a=",
        "permessage-deflate; a=;b",
        "permessage-deflate; a==b",
        "permessage-deflate a",
        "permessage-deflate=1",
        "permessage-deflate; a b",
        "permessage-deflate; a=b c",
        "permessage-deflate; a=(b)",
        "permessage@deflate",
        "foo/bar",
        "permessage-deflate; caf\xC3\xA9",
        "permessage-deflate\x7F",
        "permessage-deflate, foo;",
    };
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        check(broken[i], "400");
    /* A broken offer breaks the field, even behind a good one. */
    check("permessage-deflate, foo;", "400");
    struct span nul = BYTES_LITERAL("foo\0bar");
    assert_string_equal(answer_all(&nul, 1), "400");
}

static void test_token_bytes_are_those_of_the_rfc(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t name[1] = {(uint8_t)byte};
        struct span value = bytes_span(name, 1);
        struct extension e;
        bool token = byte > 32 && byte < 127 &&
                     !strchr("()<>@,;:\\\"/[]?={}", (int)byte);
        assert_int_equal(extension_choose(&value, 1, &e),
                         token ? EXTENSION_NONE : EXTENSION_MALFORMED);
    }
}

static void
test_a_field_that_ends_too_soon_is_looked_at_no_further(void **state)
{
    (void)state;
    static const char *const fields[] = {
        "permessage-deflate;",
        "permessage-deflate; a=",
        "permessage-deflate; a=\"",
        "permessage-deflate; a=\"b",
        "permessage-deflate; a=\"b\\",
        "permessage-deflate; a=\"\\",
        "permessage-deflate, permessage-deflate;",
        "permessage-deflate, permessage-deflate; a=",
        "permessage-deflate; a=, permessage-deflate",
        "permessage-deflate;, permessage-deflate",
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        size_t len = strlen(fields[i]);
        struct span field = bytes_span(guard_before(fields[i], len), len);
        assert_string_equal(answer_all(&field, 1), "400");
        guard_free_all();
    }
}

/* ---- The other role ------------------------------------------------------ */

static enum fault judge(const char *value, const struct extension_offer *offer,
                        struct extension_terms *terms)
{
    memset(terms, 0xEE, sizeof *terms);
    return extension_judge(bytes_of(value), offer, true, terms);
}

static void test_terms_are_filled_in_whatever_they_held(void **state)
{
    static const struct extension_offer plain = {.client_window_bits = 15};
    static const struct extension_offer small = {.client_window_bits = 9};
    struct extension_terms t;
    (void)state;
    assert_int_equal(judge("permessage-deflate", &plain, &t), FAULT_NONE);
    assert_true(t.deflate && t.server_keeps && t.client_keeps);
    assert_int_equal(t.client_window_bits, 15);
    assert_int_equal(judge("permessage-deflate", &small, &t), FAULT_NONE);
    assert_int_equal(t.client_window_bits, 9);
    assert_int_equal(
        judge("permessage-deflate; client_max_window_bits=8", &small, &t),
        FAULT_NONE);
    assert_int_equal(t.client_window_bits, 8);
    assert_int_equal(judge(", ,", &plain, &t), FAULT_ANSWER);
    assert_false(t.deflate);
    assert_int_equal(judge("x", NULL, &t), FAULT_ANSWER_FOREIGN);
    assert_false(t.deflate);
    memset(&t, 0xEE, sizeof t);
    assert_int_equal(extension_judge(bytes_of("x"), NULL, false, &t),
                     FAULT_NONE);
    assert_false(t.deflate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_plain_offer),
        cmocka_unit_test(test_offers_of_browsers),
        cmocka_unit_test(test_no_field_chooses_nothing),
        cmocka_unit_test(test_takeover_is_always_declined),
        cmocka_unit_test(test_window_bits_are_answered_as_asked),
        cmocka_unit_test(test_the_bits_chosen_are_told),
        cmocka_unit_test(test_the_longest_answer_fits_exactly),
        cmocka_unit_test(test_window_bits_that_decline),
        cmocka_unit_test(test_parameters_that_decline),
        cmocka_unit_test(test_repeated_parameters_decline),
        cmocka_unit_test(test_the_first_acceptable_offer_wins),
        cmocka_unit_test(test_several_fields_are_one_list),
        cmocka_unit_test(test_quoted_values),
        cmocka_unit_test(test_blanks_may_stand_around_separators),
        cmocka_unit_test(test_empty_elements_are_passed_over),
        cmocka_unit_test(test_broken_grammar_is_an_error),
        cmocka_unit_test(test_token_bytes_are_those_of_the_rfc),
        cmocka_unit_test(
            test_a_field_that_ends_too_soon_is_looked_at_no_further),
        cmocka_unit_test(test_terms_are_filled_in_whatever_they_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
