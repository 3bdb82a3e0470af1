/* SPDX-License-Identifier: MIT */
#include "wire/message.h"
#include "vectors/message.h"
#include "support/events.h"
#include "support/guard.h"
#include "support/mirror.h"
#include "support/note.h"
#include "support/random.h"
#include "support/split.h"
#include "support/unit.h"

static struct note note;

/* ---- Every vector, however it is cut ------------------------------------- */

struct run {
    const struct message_vector *vector;
    struct events events;
};

static struct message_rules rules_of(const struct message_vector *v)
{
    return (struct message_rules){
        .limit = v->limit ? v->limit : MESSAGE_UNLIMITED,
        .permessage_deflate = v->deflate,
    };
}

static void begin(void *context)
{
    struct run *run = context;
    struct message_rules rules = rules_of(run->vector);
    events_begin(&run->events, &rules);
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct run *run = context;
    events_take(&run->events, ptr, len);
}

static void assert_log(struct events *e, struct span expected)
{
    if (e->broken)
        fail_msg("a promise is not kept: %s", e->broken);
    if (!bytes_equal(text_span(&e->log), expected))
        fail_msg("told:\n%.*s\nexpected:\n%.*s", (int)e->log.len,
                 (const char *)e->log.ptr, (int)expected.len,
                 (const char *)expected.ptr);
}

static void end(void *context)
{
    struct run *run = context;
    assert_log(&run->events, bytes_of(run->vector->log));
}

static void test_every_vector_tells_its_log_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(message_vectors); i++) {
        const struct message_vector *v = &message_vectors[i];
        struct run run = {.vector = v};
        events_make(&run.events, v->len);
        const struct split split = {v->name, begin, take, end, &run};
        split_run(&split, bytes_span(v->bytes, v->len));
        events_free(&run.events);
    }
}

/* What the other role is told: the same, but for the sentence about masks. */
static struct span other_log(const char *log, uint8_t *out, size_t size)
{
    static const char unmasked[] = "a frame is not masked";
    static const char masked[] = "a server's frame is masked";
    struct text t = text_over(out, size);
    const char *at = strstr(log, unmasked);
    if (!at)
        return bytes_of(log);
    text_put(&t, bytes_span(log, (size_t)(at - log)));
    text_string(&t, masked);
    text_string(&t, at + sizeof unmasked - 1);
    return text_span(&t);
}

struct mirrored {
    struct run run;
    struct span log;
};

static void begin_mirrored(void *context)
{
    struct mirrored *m = context;
    struct message_rules rules = rules_of(m->run.vector);
    rules.of_server = true;
    events_begin(&m->run.events, &rules);
}

static void take_mirrored(void *context, uint8_t *ptr, size_t len)
{
    struct mirrored *m = context;
    events_take(&m->run.events, ptr, len);
}

static void end_mirrored(void *context)
{
    struct mirrored *m = context;
    assert_log(&m->run.events, m->log);
}

static void test_every_vector_tells_the_same_in_the_other_role(void **state)
{
    static uint8_t bytes[1 << 20], log[4096];
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(message_vectors); i++) {
        const struct message_vector *v = &message_vectors[i];
        struct mirrored m = {.run = {.vector = v},
                             .log = other_log(v->log, log, sizeof log)};
        assert_true(MIRROR_SIZE(v->len) <= sizeof bytes);
        size_t len = mirror_frames(bytes, (const uint8_t *)v->bytes, v->len);
        events_make(&m.run.events, len);
        const struct split split = {v->name, begin_mirrored, take_mirrored,
                                    end_mirrored, &m};
        split_run(&split, bytes_span(bytes, len));
        events_free(&m.run.events);
    }
}

static void test_every_reason_fits_a_close_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(message_vectors); i++) {
        const struct message_vector *v = &message_vectors[i];
        struct run run = {.vector = v};
        events_make(&run.events, v->len);
        begin(&run);
        take(&run, (uint8_t *)(uintptr_t)v->bytes, v->len);
        if (run.events.end.type == MESSAGE_FAIL)
            assert_in_range(strlen(run.events.end.reason), 1, CLOSE_REASON_MAX);
        events_free(&run.events);
    }
}

/* ---- One call at a time -------------------------------------------------- */

static const struct message_rules no_limit = {.limit = MESSAGE_UNLIMITED};

