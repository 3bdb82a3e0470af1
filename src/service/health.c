/* SPDX-License-Identifier: MIT */
#include "service/health.h"
#include "server/admit.h"
#include "server/away.h"

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
    uint32_t now[CREW_GAUGES];
    server_count_all(s, now);
    bool away = away_now(s);
    bool full = asks_ready(request) && admit_full(s, s->current);
    bool unfit = full || (asks_ready(request) && away);
    text_string(&t, "{\"status\":\"");
    text_string(&t, s->draining ? "draining"
                    : full      ? "full"
                    : unfit     ? "away"
                                : "ok");
    text_string(&t, "\",\"clients\":");
    text_decimal(&t, now[CREW_STATE + CLIENT_OPEN]);
    text_string(&t, ",\"rooms\":");
    text_decimal(&t, server_rooms(s));
    if (store_has_bus(&s->rooms.store))
        text_string(&t, away ? ",\"redis\":\"away\"" : ",\"redis\":\"here\"");
    text_string(&t, "}");
    reply->status = s->draining || unfit ? 503 : 200;
    reply->type = "application/json";
    reply->cache = "no-store";
    reply->body = text_span(&t);
}
