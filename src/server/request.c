/* SPDX-License-Identifier: MIT */
#include "server/request.h"
#include "os/file.h"
#include "server/conn.h"
#include "server/deadline.h"
#include "server/outbox.h"
#include "wire/authority.h"
#include "wire/extension.h"
#include "wire/handshake.h"

#define HEAD_MAX 1024 /* bytes of a response's head */

/* ---- Responses ----------------------------------------------------------- */

/*
 * What a page may do (fetch's and HTML's own terms): run and load what comes
 * from here, connect to here, and nothing else. Nobody may frame it.
 */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

static void put_string(struct text *t, const char *name, const char *value)
{
    http_put_field(t, name, bytes_of(value));
}

static void put_status_fields(struct text *t, unsigned status)
{
    if (status == 405)
        put_string(t, "Allow", "GET, HEAD");
    if (status == 426) {
        put_string(t, "Upgrade", "websocket");
        put_string(t, "Sec-WebSocket-Version", "13");
    }
    if (status == 429 || status == 503)
        http_put_number(t, "Retry-After", LIMITS_RETRY_AFTER);
}

static void put_connection(struct text *t, const struct client *c,
                           unsigned status)
{
    bool last = client_has(c, CLIENT_LAST);
    /* RFC 9110 7.8: who sends Upgrade names it in Connection. */
    if (status == 426)
        put_string(t, "Connection", last ? "close, Upgrade" : "Upgrade");
    else if (last)
        put_string(t, "Connection", "close");
}

static void put_head(struct text *t, struct server *s, const struct client *c,
                     const struct service_reply *reply, uint64_t body_len)
{
    http_put_status(t, reply->status, s->wall / 1000);
    if (reply->status != 304) { /* RFC 9110 15.4.5 */
        put_string(t, "Content-Type", reply->type);
        http_put_number(t, "Content-Length", body_len);
    }
    if (reply->etag.len)
        http_put_field(t, "ETag", text_span(&reply->etag));
    if (reply->cache)
        put_string(t, "Cache-Control", reply->cache);
    if (reply->varies)
        put_string(t, "Vary", "Accept");
    if (reply->varies_in_coding)
        put_string(t, "Vary", "Accept-Encoding");
    if (reply->coding && reply->status != 304)
        put_string(t, "Content-Encoding", reply->coding);
    if (reply->is_page) {
        put_string(t, "Content-Security-Policy", page_policy);
        put_string(t, "Referrer-Policy", "no-referrer");
    }
    put_string(t, "X-Content-Type-Options", "nosniff");
    put_status_fields(t, reply->status);
    put_connection(t, c, reply->status);
    http_put_end(t);
}

void request_let_go(struct server *s, struct client *c)
{
    const struct service_site *site = server_site(s, c);
    if (c->as.http.file >= 0) {
        file_close(c->as.http.file);
        download_end(s, c);
    }
    if (c->as.http.page != CLIENT_NONE && site->page_sent)
        site->page_sent(s, c->as.http.page);
    c->as.http = (struct client_http){.page = CLIENT_NONE, .file = -1};
}

/* Put the response into the outbox; a page or a file is sent from where it
   lies, behind the head. HEAD has no body, nor has 304 (RFC 9110 9.3.2,
   15.4.5). */
static void respond(struct server *s, struct client *c,
                    const struct service_reply *reply)
{
    uint8_t bytes[HEAD_MAX];
    struct text head = text_over(bytes, sizeof bytes);
    uint64_t len = reply->body.len;
    if (reply->file >= 0)
        len = reply->file_size;
    else if (reply->page != CLIENT_NONE)
        len = server_site(s, c)->page(s, reply->page).len;
    put_head(&head, s, c, reply, len);
    outbox_put(s, c, text_span(&head));

    bool apart = reply->file >= 0 || reply->page != CLIENT_NONE;
    bool bare = c->as.http.is_head || reply->status == 304;
    c->as.http = (struct client_http){
        .page = reply->page, .file = reply->file, .left = apart ? len : 0};
    client_set_state(&s->clients, c, CLIENT_REPLY);
    c->since = (uint32_t)s->now;
    deadline_set(s, c);
    if (bare)
        request_let_go(s, c);
    else if (!apart)
        outbox_put(s, c, reply->body);
}

static void begin_reply(struct service_reply *reply, unsigned status)
{
    memset(reply, 0, sizeof *reply);
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    reply->page = CLIENT_NONE;
    reply->file = -1;
    reply->etag = text_over(reply->etag_bytes, sizeof reply->etag_bytes);
}

