/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/inflate.c src/wire/inflate.h
 * with: src/wire/huffman.c src/base/text.c src/base/bytes.c
 * eva: -eva-slevel 100000 -eva-split-return full -eva-ilevel 300
 * eva: -eva-auto-loop-unroll 2000 -eva-plevel 2000
 * slow: yes
 *
 * Blocks of each kind from the beginning, of some shapes and with any bytes in
 * them: there what has not come out yet is not initialized, and reading it an
 * alarm. Then a call in any state of some codes, anywhere in the window, over
 * any bytes; and the fast loop over bytes one by one.
 */
#include "tests/prove/prove.h"

#include "wire/inflate.h"

#define STREAM_MAX 64
#define ROOM_MAX   320

/* ---- One call ------------------------------------------------------------ */

static enum inflate_status run(struct inflate *z, const uint8_t *ptr,
                               size_t len, size_t room, unsigned blocks)
{
    uint8_t memory[ROOM_MAX];
    struct span in = bytes_span(ptr, len);
    struct text out = text_over(memory + sizeof memory - room, room);
    unsigned left = blocks;
    enum inflate_status status = inflate_run(z, &in, &out, &left);
    //@ assert taken: ptr <= in.ptr && in.len <= len;
    //@ assert room: out.len <= room && !out.overflow;
    //@ assert blocks: left <= blocks;
    //@ assert at: z->at < INFLATE_WINDOW;
    //@ assert history: z->history <= z->window_size;
    if (status == INFLATE_INPUT) {
        //@ assert all: in.len == 0;
    }
    return status;
}

/* ---- Streams ------------------------------------------------------------- */

struct stream {
    struct bits_writer w;
    uint8_t bytes[STREAM_MAX];
};

static void begin(struct stream *s)
{
    s->w = (struct bits_writer){s->bytes, s->bytes + sizeof s->bytes, {0}};
}

static void put(struct stream *s, unsigned value, unsigned bits)
{
    bits_put(&s->w, value, bits);
    bits_drain(&s->w);
}

/* So many bytes behind it that are any; all of it lies at the end of memory. */
static const uint8_t *end(struct stream *s, size_t more, size_t *len)
{
    static uint8_t memory[STREAM_MAX];
    bits_pad(&s->w);
    bits_drain(&s->w);
    size_t fixed = (size_t)(s->w.next - s->bytes);
    *len = fixed + more;
    uint8_t *ptr = any_end(memory, sizeof memory, *len);
    memcpy(ptr, s->bytes, fixed);
    return ptr;
}

/* What has been put, and `more` bytes that are any. */
static struct inflate run_stream(struct stream *s, size_t more, size_t room,
                                 unsigned blocks)
{
    struct inflate z;
    size_t len;
    const uint8_t *ptr = end(s, more, &len);
    inflate_init(&z, 15);
    run(&z, ptr, len, room, blocks);
    return z;
}

/* ---- Stored and fixed ---------------------------------------------------- */

static void stored_any(unsigned len, size_t there, size_t room)
{
    struct stream s;
    begin(&s);
    put(&s, 0, 3);
    bits_pad(&s.w);
    put(&s, len, 16);
    put(&s, len ^ 0xFFFF, 16);
    run_stream(&s, there, room, 1);
}

static void block_any(unsigned type, unsigned final, size_t more, size_t room,
                      unsigned window_bits)
{
    struct inflate z;
    uint8_t memory[8];
    uint8_t *ptr = any_end(memory, sizeof memory, 1 + more);
    ptr[0] = (uint8_t)(any_between(0, 31) << 3 | type << 1 | final);
    inflate_init(&z, window_bits);
    run(&z, ptr, 1 + more, room, 1);
    inflate_before_stored_length(&z);
}

static void stored_and_fixed(void)
{
    for (unsigned len = 0; len <= 3; len++)
        for (size_t there = 0; there <= 3; there++)
            for (size_t room = 0; room <= 3; room++)
                stored_any(len, there, room);
    block_any(0, 0, 0, 0, 15);
    block_any(0, 0, 1, 0, 15);
    block_any(0, 0, 4, 0, 15);
    block_any(2, 0, 2, 0, 15);
    block_any(3, 0, 0, 0, 15);
    for (size_t more = 0; more <= SIZE(1, 3); more++)
        for (size_t room = 0; room <= SIZE(2, 4); room++) {
            block_any(1, 1, more, room, 8);
            block_any(1, 0, more, room, 15);
        }
}

