/* SPDX-License-Identifier: MIT */
/*
 * meter: what a process has used so far, read from outside.
 *
 * CPU time comes from the process's own POSIX clock, which is exact to the
 * nanosecond and counts all threads; only its split into user and system time
 * is from /proc/PID/stat, whose ticks are 10 ms. On a loopback connection the
 * kernel's work for both ends is charged to whoever sends: that is part of
 * what a delivery costs, for every server alike.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>
#include <sys/types.h>

struct meter {
    uint64_t time;     /* of the reading, ns of the monotonic clock */
    uint64_t cpu;      /* ns of CPU time, all threads */
    uint64_t user;     /* of which in user space, ns, in ticks of 10 ms */
    uint64_t system;   /* of which in the kernel, as coarse */
    uint64_t switches; /* times the first thread went to sleep */
    uint64_t own;      /* ns of CPU time of this very program */
};

/* Read the clocks; with pid 0, the time and our own alone. */
struct meter meter_read(pid_t pid);

/* Bytes of resident memory; 0 with pid 0. Walks the process's page tables, so
   it is for the pauses. */
uint64_t meter_resident(pid_t pid);

/* Bytes of the kernel's slabs, where sockets live: the whole machine's, so a
   difference over loopback counts both ends. */
uint64_t meter_slab(void);

#endif
