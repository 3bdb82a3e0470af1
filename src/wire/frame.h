/* SPDX-License-Identifier: MIT */
/*
 * frame: the header of a WebSocket frame, and masking (RFC 6455 5.2, 5.3).
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   +-+-+-+-+-------+-+-------------+-------------------------------+
 *   |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
 *   |I|S|S|S|  (4)  |A|     (7)     |             (16/64)           |
 *   |N|V|V|V|       |S|             |   (if payload len==126/127)   |
 *   | |1|2|3|       |K|             |                               |
 *   +-+-+-+-+-------+-+-------------+ - - - - - - - - - - - - - - - +
 *   |     Extended payload length continued, if payload len == 127  |
 *   + - - - - - - - - - - - - - - - +-------------------------------+
 *   |                               |Masking-key, if MASK set to 1  |
 *   +-------------------------------+-------------------------------+
 *   | Masking-key (continued)       |          Payload Data         |
 *   +-------------------------------- - - - - - - - - - - - - - - - +
 *
 * This file only reads and writes the fields. Which of them are legal when is
 * for the layer above: message.h.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/bytes.h"

/* The bits of the first byte, and of the second. */
#define FRAME_FIN         0x80
#define FRAME_RSV1        0x40
#define FRAME_RSV2        0x20
#define FRAME_RSV3        0x10
#define FRAME_OPCODE_BITS 0x0F
#define FRAME_MASK        0x80
#define FRAME_LENGTH_BITS 0x7F

/* RFC 6455 5.2 and 11.8. Bit 3 set means a control frame (5.5). */
enum frame_opcode {
    FRAME_CONTINUATION = 0x0,
    FRAME_TEXT = 0x1,
    FRAME_BINARY = 0x2,
    FRAME_CLOSE = 0x8,
    FRAME_PING = 0x9,
    FRAME_PONG = 0xA,
};

#define FRAME_HEADER_MAX        14 /* longest header there is: masked, 64 bit */
#define FRAME_SERVER_HEADER_MAX 10 /* longest of a server: not masked (5.1) */
#define FRAME_CONTROL_MAX       125 /* longest control payload there is (5.5) */

struct frame_header {
    bool fin;
    uint8_t reserved;        /* RSV1, RSV2, RSV3 as in the first byte */
    uint8_t opcode;          /* 0 to 15, known or not */
    bool masked;             /* MASK bit */
    uint8_t masking_key[4];  /* zero when not masked */
    uint64_t payload_length; /* at most 2^63 - 1 */
    uint8_t header_len;      /* bytes of this header: 2 to FRAME_HEADER_MAX */
};

enum frame_step {
    FRAME_MORE,    /* the header is not whole yet */
    FRAME_DONE,    /* *header is filled */
    FRAME_LONG,    /* the top bit of a 64-bit length is set */
    FRAME_WASTEFUL /* the length would have fitted a shorter encoding */
};

static inline bool frame_is_control(uint8_t opcode)
{
    return (opcode & 0x8) != 0;
}

static inline bool frame_opcode_known(uint8_t opcode)
{
    return opcode <= FRAME_BINARY ||
           (opcode >= FRAME_CLOSE && opcode <= FRAME_PONG);
}

/*
 * Read the header at the start of in[0, len). FRAME_MORE asks for at least a
 * byte more and leaves *header alone, apart from the first two bytes' fields
 * (fin, reserved, opcode, masked), which are there as soon as len >= 2. The
 * two failures are RFC 6455 5.2's ("the most significant bit MUST be 0", "the
 * minimal number of bytes MUST be used") and are told as soon as the length
 * is there, without waiting for the masking key.
 */
enum frame_step frame_read(struct frame_header *header, const uint8_t *in,
                           size_t len);

/*
 * Write an unmasked header, as a server sends it, to out, which holds
 * FRAME_SERVER_HEADER_MAX bytes. `first` is the first byte: FRAME_FIN,
 * FRAME_RSV1 and the opcode. Returns its length: 2, 4 or 10.
 */
size_t frame_write(uint8_t *out, uint8_t first, uint64_t payload_length);

/*
 * The same as a client sends it (RFC 6455 5.3): with the masking key behind,
 * so four bytes longer; out holds FRAME_HEADER_MAX. The payload still has to be
 * masked, by frame_mask. Nobody may be able to guess the key, and each frame
 * has a new one (10.3).
 */
size_t frame_write_masked(uint8_t *out, uint8_t first, uint64_t payload_length,
                          const uint8_t masking_key[4]);

/* Bytes of the header that frame_write makes for this payload. */
size_t frame_header_len(uint64_t payload_length);

/*
 * Exclusive-or len bytes with the masking key, in place (RFC 6455 5.3; the
 * same for masking and unmasking). `offset` is how many payload bytes of the
 * frame came before these; only its last two bits matter.
 */
void frame_mask(uint8_t *ptr, size_t len, const uint8_t masking_key[4],
                uint64_t offset);

#endif
