/* SPDX-License-Identifier: MIT */
/*
 * deflate: compress into DEFLATE data (RFC 1951), a piece at a time.
 *
 * Two halves take turns. The first reads input into the window and turns it
 * into tokens: a literal, or a match with something at most a window back.
 * The second, when there are enough tokens or the caller wants a flush, works
 * out which kind of block is smallest (stored, fixed, dynamic), and writes it
 * as there is room.
 *
 *     window   [ history, at least 32506 bytes | at ...... end | free ]
 *               matched against                  to be parsed
 *              when the free part is used up, the later half moves forward
 *
 *     tokens   [ t t t t t t t ...  | free ]  -> block -> tokens empty again
 *
 * Finding matches. Each position is entered in a hash table under its next
 * four bytes; positions of equal hash are chained, latest first. The chain is
 * followed for some steps and the longest match kept. Three bytes that occur
 * again near by are found in a second table, which remembers the latest
 * position only. A match is believed only after the next position has had a
 * chance of a better one (lazy matching).
 *
 *     first[hash] -> pos -> previous[pos] -> previous[...] -> ... -> 0
 *
 * In a hurry (DEFLATE_FAST) there are no chains: of each hash the latest two
 * positions are known, and the longer match is taken at once.
 *
 *     first[2 * hash], first[2 * hash + 1] -> pos, the one before
 *
 * Where nothing has matched for long, either way looks at some bytes only.
 *
 * Small messages are cheap: nothing is cleared but the hash tables, and those
 * are made as small as the message.
 */
#ifndef WIRE_DEFLATE_H
#define WIRE_DEFLATE_H

#include "base/text.h"
#include "wire/bits.h"
#include "wire/deflate_symbols.h"

#define DEFLATE_WINDOW    65536 /* bytes: history, and what is to be parsed */
#define DEFLATE_TOKENS    16384 /* of a block */
#define DEFLATE_HASH_BITS 15    /* at most, of four bytes */
#define DEFLATE_NEAR_BITS 12    /* of three bytes: few, for none is far */
#define DEFLATE_HEAD      320   /* bytes of the longest block header */

/* What to save. Text of 64 KiB in the fast way: twice to three times the speed,
   and 5 to 11 % more bytes, which is less than zlib's level 1 makes of it. */
enum deflate_effort {
    DEFLATE_SMALL, /* bytes: it is compressed once, and many will read it */
    DEFLATE_FAST,  /* time: it goes to one */
};

/* What is expected of a call once all its input is taken. */
enum deflate_flush {
    DEFLATE_MORE,    /* nothing: more input will come */
    DEFLATE_SYNC,    /* put out everything, end with an empty stored block:
                        whole bytes, the last four 00 00 FF FF */
    DEFLATE_MESSAGE, /* the same without those four (RFC 7692 7.2.1) */
};

enum deflate_status {
    DEFLATE_INPUT,  /* all input taken, more is wanted (DEFLATE_MORE only) */
    DEFLATE_OUTPUT, /* there is a byte for which out has no room */
    DEFLATE_DONE,   /* flushed: whatever came in can be decompressed */
};

struct deflate_match {
    uint16_t length; /* 0: none */
    uint16_t distance;
};

struct deflate {
    /* ---- parsing ---- */
    uint32_t window_size; /* 2^window_bits: the farthest distance used */
    uint32_t at;          /* window index of the next byte to be parsed */
    uint32_t end;         /* and of the first that is not there yet */
    uint32_t unmatched;   /* bytes since the last match, or the last flush */
    bool undecided;       /* the byte before `at` is in no token yet */
    struct deflate_match waiting; /* the match that begins there, if any */
    bool fast;                    /* DEFLATE_FAST, and worth it */
    uint8_t hash_bits;            /* what this message uses of first */
    uint8_t near_bits;            /* and of near */

    /* ---- the block that is being gathered ---- */
    uint32_t token_count;
    uint32_t block_len; /* bytes of input that the tokens stand for */
    uint32_t extra_len; /* bits: the extra bits of all their symbols */
    uint32_t literal_freqs[SYMBOLS_LITERALS];
    uint32_t distance_freqs[SYMBOLS_DISTANCES];

    /* ---- the block that is being written ---- */
    struct bits bits;  /* what does not fill a byte yet */
    uint8_t body;      /* enum body in deflate.c: what follows the head */
    bool marked;       /* the block is the empty one that ends a flush */
    uint32_t token_at; /* tokens written */
    uint32_t raw_at;   /* window index of the stored bytes to be written */
    uint32_t raw_len;  /* how many are left */
    uint16_t head_at;  /* bytes of the head written */
    uint16_t head_len; /* and there are */
    uint8_t head[DEFLATE_HEAD]; /* block header, with the dynamic codes */
    uint8_t literal_bits[SYMBOLS_LITERALS]; /* the codes and their lengths */
    uint8_t distance_bits[SYMBOLS_DISTANCES];
    uint16_t literal_codes[SYMBOLS_LITERALS];
    uint16_t distance_codes[SYMBOLS_DISTANCES];

    /* ---- the large parts; window index + 1, or 0 for none ---- */
    uint16_t first[1 << DEFLATE_HASH_BITS];  /* latest position of a hash, or
                                                the latest two of half as many
                                                hashes */
    uint16_t near[1 << DEFLATE_NEAR_BITS];   /* the same for three bytes */
    uint16_t previous[SYMBOLS_MAX_DISTANCE]; /* of the same hash; indexed by
                                                the low bits of a position */
    uint32_t tokens[DEFLATE_TOKENS + 1];     /* distance << 16 | length, or a
                                            literal, or the end of block */
    uint8_t window[DEFLATE_WINDOW];
};

_Static_assert(sizeof(struct deflate) <= 300 * 1024, "as promised");

/*
 * Ready for a message of about `size` bytes (SIZE_MAX: not known). No
 * distance will be greater than 2^window_bits, 8 to 15. Costs little more
 * than clearing 4 bytes per byte of the message, and at most 72 KiB.
 */
void deflate_init(struct deflate *z, unsigned window_bits, size_t size,
                  enum deflate_effort effort);

/*
 * Compress: *in moves on over what was taken, *out grows by what came out
 * (its `overflow` is not touched). Work is bounded by both. Once a flush was
 * asked for and the answer was DEFLATE_OUTPUT, ask again with the rest of *in
 * and the same flush until it is DEFLATE_DONE; then more input may follow.
 */
enum deflate_status deflate_run(struct deflate *z, struct span *in,
                                struct text *out, enum deflate_flush flush);

/*
 * Room that `len` bytes and a flush never outgrow, fed in any pieces: what
 * does not compress is stored, with 5 bytes a block.
 */
static inline size_t deflate_bound(size_t len)
{
    return len + 5 * (len / (DEFLATE_TOKENS / 2) + 2);
}

#endif
