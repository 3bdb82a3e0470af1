/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/split.h"
#include "support/unit.h"

/* ---- the oracle: RFC 3629 section 3, by value instead of by byte --------- */

enum verdict {
    REFUSED, /* no text starts like this */
    OPEN,    /* a character is unfinished */
    WHOLE
};

/* How many bytes the table of RFC 3629 section 3 gives a lead byte, or 0. */
static size_t len_of(uint8_t lead)
{
    return lead < 0x80   ? 1
           : lead < 0xC0 ? 0
           : lead < 0xE0 ? 2
           : lead < 0xF0 ? 3
           : lead < 0xF8 ? 4
                         : 0;
}

/* Is there a character from first to last that is written in len bytes? */
static bool any_character(uint32_t first, uint32_t last, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (first < least[len])
        first = least[len];
    if (first >= 0xD800 && first <= 0xDFFF)
        first = 0xE000;
    return first <= last && first <= 0x10FFFF;
}

/* The first character of s, of which s may be only the start: it is open as
   long as some value is left. *len becomes the bytes it took. */
static enum verdict judge_character(struct span s, size_t *len)
{
    size_t want = len_of(s.ptr[0]), have = bytes_min(s.len, want);
    if (want == 0)
        return REFUSED;
    uint32_t value = want == 1 ? s.ptr[0] : s.ptr[0] & (0x7Fu >> want);
    for (size_t i = 1; i < have; i++) {
        if ((s.ptr[i] & 0xC0) != 0x80)
            return REFUSED;
        value = value << 6 | (s.ptr[i] & 0x3F);
    }
    *len = have;
    uint32_t ways = UINT32_C(1) << 6 * (want - have);
    if (!any_character(value * ways, value * ways + ways - 1, want))
        return REFUSED;
    return have == want ? WHOLE : OPEN;
}

static enum verdict judge(struct span s)
{
    enum verdict verdict = WHOLE;
    for (size_t at = 0, len = 0; at < s.len && verdict == WHOLE; at += len)
        verdict = judge_character(bytes_after(s, at), &len);
    return verdict;
}

static void assert_verdict(const struct utf8 *u, bool taken, enum verdict v)
{
    assert_int_equal(taken, v != REFUSED);
    assert_int_equal(utf8_whole(u), v == WHOLE);
}

/* ---- vectors -----------------------------------------------------------
 * After Markus Kuhn, "UTF-8 decoder capability and stress test" (his section
 * numbers), and the examples of RFC 3629 section 7. `bad` is the offset of the
 * first byte that cannot be: there the answer must turn.
 */
#define NEVER SIZE_MAX

struct vector {
    const char *name;
    struct span bytes;
    size_t bad; /* or NEVER */
    bool whole; /* all characters are finished */
};

/* Named as the source spells it, so that a failure can be read. */
#define VECTOR(text, bad, whole)                                               \
    {                                                                          \
#text, {(const uint8_t *)text, sizeof text - 1 }, bad, whole           \
    }
#define GOOD(text)     VECTOR(text, NEVER, true)
#define CUT(text)      VECTOR(text, NEVER, false)
#define BAD(text, bad) VECTOR(text, bad, false)

