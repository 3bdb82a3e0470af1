/* SPDX-License-Identifier: MIT */
/*
 * run: the life of a bus (bus.h): its two links, its bell, and time.
 *
 *   away     bus_due has come: both links are dialled, at one address
 *     |      (RUN_DIAL for both together)
 *     v
 *   links    what comes is read, what the bus wants to say is written
 *     |
 *     v      one breaks, or the bus drops them
 *   away     at the next address
 *
 * Of several addresses each is tried in its turn, and so is the next one where a
 * link was lost: whoever has become the master is found by that.
 */
#ifndef BUS_RUN_H
#define BUS_RUN_H

#include "bus/bus.h"
#include "os/socket.h"

/* Milliseconds. */
#define RUN_DIAL   5000 /* for both links to be there */
#define RUN_SETTLE 3000 /* until it counts as away, at the start */
#define RUN_REST   1000 /* for what was proposed, at the end */

struct run_plan {
    struct bus_plan bus;
    const struct socket_address *addresses;
    size_t address_count; /* one at least */
    const int *bells;     /* of all on the board, its own too: bell.h */
    const struct atom
        *ends; /* 1: it ends, once all is sent, or after RUN_REST */
};

struct run_link {
    int fd; /* -1: none */
    bool connected;
    bool readable; /* the reactor said so, and no receive came back short */
    bool writable; /* likewise */
    bool hangup;   /* no event will tell of more */
    bool left;     /* some of `in` was not looked at: the bus held */
    uint8_t *in;   /* in_size bytes: not yet taken by the bus, */
    size_t in_len; /* so many of them */
};

struct run {
    const struct run_plan *plan;
    struct bus *bus;
    struct store *store; /* the bus's */
    int reactor;
    struct run_link links[BUS_LINKS];
    size_t in_size;
    size_t address; /* which one is dialled next */
    size_t dialled; /* which one was dialled last */
    size_t tried;   /* attempts that came to nothing, so far */
    uint64_t began; /* milliseconds, monotonic */
    uint64_t now;   /* likewise; and since 1970 */
    uint64_t wall;
    uint64_t dial_by; /* while it dials */
    uint64_t end_by;  /* 0: it does not end yet */
    bool dials;
    bool settled; /* run_settled was true */
    int status;   /* to exit with, when a turn was the last */
};

/* Bytes that it will set aside, but for what it receives into; SIZE_MAX: more than
   there are. The store needs its map, board and proposals only. */
size_t run_measure(const struct run_plan *plan, const struct store *store);

/* Memory and reactor are there: 0; or RUN_NO_MEMORY, or the -errno of the reactor.
   The plan must stay. */
#define RUN_NO_MEMORY 1
int run_open(struct run *r, const struct run_plan *plan,
             const struct store *store);

/* One turn. False: it was the last one; with r->status 1 run_news says why. */
bool run_turn(struct run *r);

/* Is it known by now how it stands with Redis: here; or away, for each address
   was tried, or for too long? From then on nothing that Redis is ends it. */
bool run_settled(struct run *r);

/* As bus_news; and whom it is about. */
struct span run_news(struct run *r);
static inline const struct socket_address *run_address(const struct run *r)
{
    return &r->plan->addresses[r->dialled];
}

/* Is it here? */
bool run_is_here(const struct run *r);

#endif
