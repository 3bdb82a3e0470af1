/* SPDX-License-Identifier: MIT */
/*
 * codec: what the tests of the compression layer share.
 *
 * - a stream written bit by bit, for data that no compressor would make;
 * - a walker: a second, slow and plain decoder that shares no line with
 *   src/wire, and tells what kinds of block and which distances it met;
 * - feeding a decoder or encoder in pieces;
 * - repeatable random numbers, and text that looks like chat, JSON, HTML.
 */
#ifndef SUPPORT_CODEC_H
#define SUPPORT_CODEC_H

#include "wire/permessage.h"

/* ---- random -------------------------------------------------------------- */

struct codec_random {
    uint64_t state; /* any seed */
};

uint32_t codec_random(struct codec_random *r);

/* Below `limit`, which is not 0. */
uint32_t codec_below(struct codec_random *r, uint32_t limit);

/* ---- samples ------------------------------------------------------------- */

enum codec_kind {
    CODEC_CHAT,
    CODEC_JSON,
    CODEC_HTML,
    CODEC_RANDOM,
    CODEC_ZEROS,
    CODEC_FEW, /* random, but of three different bytes only */
    CODEC_KINDS,
};

const char *codec_kind_name(enum codec_kind kind);
void codec_sample(struct codec_random *r, enum codec_kind kind, uint8_t *out,
                  size_t len);

/* ---- a stream, bit by bit ------------------------------------------------ */

#define CODEC_STREAM 4096

struct codec_stream {
    uint8_t bytes[CODEC_STREAM];
    size_t len; /* bits */
};

/* A number, its lowest bit first. */
void codec_put(struct codec_stream *s, uint32_t value, unsigned bits);

/* A Huffman code as the RFC prints it: "0110". Blanks are left out. */
void codec_put_code(struct codec_stream *s, const char *code);

/* A symbol in the fixed literal/length code. */
void codec_put_fixed(struct codec_stream *s, unsigned symbol);

void codec_align(struct codec_stream *s);
struct span codec_span(const struct codec_stream *s);

/* Header of a dynamic block that gives symbols these lengths. Each length is
   sent as it is, in a code of four bits for all of 0..15: plain, and long. */
void codec_put_dynamic(struct codec_stream *s, bool final,
                       const uint8_t *literals, unsigned literal_count,
                       const uint8_t *distances, unsigned distance_count);

/* ---- the walker ---------------------------------------------------------- */

struct codec_walk {
    bool whole;             /* ended at a block boundary, nothing left but less
                            than a byte of padding */
    unsigned blocks[3];     /* by type: stored, fixed, dynamic */
    size_t far;             /* the greatest distance */
    unsigned symbols[2];    /* literals, matches */
    uint32_t literals[288]; /* how often each literal/length symbol occurs, */
    uint32_t distances[32]; /* and each distance symbol */
    size_t extra;           /* extra bits of all of these */
    size_t first;           /* bits of the first block */
    size_t len;             /* bytes that came out */
};

/* Decode `in` into out, as far as it goes. */
struct codec_walk codec_walk(struct span in, uint8_t *out, size_t size);

/* ---- in pieces ----------------------------------------------------------- */

/*
 * Run a whole input through in pieces: so many bytes of input, and so many of
 * room at a time (0: all at once). *out gets everything. The answer is the
 * last one: INFLATE_INPUT when all of in is taken.
 */
enum inflate_status codec_inflate(struct inflate *z, struct span in,
                                  size_t in_step, struct text *out,
                                  size_t out_step);

/* The same for deflate, with a flush at the end. */
void codec_deflate(struct deflate *z, struct span in, size_t in_step,
                   struct text *out, size_t out_step, enum deflate_flush flush);

#endif