static const struct vector vectors[] = {
    GOOD(""),
    GOOD("A\xE2\x89\xA2\xCE\x91."),                       /* RFC 3629 7 */
    GOOD("\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4"),         /* RFC 3629 7 */
    GOOD("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E"),         /* RFC 3629 7 */
    GOOD("\xEF\xBB\xBF\xF0\xA3\x8E\xB4"),                 /* RFC 3629 7 */
    GOOD("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5"), /* 1 */
    GOOD("seven b\xC3\xA9"),  /* a character over a word's end */
    GOOD("sixteen ascii ok"), /* two words of ASCII, nothing else */
    GOOD("sixteen ascii ok and then \xF0\x9F\x98\x80 some"),
    /* 2.1: the first character of each length; 2.2: the last. */
    GOOD("\xC2\x80"),
    GOOD("\xE0\xA0\x80"),
    GOOD("\xF0\x90\x80\x80"),
    BAD("\xF8\x88\x80\x80\x80", 0),
    BAD("\xFC\x84\x80\x80\x80\x80", 0),
    GOOD("\x7F"),
    GOOD("\xDF\xBF"),
    GOOD("\xEF\xBF\xBF"),
    BAD("\xF7\xBF\xBF\xBF", 0),
    BAD("\xFB\xBF\xBF\xBF\xBF", 0),
    BAD("\xFD\xBF\xBF\xBF\xBF\xBF", 0),
    /* 2.3: around the surrogates, the replacement character, the end. */
    GOOD("\xED\x9F\xBF"),
    GOOD("\xEE\x80\x80"),
    GOOD("\xEF\xBF\xBD"),
    GOOD("\xF4\x8F\xBF\xBF"),
    BAD("\xF4\x90\x80\x80", 1),
    BAD("\xF5\x80\x80\x80", 0),
    /* 3.1: continuation bytes without a lead. */
    BAD("\x80", 0),
    BAD("\xBF", 0),
    BAD("ascii, and then \xBF more", 16),
    BAD("\xC3\xA9\x80", 2),
    BAD("\xE2\x82\xAC\x80", 3),
    BAD("\xF0\x9F\x98\x80\x80", 4),
    /* 3.2, 3.3: leads without their continuation bytes. */
    BAD("\xC3 ", 1),
    BAD("\xE2 ", 1),
    BAD("\xE2\x82 ", 2),
    BAD("\xF0 ", 1),
    BAD("\xF0\x9F ", 2),
    BAD("\xF0\x9F\x98 ", 3),
    BAD("\xE2\x82\xC3\xA9", 2),
    CUT("\xC3"),
    CUT("\xE2"),
    CUT("\xE2\x82"),
    CUT("\xF0"),
    CUT("\xF0\x9F"),
    CUT("\xF0\x9F\x98"),
    CUT("ascii, and then \xF0\x9F\x98"),
    /* 3.5: bytes that are nowhere in UTF-8. */
    BAD("\xFE", 0),
    BAD("\xFF", 0),
    BAD("\xFE\xFE\xFF\xFF", 0),
    /* 4.1: a slash, overlong. 4.2: the largest overlong forms. 4.3: NUL. */
    BAD("\xC0\xAF", 0),
    BAD("\xE0\x80\xAF", 1),
    BAD("\xF0\x80\x80\xAF", 1),
    BAD("\xC1\xBF", 0),
    BAD("\xE0\x9F\xBF", 1),
    BAD("\xF0\x8F\xBF\xBF", 1),
    BAD("\xC0\x80", 0),
    BAD("\xE0\x80\x80", 1),
    BAD("\xF0\x80\x80\x80", 1),
    /* 5.1, 5.2: surrogates, alone and in pairs. */
    BAD("\xED\xA0\x80", 1),
    BAD("\xED\xAD\xBF", 1),
    BAD("\xED\xAE\x80", 1),
    BAD("\xED\xAF\xBF", 1),
    BAD("\xED\xB0\x80", 1),
    BAD("\xED\xBF\xBF", 1),
    BAD("\xED\xA0\x80\xED\xB0\x80", 1),
    BAD("caf\xC3\xA9 and \xED\xA0\x80", 11),
    /* 5.3: noncharacters are characters here. */
    GOOD("\xEF\xBF\xBE"),
    GOOD("\xEF\xB7\x90"),
    GOOD("\xF0\x9F\xBF\xBF"),
};

struct run {
    const struct vector *vector;
    struct utf8 utf8;
    size_t len; /* bytes fed so far */
};

static void begin(void *context)
{
    struct run *run = context;
    run->utf8 = (struct utf8){0};
    run->len = 0;
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct run *run = context;
    bool taken = utf8_take(&run->utf8, ptr, len);
    run->len += len;
    size_t bad = run->vector->bad;
    assert_int_equal(taken, bad == NEVER || run->len <= bad);
}

static void end(void *context)
{
    struct run *run = context;
    assert_int_equal(utf8_whole(&run->utf8), run->vector->whole);
}

static void test_vectors_turn_at_the_first_bad_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct run run = {.vector = v};
        struct split s = {v->name, begin, take, end, &run};
        split_run(&s, v->bytes);
        assert_int_equal(utf8_valid(v->bytes), v->whole);
    }
}

