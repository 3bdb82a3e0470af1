/* SPDX-License-Identifier: MIT */
/*
 * staging: a client's private output.
 *
 * What is for one client alone (an echo, a Pong, a welcome) is put here while
 * that client is being handled (server.current), and leaves in the one write at
 * the end of it; only what the kernel does not take is copied to a leased
 * buffer. Who handles input keeps LIMITS_ANSWER free.
 */
#ifndef SERVER_STAGING_H
#define SERVER_STAGING_H

#include "server/server.h"

/* Bytes that are there; that can be put. */
static inline size_t staging_len(const struct server *s)
{
    return s->staging.len + s->lent.len;
}
static inline size_t staging_room(const struct server *s)
{
    return s->staging.size - staging_len(s);
}

/* All of it has left, or is kept elsewhere. */
static inline void staging_clear(struct server *s)
{
    s->staging.len = s->lent.len = 0;
}

/* For somebody who writes whole frames there himself. */
struct text *staging_text(struct server *s, const struct client *c);

/* Put bytes, or a whole frame: `first` is its first byte. */
void staging_put(struct server *s, const struct client *c, struct span bytes);
void staging_frame(struct server *s, const struct client *c, uint8_t first,
                   struct span payload);

/*
 * A frame whose payload lies in server.receive. A large one leaves from there:
 * its header is put before it, over what was handled by then (that of the client
 * is longer, RFC 6455 5.1, and FRAME_SERVER_HEADER_MAX bytes are before all).
 */
#define STAGING_LENT 2048 /* bytes: to copy less costs less than a part more */
void staging_lend(struct server *s, const struct client *c, uint8_t first,
                  uint8_t *ptr, size_t len);
static inline void staging_echo(struct server *s, const struct client *c,
                                uint8_t first, uint8_t *ptr, size_t len)
{
    if (len >= STAGING_LENT)
        staging_lend(s, c, first, ptr, len);
    else
        staging_frame(s, c, first, bytes_span(ptr, len));
}

/* Nothing is lent any more, but all is in server.staging. */
void staging_gather(struct server *s);

#endif
