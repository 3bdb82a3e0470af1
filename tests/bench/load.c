/* SPDX-License-Identifier: MIT */
#include "bench/load.h"
#include "bench/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SECOND   UINT64_C(1000000000)
#define SCRATCH  ((size_t)256 * 1024)
#define EVENTS   1024
#define TIMER    UINT32_MAX    /* in place of a client's index */
#define PATIENCE (10 * SECOND) /* for a phase that makes no progress */
#define SETTLE   (SECOND / 5)
#define FOREVER  UINT64_MAX

/* Connections from one source address: about half of Linux's default range of
   ports, above which the search for a free one gets slow. */
#define PER_SOURCE 14000

/* ---- failing ------------------------------------------------------------- */

_Noreturn void load_fail(const struct load *load, const struct client *c,
                         const char *error)
{
    tool_fail("%s: client %lu, message %lu: %s (close code %u)",
              load->mode->name, (unsigned long)c->index,
              (unsigned long)c->received, error, c->close_code);
}

/* ---- one client ---------------------------------------------------------- */

static uint32_t next_random(struct load *load)
{
    load->random ^= load->random << 13;
    load->random ^= load->random >> 17;
    load->random ^= load->random << 5;
    return load->random;
}

/* 127.0.1.1, 127.0.1.2 ... 127.0.1.250, 127.0.2.1 ... for a loopback server;
   any address else. */
static struct sockaddr_in source_of(const struct load *load, uint32_t index)
{
    const struct options *o = load->options;
    uint64_t sources = load->mode->sources + o->connections / PER_SOURCE;
    if (o->sources)
        sources = o->sources;
    uint64_t n = o->source + index % sources;
    uint64_t host = (n / 250 + 1) * 256 + n % 250 + 1;
    struct sockaddr_in source = {.sin_family = AF_INET};
    if (ntohl(load->server.sin_addr.s_addr) >> 24 == 127)
        source.sin_addr.s_addr = htonl((uint32_t)(127u << 24 | host));
    return source;
}

/* Edge-triggered for both directions: registered once, never changed. */
void load_connect(struct load *load, struct client *c)
{
    struct sockaddr_in source = source_of(load, c->index);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                            .data.u64 = c->index};
    for (int i = 0; i < 16; i += 4) {
        uint32_t word = next_random(load);
        memcpy(c->key + i, &word, 4);
    }
    c->started = load->now;
    if (!client_connect(c, &source, &load->server) ||
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0)
        load_fail(load, c, strerror(errno));
}

void load_send(struct load *load, struct client *c, struct stamp s)
{
    uint8_t opcode = load->options->text ? FRAME_TEXT : FRAME_BINARY;
    client_send(c, opcode, &load->payload, s, next_random(load));
    c->sent++;
    load->sent++;
}

void load_close(struct load *load, struct client *c)
{
    client_close(c, !load->options->floor);
    load_flush(load, c);
    load->open--;
}

void load_flush(struct load *load, struct client *c)
{
    if (!client_flush(c))
        load_fail(load, c, strerror(errno));
}

void load_done(struct load *load, uint64_t since)
{
    if (!load->measuring)
        return;
    load->done++;
    histogram_add(load->latency, load->now - since);
}

static void take_event(struct load *load, struct client *c,
                       const struct client_event *event)
{
    if (event->kind == CLIENT_FAILED)
        load_fail(load, c, event->error);
    load->events++;
    if (event->kind == CLIENT_OPENED) {
        load->open++;
        load->opening--;
        if (!load->mode->opens_itself)
            client_trim(c); /* 8 KiB; a million have no use for them */
    }
    if (event->kind == CLIENT_DATA &&
        event->piece.opcode !=
            (load->options->text ? FRAME_TEXT : FRAME_BINARY))
        load_fail(load, c, "text came back as binary, or binary as text");
    load->mode->event(load, c, event);
}

static void receive(struct load *load, struct client *c, bool hangup)
{
    struct client_event event;
    struct client_input in;
    do {
        in = client_receive(c, load->scratch, SCRATCH);
        bool empty = in.at == in.end && !in.eof;
        load->now = tool_now();
        while (client_next(c, &in, &event)) {
            take_event(load, c, &event);
            if (event.kind == CLIENT_CLOSED)
                return; /* it may be connecting anew */
        }
        if (empty)
            break;
    } while (!in.eof && (in.more || hangup));
}

static void ready(struct load *load, struct client *c, uint32_t events)
{
    const struct options *o = load->options;
    if (c->state == CLIENT_DOWN)
        return;
    if (c->state == CLIENT_CONNECTING &&
        !client_request(c, o->host, o->path ? o->path : load->mode->path))
        load_fail(load, c, strerror(errno));
    bool hangup = events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR);
    if (hangup || events & EPOLLIN)
        receive(load, c, hangup);
    if (c->state != CLIENT_DOWN)
        load_flush(load, c);
}

/* ---- the loop ------------------------------------------------------------ */

/* Call the mode's timer every `interval` ns from now on; 0: no longer. */
void load_every(struct load *load, uint64_t interval)
{
    struct timespec t = {.tv_sec = (time_t)(interval / SECOND),
                         .tv_nsec = (long)(interval % SECOND)};
    struct itimerspec spec = {.it_interval = t, .it_value = t};
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = TIMER};
    if (load->timer < 0) {
        load->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
        epoll_ctl(load->epoll, EPOLL_CTL_ADD, load->timer, &e);
    }
    if (timerfd_settime(load->timer, 0, &spec, NULL) != 0)
        tool_fail("timer: %s", strerror(errno));
}

static void timer_ready(struct load *load)
{
    uint64_t times;
    if (read(load->timer, &times, sizeof times) == sizeof times)
        load->mode->timer(load, times);
}

