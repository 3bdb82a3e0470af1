/* SPDX-License-Identifier: MIT */
#include "base/bytes.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/unit.h"

static const struct span nothing = {0};

static void assert_span(struct span s, const char *text)
{
    assert_int_equal(s.len, strlen(text));
    if (s.len)
        assert_memory_equal(s.ptr, text, s.len);
}

static void test_a_literal_has_no_nul(void **state)
{
    (void)state;
    assert_span(BYTES_LITERAL("abc"), "abc");
    assert_span(BYTES_LITERAL(""), "");
    assert_int_equal(BYTES_LITERAL("a\0b").len, 3);
    assert_span(bytes_of("abc"), "abc");
}

static void test_a_part_is_cut_out(void **state)
{
    (void)state;
    struct span s = BYTES_LITERAL("abcdef");
    assert_span(bytes_part(s, 0, 6), "abcdef");
    assert_span(bytes_part(s, 2, 3), "cde");
    assert_span(bytes_part(s, 6, 0), "");
    assert_span(bytes_part(nothing, 0, 0), "");
}

static void test_equal_is_same_length_and_bytes(void **state)
{
    (void)state;
    struct span abc = BYTES_LITERAL("abc");
    assert_true(bytes_equal(abc, bytes_of("abc")));
    assert_false(bytes_equal(abc, bytes_of("abd")));
    assert_false(bytes_equal(abc, bytes_of("ABC")));
    assert_false(bytes_equal(abc, bytes_of("ab")));
    assert_false(bytes_equal(bytes_of("ab"), abc));
    assert_false(bytes_equal(abc, nothing));
    assert_true(bytes_equal(nothing, BYTES_LITERAL("")));
}

static void test_begins_with_all_of_it(void **state)
{
    (void)state;
    struct span abc = BYTES_LITERAL("abc");
    assert_true(bytes_begins(abc, bytes_of("ab")));
    assert_true(bytes_begins(abc, abc));
    assert_true(bytes_begins(abc, nothing));
    assert_true(bytes_begins(nothing, nothing));
    assert_false(bytes_begins(abc, bytes_of("abcd")));
    assert_false(bytes_begins(abc, bytes_of("Ab")));
    assert_false(bytes_begins(abc, bytes_of("b")));
    assert_false(bytes_begins(nothing, abc));
}

static void test_only_ascii_letters_have_a_case(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        unsigned lower = c >= 0x41 && c <= 0x5A ? c + 0x20 : c;
        assert_int_equal(bytes_lower((uint8_t)c), lower);
    }
}

static void test_nocase_ignores_the_case_of_letters_alone(void **state)
{
    (void)state;
    struct span s = BYTES_LITERAL("WebSocket-13");
    assert_true(bytes_equal_nocase(s, bytes_of("wEBsOCKET-13")));
    assert_false(bytes_equal_nocase(s, bytes_of("WebSocket-1")));
    assert_false(bytes_equal_nocase(bytes_of("WebSocket-1"), s));
    assert_false(bytes_equal_nocase(s, bytes_of("WebSocket\r13")));
    assert_false(bytes_equal_nocase(s, bytes_of("DebSocket-13")));
    assert_false(bytes_equal_nocase(bytes_of("@["), bytes_of("`{")));
    assert_true(bytes_equal_nocase(nothing, nothing));
}

static void test_find_gives_the_first_or_the_length(void **state)
{
    (void)state;
    assert_int_equal(bytes_find(BYTES_LITERAL("a,b,c"), ','), 1);
    assert_int_equal(bytes_find(BYTES_LITERAL(",a"), ','), 0);
    assert_int_equal(bytes_find(BYTES_LITERAL("abc"), ','), 3);
    assert_int_equal(bytes_find(BYTES_LITERAL("a\0b"), 0), 1);
    assert_int_equal(bytes_find(nothing, ','), 0);
}

static void test_find_stays_inside(void **state)
{
    (void)state;
    for (size_t len = 0; len < 40; len++)
        assert_int_equal(
            bytes_find(bytes_span(guard_before(NULL, len), len), 1), len);
    guard_free_all();
}

