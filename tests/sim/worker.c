/* SPDX-License-Identifier: MIT */
#include "sim/worker.h"
#include "os/bell.h"
#include "os/child.h"
#include "os/clock.h"
#include "server/loop.h"
#include "server/start.h"
#include "service/site.h"
#include "sim/model.h"

#include <stdlib.h>
#include <ucontext.h>

#define STACK      (512 * 1024)
#define ROUNDS_MAX 20000 /* of all, without time passing: they spin */
#define NOBODY     WORLD_WORKERS

struct keeper workers_keeper;
uint64_t workers_steps, workers_turns, workers_deaths;

static struct server keeper_server;

static struct worker {
    int pid; /* 0: there is none */
    bool waits;
    uint64_t until;   /* milliseconds: it wakes then at the latest */
    uint64_t stopped; /* until then */
    ucontext_t context;
    uint8_t *stack;
} all[WORLD_WORKERS];

static ucontext_t outside;
static uint32_t current = NOBODY;
static uint64_t steps_left;
static bool ended;
static uint64_t keeper_until;

static uint64_t now(void)
{
    return clock_microseconds() / 1000;
}

static uint64_t later(uint64_t milliseconds)
{
    return milliseconds > UINT64_MAX - now() ? UINT64_MAX
                                             : now() + milliseconds;
}

/* ---- Inside -------------------------------------------------------------- */

static void go_outside(void)
{
    swapcontext(&all[current].context, &outside);
}

void worker_step(void)
{
    if (current == NOBODY)
        return;
    workers_steps++;
    if (steps_left > 0 && steps_left != WORKER_TO_ITS_END)
        steps_left--;
    if (steps_left == 0)
        go_outside();
}

/* As epoll_wait. */
static void wait_inside(int reactor, uint64_t milliseconds)
{
    if (current == NOBODY)
        return;
    workers_turns++;
    all[current].waits = true;
    all[current].until = later(milliseconds);
    do
        go_outside();
    while (!sim_wakes(reactor) && now() < all[current].until);
    all[current].waits = false;
}

/* As keeper.c has it. */
static int work(uint32_t w, struct server *s)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    const struct crew *c = &s->crew;
    int fds[SERVER_LISTENERS];
    *s = keeper_server;
    for (size_t i = 0; i < s->listener_count; i++)
        fds[i] = sim_inherit(workers_keeper.workers[w].fds[i]);
    int status = start_worker(s, w, fds, &why);
    if (status != 0)
        fail_msg("start_worker: %d %s", status, (const char *)bytes);
    atom_release(&c->parts[w].serves, 1);
    bell_ring(c->keeper_bell);
    return loop_run(s);
}

static void live(void)
{
    int status = work(current, &world.servers[current]);
    sim_child_ends(all[current].pid, status, 0);
    for (;;)
        go_outside();
}

/* ---- From outside -------------------------------------------------------- */

static void enter(uint32_t w)
{
    current = w;
    sim_enter((int)w + 1);
    swapcontext(&outside, &all[w].context);
    sim_enter(0);
    current = NOBODY;
}

static void bury(uint32_t w)
{
    model_dies(&world.servers[w].rooms.store);
    sim_process_ends((int)w + 1);
    free(all[w].stack);
    all[w] = (struct worker){0};
}

static void begin(struct worker *me, int pid)
{
    *me = (struct worker){.pid = pid, .stack = malloc(STACK)};
    assert_non_null(me->stack);
    getcontext(&me->context);
    me->context.uc_stack.ss_sp = me->stack;
    me->context.uc_stack.ss_size = STACK;
    makecontext(&me->context, live, 0);
}

/* Those that have ended, by themselves or by the keeper, are gone; those that it
   has made begin. */
static void look_at_children(void)
{
    for (uint32_t w = 0; w < world.config.workers; w++) {
        int pid = workers_keeper.workers[w].pid;
        if (all[w].pid && !sim_child_lives(all[w].pid))
            bury(w);
        if (!all[w].pid && pid && sim_child_lives(pid))
            begin(&all[w], pid);
    }
}

bool worker_lives(uint32_t w)
{
    return all[w].pid != 0;
}

bool worker_is_busy(uint32_t w)
{
    return all[w].pid && !all[w].waits;
}

bool worker_has_lock(uint32_t w)
{
    const struct board *b = &keeper_server.crew.board;
    bool has = atom_get(&b->table->lock) == w + 1;
    for (uint32_t i = 0; i < b->room_count; i++)
        has |= atom_get(&b->rooms[i].lock) == w + 1;
    return has;
}

