/* SPDX-License-Identifier: MIT */
/*
 * stats: what is counted, for --metrics.
 *
 * Plain numbers that only grow (but for `open`), incremented where the thing
 * happens. What can be read off the tables when somebody asks (slots, leases,
 * rooms) is not counted here. Nothing is kept for a single client.
 */
#ifndef SERVER_STATS_H
#define SERVER_STATS_H

#include "server/client.h"
#include "server/journal.h"

/* Close codes: 1000 to 1015 each, then those of libraries and applications
   (RFC 6455 7.4.2) together. */
#define STATS_CODE_3000 16
#define STATS_CODE_4000 17
#define STATS_CODES     18

/* A histogram of times. */
#define STATS_BUCKETS 14
struct stats_histogram {
    uint64_t counts[STATS_BUCKETS + 1]; /* the last: longer than all bounds */
    uint64_t sum;                       /* microseconds */
};

/* Upper bounds of the buckets, microseconds, each included. */
extern const uint32_t stats_bounds[STATS_BUCKETS];

/* One kind of refusal: a status and the log's `why`. */
#define STATS_REFUSALS 48
struct stats_refusal {
    const char *why; /* static; NULL: this place was not used yet */
    unsigned status; /* 0: dropped without one */
    uint64_t count;
};

struct stats {
    uint64_t began;                      /* milliseconds since 1970 */
    uint64_t accepted;                   /* connections */
    uint64_t opened[CLIENT_FORMS];       /* WebSockets */
    uint32_t open[CLIENT_FORMS];         /* WebSockets open now */
    uint64_t messages_in[CLIENT_FORMS];  /* whole ones */
    uint64_t messages_out[CLIENT_FORMS]; /* echoes; and each message of a room
                                            for every member it is for */
    uint64_t bytes_in;                   /* on the wire, of all connections */
    uint64_t bytes_out;
    uint64_t closes[STATS_CODES][CAUSES]; /* ends of WebSockets */
    struct stats_refusal refusals[STATS_REFUSALS];
    uint64_t other_refusals;     /* of kinds that found no place there */
    struct stats_histogram turn; /* of the loop, from waking to sleeping */
    struct stats_histogram lag;  /* of a room's flush, from the start of the
                                    turn that published to its end */
};

/* A WebSocket has ended; code 0: without a Close. */
void stats_close(struct stats *s, unsigned code, enum journal_cause cause);

/* Somebody was refused; `why` is static. */
void stats_refuse(struct stats *s, unsigned status, const char *why);

void stats_time(struct stats_histogram *h, uint64_t microseconds);

#endif
