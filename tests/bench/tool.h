/* SPDX-License-Identifier: MIT */
/* tool: what wsbench and floor share: giving up, the clock, memory. */
#ifndef BENCH_TOOL_H
#define BENCH_TOOL_H

#include <stddef.h>
#include <stdint.h>

/* Write one line to standard error and exit 1. A bench that saw one wrong
   byte has nothing to say about speed, so every failure ends here. */
_Noreturn void tool_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* Nanoseconds of the monotonic clock. */
uint64_t tool_now(void);

/* count * size zeroed bytes, never NULL. */
void *tool_alloc(size_t count, size_t size);

/* Raise the soft limit on open files to the hard one; fail when it is still
   below `files`. */
void tool_allow_files(uint64_t files);

#endif
