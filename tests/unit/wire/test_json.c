/* SPDX-License-Identifier: MIT */
#include "wire/json.h"
#include "vectors/json.h"
#include "base/utf8.h"
#include "wire/close.h"
#include "support/guard.h"
#include "support/note.h"
#include "support/random.h"
#include "support/unit.h"

static struct note note;

/* json_read of a copy that ends at a guard page. */
static const char *read_guarded(const void *ptr, size_t len,
                                struct json_message *out)
{
    memset(out, 0xEE, sizeof *out);
    return json_read(guard_before(ptr, len), len, out);
}

/* ---- Reading ------------------------------------------------------------- */

static void assert_span(struct span got, const struct json_text *expected)
{
    assert_int_equal(got.ptr != NULL, expected->ptr != NULL);
    assert_int_equal(got.len, expected->len);
    if (got.len)
        assert_memory_equal(got.ptr, expected->ptr, got.len);
}

static void test_valid_texts_say_what_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(json_valid); i++) {
        const struct json_valid *v = &json_valid[i];
        note_open(&note, v->text.ptr, "text", i);
        struct json_message m;
        const char *fault = read_guarded(v->text.ptr, v->text.len, &m);
        if (fault)
            fail_msg("refused: %s", fault);
        assert_span(m.message, &v->message);
        assert_span(m.name, &v->name);
        assert_span(m.ping, &v->ping);
        guard_free_all();
        note_close(&note);
    }
}

static void test_invalid_texts_are_refused_with_their_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(json_invalid); i++) {
        const struct json_invalid *v = &json_invalid[i];
        note_open(&note, v->text.ptr, "text", i);
        struct json_message m;
        const char *fault = read_guarded(v->text.ptr, v->text.len, &m);
        assert_non_null(fault);
        assert_string_equal(fault, v->reason);
        assert_in_range(strlen(fault), 1, CLOSE_REASON_MAX);
        assert_null(m.message.ptr);
        assert_null(m.name.ptr);
        assert_null(m.ping.ptr);
        guard_free_all();
        note_close(&note);
    }
}

static void test_no_part_of_a_valid_text_is_valid(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(json_valid); i++) {
        struct span text =
            bytes_span(json_valid[i].text.ptr, json_valid[i].text.len);
        while (text.ptr[text.len - 1] != '}') /* white space behind it */
            text.len--;
        for (size_t len = 0; len < text.len; len++) {
            note_open(&note, json_valid[i].text.ptr, "cut at byte", len);
            struct json_message m;
            assert_non_null(read_guarded(text.ptr, len, &m));
            guard_free_all();
            note_close(&note);
        }
    }
}

/* In any text, a letter more or less, or another one, does no harm: the guard
   page and the sanitizers are the judges. */
static void changed_text_does_no_harm(struct random *r)
{
    const struct json_valid *v =
        &json_valid[random_below(r, UNIT_COUNT(json_valid))];
    uint8_t text[256];
    size_t len = v->text.len;
    memcpy(text, v->text.ptr, len);
    for (size_t changes = 1 + random_below(r, 4); changes > 0; changes--)
        text[random_below(r, len)] =
            (uint8_t) "\"\\{}[]:,u0dD8cC-+.eE tfn\x01\xFF"[random_below(r, 27)];
    struct json_message m;
    read_guarded(text, len, &m);
    guard_free_all();
}

static void test_changed_texts_do_no_harm(void **state)
{
    (void)state;
    RANDOM_PROPERTY(changed_text_does_no_harm, 20000);
}

static void test_nothing_is_read_from_an_empty_text(void **state)
{
    (void)state;
    struct json_message m;
    uint8_t *nothing = guard_after(NULL, 0);
    assert_non_null(json_read(nothing, 0, &m));
    guard_free_all();
}

/* ---- Depth --------------------------------------------------------------- */

/* {"a": and so many arrays or objects inside each other, and "ping":1} */
static const char *read_nested(size_t depth, const char *open,
                               const char *close)
{
    static uint8_t bytes[16 * JSON_DEPTH_MAX];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"a\":");
    for (size_t i = 0; i < depth; i++)
        text_string(&t, open);
    text_string(&t, "0");
    for (size_t i = 0; i < depth; i++)
        text_string(&t, close);
    text_string(&t, ",\"ping\":1}");
    assert_false(t.overflow);
    struct json_message m;
    const char *fault = read_guarded(t.ptr, t.len, &m);
    guard_free_all();
    return fault;
}

