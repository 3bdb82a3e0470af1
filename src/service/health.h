/* SPDX-License-Identifier: MIT */
/*
 * health: for whoever looks after the process, on every address.
 *
 *   /healthz   does it live? 503 "draining" while it stops, on connections
 *              open already
 *   /readyz    may a load balancer send it more? 503 "draining", "full", or
 *              "away": Redis is (--redis)
 */
#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H

#include "server/server.h"

/* Is it one of these paths? Then *route says so. */
bool health_route(const struct http_request *request,
                  struct service_route *route);

/* {"status":"ok","clients":N,"rooms":N}, and with --redis "redis":"here" or
   "away": 200, or 503 and why. */
void health_get(struct server *s, const struct http_request *request,
                struct service_reply *reply);

#endif