/* Show these bytes, which end at a guard page, to the reader. */
static size_t show(struct message_reader *reader, struct span bytes,
                   struct message_event *event)
{
    uint8_t *in = guard_before(bytes.ptr, bytes.len);
    memset(event, 0xEE, sizeof *event);
    return message_read(reader, &no_limit, in, bytes.len, event);
}

static void test_a_whole_message_is_one_event(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    struct span in = BYTES_LITERAL("\x81\x85" KEY "\x7F\x9F\x4D\x51\x58"
                                   "\x82");
    assert_int_equal(show(&reader, in, &event), in.len - 1);
    assert_int_equal(event.type, MESSAGE_DATA);
    assert_int_equal(event.opcode, FRAME_TEXT);
    assert_true(event.first && event.last && event.frame_end);
    assert_false(event.compressed);
    assert_int_equal(event.len, 5);
    assert_memory_equal(event.ptr, "Hello", 5);
    assert_true(message_at_rest(&reader));
    guard_free_all();
}

static void test_payload_is_unmasked_in_place(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    uint8_t in[] = {0x8A, 0x82, 0x01, 0x02, 0x03, 0x04, 'a', 'b'};
    message_read(&reader, &no_limit, in, sizeof in, &event);
    assert_int_equal(event.type, MESSAGE_PONG);
    assert_ptr_equal(event.ptr, in + 6);
    assert_int_equal(in[6], 'a' ^ 1);
    assert_int_equal(in[7], 'b' ^ 2);
}

static void test_a_reason_lies_behind_its_code(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    uint8_t in[] = {0x88, 0x84, 0, 0, 0, 0, 0x03, 0xE8, 'o', 'k'};
    assert_int_equal(message_read(&reader, &no_limit, in, sizeof in, &event),
                     sizeof in);
    assert_int_equal(event.type, MESSAGE_CLOSE);
    assert_int_equal(event.code, CLOSE_NORMAL);
    assert_ptr_equal(event.ptr, in + 8);
    assert_int_equal(event.len, 2);
}

static void test_what_is_not_whole_is_not_taken(void **state)
{
    (void)state;
    const struct span unfinished[] = {
        BYTES_LITERAL(""),
        BYTES_LITERAL("\x81"),
        BYTES_LITERAL("\x81\x81"),
        BYTES_LITERAL("\x81\xFE\x01"),
        BYTES_LITERAL("\x81\x81\x01\x02\x03"),
        BYTES_LITERAL("\x89\x82" KEEP "a"),
    };
    for (size_t i = 0; i < UNIT_COUNT(unfinished); i++) {
        struct message_reader reader = {0};
        struct message_event event;
        assert_int_equal(show(&reader, unfinished[i], &event), 0);
        assert_int_equal(event.type, MESSAGE_NONE);
        assert_true(message_at_rest(&reader));
    }
    guard_free_all();
}

static void test_a_header_alone_is_taken_and_told_with_its_payload(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    assert_int_equal(show(&reader, BYTES_LITERAL("\x82\x82" KEEP), &event), 6);
    assert_int_equal(event.type, MESSAGE_NONE);
    assert_false(message_at_rest(&reader));

    assert_int_equal(show(&reader, BYTES_LITERAL(""), &event), 0);
    assert_int_equal(event.type, MESSAGE_NONE);

    assert_int_equal(show(&reader, BYTES_LITERAL("a"), &event), 1);
    assert_int_equal(event.type, MESSAGE_DATA);
    assert_true(event.first);
    assert_false(event.last || event.frame_end);

    assert_int_equal(show(&reader, BYTES_LITERAL("b"), &event), 1);
    assert_false(event.first);
    assert_true(event.last && event.frame_end);
    assert_true(message_at_rest(&reader));
    guard_free_all();
}

/* ---- As soon as it can be known ------------------------------------------ */

static void assert_fails(struct message_reader reader, struct span in,
                         enum close_code code)
{
    struct message_event event;
    show(&reader, in, &event);
    assert_int_equal(event.type, MESSAGE_FAIL);
    assert_int_equal(event.code, code);
    assert_false(message_at_rest(&reader));
    guard_free_all();
}

