/* SPDX-License-Identifier: MIT */
/*
 * sources: src/base/base64.c src/base/base64.h
 * with: src/base/bytes.c
 * eva: -eva-slevel 300
 *
 * Any bytes encoded, any text decoded, into memory of any size; and what was
 * encoded is decoded, for each byte of a group by itself.
 */
#include "tests/prove/prove.h"

#include "base/base64.h"

#define LEN_MAX SIZE(5, 8)

static void encode_any(size_t len)
{
    uint8_t out[(LEN_MAX + 2) / 3 * 4];
    const uint8_t *ptr = any_text(len);
    uint8_t *end = out + sizeof out;
    size_t written = base64_encode(end - base64_encoded_len(len), ptr, len);
    //@ assert standard_len: written == (len + 2) / 3 * 4;
    written = base64_url_encode(end - base64_url_len(len), ptr, len);
    //@ assert url_len: written == (len * 4 + 2) / 3;
}

static void decode_any(size_t len, size_t size)
{
    uint8_t out[LEN_MAX];
    struct span text = bytes_span(any_text(len), len);
    uint8_t *to = out + sizeof out - size;
    ptrdiff_t written = base64_decode(to, size, text);
    //@ assert standard_size: -1 <= written <= size;
    written = base64_url_decode(to, size, text);
    //@ assert url_size: -1 <= written <= size;
}

static void there_and_back(size_t len, size_t at, uint8_t value)
{
    uint8_t in[3] = {0x5A, 0xA5, 0xFF}, text[4], out[3];
    in[at] = value;
    size_t n = base64_encode(text, in, len);
    ptrdiff_t back = base64_decode(out, sizeof out, bytes_span(text, n));
    //@ assert standard_back: back == len && out[at] == value;
    n = base64_url_encode(text, in, len);
    back = base64_url_decode(out, sizeof out, bytes_span(text, n));
    //@ assert url_back: back == len && out[at] == value;
}

void main(void)
{
    for (size_t len = 0; len <= LEN_MAX; len++) {
        encode_any(len);
        for (size_t size = 0; size <= LEN_MAX; size += SIZE(2, 1))
            decode_any(len, size);
    }
    for (size_t len = 1; len <= 3; len++)
        for (size_t at = 0; at < len; at++)
            for (unsigned value = 0; value <= UINT8_MAX; value += SIZE(51, 3))
                there_and_back(len, at, (uint8_t)value);
}
