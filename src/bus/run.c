/* SPDX-License-Identifier: MIT */
#include "bus/run.h"
#include "base/check.h"
#include "os/bell.h"
#include "os/clock.h"
#include "os/dial.h"
#include "os/error.h"
#include "os/memory.h"
#include "os/reactor.h"

#define TOKEN_BELL BUS_LINKS /* those of links are their own numbers */
#define RECEIVES   16        /* of one link in a turn */

/* ---- The start ----------------------------------------------------------- */

size_t run_measure(const struct run_plan *plan, const struct store *store)
{
    struct arena a;
    struct bus *bus = NULL;
    arena_init(&a, NULL, SIZE_MAX);
    bus_carve(&bus, &a, store, &plan->bus);
    return a.overflow ? SIZE_MAX : a.used;
}

static void read_clocks(struct run *r)
{
    r->now = clock_microseconds() / 1000;
    r->wall = clock_realtime();
}

static int open_reactor(struct run *r, const struct store *store)
{
    r->reactor = reactor_open();
    return r->reactor < 0
               ? r->reactor
               : reactor_add(r->reactor, r->plan->bells[store->worker],
                             TOKEN_BELL);
}

int run_open(struct run *r, const struct run_plan *plan,
             const struct store *store)
{
    struct arena a;
    size_t size = run_measure(plan, store);
    void *memory = size < SIZE_MAX ? memory_map(size) : NULL;
    *r = (struct run){.plan = plan};
    if (!memory)
        return RUN_NO_MEMORY;
    arena_init(&a, memory, size);
    bus_carve(&r->bus, &a, store, &plan->bus);
    CHECK(!a.overflow);
    read_clocks(r);
    r->began = r->now;
    bus_begin(r->bus, r->now);
    r->store = bus_store(r->bus);
    r->in_size = bus_input_max(r->bus);
    for (unsigned l = 0; l < BUS_LINKS; l++) {
        r->links[l] = (struct run_link){.fd = -1, .in = memory_map(r->in_size)};
        if (!r->links[l].in)
            return RUN_NO_MEMORY;
    }
    return open_reactor(r, store);
}

/* ---- Links --------------------------------------------------------------- */

static void close_all(struct run *r)
{
    for (unsigned l = 0; l < BUS_LINKS; l++) {
        if (r->links[l].fd >= 0)
            socket_close(r->links[l].fd);
        r->links[l] = (struct run_link){.fd = -1, .in = r->links[l].in};
    }
    r->dials = false;
}

/* Both are closed, wherefore; NULL: the bus wanted it. */
static void drop(struct run *r, const char *why)
{
    close_all(r);
    r->tried++;
    r->address = (r->dialled + 1) % r->plan->address_count;
    bus_dropped(r->bus, why);
}

static bool is_linked(const struct run *r)
{
    return r->links[BUS_W].connected && r->links[BUS_R].connected;
}

static int dial_one(struct run *r, enum bus_link l)
{
    int fd = r->links[l].fd = socket_dial(run_address(r));
    return fd < 0 ? fd : reactor_add(r->reactor, fd, l);
}

static void dial(struct run *r)
{
    r->dials = true;
    r->dialled = r->address;
    r->dial_by = r->now + RUN_DIAL;
    for (unsigned l = 0; l < BUS_LINKS; l++) {
        int result = dial_one(r, (enum bus_link)l);
        if (result < 0) {
            drop(r, error_text(result));
            return;
        }
    }
}

/* A link that is writable for the first time is connected, or has failed. */
static void see_connected(struct run *r)
{
    for (unsigned l = 0; r->dials && l < BUS_LINKS; l++) {
        struct run_link *link = &r->links[l];
        if (link->connected || !(link->writable || link->hangup))
            continue;
        int result = dial_result(link->fd);
        if (result < 0)
            drop(r, error_text(result));
        else
            link->connected = link->writable;
    }
    if (!r->dials)
        return;
    if (is_linked(r)) {
        r->dials = false;
        bus_dialled(r->bus);
    } else if (r->now >= r->dial_by) {
        drop(r, "no connection in time");
    }
}

/* ---- What comes and goes ------------------------------------------------- */

/* Show what is there. */
static void show(struct run *r, enum bus_link l)
{
    struct run_link *link = &r->links[l];
    size_t taken = bus_read(r->bus, l, link->in, link->in_len);
    link->in_len -= taken;
    memmove(link->in, link->in + taken, link->in_len);
    link->left = bus_holds(r->bus, l);
}

