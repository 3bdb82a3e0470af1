/* SPDX-License-Identifier: MIT */
/*
 * posted: what is said without a WebSocket, and what must be true of it.
 *
 * The bytes of a post follow from its number in the run. What is asserted, as
 * it happens (model.h):
 *
 *   publishing   only what was posted and is allowed, when the last byte of it
 *                was written, and once
 *   the answer   200 tells the id under which it was published; any other says
 *                that it was not, and never will be
 */
#ifndef SIM_POSTED_H
#define SIM_POSTED_H

#include "sim/peer.h"
#include "support/random.h"

/* Of all runs: posts that were published. */
extern uint64_t posted_published;

/* Forget all of them; how many were published since. */
void posted_begin(void);
uint64_t posted_count(void);

/* Queue one, with further fields: its number, from 1. *queued counts the bytes
   that were ever queued for this peer, these included then. */
uint32_t posted_queue(struct peer *p, uint64_t *queued, struct random *r,
                      const char *fields);

/* It was answered, or with 100 told to go on: what the model knows agrees. */
void posted_answered(uint32_t number, const struct peer_response *r);

/* Is this one's content one of them? Then its number, and each byte is right;
   else 0. */
uint32_t posted_in(struct span payload, bool binary);

/* It was appended to a room with this id: the connection it came by. */
int posted_said(uint32_t number, uint64_t epoch, uint64_t id);

#endif
