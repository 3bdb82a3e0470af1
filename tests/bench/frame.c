/* SPDX-License-Identifier: MIT */
/* Section numbers are those of RFC 6455. */
#include "bench/frame.h"
#include "base/bytes.h"

static enum frame_result bad(struct frame_reader *r, const char *error)
{
    r->error = error;
    return FRAME_BAD;
}

/* Bytes that the header needs, as far as its first bytes tell. */
static uint8_t header_need(const struct frame_reader *r)
{
    if (r->header_len < 2)
        return 2;
    uint8_t length = r->header[1] & 127;
    return length == 127 ? 10 : length == 126 ? 4 : 2;
}

/* 5.2: the length in its shortest form; UINT64_MAX when it is not. */
static uint64_t payload_length(const uint8_t *header)
{
    uint64_t length = header[1] & 127;
    if (length < 126)
        return length;
    if (length == 126) {
        length = bytes_get16(header + 2);
        return length < 126 ? UINT64_MAX : length;
    }
    length = bytes_get64(header + 2);
    return length < 65536 || length >> 63 ? UINT64_MAX : length;
}

/* 5.4, 5.5: may this frame stand here? NULL, or why not. */
static const char *order_error(const struct frame_reader *r)
{
    if (r->opcode >= 8) {
        if (r->opcode > FRAME_PONG)
            return "unknown control opcode";
        if (!r->fin || r->left > FRAME_CONTROL_MAX)
            return "fragmented or long control frame";
        return NULL;
    }
    if (r->opcode > FRAME_BINARY)
        return "unknown opcode";
    if (r->opcode == 0 && r->message == 0)
        return "continuation of no message";
    if (r->opcode != 0 && r->message != 0)
        return "new message inside another";
    return NULL;
}

static enum frame_result begin_payload(struct frame_reader *r)
{
    if (r->header[0] & 0x70)
        return bad(r, "reserved bit set");
    if (r->header[1] & 0x80)
        return bad(r, "masked frame from a server");
    r->fin = r->header[0] >> 7;
    r->opcode = r->header[0] & 15;
    r->left = payload_length(r->header);
    if (r->left == UINT64_MAX)
        return bad(r, "length not in its shortest form, or its top bit set");
    const char *error = order_error(r);
    if (error)
        return bad(r, error);
    if (r->opcode == FRAME_TEXT || r->opcode == FRAME_BINARY) {
        r->message = r->opcode;
        r->offset = 0;
    }
    r->in_payload = true;
    r->header_len = 0;
    r->control_len = 0;
    return FRAME_PIECE;
}

static enum frame_result read_header(struct frame_reader *r, const uint8_t **in,
                                     const uint8_t *end)
{
    while (r->header_len < header_need(r)) {
        if (*in == end)
            return FRAME_MORE;
        r->header[r->header_len++] = *(*in)++;
    }
    return begin_payload(r);
}

static enum frame_result control(struct frame_reader *r, const uint8_t *ptr,
                                 size_t len, struct frame_piece *piece)
{
    if (len)
        memcpy(r->control + r->control_len, ptr, len);
    r->control_len = (uint8_t)(r->control_len + len);
    if (r->left)
        return FRAME_MORE;
    r->in_payload = false;
    *piece = (struct frame_piece){.opcode = r->opcode,
                                  .ptr = r->control,
                                  .len = r->control_len,
                                  .last = true};
    return FRAME_PIECE;
}

static enum frame_result data(struct frame_reader *r, const uint8_t *ptr,
                              size_t len, struct frame_piece *piece)
{
    if (len == 0 && r->left)
        return FRAME_MORE;
    *piece = (struct frame_piece){.opcode = r->message,
                                  .ptr = ptr,
                                  .len = len,
                                  .offset = r->offset,
                                  .last = r->fin && r->left == 0};
    r->offset += len;
    r->in_payload = r->left != 0;
    if (piece->last)
        r->message = 0;
    return FRAME_PIECE;
}

enum frame_result frame_read(struct frame_reader *r, const uint8_t **in,
                             const uint8_t *end, struct frame_piece *piece)
{
    if (r->error)
        return FRAME_BAD;
    if (!r->in_payload) {
        enum frame_result result = read_header(r, in, end);
        if (result != FRAME_PIECE)
            return result;
    }
    const uint8_t *ptr = *in;
    size_t len = (size_t)bytes_min64((uint64_t)(end - ptr), r->left);
    *in += len;
    r->left -= len;
    return r->opcode >= 8 ? control(r, ptr, len, piece)
                          : data(r, ptr, len, piece);
}

size_t frame_header_len(size_t payload, bool masked)
{
    size_t length = payload > 65535 ? 8 : payload > 125 ? 2 : 0;
    return 2 + length + (masked ? 4 : 0);
}

size_t frame_write_header(uint8_t *out, uint8_t opcode, size_t payload,
                          const uint8_t *key)
{
    size_t len = frame_header_len(payload, false);
    out[0] = 0x80 | opcode;
    if (len == 2)
        out[1] = (uint8_t)payload;
    else if (len == 4)
        bytes_put16(out + 2, (uint16_t)payload);
    else
        bytes_put64(out + 2, payload);
    if (len > 2)
        out[1] = len == 4 ? 126 : 127;
    if (!key)
        return len;
    out[1] |= 0x80;
    memcpy(out + len, key, 4);
    return len + 4;
}

/* Eight bytes at a time; the compiler makes more of it. */
void frame_mask(uint8_t *bytes, size_t len, const uint8_t key[4])
{
    uint64_t mask, word;
    memcpy(&mask, key, 4);
    memcpy((uint8_t *)&mask + 4, key, 4);
    for (; len >= 8; len -= 8, bytes += 8) {
        memcpy(&word, bytes, 8);
        word ^= mask;
        memcpy(bytes, &word, 8);
    }
    for (size_t i = 0; i < len; i++)
        bytes[i] ^= key[i % 4];
}
