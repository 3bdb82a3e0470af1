/* SPDX-License-Identifier: MIT */
/*
 * stats: what is counted, for --metrics. Nothing is kept for a single client,
 * and what the tables tell when somebody asks (slots, leases, rooms) is not
 * counted here.
 */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

#include "server/client.h"
#include "server/journal.h"

/* Close codes: 1000 to 1015 one by one, then those of libraries and those of
   applications (RFC 6455 7.4.2), each together. */
#define STATS_CODE_3000 16
#define STATS_CODE_4000 17
#define STATS_CODES     18

#define STATS_BUCKETS 14
extern const uint32_t stats_bounds[STATS_BUCKETS]; /* microseconds, included */

/* Times, in microseconds. */
struct stats_histogram {
    uint64_t counts[STATS_BUCKETS + 1]; /* the last: above all bounds */
    uint64_t sum;
};

/* Refusals with one status for one reason. */
#define STATS_REFUSALS 80
struct stats_refusal {
    const char *why; /* as in the log, static; NULL: a free place */
    unsigned status; /* 0: dropped without one */
    uint64_t count;
};

/* Zero at the start; only `open` ever shrinks. */
struct stats {
    uint64_t began;                      /* milliseconds since 1970 */
    uint64_t accepted;                   /* connections */
    uint64_t opened[CLIENT_FORMS];       /* WebSockets */
    uint32_t open[CLIENT_FORMS];         /* WebSockets open now */
    uint64_t messages_in[CLIENT_FORMS];  /* whole ones */
    uint64_t posted;                     /* by plain requests */
    uint64_t messages_out[CLIENT_FORMS]; /* echoes; and each message of a room
                                            for every member it is for */
    uint64_t bytes_in;                   /* on the wire, of all connections */
    uint64_t bytes_out;
    uint64_t closes[STATS_CODES][CAUSES]; /* ends of WebSockets */
    struct stats_refusal refusals[STATS_REFUSALS];
    uint64_t other_refusals;     /* that found no place there */
    struct stats_histogram turn; /* of the loop, from waking to sleeping */
    struct stats_histogram lag;  /* of a room's flush, from the start of the
                                    turn that published to its end */
};

/* A WebSocket has ended; code 0: without a Close. */
void stats_close(struct stats *s, unsigned code, enum journal_cause cause);

/* Somebody was refused; `why` is static. */
void stats_refuse(struct stats *s, unsigned status, const char *why);

void stats_time(struct stats_histogram *h, uint64_t microseconds);

/* Add what another worker counted; of the two the first one began. */
void stats_add(struct stats *s, const struct stats *other);

#endif
