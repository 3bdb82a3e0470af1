/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/frame.c src/wire/frame.h
 * eva: -eva-slevel 200 -eva-split-return full
 *
 * Headers of any bytes, cut anywhere; a header of any length, written and read
 * again; and masking, of any 24 bytes at most and with any key.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

#include "wire/frame.h"

static void read_any(size_t len)
{
    uint8_t memory[FRAME_HEADER_MAX + 1];
    struct frame_header header;
    enum frame_step step =
        frame_read(&header, any_end(memory, sizeof memory, len), len);
    if (len >= 2) {
        //@ assert early: \initialized(&header.masked);
        //@ assert four_bits: header.opcode <= 15;
        frame_opcode_known(header.opcode);
        frame_is_control(header.opcode);
    }
    if (step == FRAME_DONE) {
        //@ assert taken: 2 <= header.header_len <= len;
        //@ assert length: header.payload_length <= INT64_MAX;
    }
}

/* What is written is read as it was, and not without its last byte. */
static void write_and_read(uint64_t least, uint64_t most, bool masked)
{
    uint8_t out[FRAME_HEADER_MAX], key[4], first = FRAME_FIN | FRAME_TEXT;
    struct frame_header header;
    uint64_t length = any_between(least, most);
    any_bytes(key, sizeof key);
    size_t len = masked ? frame_write_masked(out, first, length, key)
                        : frame_write(out, first, length);
    enum frame_step step = frame_read(&header, out, len);
    //@ assert whole: step == FRAME_DONE;
    //@ assert all_of_it: header.header_len == len;
    //@ assert first_byte: header.fin && header.opcode == FRAME_TEXT;
    //@ assert mask: header.masked == masked;
    //@ assert length: least <= header.payload_length <= most;
    step = frame_read(&header, out, len - 1);
    //@ assert no_less: step == FRAME_MORE;
}

/* For each length up to 125, each upper byte of 16 bits, and each highest bit
   of 64: Eva knows no more of two bytes than what each of them may be. */
static void write_and_read_all(bool masked)
{
    for (uint64_t length = 0; length <= FRAME_CONTROL_MAX; length++)
        write_and_read(length, length, masked);
    write_and_read(FRAME_CONTROL_MAX + 1, UINT8_MAX, masked);
    for (uint64_t upper = 1; upper <= UINT8_MAX; upper += SIZE(16, 1))
        write_and_read(upper << 8, upper << 8 | UINT8_MAX, masked);
    for (unsigned bit = 16; bit < 63; bit += SIZE(8, 1))
        write_and_read(UINT64_C(1) << bit, (UINT64_C(2) << bit) - 1, masked);
}

static void mask_any(size_t len)
{
    uint8_t memory[24], key[4];
    any_bytes(key, sizeof key);
    frame_mask(any_end(memory, sizeof memory, len), len, key, any_u64());
}

/* Masked in two pieces and unmasked as a whole. No bit has to do with another,
   so it is enough that bits of 0 and 1 meet keys of 0 and 1. */
static void mask_twice(size_t cut, uint64_t offset, unsigned keys)
{
    uint8_t bytes[11], before[11], key[4];
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = keys >> i & 1 ? 0xFF : 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        before[i] = bytes[i] = i & 4 ? 0xFF : 0;
    frame_mask(bytes, cut, key, offset);
    frame_mask(bytes + cut, sizeof bytes - cut, key, offset + cut);
    frame_mask(bytes, sizeof bytes, key, offset);
    for (size_t i = 0; i < sizeof bytes; i++) {
        //@ assert identity: bytes[i] == before[i];
    }
}

static void mask_twice_all(void)
{
    for (uint64_t offset = 0; offset < 4; offset++)
        for (unsigned keys = 0; keys < 16; keys++)
            for (size_t cut = 0; cut <= 11; cut += SIZE(11, 3))
                mask_twice(cut, offset, keys);
}

void main(void)
{
    for (size_t len = 0; len <= FRAME_HEADER_MAX + 1; len++)
        read_any(len);
    write_and_read_all(false);
    write_and_read_all(true);
    for (size_t len = 0; len <= 24; len++)
        mask_any(len);
    mask_twice_all();
}
