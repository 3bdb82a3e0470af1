/* SPDX-License-Identifier: MIT */
#include "server/post.h"
#include "server/due.h"
#include "server/gate.h"
#include "server/grant.h"
#include "server/input.h"
#include "server/ready.h"
#include "server/reply.h"
#include "server/staging.h"
#include "wire/handshake.h"

#define ANSWER_MAX 64 /* bytes of {"id":"..."} */

struct post {
    uint32_t len; /* bytes of the content */
    uint8_t opcode;
    uint8_t room_len;
    uint8_t room[LIMITS_ROOM_NAME];
};

bool post_wanted(const struct http_request *request,
                 const struct service_route *route)
{
    return route->service && route->service->post &&
           bytes_equal(request->method, BYTES_LITERAL("POST"));
}

/* ---- The head ------------------------------------------------------------ */

enum expectation { EXPECTS_NOTHING, EXPECTS_100, EXPECTS_OTHER };

/* RFC 9110 10.1.1: a list, and 100-continue is all that is known; in HTTP/1.0
   that is ignored. */
static enum expectation expectation_of(const struct http_request *request)
{
    struct http_list list = {0};
    struct span element;
    enum expectation found = EXPECTS_NOTHING;
    while (http_list_next(request, "Expect", &list, &element)) {
        if (!bytes_equal_nocase(element, BYTES_LITERAL("100-continue")))
            return EXPECTS_OTHER;
        if (request->minor > 0)
            found = EXPECTS_100;
    }
    return found;
}

/* Binary where the content says that it is bytes; else text. */
static uint8_t opcode_of(const struct http_request *request)
{
    struct span type;
    if (http_field(request, "Content-Type", &type) == 0)
        return FRAME_TEXT;
    type = bytes_trim(bytes_part(type, 0, bytes_find(type, ';')));
    return bytes_equal_nocase(type, BYTES_LITERAL("application/octet-stream"))
               ? FRAME_BINARY
               : FRAME_TEXT;
}

/* A refusal of what has not been read ends the connection. */
static bool is_refused(struct server *s, struct client *c,
                       const struct http_request *request,
                       const struct service_route *route)
{
    struct handshake_policy policy = server_policy(s);
    enum fault fault = handshake_check_origin(request, &policy);
    struct span length;
    const char *why = NULL;
    unsigned status = 0;
    if (fault)
        reply_fault(s, c, fault);
    else if (expectation_of(request) == EXPECTS_OTHER)
        reply_refuse(s, c, 417, NULL);
    else if (http_field(request, "Content-Length", &length) == 0)
        reply_refuse(s, c, 411, NULL);
    else if (http_body_len(request) > s->config->max_message)
        reply_refuse(s, c, 413, "message too big");
    else if (s->draining)
        reply_refuse(s, c, 503, "stopping");
    else if (s->config->rate && !gate_post(s, c->address))
        reply_refuse(s, c, 429, "posts above --rate");
    else if ((status = grant_ask(s, c, request, route->rest, TOKEN_SAY,
                                 &why)) != 0 ||
             (status = route->service->post_begin(s, c, request, &why)) != 0)
        reply_refuse(s, c, status, why);
    return c->state != CLIENT_REQUEST;
}

/* ---- The content --------------------------------------------------------- */

static void answer(struct server *s, struct client *c, unsigned status,
                   const char *why, struct service_reply *reply)
{
    if (status) {
        reply_with_text(s, c, status, why);
        return;
    }
    s->stats.posted++;
    reply->type = "application/json";
    reply->cache = "no-store";
    reply_send(s, c, reply);
}

/* All of it is here. False: not now. While stopping nobody is left to hear it. */
static bool publish(struct server *s, struct client *c, const struct post *post,
                    struct span content)
{
    struct service_reply reply;
    const char *why = NULL;
    if (s->draining) {
        reply_refuse(s, c, 503, "stopping");
        return true;
    }
    reply_begin(&reply, 200);
    struct text id = text_over(reply.small, ANSWER_MAX);
    c->taken = post->opcode; /* nobody gets its buffer meanwhile */
    unsigned status =
        server_service(s, c)->post(s, c, bytes_span(post->room, post->room_len),
                                   post->opcode, content, &id, &why);
    c->taken = 0;
    if (status == SERVICE_LATER)
        return false;
    reply.body = text_span(&id);
    answer(s, c, status, why, &reply);
    return true;
}

/* What is here of it, in the inbox. False: no buffer is left. */
static bool keep(struct server *s, struct client *c, const struct post *post,
                 struct span in)
{
    if (!input_keep(s, c, in, sizeof *post, false))
        return false;
    memcpy(lease_bytes(&s->leases, c->inbox), post, sizeof *post);
    lease_at(&s->leases, c->inbox)->address = c->address; /* the head told it */
    return true;
}

static void ask_later(struct server *s, struct client *c)
{
    c->as.http.is_whole = true;
    ready_ask_later(s, c);
}

static void wait_for_rest(struct server *s, struct client *c, bool is_asked)
{
    client_set_state(&s->clients, c, CLIENT_BODY);
    c->since = (uint32_t)s->now;
    due_set(s, c);
    if (is_asked)
        staging_put(s, c, BYTES_LITERAL("HTTP/1.1 100 Continue\r\n\r\n"));
}

void post_begin(struct server *s, struct client *c,
                const struct http_request *request,
                const struct service_route *route, struct span *in)
{
    /* Before the content is kept where the head may lie. */
    bool is_asked = expectation_of(request) == EXPECTS_100;
    c->form = (uint8_t)route->service->form;
    if (is_refused(s, c, request, route))
        return;
    struct post post = {
        .len = (uint32_t)http_body_len(request),
        .opcode = opcode_of(request),
        .room_len = (uint8_t)route->rest.len,
    };
    memcpy(post.room, route->rest.ptr, route->rest.len);
    bool is_whole = in->len >= post.len;
    if (is_whole && publish(s, c, &post, bytes_part(*in, 0, post.len)))
        *in = bytes_after(*in, post.len);
    else if (!keep(s, c, &post, *in))
        reply_refuse(s, c, 503, "all buffers taken");
    else if (is_whole)
        ask_later(s, c);
    else
        wait_for_rest(s, c, is_asked);
}

void post_turn(struct server *s, struct client *c)
{
    struct post post;
    struct span in;
    if (!input_append(s, c, &in))
        return;
    memcpy(&post, lease_bytes(&s->leases, c->inbox), sizeof post);
    if (in.len < post.len)
        return;
    if (!publish(s, c, &post, bytes_part(in, 0, post.len))) {
        ask_later(s, c);
        return;
    }
    struct span rest = bytes_after(in, post.len);
    if (!client_has(c, CLIENT_LAST))
        input_keep(s, c, rest, 0, rest.len > 0); /* it has its buffer */
}
