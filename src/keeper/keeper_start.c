/* SPDX-License-Identifier: MIT */
/* The keeper's start, and that of a worker. */
#include "base/check.h"
#include "keeper/keeper.h"
#include "os/bell.h"
#include "os/child.h"
#include "os/entropy.h"
#include "os/memory.h"
#include "os/signals.h"
#include "server/listen.h"
#include "server/loop.h"
#include "server/start.h"

/* ---- In a worker --------------------------------------------------------- */

void keeper_let_go(const struct keeper *k, uint32_t own)
{
    const struct server *s = k->server;
    socket_close(k->reactor);
    socket_close(k->signals);
    if (s->supervisor >= 0)
        socket_close(s->supervisor);
    for (uint32_t w = 0; w < s->crew.count; w++)
        if (w != own)
            listen_close_more(s, k->workers[w].fds);
}

static int work(struct keeper *k, uint32_t w)
{
    uint8_t bytes[512];
    struct text why = text_over(bytes, sizeof bytes);
    struct server *s = k->server;
    struct crew_part *part = &s->crew.parts[w];
    keeper_let_go(k, w);
    if (s->config->login) /* the bus's to know */
        bytes_wipe(s->config->login, sizeof *s->config->login);
    int status = start_worker(s, w, k->workers[w].fds, &why);
    if (status != 0)
        return k->complain(&why, status);
    atom_put(&part->sandbox, s->sandbox);
    atom_release(&part->serves, 1);
    bell_ring(s->crew.keeper_bell);
    return loop_run(s);
}

/* ---- In the keeper ------------------------------------------------------- */

int keeper_make(struct keeper *k, uint32_t w)
{
    struct keeper_worker *worker = &k->workers[w];
    int pid = child_fork();
    if (pid == 0)
        child_exit(keeper_is_bus(k, w) ? keeper_bus(k) : work(k, w));
    if (pid < 0)
        return pid;
    worker->pid = pid;
    worker->alive = keeper_turns(k, w);
    watch_started(&worker->watch, k->server->now);
    return 0;
}

void keeper_unlisten(struct keeper *k)
{
    struct server *s = k->server;
    for (uint32_t w = 1; w < s->crew.count; w++) {
        listen_close_more(s, k->workers[w].fds);
        for (size_t i = 0; i < SERVER_LISTENERS; i++)
            k->workers[w].fds[i] = -1;
    }
    listen_stop(s);
}

static int open_reactor(struct keeper *k, struct text *why)
{
    struct crew *c = &k->server->crew;
    k->reactor = reactor_open();
    if (k->reactor < 0)
        return server_failed(why, "no epoll", k->reactor);
    int result = k->signals = signals_open_parent();
    if (result >= 0)
        result =
            reactor_add_source(k->reactor, k->signals, KEEPER_TOKEN_SIGNALS);
    if (result < 0)
        return server_failed(why, "no signals", result);
    result = c->keeper_bell = bell_open();
    for (uint32_t w = 0; w < crew_processes(c) && result >= 0; w++)
        result = c->bells[w] = bell_open();
    if (result >= 0)
        result = reactor_add(k->reactor, c->keeper_bell, KEEPER_TOKEN_BELL);
    return result < 0 ? server_failed(why, "no eventfd", result) : 0;
}

/* All that is shared, in one mapping. Runs twice: measuring, then carving. */
static void carve(struct server *s, struct arena *a)
{
    uint32_t rooms = s->config->rooms;
    uint32_t stream_size = map_stream_size(s->config->room_log);
    struct crew_plan plan = {
        .workers = s->config->workers,
        .connections = s->clients.size + CLIENT_BESIDES,
        .rooms = rooms,
        .per_ip = s->config->per_ip > 0,
        .has_bus = limits_has_redis(s->config),
        .queue = s->config->redis_queue,
    };
    crew_carve(&s->crew, a, &plan);
    if (s->file) {
        s->crew.map = s->file->map;
        return;
    }
    void *map = arena_carve(a, 1, map_size(rooms, stream_size));
    s->crew.map.stream_size = stream_size;
    if (!map)
        return;
    map_over(&s->crew.map, map, rooms, stream_size);
    map_begin(&s->crew.map, rooms);
}

