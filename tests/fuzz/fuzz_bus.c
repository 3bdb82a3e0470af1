/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a server says to the bus, cut anywhere, at any moment: nothing is
 * read past its end, no invariant of ours breaks, what is to be written stays
 * bounded, no turn follows the other for nothing; and workers read streams that
 * make sense, without a hole that is not told.
 *
 * The input is a program for one node over the model of Redis (tests/bus): what is
 * asked is answered truly, or not at all, or with a byte changed, or with the
 * program's own bytes; and people come, say something and go.
 *
 *   one byte what, one byte how, and for LIES so many bytes
 */
#include "base/check.h"
#include "bus/nodes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum what {
    ANSWERS, /* all is brought, done and brought back; how: some turns */
    CHANGES, /* one byte of what waits to be read is another */
    LIES,    /* the next bytes come, on this link */
    IS_CUT,  /* the connection */
    TIME,    /* passes */
    SAYS,    /* the worker; how: where, and how much */
    COMES,   /* and goes */
    TROUBLE, /* of the server */
    DIES,    /* the bus */
    WHATS,
};

#define STEPS 400

static struct world w;
static struct random chance;
static bool is_tampered; /* something came that no Redis has said */

static struct node *node(void)
{
    return &w.nodes[0];
}

static void begin(uint8_t how)
{
    chance = random_of(how);
    is_tampered = false;
    memset(&w, 0, sizeof w);
    w.chance = &chance;
    w.now = 1000;
    w.wall = UINT64_C(1790000000000);
    w.is_well = true;
    audit_begin(&w.audit);
    w.audit.rules = (struct audit_rules){true, true, true};
    w.plan = (struct world_plan){
        .nodes = 1,
        .workers = 1 + how % 2,
        .rooms = 2,
        .names = 3,
        .stream_size = 4096,
        .ring_size = 4096,
        .history = 5,
        .keep = 60,
        .has_password = how & 4,
    };
    redis_start(&w.servers[0], REDIS_SEVEN, how);
    w.servers[0].user = w.plan.has_password ? "chatd" : NULL;
    w.servers[0].password = w.plan.has_password ? "secret" : NULL;
    node_begin(node(), &w, 0);
}

static void end(void)
{
    node_end(node());
    link_late_ends(&chance);
    redis_end(&w.servers[0]);
    redis_forget();
    audit_free(&w.audit);
}

/* Faults that no server is an excuse for: an entry whose text or whose mark of
   who said it came back with a byte changed is what it says now. */
static bool is_ours(const char *fault)
{
    return !is_tampered ||
           (strcmp(fault, "a bus takes Redis for something else") != 0 &&
            strcmp(fault, "a message has changed") != 0 &&
            strcmp(fault, "a worker does not know its own message") != 0 &&
            strcmp(fault, "a message is taken for another client's") != 0);
}

static void get_on(void)
{
    struct node *n = node();
    node_bus_turns(n);
    for (uint32_t i = 0; i < n->worker_count; i++)
        worker_turns(&n->workers[i]);
    CHECK(!w.fault || !is_ours(w.fault));
    CHECK(!w.audit.fault ||
          strcmp(w.audit.fault, "there is a hole without a gap") != 0);
}

static void answer(uint8_t how)
{
    for (unsigned i = 0; i <= how % 8; i++) {
        node_moves(node());
        redis_turn(&w.servers[0], w.now, w.wall);
        node_moves(node());
        get_on();
    }
}

static struct buffer *waiting(uint8_t how)
{
    return node()->is_connected ? &node()->links[how % BUS_LINKS].down : NULL;
}

/* It is in `down` as soon as it was moved. */
static void change(uint8_t how)
{
    struct buffer *b = waiting(how);
    if (!b)
        return;
    link_moves(&node()->links[how % BUS_LINKS], &chance, w.now);
    if (buffer_len(b) == 0)
        return;
    b->bytes[b->start + random_below(&chance, buffer_len(b))] = how;
    is_tampered = true;
    node()->has_input = true;
}

static void lie(uint8_t how, struct span bytes)
{
    struct buffer *b = waiting(how);
    if (!b)
        return;
    buffer_put(b, bytes);
    is_tampered |= bytes.len > 0;
    node()->has_input = true;
}

static void come_or_go(uint8_t how)
{
    struct worker *worker = &node()->workers[how % node()->worker_count];
    uint32_t name = how / 4 % w.plan.names;
    if (worker->seats[name].is_wanted)
        worker_leaves(worker, name);
    else
        worker_wants(worker, name);
}

static void say(uint8_t how)
{
    struct worker *worker = &node()->workers[how % node()->worker_count];
    uint32_t name = how / 4 % w.plan.names;
    if (worker->seats[name].is_open)
        worker_says(worker, name, 1 + how / 16);
}

static void trouble(uint8_t how)
{
    struct redis *r = &w.servers[0];
    switch (how % 6) {
    case 0: redis_flush(r); break;
    case 1: redis_restart(r, how / 6); break;
    case 2: r->trouble.out_of_memory = w.now + how * 8u; break;
    case 3: r->trouble.loading = w.now + how * 8u; break;
    case 4: r->trouble.refuses_kill = !r->trouble.refuses_kill; break;
    case 5: r->is_replica = !r->is_replica; break;
    }
}

/* How many bytes it took besides its two. */
static size_t step(enum what what, uint8_t how, struct span rest)
{
    size_t len = what == LIES ? bytes_min(how, rest.len) : 0;
    switch (what) {
    case ANSWERS: answer(how); break;
    case CHANGES: change(how); break;
    case LIES: lie(how, bytes_part(rest, 0, len)); break;
    case IS_CUT: node_cut(node(), how & 1); break;
    case TIME:
        w.now += how * 16u;
        w.wall += how * 16u;
        break;
    case SAYS: say(how); break;
    case COMES: come_or_go(how); break;
    case TROUBLE: trouble(how); break;
    case DIES:
        node_bus_dies(node());
        node_bus_begins(node());
        break;
    case WHATS: break;
    }
    get_on();
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span left = bytes_span(data, size);
    if (size < 1)
        return 0;
    begin(data[0]);
    left = bytes_after(left, 1);
    for (unsigned i = 0; i < STEPS && left.len >= 2; i++) {
        uint8_t what = left.ptr[0], how = left.ptr[1];
        if (!node()->bus) /* it has ended: this is no Redis */
            break;
        left = bytes_after(left, 2);
        left = bytes_after(left, step((enum what)(what % WHATS), how, left));
    }
    end();
    return 0;
}
