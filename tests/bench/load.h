/* SPDX-License-Identifier: MIT */
/*
 * load: the clients, the loop that drives them, and the phases of a run.
 *
 *   open     every client connects, at most --opening at once
 *   settle   a pause, so that the server has done what an opening leads to
 *   warm up  the mode's traffic, not counted
 *   measure  the same, between two readings of the server's clocks
 *   drain    nothing more is sent; what is under way must all arrive
 *   close    every client closes and is closed; or, --term, the server leaves
 *
 * A turn of the loop: wait, then for every ready client read, hand its events
 * to the mode, and send what the mode queued. Anything unexpected ends the
 * program: see tool_fail.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "bench/client.h"
#include "bench/histogram.h"
#include "bench/meter.h"
#include "bench/options.h"

struct load;
struct broadcast;

/* What one kind of traffic does; the loop knows nothing of it. */
struct mode {
    const char *name;  /* on the command line */
    const char *path;  /* the request target when none is given */
    const char *unit;  /* what load->done counts */
    uint64_t sources;  /* addresses to come from; more for many clients */
    bool opens_itself; /* no open phase: start connects */
    void (*start)(struct load *load);
    void (*event)(struct load *load, struct client *c,
                  const struct client_event *event);
    void (*timer)(struct load *load, uint64_t times); /* or NULL */
    bool (*drained)(const struct load *load);
};

extern const struct mode echo_mode, broadcast_mode, idle_mode, churn_mode;

struct load {
    const struct options *options;
    const struct mode *mode;
    struct sockaddr_in server;
    int epoll;
    int timer;                   /* a timerfd, or -1 */
    struct client *clients;      /* options->connections of them */
    struct broadcast *broadcast; /* of that mode, or NULL */
    struct payload payload;
    uint8_t *scratch;   /* for receiving, shared by all clients */
    uint64_t connected; /* clients whose connecting began */
    uint64_t opening;   /* of them not yet open */
    uint64_t open;      /* clients that are OPEN */
    uint64_t events;    /* taken from clients: when they stop, it stalls */
    uint64_t now;       /* ns, read after every receive */
    uint32_t random;    /* state of the masking keys */
    bool measuring;     /* done and latency count */
    bool stopping;      /* send nothing more */

    uint64_t sent;             /* messages since the start */
    uint64_t done;             /* units while measuring */
    struct histogram *latency; /* of them, ns */
};

/* What a run found, for the report. */
struct findings {
    struct meter begin, end; /* around measuring */
    struct meter first;      /* before the first client */
    struct meter opened;     /* after the last had opened */
    uint64_t resident[2];    /* bytes: before the first, when all are open */
    uint64_t slab[2];        /* bytes of the kernel's, likewise */
    uint64_t closing;        /* ns of the last phase */
};

/* Run all phases. Options and mode outlive the load. */
void load_init(struct load *load, const struct options *options,
               const struct mode *mode);
struct findings load_run(struct load *load);

/* For the modes. */
void load_connect(struct load *load, struct client *c);
void load_send(struct load *load, struct client *c, struct stamp s);
void load_close(struct load *load, struct client *c);
void load_flush(struct load *load, struct client *c);
void load_done(struct load *load, uint64_t since);
void load_every(struct load *load, uint64_t interval);
_Noreturn void load_fail(const struct load *load, const struct client *c,
                         const char *error);

#endif
