/* SPDX-License-Identifier: MIT */
/*
 * shadow: what MemorySanitizer cannot see for itself (`make msan`); without
 * it, nothing happens.
 *
 * It knows which bytes were never written, but not which were written for
 * somebody else: a buffer that is lent out again still holds the last
 * client's bytes, and they pass for written. So each buffer counts as never
 * written when it is carved, made a ring, lent out or received into
 * (shadow.c, sim/network.c); what leaves for a peer must be known.
 */
#ifndef SUPPORT_SHADOW_H
#define SUPPORT_SHADOW_H

#include <stddef.h>

/* Nothing was written here, whatever lies there. */
void shadow_forget(void *ptr, size_t len);

/* These were written, by code that the compiler did not see. */
void shadow_written(const void *ptr, size_t len);

/* The end of the program unless all of them were written. */
void shadow_check(const void *ptr, size_t len);

#endif
