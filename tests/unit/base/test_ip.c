/* SPDX-License-Identifier: MIT */
/*
 * Goal: an address is read exactly where the C library reads one, and a block
 * holds exactly the addresses that begin with its bits.
 */
#include "base/ip.h"
#include "support/guard.h"
#include "support/note.h"
#include "support/random.h"
#include "support/unit.h"

#include <arpa/inet.h>

static struct note note;

/* ---- Addresses ----------------------------------------------------------- */

/* inet_pton, with IPv4 in IPv6 taken for IPv4. The oracle. */
static struct ip expected(const char *text)
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    struct ip ip = {.family = IP_V4};
    uint8_t v6[16];
    if (inet_pton(AF_INET, text, ip.bytes) == 1)
        return ip;
    ip = (struct ip){.family = IP_NONE};
    if (inet_pton(AF_INET6, text, v6) != 1)
        return ip;
    bool short_form = memcmp(v6, mapped, sizeof mapped) == 0;
    ip.family = short_form ? IP_V4 : IP_V6;
    memcpy(ip.bytes, short_form ? v6 + 12 : v6, short_form ? 4 : 16);
    return ip;
}

static void assert_as_expected(const char *text)
{
    struct ip ip, want = expected(text);
    size_t len = strlen(text);
    const uint8_t *in = guard_before(text, len);
    note_open(&note, text, "bytes:", len);
    assert_int_equal(ip_parse(&ip, bytes_span(in, len)),
                     want.family != IP_NONE);
    assert_true(ip_equal(&ip, &want));
    note_close(&note);
    guard_free_all();
}

static void test_addresses_of_every_form(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.1",
        "256.0.0.1",
        "1.2.3",
        "1.2.3.4.5",
        "01.2.3.4",
        "1.2.3.04",
        "1..2.3",
        "1.2.3.",
        ".1.2.3",
        "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.0x4",
        "1.2.3.-4",
        "1.2.3.4444",
        "",
        "::",
        "::1",
        "1::",
        "1::2",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "1:2:3:4::5:6:7:8",
        "::1:2:3:4:5:6:7:8",
        ":",
        ":::",
        ":1",
        "1:",
        ":1::2",
        "1::2:",
        "12345::",
        "g::",
        "::FFFF:1.2.3.4",
        "::ffff:0:0",
        "::1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1.2.3",
        "::1.2.3.4:5",
        "fe80::1%eth0",
        "[::1]",
        "2001:DB8::1",
        "2001:db8::00001",
        "2001:db8::0001",
    };
    for (size_t i = 0; i < UNIT_COUNT(texts); i++)
        assert_as_expected(texts[i]);
}

static void any_text(struct random *r)
{
    static const char letters[] = "01259abfF::::....";
    char text[41];
    size_t len = random_below(r, sizeof text);
    for (size_t i = 0; i < len; i++)
        text[i] = letters[random_below(r, sizeof letters - 1)];
    text[len] = '\0';
    assert_as_expected(text);
}

static void test_any_text_as_the_c_library_reads_it(void **state)
{
    (void)state;
    RANDOM_PROPERTY(any_text, 20000);
}

static void written_by_the_library(struct random *r)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t bytes[16];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = random_below(r, 3) ? 0 : (uint8_t)random_below(r, 256);
    inet_ntop(random_below(r, 2) ? AF_INET : AF_INET6, bytes, text,
              sizeof text);
    assert_as_expected(text);
}

static void test_what_the_c_library_writes(void **state)
{
    (void)state;
    RANDOM_PROPERTY(written_by_the_library, 20000);
}

/* ---- Blocks -------------------------------------------------------------- */

static bool within(const char *address, const char *block)
{
    struct ip ip;
    struct ip_block b;
    assert_true(ip_parse(&ip, bytes_of(address)));
    assert_true(ip_parse_block(&b, bytes_of(block)));
    return ip_within(&ip, &b);
}

