/* SPDX-License-Identifier: MIT */
/*
 * Goal: what Redis says is read as it was said, however it is cut, and what is
 * not RESP2 ends it; what we say is RESP2, whole or not at all.
 */
#include "wire/resp.h"
#include "support/death.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/resp.h"
#include "vectors/resp/redis.h"

/* ---- A reader, and what it was told -------------------------------------- */

#define KEPT_MAX 4096

struct trial {
    struct resp_reader reader;
    struct resp_limits limits;
    uint8_t *edge; /* of a page nobody may touch: what is not taken yet leans
                       on it */
    size_t kept;   /* bytes of it */
    uint32_t path[RESP_DEPTH_MAX + 1]; /* elements begun: what depth and index
                                          must say */
    uint32_t depth;
    struct text log;
    uint8_t bytes[16 * KEPT_MAX];
    const char *expect;
};

static struct trial trial;

static void begin(void *context)
{
    struct trial *t = context;
    t->reader = (struct resp_reader){0};
    t->kept = t->depth = 0;
    memset(t->path, 0, sizeof t->path);
    t->log = text_over(t->bytes, sizeof t->bytes);
    if (!t->edge)
        t->edge = guard_before(NULL, KEPT_MAX) + KEPT_MAX;
}

/* A word of the log, with a blank before it. */
static void put_word(struct text *log, const char *word)
{
    if (log->len)
        text_byte(log, ' ');
    text_string(log, word);
}

static void put_visible(struct text *log, struct span s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = s.ptr[i];
        if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\') {
            text_byte(log, byte);
        } else {
            text_string(log, "\\x");
            text_byte(log, (uint8_t)digits[byte >> 4]);
            text_byte(log, (uint8_t)digits[byte & 15]);
        }
    }
}

static void put_integer(struct text *log, int64_t integer)
{
    put_word(log, integer < 0 ? ":-" : ":");
    text_decimal(log, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
}

static void put_event(struct text *log, const struct resp_event *e)
{
    switch (e->type) {
    case RESP_NONE: break;
    case RESP_SIMPLE:
        put_word(log, "+");
        put_visible(log, e->text);
        break;
    case RESP_ERROR:
        put_word(log, "-");
        put_visible(log, e->text);
        break;
    case RESP_INTEGER: put_integer(log, e->integer); break;
    case RESP_BULK:
        put_word(log, "\"");
        put_visible(log, e->text);
        text_byte(log, '"');
        break;
    case RESP_NULL: put_word(log, "nil"); break;
    case RESP_ARRAY:
        put_word(log, "[");
        text_decimal(log, e->count);
        break;
    case RESP_END: put_word(log, "]"); break;
    case RESP_FAIL:
        put_word(log, "! ");
        text_string(log, e->reason);
        break;
    }
    if (e->last)
        put_word(log, ".");
}

/* Depth, index and count, as books of our own have them. */
static void check_place(struct trial *t, const struct resp_event *e)
{
    static uint32_t counts[RESP_DEPTH_MAX + 1];
    if (e->type == RESP_NONE || e->type == RESP_FAIL)
        return;
    if (e->type == RESP_END) {
        t->depth--;
        assert_int_equal(e->count, counts[t->depth + 1]);
        assert_int_equal(e->count, t->path[t->depth + 1]);
    } else {
        t->path[t->depth]++;
    }
    assert_int_equal(e->depth, t->depth);
    assert_int_equal(e->index, t->depth ? t->path[t->depth] - 1 : 0);
    if (e->type == RESP_ARRAY) {
        t->path[++t->depth] = 0;
        counts[t->depth] = e->count;
    }
    assert_int_equal(e->last, t->depth == 0);
}

static void check_text(const struct resp_event *e, const uint8_t *in,
                       size_t taken)
{
    if (e->text.ptr == NULL)
        return;
    assert_true(e->text.ptr >= in);
    assert_true(e->text.ptr + e->text.len + 2 == in + taken);
}

/* All events there are in what is kept. */
static void read_all(struct trial *t)
{
    struct resp_event e = {0};
    do {
        uint8_t *in = t->edge - t->kept;
        size_t taken = resp_read(&t->reader, &t->limits, in, t->kept, &e);
        assert_in_range(taken, 0, t->kept);
        check_place(t, &e);
        check_text(&e, in, taken);
        put_event(&t->log, &e);
        t->kept -= taken;
    } while (e.type != RESP_NONE && e.type != RESP_FAIL);
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct trial *t = context;
    struct resp_event e;
    if (t->reader.fault) { /* sticky: the same again, whatever comes */
        assert_int_equal(resp_read(&t->reader, &t->limits, ptr, len, &e), len);
        assert_int_equal(e.type, RESP_FAIL);
        assert_ptr_equal(e.reason, t->reader.fault);
        return;
    }
    assert_in_range(t->kept + len, 0, KEPT_MAX);
    memmove(t->edge - t->kept - len, t->edge - t->kept, t->kept);
    if (len)
        memcpy(t->edge - len, ptr, len);
    t->kept += len;
    read_all(t);
}

static void end(void *context)
{
    struct trial *t = context;
    if (!t->reader.fault && !resp_at_rest(&t->reader, t->kept))
        put_word(&t->log, "more");
    assert_false(t->log.overflow);
    assert_int_equal(t->log.len, strlen(t->expect));
    assert_memory_equal(t->bytes, t->expect, t->log.len);
}

static void try_bytes(const char *name, struct span bytes, const char *expect)
{
    struct split split = {.name = name,
                          .begin = begin,
                          .take = take,
                          .end = end,
                          .context = &trial};
    trial.limits = (struct resp_limits){RESP_VECTOR_BULK, RESP_VECTOR_COUNT};
    trial.expect = expect;
    split_run(&split, bytes);
}

static void test_vectors_read_as_they_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(resp_vectors); i++) {
        const struct resp_vector *v = &resp_vectors[i];
        try_bytes(v->name, bytes_span(v->bytes, v->len), v->expect);
    }
}

