/* SPDX-License-Identifier: MIT */
/*
 * trace: --trace. Every handshake and frame of the clients that are followed,
 * explained on standard error (wire/explain.h).
 *
 *     17> text frame, 5 bytes, masked                             byte 230
 *     |`- from the client; < to it
 *     `-- its number, as in the log
 *
 * A client is followed from the first byte of a request on. What finds no place
 * is counted and told: clients beyond TRACE_FOLLOWED, and lines that standard
 * error does not take, for the service never waits for whoever reads them.
 */
#ifndef SERVER_TRACE_H
#define SERVER_TRACE_H

#include "server/server.h"
#include "wire/explain.h"

#define TRACE_FOLLOWED 32 /* clients at a time; about 100 KiB each */

struct trace_client {
    uint64_t token;       /* of the client (client_token), or 0 */
    bool wanted;          /* false: the path of its first request, which tells
                             whether its lines are written, is not known yet */
    uint64_t sent;        /* client.sent when we looked last */
    uint8_t names[2][16]; /* prefixes of its lines, up and down */
    struct explain up;    /* what it sends */
    struct explain down;
};

struct trace {
    struct trace_client clients[TRACE_FOLLOWED];
    struct handshake_policy policy;
    bool colour;         /* standard error is a terminal */
    uint64_t lost;       /* lines, since the last one that was written */
    uint64_t unfollowed; /* clients for which there was no place */
    uint8_t out[LOG_WRITE_MAX];
};

/* Make *s->trace, zeroed memory, ready. Without --trace it is NULL: nothing is
   done, and neither of the others is to be called. */
void trace_open(struct server *s);

/* Bytes have come from a client, and are not changed yet. */
void trace_received(struct server *s, struct client *c, struct span in);

/* `sent` bytes of these parts have been sent; client.sent counts them. */
void trace_sent(struct server *s, struct client *c, const struct span *parts,
                size_t sent);

#endif
