/* SPDX-License-Identifier: MIT */
/*
 * source: whom a connection is from, where proxies stand before us.
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
#include "server/limits.h"
#include "wire/proxy.h"

struct source {
    struct ip hop;    /* who connected, or whom the PROXY header names */
    struct ip client; /* whom the connection is from; IP_NONE: unix */
};

struct sources {
    struct source *table;  /* by index of the client, or NULL */
    struct proxy *headers; /* the same, with --proxy-protocol, or NULL */
};

/* The address, without its port. */
struct ip source_ip(const struct socket_address *from);

/* Is its X-Forwarded-For believed? IP_NONE: a unix: socket's peer. */
bool source_trusts(const struct config *config, const struct ip *ip);

/* Will who it is be told only later? */
bool source_is_told(const struct config *config,
                    const struct socket_address *from);

/* *client is the hop: make it whom X-Forwarded-For tells. */
void source_choose(const struct config *config,
                   const struct http_request *request, struct ip *client);

#endif
