/* SPDX-License-Identifier: MIT */
#include "service/health.h"

void health_get(struct server *s, struct service_reply *reply)
{
    struct text t = text_over(reply->small, sizeof reply->small);
    text_string(&t, "{\"status\":\"");
    text_string(&t, s->draining ? "draining" : "ok");
    text_string(&t, "\",\"clients\":");
    text_decimal(&t, s->clients.in_state[CLIENT_OPEN]);
    text_string(&t, ",\"rooms\":");
    text_decimal(&t, s->rooms.in_use);
    text_string(&t, "}");
    reply->status = s->draining ? 503 : 200;
    reply->type = "application/json";
    reply->cache = "no-store";
    reply->body = text_span(&t);
}
