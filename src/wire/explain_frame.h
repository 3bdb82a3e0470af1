/* SPDX-License-Identifier: MIT */
/*
 * explain_frame: frames of one direction, field by field (RFC 6455 5). A part
 * of explain.h.
 *
 *   waits for     a frame's header -> its payload, row by row -> a header ...
 *                 after a Close, or what breaks a rule: nothing, for good
 *
 * It tells the same as message.c decides, rule by rule and in the same order;
 * tests/unit/wire/test_explain.c holds the two against each other.
 */
#ifndef WIRE_EXPLAIN_FRAME_H
#define WIRE_EXPLAIN_FRAME_H

#include "wire/explain_blocks.h"
#include "wire/frame.h"

#define EXPLAIN_FRAME_SHOWN                                                    \
    128 /* payload bytes shown of a frame; the rest is
                                   read, and counted */

enum explain_frame_step {
    EXPLAIN_FRAME_MORE,   /* all bytes are taken, more are needed */
    EXPLAIN_FRAME_ON,     /* something was told; there may be more to tell */
    EXPLAIN_FRAME_CLOSED, /* a Close was told: no frame follows (5.5.1) */
    EXPLAIN_FRAME_WRONG,  /* a rule is broken, and that was told */
};

/* What the handshake has agreed about permessage-deflate. */
enum explain_deflate {
    EXPLAIN_DEFLATE_UNKNOWN, /* the answer was not seen: RSV1 is believed */
    EXPLAIN_DEFLATE_OFF,
    EXPLAIN_DEFLATE_ON,
};

struct explain_frame {
    /* What the caller sets, and may change between two calls. */
    bool by_client;      /* frames of a client, to a server: masked */
    uint8_t deflate;     /* enum explain_deflate */
    uint8_t window_bits; /* of the compressed messages: 8 to 15 */
    bool keeps_window;   /* they may refer to earlier messages */
    uint64_t limit;      /* most payload bytes of a message */

    /* Where it stands. All zero is the start. */
    uint64_t at;                     /* stream offset of the present frame */
    uint64_t done;                   /* bytes of it, header included */
    struct frame_header header;      /* whole once header_len is */
    uint8_t bytes[FRAME_HEADER_MAX]; /* of the header so far */
    uint8_t have;                    /* how many */
    bool in_payload;
    uint8_t row[SHEET_ROW]; /* payload bytes not told yet, as they were sent */
    uint8_t row_len;
    uint64_t told;   /* payload bytes told */
    uint64_t hidden; /* of them, not shown since the last note */

    uint8_t opcode;       /* of the unfinished message, or 0 */
    bool compressed;      /* it is */
    uint64_t message_len; /* its payload bytes in the frames before */
    uint32_t frames;      /* how many these are */
    struct utf8 utf8;     /* of its text */
    struct utf8 reason;   /* of a Close's */
    unsigned code;        /* a Close's, or CLOSE_NO_STATUS */

    struct sheet_rule wrong; /* the rule that was broken; what: NULL, none */
    unsigned wrong_code;     /* and the close code for it */

    struct explain_blocks blocks;
};

/* Take bytes from *in, at least one unless it is empty, and tell at most one
   thing about them. `at` is the stream offset of in->ptr. */
enum explain_frame_step explain_frame_take(struct explain_frame *f,
                                           struct span *in, uint64_t at,
                                           struct sheet *s);

/* True between frames. */
bool explain_frame_at_rest(const struct explain_frame *f);

/* The input ends inside a frame: tell what was there and what is missing. */
void explain_frame_cut(struct explain_frame *f, struct sheet *s);

#endif
