/* SPDX-License-Identifier: MIT */
#include "server/open.h"
#include "base/check.h"
#include "server/compressed.h"
#include "server/conn.h"
#include "server/due.h"
#include "server/input.h"
#include "server/lend.h"
#include "server/member.h"
#include "server/outbox.h"
#include "server/ready.h"

/*
 * One turn's input of one client, in the receive buffer.
 *
 *    message so far    [ looked at, handled  | held ][ not looked at yet     ]
 *    in the inbox      in.ptr                  in.ptr + used           in.len
 *
 * A message that arrives whole is handled where it lies; one that arrives in
 * pieces is gathered at the front of the inbox, or if it is compressed, behind
 * its context (compressed.h). What was not looked at at the end of a turn is
 * kept in the inbox, and comes first in the next turn.
 */
struct input {
    uint8_t *ptr;
    size_t len;
    size_t used;
    size_t held;        /* bytes before `used`: looked at, but payload of a
                           compressed message that is still to be inflated */
    size_t message_len; /* of the message so far */
    bool fresh;         /* what is unfinished at the end began in this turn */
};

/* ---- --rate: the generic cell rate algorithm ----------------------------- */

/*
 * `allowance` is when the next message would be exactly on time if this
 * client had never paused. It may lie ahead of now by what the burst allows;
 * further ahead, and the client must wait until the microsecond returned; 0:
 * it may speak.
 */
