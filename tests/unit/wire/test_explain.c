/* SPDX-License-Identifier: MIT */
/*
 * Goal: an explanation is the stored one, however the bytes are cut, and what
 * it calls wrong is what the server refuses.
 *
 * The vectors are files of tests/vectors/explain, each a comment, the setting,
 * the bytes, and the explanation:
 *
 *     # RFC 6455 5.7: a single-frame masked text message
 *     client frames
 *     81 85 37 FA 21 3D 7F 9F 4D 51 58
 *     --
 *     > text frame, 5 bytes, masked ...
 *     legal
 *
 * A line of bytes may also be "text", with \r, \n, \" and \xHH. To write the
 * explanations anew, and then read every one of them: EXPLAIN_WRITE=1.
 */
#include "wire/explain.h"
#include "support/guard.h"
#include "support/random.h"
#include "support/split.h"
#include "support/unit.h"
#include "vectors/handshake.h"
#include "vectors/http.h"
#include "vectors/message.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define FOLDER    "tests/vectors/explain"
#define FILE_SIZE 65536

/* ---- Explaining, part by part -------------------------------------------- */

struct trial {
    const char *name;
    bool by_client;
    enum explain_phase phase;
    enum explain_deflate deflate;
    bool forgets;   /* no context takeover */
    bool hides;     /* what is in messages */
    uint64_t limit; /* of a message; 0: none */
    struct span expected;
    struct explain explain;
    size_t room;     /* of `out` at each call */
    uint8_t *out;    /* leans on a guard page */
    struct text log; /* all that was told */
    uint8_t bytes[4 * FILE_SIZE];
};

static void begin(void *context)
{
    struct trial *t = context;
    struct explain *e = &t->explain;
    explain_begin(e, t->by_client, t->phase);
    e->prefix = t->by_client ? BYTES_LITERAL("> ") : BYTES_LITERAL("< ");
    e->agreed.deflate = (uint8_t)t->deflate;
    e->agreed.client_keeps = e->agreed.server_keeps = !t->forgets;
    e->frame.hides = t->hides;
    if (t->limit)
        e->frame.limit = t->limit;
    t->log = text_over(t->bytes, sizeof t->bytes);
}

static void take(void *context, uint8_t *ptr, size_t len)
{
    struct trial *t = context;
    struct span in = bytes_span(ptr, len);
    bool more = true;
    while (more) {
        struct text out = text_over(t->out, t->room);
        more = explain_run(&t->explain, &in, &out);
        assert_false(out.overflow);
        assert_true(more || in.len == 0);
        assert_true(!more || out.len > 0);
        text_put(&t->log, text_span(&out));
    }
}

static const char *verdict(struct trial *t)
{
    static const char *const words[] = {
        [EXPLAIN_LEGAL] = "legal\n",
        [EXPLAIN_WRONG] = "wrong\n",
        [EXPLAIN_UNFINISHED] = "unfinished\n",
    };
    static uint8_t bytes[FILE_SIZE];
    struct text out = text_over(bytes, sizeof bytes);
    const char *word = words[explain_end(&t->explain, &out)];
    text_put(&t->log, text_span(&out));
    return word;
}

static void end(void *context)
{
    struct trial *t = context;
    text_string(&t->log, verdict(t));
    if (!bytes_equal(text_span(&t->log), t->expected))
        fail_msg("%s: told\n%.*s\nexpected\n%.*s", t->name, (int)t->log.len,
                 (const char *)t->log.ptr, (int)t->expected.len,
                 (const char *)t->expected.ptr);
}

static struct trial *new_trial(size_t room)
{
    static struct trial trial;
    trial = (struct trial){.room = room, .out = guard_before(NULL, room)};
    return &trial;
}

/* ---- Reading a vector ---------------------------------------------------- */

struct vector {
    char path[512];
    uint8_t file[FILE_SIZE];
    size_t len;
    size_t answer; /* offset of the explanation in the file */
    uint8_t wire[FILE_SIZE];
    size_t wire_len;
};

static bool has(struct span line, const char *word)
{
    for (size_t i = 0; i + strlen(word) <= line.len; i++)
        if (bytes_equal(bytes_part(line, i, strlen(word)), bytes_of(word)))
            return true;
    return false;
}

