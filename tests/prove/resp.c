/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/resp.c
 * with: src/base/bytes.c src/base/text.c
 * eva: -eva-slevel 2000 -eva-split-return full
 *
 * One call, under any limits, of a reader in any state that calls before it can
 * have left, and in some that none leaves, over any bytes. As the state
 * afterwards is one of those, too, this holds for any number of calls.
 *
 * Beside that what an error says, ids, and commands into any room.
 */
#include "tests/prove/prove.h"

#include "wire/resp.h"

/* The longest line of a number. */
#define NUMBER_MAX 23

/* ---- Reading ------------------------------------------------------------- */

/* First bytes of a line that are one case. */
struct types {
    uint8_t least, most;
    uint32_t line_max; /* 0: no line begins so */
};

static const struct types cases[] = {
    {'+', '+', RESP_LINE_MAX}, {'-', '-', RESP_LINE_MAX},
    {':', ':', NUMBER_MAX},    {'$', '$', NUMBER_MAX},
    {'*', '*', NUMBER_MAX},    {0, '$' - 1, 0},
    {'$' + 1, '*' - 1, 0},     {'+' + 1, '-' - 1, 0},
    {'-' + 1, ':' - 1, 0},     {':' + 1, UINT8_MAX, 0},
};

/* Inside up to so many arrays, of any lengths, of which any number of elements
   has begun: more than there are as well, as nothing but an index rests on
   it. */
static struct resp_reader any_reader(uint32_t least, uint32_t most)
{
    struct resp_reader r = {.depth = (uint32_t)any_between(least, most)};
    any_bytes(r.open, sizeof r.open);
    return r;
}

/* What is not taken is `left` bytes. */
static void check_reader(const struct resp_reader *r, size_t left)
{
    //@ assert depth: r->depth <= RESP_DEPTH_MAX;
    if (r->fault)
        return;
    if (r->bulk) {
        //@ assert bulk: 2 <= r->bulk <= INT64_MAX + 2 && r->seen == 0;
    } else {
        //@ assert line: r->seen <= left && r->seen < RESP_LINE_MAX;
    }
}

static struct resp_event read_one(struct resp_reader *r, const uint8_t *in,
                                  size_t len)
{
    struct resp_limits limits = {.bulk = any_u64(), .count = any_u32()};
    struct resp_event event;
    size_t taken = resp_read(r, &limits, in, len, &event);
    //@ assert taken: taken <= len;
    check_reader(r, len - taken);
    resp_at_rest(r, len - taken);
    if (event.type == RESP_FAIL) {
        //@ assert all: taken == len;
        //@ assert why: r->fault != \null && event.reason == r->fault;
        return event;
    }
    //@ assert no_fault: r->fault == \null;
    if (event.type == RESP_END) {
        //@ assert taken_none: taken == 0;
    } else if (event.type != RESP_NONE) {
        //@ assert progress: taken > 0;
    } else if (!r->bulk) {
        //@ assert waits: r->seen == len - taken;
    }
    if (event.text.len) {
        //@ assert inside: in <= event.text.ptr;
        //@ assert no_longer: event.text.ptr + event.text.len <= in + len;
    }
    return event;
}

/* A line of which `seen` bytes were looked at before. */
static void read_line(uint8_t *in, size_t len, size_t seen, struct types types)
{
    struct resp_reader r = any_reader(0, RESP_DEPTH_MAX);
    r.seen = (uint32_t)seen;
    any_bytes(in, len);
    if (len)
        in[0] = (uint8_t)any_between(types.least, types.most);
    read_one(&r, in, len);
}

static void read_lines(uint8_t *in, size_t len, size_t step)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_line(in, len, 0, cases[i]);
        for (size_t seen = 1; seen <= len && seen < cases[i].line_max;
             seen += step)
            read_line(in, len, seen, cases[i]);
    }
}

