/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/crc32c.c
 * with: src/base/bytes.c
 * eva: -eva-slevel 300
 *
 * The tables; any bytes behind any sum, and what is known of the check.
 */
#include "tests/prove/prove.h"

#include "base/crc32c.h"

static struct crc32c crc32c;

static uint32_t of_digits(size_t split)
{
    static const uint8_t digits[] = "123456789";
    uint32_t sum = crc32c_add(&crc32c, 0, bytes_span(digits, split));
    return crc32c_add(&crc32c, sum, bytes_span(digits + split, 9 - split));
}

void main(void)
{
    crc32c_init(&crc32c);
    uint32_t sum = any_u32();
    uint32_t same = crc32c_add(&crc32c, 7, bytes_span(NULL, 0));
    //@ assert nothing_adds_nothing: same == 7;
    for (size_t len = 0; len <= SIZE(10, 33); len++)
        crc32c_add(&crc32c, sum, bytes_span(any_text(len), len));
    for (size_t split = 0; split <= 9; split++) {
        uint32_t known = of_digits(split);
        //@ assert known: known == 0xE3069283;
    }
}
