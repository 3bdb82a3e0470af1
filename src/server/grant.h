/* SPDX-License-Identifier: MIT */
/*
 * grant: what a token lets a client do (--token-key; wire/token.h).
 *
 * A request shows a token. What that says of the one room in question is kept
 * for as long as the connection lasts, in a table beside the clients' slots
 * that is carved only with the option. The token itself is forgotten.
 */
#ifndef SERVER_GRANT_H
#define SERVER_GRANT_H

#include "server/server.h"

/* Close codes of ours (RFC 6455 7.4.2): as 401 and 403 are for a request. */
#define GRANT_CLOSE_ENDED 4401
#define GRANT_CLOSE_ROOM  4403

struct grant {
    uint64_t ends; /* ms since 1970: when it is closed; 0: none was shown */
    bool told;     /* that this is soon */
    bool says;     /* something in its room; else it only listens */
    uint8_t sub_len;
    uint8_t sub[TOKEN_SUB_MAX];
    bool named; /* it has this name, or none; else it calls itself anything */
    uint8_t name_len;
    uint8_t name[TOKEN_NAME_MAX];
};

/* The client's, or NULL without --token-key. */
static inline struct grant *grant_of(const struct server *s,
                                     const struct client *c)
{
    return s->grants ? &s->grants[client_index(&s->clients, c)] : NULL;
}

/* Another request, or another client: what was let is let no more. */
static inline void grant_forget(const struct server *s, const struct client *c)
{
    if (s->grants)
        *grant_of(s, c) = (struct grant){0};
}

/* Its sub; len 0: it has none. */
static inline struct span grant_sub(const struct server *s,
                                    const struct client *c)
{
    const struct grant *g = grant_of(s, c);
    return g ? bytes_span(g->sub, g->sub_len) : bytes_span(NULL, 0);
}

/* Does the token of this request let it do this in the room (len 0: none, an
   echo)? 0, and its grant is that of the token; or the status and *why. Without
   --token-key everything is let. */
unsigned grant_ask(struct server *s, struct client *c,
                   const struct http_request *request, struct span room,
                   enum token_right right, const char **why);

/* The same with another token of the same sub, for its room: 0, and it may end
   sooner (due_set); 401, and it goes on as before; or 403: it must go. */
unsigned grant_renew(struct server *s, struct client *c, struct span token,
                     const char **why);

/* When is it to be told that its time ends, or to be closed for it? As
   server.now, or UINT64_MAX. */
uint64_t grant_due(const struct server *s, const struct client *c);

/* Seconds until it ends, of one that is to be told now: then it is. 0: none. */
uint64_t grant_tell(struct server *s, const struct client *c);

#endif
