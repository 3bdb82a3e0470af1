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
static void refuse(struct stats *s, unsigned status, const char *why,
                   uint64_t count)
{
    for (size_t i = 0; i < STATS_REFUSALS; i++) {
        struct stats_refusal *r = &s->refusals[i];
        if (!r->why)
            *r = (struct stats_refusal){.why = why, .status = status};
        if (r->status == status &&
            bytes_equal(bytes_of(r->why), bytes_of(why))) {
            r->count += count;
            return;
        }
    }
    s->other_refusals += count;
}

void stats_refuse(struct stats *s, unsigned status, const char *why)
{
    refuse(s, status, why, 1);
}

void stats_time(struct stats_histogram *h, uint64_t microseconds)
{
    size_t i = 0;
    while (i < STATS_BUCKETS && microseconds > stats_bounds[i])
        i++;
    h->counts[i]++;
    h->sum += microseconds;
}

/* ---- Of several workers -------------------------------------------------- */

static void add_all(uint64_t *to, const uint64_t *from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        to[i] += from[i];
}

static void add_histogram(struct stats_histogram *to,
                          const struct stats_histogram *from)
{
    add_all(to->counts, from->counts, STATS_BUCKETS + 1);
    to->sum += from->sum;
}

void stats_add(struct stats *s, const struct stats *other)
{
    s->accepted += other->accepted;
    add_all(s->opened, other->opened, CLIENT_FORMS);
    for (unsigned i = 0; i < CLIENT_FORMS; i++)
        s->open[i] += other->open[i];
    add_all(s->messages_in, other->messages_in, CLIENT_FORMS);
    s->posted += other->posted;
    add_all(s->messages_out, other->messages_out, CLIENT_FORMS);
    s->bytes_in += other->bytes_in;
    s->bytes_out += other->bytes_out;
    add_all(&s->closes[0][0], &other->closes[0][0],
            (size_t)STATS_CODES * CAUSES);
    for (size_t i = 0; i < STATS_REFUSALS && other->refusals[i].why; i++)
        refuse(s, other->refusals[i].status, other->refusals[i].why,
               other->refusals[i].count);
    s->other_refusals += other->other_refusals;
    add_histogram(&s->turn, &other->turn);
    add_histogram(&s->lag, &other->lag);
}
