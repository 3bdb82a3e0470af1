/* SPDX-License-Identifier: MIT */
#include "server/stats.h"

const uint32_t stats_bounds[STATS_BUCKETS] = {
    50,    100,   250,   500,    1000,   2500,    5000,
    10000, 25000, 50000, 100000, 250000, 1000000, 5000000};

void stats_close(struct stats *s, unsigned code, enum journal_cause cause)
{
    unsigned row = CLOSE_ABNORMAL - 1000;
    if (code >= 3000)
        row = code < 4000 ? STATS_CODE_3000 : STATS_CODE_4000;
    else if (code >= 1000 && code <= 1015)
        row = code - 1000;
    s->closes[row][cause]++;
}

/* There are a few dozen kinds, and the ones that occur often come early. */
void stats_refuse(struct stats *s, unsigned status, const char *why)
{
    for (size_t i = 0; i < STATS_REFUSALS; i++) {
        struct stats_refusal *r = &s->refusals[i];
        if (!r->why)
            *r = (struct stats_refusal){.why = why, .status = status};
        if (r->status == status &&
            bytes_equal(bytes_of(r->why), bytes_of(why))) {
            r->count++;
            return;
        }
    }
    s->other_refusals++;
}

void stats_time(struct stats_histogram *h, uint64_t microseconds)
{
    size_t i = 0;
    while (i < STATS_BUCKETS && microseconds > stats_bounds[i])
        i++;
    h->counts[i]++;
    h->sum += microseconds;
}
