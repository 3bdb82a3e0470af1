/* SPDX-License-Identifier: MIT */
/*
 * connect: chatd --connect. Lines of standard input become messages, messages
 * become lines of standard output, and with --stay a connection that is lost
 * is made again, after 1, 2, 4 ... 30 seconds; a room goes on behind what was
 * heard last.
 */
#ifndef CLIENT_CONNECT_H
#define CLIENT_CONNECT_H

#include "client/session.h"

/* The exit status, all but 2 for a bad option. */
enum connect_status {
    CONNECT_DONE = 0,    /* closed with 1000, or by the end of the input */
    CONNECT_ENDED = 1,   /* any other end */
    CONNECT_REFUSED = 3, /* the handshake was */
};

/* Connect, and talk until the end, which is told in one line on standard error
   unless it is our own. */
enum connect_status connect_run(const struct session_settings *settings);

#endif
