/* SPDX-License-Identifier: MIT */
#include "server/compressed.h"
#include "base/check.h"
#include "server/staging.h"
#include "wire/extension.h"

static void *context_of(const struct leases *all, uint32_t index)
{
    return index == LEASE_NONE ? NULL : lease_bytes(all, index);
}

/* ---- Coming in ----------------------------------------------------------- */

void compressed_begin(struct server *s, struct client *c, uint32_t context,
                      uint8_t opcode)
{
    struct profile *p = client_profile(&s->clients, c);
    CHECK(p->inflating == LEASE_NONE);
    p->inflating = context;
    struct compressed_in *in = compressed_in_of(s, c);
    if (!in)
        return;
    permessage_begin(&in->reader, c->client_bits);
    in->utf8 = (struct utf8){0};
    in->len = 0;
    in->opcode = opcode;
    in->first = true;
}

struct compressed_in *compressed_in_of(struct server *s, struct client *c)
{
    return context_of(&s->inflating, client_inflating(&s->clients, c));
}

void compressed_in_end(struct server *s, struct client *c)
{
    lease_give(&s->inflating, &client_profile(&s->clients, c)->inflating);
}

/* ---- Going out ----------------------------------------------------------- */

size_t compressed_reply_max(const struct server *s)
{
    /* What is pending inside never exceeds a chunk; see compressed_reply. */
    return deflate_bound(2 * s->chunk_size) + FRAME_SERVER_HEADER_MAX;
}

static struct compressed_out *out_of(struct server *s, struct client *c,
                                     const struct message_event *event)
{
    uint32_t *lease = &client_profile(&s->clients, c)->echo.deflating;
    if (event->first)
        *lease = lease_take(&s->deflating, client_index(&s->clients, c),
                            c->address, (uint32_t)s->now);
    struct compressed_out *out = context_of(&s->deflating, *lease);
    if (out && event->first) {
        deflate_init(&out->deflate, c->server_bits,
                     event->last ? event->len : SIZE_MAX, DEFLATE_FAST);
        out->pending = 0;
        out->begun = false;
    }
    return out;
}

static uint64_t deflate_cost(size_t len)
{
    return LIMITS_COST_DEFLATE + (uint64_t)len * LIMITS_COST_DEFLATED;
}

bool compressed_reply(struct server *s, struct client *c,
                      const struct message_event *event)
{
    struct compressed_out *out = out_of(s, c, event);
    if (!out)
        return false;
    out->pending += event->len;
    /* What is kept back stays below a chunk; at the end all comes out. */
    enum deflate_flush flush = event->last                    ? DEFLATE_MESSAGE
                               : out->pending > s->chunk_size ? DEFLATE_SYNC
                                                              : DEFLATE_MORE;
    struct span in = bytes_span(event->ptr, event->len);
    struct text frame = text_over(s->deflated, s->deflated_size);
    enum deflate_status status = deflate_run(&out->deflate, &in, &frame, flush);
    CHECK(status != DEFLATE_OUTPUT);
    s->cost += deflate_cost(event->len);
    if (flush != DEFLATE_MORE)
        out->pending = 0;
    if (frame.len > 0) { /* at the end a block's header at least */
        /* RFC 7692 6: RSV1 is set on the first frame only. */
        uint8_t first = out->begun ? FRAME_CONTINUATION
                                   : (uint8_t)(event->opcode | FRAME_RSV1);
        out->begun = true;
        staging_frame(s, c, event->last ? first | FRAME_FIN : first,
                      text_span(&frame));
    }
    if (event->last)
        lease_give(&s->deflating,
                   &client_profile(&s->clients, c)->echo.deflating);
    return true;
}

/* ---- For rooms ----------------------------------------------------------- */

bool compressed_frame(struct server *s, uint8_t opcode, struct span payload,
                      enum room_log log, struct span *head, struct span *body)
{
    if (payload.len < LIMITS_DEFLATE_LEAST || payload.len > LIMITS_DEFLATE_MOST)
        return false;
    s->cost += deflate_cost(payload.len);
    size_t half = s->deflated_size / 2;
    uint8_t *space = s->deflated + (log == ROOM_JSON_TWIN ? half : 0);
    struct text t = text_over(space + FRAME_SERVER_HEADER_MAX,
                              half - FRAME_SERVER_HEADER_MAX);
    if (!permessage_compress(s->deflate, EXTENSION_BITS_MAX, payload,
                             DEFLATE_SMALL, &t))
        return false;
    size_t len = frame_write(space, FRAME_FIN | FRAME_RSV1 | opcode, t.len);
    *head = bytes_span(space, len);
    *body = text_span(&t);
    return true;
}

void compressed_end(struct server *s, struct client *c)
{
    if (c->client_bits == 0)
        return;
    struct profile *p = client_profile(&s->clients, c);
    lease_give(&s->inflating, &p->inflating);
    if (c->form == CLIENT_ECHO)
        lease_give(&s->deflating, &p->echo.deflating);
}