static void test_trim_takes_blanks_and_tabs_from_both_ends(void **state)
{
    (void)state;
    assert_span(bytes_trim(BYTES_LITERAL(" \t a b \t")), "a b");
    assert_span(bytes_trim(BYTES_LITERAL("ab")), "ab");
    assert_span(bytes_trim(BYTES_LITERAL("\r\na\v")), "\r\na\v");
    assert_span(bytes_trim(BYTES_LITERAL(" \t ")), "");
    assert_span(bytes_trim(nothing), "");
}

static void test_trim_stays_inside(void **state)
{
    (void)state;
    assert_int_equal(bytes_trim(bytes_span(guard_before("   ", 3), 3)).len, 0);
    assert_int_equal(bytes_trim(bytes_span(guard_after("   ", 3), 3)).len, 0);
    guard_free_all();
}

static void test_hex_digits_have_values_and_nothing_else_has(void **state)
{
    (void)state;
    const char *lower = "0123456789abcdef", *upper = "0123456789ABCDEF";
    for (int c = 0; c < 256; c++) {
        const char *at = c ? strchr(lower, c) : NULL;
        if (c && !at && strchr(upper, c))
            at = lower + (strchr(upper, c) - upper);
        int value = at ? (int)(at - lower) : -1;
        assert_int_equal(bytes_hex_value((uint8_t)c), value);
    }
}

static void test_a_number_of_so_many_hex_digits(void **state)
{
    (void)state;
    assert_int_equal(bytes_hex(BYTES_LITERAL("7fG"), 2), 0x7F);
    assert_int_equal(bytes_hex(BYTES_LITERAL("Ff09"), 4), 0xFF09);
    assert_int_equal(bytes_hex(BYTES_LITERAL("FFFFFFF"), 7), 0xFFFFFFF);
    assert_int_equal(bytes_hex(BYTES_LITERAL("7fG"), 0), 0);
    assert_int_equal(bytes_hex(BYTES_LITERAL("7fG"), 3), -1);
    assert_int_equal(bytes_hex(BYTES_LITERAL("G7"), 2), -1);
    assert_int_equal(bytes_hex(BYTES_LITERAL("7G"), 2), -1);
    assert_int_equal(bytes_hex(bytes_span(guard_before("7", 1), 1), 2), -1);
    assert_int_equal(bytes_hex(nothing, 1), -1);
    guard_free_all();
}

static void assert_decimal(const char *text, uint64_t expected)
{
    uint64_t value = 0;
    assert_true(bytes_decimal(bytes_of(text), &value));
    assert_true(value == expected);
}

static void test_letters_digits_and_some_more(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool digit = c >= '0' && c <= '9';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        assert_int_equal(bytes_is_digit((uint8_t)c), digit);
        assert_int_equal(bytes_is_alnum_or((uint8_t)c, BYTES_LITERAL("-\xFF")),
                         digit || letter || c == '-' || c == 0xFF);
    }
}

static void test_what_is_behind_some_bytes(void **state)
{
    (void)state;
    struct span all = BYTES_LITERAL("abc");
    assert_true(bytes_equal(bytes_after(all, 0), all));
    assert_true(bytes_equal(bytes_after(all, 2), BYTES_LITERAL("c")));
    assert_int_equal(bytes_after(all, 3).len, 0);
    assert_null(bytes_after(bytes_span(NULL, 0), 0).ptr);
}

static void test_decimal_reads_digits(void **state)
{
    (void)state;
    assert_decimal("0", 0);
    assert_decimal("13", 13);
    assert_decimal("007", 7);
    assert_decimal("1234567890123456789", UINT64_C(1234567890123456789));
}

static void test_decimal_stops_at_the_largest_number(void **state)
{
    (void)state;
    assert_decimal("18446744073709551614", UINT64_MAX - 1);
    assert_decimal("18446744073709551615", UINT64_MAX);
    assert_decimal("18446744073709551616", UINT64_MAX);
    assert_decimal("18446744073709551620", UINT64_MAX);
    assert_decimal("99999999999999999999999999", UINT64_MAX);
    assert_decimal("000000000000000000000000000000000001", 1);
}

