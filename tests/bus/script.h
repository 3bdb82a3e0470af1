/* SPDX-License-Identifier: MIT */
/*
 * script: one node over the model of Redis, turn by turn, where a test says what
 * happens: which command is answered otherwise, what another client does, when
 * time passes. Nothing is left to chance.
 *
 *   a worker's store -> bus -> [ command ] -> instead: the test's words
 *                                          -> else: the model's answer
 */
#ifndef BUS_SCRIPT_H
#define BUS_SCRIPT_H

#include "bus/nodes.h"

#define SCRIPT_NODE 99 /* another node than ours, by its number */

struct script {
    struct world w;
    struct random chance;
    struct redis_client *peers[BUS_LINKS]; /* NULL: it is not connected */
    struct redis_client *other;
    struct buffer up[BUS_LINKS], down[BUS_LINKS];
    bool is_stuck[BUS_LINKS]; /* nothing that the bus says gets on */
    bool is_dead;             /* nobody answers a call */
    bool has_ended;           /* BUS_END: and why */
    uint64_t dials;
    char news[128]; /* the last */
    struct script_instead {
        const char *first;
        uint8_t reply[512];
        size_t len;
        unsigned times;
    } instead[8];
    struct buffer asked; /* all commands, each a line of words */
    struct buffer told;  /* all news, a line each */
};

/* There is one. Its plan: 1 worker, 4 rooms, streams of 4096 bytes and a history
   of 5 where a test says nothing else. */
extern struct script script;
void script_begin(const struct world_plan *plan);
void script_end(void);
int script_teardown(void **state); /* the same, for cmocka */

/* The bus, its node's only worker, and Redis. */
static inline struct node *script_node(void)
{
    return &script.w.nodes[0];
}
static inline struct bus *script_bus(void)
{
    return script_node()->bus;
}
static inline struct store *script_worker(uint32_t i)
{
    return &script_node()->workers[i].store;
}
static inline struct board_bus *script_board(void)
{
    return script_node()->keeper.board.bus;
}
static inline struct redis *script_redis(void)
{
    return &script.w.servers[0];
}

/* Some turns, now; the same again and again while so many milliseconds pass. */
void script_turns(void);
void script_passes(uint64_t milliseconds);

/* Is it here? And how long until it is, at most. */
bool script_is_here(void);

/* The next `times` commands that begin so are answered by this, and not done: bytes
   of RESP; or "=" and the text of a bulk string; or "", which is no answer. */
void script_instead(const char *first, const char *reply, unsigned times);

/* How many commands were given that have these words in a row; and all that was
   asked so far is forgotten. */
unsigned script_asked(const char *words);
void script_forget(void);

/* How often was this told for the log? */
unsigned script_told(const char *what);

/* These bytes come. */
void script_sees(enum bus_link link, struct span bytes);

/* The connection is lost; Redis is another process, without what was done last. */
void script_cut(void);
void script_restarts(size_t lost);

/* What its process had of connections is gone with it: before node_bus_dies. */
void script_disconnects(void);

/* The id of the message that would follow the last one by `more`, as Redis counts. */
const char *script_id_after(uint32_t room, unsigned more);

/* Another client: XADD PREFIX:r:ROOM ID FIELD VALUE; the bell of that other node,
   or of `node`. */
void script_adds(const char *room, const char *id, const char *field,
                 struct span value);
void script_rings(uint64_t node, const char *field, struct span value);

/* The value of an entry in which another node has said this text. */
struct span script_entry(uint64_t number, const char *text);

/* A worker opens a room, and has it; says a text in it; what it hears: texts,
   "(gap)" and "(lost)", a space between each two. */
uint32_t script_opens(uint32_t worker, const char *name);
bool script_tries(uint32_t worker, const char *name, uint32_t *room);
void script_says(uint32_t worker, uint32_t room, const char *text);
const char *script_hears(uint32_t worker, uint32_t room);

/* Members of a room on other nodes, as workers know. */
uint32_t script_elsewhere(uint32_t room);

#endif