static uint64_t number_after(struct span line, const char *word)
{
    uint64_t number = 0;
    for (size_t i = 0; i + strlen(word) < line.len; i++) {
        if (!bytes_equal(bytes_part(line, i, strlen(word)), bytes_of(word)))
            continue;
        size_t at = i + strlen(word), digits = 0;
        while (at + digits < line.len && line.ptr[at + digits] > ' ')
            digits++;
        assert_true(bytes_decimal(bytes_part(line, at, digits), &number));
    }
    return number;
}

/* "client frames deflate forgets limit=5" */
static void read_setting(struct trial *t, struct span line)
{
    assert_true(has(line, "client") || has(line, "server"));
    assert_true(has(line, "frames") || has(line, "head"));
    t->by_client = has(line, "client");
    t->phase = has(line, "head") ? EXPLAIN_HEAD : EXPLAIN_FRAMES;
    t->deflate = has(line, "no-deflate") ? EXPLAIN_DEFLATE_OFF
                 : has(line, "deflate")  ? EXPLAIN_DEFLATE_ON
                                         : EXPLAIN_DEFLATE_UNKNOWN;
    t->forgets = has(line, "forgets");
    t->hides = has(line, "hides");
    t->limit = number_after(line, "limit=");
}

static uint8_t hex_pair(const uint8_t *p)
{
    assert_true(bytes_hex_value(p[0]) >= 0 && bytes_hex_value(p[1]) >= 0);
    return (uint8_t)(bytes_hex_value(p[0]) << 4 | bytes_hex_value(p[1]));
}

static void put_quoted(struct vector *v, struct span line)
{
    for (size_t i = 1; i < line.len && line.ptr[i] != '"'; i++) {
        uint8_t byte = line.ptr[i];
        if (byte == '\\') {
            byte = line.ptr[++i];
            byte = byte == 'r' ? '\r' : byte == 'n' ? '\n' : byte;
            if (byte == 'x') {
                byte = hex_pair(line.ptr + i + 1);
                i += 2;
            }
        }
        v->wire[v->wire_len++] = byte;
    }
}

static void put_bytes(struct vector *v, struct span line)
{
    if (line.len > 0 && line.ptr[0] == '"') {
        put_quoted(v, line);
        return;
    }
    for (size_t i = 0; i < line.len; i += 3)
        v->wire[v->wire_len++] = hex_pair(line.ptr + i);
}

static void read_vector(struct vector *v, struct trial *t)
{
    FILE *file = fopen(v->path, "r");
    assert_non_null(file);
    v->len = fread(v->file, 1, sizeof v->file, file);
    fclose(file);
    v->wire_len = 0;
    bool set = false;
    for (size_t at = 0; at < v->len;) {
        struct span rest = bytes_span(v->file + at, v->len - at);
        struct span line = bytes_part(rest, 0, bytes_find(rest, '\n'));
        at += line.len + 1;
        if (bytes_equal(line, BYTES_LITERAL("--"))) {
            v->answer = at;
            t->name = v->path;
            t->expected = bytes_span(v->file + at, v->len - at);
            assert_false(has(t->expected, "SECRET"));
            return;
        }
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        if (set)
            put_bytes(v, line);
        else
            read_setting(t, line);
        set = true;
    }
    fail_msg("%s has no line --", v->path);
}

static void write_vector(struct vector *v, struct trial *t)
{
    begin(t);
    take(t, v->wire, v->wire_len);
    text_string(&t->log, verdict(t));
    FILE *file = fopen(v->path, "w");
    assert_non_null(file);
    fwrite(v->file, 1, v->answer, file);
    fwrite(t->log.ptr, 1, t->log.len, file);
    fclose(file);
}

/* ---- The stored explanations --------------------------------------------- */

static void try_vector(struct vector *v)
{
    /* The least room there may be, and plenty. */
    static const size_t rooms[] = {EXPLAIN_STEP, EXPLAIN_STEP + 777};
    for (size_t i = 0; i < UNIT_COUNT(rooms); i++) {
        struct trial *t = new_trial(rooms[i]);
        read_vector(v, t);
        if (getenv("EXPLAIN_WRITE"))
            write_vector(v, t);
        else
            split_run(&(struct split){v->path, begin, take, end, t},
                      bytes_span(v->wire, v->wire_len));
        guard_free_all();
    }
}

static void
test_every_vector_is_explained_as_stored_however_it_is_cut(void **state)
{
    static struct vector vector;
    (void)state;
    unsigned count = 0;
    DIR *folder = opendir(FOLDER);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (!strstr(entry->d_name, ".txt"))
            continue;
        snprintf(vector.path, sizeof vector.path, FOLDER "/%s", entry->d_name);
        try_vector(&vector);
        count++;
    }
    closedir(folder);
    assert_true(count >= 30);
}

