/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/utf8.c src/base/utf8.h
 * with: src/base/bytes.c
 * eva: -eva-slevel 20000 -eva-split-return full
 *
 * utf8_take from any state, over any bytes; and text in pieces, which is as
 * legal as it is whole.
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

/* ---- In pieces ----------------------------------------------------------- */

/* Bytes that RFC 3629 does not tell apart, wherever they stand. */
static const struct class
{
    uint8_t least, most;
} classes[] = {
    {0x00, 0x7F}, {0x80, 0x8F}, {0x90, 0x9F}, {0xA0, 0xBF}, {0xC0, 0xC1},
    {0xC2, 0xDF}, {0xE0, 0xE0}, {0xE1, 0xEC}, {0xED, 0xED}, {0xEE, 0xEF},
    {0xF0, 0xF0}, {0xF1, 0xF3}, {0xF4, 0xF4}, {0xF5, 0xFF},
};
#define CLASSES (sizeof classes / sizeof *classes)
#define LEAD_3  6  /* the first that begins three bytes, */
#define LEAD_4  10 /* and four */

static struct utf8 take_in_two(const uint8_t *ptr, size_t len, size_t cut)
{
    struct utf8 u = {0};
    utf8_take(&u, ptr, cut);
    utf8_take(&u, ptr + cut, len - cut);
    return u;
}

static void cut_everywhere(const uint8_t *ptr, size_t len)
{
    struct utf8 whole = take_in_two(ptr, len, len);
    for (size_t cut = 1; cut < len; cut++) {
        struct utf8 two = take_in_two(ptr, len, cut);
        //@ assert as_legal: two.failed == whole.failed;
        //@ assert as_far: two.missing == whole.missing;
        if (whole.missing) {
            //@ assert lowest: two.lowest == whole.lowest;
            //@ assert highest: two.highest == whole.highest;
        }
    }
}

/* So many bytes, of each class each, the first from `first` to before `end`. */
static void cut_all(size_t len, size_t first, size_t end)
{
    uint8_t bytes[3];
    size_t count = 1;
    for (size_t i = 1; i < len; i++)
        count *= CLASSES;
    for (size_t lead = first; lead < end; lead++)
        for (size_t number = 0; number < count; number++) {
            size_t rest = number;
            bytes[0] =
                (uint8_t)any_between(classes[lead].least, classes[lead].most);
            for (size_t i = 1; i < len; i++, rest /= CLASSES) {
                struct class c = classes[rest % CLASSES];
                bytes[i] = (uint8_t)any_between(c.least, c.most);
            }
            cut_everywhere(bytes, len);
        }
}

void main(void)
{
    cut_all(2, 0, CLASSES);
    if (SIZE(0, 1))
        cut_all(3, LEAD_3, LEAD_4);
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