/* A short text that says what is wrong. */
static void answer_with_text(struct server *s, struct client *c,
                             unsigned status, const char *why)
{
    struct service_reply reply;
    begin_reply(&reply, status);
    struct text t = text_over(reply.small, sizeof reply.small);
    text_string(&t, why ? why : http_phrase(status));
    text_byte(&t, '\n');
    reply.body = text_span(&t);
    reply.cache = "no-store";
    conn_log_refusal(s, c, c->fd, status, why ? why : http_phrase(status));
    respond(s, c, &reply);
}

/* One response, then the end: bytes after the request are not looked at. */
static void refuse(struct server *s, struct client *c, unsigned status,
                   const char *why)
{
    client_set(c, CLIENT_LAST);
    answer_with_text(s, c, status, why);
}

/* What those are told who got none of the regular slots. */
struct slot_refusal {
    unsigned status;
    const char *why;
};

static struct slot_refusal slot_refusal_of(const struct client *c)
{
    return client_has(c, CLIENT_OVER)
               ? (struct slot_refusal){429, "too many from this address"}
               : (struct slot_refusal){503, "all client slots taken"};
}

/* A refusal that needs no buffer: what its kernel does not take is lost. */
static void refuse_at_once(struct server *s, struct client *c, unsigned status,
                           const char *why)
{
    uint8_t bytes[256];
    struct text t = text_over(bytes, sizeof bytes);
    http_put_status(&t, status, s->wall / 1000);
    http_put_number(&t, "Retry-After", LIMITS_RETRY_AFTER);
    http_put_number(&t, "Content-Length", 0);
    put_string(&t, "Connection", "close");
    http_put_end(&t);
    struct span all = text_span(&t);
    (void)socket_send(c->fd, &all, 1);
    conn_log_refusal(s, c, c->fd, status, why);
}

void request_give_way(struct server *s, struct client *c)
{
    struct slot_refusal no = slot_refusal_of(c);
    if (c->state == CLIENT_REQUEST && client_has(c, CLIENT_REFUSED))
        refuse_at_once(s, c, no.status, no.why);
    conn_drop(s, c, CAUSE_NONE);
}

void request_evict(struct server *s, struct client *c, const char *why)
{
    refuse_at_once(s, c, 503, why);
    c->as.farewell = (struct client_farewell){.cause = CAUSE_REFUSED};
    conn_linger(s, c);
}

void request_replied(struct server *s, struct client *c)
{
    request_let_go(s, c);
    if (client_has(c, CLIENT_LAST)) {
        c->as.farewell = (struct client_farewell){.cause = CAUSE_REFUSED};
        conn_linger(s, c);
        return;
    }
    source_answered(s, c);
    client_set_state(&s->clients, c, CLIENT_IDLE);
    c->since = (uint32_t)s->now;
    deadline_set(s, c);
}

/* ---- The upgrade --------------------------------------------------------- */

static void put_extension(struct text *t, const struct extension *extension)
{
    uint8_t bytes[EXTENSION_ANSWER];
    struct text value = text_over(bytes, sizeof bytes);
    extension_write(extension, &value);
    http_put_field(t, "Sec-WebSocket-Extensions", text_span(&value));
}

static void answer_upgrade(struct server *s, struct client *c,
                           const struct http_request *request,
                           const struct service_route *route,
                           const struct handshake *agreed,
                           const struct extension *extension)
{
    const struct service *service = route->service;
    const char *why = NULL;
    bool v1 = service->form == CLIENT_JSON && agreed->subprotocol.len > 0;
    c->server_bits = c->client_bits = 0;
    if (extension) {
        c->server_bits = extension->server_window_bits;
        c->client_bits = extension->client_window_bits;
    }
    c->form = (uint8_t)(v1 ? CLIENT_JSON_V1 : service->form);
    c->as.socket = (struct client_socket){0};
    unsigned status =
        service->open ? service->open(s, c, request, route->rest, &why) : 0;
    if (status) {
        c->as.http = (struct client_http){.page = CLIENT_NONE, .file = -1};
        refuse(s, c, status, why);
        return;
    }
    uint8_t bytes[HEAD_MAX];
    struct text head = text_over(bytes, sizeof bytes);
    handshake_write(agreed, &head);
    if (extension)
        put_extension(&head, extension);
    http_put_end(&head);
    outbox_put(s, c, text_span(&head));
    client_clear(c, CLIENT_LAST); /* of a "Connection: close, upgrade" */
    conn_opened(s, c);
    if (service->greet)
        service->greet(s, c, request);
}

