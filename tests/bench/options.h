/* SPDX-License-Identifier: MIT */
/* options: what wsbench was asked to do. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    const char *mode;     /* echo, broadcast, idle, churn */
    const char *host;     /* IPv4 address of the server */
    uint64_t port;        /* its TCP port */
    const char *path;     /* request target; NULL: the mode's own */
    uint64_t pid;         /* the server's process; 0: it is not metered */
    uint64_t connections; /* at once; in broadcast, the members */
    uint64_t size;        /* payload bytes of a message */
    uint64_t depth;       /* echo: messages in flight on a connection */
    uint64_t senders;     /* broadcast: members that send */
    double rate;          /* broadcast: messages a second; 0: closed loop */
    bool wait_all;        /* broadcast: next when all have it, not just I */
    double seconds;       /* of measuring */
    uint64_t count;       /* messages to measure instead; 0: by time */
    double warmup;        /* seconds before measuring */
    uint64_t sources;     /* loopback addresses to come from; 0: enough */
    uint64_t source;      /* the first of them */
    uint64_t opening;     /* most handshakes under way at once */
    bool term;            /* end it by SIGTERM to pid, which closes with 1001 */
    bool text;            /* text messages, not binary */
    bool floor;           /* the server is ./floor, which knows no frames */
    bool json;            /* one JSON object, not text */
};

/* From the command line; a bad one ends the program with status 2. */
struct options options_read(int argc, char **argv);

#endif
