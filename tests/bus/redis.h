/* SPDX-License-Identifier: MIT */
/*
 * redis: a model of Redis 7 for the simulation of nodes: what a server says to
 * the commands that the bus uses, and what happens to servers.
 *
 *   a client's bytes -> redis_send -> [ in ] -> redis_turn -> [ out ] -> replies
 *
 * A server is what it has done: a log of operations. A replica that takes over
 * has a prefix of its master's log; so has one that is started again from its
 * file. From there on each goes its own way, under a replication id of its own.
 *
 *   master       a b c d e f            it lives on for a while, and some nodes
 *                      \    g h         do not know better
 *   promoted     a b c d i j k
 *
 * A client whose peer has gone has commands under way, perhaps: what still comes
 * by redis_send is done, late, unless it is killed first (CLIENT KILL).
 *
 * test_redis.c holds the answers against those of redis-server 7.0.15.
 */
#ifndef BUS_REDIS_H
#define BUS_REDIS_H

#include "bus/buffer.h"
#include "support/random.h"
#include "wire/resp.h"

#define REDIS_KEY  128
#define REDIS_NAME 40 /* digits of a run_id and of a master_replid */

/* ---- What was done ------------------------------------------------------- */

enum redis_act {
    REDIS_ADD,
    REDIS_EXPIRE,
    REDIS_DELETE,
    REDIS_FLUSH,
    REDIS_TRIM
};

/* Never changed once it is made, and shared by all logs it is in. */
struct redis_op {
    enum redis_act act;
    char key[REDIS_KEY];
    struct resp_id id;
    struct span fields; /* of an entry: as an array of RESP */
    uint64_t most;      /* MAXLEN, XTRIM; 0: none */
    uint64_t expires;   /* millisecond since 1970 */
    struct redis_op *made_before;
};

struct redis_log {
    struct redis_op **ops;
    size_t count, size;
};

/* The value of the first field of an entry. */
struct span redis_value(const struct redis_op *op);

/* ---- Servers ------------------------------------------------------------- */

enum redis_kind {
    REDIS_SEVEN,
    REDIS_VALKEY,
    REDIS_SIX,   /* no EPOCH-* */
    REDIS_OTHER, /* speaks RESP, and knows none of this */
    REDIS_HTTP,
};

struct redis_stream {
    char key[REDIS_KEY];
    struct redis_op **entries; /* all since it was made */
    size_t first, count, size; /* those from `first` on are there */
    struct resp_id last;
    uint64_t expires; /* 0: never */
    struct redis_stream *next;
};

/* Milliseconds, in redis.now: until then. */
struct redis_trouble {
    uint64_t loading;
    uint64_t out_of_memory; /* for XADD */
    uint64_t paused;        /* nothing is done */
    bool refuses_kill;      /* NOPERM for CLIENT KILL */
};

struct redis {
    enum redis_kind kind;
    const char *user, *password; /* NULL: none is wanted */
    char run_id[REDIS_NAME + 1];
    char replid[REDIS_NAME + 1];
    bool is_replica;
    struct redis_trouble trouble;
    uint32_t node_entries; /* entries that are trimmed at once */
    uint64_t next_id;      /* of a client */
    uint64_t now, wall;
    struct random random;
    struct redis_log log;
    struct redis_stream *streams;
    struct redis_client *clients; /* the youngest first */
    uint64_t strangers;           /* clients killed that had a peer */
};

struct redis_client {
    struct redis *server; /* NULL: it is no longer there */
    uint64_t id;
    char addr[32];
    struct buffer in, out;
    bool is_known;      /* by its password */
    bool is_gone;       /* the peer is: nobody reads what it is told */
    bool is_closed;     /* behind `out` is the end */
    bool is_blocked;    /* in XREAD, */
    uint64_t unblocked; /* until this millisecond; 0: for ever */
    struct redis_client *next;
};

void redis_start(struct redis *r, enum redis_kind kind, uint64_t seed);
void redis_end(struct redis *r);
void redis_forget(void); /* all operations: no server has any */

/* ---- Clients ------------------------------------------------------------- */

/* One connects. It is the caller's, who gives it back; a server that is
   restarted leaves it closed. */
struct redis_client *redis_connect(struct redis *r);
void redis_send(struct redis_client *c, struct span bytes);
void redis_release(struct redis_client *c);

/* Do what was asked for, with a chance of stopping behind each command. */
void redis_turn(struct redis *r, uint64_t now, uint64_t wall);

/* Is there nothing that a turn could do, now? */
bool redis_is_idle(const struct redis *r);

/* ---- What happens to servers --------------------------------------------- */

/* It dies, and comes back without the last `lost` operations. */
void redis_restart(struct redis *r, size_t lost);

/* A replica that lacked the last `lost` operations of `from` is a master now.
   `from` goes on as it was. */
void redis_promote(struct redis *r, const struct redis *from, size_t lost);

/* It is a replica of another one, and has what that has. */
void redis_demote(struct redis *r, const struct redis *master);

/* Somebody has said FLUSHALL; XTRIM key MAXLEN n. */
void redis_flush(struct redis *r);
void redis_trim(struct redis *r, const char *key, uint64_t most);

/* ---- The parts, for each other ------------------------------------------- */

/* redis_stream.c */
struct redis_stream *redis_find(struct redis *r, struct span key);
struct redis_stream *redis_make(struct redis *r, struct span key);
void redis_do(struct redis *r, const struct redis_op *op);
void redis_copy(struct redis *r, const struct redis *from, size_t lost);
void redis_clear(struct redis *r);
int redis_compare(struct resp_id a, struct resp_id b);

/* redis_command.c: one command, whole. False: the client is blocked in it. */
bool redis_command(struct redis_client *c, const struct span *words,
                   size_t count);

extern bool redis_is_loud; /* commands are told as they are done */

#endif