static void upgrade(struct server *s, struct client *c,
                    const struct http_request *request,
                    const struct service_route *route)
{
    struct handshake agreed;
    if (!route->service) {
        refuse(s, c, 404, "no WebSocket here");
        return;
    }
    struct handshake_policy policy = {
        .origins = s->config->origins,
        .origin_count = s->config->origin_count,
        .any_origin = s->config->any_origin,
        .subprotocol = bytes_of(route->service->subprotocol),
    };
    if (handshake_check(request, &policy, &agreed))
        refuse(s, c, fault_rules[agreed.fault].answer,
               fault_rules[agreed.fault].what);
    else if (s->draining)
        refuse(s, c, 503, "stopping");
    else
        answer_upgrade(s, c, request, route, &agreed,
                       agreed.deflate && s->config->compression
                           ? &agreed.extension
                           : NULL);
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
    begin_reply(&reply, 200);
    server_site(s, c)->get(s, request, route, &reply);
    if (reply.etag.len && reply.status == 200 &&
        http_none_match(request, text_span(&reply.etag)))
        reply.status = 304;
    respond(s, c, &reply);
}

static void plain(struct server *s, struct client *c,
                  const struct http_request *request,
                  const struct service_route *route)
{
    bool names_path = request->path.ptr[0] == '/'; /* not so OPTIONS * */
    if (!http_method_known(request->method))
        answer_with_text(s, c, 501, "unknown method");
    else if (names_path && !route->found && !route->upgrade_only)
        answer_with_text(s, c, 404, NULL);
    else if (!c->as.http.is_head && !method_is(request, "GET"))
        answer_with_text(s, c, 405, NULL);
    else if (route->upgrade_only)
        answer_with_text(s, c, 426, "this path speaks WebSocket only");
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

static void handle(struct server *s, struct client *c, struct span head)
{
    struct http_request request;
    struct service_route route = {0};
    s->cost += LIMITS_COST_REQUEST;
    if (http_parse(&request, head.ptr, head.len)) {
        refuse(s, c, fault_rules[request.fault].answer,
               fault_rules[request.fault].what);
        return;
    }
    source_request(s, c, &request);
    server_site(s, c)->route(s, &request, &route);
    /* A body is not read, so nothing behind it could be found. */
    if (!http_persists(&request) || http_body_len(&request) > 0 ||
        (c->flags & (CLIENT_REFUSED | CLIENT_SCRAPE | CLIENT_OVER)) ||
        handshake_wanted(&request))
        client_set(c, CLIENT_LAST);
    struct slot_refusal no = slot_refusal_of(c);
    if ((c->flags & (CLIENT_REFUSED | CLIENT_OVER)) && !route.health)
        refuse(s, c, no.status, no.why);
    else if (!is_for_us(s, c, &request, &route))
        refuse(s, c, 421, "Host not ours");
    else if (handshake_wanted(&request) && method_is(&request, "GET"))
        upgrade(s, c, &request, &route);
    else
        plain(s, c, &request, &route);
}

void request_turn(struct server *s, struct client *c)
{
    struct span in = conn_take_input(s, c);
    if (in.len)
        request_handle(s, c, in);
}

void request_handle(struct server *s, struct client *c, struct span in)
{
    struct http_scan *scan = &c->as.http.scan;
    if (c->state == CLIENT_IDLE) { /* its time begins with its first byte */
        client_set_state(&s->clients, c, CLIENT_REQUEST);
        c->since = (uint32_t)s->now;
        deadline_set(s, c);
        source_returns(s, c);
    }
    c->as.http.is_head = http_asks_head(in);
    switch (http_scan(scan, in.ptr, in.len)) {
    case HTTP_MORE:
        if (!conn_keep_input(s, c, in, 0, false))
            refuse(s, c, 503, "all buffers taken");
        return;
    case HTTP_BAD: refuse(s, c, scan->status, NULL); return;
    case HTTP_DONE: break;
    }
    size_t len = scan->pos;
    struct span rest = bytes_part(in, len, in.len - len);
    handle(s, c, bytes_part(in, 0, len));
    if (client_has(c, CLIENT_LAST) || c->state == CLIENT_GONE)
        return;
    if (conn_keep_input(s, c, rest, 0, rest.len > 0))
        return;
    if (c->state == CLIENT_OPEN)
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for what was sent");
    else
        conn_drop(s, c, CAUSE_NO_BUFFER);
}

void request_timeout(struct server *s, struct client *c)
{
    if (!http_begun(&c->as.http.scan)) {
        conn_drop(s, c, CAUSE_REQUEST_TIMEOUT);
        return;
    }
    conn_begin(s, c);
    refuse(s, c, 408, "no whole request in time");
    conn_settle(s, c);
}
