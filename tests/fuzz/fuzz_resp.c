/* SPDX-License-Identifier: MIT */
/*
 * Goal: no bytes whatever, cut anywhere, make the reader of RESP look past its
 * input, tell what was not said, go on for ever, or contradict itself.
 *
 * The first byte is what the limits are, the next two say where to cut; the
 * rest is what arrives. It is also taken for an error, for an id, and for what
 * a command says.
 */
#include "base/check.h"
#include "wire/resp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All events as one number: the same for every cut. */
struct told {
    struct resp_reader reader;
    struct resp_limits limits;
    uint64_t hash;
    size_t events;
    uint32_t depth; /* arrays that are open, as the events say */
};

static void mix(struct told *t, uint64_t value)
{
    t->hash = bytes_mix(t->hash ^ value);
}

static void check_event(struct told *t, const struct resp_event *e)
{
    if (e->type == RESP_END)
        t->depth--;
    CHECK(e->depth == t->depth);
    if (e->type == RESP_ARRAY)
        t->depth++;
    CHECK(t->depth <= RESP_DEPTH_MAX);
    CHECK(e->last == (t->depth == 0));
    CHECK(e->count <= t->limits.count && e->text.len <= RESP_LINE_MAX);
    CHECK(e->depth > 0 ? e->index < t->limits.count : e->index == 0);
    t->events++;
    mix(t, (uint64_t)e->type << 32 | e->depth);
    mix(t, (uint64_t)e->index << 32 | e->count);
    mix(t, (uint64_t)e->integer);
    mix(t, bytes_hash(0, e->text));
}

/* One call, on a copy that ends where its memory ends, for AddressSanitizer. */
static size_t read_one(struct told *t, const uint8_t *in, size_t len,
                       struct resp_event *e)
{
    uint8_t *copy = malloc(len ? len : 1);
    CHECK(copy != NULL);
    memcpy(copy, in, len);
    size_t taken = resp_read(&t->reader, &t->limits, copy, len, e);
    CHECK(taken <= len);
    if (e->text.ptr)
        CHECK(e->text.ptr >= copy &&
              e->text.ptr + e->text.len + 2 == copy + taken);
    if (e->type != RESP_NONE && e->type != RESP_FAIL)
        check_event(t, e);
    free(copy);
    return taken;
}

/* What may be read of in[0, len); how much of it was taken. */
static size_t read_part(struct told *t, const uint8_t *in, size_t len)
{
    struct resp_event e;
    size_t taken = 0;
    do {
        taken += read_one(t, in + taken, len - taken, &e);
    } while (e.type != RESP_NONE && e.type != RESP_FAIL);
    CHECK((e.type == RESP_FAIL) == (t->reader.fault != NULL));
    CHECK((e.type == RESP_FAIL) == (e.reason != NULL));
    CHECK(t->reader.fault || len - taken < RESP_LINE_MAX);
    return taken;
}

static void check_same(const struct told *a, const struct told *b)
{
    CHECK(a->hash == b->hash && a->events == b->events);
    CHECK(a->reader.fault == b->reader.fault);
    CHECK(a->reader.fault || (a->reader.depth == b->reader.depth &&
                              a->reader.bulk == b->reader.bulk &&
                              a->reader.seen == b->reader.seen));
}

/* The same in two parts, and byte by byte. */
static void check_cuts(const struct told *start, const uint8_t *in, size_t len,
                       size_t cut)
{
    struct told whole = *start, halves = *start, bytes = *start;
    size_t taken = read_part(&whole, in, len);
    CHECK(whole.events <= 2 * len);

    size_t first = read_part(&halves, in, cut);
    if (!halves.reader.fault)
        CHECK(first + read_part(&halves, in + first, len - first) == taken);
    check_same(&whole, &halves);

    first = 0;
    for (size_t have = 0; have <= len && !bytes.reader.fault; have++)
        first += read_part(&bytes, in + first, have - first);
    check_same(&whole, &bytes);
    if (!whole.reader.fault)
        CHECK(first == taken);
}

/* A command that says these bytes is read as what they are. */
static void check_command(struct span said)
{
    size_t size = 64 + said.len;
    struct text out = text_over(malloc(size), size);
    CHECK(out.ptr != NULL);
    struct resp_command c = resp_begin(&out, 1);
    resp_put(&c, said);
    CHECK(resp_end(&c));
    struct resp_reader r = {0};
    struct resp_limits limits = {said.len, 1};
    struct resp_event e;
    size_t taken = resp_read(&r, &limits, out.ptr, out.len, &e);
    CHECK(e.type == RESP_ARRAY && e.count == 1);
    CHECK(resp_read(&r, &limits, out.ptr + taken, out.len - taken, &e) ==
          out.len - taken);
    CHECK(e.type == RESP_BULK && bytes_equal(e.text, said));
    free(out.ptr);
}

static void check_id(struct span text)
{
    struct resp_id id;
    uint8_t bytes[64];
    struct text out = text_over(bytes, sizeof bytes);
    if (!resp_id_parse(text, &id))
        return;
    struct resp_command c = resp_begin(&out, 1);
    resp_put_id(&c, &id);
    CHECK(resp_end(&c));
    CHECK(out.len > text.len + 2);
    CHECK(memcmp(out.ptr + out.len - 2 - text.len, text.ptr, text.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    struct span said = bytes_span(data + 3, size - 3);
    size_t cut = bytes_min(bytes_get16(data + 1), said.len);
    struct told start = {.limits = {data[0], data[0] & 15}};
    check_cuts(&start, said.ptr, said.len, cut);
    check_command(said);
    check_id(said);
    CHECK(resp_word_of(said) <= RESP_WORD_CLUSTERDOWN);
    return 0;
}
