/* SPDX-License-Identifier: MIT */
/*
 * explain_rules: what may be wrong with a frame, and which of its bytes are. A
 * part of explain.h.
 *
 * These are the rules of message.c, in the same order. struct explain_frame,
 * which they are asked about, is kept by explain_frame.c.
 */
#ifndef WIRE_EXPLAIN_RULES_H
#define WIRE_EXPLAIN_RULES_H

#include "wire/explain_blocks.h"
#include "wire/message.h"

/* What the handshake has agreed about permessage-deflate. */
enum explain_deflate {
    EXPLAIN_DEFLATE_UNKNOWN, /* the answer was not seen: RSV1 is believed */
    EXPLAIN_DEFLATE_OFF,
    EXPLAIN_DEFLATE_ON,
};

/* The frames of one direction, and the message that the present one is of. */
struct explain_frame {
    /* What the caller sets, and may change between two calls. */
    bool by_client;      /* frames of a client, to a server: masked */
    uint8_t deflate;     /* enum explain_deflate */
    uint8_t window_bits; /* of the compressed messages: 8 to 15 */
    bool keeps_window;   /* they may refer to earlier messages */
    uint64_t limit;      /* most payload bytes of a message */
    bool hides;          /* what is in messages is not shown */

    /* Where it stands. All zero is the start. */
    uint64_t at;                     /* stream offset of the present frame */
    struct frame_header header;      /* whole once header_len is */
    uint8_t bytes[FRAME_HEADER_MAX]; /* of the header so far */
    uint8_t have;                    /* how many */
    bool in_payload;
    uint8_t
        row[LISTING_ROW]; /* payload bytes not told yet, as they were sent */
    uint8_t row_len;
    uint8_t control[FRAME_CONTROL_MAX]; /* payload of a control frame that is
                                           not whole, */
    uint8_t control_len;                /* so many bytes: told all at once */
    uint64_t told;                      /* payload bytes told */
    uint64_t hidden; /* of them, not shown since the last note */

    uint8_t opcode;       /* of the unfinished message, or 0 */
    bool compressed;      /* it is */
    uint64_t message_len; /* its payload bytes in the frames before */
    uint32_t frames;      /* how many these are */
    struct utf8 utf8;     /* of its text */
    struct utf8 reason;   /* of a Close's */
    unsigned code;        /* a Close's, or CLOSE_NO_STATUS */

    struct fault_rule wrong; /* the rule that was broken; what: NULL, none */

    struct explain_blocks blocks;
};

/* What is wrong with the header so far (f->have bytes of it, two at least),
   after frame_read answered `step`. */
struct explain_fault explain_rules_header(const struct explain_frame *f,
                                          enum frame_step step);

/* What is wrong with the next row of payload, unmasked. Takes note of the code
   of a Close, and of where a text's characters end. */
struct explain_fault explain_rules_row(struct explain_frame *f,
                                       struct span plain);

/* The text ends here: inside a character? */
struct explain_fault explain_rules_text_end(const struct explain_frame *f);

#endif