/* The bytes of a bulk string, of a length within these with its CRLF. */
static void read_bulk(uint8_t *in, size_t len, uint64_t least, uint64_t most)
{
    struct resp_reader r = any_reader(0, RESP_DEPTH_MAX);
    r.bulk = any_between(least, most);
    any_bytes(in, len);
    struct resp_event event = read_one(&r, in, len);
    if (event.type == RESP_NONE) {
        //@ assert waits: len < least && r.bulk > len;
    }
}

static void read_any(size_t len, size_t step)
{
    static uint8_t memory[NUMBER_MAX + 3];
    uint8_t *in = memory + sizeof memory - len;
    read_lines(in, len, step);
    for (size_t bulk = 2; bulk <= len; bulk += step)
        read_bulk(in, len, bulk, bulk);
    read_bulk(in, len, len < 2 ? 2 : len + 1, (uint64_t)INT64_MAX + 2);
}

/* Text around the longest there may be. */
static void read_long(size_t len, size_t seen)
{
    static uint8_t memory[RESP_LINE_MAX + 2];
    read_line(memory + sizeof memory - len, len, seen, cases[0]);
}

/* Inside so many arrays the next element is one of the array's: its elements
   are at least `least`, of which fewer have begun. Any two numbers of which
   one is less stand so to some third. */
static void read_element(uint32_t depth, const char *shape, uint32_t least)
{
    struct span in = any_like(shape, 0);
    struct resp_reader r = any_reader(depth, depth);
    struct resp_array *inner = &r.open[depth - 1];
    inner->begun = (uint32_t)any_between(0, least - 1);
    inner->count = (uint32_t)any_between(least, UINT32_MAX);
    struct resp_event event = read_one(&r, in.ptr, in.len);
    //@ assert index: event.index < least;
    //@ assert begun: inner->begun <= least <= inner->count;
}

/* Ends come to an end. */
static void read_end(uint32_t depth)
{
    struct resp_reader r = any_reader(depth, depth);
    struct resp_event event = read_one(&r, any_text(1), 1);
    if (event.type == RESP_END) {
        //@ assert less_open: r.depth == depth - 1 && event.depth == r.depth;
        //@ assert last: event.last <==> depth == 1;
    }
}

/* A fault stays, whatever else the reader says. */
static void read_fault(size_t len)
{
    static const char fault[] = "a fault";
    struct resp_limits limits = {.bulk = any_u64(), .count = any_u32()};
    struct resp_reader r = any_reader(0, UINT32_MAX);
    struct resp_event event;
    r.seen = any_u32();
    r.bulk = any_u64();
    r.fault = fault;
    size_t taken = resp_read(&r, &limits, any_text(len), len, &event);
    //@ assert all_of_it: taken == len && event.type == RESP_FAIL;
    //@ assert the_same: r.fault == &fault[0] && event.reason == &fault[0];
    bool rests = resp_at_rest(&r, len);
    //@ assert no_rest: !rests;
}

static void read(void)
{
    for (size_t len = 0; len <= SIZE(4, 9); len++)
        read_any(len, 1);
    for (size_t len = NUMBER_MAX - SIZE(0, 1); len <= NUMBER_MAX + SIZE(0, 3);
         len++)
        read_any(len, SIZE(20, 7));
    for (size_t seen = RESP_LINE_MAX - SIZE(2, 5); seen < RESP_LINE_MAX; seen++)
        for (size_t len = seen; len <= RESP_LINE_MAX + 2; len++)
            read_long(len, seen);
    for (uint32_t depth = 1; depth <= RESP_DEPTH_MAX; depth += SIZE(3, 1)) {
        read_end(depth);
        for (uint32_t least = 1; least; least <<= SIZE(16, 4)) {
            read_element(depth, "+?\r\n", least);
            read_element(depth, "*?\r\n", least);
            read_element(depth, "$1\r\n???", least);
        }
    }
    for (size_t len = 0; len <= 2; len++)
        read_fault(len);
}

/* ---- What an error says, and ids ----------------------------------------- */

static void word_of_any(struct span error)
{
    enum resp_word word = resp_word_of(error);
    //@ assert one_of_them: word <= RESP_WORD_CLUSTERDOWN;
}

