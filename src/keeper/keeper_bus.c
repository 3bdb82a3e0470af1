/* SPDX-License-Identifier: MIT */
/* The bus of a service: what it is made of, and its life. */
#include "bus/run.h"
#include "keeper/keeper.h"
#include "os/bell.h"
#include "os/entropy.h"
#include "server/start.h"

static struct store store_of(const struct server *s)
{
    return (struct store){
        .map = s->crew.map,
        .board = s->crew.board,
        .worker = s->crew.count,
        .proposals = s->crew.proposals,
    };
}

static struct run_plan plan_of(const struct server *s)
{
    const struct config *config = s->config;
    const struct limits_login *login = config->login;
    struct run_plan plan = {
        .bus = {.prefix = bytes_of(config->redis_prefix),
                .keep = config->redis_keep,
                .history = config->history,
                .entry_max = map_stream_size(config->room_log) / 4},
        .addresses = config->redis_addrs,
        .address_count = config->redis_count,
        .bells = s->crew.bells,
    };
    if (login)
        plan.bus.user = bytes_span(login->bytes, login->user_len);
    if (login)
        plan.bus.password =
            bytes_span(login->bytes + login->password, login->password_len);
    return plan;
}

/* Before the map is there, as it will be. */
size_t keeper_measure_bus(const struct keeper *k)
{
    struct store store = store_of(k->server);
    struct run_plan plan = plan_of(k->server);
    store.map.stream_size = map_stream_size(k->server->config->room_log);
    store.board.worker_count = crew_processes(&k->server->crew);
    store.board.room_count = k->server->config->rooms;
    return run_measure(&plan, &store);
}

/* ---- In its process ------------------------------------------------------ */

/* All listeners are the others'; nothing is a file of ours. */
static void let_go(const struct keeper *k)
{
    struct server *s = k->server;
    keeper_let_go(k, s->crew.count);
    for (size_t i = 0; i < s->listener_count; i++)
        if (s->listeners[i].shared)
            socket_close(s->listeners[i].fd);
    if (s->folder >= 0)
        socket_close(s->folder);
    s->folder = s->supervisor = -1;
}

static int start(struct server *s, struct run *r, struct run_plan *plan,
                 struct text *why)
{
    struct store store = store_of(s);
    server_read_clocks(s);
    s->crew.worker = s->crew.count;
    s->journal = (struct journal){.level = s->config->level};
    *plan = plan_of(s);
    plan->ends = &s->crew.common->last;
    int result =
        entropy_fill((uint8_t *)&plan->bus.random, sizeof plan->bus.random);
    if (result < 0)
        return server_failed(why, "no random bytes", result);
    result = run_open(r, plan, &store);
    if (result == RUN_NO_MEMORY)
        return server_no_memory(why, run_measure(plan, &store));
    if (result < 0)
        return server_failed(why, "no epoll for the bus", result);
    return start_enter_sandbox(s, why);
}

static void put_address(struct text *t, const struct run *r)
{
    socket_put_address(t, run_address(r));
}

/* What was told of each address: it is tried again and again, in vain for the
   same reason. */
static bool is_told(struct run *r, struct span news)
{
    static uint64_t told[LIMITS_REDIS];
    uint64_t hash = bytes_hash(1, news);
    bool again = told[r->dialled] == hash;
    if (run_is_here(r))
        memset(told, 0, sizeof told);
    told[r->dialled] = hash;
    return again;
}

/* A line for what has changed. */
static void log_news(struct server *s, struct run *r)
{
    struct journal_line line;
    uint8_t bytes[160];
    struct text at = text_over(bytes, sizeof bytes);
    struct span news = run_news(r);
    bool here = run_is_here(r);
    struct span state = bytes_of(here ? "here" : "away");
    if (news.len == 0 || is_told(r, news) ||
        !journal_begin(&s->journal, &line, here ? LEVEL_INFO : LEVEL_WARN,
                       JOURNAL_REDIS, s->wall))
        return;
    put_address(&at, r);
    journal_put(&line, "addr", text_span(&at));
    journal_put(&line, "state", state);
    if (!bytes_equal(news, state))
        journal_put(&line, "what", news);
    journal_end(&line);
}

/* What it has found makes no sense: at the start that is the end. */
static int give_up(struct keeper *k, struct run *r, struct text *why)
{
    text_string(why, "--redis ");
    put_address(why, r);
    text_string(why, ": ");
    text_put(why, run_news(r));
    return k->complain(why, SERVER_FAILED);
}

static void serve(struct keeper *k)
{
    struct server *s = k->server;
    struct crew_part *part = &s->crew.parts[s->crew.count];
    atom_put(&part->sandbox, s->sandbox);
    atom_release(&part->serves, 1);
    bell_ring(s->crew.keeper_bell);
}

int keeper_bus(struct keeper *k)
{
    static struct run run;
    static struct run_plan plan;
    uint8_t bytes[512];
    struct text why = text_over(bytes, sizeof bytes);
    struct server *s = k->server;
    bool serves = false;
    let_go(k);
    int status = start(s, &run, &plan, &why);
    if (status != 0)
        return k->complain(&why, status);
    run.settled = k->started; /* one that is made again ends nobody */
    while (run_turn(&run)) {
        server_read_clocks(s);
        log_news(s, &run);
        if (!serves && run_settled(&run))
            serve(k);
        serves = run_settled(&run);
    }
    if (run.status != 0)
        return give_up(k, &run, &why);
    log_news(s, &run);
    return 0;
}