static void assert_fits(struct span log, size_t width)
{
    size_t column = 0;
    for (size_t i = 0; i < log.len; i++) {
        column = log.ptr[i] == '\n' ? 0 : column + 1;
        assert_true(log.ptr[i] == '\n' ||
                    (log.ptr[i] >= ' ' && log.ptr[i] < 0x7F));
        assert_true(column <= width);
    }
}

static void explain_random(struct random *r)
{
    struct trial *t = new_trial(EXPLAIN_STEP);
    uint8_t wire[200];
    size_t len = (size_t)random_below(r, sizeof wire);
    random_fill(r, wire, len);
    t->by_client = random_below(r, 2) > 0;
    t->phase = random_below(r, 4) ? EXPLAIN_FRAMES : EXPLAIN_HEAD;
    begin(t);
    take(t, guard_before(wire, len), len);
    (void)verdict(t);
    assert_fits(text_span(&t->log), 74);
    guard_free_all();
}

static void test_any_bytes_come_out_as_printable_lines_that_fit(void **state)
{
    (void)state;
    RANDOM_PROPERTY(explain_random, 3000);
}

static void test_colour_is_an_addition_and_nothing_else(void **state)
{
    (void)state;
    struct trial *t = new_trial(EXPLAIN_STEP);
    struct span wire = BYTES_LITERAL("\x81\x85" KEY "\x7F\x9F\x4D\x51\x58"
                                     "\x83\x80");
    static uint8_t plain[FILE_SIZE];
    t->by_client = true;
    t->phase = EXPLAIN_FRAMES;
    begin(t);
    take(t, guard_before(wire.ptr, wire.len), wire.len);
    size_t len = t->log.len, at = 0;
    memcpy(plain, t->log.ptr, len);
    begin(t);
    t->explain.colour = true;
    take(t, guard_before(wire.ptr, wire.len), wire.len);
    assert_true(t->log.len > len);
    for (size_t i = 0; i < t->log.len; i++) {
        if (t->log.ptr[i] == 0x1B) {
            while (t->log.ptr[i] != 'm')
                i++;
            continue;
        }
        assert_int_equal(t->log.ptr[i], plain[at++]);
    }
    assert_int_equal(at, len);
    guard_free_all();
}

/* ---- What is called wrong is what the server refuses --------------------- */

/* The reader's failure for these bytes; code 0: none. */
static struct message_event read_all(struct span wire,
                                     const struct message_rules *rules)
{
    static uint8_t bytes[FILE_SIZE];
    struct message_reader reader = {0};
    struct message_event event;
    size_t at = 0;
    assert_true(wire.len <= sizeof bytes);
    memcpy(bytes, wire.ptr, wire.len);
    do {
        at += message_read(&reader, rules, bytes + at, wire.len - at, &event);
    } while (event.type != MESSAGE_NONE && event.type != MESSAGE_FAIL &&
             event.type != MESSAGE_CLOSE);
    if (event.type != MESSAGE_FAIL)
        event = (struct message_event){.type = MESSAGE_NONE};
    return event;
}

/* A fault inside compressed data is none of the reader's business. */
static void assert_same(struct span wire, const struct message_rules *rules,
                        const char *name)
{
    struct trial *t = new_trial(EXPLAIN_STEP);
    t->by_client = true;
    t->phase = EXPLAIN_FRAMES;
    t->limit = rules->limit;
    t->deflate =
        rules->permessage_deflate ? EXPLAIN_DEFLATE_ON : EXPLAIN_DEFLATE_OFF;
    begin(t);
    take(t, guard_before(wire.ptr, wire.len), wire.len);
    struct message_event event = read_all(wire, rules);
    const struct explain *e = &t->explain;
    bool inflating = e->wrong.what && e->frame.compressed;
    if (!inflating) {
        if (e->wrong.answer != event.code ||
            (event.code && strcmp(e->wrong.what, event.reason) != 0))
            fail_msg("%s: the reader says %u %s, the explainer %u %s", name,
                     event.code, event.reason ? event.reason : "",
                     e->wrong.answer, e->wrong.what ? e->wrong.what : "");
    }
    guard_free_all();
}

static void test_frames_are_wrong_where_the_reader_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(message_vectors); i++) {
        const struct message_vector *v = &message_vectors[i];
        struct message_rules rules = {
            .limit = v->limit ? v->limit : MESSAGE_UNLIMITED,
            .permessage_deflate = v->deflate,
        };
        assert_same(bytes_span(v->bytes, v->len), &rules, v->name);
    }
}

