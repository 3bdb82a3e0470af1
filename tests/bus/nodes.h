/* SPDX-License-Identifier: MIT */
/*
 * nodes: several nodes over one Redis, each with workers, a real store between
 * them, and a real bus; only the processes are no processes.
 *
 *   node      the memory that its processes share: map, board, rings
 *   worker    opens rooms, says random messages, and tells the audit all that it
 *             hears, as server/hear.c would bring it to a room
 *   bus       bus/bus.h over two links (link.h), as bus/loop.c would drive it
 *
 * Whoever sleeps gets on when somebody woke him, and else not; a bus when it is
 * due, or bytes came, too.
 */
#ifndef BUS_NODES_H
#define BUS_NODES_H

#include "bus/audit.h"
#include "bus/bus.h"
#include "bus/link.h"

#define NODES_MAX    4
#define NODE_WORKERS 3
#define NODE_NAMES   8 /* of rooms */
#define NODE_SERVERS 3

#define WORLD_SPEAKERS 5000

struct node;

/* A worker and a room, by its name. */
struct seat {
    bool is_wanted;
    bool is_open;
    uint32_t room; /* its place */
    uint32_t listener;
    uint32_t members;
    uint64_t tag;    /* of the client that says something */
    unsigned queued; /* messages to be said */
};

struct worker {
    struct node *node;
    uint32_t index;
    bool lives, awake;
    uint32_t speaker;
    uint64_t stopped; /* until this millisecond */
    struct store store;
    struct seat seats[NODE_NAMES];
};

struct node {
    struct world *world;
    uint32_t index;
    uint32_t life; /* which of all nodes that ever were */
    void *memory, *map;
    struct store keeper;
    struct bus_plan plan;
    uint64_t skew; /* its clock is ahead by so much */
    struct worker workers[NODE_WORKERS];
    uint32_t worker_count;
    /* the bus */
    struct bus *bus; /* NULL: it is dead */
    void *bus_memory;
    struct store bus_store;
    bool bus_awake, has_input, is_connected;
    uint64_t bus_stopped;
    struct link links[BUS_LINKS];
    struct redis *server; /* to which it is connected */
    uint64_t turned;      /* when it turned for the last time, and how often */
    unsigned turns;       /* since time went on */
};

struct world_plan {
    uint32_t nodes, workers, rooms, names;
    uint32_t stream_size, ring_size;
    uint32_t history;
    uint64_t keep;
    bool has_password;
};

struct world {
    struct world_plan plan;
    struct random *chance;
    struct audit audit;
    uint64_t now, wall;
    struct node nodes[NODES_MAX];
    struct redis servers[NODE_SERVERS];
    uint64_t down[NODE_SERVERS]; /* nobody can connect, until then */
    uint32_t master;             /* who is it, if you ask those who know */
    bool is_well;                /* everybody connects to that one */
    uint32_t speakers;
    struct origin { /* of a speaker */
        uint32_t node;
        uint32_t worker;
    } origins[WORLD_SPEAKERS];
    uint32_t lives; /* of nodes */
    uint64_t tags;
    const char *fault;
    /* what came about */
    uint64_t dials, drops, refusals, full, busy, turns, said, news;
    uint64_t ends;  /* of buses that met no Redis that they can have */
    uint64_t stale; /* connections to one that is no master any more */
    bool is_loud;   /* it tells what happens */
};

static inline uint64_t world_below(struct world *w, uint64_t bound)
{
    return random_below(w->chance, bound);
}
static inline bool world_once_in(struct world *w, uint64_t times)
{
    return world_below(w, times) == 0;
}

/* Its servers are started, the plan is made. */
void node_begin(struct node *n, struct world *w, uint32_t index);
void node_end(struct node *n);

/* Each does something, if there is anything to do: whether there was. */
void node_moves(struct node *n); /* bytes */
bool node_bus_turns(struct node *n);
bool worker_turns(struct worker *w);

/* Deaths, and successors. A node that dies loses all its memory. */
void node_bus_dies(struct node *n);
void node_bus_begins(struct node *n);
void worker_dies(struct worker *w);
void worker_begins(struct worker *w);

/* Its links are cut by somebody else; what is under way may come late. */
void node_cut(struct node *n, bool commands);

/* A worker wants a room from now on, or no longer; or says something. */
void worker_wants(struct worker *w, uint32_t name);
void worker_leaves(struct worker *w, uint32_t name);
void worker_says(struct worker *w, uint32_t name, unsigned count);
void worker_settles(struct worker *w, uint32_t name, uint32_t members);

/* The first time at which the node has to do something; UINT64_MAX: never. */
uint64_t node_due(const struct node *n);

/* Is everything said that is to be said, and read back? */
bool node_is_idle(const struct node *n);

/* Who is in a room of this name, over all, as this node knows; and really.
   SIZE_MAX: nobody of it is there. */
size_t node_members(const struct node *n, uint32_t name);
size_t world_members(const struct world *w, uint32_t name);

/* The message that the value of an entry is, or UINT64_MAX. */
uint64_t node_message_in(struct span value);

#endif