/* ---- The head of a dynamic block ----------------------------------------- */

/* The code for code lengths that is used here:
       1 -> 00   2 -> 01   18 -> 10   16 -> 110   17 -> 111 */
static void put_counts(struct stream *s, unsigned literals, unsigned distances)
{
    static const uint8_t order[SYMBOLS_LENGTHS] = {SYMBOLS_LENGTH_ORDER};
    put(s, 0, 1);
    put(s, 2, 2);
    put(s, literals - 257, 5);
    put(s, distances - 1, 5);
    put(s, SYMBOLS_LENGTHS - 1 - 4, 4);
    for (unsigned i = 0; i < SYMBOLS_LENGTHS - 1; i++) {
        bool two = order[i] == 18 || order[i] == 1 || order[i] == 2;
        put(s, order[i] == 16 || order[i] == 17 ? 3 : two ? 2 : 0, 3);
    }
}

static void put_length(struct stream *s, unsigned length)
{
    put(s, length == 1 ? 0 : 2, 2);
}

static void put_again(struct stream *s, unsigned times)
{
    put(s, 3, 3);
    put(s, times - 3, 2);
}

static void put_zeros(struct stream *s, unsigned times)
{
    //@ assert can_be_told: times == 0 || times >= 3;
    while (times >= 11) {
        unsigned n = times < 138 ? times : 138;
        put(s, 1, 2);
        put(s, n - 11, 7);
        times -= n;
    }
    if (times) { /* 3 to 10 */
        put(s, 7, 3);
        put(s, times - 3, 3);
    }
}

/* Two bits each: a literal, the end, and two lengths; one bit each: two
   distances. Of both alphabets the later symbols are told; there must be none
   or more than two between those and the others. */
static void put_codes(struct stream *s, unsigned length, unsigned distance)
{
    put_counts(s, length + 1, distance + 1);
    put_zeros(s, 97);
    put_length(s, 2);
    put_zeros(s, SYMBOLS_END - 98);
    put_length(s, 2);
    put_zeros(s, length - SYMBOLS_END - 2);
    put_length(s, 2);
    put_length(s, 2);
    put_zeros(s, distance - 1);
    put_length(s, 1);
    put_length(s, 1);
}

/* ---- Dynamic, from the beginning ----------------------------------------- */

/* Three lengths of the code for code lengths, of each kind. */
static void code_lengths_each(void)
{
    for (unsigned which = 0; which < 27; which++) {
        struct stream s;
        begin(&s);
        put(&s, 2 << 1, 3);
        put(&s, 0, 14);
        put(&s, which % 3, 3);
        put(&s, which / 3 % 3, 3);
        put(&s, which / 9, 3);
        put(&s, 0, 3);
        run_stream(&s, 0, 0, 1);
    }
}

/* 255 literals without a code, and then these lengths, of which the second is
   the end's. */
static void lengths(unsigned literals, unsigned distances, const char *digits,
                    enum inflate_failure failure)
{
    struct stream s;
    begin(&s);
    put_counts(&s, literals, distances);
    put_zeros(&s, 255);
    for (; *digits; digits++) {
        switch (*digits) {
        case '0': put_zeros(&s, 3); break;
        case '=': put_again(&s, 3); break;
        default: put_length(&s, (unsigned)(*digits - '0'));
        }
    }
    struct inflate z = run_stream(&s, SIZE(1, 2), 3, 1);
    if (failure) {
        //@ assert failure: z.failure == failure;
    }
}

