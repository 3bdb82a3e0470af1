/* SPDX-License-Identifier: MIT */
/*
 * fuzz_frame: headers and masking.
 *
 *   - A header is whole at one length, and nothing behind it matters: every
 *     shorter part asks for more, every longer one says the same.
 *   - What is read, written again, gives the same bytes (less the mask).
 *   - Masking is what RFC 6455 5.3 says, at any offset and alignment; twice,
 *     it is nothing.
 */
#include "wire/frame.h"
#include "base/check.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct frame_header *a, const struct frame_header *b)
{
    return a->fin == b->fin && a->reserved == b->reserved &&
           a->opcode == b->opcode && a->masked == b->masked &&
           memcmp(a->masking_key, b->masking_key, 4) == 0 &&
           a->payload_length == b->payload_length &&
           a->header_len == b->header_len;
}

/* The steps of all parts of the input, each in a block of its own length, so
   that a read past its end is seen. */
static void check_parts(const uint8_t *data, size_t size)
{
    enum frame_step before = FRAME_MORE;
    struct frame_header first = {0};
    for (size_t len = 0; len <= bytes_min(size, FRAME_HEADER_MAX + 1); len++) {
        uint8_t *part = malloc(len ? len : 1);
        CHECK(part);
        if (len)
            memcpy(part, data, len);
        struct frame_header header = {0};
        enum frame_step step = frame_read(&header, part, len);
        CHECK(before == FRAME_MORE || step == before);
        CHECK(step != FRAME_MORE || len < FRAME_HEADER_MAX);
        if (step == FRAME_DONE && before == FRAME_MORE) {
            CHECK(header.header_len == len);
            first = header;
        }
        if (step == FRAME_DONE)
            CHECK(same(&header, &first));
        before = step;
        free(part);
    }
}

static void check_written(const uint8_t *data, size_t size)
{
    struct frame_header header;
    if (frame_read(&header, data, size) != FRAME_DONE)
        return;
    uint8_t out[FRAME_SERVER_HEADER_MAX];
    size_t len = frame_write(out, data[0], header.payload_length);
    CHECK(len == frame_header_len(header.payload_length));
    CHECK(len + (header.masked ? 4 : 0) == header.header_len);
    out[1] |= header.masked ? FRAME_MASK : 0;
    CHECK(memcmp(out, data, len) == 0);
}

static void check_mask(const uint8_t *data, size_t size)
{
    if (size < 5)
        return;
    const uint8_t *key = data;
    uint64_t offset = data[4] | UINT64_C(0xFFFFFFFF00000000);
    size_t len = size - 5;
    uint8_t *masked = malloc(len + 1);
    CHECK(masked);
    memcpy(masked + 1, data + 5, len);
    frame_mask(masked + 1, len, key, offset);
    for (size_t i = 0; i < len; i++)
        CHECK(masked[1 + i] == (data[5 + i] ^ key[(offset + i) % 4]));
    frame_mask(masked + 1, len, key, offset);
    CHECK(memcmp(masked + 1, data + 5, len) == 0);
    free(masked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_parts(data, size);
    check_written(data, size);
    check_mask(data, size);
    return 0;
}