static uint64_t rate_wait(const struct server *s, const struct client *c)
{
    if (s->config->rate == 0)
        return 0;
    const struct profile *p = client_profile(&s->clients, c);
    uint64_t interval = 1000000 / s->config->rate; /* microseconds */
    uint64_t tolerance = interval * (s->config->burst - 1);
    uint64_t now = s->now * 1000;
    return p->allowance <= now + tolerance ? 0 : p->allowance - tolerance;
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

/* ---- Messages in pieces -------------------------------------------------- */

static bool must_hold(struct server *s, const struct client *c,
                      struct span message)
{
    const struct service *service = server_service(s, c);
    return !member_may_speak(s, c) &&
           (!service->publishes ||
            (message.len > 0 && service->publishes(s, message)));
}

/* Add a piece to the message so far. */
static void gather(struct server *s, struct client *c, struct input *in,
                   const struct message_event *event)
{
    if (!input_want_inbox(s, c)) {
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for an unfinished message");
        return;
    }
    CHECK(in->message_len + event->len <= s->leases.size);
    if (event->len)
        memcpy(lease_bytes(&s->leases, c->inbox) + in->message_len, event->ptr,
               event->len);
    in->message_len += event->len;
    if (!event->last)
        return;
    uint8_t *message = lease_bytes(&s->leases, c->inbox);
    size_t len = in->message_len;
    if (must_hold(s, c, bytes_span(message, len)) &&
        lease_keep(&s->leases, c->inbox)) {
        /* It may be published in this turn: the client may go in it. */
        struct lease *l = lease_at(&s->leases, c->inbox);
        l->start = l->end = (uint32_t)len;
        member_hold(s, c, event->opcode);
        return;
    }
    in->message_len = 0;
    server_service(s, c)->message(s, c, event->opcode, message, len);
}

/* One that came whole. Where it must wait it is gathered, in one piece. */
static void take_whole(struct server *s, struct client *c, struct input *in,
                       const struct message_event *event)
{
    if (must_hold(s, c, bytes_span(event->ptr, event->len)) &&
        input_want_inbox(s, c))
        gather(s, c, in, event);
    else
        server_service(s, c)->message(s, c, event->opcode, event->ptr,
                                      event->len);
}

/* ---- Compressed messages ------------------------------------------------- */

/* A chunk of an echo: its text checked, and on to the service. */
static void pass_chunk(struct server *s, struct client *c,
                       struct compressed_in *z, const struct text *chunk,
                       bool last)
{
    struct message_event event = {
        .type = MESSAGE_DATA,
        .opcode = z->opcode,
        .compressed = true,
        .first = z->first,
        .last = last,
        .ptr = chunk->ptr,
        .len = chunk->len,
    };
    if (z->opcode == FRAME_TEXT &&
        (!utf8_take(&z->utf8, chunk->ptr, chunk->len) ||
         (last && !utf8_whole(&z->utf8)))) {
        conn_fail(s, c, CLOSE_BAD_DATA, "not UTF-8");
        return;
    }
    z->first = false;
    server_service(s, c)->piece(s, c, &event);
}

/* A chat message that is whole. */
static void pass_gathered(struct server *s, struct client *c,
                          struct compressed_in *z)
{
    uint8_t *message = compressed_gathered(z);
    if (z->opcode == FRAME_TEXT && !utf8_valid(bytes_span(message, z->len)))
        conn_fail(s, c, CLOSE_BAD_DATA, "not UTF-8");
    else if (must_hold(s, c, bytes_span(message, z->len)) &&
             lease_keep(&s->inflating,
                        client_profile(&s->clients, c)->inflating - 1))
        member_hold(s, c, z->opcode);
    else
        server_service(s, c)->message(s, c, z->opcode, message, z->len);
}

/* Where the next bytes are inflated to. */
static struct text chunk_space(struct server *s, struct client *c,
                               struct compressed_in *z)
{
    if (server_service(s, c)->streams)
        return text_over(s->inflated, s->chunk_size);
    return text_over(
        compressed_gathered(z) + z->len,
        bytes_min(s->config->max_message - z->len, s->inflate_left));
}

/* May anything be inflated for this client now? */
static bool may_inflate(const struct server *s, const struct client *c)
{
    return s->inflate_left > 0 && s->blocks_left > 0 &&
           s->cost < LIMITS_TURN_READ &&
           !client_waits(c, CLIENT_WAITS_OUTPUT) &&
           (!server_service(s, c)->streams ||
            outbox_free(s) >= compressed_reply_max(s) + LIMITS_ANSWER);
}

/*
 * Inflate one chunk of the piece that is held. True when there may be more of
 * it; false when all of the piece is used, or the connection is no longer
 * open.
 */
static bool inflate_chunk(struct server *s, struct client *c, struct input *in,
                          struct compressed_in *z)
{
    bool streams = server_service(s, c)->streams;
    struct span rest = bytes_span(in->ptr + in->used - in->held, in->held);
    struct text chunk = chunk_space(s, c, z);
    unsigned blocks = s->blocks_left;
    enum inflate_status status =
        permessage_read(&z->reader, &rest, &chunk, &s->blocks_left);
    s->cost += chunk.len * LIMITS_COST_INFLATED +
               (blocks - s->blocks_left) * LIMITS_COST_BLOCK;
    bool used_up = status == INFLATE_INPUT;
    bool last = used_up && z->last;
    in->held = rest.len;
    s->inflate_left -= bytes_min(s->inflate_left, chunk.len);
    if (status == INFLATE_FAILED || (last && !permessage_whole(&z->reader))) {
        conn_fail(s, c, CLOSE_BAD_DATA, "not DEFLATE data");
        return false;
    }
    if (streams) {
        pass_chunk(s, c, z, &chunk, last);
    } else {
        z->len += chunk.len;
        if (status == INFLATE_OUTPUT && z->len == s->config->max_message)
            conn_fail(s, c, CLOSE_TOO_BIG, "message too big");
    }
    if (last && c->state == CLIENT_OPEN) {
        if (!streams)
            pass_gathered(s, c, z);
        if (!c->taken)
            compressed_in_end(s, c);
    }
    return !used_up && c->state == CLIENT_OPEN;
}

/* Go on with the held piece. False when it must wait for another turn. */
static bool inflate_held(struct server *s, struct client *c, struct input *in,
                         struct compressed_in *z)
{
    z->waiting = false;
    do {
        if (!may_inflate(s, c)) {
            z->waiting = true;
            return false;
        }
    } while (inflate_chunk(s, c, in, z));
    return true;
}

static bool take_compressed(struct server *s, struct client *c,
                            struct input *in, const struct message_event *event)
{
    if (event->first)
        compressed_begin(s, c, lend_buffer(s, &s->inflating, c));
    struct compressed_in *z = compressed_in_of(s, c, event);
    if (!z) {
        conn_fail(s, c, CLOSE_TRY_LATER, "no room to inflate a message");
        return true;
    }
    in->held = event->len;
    return inflate_held(s, c, in, z);
}

/* ---- Events -------------------------------------------------------------- */

/* False when the rest of it must wait for another turn. */
static bool take_data(struct server *s, struct client *c, struct input *in,
                      const struct message_event *event)
{
    const struct service *service = server_service(s, c);
    if (event->first)
        rate_count(s, c);
    s->stats.messages_in[c->form] += event->last;
    if (service->takes && !service->takes(c, event->opcode))
        conn_fail(s, c, CLOSE_UNSUPPORTED, "JSON text only");
    else if (event->compressed)
        return take_compressed(s, c, in, event);
    else if (service->streams)
        service->piece(s, c, event);
    else if (event->first && event->last)
        take_whole(s, c, in, event);
    else
        gather(s, c, in, event);
    return true;
}

/* Behind its Close comes what it should not say any more; or a pong, which it
   may (RFC 6455 5.5.1), for a ping of ours that was still on its way. */
static bool says_more(const struct server *s, const struct client *c,
                      const struct input *in)
{
    return in->used < in->len ||
           (s->config->ping &&
            server_since(s, c->since) < s->config->pong_timeout);
}

/* RFC 6455 5.5.1: answered with the code that came; then we are done. */
static void take_close(struct server *s, struct client *c,
                       const struct input *in, unsigned code)
{
    bool more = says_more(s, c, in);
    conn_close(s, c, code == CLOSE_NO_STATUS ? CLOSE_NORMAL : code, "",
               CAUSE_CLOSE, true);
    c->as.farewell.says_more = more;
}

/* False when the rest of it must wait for another turn. */
static bool take(struct server *s, struct client *c, struct input *in,
                 const struct message_event *event)
{
    switch (event->type) {
    case MESSAGE_DATA: return take_data(s, c, in, event);
    case MESSAGE_PING:
        outbox_frame(s, c, FRAME_FIN | FRAME_PONG,
                     bytes_span(event->ptr, event->len));
        break;
    case MESSAGE_PONG: /* heard of it when it was received */
    case MESSAGE_NONE: break;
    case MESSAGE_CLOSE: take_close(s, c, in, event->code); break;
    case MESSAGE_FAIL: conn_fail(s, c, event->code, event->reason); break;
    }
    return true;
}

/* ---- The turn ------------------------------------------------------------ */

/* Would a message of it have to wait, and could not be kept for that? */
static bool stays_out(const struct server *s, const struct client *c)
{
    return !(lease_can_keep(&s->leases) &&
             (c->client_bits == 0 || lease_can_keep(&s->inflating))) &&
           !member_may_speak(s, c);
}

/* May it send a message now? If not, the reason is noted: its next one waits. */
static bool must_wait(struct server *s, struct client *c)
{
    uint64_t until = rate_wait(s, c);
    if (until) {
        ready_wait(s, c, CLIENT_WAITS_RATE, (until + 999) / 1000 - s->now);
    }
    if (client_in_room(c) && (c->taken || stays_out(s, c)))
        member_wait(s, c);
    return c->waits != 0;
}

/* Must the rest of the input wait, though it could be handled? A control frame
   waits neither for the room nor for --rate. */
static bool must_stop(struct server *s, struct client *c,
                      const struct input *in, bool at_rest)
{
    if (client_waits(c, CLIENT_WAITS_OUTPUT) ||
        outbox_free(s) < LIMITS_ANSWER || s->cost >= LIMITS_TURN_READ)
        return true;
    return at_rest &&
           !frame_is_control(in->ptr[in->used] & FRAME_OPCODE_BITS) &&
           must_wait(s, c);
}

/*
 * How much may be looked at in one step. The answer to a compressed piece may
 * be longer than the piece; what is echoed behind it must still fit. It is
 * never so little that a frame's header would seem unfinished.
 */
static size_t step_limit(struct server *s, struct client *c,
                         const struct input *in)
{
    size_t left = in->len - in->used;
    return server_service(s, c)->streams
               ? bytes_min(left, outbox_free(s) - LIMITS_ANSWER / 2)
               : left;
}

static bool handle_frames(struct server *s, struct client *c, struct input *in)
{
    struct message_rules rules = {
        .limit = server_service(s, c)->streams ? MESSAGE_UNLIMITED
                                               : s->config->max_message,
        .permessage_deflate = c->client_bits > 0,
    };
    while (in->used < in->len && c->state == CLIENT_OPEN) {
        struct message_event event;
        bool at_rest = message_at_rest(&c->as.socket.reader);
        in->fresh |= at_rest && in->used > 0;
        if (must_stop(s, c, in, at_rest))
            return true;
        in->used +=
            message_read(&c->as.socket.reader, &rules, in->ptr + in->used,
                         step_limit(s, c, in), &event);
        if (event.type == MESSAGE_NONE)
            break;
        s->cost += LIMITS_COST_FRAME;
        if (!take(s, c, in, &event))
            return true;
    }
    return false;
}

/* Handle what there is. True when it stopped before the end for a reason of
   ours; false when the rest is the beginning of something unfinished. */
static bool handle(struct server *s, struct client *c, struct input *in)
{
    s->inflate_left = LIMITS_INFLATE;
    s->blocks_left = LIMITS_BLOCKS;
    struct compressed_in *z = compressed_waiting(s, c);
    if (z && !inflate_held(s, c, in, z))
        return true;
    return handle_frames(s, c, in);
}

size_t open_echo_room(const struct server *s, const struct client *c)
{
    const struct slots *leases = &s->leases.slots;
    if (leases->count < leases->size)
        return s->receive_size;
    ptrdiff_t waiting = socket_unacknowledged(c->fd);
    return waiting >= 0 && waiting < LIMITS_SURE ? LIMITS_SURE - (size_t)waiting
                                                 : 0;
}

/* The whole control frames at the start of what waits: their bytes. *message
   is set when a message follows them. */
static size_t controls_ahead(struct span in, bool *message)
{
    size_t used = 0;
    *message = false;
    while (used < in.len) {
        struct frame_header header;
        *message = !frame_is_control(in.ptr[used] & FRAME_OPCODE_BITS);
        if (*message ||
            frame_read(&header, in.ptr + used, in.len - used) != FRAME_DONE)
            break;
        uint64_t len = header.header_len + header.payload_length;
        if (len > in.len - used)
            break;
        used += (size_t)len;
    }
    return used;
}

/*
 * How much may be received of who may not speak: the control frames before its
 * next message, so that they are answered and that one waits in the kernel.
 * What is an error or the end is received like anything else.
 */
static size_t speechless_limit(struct server *s, struct client *c)
{
    bool message;
    ptrdiff_t got = socket_peek(c->fd, s->receive, LIMITS_PEEK);
    if (got <= 0)
        return s->receive_size;
    size_t used = controls_ahead(bytes_span(s->receive, (size_t)got), &message);
    if (message && used == 0)
        must_wait(s, c);
    else if (used == 0 && got < LIMITS_PEEK && !client_has(c, CLIENT_HANGUP))
        client_clear(c, CLIENT_READABLE); /* the rest of it makes an edge */
    else if (used == 0)
        return s->receive_size; /* no legal one is so long, or none follows */
    return used;
}

/* How much may be received; 0: nothing now. */
static size_t receive_limit(struct server *s, struct client *c)
{
    if (c->inbox == LEASE_NONE && !client_has(c, CLIENT_TAIL) &&
        message_at_rest(&c->as.socket.reader) &&
        (rate_wait(s, c) || c->taken || stays_out(s, c)))
        return speechless_limit(s, c);
    if (!server_service(s, c)->streams)
        return s->receive_size;
    size_t room = open_echo_room(s, c);
    if (room == 0) {
        ready_block(s, c, CLIENT_WAITS_BUFFER, LIMITS_AGAIN);
    }
    return room;
}

/* What was kept, and behind it what one receive gives, if it is needed. False
   when there is nothing to handle. */
static bool take_input(struct server *s, struct client *c, struct input *in)
{
    size_t most = receive_limit(s, c);
    if (most == 0)
        return false;
    *in = (struct input){.ptr = s->receive, .fresh = c->inbox == LEASE_NONE};
    if (c->inbox != LEASE_NONE) {
        const struct lease *l = lease_at(&s->leases, c->inbox);
        struct span kept = lease_left(&s->leases, c->inbox);
        if (kept.len)
            memcpy(in->ptr, kept.ptr, kept.len);
        in->len = kept.len;
        in->used = in->held = l->held;
        in->message_len = l->start;
        most = bytes_min(most, s->leases.size - l->end); /* to fit again */
    }
    if (client_has(c, CLIENT_PARKED)) {
        client_clear(c, CLIENT_PARKED);
        return true;
    }
    if (client_has(c, CLIENT_TAIL)) {
        const struct client_echo *e = &client_profile(&s->clients, c)->echo;
        memcpy(in->ptr, e->tail, e->tail_len);
        in->len = e->tail_len;
    }
    size_t got = input_receive(s, c, in->len, most).len;
    in->len += got;
    if (got > 0)
        client_clear(c, CLIENT_TAIL);
    return got > 0;
}

/* An echo, and no buffer for a few bytes of a frame that has only begun. */
static bool keep_tail(struct server *s, struct client *c, struct span rest)
{
    struct client_echo *e = &client_profile(&s->clients, c)->echo;
    if (!server_service(s, c)->streams || rest.len > sizeof e->tail)
        return false;
    memcpy(e->tail, rest.ptr, rest.len);
    e->tail_len = (uint8_t)rest.len;
    client_set(c, CLIENT_TAIL);
    return true;
}

/* Of what is kept in the inbox: what was looked at, and when it began. */
static void note_input(struct server *s, struct client *c,
                       const struct input *in)
{
    struct lease *l = lease_at(&s->leases, c->inbox);
    l->held = (uint32_t)in->held;
    if (in->fresh)
        l->since = (uint32_t)s->now;
    due_set(s, c);
}

void open_turn(struct server *s, struct client *c)
{
    struct input in;
    if (client_has(c, CLIENT_SKIPS))
        return; /* what it has said is to be passed over first: it is dirty */
    if (c->taken && member_may_speak(s, c)) {
        member_publish_held(s, c);
        if (c->state != CLIENT_OPEN)
            return;
    }
    if (!take_input(s, c, &in))
        return;
    bool stopped = handle(s, c, &in);
    if (c->state != CLIENT_OPEN)
        return;
    size_t from = in.used - in.held;
    struct span rest = bytes_span(in.ptr + from, in.len - from);
    bool kept = input_keep(s, c, rest, in.message_len, stopped);
    if (!kept && !stopped && in.held == 0)
        kept = keep_tail(s, c, rest);
    if (!kept)
        conn_fail(s, c, CLOSE_TRY_LATER, "no buffer for an unfinished message");
    if (c->inbox != LEASE_NONE)
        note_input(s, c, &in);
    else if (client_inflating(&s->clients, c))
        due_set(s, c);
}
