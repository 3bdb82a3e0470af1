/* SPDX-License-Identifier: MIT */
/*
 * keeper: the small parent of several workers (--workers), or of one and a bus
 * (--redis).
 *
 *   keeper   opens the addresses and keeps them open; maps what is shared;
 *     |      makes the workers before anybody comes, and looks after them
 *     +-- worker 0   a server as ever (server/start.h, loop.h), with a table
 *     +-- worker 1   of its own for clients, in a sandbox of its own
 *     +-- ...
 *     +-- bus        with --redis: it speaks to Redis, for all (bus/)
 *
 * It never has a client, and reads nothing that one has sent. What it hears:
 *
 *   CHLD       a worker has ended: what it left is cleared (crew_bury), and it is
 *              started again; or it was stopped: it is looked at
 *   TERM, INT  nobody new; the workers are told to stop by a word that they
 *              share; when they have ended, the bus is; and it ends when that
 *              has. Again: all end at once
 *   USR1       one line of state, of all together
 *   its bell   a worker serves; or has clients, who are to be watched over
 *
 * Workers hear no signals: what comes to all of a terminal or a service is the
 * keeper's. One that ends by itself has said why, and then all end; one that was
 * killed, or hangs (watch.h), is replaced. When the keeper dies the kernel ends
 * them all. The bus is made first, and is one of them in all this, but for what
 * they listen on.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "keeper/watch.h"
#include "server/server.h"

struct keeper_worker {
    int pid;        /* 0: it does not run */
    bool serves;    /* it has started, and told so */
    bool left;      /* it has died, and what it left is to be cleared */
    uint64_t due;   /* when it is to be started, where it does not run */
    uint32_t alive; /* turns at the last sign of life */
    struct watch watch;
    int fds[SERVER_LISTENERS]; /* its listeners */
};

struct keeper {
    struct server *server; /* what each worker begins as a copy of */
    int reactor;
    int signals;
    struct keeper_worker workers[BOARD_WORKERS]; /* the bus behind the others */
    bool started;                                /* they all have served */
    bool stopping;                               /* TERM came */
    bool ends;        /* there is nothing more to wait for */
    int status;       /* to exit with */
    uint64_t look_at; /* when they are looked at next; UINT64_MAX: nobody is
                         there */
    uint64_t looked;  /* when they were last */
    bool doubt;       /* the next look is followed by one soon */
    /* Writes what a worker's start has to say. */
    int (*complain)(const struct text *why, int status);
};

/* Serve with config->workers of them, one at least: the exit status. The
   sentence of a start that fails is told by complain, which returns its
   status. */
int keeper_run(struct server *s, const struct config *config,
               const struct service_site *site,
               int (*complain)(const struct text *why, int status));

/* ---- Its parts, for tests ------------------------------------------------ */

/* All is open, and the first of them is made. 0, or as start_server. */
int keeper_start(struct keeper *k, struct server *s,
                 const struct config *config, const struct service_site *site,
                 struct text *why);

/* One turn. False: it ends, with k->status. */
bool keeper_turn(struct keeper *k);

/* Milliseconds that the next turn may wait. */
uint64_t keeper_patience(const struct keeper *k);

/* All workers are ended, and nobody listens. */
void keeper_end(struct keeper *k);

/* ---- And for each other -------------------------------------------------- */

/* What its reactor calls what it hears. */
#define KEEPER_TOKEN_SIGNALS 0
#define KEEPER_TOKEN_BELL    1

/* Turns that a worker has taken, modulo 2^32. */
static inline uint32_t keeper_turns(const struct keeper *k, uint32_t w)
{
    return atom_get(&k->server->crew.board.workers[w].turns);
}

/* Which of them is the bus. */
static inline bool keeper_is_bus(const struct keeper *k, uint32_t w)
{
    return w == k->server->crew.count;
}

/* Which of them is made when so many serve. */
static inline uint32_t keeper_next(const struct keeper *k, uint32_t serve)
{
    const struct crew *c = &k->server->crew;
    return !c->has_bus ? serve : serve == 0 ? c->count : serve - 1;
}

/* Make this worker, which does not run. 0, or the -errno of a machine that makes
   no more processes. */
int keeper_make(struct keeper *k, uint32_t w);

/* In the process of one of them: what is the keeper's, or another's, is closed. */
void keeper_let_go(const struct keeper *k, uint32_t own);

/* Nobody comes any more, as far as the keeper goes. */
void keeper_unlisten(struct keeper *k);

/* The bus, in its process: keeper_bus.c. Bytes that it will set aside; and all of
   its life, to its exit status. */
size_t keeper_measure_bus(const struct keeper *k);
int keeper_bus(struct keeper *k);

#endif
