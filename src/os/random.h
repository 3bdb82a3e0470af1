/* SPDX-License-Identifier: MIT */
/* random: bytes nobody can guess, for the members' ids. */
#ifndef OS_RANDOM_H
#define OS_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Fill len (at most 256) bytes. 0, or -errno. */
int random_fill(uint8_t *ptr, size_t len);

#endif
