/* SPDX-License-Identifier: MIT */
#include "server/request.h"
#include "server/caller.h"
#include "server/clientlog.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/grant.h"
#include "server/input.h"
#include "server/output.h"
#include "server/pending.h"
#include "server/post.h"
#include "server/ready.h"
#include "server/reply.h"
#include "server/staging.h"
#include "wire/authority.h"
#include "wire/handshake.h"

#define HEAD_MAX 1024 /* bytes of a response's head */

/* ---- The upgrade --------------------------------------------------------- */

/* Why somebody may not come in. */
struct refusal {
    unsigned status;
    const char *why;
};

static void put_extension(struct text *t, const struct extension *extension)
{
    uint8_t bytes[EXTENSION_ANSWER];
    struct text value = text_over(bytes, sizeof bytes);
    extension_write(extension, &value);
    http_put_field(t, "Sec-WebSocket-Extensions", text_span(&value));
}

/* The 101, behind which it is a WebSocket. */
static void accept(struct server *s, struct client *c,
                   const struct handshake *agreed)
{
    uint8_t bytes[HEAD_MAX];
    struct text head = text_over(bytes, sizeof bytes);
    handshake_write(agreed, &head);
    if (agreed->deflate)
        put_extension(&head, &agreed->extension);
    http_put_end(&head);
    staging_put(s, c, text_span(&head));
    client_clear(c, CLIENT_LAST); /* of a "Connection: close, upgrade" */
    conn_opened(s, c);
}

static void refuse_upgrade(struct server *s, struct client *c,
                           const struct refusal *no)
{
    c->as.http = (struct client_http){.page = CLIENT_NONE, .file = -1};
    if (no->status == SERVICE_LATER)
        ready_ask_later(s, c);
    else
        reply_refuse(s, c, no->status, no->why);
}

/* A browser sees no status: who speaks so that a Close can say it is told by
   that. */
static void refuse_grant(struct server *s, struct client *c,
                         const struct handshake *agreed,
                         const struct refusal *no)
{
    if (no->status == 400 || (c->form != CLIENT_JSON_V1 && !agreed->bearer)) {
        refuse_upgrade(s, c, no);
        return;
    }
    clientlog_refuse(s, c, no->status, no->why);
    accept(s, c, agreed);
    conn_close(s, c, no->status == 403 ? GRANT_CLOSE_ROOM : GRANT_CLOSE_ENDED,
               no->why, CAUSE_TOKEN);
}

static void answer_upgrade(struct server *s, struct client *c,
                           const struct http_request *request,
                           const struct service_route *route,
                           const struct handshake *agreed)
{
    const struct service *service = route->service;
    struct refusal no = {0};
    bool v1 = service->form == CLIENT_JSON &&
              bytes_equal(agreed->subprotocol, bytes_of(service->subprotocol));
    c->form = (uint8_t)(v1 ? CLIENT_JSON_V1 : service->form);
    c->server_bits = agreed->deflate ? agreed->extension.server_window_bits : 0;
    c->client_bits = agreed->deflate ? agreed->extension.client_window_bits : 0;
    no.status = grant_ask(s, c, request, route->rest, TOKEN_JOIN, &no.why);
    c->as.socket = (struct client_socket){0};
    if (no.status) {
        refuse_grant(s, c, agreed, &no);
        return;
    }
    if (service->open)
        no.status = service->open(s, c, request, route->rest, &no.why);
    if (no.status) {
        refuse_upgrade(s, c, &no);
        return;
    }
    accept(s, c, agreed);
    if (service->greet)
        service->greet(s, c, request);
}

static void upgrade(struct server *s, struct client *c,
                    const struct http_request *request,
                    const struct service_route *route)
{
    struct handshake agreed;
    if (!route->service) {
        reply_refuse(s, c, 404, "no WebSocket here");
        return;
    }
    struct handshake_policy policy = server_policy(s);
    policy.subprotocol = bytes_of(route->service->subprotocol);
    policy.bearer = s->grants != NULL;
    enum fault fault = handshake_check(request, &policy, &agreed);
    agreed.deflate = agreed.deflate && s->config->compression;
    if (fault)
        reply_fault(s, c, fault);
    else if (s->draining)
        reply_refuse(s, c, 503, "stopping");
    else
        answer_upgrade(s, c, request, route, &agreed);
}

/* ---- Requests ------------------------------------------------------------ */

static bool method_is(const struct http_request *request, const char *method)
{
    return bytes_equal(request->method, bytes_of(method));
}

static void get(struct server *s, struct client *c,
                const struct http_request *request,
                const struct service_route *route)
{
    struct service_reply reply;
    reply_begin(&reply, 200);
    server_site(s, c)->get(s, request, route, &reply);
    if (reply.etag.len && reply.status == 200 &&
        http_none_match(request, text_span(&reply.etag)))
        reply.status = 304;
    reply_send(s, c, &reply);
}

static void plain(struct server *s, struct client *c,
                  const struct http_request *request,
                  const struct service_route *route)
{
    bool names_path = request->path.ptr[0] == '/'; /* not so OPTIONS * */
    if (!http_method_known(request->method))
        reply_with_text(s, c, 501, "unknown method");
    else if (names_path && !route->found && !route->upgrade_only)
        reply_with_text(s, c, 404, NULL);
    else if (!c->as.http.is_head && !method_is(request, "GET"))
        reply_not_allowed(s, c,
                          route->service && route->service->post
                              ? "GET, HEAD, POST"
                              : "GET, HEAD");
    else if (route->upgrade_only)
        reply_with_text(s, c, 426, "this path speaks WebSocket only");
    else
        get(s, c, request, route);
}

