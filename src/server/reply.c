/* SPDX-License-Identifier: MIT */
#include "server/reply.h"
#include "server/body.h"
#include "server/caller.h"
#include "server/clientlog.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/pending.h"
#include "server/staging.h"

#define HEAD_MAX 1024 /* bytes of a response's head */

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
    if (status == 401) /* RFC 6750 3 */
        put_string(t, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
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
    if (reply->allow)
        put_string(t, "Allow", reply->allow);
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

void reply_begin(struct service_reply *reply, unsigned status)
{
    memset(reply, 0, sizeof *reply);
    reply->status = status;
    reply->type = "text/plain; charset=utf-8";
    reply->page = CLIENT_NONE;
    reply->file = -1;
    reply->etag = text_over(reply->etag_bytes, sizeof reply->etag_bytes);
}

/* HEAD has no body, nor has 304 (RFC 9110 9.3.2,
   15.4.5). */
void reply_send(struct server *s, struct client *c,
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
    staging_put(s, c, text_span(&head));

    bool apart = reply->file >= 0 || reply->page != CLIENT_NONE;
    bool bare = c->as.http.is_head || reply->status == 304;
    c->as.http = (struct client_http){.page = reply->page,
                                      .file = reply->file,
                                      .left = apart ? len : 0,
                                      .has_uid = c->as.http.has_uid};
    pending_end(s, c);
    client_set_state(&s->clients, c, CLIENT_REPLY);
    c->since = (uint32_t)s->now;
    due_set(s, c);
    if (bare)
        body_end(s, c);
    else if (!apart)
        staging_put(s, c, reply->body);
}

static void send_text(struct server *s, struct client *c,
                      struct service_reply *reply, const char *why)
{
    struct text t = text_over(reply->small, sizeof reply->small);
    if (!why)
        why = http_phrase(reply->status);
    text_string(&t, why);
    text_byte(&t, '\n');
    reply->body = text_span(&t);
    reply->cache = "no-store";
    clientlog_refuse(s, c, reply->status, why);
    reply_send(s, c, reply);
}

void reply_with_text(struct server *s, struct client *c, unsigned status,
                     const char *why)
{
    struct service_reply reply;
    reply_begin(&reply, status);
    send_text(s, c, &reply, why);
}

void reply_not_allowed(struct server *s, struct client *c, const char *allow)
{
    struct service_reply reply;
    reply_begin(&reply, 405);
    reply.allow = allow;
    send_text(s, c, &reply, NULL);
}

void reply_refuse(struct server *s, struct client *c, unsigned status,
                  const char *why)
{
    client_set(c, CLIENT_LAST);
    reply_with_text(s, c, status, why);
}

void reply_fault(struct server *s, struct client *c, enum fault fault)
{
    reply_refuse(s, c, fault_rules[fault].answer, fault_rules[fault].what);
}

void reply_no_slot(struct server *s, struct client *c, bool at_once)
{
    bool over = client_has(c, CLIENT_OVER);
    const char *why =
        over ? "too many from this address" : "all client slots taken";
    if (at_once)
        conn_refuse(s, c, over ? 429 : 503, why);
    else
        reply_refuse(s, c, over ? 429 : 503, why);
}

void reply_sent(struct server *s, struct client *c)
{
    body_end(s, c);
    if (client_has(c, CLIENT_LAST)) {
        conn_linger(s, c);
        return;
    }
    caller_answered(s, c);
    client_set_state(&s->clients, c, CLIENT_IDLE);
    c->since = (uint32_t)s->now;
    due_set(s, c);
}
