/* SPDX-License-Identifier: MIT */
/*
 * unsaid: lines that were sent to a room and have not come back from it.
 *
 * A room of chatd.v1 gives each message its place and sends it to its sender,
 * too: that acknowledges it. What has not come back when a connection ends may
 * have been said or not; who joins again and has read what was missed knows.
 *
 *     bytes   [ len, text | len, text | free ]      the oldest first
 */
#ifndef CLIENT_UNSAID_H
#define CLIENT_UNSAID_H

#include "base/bytes.h"

struct unsaid {
    uint8_t *bytes; /* the caller's */
    size_t size;
    size_t len;
    size_t count; /* lines */
};

/* Would a line of so many bytes fit? */
bool unsaid_fits(const struct unsaid *u, size_t len);

/* Add one that fits. */
void unsaid_add(struct unsaid *u, struct span line);

/* The oldest one has come back. Nothing happens when there is none. */
void unsaid_drop(struct unsaid *u);

/* Each one in turn: start with *at 0. False behind the last. */
bool unsaid_next(const struct unsaid *u, size_t *at, struct span *line);

#endif
