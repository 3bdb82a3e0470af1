/* SPDX-License-Identifier: MIT */
/* health: /healthz, for load balancers and the start page. */
#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H

#include "server/server.h"

/* 200 {"status":"ok","clients":N,"rooms":N}, or 503 with "draining". */
void health_get(struct server *s, struct service_reply *reply);

#endif
