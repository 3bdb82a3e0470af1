/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/utf8.c src/base/utf8.h
 * with: src/base/bytes.c
 * eva: -eva-slevel 20000 -eva-split-return full
 *
 * utf8_take from any state, over any bytes.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

/* From any state, and some that there are not. */
static void take_any(size_t len)
{
    struct utf8 u = {.missing = (uint8_t)any_between(0, 3),
                     .lowest = any_u8(),
                     .highest = any_u8(),
                     .failed = any_bool()};
    utf8_take(&u, any_text(len), len);
    utf8_whole(&u);
}

/* So many are ASCII that 32 are passed at a time. */
static void take_ascii(size_t len)
{
    uint8_t memory[40];
    struct utf8 u = {0};
    uint8_t *ptr = any_end(memory, sizeof memory, len);
    for (size_t i = 0; i < len; i++)
        ptr[i] = (uint8_t)any_between(0, 0x7F);
    utf8_take(&u, ptr, len);
}

/* The last byte, which utf8_printable looks behind if it is C2. */
static void print_any(size_t len, uint8_t least, uint8_t most)
{
    uint8_t memory[5];
    uint8_t *ptr = any_end(memory, sizeof memory, len);
    ptr[len - 1] = (uint8_t)any_between(least, most);
    utf8_printable(bytes_span(ptr, len));
}

void main(void)
{
    for (size_t len = 0; len <= SIZE(3, 6); len++)
        take_any(len);
    take_any(8);
    take_ascii(33);
    take_ascii(40);
    utf8_printable(bytes_span(NULL, 0));
    for (size_t len = 1; len <= SIZE(3, 4); len++) {
        print_any(len, 0, 0xC1);
        print_any(len, 0xC2, 0xC2);
        print_any(len, 0xC3, 0xFF);
    }
}