static void test_a_block_holds_what_begins_with_its_bits(void **state)
{
    (void)state;
    assert_true(within("10.255.0.1", "10.0.0.0/8"));
    assert_false(within("11.0.0.0", "10.0.0.0/8"));
    assert_false(within("138.0.0.0", "10.0.0.0/8"));
    assert_true(within("192.0.2.129", "192.0.2.128/25"));
    assert_false(within("192.0.2.127", "192.0.2.128/25"));
    assert_true(within("192.0.2.1", "192.0.2.1"));
    assert_false(within("192.0.2.0", "192.0.2.1"));
    assert_true(within("203.0.113.9", "0.0.0.0/0"));
    assert_true(within("2001:db8:ffff::", "2001:db8::/32"));
    assert_false(within("2001:db9::", "2001:db8::/32"));
    assert_true(within("2001:db8::1", "2001:db8::1/128"));
    assert_false(within("2001:db8::", "2001:db8::1"));
}

static void test_a_block_is_of_one_family(void **state)
{
    (void)state;
    assert_false(within("::", "0.0.0.0/0"));
    assert_false(within("0.0.0.0", "::/0"));
    assert_true(within("10.1.2.3", "::ffff:10.0.0.0/104"));
    assert_true(within("::ffff:10.1.2.3", "10.0.0.0/8"));
    assert_false(within("11.1.2.3", "::ffff:10.0.0.0/104"));
    assert_true(within("11.1.2.3", "::ffff:0:0/96"));
}

static void test_what_is_no_block(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0.0/ 8",
        "10.0.0.0/-1",
        "10.0.0.0/8/8",
        "10/8",
        "::/129",
        "2001:db8::1/64",
        "::ffff:0:0/90",
        "10.0.0.0/0008",
    };
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct ip_block block;
        note_open(&note, texts[i], "entry", i);
        assert_false(ip_parse_block(&block, bytes_of(texts[i])));
        note_close(&note);
    }
}

static void test_no_address_is_in_no_block(void **state)
{
    (void)state;
    struct ip none = {.family = IP_NONE};
    struct ip_block all;
    assert_true(ip_parse_block(&all, bytes_of("0.0.0.0/0")));
    assert_false(ip_within(&none, &all));
}

static void test_equal_is_same_family_and_bytes(void **state)
{
    (void)state;
    struct ip zero = {.family = IP_V4}, none = {.family = IP_NONE}, one = zero;
    one.bytes[3] = 1;
    assert_true(ip_equal(&zero, &zero));
    assert_false(ip_equal(&zero, &one));
    assert_false(ip_equal(&zero, &none));
}

static void test_a_gap_has_a_place_of_its_own(void **state)
{
    (void)state;
    assert_as_expected("1:2:3:4:5:6:7:8::");
    assert_as_expected("::1:2:3:4:5:6:7:8");
    assert_as_expected("1:2:3:4:5:6:7:8::1");
    assert_as_expected("1:2:3:4:5:6:1.2.3.4::");
    assert_as_expected("1:2:3:4:5:6:7:8:9::");
    assert_as_expected("::1:2:3:4:5:6:7:8:9");
    assert_as_expected("1:2:3:4:5:6::7");
    assert_as_expected("1:2:3:4:5:6:7::1.2.3.4");
    assert_as_expected("1:2:3:4:5::1.2.3.4");
    assert_as_expected("1");
}

static void test_addresses_are_equal_in_family_and_every_byte(void **state)
{
    (void)state;
    struct ip a = {.family = IP_V4, .bytes = {192, 0, 2, 1}}, b = a;
    assert_true(ip_equal(&a, &b));
    b.family = IP_V6;
    assert_false(ip_equal(&a, &b));
    for (size_t i = 0; i < sizeof a.bytes; i++) {
        b = a;
        b.bytes[i] ^= 1;
        assert_false(ip_equal(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_of_every_form),
        cmocka_unit_test(test_any_text_as_the_c_library_reads_it),
        cmocka_unit_test(test_what_the_c_library_writes),
        cmocka_unit_test(test_a_block_holds_what_begins_with_its_bits),
        cmocka_unit_test(test_a_block_is_of_one_family),
        cmocka_unit_test(test_what_is_no_block),
        cmocka_unit_test(test_no_address_is_in_no_block),
        cmocka_unit_test(test_equal_is_same_family_and_bytes),
        cmocka_unit_test(test_a_gap_has_a_place_of_its_own),
        cmocka_unit_test(test_addresses_are_equal_in_family_and_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
