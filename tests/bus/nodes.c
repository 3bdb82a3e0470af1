/* SPDX-License-Identifier: MIT */
/* Of nodes.h: a node and its bus. worker.c has the workers. */
#include "bus/nodes.h"

#include <stdio.h>
#include <stdlib.h>

#define BUSY 3000 /* turns of a bus while no time passes are too many */

static void fault(const struct node *n, const char *what)
{
    if (!n->world->fault)
        n->world->fault = what;
}

/* ---- Memory -------------------------------------------------------------- */

static void *zeroed(size_t size)
{
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    void *memory = aligned_alloc(ARENA_ALIGN, size ? size : ARENA_ALIGN);
    if (!memory)
        abort();
    memset(memory, 0, size);
    return memory;
}

static void carve_shared(struct node *n, struct arena *a)
{
    const struct world_plan *plan = &n->world->plan;
    struct board *b = &n->keeper.board;
    uint32_t size = propose_size(plan->ring_size);
    board_carve(b, a, plan->rooms, plan->workers + 1);
    b->bus = arena_carve(a, 1, sizeof *b->bus);
    n->keeper.proposals =
        arena_carve(a, plan->workers, sizeof *n->keeper.proposals);
    for (uint32_t i = 0; i < plan->workers; i++)
        propose_carve(n->keeper.proposals ? &n->keeper.proposals[i] : NULL, a,
                      size);
}

static void share_memory(struct node *n)
{
    const struct world_plan *plan = &n->world->plan;
    struct arena a;
    n->keeper = (struct store){.worker = BOARD_KEEPER};
    arena_init(&a, NULL, SIZE_MAX);
    carve_shared(n, &a);
    n->memory = zeroed(a.used);
    arena_init(&a, n->memory, a.used);
    carve_shared(n, &a);
    n->map = zeroed(map_size(plan->rooms, plan->stream_size));
    map_over(&n->keeper.map, n->map, plan->rooms, plan->stream_size);
    map_begin(&n->keeper.map, plan->rooms);
    n->keeper.board.table->seed = random_next(n->world->chance);
    n->keeper.board.bus->node = random_next(n->world->chance);
}

/* What each process has for itself. */
static void begin_store(const struct node *n, struct store *s, uint32_t worker)
{
    const struct world_plan *plan = &n->world->plan;
    *s = n->keeper;
    s->worker = worker;
    s->readers = zeroed(plan->rooms * sizeof *s->readers);
    s->whole = zeroed(plan->stream_size / 4);
}

static void end_store(struct store *s)
{
    free(s->readers);
    free(s->whole);
    *s = (struct store){0};
}

/* ---- Bytes --------------------------------------------------------------- */

/* The bus is shown a copy that ends where its memory does. */
static size_t shows(struct node *n, enum bus_link link)
{
    struct buffer *down = &n->links[link].down;
    size_t len = bytes_min(buffer_len(down), bus_input_max(n->bus));
    uint8_t *copy = malloc(len ? len : 1);
    if (!copy)
        abort();
    if (len)
        memcpy(copy, buffer_span(down).ptr, len);
    size_t taken = bus_read(n->bus, link, copy, len);
    free(copy);
    if (taken > len)
        fault(n, "a bus takes more than there is");
    buffer_take(down, bytes_min(taken, len));
    return taken;
}

static bool reads(struct node *n)
{
    bool any = false;
    for (unsigned link = 0; link < BUS_LINKS && n->is_connected; link++)
        while (buffer_len(&n->links[link].down) > 0 &&
               shows(n, (enum bus_link)link) > 0)
            any = true;
    return any;
}

static void writes(struct node *n)
{
    for (unsigned link = 0; link < BUS_LINKS && n->is_connected; link++) {
        struct span out = bus_output(n->bus, (enum bus_link)link);
        size_t len = out.len;
        if (len > BUS_OUTPUT + 4 * n->plan.entry_max)
            fault(n, "a bus has more to write than it may");
        if (len && world_once_in(n->world, 3))
            len = (size_t)world_below(n->world, len + 1);
        if (len == 0)
            continue;
        buffer_put(&n->links[link].up, bytes_part(out, 0, len));
        bus_written(n->bus, (enum bus_link)link, len);
        n->bus_awake |= len < out.len; /* the rest can be written, too */
    }
}

/* ---- Links --------------------------------------------------------------- */

static void disconnect(struct node *n, bool commands)
{
    for (unsigned link = 0; link < BUS_LINKS; link++)
        link_cut(&n->links[link], commands);
    n->is_connected = false;
    n->server = NULL;
}

void node_cut(struct node *n, bool commands)
{
    if (!n->is_connected)
        return;
    disconnect(n, commands);
    bus_dropped(n->bus, "the connection was reset");
    n->bus_awake = true;
}

