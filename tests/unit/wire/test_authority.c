/* SPDX-License-Identifier: MIT */
#include "support/guard.h"
#include "support/note.h"
#include "support/unit.h"
#include "vectors/origin.h"
#include "wire/authority.h"

static struct note note;

static void test_a_host_and_port_are_taken_apart(void **state)
{
    static const struct {
        const char *text, *host;
        bool has_port;
        uint32_t port;
    } texts[] = {
        {"a.example", "a.example", false, 0},
        {"a.example:6868", "a.example", true, 6868},
        {"a.example:", "a.example", false, 0},
        {"[::1]:443", "[::1]", true, 443},
        {"[1]", "[1]", false, 0},
        {"a%20b;c:00080", "a%20b;c", true, 80},
        {"a:65536", "a", true, 65536},
        {"a:123456789", "a", true, 65536},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct authority a;
        note_open(&note, texts[i].text, "vector", i);
        assert_true(authority_read(&a, bytes_of(texts[i].text)));
        assert_true(bytes_equal(a.host, bytes_of(texts[i].host)));
        assert_int_equal(a.has_port, texts[i].has_port);
        assert_int_equal(a.port, texts[i].port);
        note_close(&note);
    }
}

static void test_what_is_no_host_and_port_is_refused(void **state)
{
    static const char *const texts[] = {
        "",   ":80", "a:b",    "a:-1", "a b", "a,b", "a@b",   "a/",
        "[]", "[a",  "[::1]x", "[g]",  "a%2", "%zz", "a:80:", "\xC3\xBC",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct authority a;
        note_open(&note, texts[i], "vector", i);
        assert_false(authority_read(&a, bytes_of(texts[i])));
        note_close(&note);
    }
}

/* Nothing behind it is looked at: the bytes end where memory does. */
static void test_a_name_ends_where_it_ends(void **state)
{
    static const char *const texts[] = {
        "a", "a%2F", "a:1", "[::1]", "a:", "a%2", "a%", "[", "[1"};
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct authority a;
        size_t len = strlen(texts[i]);
        const uint8_t *copy = guard_before(texts[i], len);
        assert_int_equal(authority_read(&a, bytes_span(copy, len)), i < 5);
        (void)authority_fault(&a, bytes_span(copy, len));
    }
    guard_free_all();
}

static void test_what_no_client_sends_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(authority_faults); i++) {
        const struct origin_fault_vector *v = &authority_faults[i];
        struct authority a;
        note_open(&note, v->text, "vector", i);
        const char *fault = authority_fault(&a, bytes_of(v->text));
        assert_string_equal(fault ? fault : "good",
                            v->fault ? v->fault : "good");
        note_close(&note);
    }
}

static void test_a_request_is_for_a_name_or_it_is_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(authority_names); i++) {
        const struct origin_pair *v = &authority_names[i];
        note_open(&note, v->a, "vector", i);
        assert_int_equal(authority_is_for(bytes_of(v->a), bytes_of(v->b)),
                         v->same);
        note_close(&note);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_host_and_port_are_taken_apart),
        cmocka_unit_test(test_what_is_no_host_and_port_is_refused),
        cmocka_unit_test(test_a_name_ends_where_it_ends),
        cmocka_unit_test(test_what_no_client_sends_is_told),
        cmocka_unit_test(test_a_request_is_for_a_name_or_it_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
