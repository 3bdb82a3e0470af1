/* SPDX-License-Identifier: MIT */
/*
 * histogram: how often each duration was seen, to within 1.6 %.
 *
 * Log-linear: every power of two is cut into HISTOGRAM_PARTS equal parts, so
 * one addition is a shift and an increment however long the run.
 *
 *      value (ns)   0 .. 63   64 .. 127   128 .. 255   256 .. 511   ...
 *      bucket of       1          1            2            4       ns
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BITS    6
#define HISTOGRAM_PARTS   (1u << HISTOGRAM_BITS)
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_BITS + 1) * HISTOGRAM_PARTS)

struct histogram {
    uint64_t total;                    /* values added */
    uint64_t max;                      /* the largest of them */
    uint64_t count[HISTOGRAM_BUCKETS]; /* values in each bucket */
};

void histogram_add(struct histogram *h, uint64_t value);

/* The value that a share (0 to 1) of all values do not exceed, rounded up to
   its bucket's end; 0 when empty. */
uint64_t histogram_quantile(const struct histogram *h, double share);

#endif