static void test_decimal_refuses_anything_but_digits(void **state)
{
    (void)state;
    const char *bad[] = {"",
                         " 1",
                         "1 ",
                         "+1",
                         "-1",
                         "1a",
                         "0x1",
                         "1.0",
                         "/",
                         ":",
                         "99999999999999999999999x"};
    uint64_t value;
    for (size_t i = 0; i < UNIT_COUNT(bad); i++)
        assert_false(bytes_decimal(bytes_of(bad[i]), &value));
    assert_false(bytes_decimal(nothing, &value));
}

static void test_a_number_has_a_most_and_no_leading_zero(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(bytes_number(BYTES_LITERAL("255"), 255, &value));
    assert_int_equal(value, 255);
    assert_true(bytes_number(BYTES_LITERAL("0"), 255, &value));
    assert_int_equal(value, 0);
    assert_false(bytes_number(BYTES_LITERAL("256"), 255, &value));
    assert_false(bytes_number(BYTES_LITERAL("01"), 255, &value));
    assert_false(bytes_number(BYTES_LITERAL("00"), 255, &value));
    assert_false(bytes_number(BYTES_LITERAL("1a"), 255, &value));
    assert_false(bytes_number(nothing, 255, &value));
}

static void test_a_cut_takes_the_separator_with_it(void **state)
{
    (void)state;
    struct span rest = BYTES_LITERAL("a,,bc");
    assert_span(bytes_cut(&rest, ','), "a");
    assert_span(rest, ",bc");
    assert_span(bytes_cut(&rest, ','), "");
    assert_span(bytes_cut(&rest, ','), "bc");
    assert_span(rest, "");
    assert_span(bytes_cut(&rest, ','), "");
    rest = nothing;
    assert_span(bytes_cut(&rest, ','), "");
    assert_span(rest, "");
}

static void test_min_is_the_smaller(void **state)
{
    (void)state;
    assert_int_equal(bytes_min(1, 2), 1);
    assert_int_equal(bytes_min(2, 1), 1);
    assert_true(bytes_min(SIZE_MAX, 0) == 0);
    assert_true(bytes_min64(UINT64_MAX, UINT64_MAX - 1) == UINT64_MAX - 1);
    assert_true(bytes_min64(UINT32_MAX, UINT64_MAX) == UINT32_MAX);
}

static void test_integers_are_most_significant_byte_first(void **state)
{
    (void)state;
    const uint8_t bytes[] = {0xF1, 0xE2, 0xD3, 0xC4, 0xB5, 0xA6, 0x97, 0x88};
    assert_int_equal(bytes_get16(bytes), 0xF1E2);
    assert_true(bytes_get32(bytes) == UINT32_C(0xF1E2D3C4));
    assert_true(bytes_get64(bytes) == UINT64_C(0xF1E2D3C4B5A69788));
}

/* At any alignment, and not a byte beyond. */
static void put_is_undone_by_get(struct random *r)
{
    uint64_t value = random_next(r);
    uint8_t *p = guard_before(NULL, 2);
    bytes_put16(p, (uint16_t)value);
    assert_int_equal(bytes_get16(p), (uint16_t)value);
    p = guard_before(NULL, 4);
    bytes_put32(p, (uint32_t)value);
    assert_true(bytes_get32(p) == (uint32_t)value);
    p = guard_before(NULL, 9);
    bytes_put64(p + 1, value);
    assert_true(bytes_get64(p + 1) == value && p[0] == 0);
    assert_int_equal(p[1], value >> 56);
    guard_free_all();
}

static void test_put_is_undone_by_get(void **state)
{
    (void)state;
    RANDOM_PROPERTY(put_is_undone_by_get, 200);
}

static void test_one_byte_is_compared_as_many_are(void **state)
{
    (void)state;
    assert_true(bytes_equal(bytes_of("a"), bytes_of("a")));
    assert_false(bytes_equal(bytes_of("a"), bytes_of("b")));
    assert_false(bytes_equal(bytes_of("a"), nothing));
}