static void test_as_deep_as_the_limit_and_no_deeper(void **state)
{
    (void)state;
    /* The message's own object is one of them. */
    const size_t most = JSON_DEPTH_MAX - 1;
    assert_null(read_nested(most, "[", "]"));
    assert_null(read_nested(most, "{\"b\":", "}"));
    assert_null(read_nested(most / 2, "[{\"b\":", "}]"));
    assert_string_equal(read_nested(most + 1, "[", "]"), "nested too deeply");
    assert_string_equal(read_nested(most + 1, "{\"b\":", "}"),
                        "nested too deeply");
}

static void test_each_level_remembers_its_kind(void **state)
{
    (void)state;
    for (size_t depth = 1; depth < 20; depth++) {
        assert_null(read_nested(depth, "[{\"b\":", "}]"));
        assert_non_null(read_nested(depth, "[{\"b\":", "]}"));
        assert_non_null(read_nested(depth, "[", "}"));
        assert_non_null(read_nested(depth, "{\"b\":", "]"));
    }
}

/* A random nest, and the same with one closing bracket turned to the other
   kind: the model of a stack is the C stack here. */
static void put_nest(struct random *r, struct text *t, unsigned depth)
{
    bool object = random_below(r, 2);
    size_t count = depth ? random_below(r, 4) : 0;
    text_byte(t, object ? '{' : '[');
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_byte(t, ',');
        if (object)
            text_string(t, "\"k\":");
        put_nest(r, t, depth - 1);
    }
    text_byte(t, object ? '}' : ']');
}

static void nest_is_read_and_its_twist_refused(struct random *r)
{
    static uint8_t bytes[1 << 18];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"ping\":1,\"a\":");
    size_t start = t.len;
    put_nest(r, &t, (unsigned)random_below(r, 6));
    size_t end = t.len;
    text_string(&t, "}");
    struct json_message m;
    assert_false(t.overflow);
    assert_null(read_guarded(t.ptr, t.len, &m));

    size_t at = start + random_below(r, end - start);
    while (bytes[at] != '}' && bytes[at] != ']')
        at++;
    bytes[at] = bytes[at] == '}' ? ']' : '}';
    assert_non_null(read_guarded(t.ptr, t.len, &m));
    guard_free_all();
}

static void test_nests_are_read_and_their_twists_refused(void **state)
{
    (void)state;
    RANDOM_PROPERTY(nest_is_read_and_its_twist_refused, 2000);
}

/* ---- Writing ------------------------------------------------------------- */

/* The written string, in exactly the room that it takes. */
static void assert_puts(struct span s, struct span expected)
{
    struct text t = text_over(guard_before(NULL, expected.len), expected.len);
    const uint8_t *in = guard_before(s.ptr, s.len);
    json_put_string(&t, bytes_span(in, s.len));
    assert_false(t.overflow);
    assert_int_equal(t.len, expected.len);
    assert_memory_equal(t.ptr, expected.ptr, expected.len);
    guard_free_all();
}

static void test_only_what_must_be_is_escaped(void **state)
{
    (void)state;
    assert_puts(BYTES_LITERAL(""), BYTES_LITERAL("\"\""));
    assert_puts(BYTES_LITERAL("hello"), BYTES_LITERAL("\"hello\""));
    assert_puts(BYTES_LITERAL("a\"b\\c/d"), BYTES_LITERAL("\"a\\\"b\\\\c/d\""));
    assert_puts(BYTES_LITERAL("\b\f\n\r\t"),
                BYTES_LITERAL("\"\\b\\f\\n\\r\\t\""));
    assert_puts(BYTES_LITERAL("\x00\x01\x0B\x1F"),
                BYTES_LITERAL("\"\\u0000\\u0001\\u000b\\u001f\""));
    assert_puts(BYTES_LITERAL("\x7F\xC3\xBC</script>"),
                BYTES_LITERAL("\"\x7F\xC3\xBC</script>\""));
}

static void test_an_absent_string_is_written_as_an_empty_one(void **state)
{
    (void)state;
    assert_puts(bytes_span(NULL, 0), BYTES_LITERAL("\"\""));
}

static void test_a_string_that_does_not_fit_is_noticed(void **state)
{
    (void)state;
    struct span s = BYTES_LITERAL("a\x01"
                                  "b\n");
    for (size_t size = 0; size < 12; size++) {
        struct text t = text_over(guard_before(NULL, size), size);
        json_put_string(&t, s);
        assert_true(t.len <= size);
        assert_int_equal(t.overflow, size < sizeof "'a\\u0001b\\n'" - 1);
        guard_free_all();
    }
}

