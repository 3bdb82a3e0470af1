/* SPDX-License-Identifier: MIT */
/*
 * listing: the lines of an explanation, in columns.
 *
 *   0 2   6          17                        27              52     to 71
 *   | |   |          |                         |               |          |
 *   text frame, 5 bytes                                          byte 129     title
 *     81  1... ....  FIN 1: the whole message is in this frame        5.4     field
 *     37 FA 21 3D    masking key                                      5.3
 *     7F 9F 4D 51 58           48 65 6C 6C 6F           Hello                 row
 *     = a text message of 5 bytes                                     5.6     result
 *        ^^          WRONG at byte 136: ...                           8.1     wrong
 *
 * A line has the caller's prefix, of at most LISTING_PREFIX columns, and then at
 * most LISTING_WIDTH more: together a terminal's 80. Words wrap between two of
 * them. The section of an RFC stands at the right edge. Whatever the bytes are,
 * the lines are printable ASCII. A line has one colour, or none.
 */
#ifndef WIRE_LISTING_H
#define WIRE_LISTING_H

#include "base/text.h"
#include "wire/fault.h"

#define LISTING_WIDTH  72
#define LISTING_PREFIX 8
#define LISTING_ROW    8   /* bytes in a row of payload */
#define LISTING_PHRASE 240 /* bytes of a phrase, more than the longest has */

#define LISTING_BYTES_COLUMN   2  /* bytes as they were sent */
#define LISTING_MEANING_COLUMN 17 /* what they mean */
#define LISTING_PAYLOAD_COLUMN 27 /* payload unmasked, or inflated */

/* The most bytes a line takes in the output: colours, prefix, newline. */
#define LISTING_LINE (LISTING_PREFIX + LISTING_WIDTH + 12)

enum listing_tone {
    LISTING_PLAIN,
    LISTING_TITLE,
    LISTING_RESULT, /* what a frame or a handshake comes to */
    LISTING_WRONG,
};

struct listing {
    struct text *out;   /* where lines go; its room is the caller's care */
    struct span prefix; /* before each line; its owner's, printable */
    bool colour;        /* the escape sequences of ECMA-48 (SGR) */
    size_t start;       /* offset in out of the present line's column 0 */
    enum listing_tone tone;
    struct text phrase;
    uint8_t phrase_bytes[LISTING_PHRASE];
};

/* Begin a phrase that is put together from parts, for one of the functions
   below. It stands until the next one begins. */
struct text *listing_phrase(struct listing *l, const char *start);

/* "1 byte", "2 bytes". */
void listing_count(struct text *t, uint64_t count, const char *what);

/* ---- A line from its parts ----------------------------------------------- */

void listing_begin(struct listing *l, enum listing_tone tone);
void listing_end(struct listing *l);

/* Is it a printable ASCII character? */
static inline bool listing_prints(uint8_t byte)
{
    return byte >= ' ' && byte < 0x7F;
}

/* Go on in this column: blanks up to it, at least one where text is before. */
void listing_column(struct listing *l, size_t column);

/* Bytes as "37 FA", and as text, what does not print as a dot. */
void listing_hex(struct listing *l, struct span bytes);
void listing_text(struct listing *l, struct span bytes);

/* From this column, words that wrap into as many lines as they want; `section`
   (or NULL) at the right edge of the first. Ends the line. */
void listing_wrap(struct listing *l, size_t column, struct span words,
                  const char *section);

/* ---- Whole lines --------------------------------------------------------- */

/* "what", and at the right edge "byte N": where in the stream it begins. */
void listing_title(struct listing *l, struct span what, uint64_t at);

/* Up to four bytes, or (mask not 0) some bits of one, and what they are. The
   byte itself stands beside the bits that hold its highest one. */
void listing_field(struct listing *l, struct span bytes, uint8_t mask,
                   struct span meaning, const char *section);

/* A remark in the column of the meanings. */
void listing_note(struct listing *l, struct span words, const char *section);

/* "= ...": what all the lines before come to. */
void listing_result(struct listing *l, struct span words, const char *section);

/* At most LISTING_ROW bytes as they were sent (none: blank), the same unmasked
   (none: as sent), and as text. */
void listing_row(struct listing *l, struct span sent, struct span plain);

/* Marks under `width` columns of the line before, and beside or below them
   what is wrong there, the rule, and what follows from it. */
void listing_wrong(struct listing *l, size_t column, size_t width, uint64_t at,
                   const struct fault_rule *rule, struct span consequence);

#endif
