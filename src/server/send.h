/* SPDX-License-Identifier: MIT */
/*
 * send: the only place that writes to a connection.
 *
 * A client has up to four sources of output, and this is how they become one
 * stream in which every frame is whole:
 *
 *   1. the rest of the room frame it is in the middle of     frame_left bytes
 *   2. private output that is pending                        its outbox
 *   3. private output of this turn                           server.staging
 *   4. further room frames, up to the log's head             while OPEN
 *      or the body of a response                             while REPLY
 *      or the Close                                          while CLOSING
 *
 * At an end, what the room still owes becomes 1. If the outbox was next by then,
 * part of it may have left: it goes first (farewell.outbox_first).
 *
 * All that is there leaves in one gathering write. What the kernel does not
 * take stays: (1, 4) where they are, (2, 3) in the outbox, a leased buffer.
 */
#ifndef SERVER_SEND_H
#define SERVER_SEND_H

#include "server/server.h"

enum send_result {
    SEND_DONE,    /* nothing is pending */
    SEND_BLOCKED, /* the kernel takes no more now; the reactor will tell */
    SEND_FULL,    /* as BLOCKED, and there was no leased buffer for what is
                     left: bytes are lost, the connection cannot go on */
    SEND_BROKEN,  /* the connection is */
    SEND_OVERRUN, /* the room's log has gone past the client's position */
};

/* Called once for a client at the end of its turn or of the loop's, from
   output.c alone. Write what is pending, staging included when the client is s->current.
   Sets and clears CLIENT_WAITS_OUTPUT; staging is empty afterwards. */
enum send_result send_flush(struct server *s, struct client *c);

/* Move staging into the outbox, to be flushed later. False when there is no
   leased buffer for that (or few are left and it can be written now); staging
   is then as it was. */
bool send_defer(struct server *s, struct client *c);

#endif
