/* SPDX-License-Identifier: MIT */
/*
 * sheet: lines of an explanation, laid out in columns.
 *
 *   0 2   6          17                        27              52     to 71
 *   | |   |          |                         |               |          |
 *   text frame, 5 bytes                                          byte 129     title
 *     81  1... ....  FIN 1: the whole message is in this frame        5.4     field
 *     37 FA 21 3D    masking key                                      5.3
 *     7F 9F 4D 51 58           48 65 6C 6C 6F           Hello                 row
 *        ^^          WRONG at byte 136: ...                           8.1     wrong
 *
 * A line is at most SHEET_WIDTH columns; before it stands the caller's prefix,
 * at most SHEET_PREFIX columns, so that all fits a terminal's 80. What is said
 * wraps between words, and the section of an RFC stands at the right edge.
 * Everything written is printable ASCII, whatever the bytes are, and a line
 * has one colour, if any.
 */
#ifndef WIRE_SHEET_H
#define WIRE_SHEET_H

#include "base/text.h"

#define SHEET_WIDTH  72
#define SHEET_PREFIX 8
#define SHEET_ROW    8 /* bytes in a row of payload */

#define SHEET_BYTES_COLUMN 2  /* bytes as they were sent */
#define SHEET_SAY_COLUMN   17 /* what they mean */
#define SHEET_PLAIN_COLUMN 27 /* payload unmasked, or inflated */

/* The most bytes a line takes in the output: colours, prefix, newline. */
#define SHEET_LINE (SHEET_PREFIX + SHEET_WIDTH + 12)

enum sheet_tone {
    SHEET_PLAIN,
    SHEET_TITLE,
    SHEET_RESULT, /* what a frame or a handshake comes to */
    SHEET_WRONG,
};

struct sheet {
    struct text *out;   /* where lines go; its room is the caller's care */
    struct span prefix; /* before each line; its owner's, printable */
    bool colour;        /* the escape sequences of ECMA-48 (SGR) */
    size_t start;       /* offset in out of the present line's column 0 */
    enum sheet_tone tone;
};

/* ---- A line from its parts ----------------------------------------------- */

void sheet_begin(struct sheet *s, enum sheet_tone tone);
void sheet_end(struct sheet *s);

/* Go on in this column: blanks up to it, at least one where text is before. */
void sheet_column(struct sheet *s, size_t column);

/* Bytes as "37 FA", one as "1... ....": the bits in `mask`, others dots, and
   bytes as text, what does not print as a dot. */
void sheet_hex(struct sheet *s, struct span bytes);
void sheet_bits(struct sheet *s, uint8_t byte, uint8_t mask);
void sheet_text(struct sheet *s, struct span bytes);

/* From this column, words that wrap into as many lines as they want; `section`
   (or NULL) at the right edge of the first. Ends the line. */
void sheet_say(struct sheet *s, size_t column, struct span words,
               const char *section);

/* ---- Whole lines --------------------------------------------------------- */

/* "what", and at the right edge "byte N": where in the stream it begins. */
void sheet_title(struct sheet *s, struct span what, uint64_t at);

/* Up to four bytes, or (mask not 0) some bits of one, and what they are. The
   byte itself stands beside the bits that hold its highest one. */
void sheet_field(struct sheet *s, struct span bytes, uint8_t mask,
                 struct span meaning, const char *section);

/* A remark in the column of the meanings. */
void sheet_note(struct sheet *s, const char *words, const char *section);

/* At most SHEET_ROW bytes as they were sent (none: blank), the same unmasked
   (none: as sent), and as text. */
void sheet_row(struct sheet *s, struct span sent, struct span plain);

/* A rule that is broken. */
struct sheet_rule {
    const char *what;    /* "a reserved bit is set" */
    const char *rule;    /* what the RFC says, in its words or shorter */
    const char *section; /* and where */
};

/* Marks under `width` columns of the line before, and beside or below them
   what is wrong there, the rule, and what follows from it. */
void sheet_wrong(struct sheet *s, size_t column, size_t width, uint64_t at,
                 const struct sheet_rule *rule, struct span consequence);

#endif