void worker_dies(uint32_t w)
{
    if (!worker_lives(w))
        return;
    workers_deaths++;
    sim_child_ends(all[w].pid, 0, 9);
    look_at_children();
}

void worker_stops(uint32_t w, uint64_t milliseconds)
{
    all[w].stopped = now() + milliseconds;
}

bool worker_goes_on(uint32_t w, uint64_t steps)
{
    const struct worker *me = &all[w];
    if (!worker_lives(w) || now() < me->stopped ||
        (me->waits && now() < me->until &&
         !sim_wakes(world.servers[w].reactor)))
        return false;
    steps_left = steps;
    enter(w);
    assert_int_equal(world.servers[w].rooms.store.damaged, 0);
    look_at_children();
    return true;
}

bool workers_keeper_turns(void)
{
    if (ended || (now() < keeper_until && !sim_wakes(workers_keeper.reactor)))
        return false;
    if (!keeper_turn(&workers_keeper)) {
        keeper_end(&workers_keeper);
        ended = true;
    }
    keeper_until = later(keeper_patience(&workers_keeper));
    look_at_children();
    return true;
}

/* ---- Together ------------------------------------------------------------ */

void workers_settle(void)
{
    bool any = true;
    for (unsigned rounds = 0; any; rounds++) {
        assert_true(rounds < ROUNDS_MAX);
        any = workers_keeper_turns();
        for (uint32_t w = 0; w < world.config.workers; w++)
            any |= worker_goes_on(w, WORKER_TO_ITS_END);
    }
}

static uint64_t next_of_all(void)
{
    uint64_t next = ended ? UINT64_MAX : keeper_until;
    for (uint32_t w = 0; w < world.config.workers; w++) {
        const struct worker *me = &all[w];
        if (me->pid && now() < me->stopped)
            next = bytes_min64(next, me->stopped);
        else if (me->pid)
            next = bytes_min64(next, me->until);
    }
    return next;
}

void workers_pass(uint64_t milliseconds, void (*then)(void))
{
    workers_settle();
    while (milliseconds > 0) {
        uint64_t next = next_of_all();
        uint64_t step =
            bytes_min64(milliseconds, next > now() ? next - now() : 1);
        sim_pass(step);
        milliseconds -= step;
        workers_settle();
        if (then)
            then();
    }
}

bool workers_ended(void)
{
    return ended;
}

/* ---- The beginning and the end ------------------------------------------- */

static int complain(const struct text *why, int status)
{
    fail_msg("%.*s", (int)why->len, (const char *)why->ptr);
    return status;
}

/* What was said lies where it outlives the keeper. */
static void keep(void)
{
    struct store store = {.board = keeper_server.crew.board,
                          .worker = BOARD_KEEPER};
    world_store(&store);
    keeper_server.crew.map = store.map;
}

void workers_start(void)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    sim_on_wait(wait_inside);
    world.config.no_sandbox = true;
    world.stream_size = map_stream_size(world.config.room_log);
    workers_keeper.complain = complain;
    ended = false;
    int status = keeper_start(&workers_keeper, &keeper_server, &world.config,
                              &site_chatd, &why);
    if (status != 0)
        fail_msg("keeper_start: %d %s", status, (const char *)bytes);
    keep();
    keeper_until = 0;
    look_at_children();
    workers_settle();
    assert_true(workers_keeper.started);
}

void workers_kill(void)
{
    for (uint32_t w = 0; w < world.config.workers; w++)
        if (worker_lives(w))
            bury(w);
    sim_process_ends(0);
    for (struct child_end end; child_ended(&end);)
        ;
    ended = true;
}

size_t worker_listener(uint32_t w)
{
    return w * world.config.addr_count;
}

void workers_all_free(void)
{
    const struct crew *c = &keeper_server.crew;
    assert_int_equal(crew_rooms(c), 0);
    for (uint32_t w = 0; w < c->count; w++) {
        const struct server *s = &world.servers[w];
        assert_int_equal(s->clients.slots.count, 0);
        assert_int_equal(s->leases.slots.count, 0);
        assert_int_equal(s->inflating.slots.count, 0);
        assert_int_equal(s->leases.kept + s->inflating.kept, 0);
        assert_int_equal(s->rooms.in_use, 0);
        assert_int_equal(s->rooms.store.damaged, 0);
        for (uint32_t i = 0; i < store_used(&s->rooms.store); i++) {
            const struct board_place *p = board_place(&c->board, i, w);
            assert_int_equal(atom_get(&p->members), 0);
            assert_int_equal(atom_get(&c->board.rooms[i].lock), 0);
            assert_int_equal(atom_get(&c->board.rooms[i].open), 0);
        }
    }
}