static void test_two_bytes_are_enough_for_their_failures(void **state)
{
    (void)state;
    const struct message_reader fresh = {0};
    const struct message_reader inside = {.opcode = FRAME_TEXT};
    const struct span wrong[] = {
        BYTES_LITERAL("\xC1\xFF"), /* RSV1 */
        BYTES_LITERAL("\x83\xFF"), /* an unknown opcode */
        BYTES_LITERAL("\x09\x81"), /* a fragmented ping */
        BYTES_LITERAL("\x89\xFE"), /* a long ping */
        BYTES_LITERAL("\x81\x7F"), /* no mask */
        BYTES_LITERAL("\x80\xFF"), /* a continuation of nothing */
    };
    for (size_t i = 0; i < UNIT_COUNT(wrong); i++)
        assert_fails(fresh, wrong[i], CLOSE_PROTOCOL_ERROR);
    assert_fails(inside, BYTES_LITERAL("\x81\xFF"), CLOSE_PROTOCOL_ERROR);
}

static void test_a_length_fails_before_its_masking_key(void **state)
{
    (void)state;
    const struct message_reader fresh = {0};
    assert_fails(fresh, BYTES_LITERAL("\x81\xFE\x00\x7D"),
                 CLOSE_PROTOCOL_ERROR);
    assert_fails(fresh,
                 BYTES_LITERAL("\x81\xFF\x80\x00\x00\x00\x00\x00\x00\x00"),
                 CLOSE_PROTOCOL_ERROR);
}

static void test_a_bad_byte_fails_before_its_frame_is_whole(void **state)
{
    (void)state;
    const struct message_reader fresh = {0};
    assert_fails(fresh, BYTES_LITERAL("\x01\xFE\xFF\xFF" KEEP "abc\xFF"),
                 CLOSE_BAD_DATA);
}

static void test_a_bad_byte_takes_its_whole_piece_with_it(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    show(&reader, BYTES_LITERAL("\x81\x84" KEEP "a"), &event);
    assert_int_equal(event.type, MESSAGE_DATA);
    show(&reader, BYTES_LITERAL("b\xFF"), &event);
    assert_int_equal(event.type, MESSAGE_FAIL);
    assert_null(event.ptr);
    show(&reader, BYTES_LITERAL("c"), &event);
    assert_int_equal(event.type, MESSAGE_FAIL);
    guard_free_all();
}

static void test_a_failure_stays_the_first(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    assert_int_equal(show(&reader, BYTES_LITERAL("\x83\x80"), &event), 2);
    assert_int_equal(event.type, MESSAGE_FAIL);
    const char *reason = event.reason;
    const struct span later[] = {
        BYTES_LITERAL(""),
        BYTES_LITERAL("\xC1\x80" KEEP),
        BYTES_LITERAL("\x81\x81" KEEP "a"),
    };
    for (size_t i = 0; i < UNIT_COUNT(later); i++) {
        assert_int_equal(show(&reader, later[i], &event), later[i].len);
        assert_int_equal(event.type, MESSAGE_FAIL);
        assert_int_equal(event.code, CLOSE_PROTOCOL_ERROR);
        assert_ptr_equal(event.reason, reason);
    }
    guard_free_all();
}

static void test_after_a_close_everything_is_thrown_away(void **state)
{
    (void)state;
    struct message_reader reader = {0};
    struct message_event event;
    assert_int_equal(show(&reader, BYTES_LITERAL("\x88\x80" KEEP), &event), 6);
    assert_int_equal(event.type, MESSAGE_CLOSE);
    assert_int_equal(event.len, 0);
    assert_non_null(event.ptr);
    assert_false(message_at_rest(&reader));
    assert_int_equal(show(&reader, BYTES_LITERAL("\xFF\xFF\xFF"), &event), 3);
    assert_int_equal(event.type, MESSAGE_NONE);
    guard_free_all();
}

/* ---- Sums ---------------------------------------------------------------- */

/* Three frames of `length` bytes each. Nobody can send the payload of the
   first, so the reader is put behind it. The event of the last one. */
static struct message_event three_frames(uint64_t length, uint64_t limit,
                                         bool compressed)
{
    struct message_reader reader = {0};
    struct message_rules rules = {.limit = limit, .permessage_deflate = true};
    struct message_event event;
    for (int i = 0; i < 3; i++) {
        uint8_t header[FRAME_HEADER_MAX] = {0, 0xFF};
        header[0] = i > 0 ? 0x00 : compressed ? 0x42 : 0x02;
        bytes_put64(header + 2, length);
        assert_int_equal(reader.payload_left, 0);
        message_read(&reader, &rules, header, sizeof header, &event);
        reader.payload_left = 0;
        assert_true(i == 2 || event.type == MESSAGE_NONE);
    }
    return event;
}

