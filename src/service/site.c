/* SPDX-License-Identifier: MIT */
#include "service/site.h"
#include "os/file.h"
#include "server/server.h"
#include "service/chat.h"
#include "service/echo.h"
#include "service/health.h"
#include "service/metrics.h"
#include "service/pages.h"

static bool is(struct span path, const char *what)
{
    return bytes_equal(path, bytes_of(what));
}

/* Is `path` this service's, alone or with a slash and more? *rest is the
   more. */
static bool is_under(struct span path, const char *prefix, struct span *rest)
{
    size_t len = strlen(prefix);
    if (!bytes_begins(path, bytes_of(prefix)))
        return false;
    *rest = bytes_part(path, path.len, 0);
    if (path.len == len)
        return true;
    if (path.ptr[len] != '/')
        return false;
    *rest = bytes_after(path, len + 1);
    return true;
}

/* /chat, /chat/ROOM, /ws, /ws/ROOM. False when the path is neither; a ROOM
   that cannot be one leads nowhere, a browser to the page that says so. */
static bool route_room(const struct http_request *request,
                       struct service_route *route)
{
    struct span path = request->path, rest;
    bool json = is_under(path, chat_json.path, &rest);
    if (!json && !is_under(path, chat_plain.path, &rest))
        return false;
    if (!chat_room_name(rest, route->bytes, &route->rest)) {
        route->found = !json && http_accepts(request, "Accept", "text/html");
        return true;
    }
    route->service = json ? &chat_json : &chat_plain;
    route->upgrade_only = json;
    route->found = !json;
    return true;
}

/* The path below the folder of pages, decoded; empty: it leads nowhere. */
static struct span file_path(struct span path, uint8_t out[FILE_PATH_MAX])
{
    ptrdiff_t len =
        http_decode(out, FILE_PATH_MAX, bytes_after(path, 1), false);
    return bytes_span(out, len > 0 ? (size_t)len : 0);
}

static void route(struct server *s, const struct http_request *request,
                  struct service_route *route)
{
    struct span path = request->path;
    uint8_t bytes[FILE_PATH_MAX];
    *route = (struct service_route){0};
    if (is(path, "/echo")) {
        route->service = &echo_service;
        route->found = true;
    } else if (is(path, "/")) {
        route->found = true;
    } else if (!health_route(request, route) && !route_room(request, route)) {
        route->found = pages_has(s, file_path(path, bytes));
    }
}

/* A page that both the folder and the binary may have. */
static void get_page(struct server *s, const struct http_request *request,
                     struct span name, struct service_reply *reply)
{
    if (pages_get(s, request, name, reply))
        return;
    reply->status = 404;
    reply->body = BYTES_LITERAL("no such page\n");
}

static void get_root(struct server *s, const struct http_request *request,
                     struct service_reply *reply)
{
    reply->varies = true;
    if (http_accepts(request, "Accept", "text/html")) {
        get_page(s, request, BYTES_LITERAL("index.html"), reply);
        return;
    }
    reply->type = "application/json";
    reply->cache = "no-cache";
    reply->body = BYTES_LITERAL("{\"msg\":\"HelloWebSocket\"}");
    text_string(&reply->etag, "\"HelloWebSocket-1\"");
}

static void get_no_room(struct server *s, const struct http_request *request,
                        struct service_reply *reply)
{
    reply->varies = true;
    get_page(s, request, BYTES_LITERAL("chat.html"), reply);
    reply->status = 404;
}

static void get(struct server *s, const struct http_request *request,
                const struct service_route *route, struct service_reply *reply)
{
    struct span path = request->path, room;
    uint8_t bytes[FILE_PATH_MAX];
    if (route->health)
        health_get(s, request, reply);
    else if (is(path, "/"))
        get_root(s, request, reply);
    else if (route->service == &echo_service)
        get_page(s, request, BYTES_LITERAL("echo.html"), reply);
    else if (route->service == &chat_plain)
        get_page(s, request, BYTES_LITERAL("chat.html"), reply);
    else if (is_under(path, chat_plain.path, &room))
        get_no_room(s, request, reply);
    else
        get_page(s, request, file_path(path, bytes), reply);
}

const struct service_site site_chatd = {
    .services =
        {
            [CLIENT_ECHO] = &echo_service,
            [CLIENT_PLAIN] = &chat_plain,
            [CLIENT_JSON] = &chat_json,
            [CLIENT_JSON_V1] = &chat_json,
        },
    .route = route,
    .get = get,
    .page = pages_bytes,
    .heard = chat_heard,
    .missed = chat_missed,
    .metrics = &metrics_site,
};