static void test_secrets_are_compared_to_their_end(void **state)
{
    (void)state;
    uint8_t a[32] = {1, 2, 3}, b[32] = {1, 2, 3};
    assert_true(bytes_equal_secret(a, b, sizeof a));
    for (size_t i = 0; i < sizeof a; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            b[i] ^= (uint8_t)(1 << bit);
            assert_false(bytes_equal_secret(a, b, sizeof a));
            assert_true(bytes_equal_secret(a, b, i));
            b[i] ^= (uint8_t)(1 << bit);
        }
    }
    b[2] = 4; /* what differs first is not forgotten when more is the same */
    b[9] = 1;
    assert_false(bytes_equal_secret(a, b, sizeof a));
}

static void test_wiping_leaves_zeros_and_nothing_else_undone(void **state)
{
    (void)state;
    uint8_t *s = guard_before("secret", 6);
    bytes_wipe(s + 1, 5);
    assert_memory_equal(s, "s\0\0\0\0\0", 6);
    guard_free_all();
}

/* Worked out by hand, with numbers of any length. */
static void test_mixing_is_two_rounds_of_three_steps(void **state)
{
    (void)state;
    assert_true(bytes_mix(1) == UINT64_C(0x4179B061E0C0E0D0));
    assert_true(bytes_mix(UINT64_C(0x80000000)) ==
                UINT64_C(0x25716A8621F298ED));
    assert_true(bytes_mix(UINT64_C(1) << 63) == UINT64_C(0x72446BBCF6C799D7));
    assert_true(bytes_mix(UINT64_C(0x0123456789ABCDEF)) ==
                UINT64_C(0x3EFDEA49C590F4EC));
}

static void test_a_hash_mixes_in_byte_after_byte(void **state)
{
    (void)state;
    assert_true(bytes_hash(7, bytes_span(NULL, 0)) == 7);
    assert_true(bytes_hash(7, BYTES_LITERAL("t")) ==
                UINT64_C(0x2D6F3B7E08AA722A));
    assert_true(bytes_hash(7, BYTES_LITERAL("tea")) ==
                UINT64_C(0xA19272D1E010584D));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_letters_digits_and_some_more),
        cmocka_unit_test(test_what_is_behind_some_bytes),
        cmocka_unit_test(test_a_literal_has_no_nul),
        cmocka_unit_test(test_a_part_is_cut_out),
        cmocka_unit_test(test_equal_is_same_length_and_bytes),
        cmocka_unit_test(test_begins_with_all_of_it),
        cmocka_unit_test(test_only_ascii_letters_have_a_case),
        cmocka_unit_test(test_nocase_ignores_the_case_of_letters_alone),
        cmocka_unit_test(test_find_gives_the_first_or_the_length),
        cmocka_unit_test(test_find_stays_inside),
        cmocka_unit_test(test_trim_takes_blanks_and_tabs_from_both_ends),
        cmocka_unit_test(test_trim_stays_inside),
        cmocka_unit_test(test_hex_digits_have_values_and_nothing_else_has),
        cmocka_unit_test(test_decimal_reads_digits),
        cmocka_unit_test(test_decimal_stops_at_the_largest_number),
        cmocka_unit_test(test_decimal_refuses_anything_but_digits),
        cmocka_unit_test(test_a_number_has_a_most_and_no_leading_zero),
        cmocka_unit_test(test_a_cut_takes_the_separator_with_it),
        cmocka_unit_test(test_a_number_of_so_many_hex_digits),
        cmocka_unit_test(test_min_is_the_smaller),
        cmocka_unit_test(test_integers_are_most_significant_byte_first),
        cmocka_unit_test(test_put_is_undone_by_get),
        cmocka_unit_test(test_one_byte_is_compared_as_many_are),
        cmocka_unit_test(test_secrets_are_compared_to_their_end),
        cmocka_unit_test(test_mixing_is_two_rounds_of_three_steps),
        cmocka_unit_test(test_a_hash_mixes_in_byte_after_byte),
        cmocka_unit_test(test_wiping_leaves_zeros_and_nothing_else_undone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