static void test_a_real_server_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(resp_redis_vectors); i++) {
        const struct resp_vector *v = &resp_redis_vectors[i];
        try_bytes(v->name, bytes_span(v->bytes, v->len), v->expect);
    }
}

/* ---- Limits, at their edges ---------------------------------------------- */

/* A line of RESP_LINE_MAX bytes and of one more. */
static void test_a_line_has_its_longest(void **state)
{
    static char bytes[RESP_LINE_MAX + 2], expect[RESP_LINE_MAX + 2];
    (void)state;
    for (size_t more = 0; more < 2; more++) {
        size_t len = RESP_LINE_MAX + more;
        memset(bytes, 'x', sizeof bytes);
        bytes[0] = '-';
        memcpy(bytes + len - 2, "\r\n", 2);
        memcpy(expect, bytes, len - 2);
        memcpy(expect + len - 2, " .", 3);
        try_bytes("a long line", bytes_span(bytes, len),
                  more ? "! a line too long" : expect);
    }
}

/* And a bulk string as long as its limit. */
static void test_a_bulk_string_has_its_longest(void **state)
{
    static uint8_t bytes[RESP_VECTOR_BULK + 64];
    static char expect[RESP_VECTOR_BULK + 8];
    struct text text = text_over(bytes, sizeof bytes);
    (void)state;
    memset(expect, 'x', sizeof expect);
    expect[0] = '"';
    memcpy(expect + 1 + RESP_VECTOR_BULK, "\" .", 4);
    text_string(&text, "$400\r\n");
    text_put(&text, bytes_span(expect + 1, RESP_VECTOR_BULK));
    text_string(&text, "\r\n");
    try_bytes("a long bulk string", text_span(&text), expect);
}

static size_t read_text(struct resp_reader *r, const char *bytes, size_t len,
                        struct resp_event *event)
{
    struct resp_limits limits = {RESP_VECTOR_BULK, RESP_VECTOR_COUNT};
    return resp_read(r, &limits, (const uint8_t *)bytes, len, event);
}

