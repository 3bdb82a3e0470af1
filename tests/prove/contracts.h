/* SPDX-License-Identifier: MIT */
/*
 * contracts: what the driver of one file proves, and drivers of files that
 * call it rest on, so that they need not go through it again. In its own
 * driver each contract is checked; the others (`uses:`) take it in the place
 * of the function.
 */
#ifndef PROVE_CONTRACTS_H
#define PROVE_CONTRACTS_H

#include "base/sha1.h"
#include "base/utf8.h"
#include "wire/frame.h"

/*@ requires \valid(ptr + (0 .. len - 1));
    requires \valid_read(masking_key + (0 .. 3));
    assigns ptr[0 .. len - 1] \from ptr[0 .. len - 1],
                                    masking_key[0 .. 3], offset; */
void frame_mask(uint8_t *ptr, size_t len, const uint8_t masking_key[4],
                uint64_t offset);

/*@ requires \valid(u) && u->missing <= 3;
    requires \valid_read(ptr + (0 .. len - 1));
    assigns *u, \result \from *u, ptr[0 .. len - 1];
    ensures u->missing <= 3 && u->failed <= 1;
    ensures \result == 0 || \result == 1; */
bool utf8_take(struct utf8 *u, const uint8_t *ptr, size_t len);

/*@ requires \valid(s);
    requires \valid_read((uint8_t *)ptr + (0 .. len - 1));
    assigns *s \from *s, ((uint8_t *)ptr)[0 .. len - 1]; */
void sha1_take(struct sha1 *s, const void *ptr, size_t len);

/*@ requires \valid(s) && \valid(digest + (0 .. SHA1_LEN - 1));
    assigns *s, digest[0 .. SHA1_LEN - 1] \from *s;
    ensures \initialized(digest + (0 .. SHA1_LEN - 1)); */
void sha1_finish(struct sha1 *s, uint8_t digest[SHA1_LEN]);

#endif