static void test_the_oracle_knows_the_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        enum verdict verdict = v->whole          ? WHOLE
                               : v->bad == NEVER ? OPEN
                                                 : REFUSED;
        assert_int_equal(judge(v->bytes), verdict);
    }
}

static void test_a_refusal_is_for_good(void **state)
{
    (void)state;
    struct utf8 u = {0};
    assert_false(utf8_take(&u, (const uint8_t *)"\xFF", 1));
    assert_false(utf8_take(&u, (const uint8_t *)"good again", 10));
    assert_false(utf8_take(&u, NULL, 0));
    assert_false(utf8_whole(&u));
}

static void test_nothing_is_whole(void **state)
{
    (void)state;
    struct utf8 u = {0};
    assert_true(utf8_take(&u, NULL, 0));
    assert_true(utf8_whole(&u));
    assert_true(utf8_valid((struct span){0}));
    assert_true(utf8_printable((struct span){0}));
}

/* ---- every character, every sequence ------------------------------------- */

/* value as the bit patterns of RFC 3629 section 3 write it, legal or not. */
static size_t encode(uint8_t out[4], uint32_t value)
{
    size_t len = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = len; i-- > 1; value >>= 6)
        out[i] = (uint8_t)(0x80 | (value & 0x3F));
    out[0] = (uint8_t)(lead[len] | value);
    return len;
}

static void test_every_code_point_but_surrogates_is_taken(void **state)
{
    (void)state;
    for (uint32_t value = 0; value <= 0x1FFFFF; value++) {
        uint8_t bytes[4];
        size_t len = encode(bytes, value);
        bool surrogate = value >= 0xD800 && value <= 0xDFFF;
        assert_int_equal(utf8_valid(bytes_span(bytes, len)),
                         value <= 0x10FFFF && !surrogate);
    }
}

static const uint32_t boundaries[] = {
    0x0,     0x1F,     0x20,     0x7E,     0x7F,     0x80,     0x9F,
    0xA0,    0xBF,     0xC0,     0x7FF,    0x800,    0xFFF,    0x1000,
    0xCFFF,  0xD000,   0xD7FF,   0xD800,   0xDBFF,   0xDC00,   0xDFFF,
    0xE000,  0xFFFD,   0xFFFE,   0xFFFF,   0x10000,  0x3FFFF,  0x40000,
    0xFFFFF, 0x100000, 0x10FFFE, 0x10FFFF, 0x110000, 0x13FFFF, 0x1FFFFF,
};

/* Behind 0 to 9 bytes of ASCII, so that it meets a word's end everywhere, and
   before 9 more. */
static void test_boundary_code_points_at_every_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(boundaries); i++) {
        for (size_t before = 0; before <= 9; before++) {
            uint8_t text[22];
            memset(text, 'x', sizeof text);
            size_t len = before + encode(text + before, boundaries[i]) + 9;
            enum verdict verdict = judge(bytes_span(text, len));
            for (size_t cut = 0; cut <= len; cut++) {
                struct utf8 u = {0};
                utf8_take(&u, text, cut);
                bool taken = utf8_take(&u, text + cut, len - cut);
                assert_verdict(&u, taken, verdict);
            }
        }
    }
}

static void assert_sequence(const uint8_t *bytes, size_t len)
{
    struct utf8 u = {0};
    bool taken = utf8_take(&u, bytes, len);
    enum verdict verdict = judge(bytes_span(bytes, len));
    /* cmocka's assertions are too slow for sixteen million of them. */
    if (taken != (verdict != REFUSED) || utf8_whole(&u) != (verdict == WHOLE))
        fail_msg("wrong about %02x %02x %02x %02x, %zu of them", bytes[0],
                 bytes[1], bytes[2], bytes[3], len);
}

static void test_every_sequence_of_one_to_three_bytes(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 3; len++) {
        for (uint32_t n = 0; n >> 8 * len == 0; n++) {
            uint8_t bytes[4] = {(uint8_t)n, (uint8_t)(n >> 8),
                                (uint8_t)(n >> 16)};
            assert_sequence(bytes, len);
        }
    }
}

