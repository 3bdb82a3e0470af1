/* SPDX-License-Identifier: MIT */
#include "service/echo.h"
#include "server/compressed.h"
#include "server/staging.h"

static void piece(struct server *s, struct client *c,
                  const struct message_event *event)
{
    s->stats.messages_out[CLIENT_ECHO] += event->last;
    if (event->compressed && compressed_reply(s, c, event))
        return; /* goes back as it came */
    /* RFC 6455 5.4: the first frame has the type, the last one FIN. */
    uint8_t first = event->first ? event->opcode : FRAME_CONTINUATION;
    if (event->last)
        first |= FRAME_FIN;
    else if (event->len == 0 && !event->first)
        return; /* an empty fragment in the middle says nothing */
    /* What was inflated lies where the next piece will be. */
    if (event->compressed)
        staging_frame(s, c, first, bytes_span(event->ptr, event->len));
    else
        staging_echo(s, c, first, event->ptr, event->len);
}

/* Of small ones most of the work would be that there is any. */
static size_t burst(struct server *s, struct client *c, struct span in)
{
    uint32_t count;
    size_t used = message_echo(in, staging_text(s, c), &count);
    s->stats.messages_in[CLIENT_ECHO] += count;
    s->stats.messages_out[CLIENT_ECHO] += count;
    s->cost += count * LIMITS_COST_FRAME;
    return used;
}

const struct service echo_service = {
    .path = "/echo",
    .subprotocol = "echo",
    .form = CLIENT_ECHO,
    .streams = true,
    .piece = piece,
    .burst = burst,
};