static void test_without_a_limit_no_sum_is_too_large(void **state)
{
    uint64_t longest = UINT64_MAX >> 1;
    (void)state;
    assert_int_equal(three_frames(longest, MESSAGE_UNLIMITED, false).type,
                     MESSAGE_NONE);
    assert_int_equal(three_frames(longest, MESSAGE_UNLIMITED, true).type,
                     MESSAGE_NONE);
    assert_int_equal(three_frames(longest, 1000, true).type, MESSAGE_NONE);
}

static void test_a_sum_is_compared_before_it_is_added(void **state)
{
    /* Twice this and the limit are reached; three times overflows 32 bits. */
    uint64_t third = UINT32_MAX / 2;
    (void)state;
    struct message_event event = three_frames(third, UINT32_MAX - 1, false);
    assert_int_equal(event.type, MESSAGE_FAIL);
    assert_int_equal(event.code, CLOSE_TOO_BIG);
}

/* ---- Lengths that vectors cannot hold ------------------------------------ */

/* One binary message of so many bytes, cut once. */
static void assert_long_message(size_t len, size_t cut, struct events *e)
{
    uint8_t *wire = guard_before(NULL, FRAME_HEADER_MAX + len);
    const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    size_t at = frame_write(wire, FRAME_FIN | FRAME_BINARY, len);
    wire[1] |= FRAME_MASK;
    memcpy(wire + at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < len; i++)
        wire[at + i] = (uint8_t)('a' + i % 7) ^ key[i % 4];
    at += len;

    note_open(&note, "a long message", "cut at", cut);
    events_begin(e, &no_limit);
    events_take(e, wire, bytes_min(cut, at));
    events_take(e, wire + bytes_min(cut, at), at - bytes_min(cut, at));

    assert_null(e->broken);
    struct span start = BYTES_LITERAL("[binary ");
    assert_int_equal(e->log.len, start.len + len + 2);
    assert_memory_equal(e->log.ptr, start.ptr, start.len);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(e->log.ptr[start.len + i], 'a' + i % 7);
    note_close(&note);
    guard_free(wire);
}

static void test_each_form_of_a_length_is_counted_out(void **state)
{
    (void)state;
    static const size_t lens[] = {125, 126, 127, 65535, 65536, 65537};
    struct events e;
    events_make(&e, FRAME_HEADER_MAX + 65537);
    for (size_t i = 0; i < UNIT_COUNT(lens); i++) {
        for (size_t cut = 0; cut <= FRAME_HEADER_MAX + 9; cut++) {
            assert_long_message(lens[i], cut, &e);
            assert_long_message(lens[i], lens[i] - 9 + cut, &e);
        }
    }
    events_free(&e);
}

/* ---- Conversations made from a model ------------------------------------- */

#define MODEL_MESSAGES 4
#define MODEL_MESSAGE  600 /* bytes of a message at most */
#define MODEL_WIRE     65536

/* A conversation: what is sent, and what must be told of it. */
struct model {
    struct random *random;
    struct text wire;
    struct text log;
};

/* 0 to size bytes of a text, whole characters of all widths. */
static size_t random_text(struct random *r, uint8_t *ptr, size_t size)
{
    static const char *const characters[] = {"a",
                                             "\x00",
                                             "\x7F",
                                             "\xC2\x80",
                                             "\xDF\xBF",
                                             "\xE0\xA0\x80",
                                             "\xED\x9F\xBF",
                                             "\xEF\xBF\xBF",
                                             "\xF0\x90\x80\x80",
                                             "\xF4\x8F\xBF\xBF"};
    size_t wanted = random_below(r, size + 1), len = 0;
    for (;;) {
        const char *c = characters[random_below(r, UNIT_COUNT(characters))];
        struct span s = bytes_span(c, *c ? strlen(c) : 1);
        if (len + s.len > wanted)
            return len;
        memcpy(ptr + len, s.ptr, s.len);
        len += s.len;
    }
}

