/* SPDX-License-Identifier: MIT */
/*
 * Frame headers, byte for byte (RFC 6455 5.2, 5.7), and what they say.
 *
 * Headers that no peer may send are among them: frame_read gives the fields,
 * and whether they are legal is not its question.
 */
#ifndef VECTORS_FRAME_H
#define VECTORS_FRAME_H

#include "wire/frame.h"

struct frame_vector {
    const char *name;
    enum frame_step step;       /* what frame_read answers, told all of it */
    struct frame_header header; /* what it fills in, when that is DONE */
    uint8_t bytes[FRAME_HEADER_MAX];
    size_t len;
};

static const struct frame_vector frame_vectors[] = {
    {
        .name = "5.7: a single-frame unmasked text message",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_TEXT,
                   .payload_length = 5,
                   .header_len = 2},
        .bytes =
            {
                0x81, /* FIN, text */
                0x05, /* not masked, 5 bytes ("Hello") */
            },
        .len = 2,
    },
    {
        .name = "5.7: a single-frame masked text message",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_TEXT,
                   .masked = true,
                   .masking_key = {0x37, 0xFA, 0x21, 0x3D},
                   .payload_length = 5,
                   .header_len = 6},
        .bytes =
            {
                0x81,                   /* FIN, text */
                0x85,                   /* masked, 5 bytes */
                0x37, 0xFA, 0x21, 0x3D, /* masking key */
            },
        .len = 6,
    },
    {
        .name = "5.7: the first of two fragments",
        .step = FRAME_DONE,
        .header = {.opcode = FRAME_TEXT, .payload_length = 3, .header_len = 2},
        .bytes =
            {
                0x01, /* text, not the last */
                0x03, /* not masked, 3 bytes ("Hel") */
            },
        .len = 2,
    },
    {
        .name = "5.7: the second of two fragments",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_CONTINUATION,
                   .payload_length = 2,
                   .header_len = 2},
        .bytes =
            {
                0x80, /* FIN, continuation */
                0x02, /* not masked, 2 bytes ("lo") */
            },
        .len = 2,
    },
    {
        .name = "5.7: a ping",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_PING,
                   .payload_length = 5,
                   .header_len = 2},
        .bytes =
            {
                0x89, /* FIN, ping */
                0x05, /* not masked, 5 bytes ("Hello") */
            },
        .len = 2,
    },
    {
        .name = "5.7: its masked pong",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_PONG,
                   .masked = true,
                   .masking_key = {0x37, 0xFA, 0x21, 0x3D},
                   .payload_length = 5,
                   .header_len = 6},
        .bytes =
            {
                0x8A,                   /* FIN, pong */
                0x85,                   /* masked, 5 bytes */
                0x37, 0xFA, 0x21, 0x3D, /* masking key */
            },
        .len = 6,
    },
    {
        .name = "5.7: 256 bytes of binary",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .payload_length = 256,
                   .header_len = 4},
        .bytes =
            {
                0x82,       /* FIN, binary */
                0x7E,       /* not masked, a 16-bit length follows */
                0x01, 0x00, /* 256 bytes */
            },
        .len = 4,
    },
    {
        .name = "5.7: 64 KiB of binary",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .payload_length = 65536,
                   .header_len = 10},
        .bytes =
            {
                0x82, /* FIN, binary */
                0x7F, /* not masked, a 64-bit length follows */
                0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, /* 65536 */
            },
        .len = 10,
    },
    {
        .name = "the longest that seven bits say",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .payload_length = 125,
                   .header_len = 2},
        .bytes =
            {
                0x82, /* FIN, binary */
                0x7D, /* not masked, 125 bytes */
            },
        .len = 2,
    },
    {
        .name = "the shortest that wants 16 bits, masked",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .masked = true,
                   .masking_key = {0x01, 0x02, 0x03, 0x04},
                   .payload_length = 126,
                   .header_len = 8},
        .bytes =
            {
                0x82,                   /* FIN, binary */
                0xFE,                   /* masked, a 16-bit length follows */
                0x00, 0x7E,             /* 126 bytes */
                0x01, 0x02, 0x03, 0x04, /* masking key */
            },
        .len = 8,
    },
    {
        .name = "the longest that 16 bits say",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .payload_length = 65535,
                   .header_len = 4},
        .bytes =
            {
                0x82,       /* FIN, binary */
                0x7E,       /* not masked, a 16-bit length follows */
                0xFF, 0xFF, /* 65535 bytes */
            },
        .len = 4,
    },
    {
        .name = "the longest frame there is, in the longest header",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .opcode = FRAME_BINARY,
                   .masked = true,
                   .masking_key = {0x01, 0x02, 0x03, 0x04},
                   .payload_length = INT64_MAX,
                   .header_len = 14},
        .bytes =
            {
                0x82, /* FIN, binary */
                0xFF, /* masked, a 64-bit length follows */
                0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* 2^63 - 1 */
                0x01, 0x02, 0x03, 0x04,                         /* key */
            },
        .len = 14,
    },
    {
        .name = "no meaning, but every bit of the first byte set",
        .step = FRAME_DONE,
        .header = {.fin = true,
                   .reserved = FRAME_RSV1 | FRAME_RSV2 | FRAME_RSV3,
                   .opcode = 0xF,
                   .header_len = 2},
        .bytes =
            {
                0xFF, /* FIN, RSV1, RSV2, RSV3, opcode 15 */
                0x00, /* not masked, empty */
            },
        .len = 2,
    },
    {
        .name = "the top bit of a 64-bit length",
        .step = FRAME_LONG,
        .bytes =
            {
                0x82, /* FIN, binary */
                0xFF, /* masked, a 64-bit length follows */
                0x80, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* 2^63 */
            },
        .len = 10,
    },
    {
        .name = "16 bits for what seven can say",
        .step = FRAME_WASTEFUL,
        .bytes =
            {
                0x82,       /* FIN, binary */
                0xFE,       /* masked, a 16-bit length follows */
                0x00, 0x7D, /* 125 bytes */
            },
        .len = 4,
    },
    {
        .name = "64 bits for what 16 can say",
        .step = FRAME_WASTEFUL,
        .bytes =
            {
                0x82, /* FIN, binary */
                0xFF, /* masked, a 64-bit length follows */
                0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, /* 65535 */
            },
        .len = 10,
    },
};

#endif
