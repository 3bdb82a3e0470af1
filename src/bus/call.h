/* SPDX-License-Identifier: MIT */
/*
 * call: commands, and whose reply is next: they come in the order of the
 * asking.
 */
#ifndef BUS_CALL_H
#define BUS_CALL_H

#include "bus/state.h"

/* Is there room for one of so many bytes, beside its own words? */
bool call_may(const struct bus *b, enum bus_link link, size_t len);

/* Between these two come its `count` words. */
struct resp_command call_begin(struct bus *b, enum bus_link link,
                               enum bus_call_kind kind, uint32_t room,
                               uint32_t count);
void call_end(struct bus *b, enum bus_link link, struct resp_command *c);

/* Words, a blank between each two. */
void call_put(struct resp_command *c, const char *words);

/* PREFIX, kind, name: one word. */
void call_put_key(struct bus *b, struct resp_command *c, const char *kind,
                  struct span name);

/* Ask for the last entry of this key. */
void call_last(struct bus *b, enum bus_call_kind kind, uint32_t room,
               const char *key, struct span name);

/* ---- The bell ------------------------------------------------------------------ */

/* Wait for it, from where it was heard last. Ring it: what is to be said with it,
   in `more` words; and for the rooms in b->rung. */
void call_wait(struct bus *b);
struct resp_command call_begin_bell(struct bus *b, uint32_t more);
void call_ring(struct bus *b);

#endif