/* Work is linear: what was looked at is not looked at again. A caller who
   breaks the rule, and shows other bytes the second time, is not found out. */
static void test_bytes_are_looked_at_once(void **state)
{
    struct resp_reader r = {0};
    struct resp_event e;
    (void)state;
    assert_int_equal(read_text(&r, "+abc", 4, &e), 0);
    assert_int_equal(read_text(&r, "+\n\nc\r\n", 6, &e), 6);
    assert_int_equal(e.type, RESP_SIMPLE);
}

/* Those of version 3 are others. */
static void test_there_are_five_types(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        struct resp_reader r = {0};
        struct resp_event e;
        bool known = byte && strchr("+-:$*", (int)byte);
        read_text(&r, (const char[]){(char)byte}, 1, &e);
        assert_int_equal(e.type, known ? RESP_NONE : RESP_FAIL);
    }
}

static void test_at_rest_is_between_replies(void **state)
{
    static const struct resp_reader rest,
        fault = {.fault = "x"}, bulk = {.bulk = 2}, array = {.depth = 1};
    (void)state;
    assert_true(resp_at_rest(&rest, 0));
    assert_false(resp_at_rest(&rest, 1));
    assert_false(resp_at_rest(&fault, 0));
    assert_false(resp_at_rest(&bulk, 0));
    assert_false(resp_at_rest(&array, 0));
}

/* ---- Whatever may be said ------------------------------------------------ */

/* A random reply: its bytes, and what must be told of it. */
struct draw {
    struct random *random;
    struct text bytes;
    struct text expect;
};

