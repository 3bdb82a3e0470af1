/* SPDX-License-Identifier: MIT */
/*
 * greet: from two fresh connections to a life.
 */
#ifndef BUS_GREET_H
#define BUS_GREET_H

#include "bus/state.h"

void greet_begin(struct bus *b);

/* Events of its replies: while greeting; and behind that. */
void greet_take(struct bus *b, enum bus_link link, enum bus_call_kind kind,
                const struct resp_event *event);
void greet_go_on(struct bus *b, const struct bus_call *call,
                 const struct resp_event *event);

/* Does field r of PREFIX:life say that it is the life of this connection? */
bool greet_is_life(const struct bus *b, struct span name);

#endif
