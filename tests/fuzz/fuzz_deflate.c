/* SPDX-License-Identifier: MIT */
/*
 * fuzz_deflate: any bytes there and back.
 *
 * The first byte chooses the window and the sizes of the pieces, the second
 * the effort, and how often the rest is repeated, so that the window fills and
 * slides.
 */
#include <stdlib.h>

#include "support/codec.h"

#define PLAIN 200000

static uint8_t plain[PLAIN], packed[PLAIN + 1000], back[PLAIN];

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
    static struct deflate z;
    static struct inflate inflater;
    if (len < 2 || len > 20000)
        return 0;
    unsigned bits = 8 + (ptr[0] & 7);
    size_t step = (ptr[0] >> 3 & 3) * 7u, room = (ptr[0] >> 5) * 5u, size = 0;
    for (unsigned i = 0; i <= ptr[1] && size + len - 2 <= PLAIN; i++) {
        memcpy(plain + size, ptr + 2, len - 2);
        size += len - 2;
    }
    struct text out = text_over(packed, sizeof packed);
    deflate_init(&z, bits, ptr[0] & 1 ? size : SIZE_MAX,
                 ptr[1] & 1 ? DEFLATE_FAST : DEFLATE_SMALL);
    codec_deflate(&z, bytes_span(plain, size), step, &out, room, DEFLATE_SYNC);
    must(out.len <= deflate_bound(size));

    struct text again = text_over(back, PLAIN);
    inflate_init(&inflater, bits);
    must(codec_inflate(&inflater, text_span(&out), 0, &again, 0) ==
         INFLATE_INPUT);
    must(again.len == size && memcmp(plain, back, size) == 0);
    return 0;
}