static void draw_line(struct draw *d, char type, bool number)
{
    struct text *expect = &d->expect;
    uint8_t line[24];
    struct text text = text_over(line, sizeof line);
    int64_t integer = (int64_t)random_next(d->random);
    if (number) {
        if (integer < 0)
            text_byte(&text, '-');
        text_decimal(&text,
                     integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
    } else {
        for (size_t n = random_below(d->random, sizeof line); n; n--)
            text_byte(&text, (uint8_t)(14 + random_below(d->random, 242)));
    }
    text_byte(&d->bytes, (uint8_t)type);
    text_put(&d->bytes, text_span(&text));
    text_string(&d->bytes, "\r\n");
    put_word(expect, (const char[]){type, 0});
    put_visible(expect, text_span(&text));
}

static void put_length(struct text *t, char type, uint64_t length)
{
    text_byte(t, (uint8_t)type);
    text_decimal(t, length);
    text_string(t, "\r\n");
}

static void draw_bulk(struct draw *d)
{
    uint8_t bulk[40];
    struct span s = bytes_span(bulk, random_below(d->random, sizeof bulk));
    random_fill(d->random, bulk, s.len);
    put_length(&d->bytes, '$', s.len);
    text_put(&d->bytes, s);
    text_string(&d->bytes, "\r\n");
    put_word(&d->expect, "\"");
    put_visible(&d->expect, s);
    text_byte(&d->expect, '"');
}

static void draw_reply(struct draw *d, unsigned depth)
{
    switch (random_below(d->random, depth < RESP_DEPTH_MAX ? 8 : 5)) {
    case 0: draw_line(d, '+', false); break;
    case 1: draw_line(d, '-', false); break;
    case 2: draw_line(d, ':', true); break;
    case 3: draw_bulk(d); break;
    case 4:
        text_string(&d->bytes,
                    random_below(d->random, 2) ? "$-1\r\n" : "*-1\r\n");
        put_word(&d->expect, "nil");
        break;
    default: {
        size_t count = random_below(d->random, 4);
        put_length(&d->bytes, '*', count);
        put_word(&d->expect, "[");
        text_decimal(&d->expect, count);
        for (; count; count--)
            draw_reply(d, depth + 1);
        put_word(&d->expect, "]");
    }
    }
}

static uint8_t drawn[KEPT_MAX], told[16 * KEPT_MAX];

/* Some replies, one behind the other; false when there is no room for them. */
static bool draw(struct draw *d, struct random *r)
{
    *d = (struct draw){.random = r,
                       .bytes = text_over(drawn, sizeof drawn),
                       .expect = text_over(told, sizeof told)};
    for (size_t n = 1 + random_below(r, 3); n; n--) {
        draw_reply(d, 0);
        put_word(&d->expect, ".");
    }
    text_byte(&d->expect, 0);
    return !d->bytes.overflow && !d->expect.overflow;
}

/* Feed the drawn bytes, cut anywhere. */
static void feed(struct random *r, size_t len)
{
    trial.limits = (struct resp_limits){RESP_VECTOR_BULK, RESP_VECTOR_COUNT};
    begin(&trial);
    for (size_t at = 0; at < len;) {
        size_t part = 1 + random_below(r, bytes_min(len - at, 30));
        take(&trial, drawn + at, part);
        at += part;
    }
}

static void random_replies(struct random *r)
{
    struct draw d;
    if (!draw(&d, r))
        return;
    feed(r, d.bytes.len);
    trial.expect = (const char *)told;
    end(&trial);
}

static void test_what_was_said_is_what_is_told(void **state)
{
    (void)state;
    RANDOM_PROPERTY(random_replies, 20000);
}

/* With one byte of it changed: whatever is told is told for every cut. */
static void one_byte_off(struct random *r)
{
    static char first[sizeof trial.bytes + 1];
    struct draw d;
    if (!draw(&d, r))
        return;
    drawn[random_below(r, d.bytes.len)] = (uint8_t)random_below(r, 256);
    feed(r, d.bytes.len);
    memcpy(first, trial.bytes, trial.log.len);
    first[trial.log.len] = 0;
    const char *fault = trial.reader.fault;
    feed(r, d.bytes.len);
    trial.bytes[trial.log.len] = 0;
    assert_string_equal(trial.bytes, first);
    assert_ptr_equal(trial.reader.fault, fault);
}

static void test_one_byte_off_and_cut_anywhere(void **state)
{
    (void)state;
    RANDOM_PROPERTY(one_byte_off, 20000);
}

/* ---- What an error says -------------------------------------------------- */

static void test_an_error_says_which_in_its_first_word(void **state)
{
    static const struct {
        const char *error;
        enum resp_word word;
    } errors[] = {
        {"ERR syntax error", RESP_WORD_ERR},
        {"ERR", RESP_WORD_ERR},
        {"ERR The ID specified in XADD is equal or smaller than the target "
         "stream top item",
         RESP_WORD_ID},
        {"ERR The ID specified in XADD must be greater than 0-0",
         RESP_WORD_ERR},
        {"NOAUTH Authentication required.", RESP_WORD_NOAUTH},
        {"WRONGPASS invalid username-password pair", RESP_WORD_WRONGPASS},
        {"NOPERM this user has no permissions", RESP_WORD_NOPERM},
        {"LOADING Redis is loading the dataset in memory", RESP_WORD_LOADING},
        {"READONLY You can't write", RESP_WORD_READONLY},
        {"MASTERDOWN Link with MASTER is down", RESP_WORD_MASTERDOWN},
        {"UNBLOCKED force unblock", RESP_WORD_UNBLOCKED},
        {"OOM command not allowed", RESP_WORD_OOM},
        {"BUSY Redis is busy", RESP_WORD_BUSY},
        {"MISCONF Redis is configured to save", RESP_WORD_MISCONF},
        {"NOREPLICAS Not enough good replicas", RESP_WORD_NOREPLICAS},
        {"WRONGTYPE Operation against", RESP_WORD_WRONGTYPE},
        {"MOVED 3999 127.0.0.1:6381", RESP_WORD_MOVED},
        {"CLUSTERDOWN The cluster is down", RESP_WORD_CLUSTERDOWN},
        {"BUSYGROUP Consumer Group name already exists", RESP_WORD_UNKNOWN},
        {"Err syntax error", RESP_WORD_UNKNOWN},
        {" ERR", RESP_WORD_UNKNOWN},
        {"OO", RESP_WORD_UNKNOWN},
        {"", RESP_WORD_UNKNOWN},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(errors); i++)
        assert_int_equal(resp_word_of(bytes_of(errors[i].error)),
                         errors[i].word);
}

/* The server that was recorded: each error is named as the word it is. */
static void test_a_real_servers_errors_are_known(void **state)
{
    size_t known = 0;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(resp_redis_vectors); i++) {
        const struct resp_vector *v = &resp_redis_vectors[i];
        if (v->bytes[0] == '-')
            assert_int_not_equal(
                resp_word_of(bytes_span(v->bytes + 1, v->len - 3)),
                RESP_WORD_UNKNOWN);
        known += v->bytes[0] == '-';
    }
    assert_in_range(known, 15, 99);
}

