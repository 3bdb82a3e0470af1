/* SPDX-License-Identifier: MIT */
#include "bench/histogram.h"

static unsigned bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_PARTS)
        return (unsigned)value;
    unsigned power = 63 - (unsigned)__builtin_clzll(value);
    unsigned shift = power - HISTOGRAM_BITS;
    unsigned part = (unsigned)(value >> shift) & (HISTOGRAM_PARTS - 1);
    return (shift + 1) * HISTOGRAM_PARTS + part;
}

/* The largest value of a bucket. */
static uint64_t bucket_end(unsigned bucket)
{
    if (bucket < HISTOGRAM_PARTS)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_PARTS - 1;
    uint64_t part = bucket % HISTOGRAM_PARTS + HISTOGRAM_PARTS;
    return ((part + 1) << shift) - 1;
}

void histogram_add(struct histogram *h, uint64_t value)
{
    h->total++;
    h->count[bucket_of(value)]++;
    if (value > h->max)
        h->max = value;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
    double wanted = share * (double)h->total;
    uint64_t seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += h->count[bucket];
        if (seen && (double)seen >= wanted)
            return bucket_end(bucket) < h->max ? bucket_end(bucket) : h->max;
    }
    return h->max;
}
