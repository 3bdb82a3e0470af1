/* SPDX-License-Identifier: MIT */
/*
 * greedy: actors who take more than their share, and do nothing forbidden.
 *
 *   replayers      join with ?history= and read nothing of it
 *   drippers       join so, and read a few bytes now and then
 *   half-senders   begin a message, do not end it, and answer pings
 *   stoppers       read nothing for a while, then all
 *
 * What the model asserts of everybody else holds beside them.
 */
#ifndef SIM_GREEDY_H
#define SIM_GREEDY_H

#include "sim/model.h"

/* Before its request: one of two who are not good becomes greedy, in a way
   that suits its form. */
void greedy_draw(struct actor *a, struct random *r);

/* Does it ask for all the history there is? */
bool greedy_replays(const struct actor *a);

/* At every step: it gets its request through in time, and answers pings once
   it has begun a message. */
void greedy_does_its_part(struct actor *a);

/* It is its turn to read, or to say something: true when its greed has it do
   something else. */
bool greedy_reads(struct actor *a, struct random *r);
bool greedy_says(struct actor *a, struct random *r);

/* From now on all do their part: who has begun a message leaves. */
void greedy_end(void);

/* Count those who had their way: happened.h. */
void greedy_count(void);

#endif
