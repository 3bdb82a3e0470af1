/* SPDX-License-Identifier: MIT */
#include "server/websocket.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/gate.h"
#include "server/gather.h"
#include "server/input.h"
#include "server/member.h"
#include "server/ready.h"
#include "server/staging.h"

/* ---- Frames --------------------------------------------------------------- */

/* RFC 6455 5.5.1: answered with the code that came; then we are done. Behind its
   Close comes what it should not say any more; or a pong, which it may, for a
   ping of ours that was still on its way. */
static void take_close(struct server *s, struct client *c,
                       const struct gather *in, unsigned code)
{
    bool more = in->used < in->len ||
                (s->config->ping &&
                 server_since(s, c->since) < s->config->pong_timeout);
    conn_close(s, c, code == CLOSE_NO_STATUS ? CLOSE_NORMAL : code, "",
               CAUSE_CLOSE);
    c->as.farewell.says_more = more;
}

/* False when the rest of it must wait for another turn. */
static bool take(struct server *s, struct client *c, struct gather *in,
                 const struct message_event *event)
{
    switch (event->type) {
    case MESSAGE_DATA: return gather_take(s, c, in, event);
    case MESSAGE_PING:
        staging_frame(s, c, FRAME_FIN | FRAME_PONG,
                      bytes_span(event->ptr, event->len));
        break;
    case MESSAGE_PONG: /* heard of it when it was received */
    case MESSAGE_NONE: break;
    case MESSAGE_CLOSE: take_close(s, c, in, event->code); break;
    case MESSAGE_FAIL: conn_fail(s, c, event->code, event->reason); break;
    }
    return true;
}

/* Must the rest of the input wait, though it could be handled? A control frame
   waits neither for the room nor for --rate. */
static bool must_stop(struct server *s, struct client *c,
                      const struct gather *in, bool at_rest)
{
    if (client_waits(c, CLIENT_WAITS_OUTPUT) ||
        staging_room(s) < LIMITS_ANSWER || s->cost >= ready_share(c))
        return true;
    return at_rest &&
           !frame_is_control(in->ptr[in->used] & FRAME_OPCODE_BITS) &&
           gate_closed(s, c);
}

/* True when it stopped before the end for a reason of ours; false when the rest
   is the beginning of something unfinished. */
static bool handle_frames(struct server *s, struct client *c, struct gather *in)
{
    bool streams = server_service(s, c)->streams;
    struct message_rules rules = {
        .limit = streams ? MESSAGE_UNLIMITED : s->config->max_message,
        .permessage_deflate = c->client_bits > 0,
    };
    while (in->used < in->len && c->state == CLIENT_OPEN) {
        struct message_event event;
        bool at_rest = message_at_rest(&c->as.socket.reader);
        in->fresh |= at_rest && in->used > 0;
        if (must_stop(s, c, in, at_rest))
            return true;
        /* The answer to a compressed piece may be longer than the piece; what
           is echoed behind it must still fit. It is never so little that a
           frame's header would seem unfinished. */
        size_t left = in->len - in->used;
        if (streams)
            left = bytes_min(left, staging_room(s) - LIMITS_ANSWER / 2);
        in->used += message_read(&c->as.socket.reader, &rules,
                                 in->ptr + in->used, left, &event);
        if (event.type == MESSAGE_NONE)
            break;
        s->cost += LIMITS_COST_FRAME;
        if (!take(s, c, in, &event))
            return true;
    }
    return false;
}

/* ---- The turn ------------------------------------------------------------- */

/* False when there is nothing to handle. */
static bool take_input(struct server *s, struct client *c, struct gather *in)
{
    size_t most = gate_receive_limit(s, c);
    *in = (struct gather){.ptr = s->receive, .fresh = c->inbox == LEASE_NONE};
    if (c->inbox != LEASE_NONE) {
        const struct lease *l = lease_at(&s->leases, c->inbox);
        in->used = in->held = l->held;
        in->message_len = l->start;
    }
    return most > 0 && input_take(s, c, most, &in->len);
}

/* Where nothing is unfinished: short messages of an echo, at the front of what
   has come, for which nothing need be asked while the turn has not cost much.
   True: there was nothing else. */
static bool take_burst(struct server *s, struct client *c, struct gather *in)
{
    const struct service *service = server_service(s, c);
    if (!service->burst || s->cost > LIMITS_TURN_BURST || s->config->rate ||
        c->inbox != LEASE_NONE || c->client_bits ||
        !message_at_rest(&c->as.socket.reader))
        return false;
    in->used = service->burst(s, c, bytes_span(in->ptr, in->len));
    return in->used == in->len;
}

/* An echo, and no buffer left for a few bytes of a frame that has only begun:
   nobody else is to lose his for that. */
static bool keep_tail(struct server *s, struct client *c, struct span rest)
{
    struct client_echo *e = &client_profile(&s->clients, c)->echo;
    if (!server_service(s, c)->streams || lease_is_left(&s->leases) ||
        c->inbox != LEASE_NONE || rest.len == 0 || rest.len > sizeof e->tail)
        return false;
    memcpy(e->tail, rest.ptr, rest.len);
    e->tail_len = (uint8_t)rest.len;
    client_set(c, CLIENT_TAIL);
    return true;
}

void websocket_turn(struct server *s, struct client *c)
{
    struct gather in;
    if (client_has(c, CLIENT_SKIPS))
        return; /* what it has said is to be passed over first: it is dirty */
    if (c->taken && member_may_speak(s, c) && member_seize_held(s, c))
        member_publish_held(s, c);
    if (c->state != CLIENT_OPEN)
        return;
    if (!take_input(s, c, &in) || take_burst(s, c, &in))
        return;
    bool stopped = !gather_go_on(s, c, &in) || handle_frames(s, c, &in);
    if (c->state != CLIENT_OPEN)
        return;
    size_t from = in.used - in.held;
    struct span rest = bytes_span(in.ptr + from, in.len - from);
    bool kept = !stopped && keep_tail(s, c, rest);
    if (!kept && !input_keep(s, c, rest, in.message_len, stopped))
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for an unfinished message");
    if (c->inbox != LEASE_NONE) {
        struct lease *l = lease_at(&s->leases, c->inbox);
        l->held = (uint32_t)in.held;
        if (in.fresh)
            l->since = (uint32_t)s->now;
    }
    if (c->inbox != LEASE_NONE ||
        client_inflating(&s->clients, c) != LEASE_NONE)
        due_set(s, c);
}
