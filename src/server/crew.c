/* SPDX-License-Identifier: MIT */
#include "server/crew.h"
#include "os/bell.h"

static void carve_addresses(struct crew *c, struct arena *a,
                            const struct crew_plan *plan)
{
    c->addresses = arena_carve(a, plan->workers, sizeof *c->addresses);
    for (uint32_t w = 0; w < plan->workers; w++) {
        struct addresses one = {
            .others = c->addresses, .worker_count = plan->workers, .worker = w};
        address_share(&one, a, plan->connections);
        if (c->addresses && !a->overflow)
            c->addresses[w] = one;
    }
}

/* What the bus tells, and what it is told. */
static void carve_bus(struct crew *c, struct arena *a,
                      const struct crew_plan *plan)
{
    c->board.bus = arena_carve(a, 1, sizeof *c->board.bus);
    c->proposals = arena_carve(a, plan->workers, sizeof *c->proposals);
    for (uint32_t w = 0; w < plan->workers; w++)
        propose_carve(c->proposals ? &c->proposals[w] : NULL, a,
                      propose_size(plan->queue));
}

void crew_carve(struct crew *c, struct arena *a, const struct crew_plan *plan)
{
    c->count = plan->workers;
    c->has_bus = plan->has_bus;
    c->common = arena_carve(a, 1, sizeof *c->common);
    c->parts = arena_carve(a, crew_processes(c), sizeof *c->parts);
    c->crowds = arena_carve(a, plan->workers, sizeof *c->crowds);
    if (plan->per_ip)
        carve_addresses(c, a, plan);
    board_carve(&c->board, a, plan->rooms, crew_processes(c));
    if (plan->has_bus)
        carve_bus(c, a, plan);
}

/* ---- Numbers ------------------------------------------------------------- */

uint32_t crew_sum(const struct crew *c, enum crew_gauge gauge)
{
    uint32_t sum = 0;
    for (uint32_t w = 0; w < c->count; w++)
        sum += atom_get(&c->parts[w].gauges[gauge]);
    return sum;
}

uint32_t crew_elsewhere(const struct crew *c, enum crew_gauge gauge)
{
    uint32_t sum = 0;
    if (crew_is_shared(c))
        sum = crew_sum(c, gauge);
    if (sum && c->worker != CREW_KEEPER)
        sum -= atom_get(&c->parts[c->worker].gauges[gauge]);
    return sum;
}

/* The bus has some open for a while in which nobody is any more. */
static uint32_t rooms_of_workers(const struct crew *c, uint32_t used)
{
    uint32_t count = 0, bus = UINT32_C(1) << c->count;
    for (uint32_t i = 0; i < used; i++)
        count += (atom_get(&c->board.rooms[i].open) & ~bus) != 0;
    return count;
}

uint32_t crew_rooms(const struct crew *c)
{
    uint32_t used = c->map.header->used, empty = c->board.table->empty.count;
    if (c->has_bus)
        return rooms_of_workers(c, used);
    return used > empty ? used - empty : 0;
}

void crew_add_gauges(const struct crew *c, uint32_t gauges[CREW_GAUGES])
{
    for (unsigned i = 0; i < CREW_GAUGES; i++)
        gauges[i] += crew_elsewhere(c, (enum crew_gauge)i);
}

/* Another worker writes meanwhile. Each number is one that was: on a machine of
   32 bits it is read until two looks agree. */
static void read_stats(struct stats *to, const struct stats *from)
{
    const volatile uint64_t *now = (const volatile uint64_t *)from;
    uint64_t *words = (uint64_t *)to;
    _Static_assert(sizeof *to % sizeof *words == 0, "whole words");
    for (size_t i = 0; i < sizeof *to / sizeof *words; i++)
        do
            words[i] = now[i];
        while (words[i] != now[i]);
}

void crew_add_stats(const struct crew *c, struct stats *stats)
{
    struct stats other;
    for (uint32_t w = 0; crew_is_shared(c) && w < c->count; w++)
        if (w != c->worker) {
            read_stats(&other, &c->parts[w].stats);
            stats_add(stats, &other);
        }
}

/* The keeper watches only while somebody is there. It is woken once: who has
   told of a client and then finds it not watching. */
static void ask_to_be_watched(const struct crew *c)
{
    atom_fence();
    if (!atom_get(&c->common->watched) && !atom_swap(&c->common->watched, 1))
        bell_ring(c->keeper_bell);
}

void crew_tell(const struct crew *c, const uint32_t gauges[CREW_GAUGES],
               const struct stats *stats)
{
    struct crew_part *own = &c->parts[c->worker];
    for (unsigned i = 0; i < CREW_GAUGES; i++)
        atom_put(&own->gauges[i], gauges[i]);
    if (stats)
        own->stats = *stats;
    if (gauges[CREW_SLOTS] > 0)
        ask_to_be_watched(c);
}

void crew_wake(const struct crew *c, uint32_t workers)
{
    bell_ring_each(c->bells, workers);
}

void crew_turned(const struct crew *c)
{
    board_turned(&c->board, c->worker);
}

/* ---- Slots --------------------------------------------------------------- */

bool crew_claim(const struct crew *c, uint32_t regular)
{
    struct atom *own = &c->parts[c->worker].gauges[CREW_REGULAR];
    uint32_t before = atom_get(own);
    if (regular <= before)
        return true;
    atom_swap(own, regular);
    atom_fence();
    if (crew_sum(c, CREW_REGULAR) <= c->slots)
        return true;
    atom_put(own, before);
    return false;
}

void crew_ask(const struct crew *c)
{
    uint32_t most = 0, whom = 0;
    for (uint32_t w = 0; w < c->count; w++) {
        uint32_t idle = atom_get(&c->parts[w].gauges[CREW_IDLE]);
        if (w == c->worker || idle <= most)
            continue;
        most = idle;
        whom = w;
    }
    if (most == 0)
        return;
    atom_release(&c->parts[whom].asked, 1);
    bell_ring(c->bells[whom]);
}

bool crew_asked(const struct crew *c)
{
    struct atom *asked = &c->parts[c->worker].asked;
    return atom_get(asked) && atom_swap(asked, 0);
}

/* ---- Deaths -------------------------------------------------------------- */

enum store_outcome crew_bury(struct crew *c, uint32_t worker, uint32_t *wake)
{
    struct store store = {.map = c->map,
                          .board = c->board,
                          .worker = BOARD_KEEPER,
                          .proposals = c->proposals};
    struct crew_part *part = &c->parts[worker];
    for (unsigned i = 0; i < CREW_GAUGES; i++)
        atom_put(&part->gauges[i], 0);
    memset(part->stats.open, 0, sizeof part->stats.open);
    atom_put(&part->serves, 0);
    atom_put(&part->asked, 0);
    if (worker < c->count) /* not the bus */
        memset(&c->crowds[worker], 0, sizeof *c->crowds);
    if (worker < c->count && c->addresses)
        address_forget(&c->addresses[worker]);
    enum store_outcome outcome = store_bury(&store, worker);
    *wake = store_wake(&store);
    return outcome;
}
