/* SPDX-License-Identifier: MIT */
/*
 * world: one server over the simulated os/, and the clock it lives by.
 *
 * A test changes world.config, calls world_start, and then makes things
 * happen; world_settle lets the server do all it can without time passing,
 * and world_pass lets time pass, never further at once than the server asked
 * its reactor to sleep: what it forgets to wake up for does not happen.
 *
 * The teardown is a test of its own: it sends everybody away and asserts that
 * nothing is left behind: no slot, no lease, no room, no descriptor.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "server/server.h"
#include "sim/os.h"
#include "support/unit.h"

/* The times of world.config, milliseconds: the defaults of the options. */
#define WORLD_PING              25000
#define WORLD_PONG_TIMEOUT      10000
#define WORLD_HANDSHAKE_TIMEOUT 3000
#define WORLD_WRITE_TIMEOUT     10000
#define WORLD_CLOSE_TIMEOUT     5000
#define WORLD_MESSAGE_TIMEOUT   30000
#define WORLD_DRAIN             5000

#define WORLD_WORKERS 4

struct world {
    struct config config; /* small: see world.c */
    union {
        struct server server;                 /* the one; or */
        struct server servers[WORLD_WORKERS]; /* several: worker.h */
    };
    bool running;         /* started, and not stopped */
    unsigned files;       /* of a crew: descriptors open at its start */
    uint32_t stream_size; /* if not 0, what is said is kept: world_store */
    bool checked;         /* with a CRC, as in a file */
    void *store;
    uint64_t turns;
    uint64_t most_calls; /* through the seam in one turn */
};

extern struct world world;

/* A cmocka test in a world of its own. */
#define WORLD_TEST(test)                                                       \
    cmocka_unit_test_setup_teardown(test, world_setup, world_teardown)

int world_setup(void **state);
int world_teardown(void **state);

/* Open the server; it must go well. */
void world_start(void);

/* Open the server as the first of several workers: others do what the test
   writes in world.server.crew. */
void world_start_in_crew(uint32_t workers);

/* The second one, which has this room open from now on, and reads what is said
   then: its store, good for this test. */
struct store *world_other(const char *room);

/* Open the server; it must fail with this status and this sentence. */
void world_fail(int status, const char *sentence);

/* Open the server, whatever comes of it: what start_server returned. */
int world_try(struct text *why);

/* The server as main has it: until it stops, for its exit status. */
int world_run(void);

/* Start over within a test: the teardown's assertions, and a fresh world with
   the same config. */
void world_again(void);

/* The process is killed, and starts again on the same machine; what is kept
   (world.stream_size) is there. */
void world_restart(void);

/* Let a store be over memory that outlives its servers, as a file would: for
   world.stream_size. Before a room is opened. */
void world_store(struct store *s);

/* One turn; turns until nothing more happens. */
void world_turn(void);
void world_settle(void);

/* Time passes, and the server sees it pass. */
void world_pass(uint64_t milliseconds);

/* The whole machine stands still: the server sees it all at once. */
void world_freeze(uint64_t milliseconds);

/* Assert that a line of the log since the last call has this in it, or that
   none has; and forget the log. */
void world_logged(const char *words);
void world_not_logged(const char *words);

/* The server that has a connection: the first one where none has. */
struct server *world_server(int connection);

/* The server's client of a connection. */
struct client *world_client(int connection);

#endif
