/* SPDX-License-Identifier: MIT */
/*
 * broadcast: `senders` of the members send, every member must get every
 * message exactly once, and all of them in one order.
 *
 * The member that is furthest sets the order; a new entry must be its
 * sender's next message. Every other member is compared with it:
 *
 *   order   | 3.0 | 1.0 | 3.1 | 2.0 | 1.1 |            sender.number
 *                         ^           ^     ^
 *              member 7 has 2    member 2   count: the next new entry
 *                                has 4
 *
 * So one comparison for a delivery shows exactly once, in order, and the same
 * for all. The ring forgets what is ORDER messages old; a member that far
 * behind cannot be judged and fails the run.
 *
 * When a member sends next: closed loop, when it has got its own message back
 * (or, --wait-all, when every member has got everything); with --rate, by the
 * clock alone. Then the latency counts from the moment a message was due, not
 * from when this program came round to sending it.
 */
#include "bench/load.h"
#include "bench/tool.h"

#include <string.h>

#define ORDER  (UINT32_C(1) << 18) /* entries */
#define WINDOW 1024                /* send times kept a sender */

struct entry {
    struct stamp message;
    uint8_t text[PAYLOAD_STAMP]; /* the same, as it came */
    uint64_t sent_at;            /* ns */
};

struct broadcast {
    struct entry *order; /* a ring of ORDER entries */
    uint64_t count;      /* messages in the order so far */
    uint64_t delivered;  /* deliveries so far */
    uint64_t begun;      /* ns: when the timer was set */
    uint64_t ticks;      /* times it has come up */
    uint64_t interval;   /* ns between them */
};

static void send_one(struct load *load, struct client *c, uint64_t at)
{
    struct stamp s = {.sender = c->index, .number = (uint32_t)c->sent};
    c->sent_at[c->sent % WINDOW] = at;
    load_send(load, c, s);
}

static void all_send(struct load *load)
{
    for (uint64_t i = 0; i < load->options->senders; i++) {
        send_one(load, &load->clients[i], load->now);
        load_flush(load, &load->clients[i]);
    }
}

static void start(struct load *load)
{
    const struct options *o = load->options;
    struct broadcast *b = tool_alloc(1, sizeof *b);
    load->broadcast = b;
    if (o->size < PAYLOAD_STAMP)
        tool_fail("broadcast: a message needs at least %d bytes",
                  PAYLOAD_STAMP);
    b->order = tool_alloc(ORDER, sizeof *b->order);
    for (uint64_t i = 0; i < o->senders; i++)
        load->clients[i].sent_at =
            tool_alloc(WINDOW, sizeof *load->clients[i].sent_at);
    b->begun = load->now;
    b->interval = o->rate > 0 ? (uint64_t)(1e9 / o->rate) : 0;
    if (b->interval)
        load_every(load, b->interval);
    else
        all_send(load);
}

/* With --rate: the senders in turn, each message stamped with its due time. */
static void timer(struct load *load, uint64_t times)
{
    struct broadcast *b = load->broadcast;
    for (; times && !load->stopping; times--) {
        struct client *c = &load->clients[b->ticks++ % load->options->senders];
        send_one(load, c, b->begun + b->ticks * b->interval);
        load_flush(load, c);
    }
}

/* The member is the first to have this message: it comes next in the order. */
static void put_in_order(struct load *load, struct client *c)
{
    struct broadcast *b = load->broadcast;
    struct stamp s;
    if (!payload_read_stamp(c->stamp, &s))
        load_fail(load, c, "the stamp came changed");
    if (s.sender >= load->options->senders)
        load_fail(load, c, "a message from nobody");
    struct client *sender = &load->clients[s.sender];
    if (s.number >= sender->sent || sender->sent - s.number > WINDOW)
        load_fail(load, c, "a message that was not sent, or long ago");
    if (s.number != sender->next)
        load_fail(load, c, "a sender's messages out of order");
    sender->next++;
    struct entry *e = &b->order[b->count++ % ORDER];
    e->message = s;
    e->sent_at = sender->sent_at[s.number % WINDOW];
    memcpy(e->text, c->stamp, PAYLOAD_STAMP);
}

/* The stamp has come: which message is this, and is it the one whose turn it
   is? All but the first member to see a message compare its stamp unread. */
static void identify(struct load *load, struct client *c)
{
    struct broadcast *b = load->broadcast;
    if (c->received == b->count)
        put_in_order(load, c);
    if (b->count - c->received > ORDER)
        load_fail(load, c, "a member too far behind to be judged");
    const struct entry *e = &b->order[c->received % ORDER];
    if (memcmp(e->text, c->stamp, PAYLOAD_STAMP) != 0)
        load_fail(load, c, "another order than other members got");
    c->message = e->message;
}

static void take_message(struct load *load, struct client *c)
{
    const struct options *o = load->options;
    struct broadcast *b = load->broadcast;
    load_done(load, b->order[c->received % ORDER].sent_at);
    c->received++;
    b->delivered++;
    if (load->stopping || b->interval)
        return;
    if (!o->wait_all && c->message.sender == c->index)
        send_one(load, c, load->now);
    if (o->wait_all && b->delivered == load->sent * o->connections)
        all_send(load);
}

/* Collect the stamp, which may come in pieces. Returns the bytes of it. */
static size_t take_stamp(struct load *load, struct client *c,
                         const struct frame_piece *piece)
{
    if (piece->offset >= PAYLOAD_STAMP)
        return 0;
    size_t len = PAYLOAD_STAMP - (size_t)piece->offset;
    if (piece->len < len)
        len = piece->len;
    memcpy(c->stamp + piece->offset, piece->ptr, len);
    if (len && piece->offset + len == PAYLOAD_STAMP)
        identify(load, c);
    return len;
}

static void take_piece(struct load *load, struct client *c,
                       const struct frame_piece *piece)
{
    uint64_t end = piece->offset + piece->len;
    if (end > load->payload.size || (piece->last && end != load->payload.size))
        load_fail(load, c, "another length than was sent");
    size_t taken = take_stamp(load, c, piece);
    if (piece->len > taken &&
        !payload_equal(&load->payload, c->message, piece->offset + taken,
                       piece->ptr + taken, piece->len - taken))
        load_fail(load, c, "came changed");
    if (piece->last)
        take_message(load, c);
}

static void event(struct load *load, struct client *c,
                  const struct client_event *e)
{
    if (e->kind != CLIENT_DATA)
        return;
    if (!load->broadcast)
        load_fail(load, c, "a message that nobody sent");
    take_piece(load, c, &e->piece);
}

static bool drained(const struct load *load)
{
    return load->broadcast->delivered ==
           load->sent * load->options->connections;
}

const struct mode broadcast_mode = {.name = "broadcast",
                                    .path = "/chat/bench",
                                    .unit = "deliveries",
                                    .sources = 1,
                                    .start = start,
                                    .event = event,
                                    .timer = timer,
                                    .drained = drained};
