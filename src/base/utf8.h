/* SPDX-License-Identifier: MIT */
/*
 * utf8: is this UTF-8 (RFC 3629)? Asked piece by piece.
 *
 * Text frames must be valid UTF-8 (RFC 6455 8.1), and a frame, a read or a
 * fragment may end inside a character, so what a character still wants is
 * kept from call to call. Refused at the first byte that cannot be: overlong
 * forms, surrogates D800..DFFF, anything above 10FFFF, stray and missing
 * continuation bytes (RFC 3629 section 4 is the grammar).
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/bytes.h"

/* What the bytes so far leave open. All zero is the start of text. */
struct utf8 {
    uint8_t missing; /* continuation bytes wanted, 0 at a character's end */
    uint8_t lowest;  /* smallest and */
    uint8_t highest; /* largest legal value of the next one */
    uint8_t failed;  /* 1 after a bad byte; stays */
};

/* Take len bytes more. True while all so far may be UTF-8; false for good
   after the first byte that cannot. Linear, and fast over ASCII. */
bool utf8_take(struct utf8 *u, const uint8_t *ptr, size_t len);

/* True when what was taken is whole: not failed, no character unfinished. */
static inline bool utf8_whole(const struct utf8 *u)
{
    return !u->failed && u->missing == 0;
}

/* True when s is, by itself, whole UTF-8. */
bool utf8_valid(struct span s);

/*
 * True when s is whole UTF-8 without control characters: C0 (below 20), DEL
 * (7F) and C1 (80 to 9F). The rule for names of rooms and people.
 */
bool utf8_printable(struct span s);

#endif
