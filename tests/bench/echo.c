/* SPDX-License-Identifier: MIT */
/*
 * echo: every connection keeps `depth` messages in flight. Each message is
 * unlike the one before, and each byte of each is compared when it is back.
 * Replies that come in one read are answered with one write.
 *
 * The floor knows no frames and answers with ready-made ones, so for it all
 * messages are message 0 of client 0.
 */
#include "bench/load.h"
#include "bench/tool.h"

static struct stamp stamp_of(const struct load *load, const struct client *c,
                             uint64_t number)
{
    if (load->options->floor)
        return (struct stamp){0};
    return (struct stamp){.sender = c->index, .number = (uint32_t)number};
}

static void send_one(struct load *load, struct client *c)
{
    c->sent_at[c->sent % load->options->depth] = load->now;
    load_send(load, c, stamp_of(load, c, c->sent));
}

static void start(struct load *load)
{
    const struct options *o = load->options;
    for (uint64_t i = 0; i < o->connections; i++) {
        struct client *c = &load->clients[i];
        c->sent_at = tool_alloc(o->depth, sizeof *c->sent_at);
        for (uint64_t n = 0; n < o->depth; n++)
            send_one(load, c);
        load_flush(load, c);
    }
}

static void take_piece(struct load *load, struct client *c,
                       const struct frame_piece *piece)
{
    if (!payload_equal(&load->payload, stamp_of(load, c, c->received),
                       piece->offset, piece->ptr, piece->len))
        load_fail(load, c, "came back changed");
    if (!piece->last)
        return;
    if (piece->offset + piece->len != load->payload.size)
        load_fail(load, c, "came back too short");
    load_done(load, c->sent_at[c->received % load->options->depth]);
    c->received++;
    if (!load->stopping)
        send_one(load, c);
}

static void event(struct load *load, struct client *c,
                  const struct client_event *e)
{
    if (e->kind != CLIENT_DATA)
        return;
    if (!c->sent_at || c->received == c->sent)
        load_fail(load, c, "a message that nobody sent");
    take_piece(load, c, &e->piece);
}

static bool drained(const struct load *load)
{
    for (uint64_t i = 0; i < load->options->connections; i++)
        if (load->clients[i].received < load->clients[i].sent)
            return false;
    return true;
}

const struct mode echo_mode = {.name = "echo",
                               .path = "/echo",
                               .unit = "round trips",
                               .sources = 1,
                               .start = start,
                               .event = event,
                               .drained = drained};