/* Whom it asks: those who do not know better ask another one. */
static uint32_t pick_server(struct world *w)
{
    if (w->is_well || world_below(w, 4))
        return w->master;
    return (uint32_t)world_below(w, NODE_SERVERS);
}

static void dials(struct node *n)
{
    struct world *w = n->world;
    uint32_t i = pick_server(w);
    w->dials++;
    n->bus_awake = true;
    if (w->now < w->down[i]) {
        bus_dropped(n->bus, "nobody listens there");
        return;
    }
    n->server = &w->servers[i];
    w->stale += i != w->master && !n->server->is_replica;
    n->is_connected = true;
    for (unsigned link = 0; link < BUS_LINKS; link++)
        link_connect(&n->links[link], n->server);
    if (w->is_loud)
        printf("%8llu node %u dials server %u, client %llu\n",
               (unsigned long long)w->now, n->index, i,
               (unsigned long long)n->links[BUS_W].peer->id);
    bus_dialled(n->bus);
}

void node_moves(struct node *n)
{
    struct world *w = n->world;
    for (unsigned link = 0; link < BUS_LINKS && n->is_connected; link++) {
        struct link *l = &n->links[link];
        size_t before = buffer_len(&l->down);
        bool stays = link_moves(l, w->chance, w->now);
        n->has_input |= buffer_len(&l->down) != before;
        if (!stays && (buffer_len(&l->down) == 0 || world_once_in(w, 20)))
            node_cut(n, true); /* it was closed over there */
    }
}

/* It ends where it was never connected to a better one. */
static void ends(struct node *n)
{
    const struct redis *r = n->server;
    if (!r || r->kind == REDIS_SEVEN || r->kind == REDIS_VALKEY)
        fault(n, "a bus takes Redis for something else");
    n->world->ends++;
    node_bus_dies(n);
}

/* ---- The bus ------------------------------------------------------------- */

static void fulfils(struct node *n)
{
    struct world *w = n->world;
    switch (bus_wish(n->bus)) {
    case BUS_STAY: break;
    case BUS_DIAL:
        if (!n->is_connected && w->now >= bus_due(n->bus))
            dials(n);
        break;
    case BUS_DROP:
        w->drops++;
        if (n->is_connected)
            disconnect(n, true);
        bus_dropped(n->bus, NULL);
        n->bus_awake = true;
        break;
    case BUS_END: ends(n); break;
    }
}

/* For the log: one line. */
static void count_news(struct node *n)
{
    struct span news = bus_news(n->bus);
    n->world->news += news.len > 0;
    if (n->world->is_loud && news.len)
        printf("%8llu node %u: %.*s\n", (unsigned long long)n->world->now,
               n->index, (int)news.len, (const char *)news.ptr);
}

static void count_turn(struct node *n)
{
    struct world *w = n->world;
    w->turns++;
    n->turns = n->turned == w->now ? n->turns + 1 : 0;
    n->turned = w->now;
    if (n->turns > BUSY)
        fault(n, "a bus is busy with nothing");
}

static bool has_reason(const struct node *n)
{
    const struct world *w = n->world;
    return n->bus_awake || n->has_input || w->now >= bus_due(n->bus);
}

static void wakes(struct node *n, uint32_t mask)
{
    for (uint32_t i = 0; i < n->worker_count; i++)
        n->workers[i].awake |= mask >> i & 1;
    n->bus_awake |= mask >> n->worker_count & 1;
}

/* What it did not take it may take behind the turn. */
bool node_bus_turns(struct node *n)
{
    struct world *w = n->world;
    if (!n->bus || w->now < n->bus_stopped || !has_reason(n))
        return false;
    count_turn(n);
    n->bus_awake = n->has_input = false;
    store_wakes(bus_store(n->bus));
    reads(n);
    bus_turn(n->bus, w->now, w->wall + n->skew);
    n->bus_awake |= reads(n);
    writes(n);
    count_news(n);
    fulfils(n);
    if (!n->bus)
        return true;
    wakes(n, store_wake(bus_store(n->bus)));
    n->bus_awake |= !store_sleep(bus_store(n->bus));
    return true;
}

void node_bus_begins(struct node *n)
{
    struct arena a;
    struct bus *b = NULL;
    n->bus_store = n->keeper; /* it has readers of its own */
    n->bus_store.worker = store_bus(&n->keeper);
    n->plan.random = random_next(n->world->chance);
    arena_init(&a, NULL, SIZE_MAX);
    bus_carve(&b, &a, &n->bus_store, &n->plan);
    n->bus_memory = zeroed(a.used);
    arena_init(&a, n->bus_memory, a.used);
    bus_carve(&b, &a, &n->bus_store, &n->plan);
    if (a.overflow || !b)
        abort();
    n->bus = b;
    bus_begin(n->bus, n->world->now);
    n->bus_awake = true;
}

static void bury(struct node *n, uint32_t worker)
{
    while (store_bury(&n->keeper, worker) != STORE_DONE)
        ;
    wakes(n, store_wake(&n->keeper));
}

