/* SPDX-License-Identifier: MIT */
#include "keeper/keeper.h"
#include "base/check.h"
#include "os/bell.h"
#include "os/child.h"
#include "os/signals.h"
#include "server/loop.h"
#include "server/start.h"

static struct crew_part *part_of(const struct keeper *k, uint32_t w)
{
    return &k->server->crew.parts[w];
}

static void ring_all(const struct keeper *k)
{
    for (uint32_t w = 0; w < crew_processes(&k->server->crew); w++)
        bell_ring(k->server->crew.bells[w]);
}

/* ---- What becomes of workers --------------------------------------------- */

static bool begin_line(struct keeper *k, struct journal_line *line,
                       enum limits_level level, uint32_t w, const char *what)
{
    struct server *s = k->server;
    if (!journal_begin(&s->journal, line, level, JOURNAL_WORKER, s->wall))
        return false;
    if (keeper_is_bus(k, w))
        journal_put(line, "worker", BYTES_LITERAL("bus"));
    else
        journal_number(line, "worker", w);
    journal_number(line, "pid", (uint64_t)k->workers[w].pid);
    journal_put(line, "what", bytes_of(what));
    return true;
}

static void log_worker(struct keeper *k, enum limits_level level, uint32_t w,
                       const char *what)
{
    struct journal_line line;
    if (begin_line(k, &line, level, w, what))
        journal_end(&line);
}

/* Of those that are ended with the keeper nothing is told; nor of one that could
   not start, and has said why. */
static void log_death(struct keeper *k, uint32_t w, const struct child_end *end)
{
    struct journal_line line;
    bool is_told = !k->started && end->status > 0;
    bool is_end = k->ends || (k->stopping && end->status == 0);
    if (is_told || is_end ||
        !begin_line(k, &line, k->started ? LEVEL_WARN : LEVEL_ERROR, w, "died"))
        return;
    if (end->signal)
        journal_number(&line, "signal", (uint64_t)end->signal);
    else
        journal_number(&line, "status", (uint64_t)end->status);
    journal_end(&line);
}

/* Is this one, which has died, to be made again? The bus as long as workers
   say something: they do while they drain. */
static bool is_wanted(const struct keeper *k, uint32_t w)
{
    const struct crew *c = &k->server->crew;
    return k->started && (!k->stopping ||
                          (keeper_is_bus(k, w) && !atom_get(&c->common->last)));
}

static void start_those_due(struct keeper *k)
{
    struct server *s = k->server;
    for (uint32_t w = 0; w < crew_processes(&s->crew); w++) {
        struct keeper_worker *worker = &k->workers[w];
        if (!is_wanted(k, w) || worker->pid || worker->left ||
            s->now < worker->due)
            continue;
        int result = keeper_make(k, w);
        if (result == 0)
            continue;
        journal_warn(&s->journal, s->wall, "no process for a worker", result);
        worker->due = s->now + WATCH_MOST;
    }
}

/* Does one of the first so many? */
static bool any_runs(const struct keeper *k, uint32_t count)
{
    for (uint32_t w = 0; w < count; w++)
        if (k->workers[w].pid)
            return true;
    return false;
}

static void end_with(struct keeper *k, int status)
{
    if (status > k->status)
        k->status = status;
    k->ends = true;
}

/* Who stops ends when all have; the bus is the last, for what workers have said
   until their end is to be sent. */
static void end_with_the_last(struct keeper *k)
{
    const struct crew *c = &k->server->crew;
    if (!k->stopping || any_runs(k, c->count))
        return;
    if (!any_runs(k, crew_processes(c))) {
        k->ends = true;
    } else if (!atom_swap(&c->common->last, 1)) {
        bell_ring(c->bells[c->count]);
    }
}

/* One that ended by itself could not start, or could not go on, and has said
   why; before all have served nobody is replaced. */
static void note_death(struct keeper *k, uint32_t w,
                       const struct child_end *end)
{
    struct keeper_worker *worker = &k->workers[w];
    log_death(k, w, end);
    worker->pid = 0;
    worker->serves = false;
    worker->left = true;
    worker->due = k->server->now + watch_died(&worker->watch, k->server->now);
    end_with_the_last(k);
    if (k->stopping && end->status != 0 && k->status == 0)
        k->status = 1;
    if (!k->stopping && (end->status >= 0 || !k->started))
        end_with(k, end->status > 1 ? end->status : 1);
}

