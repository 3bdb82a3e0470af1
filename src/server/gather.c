/* SPDX-License-Identifier: MIT */
#include "server/gather.h"
#include "base/check.h"
#include "server/conn.h"
#include "server/gate.h"
#include "server/input.h"
#include "server/lend.h"
#include "server/member.h"
#include "server/ready.h"
#include "server/staging.h"

/* ---- Messages in pieces --------------------------------------------------- */

/* Must a whole message wait for its room? Where no more buffers of the pool
   should be kept for that, its sender need not wait for others who read; but
   where the room cannot be had it must. The client may be closed by then. */
static bool must_hold(struct server *s, const struct client *c,
                      const struct leases *pool, struct span message)
{
    const struct service *service = server_service(s, c);
    return client_in_room(c) &&
           !member_seize(s, c, member_room(s, c), message.len,
                         !lease_can_keep(pool)) &&
           (!service->publishes ||
            (message.len > 0 && service->publishes(s, message)));
}

/* On to the service, which may say it in its room. */
static void pass_message(struct server *s, struct client *c, uint8_t opcode,
                         uint8_t *message, size_t len)
{
    server_service(s, c)->message(s, c, opcode, message, len);
    store_release(&s->rooms.store);
}

/* Add a piece to the message so far. */
static void add_piece(struct server *s, struct client *c, struct gather *in,
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
    bool holds = must_hold(s, c, &s->leases, bytes_span(message, len));
    if (c->state != CLIENT_OPEN)
        return;
    if (holds) {
        /* It may be published in this turn: the client may go in it. */
        struct lease *l = lease_at(&s->leases, c->inbox);
        l->start = l->end = (uint32_t)len;
        member_hold(s, c, event->opcode);
        return;
    }
    in->message_len = 0;
    pass_message(s, c, event->opcode, message, len);
}

/* One that came whole. Where it must wait it is gathered, in one piece. */
static void take_whole(struct server *s, struct client *c, struct gather *in,
                       const struct message_event *event)
{
    bool holds =
        must_hold(s, c, &s->leases, bytes_span(event->ptr, event->len));
    if (c->state != CLIENT_OPEN)
        return;
    if (holds)
        add_piece(s, c, in, event);
    else
        pass_message(s, c, event->opcode, event->ptr, event->len);
}

/* ---- Compressed messages -------------------------------------------------- */

/* Is it text so far? Asked of each chunk, so that what comes first counts: the
   end of the text, or of what it may hold. */
static bool is_text(struct compressed_in *z, const struct text *chunk,
                    bool last)
{
    return z->opcode != FRAME_TEXT ||
           (utf8_take(&z->utf8, chunk->ptr, chunk->len) &&
            (!last || utf8_whole(&z->utf8)));
}

/* A chunk of an echo, on to the service. */
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
    z->first = false;
    server_service(s, c)->piece(s, c, &event);
}

/* A chat message that is whole. */
static void pass_gathered(struct server *s, struct client *c,
                          struct compressed_in *z)
{
    uint8_t *message = compressed_gathered(z);
    bool holds = must_hold(s, c, &s->inflating, bytes_span(message, z->len));
    if (c->state != CLIENT_OPEN)
        return;
    if (holds)
        member_hold(s, c, z->opcode);
    else
        pass_message(s, c, z->opcode, message, z->len);
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
           s->cost < ready_share(c) &&
           (!server_service(s, c)->streams ||
            staging_room(s) >= compressed_reply_max(s) + LIMITS_ANSWER);
}

/*
 * Inflate one chunk of the piece that is held. True when there may be more of
 * it; false when all of the piece is used, or the connection is no longer
 * open.
 */
static bool inflate_chunk(struct server *s, struct client *c, struct gather *in,
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
    if (!is_text(z, &chunk, last)) {
        conn_fail(s, c, CLOSE_BAD_DATA, "not UTF-8");
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
static bool inflate_held(struct server *s, struct client *c, struct gather *in,
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

bool gather_go_on(struct server *s, struct client *c, struct gather *in)
{
    struct compressed_in *z = compressed_in_of(s, c);
    s->inflate_left = LIMITS_INFLATE;
    s->blocks_left = LIMITS_BLOCKS;
    return !z || !z->waiting || inflate_held(s, c, in, z);
}

static bool take_compressed(struct server *s, struct client *c,
                            struct gather *in,
                            const struct message_event *event)
{
    if (event->first)
        compressed_begin(s, c, lend_buffer(s, &s->inflating, c), event->opcode);
    struct compressed_in *z = compressed_in_of(s, c);
    if (!z) {
        conn_fail(s, c, CLOSE_TRY_LATER, "no room to inflate a message");
        return true;
    }
    z->last = event->last;
    in->held = event->len;
    return inflate_held(s, c, in, z);
}

bool gather_take(struct server *s, struct client *c, struct gather *in,
                 const struct message_event *event)
{
    const struct service *service = server_service(s, c);
    if (event->first && s->config->rate)
        gate_count(s, c);
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
        add_piece(s, c, in, event);
    return true;
}