static void lengths_each(void)
{
    struct stream s;
    begin(&s);
    put_counts(&s, 257, 1);
    put_again(&s, 3); /* what? */
    run_stream(&s, 0, 0, 1);
    lengths(257, 1, "0", INFLATE_NO_END);
    lengths(257, 1, "1=", INFLATE_REPEAT_TOO_MUCH);
    lengths(258, 1, "1111", INFLATE_LITERALS_OVERSUBSCRIBED);
    lengths(257, 1, "221", INFLATE_LITERALS_INCOMPLETE);
    lengths(257, 3, "11111", INFLATE_DISTANCES_OVERSUBSCRIBED);
    lengths(257, 2, "1122", INFLATE_DISTANCES_INCOMPLETE);
    lengths(257, 3, "110", INFLATE_NO_FAILURE);
    lengths(258, 1, "2211", INFLATE_NO_FAILURE);
    lengths(259, 2, "2=11", INFLATE_NO_FAILURE);
}

/* The input ends anywhere. */
static void cut_each(void)
{
    struct stream s;
    size_t len;
    begin(&s);
    put_codes(&s, 261, 4);
    const uint8_t *ptr = end(&s, 0, &len);
    for (size_t first = 1; first < len; first += SIZE(9, 1)) {
        struct inflate z;
        inflate_init(&z, 15);
        run(&z, ptr, first, 0, 1);
        run(&z, ptr + first, len - first, 0, 0);
        //@ assert begun: z.state == INFLATE_AT_SYMBOL;
    }
}

/* ---- In any state -------------------------------------------------------- */

/* Anywhere in the window, after anything. */
static void any_where(struct inflate *z, uint8_t state, uint32_t at,
                      uint32_t count)
{
    any_bytes(z->window, sizeof z->window);
    z->window_size = UINT32_C(1) << 15;
    z->history = (uint32_t)any_between(0, z->window_size);
    z->at = at;
    z->final = any_bool();
    z->bits = (struct bits){any_between(0, bits_mask(count)), count};
    z->length = (uint16_t)any_between(1, SYMBOLS_MAX_LENGTH);
    z->distance = (uint16_t)any_between(1, SYMBOLS_MAX_DISTANCE);
    z->state = state;
}

static void run_any(struct inflate *z, size_t len, size_t room, unsigned blocks)
{
    uint8_t memory[4];
    run(z, any_end(memory, sizeof memory, len), len, room, blocks);
}

static void symbols_any(const struct inflate *begun, uint32_t at)
{
    for (uint8_t state = INFLATE_AT_SYMBOL; state <= INFLATE_AT_FAILED; state++)
        for (uint32_t count = 0; count <= 9; count += 9)
            for (size_t len = SIZE(1, 0); len <= SIZE(1, 2); len++)
                for (size_t room = SIZE(2, 0); room <= 2; room++) {
                    struct inflate z = *begun;
                    any_where(&z, state, at, count);
                    run_any(&z, len, room, 0);
                }
}

static void stored_inside(uint32_t at, uint16_t least, uint16_t most)
{
    for (size_t len = 0; len <= 2; len++)
        for (size_t room = 0; room <= 2; room++) {
            struct inflate z;
            any_where(&z, INFLATE_AT_STORED, at, 0);
            z.length = (uint16_t)any_between(least, most);
            run_any(&z, len, room, 0);
        }
}

/* A block's head, which is not read to its end. */
static void heads_any(void)
{
    for (uint32_t count = 0; count < 8; count++)
        for (size_t len = 0; len <= 1; len++) {
            struct inflate z;
            any_where(&z, INFLATE_AT_HEADER, 0, count);
            run_any(&z, len, 0, 0);
            any_where(&z, INFLATE_AT_HEADER, 0, count);
            run_any(&z, len, 0, 1);
            any_where(&z, INFLATE_AT_STORED_LENGTH, 0, 8 * count);
            run_any(&z, len, 0, 0);
            any_where(&z, INFLATE_AT_COUNTS, 0, count);
            run_any(&z, len, 0, 0);
        }
    for (uint16_t at = 0; at <= 13; at++) {
        struct inflate z;
        any_where(&z, INFLATE_AT_CODE_LENGTHS, 0, 2);
        any_bytes(z.lengths, sizeof z.lengths);
        z.code_count = SYMBOLS_LENGTHS;
        z.count = at;
        run_any(&z, 1, 0, 0);
    }
}

