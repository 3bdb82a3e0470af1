/* SPDX-License-Identifier: MIT */
/*
 * prove: what the drivers of this folder have in common. A driver is not run:
 * Eva reckons with every value at once that these functions may answer.
 */
#ifndef PROVE_H
#define PROVE_H

#include "base/bytes.h"

/* A size for `make prove`, and a smaller one where there is less time. */
#ifdef QUICK
#define SIZE(quick, all) (quick)
#define SOME             "?" /* of a shape, see any_like */
#else
#define SIZE(quick, all) (all)
#define SOME             "??"
#endif

/* Any number from least to most. */
uint64_t any_between(uint64_t least, uint64_t most);
uint64_t any_u64(void);
uint32_t any_u32(void);
uint8_t any_u8(void);
bool any_bool(void);

/* Any bytes. */
void any_bytes(void *ptr, size_t len);

/* The last len bytes of memory[0, size), which are any: one more is beyond
   the memory's end, and reading it an alarm. */
uint8_t *any_end(uint8_t *memory, size_t size, size_t len);

/* The same in one memory or another: of bytes that may lie in either Eva does
   not learn by a comparison what they are. Else it would follow each text by
   itself, and of those there are too many. */
const uint8_t *any_text(size_t len);
#define ANY_TEXT_MAX 64

/* A text of this shape, in which each ? is any byte from `least` on; the same
   memory each time, and its end is that of the text. */
struct span any_like(const char *shape, uint8_t least);
#define ANY_LIKE_MAX 512

#endif