/* ---- There and back ------------------------------------------------------ */

static void put_random_character(struct random *r, struct text *t)
{
    static const char *const characters[] = {"a",
                                             "\"",
                                             "\\",
                                             "/",
                                             "u",
                                             "\x7F",
                                             "\xC2\x80",
                                             "\xED\x9F\xBF",
                                             "\xE2\x80\xA8",
                                             "\xF0\x90\x80\x80",
                                             "\xEF\xBF\xBF",
                                             "\xF4\x8F\xBF\xBF"};
    uint64_t pick = random_below(r, 24);
    if (pick < UNIT_COUNT(characters))
        text_string(t, characters[pick]);
    else
        text_byte(t, (uint8_t)random_below(r, 0x40));
}

static void what_is_written_is_read_back(struct random *r)
{
    uint8_t plain[200], coded[1400];
    struct text t = text_over(plain, random_below(r, sizeof plain + 1));
    while (!t.overflow)
        put_random_character(r, &t);
    struct span s = text_span(&t);

    struct text out = text_over(coded, sizeof coded);
    text_string(&out, "{\"message\":");
    json_put_string(&out, s);
    text_string(&out, "}");
    assert_false(out.overflow);

    struct json_message m;
    assert_null(read_guarded(out.ptr, out.len, &m));
    assert_int_equal(m.message.len, s.len);
    assert_memory_equal(m.message.ptr, s.ptr, s.len);
    guard_free_all();
}

static void test_what_is_written_is_read_back(void **state)
{
    (void)state;
    RANDOM_PROPERTY(what_is_written_is_read_back, 5000);
}

/* Each code point as an escape, or as a pair of them, becomes its UTF-8. */
static void assert_escape(uint32_t c)
{
    uint8_t bytes[64];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, "{\"message\":\"\\u");
    if (c < 0x10000) {
        text_hex(&t, c, 4);
    } else {
        text_hex(&t, 0xD7C0 + (c >> 10), 4);
        text_string(&t, "\\u");
        text_hex(&t, 0xDC00 + (c & 0x3FF), 4);
    }
    text_string(&t, "\"}");

    struct json_message m;
    const char *fault = json_read(bytes, t.len, &m);
    if (c >= 0xD800 && c <= 0xDFFF) {
        assert_string_equal(fault, "a lone surrogate");
        return;
    }
    assert_null(fault);
    assert_int_equal(m.message.len, c < 0x80      ? 1
                                    : c < 0x800   ? 2
                                    : c < 0x10000 ? 3
                                                  : 4);
    assert_true(utf8_valid(m.message));
    uint32_t back = m.message.ptr[0];
    if (m.message.len > 1)
        back &= 0x7Fu >> m.message.len;
    for (size_t i = 1; i < m.message.len; i++)
        back = back << 6 | (m.message.ptr[i] & 0x3F);
    assert_int_equal(back, c);
}

static void test_each_code_point_as_an_escape(void **state)
{
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF; c++)
        assert_escape(c);
}

static void test_a_blank_is_written_as_it_is(void **state)
{
    (void)state;
    uint8_t bytes[32];
    struct text t = text_over(bytes, sizeof bytes);
    struct span s = BYTES_LITERAL(" \x1F!");
    json_put_string(&t, s);
    assert_true(bytes_equal(text_span(&t), BYTES_LITERAL("\" \\u001f!\"")));
}

/* ---- Walking ------------------------------------------------------------- */

/* An array of objects of arrays, told as "[{a:[s1][]}{}]" and the like. */
static void tell_array(struct json_reader *r, struct text *t, bool objects);

static void tell_value(struct json_reader *r, struct text *t)
{
    static const char kinds[] = "?snl[{";
    struct json_value v = {.kind = JSON_ABSENT};
    if (!json_value(r, &v))
        return;
    text_byte(t, (uint8_t)kinds[v.kind]);
    if (v.kind == JSON_STRING || v.kind == JSON_NUMBER)
        text_put(t, v.text);
}

static void tell_object(struct json_reader *r, struct text *t)
{
    struct json_walk w;
    struct span key;
    if (!json_enter(r, &w, '{')) {
        tell_value(r, t);
        return;
    }
    text_byte(t, '{');
    while (json_more(r, &w) && json_key(r, &key)) {
        text_put(t, key);
        text_byte(t, ':');
        tell_array(r, t, false);
    }
    text_byte(t, '}');
}

