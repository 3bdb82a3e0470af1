/* SPDX-License-Identifier: MIT */
#include "wire/frame.h"

/*
 * Format note, the three lengths of RFC 6455 5.2:
 *
 *   seven bits     then                 the payload length is
 *   0 to 125       nothing              these seven bits
 *   126            16 bits              those, at least 126
 *   127            64 bits              those, at least 65536, top bit 0
 */
#define LENGTH_16_BITS 126
#define LENGTH_64_BITS 127

enum frame_step frame_read(struct frame_header *header, const uint8_t *in,
                           size_t len)
{
    if (len < 2)
        return FRAME_MORE;
    header->fin = (in[0] & FRAME_FIN) != 0;
    header->reserved = in[0] & (FRAME_RSV1 | FRAME_RSV2 | FRAME_RSV3);
    header->opcode = in[0] & FRAME_OPCODE_BITS;
    header->masked = (in[1] & FRAME_MASK) != 0;

    uint64_t length = in[1] & FRAME_LENGTH_BITS;
    size_t at = 2;
    if (length == LENGTH_16_BITS) {
        if (len < at + 2)
            return FRAME_MORE;
        length = bytes_get16(in + at);
        at += 2;
        if (length < LENGTH_16_BITS)
            return FRAME_WASTEFUL; /* RFC 6455 5.2 */
    } else if (length == LENGTH_64_BITS) {
        if (len < at + 8)
            return FRAME_MORE;
        length = bytes_get64(in + at);
        at += 8;
        if (length > INT64_MAX)
            return FRAME_LONG; /* RFC 6455 5.2 */
        if (length <= UINT16_MAX)
            return FRAME_WASTEFUL;
    }

    if (header->masked) {
        if (len < at + sizeof header->masking_key)
            return FRAME_MORE;
        memcpy(header->masking_key, in + at, sizeof header->masking_key);
        at += sizeof header->masking_key;
    } else {
        memset(header->masking_key, 0, sizeof header->masking_key);
    }
    header->payload_length = length;
    header->header_len = (uint8_t)at;
    return FRAME_DONE;
}

size_t frame_header_len(uint64_t payload_length)
{
    if (payload_length < LENGTH_16_BITS)
        return 2;
    return payload_length <= UINT16_MAX ? 4 : 10;
}

size_t frame_write(uint8_t *out, uint8_t first, uint64_t payload_length)
{
    size_t header_len = frame_header_len(payload_length);
    out[0] = first;
    if (header_len == 2) {
        out[1] = (uint8_t)payload_length;
    } else if (header_len == 4) {
        out[1] = LENGTH_16_BITS;
        bytes_put16(out + 2, (uint16_t)payload_length);
    } else {
        out[1] = LENGTH_64_BITS;
        bytes_put64(out + 2, payload_length);
    }
    return header_len;
}

size_t frame_write_masked(uint8_t *out, uint8_t first, uint64_t payload_length,
                          const uint8_t masking_key[4])
{
    size_t len = frame_write(out, first, payload_length);
    out[1] |= FRAME_MASK; /* RFC 6455 5.1: a client MUST mask all frames */
    memcpy(out + len, masking_key, 4);
    return len + 4;
}

/*
 * RFC 6455 5.3: payload byte i is combined with byte i mod 4 of the key. Eight
 * bytes are two turns of the key, so one word, in whatever byte order, serves
 * for all of them. Measured: 22 to 40 GB/s (gcc 12, clang 14, -O2) against
 * 2.7 GB/s for the loop of the last two lines alone.
 */
void frame_mask(uint8_t *ptr, size_t len, const uint8_t masking_key[4],
                uint64_t offset)
{
    uint8_t turns[12]; /* three, so that two begin at any byte of the first */
    for (size_t i = 0; i < sizeof turns; i += 4)
        memcpy(turns + i, masking_key, 4);
    const uint8_t *key = turns + (offset & 3);
    uint64_t key_word;
    memcpy(&key_word, key, sizeof key_word);

    size_t at = 0;
    uint64_t words[2]; /* compilers make one vector of two words, not of one */
    for (; len - at >= sizeof words; at += sizeof words) {
        memcpy(words, ptr + at, sizeof words);
        words[0] ^= key_word;
        words[1] ^= key_word;
        memcpy(ptr + at, words, sizeof words);
    }
    for (; at < len; at++)
        ptr[at] ^= key[at & 7];
}