/* A few frames, most of them legal. */
static void compare_random(struct random *r)
{
    static const uint8_t firsts[] = {0x81, 0x82, 0x01, 0x80, 0x00, 0x89,
                                     0x8A, 0x88, 0xC1, 0x41, 0x91, 0x83};
    uint8_t wire[256];
    size_t len = 0;
    for (uint64_t frames = random_below(r, 6); frames > 0; frames--) {
        size_t payload = (size_t)random_below(r, 12);
        wire[len++] = firsts[random_below(r, sizeof firsts)];
        wire[len++] = (uint8_t)((random_below(r, 30) ? 0x80 : 0) | payload);
        memset(wire + len, 0, 4);
        len += 4;
        for (; payload > 0; payload--)
            wire[len++] = (uint8_t)(random_below(r, 20) ? 3 : 0xE8);
    }
    struct message_rules rules = {
        .limit = random_below(r, 2) ? MESSAGE_UNLIMITED : 20,
        .permessage_deflate = random_below(r, 2) > 0,
    };
    assert_same(bytes_span(wire, len), &rules, "random frames");
}

static void test_random_frames_are_wrong_where_the_reader_fails(void **state)
{
    (void)state;
    RANDOM_PROPERTY(compare_random, 5000);
}

/* The status that the server's own functions give, and their phrase. *head is
   cut to the head's end. */
static unsigned refuse(struct span *head, const char **why)
{
    static struct http_request request;
    static const struct handshake_policy anybody = {.any_origin = true};
    struct http_scan scan = {0};
    struct handshake agreed;
    *why = NULL;
    if (http_scan(&scan, head->ptr, head->len) != HTTP_DONE)
        return scan.status;
    head->len = scan.pos;
    enum fault fault = http_parse(&request, head->ptr, scan.pos);
    if (!fault && handshake_wanted(&request))
        fault = handshake_check(&request, &anybody, &agreed);
    *why = fault_rules[fault].what;
    return fault_rules[fault].answer;
}

static void assert_same_head(const char *name, struct span head)
{
    const char *why;
    unsigned status = refuse(&head, &why);
    struct trial *t = new_trial(EXPLAIN_STEP);
    t->by_client = true;
    t->phase = EXPLAIN_HEAD;
    begin(t);
    take(t, guard_before(head.ptr, head.len), head.len);
    const struct explain *e = &t->explain;
    /* This one is chatd's beside handshake_check (request.c). */
    if (status == 0 && e->wrong.answer == 405)
        status = e->wrong.answer;
    if (e->wrong.answer != status || (why && strcmp(why, e->wrong.what) != 0))
        fail_msg("%s: the server answers %u %s, the explainer %u %s", name,
                 status, why ? why : "", e->wrong.answer,
                 e->wrong.what ? e->wrong.what : "");
    if (status && !e->wrong.rule)
        fail_msg("%s: no rule is told for %s", name, e->wrong.what);
    guard_free_all();
}

static void test_heads_are_wrong_where_the_server_refuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(handshake_vectors); i++)
        assert_same_head(handshake_vectors[i].name,
                         bytes_of(handshake_vectors[i].head));
    for (size_t i = 0; i < UNIT_COUNT(http_good); i++)
        assert_same_head(http_good[i].name,
                         bytes_span(http_good[i].bytes, http_good[i].len));
    for (size_t i = 0; i < UNIT_COUNT(http_bad_bytes); i++)
        assert_same_head(
            http_bad_bytes[i].name,
            bytes_span(http_bad_bytes[i].bytes, http_bad_bytes[i].len));
    for (size_t i = 0; i < UNIT_COUNT(http_bad_request_lines); i++)
        assert_same_head(http_bad_request_lines[i].name,
                         bytes_span(http_bad_request_lines[i].bytes,
                                    http_bad_request_lines[i].len));
    for (size_t i = 0; i < UNIT_COUNT(http_bad_fields); i++)
        assert_same_head(
            http_bad_fields[i].name,
            bytes_span(http_bad_fields[i].bytes, http_bad_fields[i].len));
    for (size_t i = 0; i < UNIT_COUNT(http_two_faults); i++)
        assert_same_head(
            http_two_faults[i].name,
            bytes_span(http_two_faults[i].bytes, http_two_faults[i].len));
}

/* ---- Two directions ------------------------------------------------------ */

