/* SPDX-License-Identifier: MIT */
/*
 * mirror: what a client sent, as a server would have sent it (RFC 6455 5.1).
 *
 * Each frame that was masked is not, and each that was not is masked, with a
 * key that changes nothing. All else is the same, what is wrong with it, too;
 * so a vector of one role is a vector of the other.
 */
#ifndef SUPPORT_MIRROR_H
#define SUPPORT_MIRROR_H

#include "base/bytes.h"

/* The most bytes that `len` can become: two bytes may get a key of four. */
#define MIRROR_SIZE(len) (3 * (len) + 4)

/* Write it to out, which holds MIRROR_SIZE(len); returns its length. */
size_t mirror_frames(uint8_t *out, const uint8_t *ptr, size_t len);

#endif