/* Where something changes, and the neighbours. */
static const uint8_t telling[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90,
                                  0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2,
                                  0xE0, 0xED, 0xF0, 0xF4, 0xF5, 0xFF};

static void test_sequences_of_four_bytes(void **state)
{
    (void)state;
    uint8_t bytes[4];
    size_t many = UNIT_COUNT(telling);
    for (uint32_t n = 0; n < 65536; n++) {
        bytes[0] = (uint8_t)n;
        bytes[1] = (uint8_t)(n >> 8);
        if (bytes[0] < 0xC0) /* or three bytes would have told already */
            continue;
        for (size_t pair = 0; pair < many * many; pair++) {
            bytes[2] = telling[pair % many];
            bytes[3] = telling[pair / many];
            assert_sequence(bytes, 4);
        }
    }
}

/* ---- longer text --------------------------------------------------------- */

/* Mostly good text, sometimes with one byte changed, in parts of any size. */
static void random_text_in_random_parts(struct random *r)
{
    uint8_t text[80];
    size_t len = 0, size = (size_t)random_below(r, sizeof text - 4);
    bool ascii = random_below(r, 2);
    while (len < size) {
        uint32_t any = boundaries[random_below(r, UNIT_COUNT(boundaries) - 3)];
        bool plain = ascii ? random_below(r, 12) : random_below(r, 2);
        any = any >= 0xD800 && any <= 0xDFFF ? 0xE9 : any;
        len += encode(text + len, plain ? 'x' : any);
    }
    if (len && random_below(r, 2))
        text[random_below(r, len)] = (uint8_t)random_next(r);
    struct utf8 u = {0};
    for (size_t at = 0, n; at < len; at += n) {
        n = (size_t)random_below(r, len - at) + 1;
        uint8_t *part = guard_before(text + at, n);
        bool taken = utf8_take(&u, part, n);
        guard_free(part);
        assert_verdict(&u, taken, judge(bytes_span(text, at + n)));
    }
}

static void test_random_text_in_random_parts(void **state)
{
    (void)state;
    RANDOM_PROPERTY(random_text_in_random_parts, 5000);
}

/* ---- printable ----------------------------------------------------------- */

static void test_printable_refuses_control_characters(void **state)
{
    (void)state;
    for (uint32_t value = 0; value <= 0xFFFF; value++) {
        bool control = value < 0x20 || (value >= 0x7F && value <= 0x9F);
        bool surrogate = value >= 0xD800 && value <= 0xDFFF;
        uint8_t text[8] = "a";
        size_t len = 1 + encode(text + 1, value);
        assert_int_equal(utf8_printable(bytes_span(text, len)),
                         !control && !surrogate);
    }
}

static void test_printable_refuses_what_is_not_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(vectors); i++)
        if (!vectors[i].whole)
            assert_false(utf8_printable(vectors[i].bytes));
    const uint8_t *cut = guard_before("a\xC2", 2);
    assert_false(utf8_printable(bytes_span(cut, 2)));
    guard_free_all();
}

static void
test_printable_refuses_a_control_character_that_is_first(void **state)
{
    (void)state;
    assert_false(utf8_printable(BYTES_LITERAL("\x1F")));
    assert_false(utf8_printable(BYTES_LITERAL("\x7F")));
    assert_false(utf8_printable(BYTES_LITERAL("\xC2\x80")));
    assert_true(utf8_printable(BYTES_LITERAL(" ")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_oracle_knows_the_vectors),
        cmocka_unit_test(test_vectors_turn_at_the_first_bad_byte),
        cmocka_unit_test(test_a_refusal_is_for_good),
        cmocka_unit_test(test_nothing_is_whole),
        cmocka_unit_test(test_every_code_point_but_surrogates_is_taken),
        cmocka_unit_test(test_boundary_code_points_at_every_place),
        cmocka_unit_test(test_every_sequence_of_one_to_three_bytes),
        cmocka_unit_test(test_sequences_of_four_bytes),
        cmocka_unit_test(test_random_text_in_random_parts),
        cmocka_unit_test(test_printable_refuses_control_characters),
        cmocka_unit_test(test_printable_refuses_what_is_not_whole),
        cmocka_unit_test(
            test_printable_refuses_a_control_character_that_is_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
