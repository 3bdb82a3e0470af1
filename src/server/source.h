/* SPDX-License-Identifier: MIT */
/*
 * source: whom a connection is from, as the log, --per-ip and refusals see it.
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
 *
 * The addresses lie in a table beside the clients' slots, which is carved only
 * with one of these options.
 */
#ifndef SERVER_SOURCE_H
#define SERVER_SOURCE_H

#include "base/ip.h"
#include "os/socket.h"
#include "server/client.h"
#include "server/journal.h"
#include "wire/proxy.h"

struct server;

struct source {
    struct ip hop;    /* who connected, or whom the PROXY header names */
    struct ip client; /* whom the connection is from; IP_NONE: unix */
};

struct sources {
    struct source *table;  /* by index of the client, or NULL */
    struct proxy *headers; /* the same, with --proxy-protocol, or NULL */
};

/* Will who it is be told only later? */
bool source_is_told(const struct config *config,
                    const struct socket_address *from);

/* The client has connected from there. In state PROXY if it must say more. */
void source_begin(struct server *s, struct client *c,
                  const struct socket_address *from);

/* A turn of a client in state PROXY; and its time is over. */
void source_turn(struct server *s, struct client *c);
void source_timeout(struct server *s, struct client *c);

/* A request has come: is it somebody else's than the hop's? */
void source_request(struct server *s, struct client *c,
                    const struct http_request *request);

/* It was answered: the connection is idle and counts for no --per-ip, and a
   trusted hop's next request may be anybody's. */
void source_answered(struct server *s, struct client *c);

/* Another request begins: it counts again. A trusted hop's does when it is
   whole. */
void source_returns(struct server *s, struct client *c);

/* Whom the connection is from. c may be NULL: then who is at the end of fd.
   0 or -errno. */
int source_get(const struct server *s, const struct client *c, int fd,
               struct socket_address *who);

/* The same, as the log has it: ip=192.0.2.1. */
void source_log(struct journal_line *line, const struct server *s,
                const struct client *c, int fd);

/* *client is the hop: make it whom X-Forwarded-For tells. */
void source_choose(const struct config *config,
                   const struct http_request *request, struct ip *client);

#endif
