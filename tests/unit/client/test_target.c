/* SPDX-License-Identifier: MIT */
#include "client/target.h"
#include "support/guard.h"
#include "support/unit.h"

static const char *read_url(struct target *t, const char *url)
{
    size_t len = strlen(url);
    return target_read(t, bytes_span(guard_before(url, len), len));
}

static void assert_span(struct span s, const char *expected)
{
    assert_true(bytes_equal(s, bytes_of(expected)));
}

static void test_each_part_of_a_url(void **state)
{
    (void)state;
    static const struct {
        const char *url, *authority, *host;
        unsigned port;
        const char *path, *query;
    } good[] = {
        {"ws://h", "h", "h", 80, "/", ""},
        {"ws://h/", "h", "h", 80, "/", ""},
        {"WS://h:6868/a/b", "h:6868", "h", 6868, "/a/b", ""},
        {"ws://h?x=y", "h", "h", 80, "/", "x=y"},
        {"ws://h/a?x=y?z/", "h", "h", 80, "/a", "x=y?z/"},
        {"ws://[::1]:1/a", "[::1]:1", "[::1]", 1, "/a", ""},
        {"ws://127.0.0.1:65535/a", "127.0.0.1:65535", "127.0.0.1", 65535, "/a",
         ""},
    };
    for (size_t i = 0; i < UNIT_COUNT(good); i++) {
        struct target t;
        assert_null(read_url(&t, good[i].url));
        assert_span(t.authority, good[i].authority);
        assert_span(t.host, good[i].host);
        assert_int_equal(t.port, good[i].port);
        assert_span(t.path, good[i].path);
        assert_span(t.query, good[i].query);
        assert_int_equal(t.local.len, 0);
        guard_free_all();
    }
}

static void test_a_unix_socket_and_what_to_ask_it(void **state)
{
    struct target t;
    (void)state;
    assert_null(read_url(&t, "ws+unix:/run/c.sock:/ws/tea?a=b"));
    assert_span(t.local, "/run/c.sock");
    assert_span(t.authority, "localhost");
    assert_span(t.path, "/ws/tea");
    assert_span(t.query, "a=b");
    assert_null(read_url(&t, "ws+unix:c.sock"));
    assert_span(t.local, "c.sock");
    assert_span(t.path, "/");
    guard_free_all();
}

static void test_what_is_no_url_of_ours(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",         "h",          "ws:",          "ws:/h",
        "ws://",    "ws:///a",    "wss://h/",     "http://h/",
        "ws://u@h", "ws://h:0/",  "ws://h:65536", "ws://h:x/",
        "ws://h/#", "ws://h/a b", "ws://h/\xC3",  "ws://h/\x7F",
        "ws+unix:", "ws+unix::/", "ws+unix:a:b",
    };
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        struct target t;
        assert_non_null(read_url(&t, bad[i]));
        guard_free_all();
    }
}

static void test_a_room_is_below_ws(void **state)
{
    struct target t;
    (void)state;
    static const char *const rooms[] = {"ws://h/ws", "ws://h/ws/",
                                        "ws://h/ws/tea?x"};
    static const char *const others[] = {"ws://h/", "ws://h/wsx",
                                         "ws://h/chat/ws", "ws://h/w"};
    for (size_t i = 0; i < UNIT_COUNT(rooms); i++) {
        assert_null(read_url(&t, rooms[i]));
        assert_true(target_is_room(&t));
    }
    for (size_t i = 0; i < UNIT_COUNT(others); i++) {
        assert_null(read_url(&t, others[i]));
        assert_false(target_is_room(&t));
    }
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_part_of_a_url),
        cmocka_unit_test(test_a_unix_socket_and_what_to_ask_it),
        cmocka_unit_test(test_what_is_no_url_of_ours),
        cmocka_unit_test(test_a_room_is_below_ws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