static void end_bus(struct node *n)
{
    if (n->is_connected)
        disconnect(n, true);
    free(n->bus_memory);
    n->bus = NULL;
    n->bus_memory = NULL;
}

void node_bus_dies(struct node *n)
{
    end_bus(n);
    bury(n, store_bus(&n->keeper));
}

/* ---- Workers' lives ------------------------------------------------------ */

void worker_begins(struct worker *w)
{
    begin_store(w->node, &w->store, w->index);
    w->speaker = w->node->world->speakers++;
    if (w->speaker >= WORLD_SPEAKERS)
        abort();
    w->node->world->origins[w->speaker] =
        (struct origin){w->node->life, w->index};
    w->lives = w->awake = true;
    for (uint32_t name = 0; name < NODE_NAMES; name++)
        w->seats[name] = (struct seat){.members = 1};
}

static void end_worker(struct worker *w)
{
    struct audit *a = &w->node->world->audit;
    for (uint32_t name = 0; name < NODE_NAMES; name++)
        if (w->seats[name].is_open)
            audit_leave(a, w->seats[name].listener);
    memset(w->seats, 0, sizeof w->seats);
    end_store(&w->store);
    w->lives = w->awake = false;
}

void worker_dies(struct worker *w)
{
    end_worker(w);
    bury(w->node, w->index);
}

/* ---- A node -------------------------------------------------------------- */

void node_begin(struct node *n, struct world *w, uint32_t index)
{
    *n = (struct node){.world = w,
                       .index = index,
                       .life = w->lives++,
                       .worker_count = w->plan.workers};
    n->plan = (struct bus_plan){
        .prefix = BYTES_LITERAL("chatd"),
        .keep = w->plan.keep,
        .history = w->plan.history,
        .entry_max = w->plan.stream_size / 4 + 256,
    };
    if (w->plan.has_password) {
        n->plan.user = BYTES_LITERAL("chatd");
        n->plan.password = BYTES_LITERAL("secret");
    }
    n->skew = world_below(w, 3) * world_below(w, 5000);
    share_memory(n);
    for (uint32_t i = 0; i < n->worker_count; i++) {
        n->workers[i] = (struct worker){.node = n, .index = i};
        worker_begins(&n->workers[i]);
    }
    node_bus_begins(n);
}

void node_end(struct node *n)
{
    if (n->bus)
        end_bus(n);
    for (uint32_t i = 0; i < n->worker_count; i++)
        if (n->workers[i].lives)
            end_worker(&n->workers[i]);
    free(n->memory);
    free(n->map);
}

uint64_t node_due(const struct node *n)
{
    uint64_t due = n->bus ? bus_due(n->bus) : UINT64_MAX;
    if (n->bus_awake && n->bus)
        due = 0;
    for (uint32_t i = 0; i < n->worker_count; i++)
        if (n->workers[i].lives && n->workers[i].awake)
            due = 0;
    for (unsigned link = 0; link < BUS_LINKS && n->is_connected; link++) {
        const struct link *l = &n->links[link];
        if (buffer_len(&l->up) || buffer_len(&l->peer->out) ||
            buffer_len(&l->peer->in))
            due = bytes_min64(due, n->world->now + 1);
    }
    return due;
}

static bool is_empty(const struct propose_ring *ring)
{
    return atom_get(&ring->head) == atom_get(&ring->done);
}

bool node_is_idle(const struct node *n)
{
    bool idle = n->bus && bus_is_idle(n->bus);
    for (uint32_t i = 0; i < n->worker_count; i++) {
        idle &= is_empty(&n->keeper.proposals[i]);
        for (uint32_t name = 0; name < NODE_NAMES; name++) {
            const struct seat *seat = &n->workers[i].seats[name];
            idle &= seat->queued == 0 && seat->is_wanted == seat->is_open;
        }
    }
    return idle;
}

/* ---- Who is there -------------------------------------------------------- */

size_t node_members(const struct node *n, uint32_t name)
{
    const struct board *b = &n->keeper.board;
    for (uint32_t i = 0; i < n->worker_count; i++) {
        const struct seat *seat = &n->workers[i].seats[name];
        size_t sum = 0;
        for (uint32_t w = 0; seat->is_open && w < b->worker_count; w++)
            sum += atom_get(&board_place(b, seat->room, w)->members);
        if (seat->is_open)
            return sum;
    }
    return SIZE_MAX;
}

size_t world_members(const struct world *w, uint32_t name)
{
    size_t sum = 0;
    for (uint32_t i = 0; i < w->plan.nodes; i++)
        for (uint32_t k = 0; k < w->nodes[i].worker_count; k++)
            if (w->nodes[i].workers[k].seats[name].is_open)
                sum += w->nodes[i].workers[k].seats[name].members;
    return sum;
}
