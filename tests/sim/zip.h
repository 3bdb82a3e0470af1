/* SPDX-License-Identifier: MIT */
/*
 * zip: a message under permessage-deflate (RFC 7692 7.2), by zlib.
 *
 * A peer's own: our codec is among what is being tested.
 */
#ifndef SIM_ZIP_H
#define SIM_ZIP_H

#include "base/bytes.h"

/* The payload of a whole message, compressed with a window of 2^bits bytes;
   the caller frees ptr. */
struct span zip_deflate(struct span message, int bits);

/* The message of a whole payload; the caller frees ptr. ptr NULL: it is not
   one. */
struct span zip_inflate(struct span payload);

#endif