static const char request[] =
    HANDSHAKE_GOOD "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\n" HANDSHAKE_UPGRADE
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

/* Both directions of a handshake: what the client's then thinks. */
static struct explain *shake_hands(struct trial *t, const char *response)
{
    static struct explain up;
    begin(t);
    take(t, (uint8_t *)(uintptr_t)request, sizeof request - 1);
    up = t->explain;
    t->by_client = false;
    begin(t);
    explain_learn(&t->explain, &up);
    take(t, (uint8_t *)(uintptr_t)response, strlen(response));
    explain_learn(&up, &t->explain);
    return &up;
}

static struct trial *new_handshake(void)
{
    struct trial *t = new_trial(EXPLAIN_STEP);
    t->by_client = true;
    t->phase = EXPLAIN_HEAD;
    return t;
}

static void test_what_the_answer_agrees_to_counts_for_both(void **state)
{
    (void)state;
    char response[600];
    struct trial *t = new_handshake();
    snprintf(response, sizeof response, "%s%s\r\n", answer,
             "Sec-WebSocket-Extensions: permessage-deflate; "
             "client_no_context_takeover; client_max_window_bits=10\r\n");
    struct explain *up = shake_hands(t, response);
    assert_null(t->explain.wrong.what);
    assert_int_equal(up->phase, EXPLAIN_FRAMES);
    assert_int_equal(up->agreed.deflate, EXPLAIN_DEFLATE_ON);
    assert_int_equal(up->agreed.client_bits, 10);
    assert_false(up->agreed.client_keeps);
    assert_true(t->explain.agreed.server_keeps);
    guard_free_all();
}

static void test_what_the_answer_leaves_out_is_not_agreed(void **state)
{
    (void)state;
    char response[600];
    struct trial *t = new_handshake();
    snprintf(response, sizeof response, "%s\r\n", answer);
    struct explain *up = shake_hands(t, response);
    assert_int_equal(up->agreed.deflate, EXPLAIN_DEFLATE_OFF);
    guard_free_all();
}

static void test_an_answer_to_another_key_is_wrong(void **state)
{
    (void)state;
    struct trial *t = new_handshake();
    (void)shake_hands(t, "HTTP/1.1 101 Fine\r\n" HANDSHAKE_UPGRADE
                         "Sec-WebSocket-Accept: "
                         "s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n\r\n");
    assert_string_equal(t->explain.wrong.what, "not the answer to the key");
    guard_free_all();
}

static void test_after_a_refusal_nothing_is_looked_at(void **state)
{
    (void)state;
    struct trial *t = new_handshake();
    struct explain *up =
        shake_hands(t, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(up->phase, EXPLAIN_OVER);
    assert_int_equal(t->explain.phase, EXPLAIN_HEAD);
    guard_free_all();
}

static void test_bodies_are_passed_over_seen_or_unseen(void **state)
{
    (void)state;
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
    struct trial *t = new_handshake();
    t->by_client = false;
    begin(t);
    for (unsigned unseen = 0; unseen < 2; unseen++) {
        take(t, (uint8_t *)(uintptr_t)head, sizeof head - 1);
        assert_int_equal(t->explain.phase, EXPLAIN_BODY);
        if (unseen)
            explain_skip(&t->explain, 7);
        else
            take(t, (uint8_t *)(uintptr_t) "<html>\n", 7);
        assert_int_equal(t->explain.phase, EXPLAIN_HEAD);
    }
    assert_int_equal(t->explain.at, 2 * (sizeof head - 1 + 7));
    assert_null(t->explain.wrong.what);
    guard_free_all();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_every_vector_is_explained_as_stored_however_it_is_cut),
        cmocka_unit_test(test_any_bytes_come_out_as_printable_lines_that_fit),
        cmocka_unit_test(test_colour_is_an_addition_and_nothing_else),
        cmocka_unit_test(test_frames_are_wrong_where_the_reader_fails),
        cmocka_unit_test(test_random_frames_are_wrong_where_the_reader_fails),
        cmocka_unit_test(test_heads_are_wrong_where_the_server_refuses),
        cmocka_unit_test(test_what_the_answer_agrees_to_counts_for_both),
        cmocka_unit_test(test_what_the_answer_leaves_out_is_not_agreed),
        cmocka_unit_test(test_an_answer_to_another_key_is_wrong),
        cmocka_unit_test(test_after_a_refusal_nothing_is_looked_at),
        cmocka_unit_test(test_bodies_are_passed_over_seen_or_unseen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
