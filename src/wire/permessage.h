/* SPDX-License-Identifier: MIT */
/*
 * permessage: how a WebSocket message is DEFLATE data (RFC 7692 section 7.2).
 *
 * A sender compresses the payload of a message, ends it with an empty stored
 * block, and leaves out that block's last four bytes, which are always the
 * same. The payload "Hello" (7.2.3.1):
 *
 *     F2 48 CD C9 C9 07 00  00 00 FF FF
 *     |                  |  `---------'  never sent
 *     |                  `-- holds the header of the empty stored block
 *     `-- a fixed block
 *
 * The receiver is told to append the four bytes and decompress. But then a
 * message that was cut short could pass: a stored block that lacks four bytes
 * of data would take 00 00 FF FF for these. So the four are not appended here.
 * Instead the data must end as 7.2.1 has a sender make them: exactly behind the
 * header of a stored block, where nothing but its LEN could come.
 *
 * Two corner cases.
 *   - A final block (BFINAL) is not the end of a message (7.2.3.4). Decoding
 *     goes on with another block at the next byte, the window is kept.
 *   - A compressed message whose payload is empty, no byte at all, is read as
 *     the empty message. 7.2.1 would have made it 00 (7.2.3.6), but zlib asked
 *     to flush twice yields nothing the second time, and deployed senders
 *     pass that on. Nothing can leak: there is nothing.
 *
 * The server negotiates no_context_takeover for both sides (extension.h), so
 * each message begins with an empty window, and contexts are needed only while
 * a message is on its way. Elsewhere the window of the messages before may be
 * taken over (7.1.1): permessage_go_on reads such a message, and a context of
 * deflate.h that was not begun anew has written one.
 * Compressing piece by piece needs nothing from here: see deflate.h.
 */
#ifndef WIRE_PERMESSAGE_H
#define WIRE_PERMESSAGE_H

#include "wire/deflate.h"
#include "wire/inflate.h"

/* One compressed message being read. */
struct permessage_reader {
    struct inflate inflate;
    bool began; /* a byte of payload has been seen */
};

/* Ready for a message that may use distances up to 2^window_bits. */
void permessage_begin(struct permessage_reader *r, unsigned window_bits);

/* The same with the window of the message before, which must be whole. */
void permessage_go_on(struct permessage_reader *r);

/*
 * Decompress a piece of the payload, as inflate_run does; INFLATE_END is not
 * among the answers. Only INFLATE_INPUT means that all of *in is used: after
 * another answer, ask again even when *in is empty, for a few bits may be
 * held back.
 */
enum inflate_status permessage_read(struct permessage_reader *r,
                                    struct span *in, struct text *out,
                                    unsigned *blocks);

/* After INFLATE_INPUT for the last byte of the payload: true when the message
   is whole. False is a failure like any other (RFC 6455 7.4.1: 1007). */
bool permessage_whole(const struct permessage_reader *r);

/*
 * Compress a whole message. True when it came out smaller than it is and fits
 * in *out; false leaves *out as it was, and the message is better sent as it
 * is. The context may hold anything, and is free again.
 */
bool permessage_compress(struct deflate *z, unsigned window_bits,
                         struct span message, enum deflate_effort effort,
                         struct text *out);

#endif