static void reap(struct keeper *k)
{
    struct child_end end;
    while (child_ended(&end))
        for (uint32_t w = 0; w < crew_processes(&k->server->crew); w++)
            if (k->workers[w].pid == end.pid)
                note_death(k, w, &end);
}

/* What the dead have left is cleared. One may be in another's way. */
static void bury_all(struct keeper *k)
{
    struct crew *c = &k->server->crew;
    uint32_t count = crew_processes(c);
    for (uint32_t i = 0; i < 2 * count; i++) {
        uint32_t w = i % count, wake;
        if (!k->workers[w].left)
            continue;
        k->workers[w].left = crew_bury(c, w, &wake) != STORE_DONE;
        crew_wake(c, wake);
    }
}

/* Who serves by now. At the start one is made after the other, so that what
   keeps one from it is said once. */
static void note_serving(struct keeper *k)
{
    struct server *s = k->server;
    uint32_t serve = 0, count = crew_processes(&s->crew);
    for (uint32_t w = 0; w < count; w++) {
        struct keeper_worker *worker = &k->workers[w];
        if (worker->pid && !worker->serves &&
            atom_acquire(&part_of(k, w)->serves)) {
            worker->serves = true;
            s->sandbox &= atom_get(&part_of(k, w)->sandbox);
            if (k->started)
                log_worker(k, LEVEL_INFO, w, "started");
        }
        serve += worker->serves;
    }
    if (k->started || k->stopping || k->ends)
        return;
    uint32_t next = keeper_next(k, serve);
    if (serve == count) {
        k->started = true;
        start_log(s);
        server_tell(s, "READY=1");
        s->alive_at = s->now + s->config->supervised.watchdog;
    } else if (k->workers[next].pid == 0) {
        int result = keeper_make(k, next);
        if (result < 0) {
            journal_warn(&s->journal, s->wall, "no process for a worker",
                         result);
            end_with(k, SERVER_FAILED);
        }
    }
}

/* ---- Watching ------------------------------------------------------------ */

/* Without clients, and until one stops, there is nothing to look at. Whoever
   comes after this finds that nobody watches. */
static uint64_t next_look(struct keeper *k)
{
    const struct crew *c = &k->server->crew;
    uint64_t next = k->server->now + WATCH_LOOK;
    if (k->stopping)
        return next;
    atom_swap(&c->common->watched, 0);
    atom_fence();
    if (crew_sum(c, CREW_SLOTS) == 0)
        return UINT64_MAX;
    atom_put(&c->common->watched, 1);
    return next;
}

/* True while it is poked. */
static bool look_at_one(struct keeper *k, uint32_t w, uint64_t since)
{
    struct keeper_worker *worker = &k->workers[w];
    if (!worker->serves)
        return false;
    switch (watch_look(&worker->watch, keeper_turns(k, w), since)) {
    case WATCH_WELL: return false;
    case WATCH_WAKE: bell_ring(k->server->crew.bells[w]); return true;
    case WATCH_HANGS: break;
    }
    log_worker(k, LEVEL_WARN, w, "hangs");
    child_kill(worker->pid);
    return false;
}

static void look(struct keeper *k)
{
    struct server *s = k->server;
    bool poking = false;
    if (k->look_at == UINT64_MAX && atom_get(&s->crew.common->watched))
        k->look_at = s->now + WATCH_LOOK;
    if (s->now < k->look_at)
        return;
    for (uint32_t w = 0; w < crew_processes(&s->crew); w++)
        poking |= look_at_one(k, w, s->now - k->looked);
    poking |= k->doubt;
    k->doubt = false;
    k->looked = s->now;
    k->look_at = poking ? s->now + WATCH_POKE : next_look(k);
}

/* One may have stopped just now: look, to see then whether it goes on. But pokes
   keep their distance. */
static void look_soon(struct keeper *k)
{
    k->doubt = true;
    if (k->look_at > k->server->now + WATCH_POKE)
        k->look_at = k->server->now;
}

/* A sign of life is given for all of them: each has taken a turn since the last
   one, for which it is woken. */
