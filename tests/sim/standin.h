/* SPDX-License-Identifier: MIT */
/*
 * standin: a bus without Redis (src/bus), for the tests of workers.
 *
 * It is the last of the workers on the board. It reads the rooms that it is asked
 * for, takes what is proposed, gives it a number and writes it to its room's
 * stream; or keeps it, or loses it, as the test wants.
 */
#ifndef SIM_STANDIN_H
#define SIM_STANDIN_H

#include "sim/world.h"

#define STANDIN_RING 16384 /* bytes of a worker's ring */

struct standin {
    struct store store;
    bool is_shut; /* rooms that are asked for are not read */
    bool holds;   /* what is proposed stays in flight */
    uint32_t pos[WORLD_WORKERS];
    struct standin_flight {
        struct proposal *proposal;
        struct record record;
    } flights[64]; /* taken, and not known to be said */
    size_t count;
};

extern struct standin standin;

/* A cmocka test in a world with this bus; the test calls standin_start. */
#define STANDIN_TEST(test)                                                     \
    cmocka_unit_test_setup_teardown(test, world_setup, standin_teardown)
int standin_teardown(void **state);

/* The server as the first of two workers; Redis is there. */
void standin_start(void);

/* It reads a room of this name, before anybody asks for it. */
void standin_read(const char *room);

/* It comes, or goes. */
void standin_set_here(bool is_here);

/* It and the server do what they can; no time passes. */
void standin_run(void);

/* The one of this number that is in flight (the oldest is 0) is said; or lost.
   Then they go on; with standin_put they do not yet. */
void standin_say(size_t flight);
void standin_put(size_t flight);
void standin_lose(size_t flight);

/* In a room of that name somebody elsewhere says something; or there is a gap,
   behind so many messages. Nobody looks yet. */
void standin_hear(const char *room, const char *text);
void standin_gap(const char *room, uint64_t missing);

#endif