/* ---- Ids ----------------------------------------------------------------- */

static void test_an_id_is_two_numbers(void **state)
{
    static const char *const wrong[] = {
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1--1",
        "1-1-1",
        "01-1",
        "1-01",
        "+1-1",
        "1-+1",
        " 1-1",
        "1-1 ",
        "1-*",
        "1-1\r\n",
        "18446744073709551616-0",
        "0-18446744073709551616",
        "99999999999999999999-0",
        "0-99999999999999999999",
        "184467440737095516150-0",
    };
    struct resp_id id;
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++)
        assert_false(resp_id_parse(bytes_of(wrong[i]), &id));
    assert_true(resp_id_parse(BYTES_LITERAL("0-0"), &id));
    assert_int_equal(id.epoch, 0);
    assert_int_equal(id.number, 0);
    assert_true(resp_id_parse(
        BYTES_LITERAL("18446744073709551615-18446744073709551615"), &id));
    assert_true(id.epoch == UINT64_MAX && id.number == UINT64_MAX);
}

/* ---- Writing ------------------------------------------------------------- */

static void expect_text(const struct text *t, const char *expect)
{
    assert_false(t->overflow);
    assert_int_equal(t->len, strlen(expect));
    assert_memory_equal(t->ptr, expect, t->len);
}

static void put_xadd(struct resp_command *c)
{
    resp_put(c, BYTES_LITERAL("XADD"));
    resp_put_parts(
        c, (struct span[]){BYTES_LITERAL("chatd:r:"), BYTES_LITERAL("tea")}, 2);
    resp_put_number(c, 1000);
    resp_put_next(c, UINT64_MAX);
    resp_put_id(c, &(struct resp_id){UINT64_MAX, UINT64_MAX});
    resp_put_number(c, UINT64_MAX);
    resp_put_parts(c, NULL, 0);
}

static const char xadd[] =
    "*7\r\n"
    "$4\r\nXADD\r\n"
    "$11\r\nchatd:r:tea\r\n"
    "$4\r\n1000\r\n"
    "$22\r\n18446744073709551615-*\r\n"
    "$41\r\n18446744073709551615-18446744073709551615\r\n"
    "$20\r\n18446744073709551615\r\n"
    "$0\r\n\r\n";

static void test_a_command_is_an_array_of_bulk_strings(void **state)
{
    uint8_t bytes[256];
    struct text out = text_over(bytes, sizeof bytes);
    (void)state;
    struct resp_command c = resp_begin(&out, 7);
    put_xadd(&c);
    assert_true(resp_end(&c));
    expect_text(&out, xadd);
}

/* Behind another one, in every room that is too small, and in the smallest
   that is not. */
static void test_a_command_is_written_whole_or_not_at_all(void **state)
{
    static const char ping[] = "*1\r\n$4\r\nPING\r\n";
    (void)state;
    for (size_t room = 0; room < sizeof xadd; room++) {
        size_t size = sizeof ping - 1 + room;
        uint8_t *bytes = guard_before(NULL, size);
        struct text out = text_over(bytes, size);
        struct resp_command c = resp_begin(&out, 1);
        resp_put(&c, BYTES_LITERAL("PING"));
        assert_true(resp_end(&c));
        c = resp_begin(&out, 7);
        put_xadd(&c);
        assert_int_equal(resp_end(&c), room == sizeof xadd - 1);
        assert_int_equal(out.len,
                         room == sizeof xadd - 1 ? size : sizeof ping - 1);
        assert_memory_equal(bytes, ping, sizeof ping - 1);
        assert_false(out.overflow);
        guard_free(bytes);
    }
}

