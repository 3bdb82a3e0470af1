/* SPDX-License-Identifier: MIT */
/* output: what is pending for a client leaves, and what follows from that. */
#ifndef SERVER_OUTPUT_H
#define SERVER_OUTPUT_H

#include "server/server.h"

/* Around everything that is done for one client: what it is sent in between
   (staging.h) leaves at the end, in one write. */
void output_begin(struct server *s, struct client *c);
void output_settle(struct server *s, struct client *c);

/* Write what is pending and draw the conclusions. */
void output_flush(struct server *s, struct client *c);

#endif
