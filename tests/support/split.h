/* SPDX-License-Identifier: MIT */
/*
 * split: the same bytes, however the network cuts them.
 *
 * A receiver that works piece by piece must come to the same end whether its
 * input arrives whole, byte by byte, or cut in two anywhere. split_run feeds
 * it each way: begin, take for every part, end. The asserting is done in take
 * and end; a failure prints which cut it was.
 *
 * The parts lie in one buffer that is used again for each of them, and lean on
 * a guard page: a receiver that reads past a part, or looks at an earlier one
 * through a pointer it kept, is found out.
 */
#ifndef SUPPORT_SPLIT_H
#define SUPPORT_SPLIT_H

#include "base/bytes.h"

struct split {
    const char *name;             /* of the vector, for the failure */
    void (*begin)(void *context); /* start afresh; may be NULL */
    /* One part, which may be changed in place; len may be 0. */
    void (*take)(void *context, uint8_t *ptr, size_t len);
    void (*end)(void *context); /* that was all; may be NULL */
    void *context;
};

/* Feed bytes whole, then byte by byte, then as [0, cut) and [cut, len) for
   every cut from 0 to len, so that empty parts are among them. */
void split_run(const struct split *s, struct span bytes);

#endif