/* A command is an array as a reply may be one: our own reader takes it. */
static void random_command(struct random *r)
{
    struct text out = text_over(drawn, sizeof drawn);
    struct text expect = text_over(told, sizeof told);
    struct resp_id id = {random_next(r) >> random_below(r, 64),
                         random_next(r) >> random_below(r, 64)};
    struct resp_id again;
    uint8_t bytes[50];
    struct span s = bytes_span(bytes, random_below(r, sizeof bytes));
    size_t cut = random_below(r, s.len + 1);
    random_fill(r, bytes, s.len);
    struct resp_command c = resp_begin(&out, 2);
    resp_put_parts(
        &c, (struct span[]){bytes_part(s, 0, cut), bytes_after(s, cut)}, 2);
    resp_put_id(&c, &id);
    assert_true(resp_end(&c));

    text_string(&expect, "[2 \"");
    put_visible(&expect, s);
    text_string(&expect, "\" \"");
    size_t start = expect.len;
    text_decimal(&expect, id.epoch);
    text_byte(&expect, '-');
    text_decimal(&expect, id.number);
    assert_true(resp_id_parse(bytes_after(text_span(&expect), start), &again));
    assert_true(again.epoch == id.epoch && again.number == id.number);
    text_string(&expect, "\" ] .");
    text_byte(&expect, 0);
    feed(r, out.len);
    trial.expect = (const char *)told;
    end(&trial);
}

static void test_what_is_written_reads_as_it_was_meant(void **state)
{
    (void)state;
    RANDOM_PROPERTY(random_command, 20000);
}

static uint8_t room[64];

static void no_arguments(void *context)
{
    struct text out = text_over(room, sizeof room);
    (void)context;
    resp_begin(&out, 0);
}

static void overflowed_before(void *context)
{
    struct text out = {.ptr = room, .size = sizeof room, .overflow = true};
    (void)context;
    resp_begin(&out, 1);
}

static void one_too_many(void *context)
{
    struct text out = text_over(room, sizeof room);
    struct resp_command c = resp_begin(&out, 1);
    (void)context;
    resp_put_number(&c, 1);
    resp_put_number(&c, 2);
}

static void one_too_few(void *context)
{
    struct text out = text_over(room, sizeof room);
    struct resp_command c = resp_begin(&out, 2);
    (void)context;
    resp_put_number(&c, 1);
    resp_end(&c);
}

static void test_arguments_are_as_many_as_announced(void **state)
{
    (void)state;
    assert_true(death_by_check(no_arguments, NULL));
    assert_true(death_by_check(overflowed_before, NULL));
    assert_true(death_by_check(one_too_many, NULL));
    assert_true(death_by_check(one_too_few, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_read_as_they_say),
        cmocka_unit_test(test_a_real_server_is_understood),
        cmocka_unit_test(test_a_line_has_its_longest),
        cmocka_unit_test(test_a_bulk_string_has_its_longest),
        cmocka_unit_test(test_bytes_are_looked_at_once),
        cmocka_unit_test(test_there_are_five_types),
        cmocka_unit_test(test_at_rest_is_between_replies),
        cmocka_unit_test(test_what_was_said_is_what_is_told),
        cmocka_unit_test(test_one_byte_off_and_cut_anywhere),
        cmocka_unit_test(test_an_error_says_which_in_its_first_word),
        cmocka_unit_test(test_a_real_servers_errors_are_known),
        cmocka_unit_test(test_an_id_is_two_numbers),
        cmocka_unit_test(test_a_command_is_an_array_of_bulk_strings),
        cmocka_unit_test(test_a_command_is_written_whole_or_not_at_all),
        cmocka_unit_test(test_what_is_written_reads_as_it_was_meant),
        cmocka_unit_test(test_arguments_are_as_many_as_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
