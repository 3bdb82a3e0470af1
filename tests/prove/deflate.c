/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/deflate.c src/wire/deflate.h src/wire/deflate_symbols.h
 * with: src/wire/huffman.c src/wire/inflate.c src/base/text.c src/base/bytes.c
 * eva: -eva-slevel 100000 -eva-split-return full
 * eva: -eva-auto-loop-unroll 2000 -eva-plevel 2000
 * eva: -eva-slevel-function lower:0
 * slow: yes
 *
 * Some texts, as they stand, each way and with little room; what is compressed
 * can be decompressed. The window when it is full.
 */
#include "tests/prove/prove.h"

#include "wire/deflate.h"
#include "wire/inflate.h"

#define OUT_MAX 400

static struct deflate z;

/* ---- Texts --------------------------------------------------------------- */

/* Is it what was written? */
static void check(const uint8_t *ptr, size_t len, struct span expected)
{
    static struct inflate i;
    uint8_t memory[OUT_MAX];
    struct span in = bytes_span(ptr, len);
    struct text out = text_over(memory, sizeof memory);
    unsigned blocks = 9;
    inflate_init(&i, 15);
    enum inflate_status status = inflate_run(&i, &in, &out, &blocks);
    //@ assert read: status == INFLATE_INPUT;
    bool equal = bytes_equal(text_span(&out), expected);
    //@ assert equal: equal;
}

/* `room` bytes at a time, in memory that ends where `bound` says. */
static void compress(struct span text, size_t size, enum deflate_effort effort,
                     enum deflate_flush flush, size_t room)
{
    uint8_t memory[OUT_MAX];
    struct span in = text;
    size_t bound = deflate_bound(in.len);
    struct text out = text_over(memory + sizeof memory - bound, 0);
    enum deflate_status status;
    deflate_init(&z, 8, size, effort);
    do {
        out.size = bytes_min(out.size + room, bound);
        status = deflate_run(&z, &in, &out, flush);
        //@ assert room: out.len <= out.size;
    } while (status == DEFLATE_OUTPUT && out.size < bound);
    if (flush == DEFLATE_MORE) {
        //@ assert more: status == DEFLATE_INPUT && in.len == 0;
        return;
    }
    //@ assert done: status == DEFLATE_DONE && in.len == 0;
    check(out.ptr, out.len, text);
}

static void compress_each(struct span text)
{
    compress(text, 1, DEFLATE_SMALL, DEFLATE_MESSAGE, OUT_MAX);
    compress(text, SIZE_MAX, DEFLATE_FAST, DEFLATE_SYNC, OUT_MAX);
}

/* So many bytes from `first` on, each by `step` more than the one before. */
static struct span row(uint8_t first, uint8_t step, size_t len)
{
    static uint8_t memory[OUT_MAX];
    uint8_t *ptr = memory + sizeof memory - len;
    for (size_t i = 0; i < len; i++)
        ptr[i] = (uint8_t)(first + i * step);
    return bytes_span(ptr, len);
}

/* ---- Inside -------------------------------------------------------------- */

/* Nothing has matched for so long. */
static void pass_over(uint32_t unmatched, enum deflate_effort effort)
{
    uint8_t memory[OUT_MAX];
    struct span text = row(0, 7, 24), in = text;
    struct text out = text_over(memory, sizeof memory);
    deflate_init(&z, 8, SIZE_MAX, effort);
    z.unmatched = unmatched;
    enum deflate_status status = deflate_run(&z, &in, &out, DEFLATE_MESSAGE);
    //@ assert done: status == DEFLATE_DONE;
    check(out.ptr, out.len, text);
}

/* One token more, and the block is full; its bytes have left the window. */
static void fill_block(enum deflate_effort effort)
{
    uint8_t memory[1];
    struct span in = row(1, 1, 8);
    struct text out = text_over(memory, 0);
    deflate_init(&z, 8, SIZE_MAX, effort);
    z.token_count = DEFLATE_TOKENS - 1;
    z.block_len = DEFLATE_WINDOW;
    enum deflate_status status = deflate_run(&z, &in, &out, DEFLATE_MESSAGE);
    //@ assert full: status == DEFLATE_OUTPUT;
}

