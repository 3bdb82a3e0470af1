/* SPDX-License-Identifier: MIT */
/*
 * server: everything that a server knows, in one struct, and its queues.
 *
 * There are no globals: two servers in one process are two structs.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/arena.h"
#include "base/wheel.h"
#include "os/reactor.h"
#include "server/address.h"
#include "server/client.h"
#include "server/crew.h"
#include "server/journal.h"
#include "server/lease.h"
#include "server/room.h"
#include "server/service.h"
#include "server/stats.h"
#include "store/store_file.h"
#include "wire/handshake.h"
#include "wire/permessage.h"
#include "wire/proxy.h"

/* What the reactor calls those that are no clients. A client's generation is
   odd, so its token is never below 2^32. */
#define SERVER_TOKEN_SIGNALS   UINT64_C(0)
#define SERVER_TOKEN_BELL      UINT64_C(1) /* of a worker: crew.h */
#define SERVER_TOKEN_LISTENERS UINT64_C(2) /* + index of the listener */

struct server_listener {
    struct socket_address address;
    int fd;       /* -1: closed */
    bool ready;   /* somebody may wait: the reactor said so, and no accept has
                     found nobody since */
    bool metrics; /* the address of --metrics */
    bool shared;  /* other workers accept from it, too */
};

#define SERVER_LISTENERS (LIMITS_ADDRS + 1)

/* Somebody who posts, under --rate: gate.h. */
struct gate_poster {
    uint64_t allowance; /* as in struct profile */
    uint32_t address;   /* its key */
};

/* Whom a client's connection is from, by its index: caller.h. */
struct source {
    struct ip hop;    /* who connected, or whom the PROXY header names */
    struct ip client; /* whom the connection is from; IP_NONE: unix */
};
struct sources {
    struct source *table;  /* only where proxies may tell, else NULL */
    struct proxy *headers; /* with --proxy-protocol, else NULL */
};

/* What clients are told of Redis: away.h. */
struct away {
    uint64_t since;    /* `now` when it went; 0: it is here */
    uint64_t tell_by;  /* when clients are to be told next, or UINT64_MAX */
    uint32_t tell_at;  /* slots below: told */
    uint32_t close_at; /* slots below: closed, for it is away too long */
    bool is_paused;    /* that is what they are told */
    bool is_owing;     /* somebody could not be told */
};

struct server {
    const struct config *config;
    const struct service_site *site;

    uint64_t woken;   /* microseconds, monotonic; read once a turn */
    uint64_t now;     /* the same in milliseconds */
    uint64_t wall;    /* milliseconds since 1970 */
    uint64_t resumed; /* `now` when it last woke much later than it wanted: the
                         machine had been stopped */

    int reactor;
    int signals;
    int spare;  /* a descriptor given up to answer when there are no more */
    int folder; /* of --static, or -1 */
    struct server_listener listeners[SERVER_LISTENERS];
    size_t listener_count;
    bool signalled;      /* the signals' descriptor is readable */
    bool rung;           /* the bell was */
    uint32_t looks;      /* in a row that found as much as one can tell of */
    uint64_t rest_until; /* 0, or when accepting is tried again */
    uint32_t asked;      /* in a row: admit_waits */
    uint32_t came;       /* in this turn, and got none of the regular slots */

    struct crew crew; /* whom it works beside */
    struct clients clients;
    struct leases leases;
    struct leases inflating; /* struct compressed_in of compressed.h */
    struct leases deflating; /* struct compressed_out */
    struct leases scrapes;   /* texts of --metrics being sent */
    struct rooms rooms;
    struct store_file *file; /* of --store, else NULL */
    struct addresses addresses;
    struct address_crowds crowds; /* of one process */
    struct sources sources;
    uint32_t downloads_most; /* files sent for more than a turn, at a time */
    struct wheel wheel;      /* over the clients */
    struct journal journal;
    struct trace *trace; /* of --trace, else NULL */
    struct stats stats;

    struct http_request request; /* of `current`, */
    bool answers;                /* while that is being answered */

    struct client_queue ready; /* clients with input to handle */
    uint64_t cost;             /* of this turn so far: limits.h */
    struct client_queue dirty; /* clients with output to flush */
    uint32_t reap;             /* stack of GONE clients, index or NONE */

