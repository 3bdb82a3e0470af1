/* SPDX-License-Identifier: MIT */
/* Payloads of Close frames (RFC 6455 5.5.1, 7.4), and what they say. */
#ifndef VECTORS_CLOSE_H
#define VECTORS_CLOSE_H

#include "wire/close.h"

struct close_vector {
    const char *name;
    unsigned code;     /* what close_payload answers */
    bool fault;        /* and whether it calls that a fault */
    uint8_t bytes[16]; /* the code, most significant byte first; the reason */
    size_t len;
};

static const struct close_vector close_vectors[] = {
    {
        .name = "empty",
        .code = CLOSE_NO_STATUS,
        .len = 0,
    },
    {
        .name = "a code alone",
        .code = CLOSE_NORMAL,
        .bytes =
            {
                0x03, 0xE8, /* 1000 */
            },
        .len = 2,
    },
    {
        .name = "a code and a reason",
        .code = CLOSE_GOING_AWAY,
        .bytes =
            {
                0x03, 0xE9,    /* 1001 */
                'b', 'y', 'e', /* reason */
            },
        .len = 5,
    },
    {
        .name = "a reason beyond ASCII",
        .code = 4999,
        .bytes =
            {
                0x13, 0x87,             /* 4999 */
                0xC3, 0xBC,             /* U+00FC */
                0xF0, 0x9F, 0x91, 0x8B, /* U+1F44B */
            },
        .len = 8,
    },
    {
        .name = "half a code",
        .code = CLOSE_PROTOCOL_ERROR,
        .fault = true,
        .bytes =
            {
                0x03, /* the first byte of 1000 */
            },
        .len = 1,
    },
    {
        .name = "a code that is never sent",
        .code = CLOSE_PROTOCOL_ERROR,
        .fault = true,
        .bytes =
            {
                0x03, 0xED, /* 1005 */
            },
        .len = 2,
    },
    {
        .name = "an illegal code wins over a bad reason",
        .code = CLOSE_PROTOCOL_ERROR,
        .fault = true,
        .bytes =
            {
                0x00, 0x00, /* 0 */
                0xFF,       /* no UTF-8 */
            },
        .len = 3,
    },
    {
        .name = "a reason with a byte that UTF-8 never has",
        .code = CLOSE_BAD_DATA,
        .fault = true,
        .bytes =
            {
                0x03, 0xE8,     /* 1000 */
                'b', 'y', 0xFF, /* reason */
            },
        .len = 5,
    },
    {
        .name = "a reason that ends inside a character",
        .code = CLOSE_BAD_DATA,
        .fault = true,
        .bytes =
            {
                0x03, 0xE8,       /* 1000 */
                0xF0, 0x9F, 0x91, /* U+1F44B, less its last byte */
            },
        .len = 5,
    },
    {
        .name = "a reason with a surrogate",
        .code = CLOSE_BAD_DATA,
        .fault = true,
        .bytes =
            {
                0x03, 0xE8,       /* 1000 */
                0xED, 0xA0, 0x80, /* U+D800 */
            },
        .len = 5,
    },
};

#endif