static void model_send(struct model *m, uint8_t first, struct span payload)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX], key[4];
    size_t header_len = frame_write(header, first, payload.len);
    header[1] |= FRAME_MASK;
    random_fill(m->random, key, sizeof key);
    text_put(&m->wire, bytes_span(header, header_len));
    text_put(&m->wire, bytes_span(key, sizeof key));
    for (size_t i = 0; i < payload.len; i++)
        text_byte(&m->wire, payload.ptr[i] ^ key[i % 4]);
}

static void model_control(struct model *m)
{
    uint8_t payload[FRAME_CONTROL_MAX];
    size_t len = random_below(m->random, sizeof payload + 1);
    random_fill(m->random, payload, len);
    bool ping = random_below(m->random, 2);
    model_send(m, FRAME_FIN | (ping ? FRAME_PING : FRAME_PONG),
               bytes_span(payload, len));
    events_put_control(&m->log, ping ? "ping" : "pong",
                       bytes_span(payload, len));
}

static void model_message(struct model *m)
{
    struct random *r = m->random;
    uint8_t payload[MODEL_MESSAGE];
    struct events_frame frame = {.binary = random_below(r, 2),
                                 .compressed = random_below(r, 3) == 0,
                                 .first = true};
    size_t len = random_text(r, payload, sizeof payload);
    if (frame.binary || frame.compressed)
        random_fill(r, payload, len);
    size_t at = 0;
    while (!frame.last) {
        frame.last = random_below(r, 3) == 0;
        size_t part = frame.last ? len - at : random_below(r, len - at + 1);
        unsigned first = (frame.last ? FRAME_FIN : 0u) |
                         (frame.first && frame.compressed ? FRAME_RSV1 : 0u) |
                         (!frame.first   ? FRAME_CONTINUATION
                          : frame.binary ? FRAME_BINARY
                                         : FRAME_TEXT);
        model_send(m, (uint8_t)first, bytes_span(payload + at, part));
        events_put_frame(&m->log, frame, bytes_span(payload + at, part));
        at += part;
        frame.first = false;
        while (random_below(r, 4) == 0)
            model_control(m);
    }
}

static void model_close(struct model *m)
{
    uint8_t payload[FRAME_CONTROL_MAX];
    bytes_put16(payload, 3456);
    size_t len = random_text(m->random, payload + 2, CLOSE_REASON_MAX);
    model_send(m, FRAME_FIN | FRAME_CLOSE, bytes_span(payload, 2 + len));
    events_put_control(&m->log, "close 3456", bytes_span(payload + 2, len));
}

static uint8_t model_wire[MODEL_WIRE], model_log[4 * MODEL_WIRE];
static uint8_t model_mirror[MIRROR_SIZE(MODEL_WIRE)];
static struct events model_events;

static void conversation_is_told_as_it_was_sent(struct random *r)
{
    struct model m = {.random = r,
                      .wire = text_over(model_wire, sizeof model_wire),
                      .log = text_over(model_log, sizeof model_log)};
    size_t messages = random_below(r, MODEL_MESSAGES + 1);
    while (messages-- > 0)
        model_message(&m);
    if (random_below(r, 2))
        model_close(&m);
    assert_false(m.wire.overflow || m.log.overflow);

    struct message_rules rules = {.limit = MODEL_MESSAGE,
                                  .permessage_deflate = true};
    struct span wire = text_span(&m.wire);
    rules.of_server = random_below(r, 2) == 1;
    if (rules.of_server) {
        wire.len = mirror_frames(model_mirror, wire.ptr, wire.len);
        wire.ptr = model_mirror;
    }
    events_begin(&model_events, &rules);
    uint64_t longest = 1 + random_below(r, random_below(r, 2) ? 20 : 1000);
    for (size_t at = 0; at < wire.len;) {
        size_t len = random_below(r, longest + 1);
        len = bytes_min(len, wire.len - at);
        events_take(&model_events, wire.ptr + at, len);
        at += len;
    }
    assert_log(&model_events, text_span(&m.log));
    assert_int_equal(model_events.kept_len, 0);
}

static void test_conversations_are_told_as_they_were_sent(void **state)
{
    (void)state;
    events_make(&model_events, MODEL_WIRE);
    RANDOM_PROPERTY(conversation_is_told_as_it_was_sent, 2000);
    events_free(&model_events);
}

/* ---- The short way of an echo -------------------------------------------- */

#define SHORT_WIRE 2000

