/* SPDX-License-Identifier: MIT */
#include "client/said.h"
#include "support/guard.h"
#include "support/unit.h"

static bool read_text(struct said *s, const char *text)
{
    size_t len = strlen(text);
    return said_read(s, guard_before(text, len), len);
}

static void assert_span(struct span s, const char *expected)
{
    assert_true(bytes_equal(s, bytes_of(expected)));
}

static void test_a_message(void **state)
{
    struct said s;
    (void)state;
    assert_true(read_text(&s, "{\"id\":\"e-42\",\"time\":1795163341123,"
                              "\"uid\":\"u\",\"name\":\"A\\nn\","
                              "\"message\":\"h\\u00e9\",\"more\":[{}]}"));
    assert_int_equal(s.kind, SAID_MESSAGE);
    assert_span(s.id, "e-42");
    assert_span(s.uid, "u");
    assert_span(s.name, "A\nn");
    assert_span(s.message, "h\xC3\xA9");
    assert_true(s.time == UINT64_C(1795163341123));
    assert_true(read_text(&s, "{\"id\":\"e-1\",\"binary\":\"\"}"));
    assert_int_equal(s.kind, SAID_MESSAGE);
    assert_non_null(s.binary.ptr);
    guard_free_all();
}

static void test_the_events(void **state)
{
    struct said s;
    (void)state;
    assert_true(read_text(&s, "{\"event\":\"welcome\",\"uid\":\"u\",\"room\":"
                              "\"tea\",\"members\":3,\"last\":\"e-4\","
                              "\"following\":20}"));
    assert_int_equal(s.kind, SAID_WELCOME);
    assert_span(s.room, "tea");
    assert_span(s.last, "e-4");
    assert_int_equal(s.members, 3);
    assert_int_equal(s.following, 20);
    assert_true(read_text(&s, "{\"event\":\"welcome\",\"last\":null}"));
    assert_int_equal(s.last.len, 0);
    assert_true(read_text(&s, "{\"event\":\"members\",\"members\":4}"));
    assert_int_equal(s.kind, SAID_MEMBERS);
    assert_true(read_text(&s, "{\"event\":\"gap\"}"));
    assert_int_equal(s.kind, SAID_GAP);
    assert_true(read_text(&s, "{\"event\":\"error\",\"error\":\"why\"}"));
    assert_int_equal(s.kind, SAID_ERROR);
    assert_span(s.message, "why");
    assert_true(read_text(&s, "{\"event\":\"expiring\",\"in\":30}"));
    assert_int_equal(s.kind, SAID_EXPIRING);
    assert_int_equal(s.seconds, 30);
    assert_true(read_text(&s, "{\"event\":\"paused\"}"));
    assert_int_equal(s.kind, SAID_PAUSED);
    assert_true(read_text(&s, "{\"event\":\"resumed\"}"));
    assert_int_equal(s.kind, SAID_RESUMED);
    assert_true(read_text(&s, "{\"event\":\"later\"}"));
    assert_int_equal(s.kind, SAID_UNKNOWN);
    guard_free_all();
}

static void test_what_is_of_another_kind_is_not_taken(void **state)
{
    struct said s;
    (void)state;
    assert_true(read_text(&s, "{\"id\":1,\"message\":2,\"time\":\"x\"}"));
    assert_int_equal(s.kind, SAID_UNKNOWN);
    assert_int_equal(s.time, 0);
    assert_true(read_text(&s, "{\"id\":\"e\",\"time\":-1.5}"));
    assert_int_equal(s.time, 0);
    assert_true(read_text(&s, "{}"));
    assert_int_equal(s.kind, SAID_UNKNOWN);
    assert_false(read_text(&s, "[]"));
    assert_false(read_text(&s, "{\"id\":\"e\""));
    assert_false(read_text(&s, "{} x"));
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_message),
        cmocka_unit_test(test_the_events),
        cmocka_unit_test(test_what_is_of_another_kind_is_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
