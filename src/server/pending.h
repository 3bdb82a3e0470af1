/* SPDX-License-Identifier: MIT */
/*
 * pending: what clients have proposed, and is not known to be said (--redis).
 *
 *   a client says something   -> a proposal, which has space in the worker's ring
 *                                until it is read back (store/propose.h)
 *   hear_room reads it back   -> who has said it may say more; a post is answered
 *   RECORD_LOST               -> nobody knows: the client goes, a post gets 504
 *
 * Who has an eighth of the ring there says no more. One that does not hear itself has
 * one message there: others' stand before it when it comes back, and it can pass
 * over one stretch of its log.
 *
 * In a table beside the clients' slots, carved only with the option.
 */
#ifndef SERVER_PENDING_H
#define SERVER_PENDING_H

#include "server/server.h"

/* What is told to whom has lost one. */
extern const char pending_unknown[];

#define PENDING_PART 8 /* of the ring: who has so much waits */

enum pending_outcome { PENDING_WAITS, PENDING_SAID, PENDING_LOST };

struct pending {
    uint32_t bytes;       /* of its proposals, of a member */
    uint32_t room;        /* of a post: in which it is said, + 1; 0: none */
    uint8_t outcome;      /* of that: enum pending_outcome */
    uint8_t is_paused;    /* 1: it was told so: away.h */
    struct store_id said; /* PENDING_SAID: its id */
};

/* The client's; only with the option. */
static inline struct pending *pending_of(const struct server *s,
                                         const struct client *c)
{
    return &s->pending[client_index(&s->clients, c)];
}

/* Another client. */
static inline void pending_forget(const struct server *s,
                                  const struct client *c)
{
    if (store_has_bus(&s->rooms.store))
        *pending_of(s, c) = (struct pending){0};
}

/* May it have one more there, of any length? One that goes, or posts, may. And:
   it has. */
bool pending_may_add(const struct server *s, const struct client *c);
void pending_add(const struct server *s, const struct client *c,
                 const struct record *r);

/* What it has posted was proposed in this room: it waits. Does it, or for being
   asked again? And: it waits no longer, whatever came of it. */
void pending_post(struct server *s, const struct client *c, struct room *room);
static inline bool pending_is_post(const struct server *s,
                                   const struct client *c)
{
    return store_has_bus(&s->rooms.store) && pending_of(s, c)->room;
}
void pending_end(struct server *s, const struct client *c);

/* What a request that is refused now is told: 503 is a promise that it was not
   said. */
static inline unsigned pending_refusal(const struct server *s,
                                       const struct client *c)
{
    return pending_is_post(s, c) ? 504 : 503;
}

/* A record is read back: the client of ours that has said it, or NULL. It is a
   member of the room, or has posted there, and is asked again. */
struct client *pending_heard(struct server *s, const struct room *room,
                             const struct record *r);

#endif