static void parse_any(size_t len)
{
    struct resp_id id = {0};
    if (resp_id_parse(bytes_span(any_text(len), len), &id)) {
        //@ assert both: len >= 3;
    }
}

static void parse_like(const char *shape)
{
    struct resp_id id;
    resp_id_parse(any_like(shape, 0), &id);
}

static void parse(void)
{
    for (size_t len = 0; len <= SIZE(4, 12); len++) {
        word_of_any(bytes_span(any_text(len), len));
        parse_any(len);
    }
    word_of_any(bytes_span(NULL, 0));
    word_of_any(any_like("?????????? ?", 0));
    word_of_any(
        any_like("ERR The ID specified in XADD is equal or smaller?", 0));
    word_of_any(
        any_like("ERR The ID specified in XADD is equal or smalle?", 0));
    word_of_any(any_like("OOM ?", 0));
    parse_any(SIZE(21, 41));
    parse_like("1844674407370955161?-1844674407370955161?");
    parse_like("18446744073709551615-18446744073709551615");
    parse_like("18446744073709551616-1");
}

/* ---- Writing ------------------------------------------------------------- */

/* The room behind what is in the text before. */
static struct text any_room(size_t room)
{
    static uint8_t memory[96];
    struct text t = text_over(memory + sizeof memory - (room + 1), room + 1);
    t.len = 1;
    return t;
}

static void end_one(struct resp_command *c, const struct text *t)
{
    bool whole = resp_end(c);
    //@ assert in_it: t->len <= t->size && !t->overflow;
    if (whole) {
        //@ assert written: t->len > 1;
    } else {
        //@ assert taken_back: t->len == 1;
    }
}

static void write_any(size_t room, size_t len)
{
    struct text t = any_room(room);
    struct resp_command c = resp_begin(&t, 2);
    resp_put(&c, bytes_span(any_text(len), len));
    resp_put(&c, bytes_span(NULL, 0));
    end_one(&c, &t);
    t = any_room(room);
    c = resp_begin(&t, 1);
    struct span parts[] = {{any_text(len), len}, {NULL, 0}, {any_text(1), 1}};
    resp_put_parts(&c, parts, len % 4);
    end_one(&c, &t);
}

/* Any number of so many digits. */
static uint64_t any_of(unsigned digits)
{
    uint64_t least = 1;
    for (unsigned i = 1; i < digits; i++)
        least *= 10;
    return any_between(digits == 1 ? 0 : least,
                       digits == 20 ? UINT64_MAX : least * 10 - 1);
}

static void write_number(size_t room, unsigned digits)
{
    struct text t = any_room(room);
    struct resp_command c = resp_begin(&t, 1);
    resp_put_number(&c, any_of(digits));
    end_one(&c, &t);
    t = any_room(room);
    c = resp_begin(&t, 1);
    resp_put_next(&c, any_of(digits));
    end_one(&c, &t);
    t = any_room(room);
    if (digits < 10)
        resp_begin(&t, (uint32_t)any_of(digits) + 1);
    else
        resp_begin(&t, (uint32_t)any_between(1000000000, UINT32_MAX));
}

static void write_id(size_t room, unsigned epoch, unsigned number)
{
    struct resp_id id = {.epoch = any_of(epoch), .number = any_of(number)};
    struct text t = any_room(room);
    struct resp_command c = resp_begin(&t, 1);
    resp_put_id(&c, &id);
    end_one(&c, &t);
}

static void write_numbers(size_t room)
{
    for (unsigned digits = 1; digits <= 20; digits += SIZE(9, 1)) {
        write_number(room, digits);
        for (unsigned more = 1; more <= 20; more += SIZE(9, 3))
            write_id(room, digits, more);
    }
}

static void write(void)
{
    for (size_t room = 0; room <= 32; room += SIZE(8, 1))
        for (size_t len = 0; len <= SIZE(1, 2); len++)
            write_any(room, len);
    for (size_t room = SIZE(24, 0); room <= 64; room += SIZE(40, 32))
        write_numbers(room);
}

void main(void)
{
    read();
    parse();
    write();
}