static void turn(struct load *load, uint64_t until)
{
    struct epoll_event events[EVENTS];
    uint64_t left = until > load->now ? until - load->now : 0;
    int wait = left > SECOND ? 1000 : (int)((left + 999999) / 1000000);
    int n = epoll_wait(load->epoll, events, EVENTS, wait);
    if (n < 0 && errno != EINTR)
        tool_fail("epoll_wait: %s", strerror(errno));
    load->now = tool_now();
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == TIMER)
            timer_ready(load);
        else
            ready(load, &load->clients[events[i].data.u64], events[i].events);
    }
}

static void run_until(struct load *load, uint64_t until)
{
    while (load->now < until)
        turn(load, until);
}

/* ---- the phases ---------------------------------------------------------- */

/* Since when a phase has made no progress. A long one is not a stalled one. */
struct patience {
    uint64_t events; /* load->events when last looked at */
    uint64_t since;  /* ns: when that changed */
};

/* One turn. False when nothing has come for too long. */
static bool patient_turn(struct load *load, struct patience *p)
{
    turn(load, load->now + SECOND);
    if (p->since == 0 || load->events != p->events)
        *p = (struct patience){.events = load->events, .since = load->now};
    return load->now - p->since <= PATIENCE;
}

void load_init(struct load *load, const struct options *o,
               const struct mode *mode)
{
    *load = (struct load){.options = o,
                          .mode = mode,
                          .timer = -1,
                          .now = tool_now(),
                          .random = 2463534242u};
    load->server = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)o->port)};
    if (inet_pton(AF_INET, o->host, &load->server.sin_addr) != 1)
        tool_fail("not an IPv4 address: %s", o->host);
    tool_allow_files(o->connections + 16);
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->scratch = tool_alloc(SCRATCH, 1);
    load->latency = tool_alloc(1, sizeof *load->latency);
    load->clients = tool_alloc(o->connections, sizeof *load->clients);
    for (uint64_t i = 0; i < o->connections; i++) {
        load->clients[i].fd = -1;
        load->clients[i].index = (uint32_t)i;
    }
    payload_init(&load->payload, o->size, o->floor);
}

static void open_all(struct load *load)
{
    const struct options *o = load->options;
    struct patience p = {0};
    while (load->open < o->connections) {
        while (load->opening < o->opening && load->connected < o->connections) {
            load->opening++;
            load_connect(load, &load->clients[load->connected++]);
        }
        if (!patient_turn(load, &p))
            tool_fail("%s: %lu of %lu clients open, and no more",
                      load->mode->name, (unsigned long)load->open,
                      (unsigned long)o->connections);
    }
}

static void settle(struct load *load)
{
    for (uint64_t i = 0; i < load->options->connections; i++)
        client_trim(&load->clients[i]);
    run_until(load, load->now + SETTLE);
}

static void measure(struct load *load, struct findings *f)
{
    const struct options *o = load->options;
    pid_t pid = (pid_t)o->pid;
    load->measuring = true;
    f->begin = meter_read(pid);
    if (o->count == 0)
        run_until(load, load->now + (uint64_t)(o->seconds * 1e9));
    struct patience p = {0};
    while (load->done < o->count)
        if (!patient_turn(load, &p))
            tool_fail("%s: stalled after %lu %s", load->mode->name,
                      (unsigned long)load->done, load->mode->unit);
    f->end = meter_read(pid);
    load->measuring = false;
}

static void drain(struct load *load)
{
    struct patience p = {0};
    load->stopping = true;
    while (!load->mode->drained(load))
        if (!patient_turn(load, &p))
            tool_fail("%s: messages are missing at the end: %lu sent",
                      load->mode->name, (unsigned long)load->sent);
}

static void wait_down(struct load *load)
{
    struct patience p = {0};
    for (uint64_t i = 0; i < load->options->connections; i++)
        while (load->clients[i].state != CLIENT_DOWN)
            if (!patient_turn(load, &p))
                load_fail(load, &load->clients[i], "not closed in time");
}

/* The server is told to stop, and says goodbye to everybody. */
static void leave_all(struct load *load)
{
    for (uint64_t i = 0; i < load->options->connections; i++)
        load->clients[i].may_leave = true;
    if (kill((pid_t)load->options->pid, SIGTERM) != 0)
        tool_fail("kill: %s", strerror(errno));
    wait_down(load);
}

static void close_all(struct load *load)
{
    struct patience p = {0};
    for (uint64_t i = 0; i < load->options->connections; i++) {
        struct client *c = &load->clients[i];
        if (c->state == CLIENT_OPEN)
            load_close(load, c);
        while (i % 256 == 255 && c->state != CLIENT_DOWN)
            if (!patient_turn(load, &p))
                load_fail(load, c, "not closed in time");
    }
    wait_down(load);
}

struct findings load_run(struct load *load)
{
    pid_t pid = (pid_t)load->options->pid;
    struct findings f = {.first = meter_read(pid)};
    f.resident[0] = meter_resident(pid);
    f.slab[0] = meter_slab();
    if (!load->mode->opens_itself)
        open_all(load);
    f.opened = meter_read(pid);
    settle(load);
    f.resident[1] = meter_resident(pid);
    f.slab[1] = meter_slab();
    load->now = tool_now();
    load->mode->start(load);
    run_until(load, load->now + (uint64_t)(load->options->warmup * 1e9));
    measure(load, &f);
    drain(load);
    uint64_t begun = tool_now();
    load->now = begun;
    if (load->options->term)
        leave_all(load);
    else
        close_all(load);
    f.closing = tool_now() - begun;
    return f;
}
