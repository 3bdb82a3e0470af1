/* SPDX-License-Identifier: MIT */
#include "server/open.h"
#include "base/check.h"
#include "server/conn.h"
#include "server/deadline.h"
#include "server/member.h"
#include "server/outbox.h"
#include "server/send.h"

/*
 * One turn's input of one client.
 *
 *    message so far ][ looked at, handled   ][ not looked at yet     ]
 *    in the inbox     in.ptr                  in.ptr + used
 *
 * A message that arrives whole is handled where it lies. One that arrives in
 * pieces is gathered at the front of the inbox: the pieces lie behind it in
 * the same buffer or in the receive buffer, so they only ever move down.
 */
struct input {
    uint8_t *ptr;
    size_t len;
    size_t used;
    size_t message_len; /* of the message so far */
};

const struct service *open_service(const struct server *s,
                                   const struct client *c)
{
    return s->site->services[c->form];
}

/* ---- --rate: the generic cell rate algorithm --------------------------------- */

/*
 * `allowance` is when the next message would be exactly on time if this
 * client had never paused. It may lie ahead of now by what the burst allows;
 * further ahead, and the client must wait.
 */
static bool rate_allows(struct server *s, struct client *c)
{
    if (s->config->rate == 0)
        return true;
    struct profile *p = client_profile(&s->clients, c);
    uint64_t interval = 1000000 / s->config->rate; /* microseconds */
    uint64_t tolerance = interval * (s->config->burst - 1);
    uint64_t now = s->now * 1000;
    if (p->allowance <= now + tolerance)
        return true;
    client_set(c, CLIENT_PAUSED);
    wheel_hasten(&s->wheel, client_index(&s->clients, c),
                 (p->allowance - tolerance + 999) / 1000);
    return false;
}

static void rate_count(struct server *s, struct client *c)
{
    if (s->config->rate == 0)
        return;
    struct profile *p = client_profile(&s->clients, c);
    uint64_t now = s->now * 1000;
    if (p->allowance < now)
        p->allowance = now;
    p->allowance += 1000000 / s->config->rate;
}

/* ---- Messages in pieces -------------------------------------------------------- */

/* Add a piece to the message so far. False when there is no buffer for it. */
static bool gather(struct server *s, struct client *c, struct input *in,
                   const struct message_event *event)
{
    if (c->inbox == LEASE_NONE)
        c->inbox = lease_take(&s->leases, true);
    if (c->inbox == LEASE_NONE)
        return false;
    CHECK(in->message_len + event->len <= s->leases.size);
    if (event->len)
        memmove(lease_bytes(&s->leases, c->inbox) + in->message_len, event->ptr,
                event->len);
    in->message_len += event->len;
    return true;
}

static void take_data(struct server *s, struct client *c, struct input *in,
                      const struct message_event *event)
{
    const struct service *service = open_service(s, c);
    if (event->first)
        rate_count(s, c);
    if (service->takes && !service->takes(c, event->opcode)) {
        conn_fail(s, c, CLOSE_UNSUPPORTED, "JSON text only");
        return;
    }
    if (service->streams) {
        service->piece(s, c, event);
        return;
    }
    if (event->first && event->last) {
        service->message(s, c, event->opcode, event->ptr, event->len);
        return;
    }
    if (!gather(s, c, in, event)) {
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for an unfinished message");
        return;
    }
    if (event->last) {
        size_t len = in->message_len;
        in->message_len = 0;
        service->message(s, c, event->opcode, lease_bytes(&s->leases, c->inbox),
                         len);
    }
}

/* RFC 6455 5.5.1: answered with the code that came; then we are done. */
static void take_close(struct server *s, struct client *c, unsigned code)
{
    conn_close(s, c, code == CLOSE_NO_STATUS ? CLOSE_NORMAL : code, "",
               CAUSE_CLOSE, true);
}

static void take(struct server *s, struct client *c, struct input *in,
                 const struct message_event *event)
{
    switch (event->type) {
    case MESSAGE_DATA: take_data(s, c, in, event); break;
    case MESSAGE_PING:
        outbox_frame(s, c, FRAME_FIN | FRAME_PONG,
                     bytes_span(event->ptr, event->len));
        break;
    case MESSAGE_PONG: /* heard of it when it was received */
    case MESSAGE_NONE: break;
    case MESSAGE_CLOSE: take_close(s, c, event->code); break;
    case MESSAGE_FAIL: conn_fail(s, c, event->code, event->reason); break;
    }
}

/* ---- The turn ------------------------------------------------------------------ */

/* Must the rest of the input wait, though it could be handled? */
static bool must_stop(struct server *s, struct client *c)
{
    if (client_has(c, CLIENT_BLOCKED) || outbox_free(s) < LIMITS_ANSWER)
        return true;
    if (!message_at_rest(&c->as.socket.reader))
        return false;
    return member_held(s, c) || !rate_allows(s, c);
}

/* Handle what there is. True when it stopped before the end for a reason of
   ours; false when the rest is the beginning of something unfinished. */
static bool handle(struct server *s, struct client *c, struct input *in)
{
    struct message_rules rules = {
        .limit = open_service(s, c)->streams ? MESSAGE_UNLIMITED
                                             : s->config->max_message,
    };
    while (in->used < in->len && c->state == CLIENT_OPEN) {
        struct message_event event;
        if (must_stop(s, c))
            return true;
        in->used +=
            message_read(&c->as.socket.reader, &rules, in->ptr + in->used,
                         in->len - in->used, &event);
        if (event.type == MESSAGE_NONE)
            break;
        take(s, c, in, &event);
    }
    return false;
}

void open_turn(struct server *s, struct client *c)
{
    if (message_at_rest(&c->as.socket.reader) && member_held(s, c))
        return;
    struct input in = {0};
    bool from_inbox = c->inbox != LEASE_NONE;
    if (from_inbox)
        in.message_len = lease_at(&s->leases, c->inbox)->start;
    struct span got = conn_take_input(s, c);
    if (got.len == 0)
        return;
    in.ptr = from_inbox ? lease_bytes(&s->leases, c->inbox) + in.message_len
                        : s->receive;
    in.len = got.len;
    bool stopped = handle(s, c, &in);
    if (c->state != CLIENT_OPEN)
        return;
    struct span rest = bytes_span(in.ptr + in.used, in.len - in.used);
    if (!conn_keep_input(s, c, rest, in.message_len, stopped))
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for an unfinished message");
}
