/* SPDX-License-Identifier: MIT */
/*
 * frame: RFC 6455 section 5 from the client's side.
 *
 * Written without looking at src/wire on purpose: two readings of the RFC
 * that check each other. Frames go out masked (5.3) and come in unmasked; a
 * masked one, a reserved bit, a length not in its shortest form, a control
 * frame that is long or fragmented, or a message out of turn is an error.
 *
 *   header   2, 4 or 10 bytes from a server, 6, 8 or 14 from a client
 *   payload  handed on in pieces, as it arrives
 */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_TEXT   1
#define FRAME_BINARY 2
#define FRAME_CLOSE  8
#define FRAME_PING   9
#define FRAME_PONG   10

#define FRAME_HEADER_MAX  14
#define FRAME_CONTROL_MAX 125

struct frame_reader {
    const char *error;   /* why frame_read failed */
    uint64_t left;       /* payload bytes of this frame to come */
    uint64_t offset;     /* payload bytes of this message so far */
    bool in_payload;     /* the header is complete */
    bool fin;            /* of this frame */
    uint8_t opcode;      /* of this frame */
    uint8_t message;     /* opcode of the message; 0: none */
    uint8_t header_len;  /* bytes in header */
    uint8_t control_len; /* bytes in control */
    uint8_t header[10];  /* the header so far */
    uint8_t control[FRAME_CONTROL_MAX]; /* a control frame's payload so far */
};

/* Part of a message, or a whole control frame. */
struct frame_piece {
    uint8_t opcode;     /* never a continuation: the message's own */
    const uint8_t *ptr; /* valid until the next frame_read */
    size_t len;         /* bytes */
    uint64_t offset;    /* of ptr within the message */
    bool last;          /* the message ends with this piece */
};

enum frame_result {
    FRAME_MORE,  /* all input is used up */
    FRAME_PIECE, /* a piece was filled in */
    FRAME_BAD    /* see error; nothing more can be read */
};

/* Take bytes from *in, which moves, up to end. */
enum frame_result frame_read(struct frame_reader *r, const uint8_t **in,
                             const uint8_t *end, struct frame_piece *piece);

/* Bytes of the header of a frame with that payload. */
size_t frame_header_len(size_t payload, bool masked);

/* Write a header with FIN set; key is NULL for an unmasked frame. Returns the
   header's length. */
size_t frame_write_header(uint8_t *out, uint8_t opcode, size_t payload,
                          const uint8_t *key);

/* XOR len bytes with the key, from the payload's first byte on (5.3). */
void frame_mask(uint8_t *bytes, size_t len, const uint8_t key[4]);

#endif
