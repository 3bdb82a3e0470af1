/* SPDX-License-Identifier: MIT */
/*
 * answer: replies, event by event, each for the call that is next.
 */
#ifndef BUS_ANSWER_H
#define BUS_ANSWER_H

#include "bus/state.h"

/* Fill in what a reply may have; bytes for which a buffer has to have space. */
void answer_limit(struct bus *b);
size_t answer_max(const struct bus *b);

/* As bus_read. */
size_t answer_read(struct bus *b, enum bus_link link, const uint8_t *in,
                   size_t len);

#endif
