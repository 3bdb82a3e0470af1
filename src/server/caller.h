/* SPDX-License-Identifier: MIT */
/*
 * caller: whom a connection is from, and counts as: for --per-ip, in the log,
 * and in what one address may hold without a warning.
 *
 * Without a proxy it is from whoever connected. Behind one, everybody would
 * seem to be the proxy, so the proxy says who its client is:
 *
 *   --proxy-protocol   in a header before all else, once: the state PROXY
 *   --trust CIDR       in X-Forwarded-For, with each request
 *
 *   who connected -> PROXY header -> hop -> X-Forwarded-For -> client
 *
 * X-Forwarded-For is a list that every proxy on the way adds to at its right
 * end: the address of whoever it was connected from. Anybody can send one, so
 * it is read from the right, and an entry is believed only when all proxies
 * right of it, and the hop itself, are among --trust.
 */
#ifndef SERVER_CALLER_H
#define SERVER_CALLER_H

#include "server/server.h"

/* Will who it is be told only later? */
bool caller_is_told(const struct config *config,
                    const struct socket_address *from);

/* *client is the hop: make it whom X-Forwarded-For tells. */
void caller_choose(const struct config *config,
                   const struct http_request *request, struct ip *client);

/* One more connection of this address, for --per-ip: what caller_begin wants to
   know. *over: it has too many already. NULL: nobody's. */
uint32_t caller_enter(struct server *s, const struct socket_address *who,
                      bool *over);

/* The client has connected from there, and counts as `entered`. In state PROXY
   if it must say more. */
void caller_begin(struct server *s, struct client *c,
                  const struct socket_address *from, uint32_t entered);

/* What a client in state PROXY has sent: is its header whole? *used bytes are
   the header's, and *why says what is wrong with it. */
enum proxy_step caller_read(struct server *s, struct client *c, struct span in,
                            size_t *used, const char **why);

/* A request has come: is it somebody else's than the hop's? */
void caller_request(struct server *s, struct client *c,
                    const struct http_request *request);

/* It was answered: the connection is idle and counts for no --per-ip, and a
   trusted hop's next request may be anybody's. */
void caller_answered(struct server *s, struct client *c);

/* Another request begins: it counts again. A trusted hop's does when it is
   whole. */
void caller_returns(struct server *s, struct client *c);

/* It counts for nobody any more. */
void caller_leave(struct server *s, struct client *c);

/* Whom the connection is from: 0 or -errno. */
int caller_get(const struct server *s, const struct client *c,
               struct socket_address *who);

/* The same, as the log has it: ip=192.0.2.1. */
void caller_log(struct journal_line *line, const struct server *s,
                const struct client *c);

#endif
