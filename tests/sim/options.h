/* SPDX-License-Identifier: MIT */
/* options: a server with any options, and a machine that is as short of
   things as they say. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "sim/world.h"
#include "support/random.h"

/* Beside what a run draws for every server: draw the rest of world.config,
   and what the machine has. Before world_start. */
void options_draw(struct random *r);

/* Something changes for the whole machine: descriptors run short or are there
   again, somebody asks for the state or sets the wall clock. */
void options_change(struct random *r);

/* The machine is well again. */
void options_restore(void);

/* Number of the listener that tells the metrics. */
size_t options_metrics(void);

#endif