/* Of a code of two bits for three lengths, and for one repetition. */
static void lengths_inside(unsigned repetition)
{
    static const uint8_t order[SYMBOLS_LENGTHS] = {SYMBOLS_LENGTH_ORDER};
    struct stream s;
    begin(&s);
    put(&s, 2 << 1, 3);
    put(&s, SYMBOLS_LITERALS_USED - 257, 5);
    put(&s, SYMBOLS_DISTANCES_USED - 1, 5);
    put(&s, SYMBOLS_LENGTHS - 4, 4);
    for (unsigned i = 0; i < SYMBOLS_LENGTHS; i++)
        put(&s, order[i] == repetition || order[i] < 3 ? 2 : 0, 3);
    const struct inflate begun = run_stream(&s, 0, 0, 1);
    //@ assert begun: begun.state == INFLATE_AT_LENGTHS;
    for (uint16_t at = 0; at <= 20; at += SIZE(20, 1)) {
        struct inflate z = begun;
        any_where(&z, INFLATE_AT_LENGTHS, 0, 4);
        any_bytes(z.lengths, sizeof z.lengths);
        z.count = at;
        run_any(&z, 1, 0, 0);
    }
}

static void anywhere(void)
{
    static const uint32_t places[] = {INFLATE_WINDOW - 1, 1};
    struct stream s;
    begin(&s);
    put_codes(&s, 284, 29);
    struct inflate begun = run_stream(&s, 0, 0, 1);
    for (unsigned i = 0; i < SIZE(1, 2); i++) {
        uint32_t at = places[i];
        symbols_any(&begun, at);
        for (uint16_t length = 1; length <= 2; length++)
            stored_inside(at, length, length);
        stored_inside(at, 3, UINT16_MAX);
    }
    heads_any();
    for (unsigned repetition = 16; repetition <= 18; repetition++)
        lengths_inside(repetition);
}

/* ---- Fast ---------------------------------------------------------------- */

/* Bytes that all are the same, the first apart: each of some. */
static void fast_each(const struct inflate *begun, uint8_t rest, size_t room)
{
    for (unsigned first = 0; first <= UINT8_MAX; first += SIZE(51, 5)) {
        uint8_t bytes[24];
        struct inflate z = *begun;
        memset(bytes, rest, sizeof bytes);
        bytes[0] = (uint8_t)first;
        run(&z, bytes, sizeof bytes, room, 0);
    }
}

static void fast(unsigned length, unsigned distance)
{
    struct stream s;
    begin(&s);
    put_codes(&s, length, distance);
    struct inflate begun = run_stream(&s, 0, 0, 1);
    begun.bits = (struct bits){0};
    fast_each(&begun, 0, 320);
    fast_each(&begun, 0x6C, 320);
    begun.window_size = 256;
    fast_each(&begun, 0x6C, 320);
    for (uint32_t at = 0; at < INFLATE_WINDOW; at += INFLATE_WINDOW - 310) {
        any_where(&begun, INFLATE_AT_SYMBOL, at, 0);
        begun.history = begun.window_size;
        begun.final = false;
        fast_each(&begun, 0x6C, 320);
    }
}

/* One distance has a code, of one bit; the other bit is bad. */
static void fast_sparse(void)
{
    struct stream s;
    begin(&s);
    put_counts(&s, 258, 1);
    put_zeros(&s, 256);
    for (unsigned i = 0; i < 3; i++)
        put_length(&s, 1);
    struct inflate begun = run_stream(&s, 0, 0, 1);
    begun.bits = (struct bits){0};
    begun.state = INFLATE_AT_SYMBOL; /* no bit of the last byte counts */
    fast_each(&begun, UINT8_MAX, 320);
    fast_each(&begun, UINT8_MAX, 40);
}

void main(void)
{
    stored_and_fixed();
    code_lengths_each();
    lengths_each();
    cut_each();
    anywhere();
    fast(258, 1);
    fast(285, 29);
    fast_sparse();
    for (unsigned i = 0; i < INFLATE_FAILURES; i++)
        inflate_reason((enum inflate_failure)i);
}
