/* SPDX-License-Identifier: MIT */
/*
 * paste: chatd --explain. Bytes on standard input, explained.
 *
 * The bytes come raw, or as the hexadecimal text that people paste: digits
 * with or without blanks, "0x81, 0x85", "\x81\x85", a dump with offsets and a
 * column of text (Wireshark, hexdump -C, xxd, tcpdump -X); # begins a comment.
 * A handshake pasted as text has lost its CRs: where there is none at all, an
 * LF counts as CR LF up to the head's end.
 *
 * Unless it is said whose bytes they are, a request is a client's, a response
 * a server's, and of frames the first one's MASK bit tells.
 */
#ifndef PASTE_H
#define PASTE_H

#include "server/limits.h"

#define PASTE_HEX_MAX (4u << 20) /* bytes of hexadecimal text */

/* Explain all of standard input on standard output. The exit status: 0 when
   it is legal, 1 when it is not (or ends inside something), 2 when there is
   nothing that could be explained; then one line in `why`. */
int paste_explain(enum limits_whose whose, bool colour, struct text *why);

#endif
