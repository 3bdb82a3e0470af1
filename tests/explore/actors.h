/* SPDX-License-Identifier: MIT */
/*
 * actors: the programs that workers and keeper run, as the loop of a server
 * runs them, and what must hold of it all.
 */
#ifndef EXPLORE_ACTORS_H
#define EXPLORE_ACTORS_H

#include "explore/explore.h"

/* What one worker is to do. */
struct actors_worker {
    uint8_t says;   /* messages */
    uint8_t behind; /* messages that it has not read yet */
    bool immortal;
    bool joins; /* it opens the room first */
    bool leaves;
};

struct actors_scene {
    const char *name;
    uint32_t workers;
    uint32_t before; /* messages said before */
    uint32_t deaths; /* at most */
    uint32_t history;
    struct actors_worker worker[MACHINE_WORKERS];
};

/* The world in which it begins. */
void actors_begin(const struct actors_scene *scene);

/* Of a worker or the keeper: never returns. */
void actors_run(uint32_t actor);

/* Nobody can do anything any more. Is all as it must be? */
void actors_end(void);

/* One's next step: does it write what it may? */
void actors_watch(uint32_t actor, const struct atom_step *step);

/* It is dead from now on. */
void actors_die(uint32_t worker);

#endif
