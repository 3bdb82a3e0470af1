/* SPDX-License-Identifier: MIT */
#include "base/ip.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

#include <arpa/inet.h>

static void assert_ip6(const char *written, const char *wanted)
{
    uint8_t ip[16], bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    assert_int_equal(inet_pton(AF_INET6, written, ip), 1);
    ip_put6(&t, ip);
    bytes[t.len] = '\0';
    assert_string_equal((char *)bytes, wanted);
}

static void test_ip4(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    ip_put4(&t, (const uint8_t[]){192, 0, 2, 255});
    bytes[t.len] = '\0';
    assert_string_equal((char *)bytes, "192.0.2.255");
}

static void test_rfc_5952_section_4(void **state)
{
    (void)state;
    /* 4.1: no leading zeros. 4.3: lower case. */
    assert_ip6("2001:0DB8:0A00:0010:1:1:1:ABCD", "2001:db8:a00:10:1:1:1:abcd");
    /* 4.2.1: as short as possible. */
    assert_ip6("2001:db8:0:0:0:0:2:1", "2001:db8::2:1");
    /* 4.2.2: not for one group. */
    assert_ip6("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    /* 4.2.3: the longest, and the first of equals. */
    assert_ip6("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    assert_ip6("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
}

static void test_zeros_at_either_end_and_everywhere(void **state)
{
    (void)state;
    assert_ip6("::", "::");
    assert_ip6("::1", "::1");
    assert_ip6("1::", "1::");
    assert_ip6("0:1:2:3:4:5:6:7", "0:1:2:3:4:5:6:7");
    assert_ip6("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
}

/* Many groups are zero; none is in the prefixes where inet_ntop writes the
   end as IPv4. */
static void as_inet_ntop_writes_it(struct random *r)
{
    uint8_t ip[16] = {0}, bytes[64];
    char wanted[INET6_ADDRSTRLEN];
    for (unsigned i = 0; i < 8; i++)
        if (random_below(r, 2))
            random_fill(r, ip + 2 * i, 2);
    ip[0] |= 0x20;
    struct text t = text_over(bytes, sizeof bytes);
    ip_put6(&t, ip);
    bytes[t.len] = '\0';
    inet_ntop(AF_INET6, ip, wanted, sizeof wanted);
    assert_string_equal((char *)bytes, wanted);
}

static void test_random_addresses(void **state)
{
    (void)state;
    RANDOM_PROPERTY(as_inet_ntop_writes_it, 10000);
}

static void test_sixteen_bytes_are_read_and_no_more(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    const uint8_t ip[16] = {0x20, 0x01, [15] = 1};
    ip_put6(&t, guard_before(ip, sizeof ip));
    ip_put4(&t, guard_before(ip, 4));
    bytes[t.len] = '\0';
    assert_string_equal((char *)bytes, "2001::132.1.0.0");
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ip4),
        cmocka_unit_test(test_rfc_5952_section_4),
        cmocka_unit_test(test_zeros_at_either_end_and_everywhere),
        cmocka_unit_test(test_random_addresses),
        cmocka_unit_test(test_sixteen_bytes_are_read_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
