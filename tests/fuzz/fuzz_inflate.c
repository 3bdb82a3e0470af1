/* SPDX-License-Identifier: MIT */
/*
 * fuzz_inflate: any bytes as DEFLATE data, at once and in pieces.
 *
 * The first byte chooses the window and the sizes of the pieces. Both ways
 * must give the same bytes, answer and reason, and what is called whole by
 * permessage must be a whole stream to a plain second decoder.
 */
#include <stdlib.h>

#include "support/codec.h"

#define OUT 70000

static uint8_t once[OUT], pieces[OUT], walked[OUT];

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *ptr, size_t len)
{
    static struct inflate z;
    static struct permessage_reader reader;
    if (len == 0)
        return 0;
    unsigned bits = 8 + (ptr[0] & 7), step = ptr[0] >> 3 & 3,
             room = ptr[0] >> 5;
    struct span in = bytes_span(ptr + 1, len - 1);

    struct text all = text_over(once, OUT);
    struct span left = in;
    unsigned blocks = UINT32_MAX;
    inflate_init(&z, bits);
    enum inflate_status status = inflate_run(&z, &left, &all, &blocks);
    uint8_t failure = z.failure;

    struct text some = text_over(pieces, OUT);
    inflate_init(&z, bits);
    must(codec_inflate(&z, in, step, &some, room) == status);
    must(some.len == all.len && z.failure == failure);
    must(memcmp(once, pieces, all.len) == 0);

    struct text out = text_over(pieces, OUT);
    left = in;
    permessage_begin(&reader, bits);
    status = permessage_read(&reader, &left, &out, &blocks);
    if (status == INFLATE_INPUT && permessage_whole(&reader)) {
        struct codec_walk walk = codec_walk(in, walked, OUT);
        must(walk.far <= 1u << bits);
        must(walk.len == out.len && memcmp(walked, pieces, out.len) == 0);
    }
    return 0;
}