/* Receive once, and show it, or what was left. False: it is over. */
static bool receive(struct run *r, enum bus_link l)
{
    struct run_link *link = &r->links[l];
    if (link->left) {
        show(r, l);
        return true;
    }
    size_t space = r->in_size - link->in_len;
    CHECK(space > 0);
    ptrdiff_t got = socket_receive(link->fd, link->in + link->in_len, space);
    if (got < 0 && error_kind((int)got) == ERROR_WAIT) {
        link->readable = false;
        return true;
    }
    if (got <= 0) {
        drop(r, got < 0 ? error_text((int)got) : "Redis closed the connection");
        return false;
    }
    link->readable = (size_t)got == space || link->hangup;
    link->in_len += (size_t)got;
    show(r, l);
    return true;
}

static bool has_more(const struct run *r, enum bus_link l)
{
    return (r->links[l].readable || r->links[l].left) && !bus_holds(r->bus, l);
}

/* A bus that wants the links closed is shown nothing more. */
static void receive_all(struct run *r)
{
    for (unsigned l = 0; l < BUS_LINKS; l++)
        for (unsigned i = 0; i < RECEIVES && has_more(r, (enum bus_link)l) &&
                             bus_wish(r->bus) == BUS_STAY;
             i++)
            if (!receive(r, (enum bus_link)l))
                return;
}

static void send_all(struct run *r)
{
    for (unsigned l = 0; l < BUS_LINKS; l++) {
        struct run_link *link = &r->links[l];
        struct span out;
        while (link->writable &&
               (out = bus_output(r->bus, (enum bus_link)l), out.len > 0)) {
            ptrdiff_t sent = socket_send(link->fd, &out, 1);
            if (sent >= 0) {
                bus_written(r->bus, (enum bus_link)l, (size_t)sent);
            } else if (error_kind((int)sent) == ERROR_WAIT) {
                link->writable = false;
            } else {
                drop(r, error_text((int)sent));
                return;
            }
        }
    }
}

/* ---- Turns --------------------------------------------------------------- */

static void take_event(struct run *r, const struct reactor_event *event)
{
    if (event->token >= BUS_LINKS)
        return; /* the bell: it is woken */
    struct run_link *link = &r->links[event->token];
    link->readable |= event->readable;
    link->writable |= event->writable;
    link->hangup |= event->hangup;
}

static bool has_work(const struct run *r)
{
    return is_linked(r) && (has_more(r, BUS_W) || has_more(r, BUS_R));
}

/* How long the reactor may sleep. */
static uint64_t patience(const struct run *r)
{
    enum bus_wish wish = bus_wish(r->bus);
    uint64_t until = r->dials ? r->dial_by : bus_due(r->bus);
    if (has_work(r) || wish == BUS_DROP || wish == BUS_END)
        return 0;
    if (!r->settled)
        until = bytes_min64(until, r->began + RUN_SETTLE);
    if (r->end_by)
        until = bytes_min64(until, r->end_by);
    return until > r->now ? until - r->now : 0;
}

static void wait_for_events(struct run *r)
{
    struct reactor_event events[REACTOR_EVENTS];
    uint64_t wait = patience(r);
    bool sleeps = wait > 0 && store_sleep(r->store);
    int count = reactor_wait(r->reactor, events, sleeps ? wait : 0);
    CHECK(count >= 0);
    store_wakes(r->store);
    read_clocks(r);
    for (int i = 0; i < count; i++)
        take_event(r, &events[i]);
}

/* All is done: those rung are woken, and it is alive. */
static void tell_others(struct run *r)
{
    bell_ring_each(r->plan->bells, store_wake(r->store));
    board_turned(&r->store->board, r->store->worker);
}

static void grant(struct run *r)
{
    enum bus_wish wish = bus_wish(r->bus);
    if (wish == BUS_DIAL && !r->dials && r->now >= bus_due(r->bus))
        dial(r);
    if (wish == BUS_END && !run_settled(r))
        r->status = 1;
    if (wish == BUS_DROP || wish == BUS_END)
        drop(r, NULL);
}

static bool is_at_end(struct run *r)
{
    if (!r->end_by && atom_acquire(r->plan->ends))
        r->end_by = r->now + RUN_REST;
    return r->end_by && (bus_is_idle(r->bus) || r->now >= r->end_by);
}

bool run_turn(struct run *r)
{
    wait_for_events(r);
    see_connected(r);
    receive_all(r);
    bus_turn(r->bus, r->now, r->wall);
    if (is_linked(r) && bus_wish(r->bus) == BUS_STAY)
        send_all(r);
    grant(r);
    tell_others(r);
    return r->status == 0 && !is_at_end(r);
}

/* ---- How it stands ------------------------------------------------------- */

bool run_is_here(const struct run *r)
{
    return atom_get(&r->store->board.bus->state) == BOARD_BUS_HERE;
}

bool run_settled(struct run *r)
{
    r->settled |= run_is_here(r) || r->tried >= r->plan->address_count ||
                  r->now - r->began >= RUN_SETTLE;
    return r->settled;
}

struct span run_news(struct run *r)
{
    return bus_news(r->bus);
}
