/* SPDX-License-Identifier: MIT */
/*
 * explain_frame: tells the frames of one direction, field by field (RFC 6455
 * 5). A part of explain.h.
 *
 *   waits for     a frame's header -> its payload, row by row -> a header ...
 *                 after a Close, or after what breaks a rule: nothing, for good
 *
 * Whether a frame is legal is answered by explain_rules.h, where struct
 * explain_frame stands, too. test_explain.c compares that with message.c.
 */
#ifndef WIRE_EXPLAIN_FRAME_H
#define WIRE_EXPLAIN_FRAME_H

#include "wire/explain_rules.h"

/* Payload bytes shown of a frame. The rest is read, and counted. */
#define EXPLAIN_FRAME_SHOWN 128

enum explain_frame_step {
    EXPLAIN_FRAME_MORE,   /* all bytes are taken, more are needed */
    EXPLAIN_FRAME_ON,     /* something was told; there may be more to tell */
    EXPLAIN_FRAME_CLOSED, /* a Close was told: no frame follows (5.5.1) */
    EXPLAIN_FRAME_WRONG,  /* a rule is broken, and that was told */
};

/* Take bytes from *in, at least one unless it is empty, and tell at most one
   thing about them. `at` is the stream offset of in->ptr. */
enum explain_frame_step explain_frame_take(struct explain_frame *f,
                                           struct span *in, uint64_t at,
                                           struct listing *l);

/* Do not wait for the rest of a row: whoever serves these bytes has not. A
   control frame is waited for, as the server does. */
enum explain_frame_step explain_frame_settle(struct explain_frame *f,
                                             struct listing *l);

/* True between frames. */
bool explain_frame_at_rest(const struct explain_frame *f);

/* The input ends inside a frame: tell what was there and what is missing. */
void explain_frame_cut(struct explain_frame *f, struct listing *l);

#endif
