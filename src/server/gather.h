/* SPDX-License-Identifier: MIT */
/*
 * gather: from the pieces of a message to what a service is told: whole
 * messages, or for an echo its pieces, inflated.
 *
 * One turn's input of one client, in the receive buffer:
 *
 *    message so far    [ looked at, handled  | held ][ not looked at yet     ]
 *    in the inbox      in.ptr                  in.ptr + used           in.len
 *
 * A message that arrives whole is handled where it lies; one that arrives in
 * pieces is gathered at the front of the inbox, or if it is compressed, behind
 * its context (compressed.h). What was not looked at at the end of a turn is
 * kept in the inbox, and comes first in the next turn.
 */
#ifndef SERVER_GATHER_H
#define SERVER_GATHER_H

#include "server/compressed.h"

struct gather {
    uint8_t *ptr;
    size_t len;
    size_t used;
    size_t held;        /* bytes before `used`: looked at, but payload of a
                           compressed message that is still to be inflated */
    size_t message_len; /* of the message so far */
    bool fresh;         /* what is unfinished at the end began in this turn */
};

/* Take a piece (MESSAGE_DATA). False when the rest of it must wait for another
   turn: it is held. */
bool gather_take(struct server *s, struct client *c, struct gather *in,
                 const struct message_event *event);

/* Go on with the compressed piece that was held, if there is one. False when it
   must wait again. */
bool gather_go_on(struct server *s, struct client *c, struct gather *in);

#endif
