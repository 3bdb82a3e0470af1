/* SPDX-License-Identifier: MIT */
#include "service/health.h"
#include "server/admit.h"

static bool asks_ready(const struct http_request *request)
{
    return bytes_equal(request->path, BYTES_LITERAL("/readyz"));
}

bool health_route(const struct http_request *request,
                  struct service_route *route)
{
    route->health = asks_ready(request) ||
                    bytes_equal(request->path, BYTES_LITERAL("/healthz"));
    route->found = route->health;
    return route->health;
}

void health_get(struct server *s, const struct http_request *request,
                struct service_reply *reply)
{
    struct text t = text_over(reply->small, sizeof reply->small);
    bool full = asks_ready(request) && admit_full(s, s->current);
    text_string(&t, "{\"status\":\"");
    text_string(&t, s->draining ? "draining" : full ? "full" : "ok");
    text_string(&t, "\",\"clients\":");
    text_decimal(&t, s->clients.in_state[CLIENT_OPEN]);
    text_string(&t, ",\"rooms\":");
    text_decimal(&t, s->rooms.in_use);
    text_string(&t, "}");
    reply->status = s->draining || full ? 503 : 200;
    reply->type = "application/json";
    reply->cache = "no-store";
    reply->body = text_span(&t);
}
