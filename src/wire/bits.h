/* SPDX-License-Identifier: MIT */
/*
 * bits: numbers that begin and end inside bytes (RFC 1951 section 3.1.1).
 *
 * DEFLATE packs its elements starting with the lowest bit of each byte:
 *
 *              byte 0            byte 1
 *          7 6 5 4 3 2 1 0   7 6 5 4 3 2 1 0
 *         +---------------+ +---------------+
 *         | second | first| |     | second  |
 *         +---------------+ +---------------+
 *
 * A number has its lowest bit first; a Huffman code its highest, which is why
 * codes are turned around (bits_reverse) before they meet this file.
 *
 * Both directions work through a hold of 64 bits. What the hold keeps between
 * two calls lies in a `struct bits`, in the caller's context; the reader and
 * the writer, which point into the bytes of one call, live no longer than it.
 */
#ifndef WIRE_BITS_H
#define WIRE_BITS_H

#include "base/bytes.h"

struct bits {
    uint64_t hold;  /* the next bit is the lowest; zero above `count` */
    uint32_t count; /* bits held */
};

static inline uint64_t bits_mask(unsigned count)
{
    return (UINT64_C(1) << count) - 1;
}

/* The lowest `count` bits (1 to 16) of code in the opposite order. */
static inline uint16_t bits_reverse(uint16_t code, unsigned count)
{
    unsigned v = code;
    v = (v & 0x5555) << 1 | (v >> 1 & 0x5555); /* neighbours */
    v = (v & 0x3333) << 2 | (v >> 2 & 0x3333); /* pairs */
    v = (v & 0x0F0F) << 4 | (v >> 4 & 0x0F0F); /* nibbles */
    v = (v & 0x00FF) << 8 | (v >> 8 & 0x00FF); /* bytes */
    return (uint16_t)(v >> (16 - count));
}

/* Little-endian words at any address; compilers make one load or store. */
static inline uint32_t bits_load32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
           (uint32_t)p[3] << 24;
}

static inline uint64_t bits_load64(const uint8_t *p)
{
    return bits_load32(p) | (uint64_t)bits_load32(p + 4) << 32;
}

static inline void bits_store64(uint8_t *p, uint64_t value)
{
    p[0] = (uint8_t)value;
    p[1] = (uint8_t)(value >> 8);
    p[2] = (uint8_t)(value >> 16);
    p[3] = (uint8_t)(value >> 24);
    p[4] = (uint8_t)(value >> 32);
    p[5] = (uint8_t)(value >> 40);
    p[6] = (uint8_t)(value >> 48);
    p[7] = (uint8_t)(value >> 56);
}

/* ---- reading ------------------------------------------------------------- */

struct bits_reader {
    const uint8_t *next; /* first input byte that is not held */
    const uint8_t *end;
    struct bits bits;
};

/*
 * Hold at least n bits (n <= 56), taking not a byte more than that needs.
 * False when the input ends before; what there was is held all the same.
 */
static inline bool bits_want(struct bits_reader *r, unsigned n)
{
    while (r->bits.count < n) {
        if (r->next == r->end)
            return false;
        r->bits.hold |= (uint64_t)*r->next++ << r->bits.count;
        r->bits.count += 8;
    }
    return true;
}

/* The next n bits, as a number, without taking them. */
static inline uint32_t bits_peek(const struct bits_reader *r, unsigned n)
{
    return (uint32_t)(r->bits.hold & bits_mask(n));
}

static inline void bits_drop(struct bits_reader *r, unsigned n)
{
    r->bits.hold >>= n;
    r->bits.count -= n;
}

/* Take n bits that are held. */
static inline uint32_t bits_take(struct bits_reader *r, unsigned n)
{
    uint32_t value = bits_peek(r, n);
    bits_drop(r, n);
    return value;
}

/* Skip to the next byte boundary. */
static inline void bits_align(struct bits_reader *r)
{
    bits_drop(r, r->bits.count & 7);
}

/* Bytes that one bits_fill may look at. */
#define BITS_FILL 8

/*
 * Hold at least 56 bits, without a branch: BITS_FILL bytes must be there. Of
 * the last byte looked at a part may enter the hold above `count`; the next
 * fill lays the same bits over themselves. bits_unfill must follow before
 * anything but peek, drop, take and fill is used. Before the first fill fewer
 * than 8 bits may be held, or bits_unfill gives back more than was taken.
 */
static inline void bits_fill(struct bits_reader *r)
{
    r->bits.hold |= bits_load64(r->next) << r->bits.count;
    r->next += (63 - r->bits.count) >> 3;
    r->bits.count |= 56;
}

/* Give whole bytes that are held back to the input. */
static inline void bits_unfill(struct bits_reader *r)
{
    r->next -= r->bits.count >> 3;
    r->bits.count &= 7;
    r->bits.hold &= bits_mask(r->bits.count);
}

/* ---- writing ------------------------------------------------------------- */

struct bits_writer {
    uint8_t *next; /* where the next whole byte goes */
    uint8_t *end;
    struct bits bits;
};

/*
 * Write out the whole bytes that are held. False when there is no room for
 * all of them; true leaves at most 7 bits, so 57 may be put.
 */
static inline bool bits_drain(struct bits_writer *w)
{
    if (w->end - w->next >= 8) {
        unsigned whole = w->bits.count & ~7u;
        bits_store64(w->next, w->bits.hold);
        w->next += whole >> 3;
        w->bits.hold >>= whole;
        w->bits.count -= whole;
        return true;
    }
    while (w->bits.count >= 8 && w->next < w->end) {
        *w->next++ = (uint8_t)w->bits.hold;
        w->bits.hold >>= 8;
        w->bits.count -= 8;
    }
    return w->bits.count < 8;
}

/* Put a number of n bits, nothing set above them. The hold must have room:
   count + n <= 63. */
static inline void bits_put(struct bits_writer *w, uint64_t value, unsigned n)
{
    w->bits.hold |= value << w->bits.count;
    w->bits.count += n;
}

/* Put zero bits up to the next byte boundary. */
static inline void bits_pad(struct bits_writer *w)
{
    w->bits.count = (w->bits.count + 7) & ~7u;
}

#endif