static void tell_array(struct json_reader *r, struct text *t, bool objects)
{
    struct json_walk w;
    if (!json_enter(r, &w, '[')) {
        tell_value(r, t);
        return;
    }
    text_byte(t, '[');
    while (json_more(r, &w)) {
        if (objects)
            tell_object(r, t);
        else
            tell_value(r, t);
    }
    text_byte(t, ']');
}

static const struct {
    const char *text;
    const char *told;
    const char *fault;
} walks[] = {
    {"[]", "[]", NULL},
    {" [ {} , { } ] ", "[{}{}]", NULL},
    {"[{\"a\":[1,\"\\u0062\",true,[[]],{\"x\":[]}],\"c\":null},-1]",
     "[{a:[n1sbl[{]c:l}n-1]", NULL},
    {"", "", "a value expected"},
    {"[", "[]", "a value expected"},
    {"[1", "[n1]", "a comma or a closing bracket expected"},
    {"[1 2]", "[n1]", "a comma or a closing bracket expected"},
    {"[1,]", "[n1]", "a value expected"},
    {"[,1]", "[]", "a value expected"},
    {"[{]", "[{}]", "a key in quotes expected"},
    {"[{\"a\":1]", "[{a:n1}]", "a comma or a closing brace expected"},
    {"[{\"a\":1,}]", "[{a:n1}]", "a key in quotes expected"},
    {"[{\"a\" 1}]", "[{}]", "a colon expected after a key"},
    {"[{\"a\":[x,1],\"b\":2},3]", "[{a:[]}]", "a value expected"},
    {"[]]", "[]", "something behind the object"},
};

/* True is said of what is well formed alone, not only at the end. */
static void test_each_bad_step_answers_false(void **state)
{
    (void)state;
    static const char *const values[] = {
        "",    "x",       "-",     "1.",          "1e",  "\"",
        "tru", "[",       "[1",    "[1 2]",       "[x]", "[-]",
        "{",   "{\"a\"}", "{1:2}", "{\"a\":1 2}", "]"};
    static const char *const keys[] = {"", "1:", "\"a", "\"a\"", "\"a\" 1"};
    struct json_value value;
    struct span key;
    for (size_t i = 0; i < UNIT_COUNT(values); i++) {
        size_t len = strlen(values[i]);
        struct json_reader r =
            json_reader_of(guard_before(values[i], len), len);
        assert_false(json_value(&r, &value));
        assert_non_null(r.fault);
    }
    for (size_t i = 0; i < UNIT_COUNT(keys); i++) {
        size_t len = strlen(keys[i]);
        struct json_reader r = json_reader_of(guard_before(keys[i], len), len);
        assert_false(json_key(&r, &key));
        assert_non_null(r.fault);
    }
    guard_free_all();
}

static void test_walks_meet_what_is_there_and_end_at_a_fault(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(walks); i++) {
        note_open(&note, walks[i].text, "walk", i);
        uint8_t bytes[100];
        struct text t = text_over(bytes, sizeof bytes);
        size_t len = strlen(walks[i].text);
        struct json_reader r =
            json_reader_of(guard_before(walks[i].text, len), len);
        tell_array(&r, &t, true);
        assert_int_equal(json_end(&r), !walks[i].fault);
        assert_int_equal(t.len, strlen(walks[i].told));
        assert_memory_equal(bytes, walks[i].told, t.len);
        if (walks[i].fault)
            assert_string_equal(r.fault, walks[i].fault);
        else
            assert_null(r.fault);
        guard_free_all();
        note_close(&note);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_valid_texts_say_what_they_say),
        cmocka_unit_test(test_invalid_texts_are_refused_with_their_reason),
        cmocka_unit_test(test_no_part_of_a_valid_text_is_valid),
        cmocka_unit_test(test_changed_texts_do_no_harm),
        cmocka_unit_test(test_nothing_is_read_from_an_empty_text),
        cmocka_unit_test(test_as_deep_as_the_limit_and_no_deeper),
        cmocka_unit_test(test_each_level_remembers_its_kind),
        cmocka_unit_test(test_nests_are_read_and_their_twists_refused),
        cmocka_unit_test(test_only_what_must_be_is_escaped),
        cmocka_unit_test(test_an_absent_string_is_written_as_an_empty_one),
        cmocka_unit_test(test_a_string_that_does_not_fit_is_noticed),
        cmocka_unit_test(test_what_is_written_is_read_back),
        cmocka_unit_test(test_each_code_point_as_an_escape),
        cmocka_unit_test(test_a_blank_is_written_as_it_is),
        cmocka_unit_test(test_each_bad_step_answers_false),
        cmocka_unit_test(test_walks_meet_what_is_there_and_end_at_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
