/* SPDX-License-Identifier: MIT */
/*
 * visitor: who comes for pages, for the metrics, or for nothing good.
 *
 * A visitor asks for a few things over one connection, perhaps all at once,
 * and knows every answer: its status, its validator, each byte of it. Others
 * say half a request and wait, or nothing, or what is not allowed. All are to
 * be gone in time.
 */
#ifndef SIM_VISITOR_H
#define SIM_VISITOR_H

#include "sim/peer.h"
#include "support/random.h"

#define VISITORS 80 /* of a run */

/* Answers that were read, of all runs. */
extern uint64_t visitor_answers;

/* Forget everybody, and put the files in place; before world_start. */
void visitor_begin(void);

/* One of them does something. */
void visitor_step(struct random *r);

/* Those who are quick read and write; and: everybody does, as much as there
   is. */
void visitor_quick_ones(void);
void visitor_all(void);

/* Assert that all were answered and are gone; `calls_fail`: as far as that may
   be. */
void visitor_settle(bool calls_fail);

#endif