    uint8_t *receive; /* receive_size bytes: where input is received */
    size_t receive_size;
    uint8_t *inflated; /* chunk_size bytes: of a compressed message */
    uint8_t *deflated; /* where a deflated frame is built, for the rooms'
                              logs or as an answer */
    size_t deflated_size;
    size_t chunk_size;       /* most bytes that are inflated and answered at
                              once; what comes of them fits in staging */
    struct deflate *deflate; /* for messages that are compressed in one go */
    size_t inflate_left;     /* bytes that may still be inflated in this turn of
                              the current client */
    unsigned blocks_left;    /* and blocks begun */
    uint8_t *encode;         /* encode_size bytes: where frames are built */
    size_t encode_size;
    struct text staging;    /* private output of `current` in this turn, */
    struct span lent;       /* and behind it a frame in `receive` */
    struct client *current; /* whose input or timer is being handled, or NULL */

    struct grant *grants;        /* by index of the client, or NULL: grant.h */
    struct pending *pending;     /* likewise, with --redis: pending.h */
    struct away away;            /* is Redis? away.h */
    struct gate_poster *posters; /* LIMITS_POSTERS of them, or NULL */

    uint64_t flush_cost; /* the most that rooms' messages may cost a turn */

    bool draining;     /* TERM came: nobody new, everybody leaves */
    bool abort;        /* TERM came again */
    uint64_t stop_by;  /* of a worker: told to stop, it drains then */
    uint32_t drain_at; /* slots below: told to leave */
    uint64_t drain_until;
    uint64_t patience;  /* milliseconds the next wait may take */
    int supervisor;     /* who hears of our states, or -1 */
    const char *untold; /* what it had no room for, to be told again, or NULL */
    uint64_t alive_at;  /* the supervisor's next sign of life is due */
    unsigned sandbox;   /* enum sandbox_part: what was achieved */
    size_t reserved;    /* bytes set aside; of a crew: of all of it */
};

/* Milliseconds since `then`, a client's time (low 32 bits of server.now). */
static inline uint32_t server_since(const struct server *s, uint32_t then)
{
    return (uint32_t)s->now - then;
}

/* What this client's requests are answered by. */
static inline const struct service_site *server_site(const struct server *s,
                                                     const struct client *c)
{
    return client_has(c, CLIENT_SCRAPE) ? s->site->metrics : s->site;
}

/* What the service of this client is. */
static inline const struct service *server_service(const struct server *s,
                                                   const struct client *c)
{
    return s->site->services[c->form];
}

/* Whose pages may come in; the subprotocol is the path's. */
static inline struct handshake_policy server_policy(const struct server *s)
{
    return (struct handshake_policy){.origins = s->config->origins,
                                     .origin_count = s->config->origin_count,
                                     .any_origin = s->config->any_origin};
}

/* Exit statuses of a start that fails. */
#define SERVER_FAILED     1 /* the machine would not */
#define SERVER_BAD_OPTION 2 /* an option's value was wrong */

/* For such a start: puts `what` in `why`, and what went wrong where
   `result` is a -errno. Returns SERVER_FAILED. */
int server_failed(struct text *why, const char *what, int result);

/* So many bytes cannot be had; SIZE_MAX: more than a number can say. */
int server_no_memory(struct text *why, size_t size);

/* What there is now, of this worker; of all, where there are several. */
void server_count(const struct server *s, uint32_t gauges[CREW_GAUGES]);
void server_count_all(const struct server *s, uint32_t gauges[CREW_GAUGES]);

/* Of all workers together: slots for clients, and rooms with members. */
uint32_t server_slots(const struct server *s);
uint32_t server_rooms(const struct server *s);

/* Nobody writes any more: close --store, where there is one. */
void server_close_store(struct server *s);

/* Tell the supervisor, now or as soon as it has room. */
void server_tell(struct server *s, const char *state);

/* Look at the clocks: woken, now and wall. */
void server_read_clocks(struct server *s);

/* Put a client at the end of the dirty queue, once. */
void server_make_dirty(struct server *s, struct client *c);

/* Let a client's slot be freed at the end of the turn; free all such. */
void server_bury(struct server *s, struct client *c);
void server_reap(struct server *s);

#endif
