/* SPDX-License-Identifier: MIT */
#include "support/guard.h"
#include "support/note.h"
#include "support/unit.h"
#include "vectors/origin.h"
#include "wire/origin.h"

static struct note note;

static void test_what_no_browser_sends_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(origin_faults); i++) {
        const struct origin_fault_vector *v = &origin_faults[i];
        struct origin_triple o;
        note_open(&note, v->text, "vector", i);
        const char *fault = origin_fault(&o, bytes_of(v->text));
        assert_string_equal(fault ? fault : "good",
                            v->fault ? v->fault : "good");
        note_close(&note);
    }
}

static void test_origins_are_the_same_by_scheme_host_and_port(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(origin_pairs); i++) {
        const struct origin_pair *v = &origin_pairs[i];
        struct span a = bytes_of(v->a), b = bytes_of(v->b);
        note_open(&note, v->a, "vector", i);
        assert_int_equal(origin_same(a, b), v->same);
        assert_int_equal(origin_same(b, a), v->same);
        note_close(&note);
    }
}

static void test_a_page_is_of_the_host_that_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(origin_hosts); i++) {
        const struct origin_pair *v = &origin_hosts[i];
        note_open(&note, v->a, "vector", i);
        assert_int_equal(origin_is_of(bytes_of(v->a), bytes_of(v->b)), v->same);
        note_close(&note);
    }
}

/* Nothing behind it is looked at: the bytes end where memory does. */
static void test_an_origin_ends_where_it_ends(void **state)
{
    static const char *const texts[] = {"a",    "a:",    "a:/",    "a://",
                                        "null", "a://b", "a://b:1"};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct origin_triple o;
        size_t len = strlen(texts[i]);
        const uint8_t *copy = guard_before(texts[i], len);
        assert_int_equal(origin_fault(&o, bytes_span(copy, len)) == NULL,
                         i >= 4);
    }
    guard_free_all();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_no_browser_sends_is_told),
        cmocka_unit_test(test_origins_are_the_same_by_scheme_host_and_port),
        cmocka_unit_test(test_an_origin_ends_where_it_ends),
        cmocka_unit_test(test_a_page_is_of_the_host_that_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
