/* SPDX-License-Identifier: MIT */
/*
 * churn: `connections` clients that each connect, shake hands, send one
 * message, check what comes back, close, and begin again. A unit is one such
 * life; its latency runs from connect to the server's end of the stream.
 */
#include "bench/load.h"

static void start(struct load *load)
{
    for (uint64_t i = 0; i < load->options->connections; i++) {
        load->opening++;
        load_connect(load, &load->clients[i]);
    }
}

/* Numbers count lives, so each life's message is another. */
static struct stamp stamp_of(const struct load *load, const struct client *c)
{
    if (load->options->floor)
        return (struct stamp){0};
    return (struct stamp){.sender = c->index, .number = (uint32_t)c->received};
}

static void take_piece(struct load *load, struct client *c,
                       const struct frame_piece *piece)
{
    if (c->received == c->sent ||
        !payload_equal(&load->payload, stamp_of(load, c), piece->offset,
                       piece->ptr, piece->len))
        load_fail(load, c, "came back changed");
    if (!piece->last)
        return;
    if (piece->offset + piece->len != load->payload.size)
        load_fail(load, c, "came back too short");
    c->received++;
    load_close(load, c);
}

static void event(struct load *load, struct client *c,
                  const struct client_event *e)
{
    if (e->kind == CLIENT_OPENED)
        load_send(load, c, stamp_of(load, c));
    if (e->kind == CLIENT_DATA)
        take_piece(load, c, &e->piece);
    if (e->kind != CLIENT_CLOSED)
        return;
    load_done(load, c->started);
    if (load->stopping)
        return;
    load->opening++;
    load_connect(load, c);
}

static bool drained(const struct load *load)
{
    for (uint64_t i = 0; i < load->options->connections; i++)
        if (load->clients[i].state != CLIENT_DOWN)
            return false;
    return true;
}

const struct mode churn_mode = {.name = "churn",
                                .path = "/echo",
                                .unit = "connections",
                                .opens_itself = true,
                                .sources = 16,
                                .start = start,
                                .event = event,
                                .drained = drained};
