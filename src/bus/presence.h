/* SPDX-License-Identifier: MIT */
/*
 * presence: who is in a room on other nodes (see presence.c for what is said).
 */
#ifndef BUS_PRESENCE_H
#define BUS_PRESENCE_H

#include "bus/state.h"

void presence_carve(struct bus *b, struct arena *a);

/* A node has told something in the bell, in a field of this name. */
void presence_heard(struct bus *b, uint64_t node, uint8_t field,
                    struct span value);

/* Who is here may have changed. Tell and ask what is due. */
void presence_look(struct bus *b, uint32_t index);
void presence_tell(struct bus *b);

/* Nodes that are silent have nobody. */
void presence_forget(struct bus *b);

/* Workers are told who is elsewhere, as soon as the room's lock can be had. */
void presence_share(struct bus *b, uint32_t index);

/* Fresh connections; all is to be told once more; a room is no longer ours. */
void presence_reconnect(struct bus *b);
void presence_again(struct bus *b);
void presence_clear(struct bus *b, uint32_t index);

#endif