/* Where rooms and addresses lie is not to be guessed; nor who this node is. */
static int seed(struct server *s, struct text *why)
{
    struct store store = {
        .map = s->crew.map, .board = s->crew.board, .worker = BOARD_KEEPER};
    int status = start_seed(s, &store, why);
    for (uint32_t w = 0; s->crew.addresses && w < s->crew.count; w++)
        s->crew.addresses[w].seed = s->addresses.seed;
    struct board_bus *bus = s->crew.board.bus;
    int result = status == 0 && bus
                     ? entropy_fill((uint8_t *)&bus->node, sizeof bus->node)
                     : 0;
    return result < 0 ? server_failed(why, "no random bytes", result) : status;
}

static int share_memory(struct keeper *k, struct text *why)
{
    struct server *s = k->server;
    struct arena a;
    arena_init(&a, NULL, SIZE_MAX);
    carve(s, &a);
    size_t size = a.overflow ? SIZE_MAX : a.used;
    size_t own = start_measure(s);
    size_t bus = limits_has_redis(s->config) ? keeper_measure_bus(k) : 0;
    bool fits = size < SIZE_MAX && bus < SIZE_MAX - size &&
                own < (SIZE_MAX - size - bus) / s->crew.count;
    void *memory = fits ? memory_share(size) : NULL;
    if (!memory)
        return server_no_memory(why, fits ? size : SIZE_MAX);
    arena_init(&a, memory, size);
    carve(s, &a);
    CHECK(!a.overflow);
    s->reserved = size + own * s->crew.count + bus;
    return seed(s, why);
}

static int open_listeners(struct keeper *k, struct text *why)
{
    const struct server *s = k->server;
    int result = 0;
    for (size_t i = 0; i < s->listener_count; i++)
        k->workers[0].fds[i] = s->listeners[i].fd;
    for (uint32_t w = 1; w < s->crew.count && result == 0; w++)
        result = listen_open_more(s, k->workers[w].fds, why);
    return result;
}

static int open_all(struct keeper *k, struct text *why)
{
    struct server *s = k->server;
    int result = open_reactor(k, why);
    if (result == 0)
        result = start_open_store(s, why);
    if (result == 0)
        result = share_memory(k, why);
    if (result == 0)
        result = open_listeners(k, why);
    if (result == 0)
        result = start_confine(s, why);
    if (result != 0)
        return result;
    result = keeper_make(k, keeper_next(k, 0));
    return result < 0 ? server_failed(why, "no process for a worker", result)
                      : 0;
}

int keeper_start(struct keeper *k, struct server *s,
                 const struct config *config, const struct service_site *site,
                 struct text *why)
{
    int (*complain)(const struct text *, int) = k->complain;
    *k = (struct keeper){
        .server = s, .look_at = UINT64_MAX, .complain = complain};
    for (uint32_t w = 0; w < BOARD_WORKERS; w++)
        for (size_t i = 0; i < SERVER_LISTENERS; i++)
            k->workers[w].fds[i] = -1;
    int result = start_shared(s, config, site, why);
    if (result != 0)
        return result;
    uint64_t slots = (uint64_t)s->clients.size * config->workers;
    s->crew = (struct crew){
        .count = config->workers,
        .has_bus = limits_has_redis(config),
        .worker = CREW_KEEPER,
        .slots = (uint32_t)bytes_min64(config->clients, slots),
    };
    result = open_all(k, why);
    if (result != 0) {
        keeper_unlisten(k); /* a unix: socket's file goes, too */
        server_close_store(s);
    }
    return result;
}
