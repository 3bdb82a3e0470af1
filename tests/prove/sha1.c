/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/sha1.c
 * with: src/base/bytes.c
 *
 * Any bytes, taken in two pieces around the end of a block.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

static void digest(size_t first, size_t second)
{
    struct sha1 s;
    uint8_t out[SHA1_LEN];
    sha1_init(&s);
    sha1_take(&s, any_text(first), first);
    sha1_take(&s, any_text(second), second);
    sha1_finish(&s, out);
    //@ assert all_of_it: \initialized(&out[0 .. 19]);
}

void main(void)
{
    digest(0, 0);
    digest(0, 55);
    digest(1, 55);
    digest(55, 8);
    digest(55, 64);
    digest(64, 64);
}