/* Mostly short messages that are legal, and what message_echo has to leave. */
static void model_short(struct model *m)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x81, 0x82, 0x81, 0x82,
                                     0x81, 0x82, 0x81, 0x82, 0x81, 0x82,
                                     0x01, 0x02, 0x80, 0x89, 0xC1, 0x83};
    struct random *r = m->random;
    uint8_t first = firsts[random_below(r, sizeof firsts)], payload[130];
    size_t len = random_text(r, payload, random_below(r, sizeof payload + 1));
    if (first != 0x81 || random_below(r, 20) == 0)
        random_fill(r, payload, len);
    size_t at = m->wire.len;
    model_send(m, first, bytes_span(payload, len));
    if (random_below(r, 40) == 0)
        m->wire.ptr[at + 1] &= (uint8_t)~FRAME_MASK;
}

/* What the long way makes of it. */
static size_t echo_by_reader(struct span wire, struct text *out,
                             uint32_t *count)
{
    struct message_reader reader = {0};
    uint8_t *in = guard_before(wire.ptr, wire.len);
    size_t used = 0;
    for (*count = 0;; ++*count) {
        struct message_event event;
        size_t taken = message_read(&reader, &no_limit, in + used,
                                    wire.len - used, &event);
        if (event.type != MESSAGE_DATA || !event.first || !event.last ||
            event.len > 125 || out->size - out->len < 2 + event.len)
            break;
        text_byte(out, wire.ptr[used]);
        text_byte(out, (uint8_t)event.len);
        text_put(out, bytes_span(event.ptr, event.len));
        used += taken;
    }
    return used;
}

static void short_way_is_the_long_one(struct random *r)
{
    struct model m = {.random = r,
                      .wire = text_over(model_wire, SHORT_WIRE + 200)};
    while (m.wire.len < SHORT_WIRE && random_below(r, 30))
        model_short(&m);
    struct span wire = text_span(&m.wire);
    wire.len -= bytes_min(wire.len, random_below(r, 3) ? 0 : 1);
    wire.len -= random_below(r, bytes_min(wire.len, 10) + 1);
    size_t size = random_below(r, 2) ? wire.len : random_below(r, 300);
    struct text expected = text_over(model_log, size);
    struct text out = text_over(guard_before(NULL, size), size);
    uint32_t count, as_expected;
    size_t used = echo_by_reader(wire, &expected, &as_expected);
    uint8_t *in = guard_before(wire.ptr, wire.len);
    assert_int_equal(message_echo(bytes_span(in, wire.len), &out, &count),
                     used);
    assert_int_equal(count, as_expected);
    assert_true(bytes_equal(text_span(&out), text_span(&expected)));
    assert_memory_equal(in, wire.ptr, wire.len); /* for the long way */
    guard_free_all();
}

static void test_the_short_way_is_the_long_one(void **state)
{
    (void)state;
    RANDOM_PROPERTY(short_way_is_the_long_one, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_tells_its_log_however_it_is_cut),
        cmocka_unit_test(test_every_vector_tells_the_same_in_the_other_role),
        cmocka_unit_test(test_every_reason_fits_a_close_frame),
        cmocka_unit_test(test_a_whole_message_is_one_event),
        cmocka_unit_test(test_payload_is_unmasked_in_place),
        cmocka_unit_test(test_a_reason_lies_behind_its_code),
        cmocka_unit_test(test_what_is_not_whole_is_not_taken),
        cmocka_unit_test(
            test_a_header_alone_is_taken_and_told_with_its_payload),
        cmocka_unit_test(test_two_bytes_are_enough_for_their_failures),
        cmocka_unit_test(test_a_length_fails_before_its_masking_key),
        cmocka_unit_test(test_a_bad_byte_fails_before_its_frame_is_whole),
        cmocka_unit_test(test_a_bad_byte_takes_its_whole_piece_with_it),
        cmocka_unit_test(test_a_failure_stays_the_first),
        cmocka_unit_test(test_after_a_close_everything_is_thrown_away),
        cmocka_unit_test(test_without_a_limit_no_sum_is_too_large),
        cmocka_unit_test(test_a_sum_is_compared_before_it_is_added),
        cmocka_unit_test(test_each_form_of_a_length_is_counted_out),
        cmocka_unit_test(test_conversations_are_told_as_they_were_sent),
        cmocka_unit_test(test_the_short_way_is_the_long_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