static void tell_alive(struct keeper *k)
{
    struct server *s = k->server;
    uint64_t next = s->config->supervised.watchdog;
    bool all = true;
    if (s->untold)
        server_tell(s, s->untold);
    if (!next || !k->started || s->now < s->alive_at)
        return;
    for (uint32_t w = 0; w < crew_processes(&s->crew); w++) {
        uint32_t turns = keeper_turns(k, w);
        all &= !k->workers[w].serves || turns != k->workers[w].alive;
        k->workers[w].alive = turns;
    }
    ring_all(k);
    if (!all)
        look_soon(k);
    else if (!supervise_tell(s->supervisor, "WATCHDOG=1"))
        next = bytes_min64(next, LIMITS_REST);
    s->alive_at = s->now + next;
}

/* ---- Signals ------------------------------------------------------------- */

static void stop(struct keeper *k)
{
    struct server *s = k->server;
    if (k->stopping) {
        loop_log_stop(s, "aborted");
        end_with(k, 1);
        return;
    }
    k->stopping = true;
    loop_log_stop(s, "draining");
    server_tell(s, "STOPPING=1");
    keeper_unlisten(k);
    atom_release(&s->crew.common->stop, 1);
    ring_all(k);
    k->look_at = s->now + WATCH_LOOK;
    end_with_the_last(k);
}

static void handle_signals(struct keeper *k)
{
    enum signals_event event;
    while ((event = signals_read(k->signals)) != SIGNALS_NONE) {
        if (event == SIGNALS_CHILD)
            look_soon(k);
        else if (event == SIGNALS_STATE)
            loop_log_state(k->server);
        else
            stop(k);
    }
    reap(k);
}

/* ---- Turns --------------------------------------------------------------- */

uint64_t keeper_patience(const struct keeper *k)
{
    const struct server *s = k->server;
    uint64_t until = k->look_at;
    for (uint32_t w = 0; w < crew_processes(&s->crew); w++)
        if (!is_wanted(k, w))
            continue;
        else if (k->workers[w].left)
            until = bytes_min64(until, s->now + WATCH_AGAIN);
        else if (!k->workers[w].pid)
            until = bytes_min64(until, k->workers[w].due);
    if (k->started && s->config->supervised.watchdog)
        until = bytes_min64(until, s->alive_at);
    uint64_t wait = until == UINT64_MAX ? REACTOR_FOREVER
                    : until > s->now    ? until - s->now
                                        : 0;
    if (s->untold)
        wait = bytes_min64(wait, LIMITS_REST);
    if (s->journal.owing)
        wait = bytes_min64(wait, 1000 - s->wall % 1000);
    return wait;
}

bool keeper_turn(struct keeper *k)
{
    struct reactor_event events[REACTOR_EVENTS];
    int count = reactor_wait(k->reactor, events, keeper_patience(k));
    CHECK(count >= 0);
    server_read_clocks(k->server);
    for (int i = 0; i < count; i++)
        if (events[i].token == KEEPER_TOKEN_SIGNALS)
            handle_signals(k);
    bury_all(k);
    note_serving(k);
    look(k);
    start_those_due(k);
    tell_alive(k);
    return !k->ends;
}

/* They are waited for: what they have open, addresses too, is free then. */
void keeper_end(struct keeper *k)
{
    struct server *s = k->server;
    keeper_unlisten(k);
    for (uint32_t w = 0; w < crew_processes(&s->crew); w++)
        if (k->workers[w].pid)
            child_kill(k->workers[w].pid);
    reap(k);
    while (any_runs(k, crew_processes(&s->crew))) {
        struct reactor_event events[REACTOR_EVENTS];
        (void)reactor_wait(k->reactor, events, REACTOR_FOREVER);
        while (signals_read(k->signals) != SIGNALS_NONE)
            ;
        reap(k);
    }
    server_close_store(s);
    if (s->journal.owing)
        journal_settle(&s->journal, s->wall);
}

int keeper_run(struct server *s, const struct config *config,
               const struct service_site *site,
               int (*complain)(const struct text *why, int status))
{
    static struct keeper keeper;
    uint8_t bytes[512];
    struct text why = text_over(bytes, sizeof bytes);
    keeper.complain = complain;
    int status = keeper_start(&keeper, s, config, site, &why);
    if (status != 0)
        return complain(&why, status);
    while (keeper_turn(&keeper))
        ;
    if (keeper.status == 0)
        loop_log_stop(s, "stopped");
    keeper_end(&keeper);
    return keeper.status;
}
