/* SPDX-License-Identifier: MIT */
/*
 * ring: the last `size` bytes of an endless stream.
 *
 * Positions are absolute: byte number p of the stream is p for ever, in 64
 * bits that never wrap (at 10 GB/s, after 58 years). A reader keeps its own
 * position; the ring knows nothing of readers. What is older than `size` bytes
 * is overwritten, and a reader finds out by comparing.
 *
 *      oldest                                     head
 *        |                                          |
 *   .....[ still here: at most size bytes           ] not written yet
 *        ^                ^
 *        overwritten      a reader's position: valid iff oldest <= pos <= head
 *        before it
 *
 * The bytes lie in one buffer that wraps around, so a stretch of the stream
 * is one part or two: ring_view gives them, ready for one gathering write.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include "base/bytes.h"

#define RING_PARTS 2 /* a view is at most this many spans */

struct ring {
    uint8_t *bytes; /* the caller's buffer */
    size_t size;    /* its bytes, at least 1 */
    uint64_t head;  /* position of the next byte to be written */
    uint64_t lap;   /* position of bytes[0] in this lap, head - head % size:
                       kept, as a division is slow */
};

/* An empty ring over the caller's buffer; the stream begins at position 0. */
void ring_init(struct ring *r, uint8_t *bytes, size_t size);

/* Append len bytes, at most size of them. What is oldest goes. */
void ring_append(struct ring *r, const uint8_t *ptr, size_t len);

/* Position of the oldest byte still here. */
static inline uint64_t ring_oldest(const struct ring *r)
{
    return r->head > r->size ? r->head - r->size : 0;
}

/* True when [pos, head) is all still here. */
static inline bool ring_holds(const struct ring *r, uint64_t pos)
{
    return pos <= r->head && pos >= ring_oldest(r);
}

/*
 * The stretch [from, to) as at most RING_PARTS spans into the buffer, valid
 * until the next append. Returns how many (0 when from == to). The stretch
 * must be here: misuse trips a CHECK.
 */
size_t ring_view(const struct ring *r, uint64_t from, uint64_t to,
                 struct span parts[RING_PARTS]);

/* Copy [from, from + len) out. The stretch must be here. */
void ring_copy(const struct ring *r, uint64_t from, uint8_t *out, size_t len);

#endif
