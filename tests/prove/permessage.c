/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/permessage.c
 * with: src/wire/inflate.c src/wire/huffman.c src/wire/deflate.c
 * with: src/base/text.c src/base/bytes.c
 * eva: -eva-slevel 100000 -eva-split-return full -eva-ilevel 300
 * eva: -eva-auto-loop-unroll 2000 -eva-plevel 2000
 *
 * Messages of some shapes with any bytes in them, in one piece or two; some
 * texts compressed, and read again.
 */
#include "tests/prove/prove.h"

#include "wire/permessage.h"

#define ROOM_MAX 64

static enum inflate_status read_piece(struct permessage_reader *r,
                                      const uint8_t *ptr, size_t len,
                                      size_t room)
{
    uint8_t memory[ROOM_MAX];
    struct span in = bytes_span(ptr, len);
    struct text out = text_over(memory + sizeof memory - room, room);
    unsigned blocks = 2;
    enum inflate_status status = permessage_read(r, &in, &out, &blocks);
    //@ assert never: status != INFLATE_ON && status != INFLATE_END;
    //@ assert room: out.len <= room && !out.overflow;
    //@ assert blocks: blocks <= 2;
    if (len) {
        //@ assert taken: ptr <= in.ptr && in.len <= len;
    }
    if (status == INFLATE_INPUT) {
        //@ assert all: in.len == 0;
    }
    return status;
}

/* Cut behind the first bytes; then the next message. */
static void read_like(const char *shape, size_t len, size_t first, size_t room)
{
    static uint8_t memory[ANY_LIKE_MAX];
    struct permessage_reader r;
    uint8_t *ptr = memory + sizeof memory - len;
    for (size_t i = 0; i < len; i++)
        ptr[i] = shape[i] == '?' ? any_u8() : (uint8_t)shape[i];
    permessage_begin(&r, 15);
    read_piece(&r, ptr, first, room);
    if (read_piece(&r, ptr + first, len - first, room) != INFLATE_INPUT)
        return;
    permessage_whole(&r);
    permessage_go_on(&r);
    read_piece(&r, ptr, len, room);
}

#define READ_LIKE(shape, room)                                                 \
    for (size_t first = 0; first < sizeof(shape); first++)                     \
    read_like(shape, sizeof(shape) - 1, first, room)

/* In memory of its length; what fits is shorter, and is read as it was. */
static void compress(const char *message, size_t room)
{
    static struct deflate z;
    uint8_t memory[ROOM_MAX], again[ROOM_MAX];
    size_t len = strlen(message);
    struct text out = text_over(memory + sizeof memory - room, room);
    bool shorter =
        permessage_compress(&z, 15, bytes_of(message), DEFLATE_SMALL, &out);
    //@ assert room: out.len <= room;
    if (!shorter) {
        //@ assert as_it_was: out.len == 0;
        return;
    }
    //@ assert shorter: out.len < len;
    struct permessage_reader r;
    struct span in = text_span(&out);
    struct text text = text_over(again, len);
    unsigned blocks = 2;
    permessage_begin(&r, 15);
    enum inflate_status status = permessage_read(&r, &in, &text, &blocks);
    //@ assert read: status == INFLATE_INPUT;
    bool whole = permessage_whole(&r);
    //@ assert whole: whole;
    bool equal = bytes_equal(text_span(&text), bytes_of(message));
    //@ assert equal: equal;
}

void main(void)
{
    struct permessage_reader r;
    permessage_begin(&r, 8);
    bool whole = permessage_whole(&r);
    //@ assert empty: whole;
    READ_LIKE("\x00", 1);                             /* empty */
    READ_LIKE("\xF2\x48\xCD\xC9\xC9\x07\x00", 5);     /* "Hello", 7.2.3.1 */
    READ_LIKE("\xF3\x48\xCD\xC9\xC9\x07\x00\x00", 5); /* 7.2.3.4 */
    READ_LIKE("\x00\x02\x00\xFD\xFF??\x00", 2);       /* stored */
    READ_LIKE("\x00\x02\x00\xFD\xFF??\x00", 1);
    if (SIZE(0, 1)) {
        READ_LIKE("?", 1);
        READ_LIKE("\x02?", 2);
    }
    compress("", 8);
    compress("abc", 8);
    compress("aaaaaaaaaaaaaaaaaaaaaaaa", 16);
    compress("aaaaaaaaaaaaaaaaaaaaaaaa", 3);
}
