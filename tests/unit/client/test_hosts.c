/* SPDX-License-Identifier: MIT */
#include "client/hosts.h"
#include "support/guard.h"
#include "support/unit.h"

static const char file[] = "# comment a\n"
                           "127.0.0.1\tlocalhost\n"
                           "\r\n"
                           "192.0.2.1  a b.example # c\r\n"
                           "nonsense a\n"
                           "2001:db8::1 A\n"
                           "192.0.2.2 ab\n"
                           "192.0.2.3 many\n192.0.2.4 many\n192.0.2.5 many\n"
                           "192.0.2.6 many\n192.0.2.7 many\n"
                           "192.0.2.9 last";

/* The addresses, with a comma behind each. */
static const char *find(const char *host, const char *text)
{
    static char bytes[200];
    struct ip out[HOSTS_MAX];
    struct text t = text_over((uint8_t *)bytes, sizeof bytes - 1);
    size_t len = strlen(text);
    size_t count = hosts_find(out, bytes_of(host),
                              bytes_span(guard_before(text, len), len));
    for (size_t i = 0; i < count; i++) {
        if (out[i].family == IP_V4)
            ip_put4(&t, out[i].bytes);
        else
            ip_put6(&t, out[i].bytes);
        text_byte(&t, ',');
    }
    bytes[t.len] = 0;
    guard_free_all();
    return bytes;
}

static void test_a_number_is_itself(void **state)
{
    (void)state;
    assert_string_equal(find("192.0.2.77", file), "192.0.2.77,");
    assert_string_equal(find("[::1]", ""), "::1,");
}

static void test_a_name_is_looked_up_in_the_files_order(void **state)
{
    (void)state;
    assert_string_equal(find("a", file), "192.0.2.1,2001:db8::1,");
    assert_string_equal(find("B.Example", file), "192.0.2.1,");
    assert_string_equal(find("b.example.", file), "192.0.2.1,");
    assert_string_equal(find("last", file), "192.0.2.9,");
    assert_string_equal(find("c", file), "");
    assert_string_equal(find("comment", file), "");
    assert_string_equal(find("many", file),
                        "192.0.2.3,192.0.2.4,192.0.2.5,192.0.2.6,");
    assert_string_equal(find("nobody", file), "");
    assert_string_equal(find("", file), "");
}

static void test_localhost_is_known_anyhow(void **state)
{
    (void)state;
    assert_string_equal(find("localhost", file), "127.0.0.1,");
    assert_string_equal(find("LOCALHOST", ""), "127.0.0.1,::1,");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_number_is_itself),
        cmocka_unit_test(test_a_name_is_looked_up_in_the_files_order),
        cmocka_unit_test(test_localhost_is_known_anyhow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