/* Is it for one of our names? A page of another one, behind which somebody put
   our address (DNS rebinding), is of its own origin. Who asks for our health
   or our metrics knows an address at best. */
static bool is_for_us(const struct server *s, const struct client *c,
                      const struct http_request *request,
                      const struct service_route *route)
{
    const struct config *config = s->config;
    if (config->host_count == 0 || route->health ||
        client_has(c, CLIENT_SCRAPE))
        return true;
    for (size_t i = 0; i < config->host_count; i++)
        if (authority_is_for(request->authority, config->hosts[i]))
            return true;
    return false;
}

/* *rest is behind the head: what is content of it is taken. */
static void handle(struct server *s, struct client *c, struct span head,
                   struct span *rest)
{
    struct http_request *request = &s->request;
    struct service_route route = {0};
    s->cost += LIMITS_COST_REQUEST;
    if (http_parse(request, head.ptr, head.len)) {
        reply_fault(s, c, request->fault);
        return;
    }
    caller_request(s, c, request);
    server_site(s, c)->route(s, request, &route);
    bool upgrades = handshake_wanted(request);
    bool posts = !upgrades && post_wanted(request, &route);
    /* Other content is not read, so nothing behind it could be found. */
    if (!http_persists(request) || (http_body_len(request) > 0 && !posts) ||
        (c->flags & (CLIENT_REFUSED | CLIENT_SCRAPE | CLIENT_OVER)) || upgrades)
        client_set(c, CLIENT_LAST);
    if ((c->flags & (CLIENT_REFUSED | CLIENT_OVER)) && !route.health)
        reply_no_slot(s, c, false);
    else if (!is_for_us(s, c, request, &route))
        reply_refuse(s, c, 421, "Host not ours");
    else if (upgrades && method_is(request, "GET"))
        upgrade(s, c, request, &route);
    else if (posts)
        post_begin(s, c, request, &route, rest);
    else
        plain(s, c, request, &route);
}

/* Behind it a request may stand: its bytes. */
static struct span behind_header(struct server *s, struct client *c,
                                 struct span in)
{
    size_t used;
    const char *why;
    switch (caller_read(s, c, in, &used, &why)) {
    case PROXY_MORE: break;
    case PROXY_BAD:
        clientlog_refuse(s, c, 0, why);
        conn_drop(s, c, CAUSE_PROTOCOL);
        break;
    case PROXY_DONE:
        client_set_state(&s->clients, c, CLIENT_REQUEST);
        return bytes_after(in, used);
    }
    return bytes_span(NULL, 0);
}

/* For the next time. */
static void keep_head(struct server *s, struct client *c, struct span in)
{
    if (!input_keep(s, c, in, 0, false))
        reply_refuse(s, c, 503, "all buffers taken");
}

static void take(struct server *s, struct client *c, struct span in)
{
    struct http_scan *scan = &c->as.http.scan;
    if (c->state == CLIENT_IDLE) { /* its time begins with its first byte */
        client_set_state(&s->clients, c, CLIENT_REQUEST);
        c->since = (uint32_t)s->now;
        due_set(s, c);
        caller_returns(s, c);
    }
    c->as.http.is_head = http_asks_head(in);
    switch (http_scan(scan, in.ptr, in.len)) {
    case HTTP_MORE: keep_head(s, c, in); return;
    case HTTP_BAD: reply_refuse(s, c, scan->status, NULL); return;
    case HTTP_DONE: break;
    }
    size_t len = scan->pos;
    struct span rest = bytes_after(in, len);
    s->answers = true;
    handle(s, c, bytes_part(in, 0, len), &rest);
    s->answers = false;
    if (c->state == CLIENT_ASKING && !c->as.http.is_whole) {
        keep_head(s, c, in);
        return;
    }
    if (client_has(c, CLIENT_LAST) || c->state == CLIENT_CLOSING ||
        c->state == CLIENT_BODY || c->state == CLIENT_ASKING)
        return;
    if (input_keep(s, c, rest, 0, rest.len > 0))
        return;
    if (c->state == CLIENT_OPEN)
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for what was sent");
    else
        conn_drop(s, c, CAUSE_NO_BUFFER);
}

void request_turn(struct server *s, struct client *c)
{
    size_t len;
    if (!input_take(s, c, s->receive_size, &len))
        return;
    struct span in = bytes_span(s->receive, len);
    if (c->state == CLIENT_PROXY)
        in = behind_header(s, c, in);
    if (in.len)
        take(s, c, in);
}

void request_timeout(struct server *s, struct client *c)
{
    if (c->state == CLIENT_PROXY) {
        clientlog_refuse(s, c, 0, "no PROXY header in time");
        conn_drop(s, c, CAUSE_PROTOCOL);
    } else if (c->state == CLIENT_REQUEST && !http_begun(&c->as.http.scan)) {
        conn_drop(s, c, CAUSE_REQUEST_TIMEOUT);
    } else {
        output_begin(s, c);
        if (c->state == CLIENT_ASKING)
            reply_refuse(s, c, pending_refusal(s, c),
                         pending_is_post(s, c) ? pending_unknown
                                               : "its room is busy");
        else
            reply_refuse(s, c, 408, "no whole request in time");
        output_settle(s, c);
    }
}
