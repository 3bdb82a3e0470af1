/* SPDX-License-Identifier: MIT */
/*
 * close: close codes and the payload of a Close frame (RFC 6455 5.5.1, 7.4).
 *
 *   +-------------------+------------------------- - - -
 *   |  code (16 bits)   |  reason, UTF-8, 0 to 123 bytes
 *   +-------------------+------------------------- - - -
 */
#ifndef WIRE_CLOSE_H
#define WIRE_CLOSE_H

#include "wire/fault.h"
#include "wire/frame.h"

/* RFC 6455 7.4.1, and 1012 to 1014 of the IANA registry. */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_UNSUPPORTED = 1003,
    CLOSE_NO_STATUS = 1005, /* stands for "no code"; never on the wire */
    CLOSE_ABNORMAL = 1006,  /* stands for "no Close"; never on the wire */
    CLOSE_BAD_DATA = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_INTERNAL = 1011,
    CLOSE_TRY_LATER = 1013,
};

#define CLOSE_REASON_MAX 123 /* FRAME_CONTROL_MAX less the code */
#define CLOSE_FRAME_MAX  127 /* the longest Close frame we write */

/*
 * True when a code may stand in a Close frame: 1000 to 1003, 1007 to 1014
 * (what IANA has registered of the protocol's own range, less the reserved
 * 1004, 1005, 1006 and 1015), and 3000 to 4999.
 */
bool close_code_legal(unsigned code);

/* What a received Close payload says: *code, CLOSE_NO_STATUS when it is empty.
   Or what is wrong: FAULT_CLOSE_SHORT, _CODE or _REASON. */
enum fault close_payload(struct span payload, unsigned *code);

/*
 * Write the payload of a Close frame to out, which holds FRAME_CONTROL_MAX
 * bytes. CLOSE_NO_STATUS writes none. A reason over CLOSE_REASON_MAX is cut at
 * a character's end; it must be UTF-8. Returns the payload's length.
 */
size_t close_write_payload(uint8_t *out, unsigned code, struct span reason);

/*
 * Write a whole Close frame to out, which holds CLOSE_FRAME_MAX bytes,
 * as a server sends it. Returns the frame's length.
 */
size_t close_write(uint8_t *out, unsigned code, struct span reason);

#endif
