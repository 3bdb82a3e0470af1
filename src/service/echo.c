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

const struct service echo_service = {
    .path = "/echo",
    .subprotocol = "echo",
    .form = CLIENT_ECHO,
    .streams = true,
    .piece = piece,
};