/* With any bytes and any positions in it. */
static void slide_any(void)
{
    uint8_t byte[1], memory[1];
    struct span in = bytes_span(byte, 1);
    struct text out = text_over(memory, sizeof memory);
    any_bytes(byte, 1);
    deflate_init(&z, 15, 1, DEFLATE_SMALL);
    z.at = z.end = DEFLATE_WINDOW;
    any_bytes(z.window, sizeof z.window);
    any_bytes(z.first, sizeof z.first);
    any_bytes(z.near, sizeof z.near);
    any_bytes(z.previous, sizeof z.previous);
    deflate_run(&z, &in, &out, DEFLATE_MORE);
    //@ assert taken: in.len == 0 && z.at == DEFLATE_WINDOW / 2;
    //@ assert end: z.end == z.at + 1;
}

/* A byte for which there is room only when another has been parsed. */
static void slide_late(void)
{
    uint8_t byte[1] = {0}, memory[1];
    struct span in = bytes_span(byte, 1);
    struct text out = text_over(memory, sizeof memory);
    deflate_init(&z, 15, 1, DEFLATE_SMALL);
    memset(z.window, 0, sizeof z.window);
    z.at = DEFLATE_WINDOW - SYMBOLS_MAX_LENGTH - 5;
    z.end = DEFLATE_WINDOW;
    enum deflate_status status = deflate_run(&z, &in, &out, DEFLATE_SYNC);
    //@ assert taken: status == DEFLATE_OUTPUT && in.len == 0;
}

/* ---- Symbols ------------------------------------------------------------- */

static void symbols_each(void)
{
    for (unsigned length = 3; length <= SYMBOLS_MAX_LENGTH; length++) {
        unsigned n = symbols_of_length(length);
        unsigned base = (unsigned)SYMBOLS_LENGTH_BASE(n);
        unsigned extra = (unsigned)SYMBOLS_LENGTH_EXTRA(n);
        //@ assert covers: base <= length < base + (1 << extra);
    }
    for (unsigned n = 0; n < SYMBOLS_DISTANCES_USED; n++) {
        unsigned base = (unsigned)SYMBOLS_DISTANCE_BASE(n);
        unsigned extra = (unsigned)SYMBOLS_DISTANCE_EXTRA(n);
        unsigned first = symbols_of_distance(base);
        unsigned last = symbols_of_distance(base + (1u << extra) - 1);
        //@ assert first: first == n;
        //@ assert last: last == n;
    }
}

void main(void)
{
    static const char *const texts[] = {
        "abcdPfghi1abcdQfgh2abcdQfghi3abcdQfghi3abcdQabc*abc",
        "abacadbcbdcdaabbccddabdcacbdadbcbacbdcabddacbaadcbbcadccabdb",
    };
    compress(row(0, 0, 0), 1, DEFLATE_SMALL, DEFLATE_SYNC, 1);
    compress(row(1, 1, 8), 1, DEFLATE_FAST, DEFLATE_MORE, 0);
    compress(row(1, 1, 8), 1, DEFLATE_SMALL, DEFLATE_MESSAGE, 1);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        compress_each(bytes_of(texts[i]));
    compress_each(row(0, 0, 300));
    compress(BYTES_LITERAL("abcxabcyabcdxabcdefabcdxyabcdefxyabcdxzabcdefghij"),
             1, DEFLATE_SMALL, DEFLATE_MESSAGE, 20);
    compress(row(0x90, 1, 40), 1, DEFLATE_SMALL, DEFLATE_MESSAGE, 7);
    compress(row(0, 1, 256), 1, DEFLATE_SMALL, DEFLATE_SYNC, 100);
    pass_over(300, DEFLATE_FAST);
    pass_over(5000, DEFLATE_SMALL);
    fill_block(DEFLATE_FAST);
    fill_block(DEFLATE_SMALL);
    slide_late();
    slide_any();
    symbols_each();
}
