/* SPDX-License-Identifier: MIT */
#include "server/stats.h"

const uint32_t stats_bounds[STATS_BUCKETS] = {
    50,    100,   250,   500,    1000,   2500,    5000,
    10000, 25000, 50000, 100000, 250000, 1000000, 5000000};

/* Only codes that may be sent or that stand for none come here. */
static unsigned row_of(unsigned code)
{
    if (code >= 4000)
        return STATS_CODE_4000;
    if (code >= 3000)
        return STATS_CODE_3000;
    return code >= 1000 && code <= 1015 ? code - 1000 : CLOSE_ABNORMAL - 1000;
}

void stats_close(struct stats *s, unsigned code, enum journal_cause cause)
{
    s->closes[row_of(code)][cause]++;
}

static bool is(const struct stats_refusal *r, unsigned status, const char *why)
{
    return r->status == status && bytes_equal(bytes_of(r->why), bytes_of(why));
}

/* There are a few dozen kinds, and the ones that occur often come early. */
void stats_refuse(struct stats *s, unsigned status, const char *why)
{
    size_t i = 0;
    while (i < STATS_REFUSALS && s->refusals[i].why &&
           !is(&s->refusals[i], status, why))
        i++;
    if (i == STATS_REFUSALS) {
        s->other_refusals++;
        return;
    }
    s->refusals[i].why = why;
    s->refusals[i].status = status;
    s->refusals[i].count++;
}

void stats_time(struct stats_histogram *h, uint64_t microseconds)
{
    size_t i = 0;
    while (i < STATS_BUCKETS && microseconds > stats_bounds[i])
        i++;
    h->counts[i]++;
    h->sum += microseconds;
}
