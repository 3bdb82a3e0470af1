/* SPDX-License-Identifier: MIT */
/*
 * explain_rules: what may be wrong with a frame, in the RFC's words. A part of
 * explain.h: the same rules as message.c's, in the same order, and beside each
 * where in the frame it is broken.
 */
#ifndef WIRE_EXPLAIN_RULES_H
#define WIRE_EXPLAIN_RULES_H

#include "wire/explain_frame.h"

/* ORed into nothing: the bits that may be set in the present first byte. */
uint8_t explain_rules_reserved(const struct explain_frame *f);

bool explain_rules_opcode_known(uint8_t opcode);

/* What is wrong with the header so far (f->have bytes of it, two at least),
   after frame_read answered `step`. The column is that of the byte's line. */
struct explain_fault explain_rules_header(const struct explain_frame *f,
                                          enum frame_step step);

/* What is wrong with the next row of payload, unmasked. Takes note of the code
   of a Close, and of where a text's characters end. */
struct explain_fault explain_rules_row(struct explain_frame *f,
                                       struct span plain);

/* The text ends here: inside a character? */
struct explain_fault explain_rules_text_end(const struct explain_frame *f);

#endif
