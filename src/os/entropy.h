/* SPDX-License-Identifier: MIT */
/* entropy: bytes nobody can guess, for the members' ids. */
#ifndef OS_ENTROPY_H
#define OS_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

/* Fill len (at most 256) bytes. 0, or -errno. */
int entropy_fill(uint8_t *ptr, size_t len);

#endif
