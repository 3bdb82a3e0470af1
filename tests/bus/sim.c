/* SPDX-License-Identifier: MIT */
/*
 * bus sim: random runs of several nodes over one Redis, with all that can happen
 * to them, and what must come of it (audit.h).
 *
 * A seed is a run. It draws a plan (how many of all, how small), and which faults
 * there are; then faults and messages come by chance. In the end all is well
 * again: everybody is connected to the one master, and soon nothing is under way
 * any more. Then each worker says something more, which all must hear, without a
 * gap.
 *
 *   TEST_SEED=n BUS_LOUD=1 build/test/bus     one run, and what happens in it
 */
#include "bus/nodes.h"
#include "support/note.h"
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#define ENOUGH      200          /* runs in which everything comes about */
#define TIMEOUT     (120 * 1000) /* until all is idle again */
#define REPLICA_FOR 4500
#define PREFIX      "chatd:r:room "

/* ---- What may happen ------------------------------------------------------------ */

enum event {
    A_CUT,
    A_CUT_OF_ALL,
    A_STUCK_LINK,
    A_RESTART,
    A_LOST_TAIL,
    A_FAILOVER,
    A_SPLIT,
    A_DEMOTION,
    A_PAUSE,
    A_FULL_MEMORY,
    A_FLUSH,
    A_TRIM,
    A_BUS_DEATH,
    A_WORKER_DEATH,
    A_NODE_DEATH,
    A_STOPPED_WORKER,
    A_STOPPED_BUS,
    A_ROOM_LEFT,
    A_DOWN_SERVER,
    AN_OLD_SERVER,
    EVENTS,
    NO_KILL = EVENTS, /* not an event: CLIENT KILL is refused */
    A_LOADING,
    A_LATE_COMMAND,
    A_KILLED_COMMAND,
    A_GAP,
    A_LOSS,
    A_FULL_RING,
    A_BUSY_ROOM,
    A_FULL_TABLE,
    A_WRONG_SERVER,
    AN_END,
    COUNTED,
};

static const struct {
    const char *name;
    unsigned often; /* among 1000 events */
    bool loses;     /* Redis has forgotten something */
    bool mixes;
} kinds[COUNTED] = {
    [A_CUT] = {"cuts", 200, false, false},
    [A_CUT_OF_ALL] = {"cuts of all", 30, false, false},
    [A_STUCK_LINK] = {"stuck links", 30, false, false},
    [A_RESTART] = {"restarts", 20, false, false},
    [A_LOST_TAIL] = {"lost tails", 25, true, false},
    [A_FAILOVER] = {"failovers", 25, true, false},
    [A_SPLIT] = {"splits", 25, true, false},
    [A_DEMOTION] = {"demotions", 60, true, false},
    [A_PAUSE] = {"pauses", 40, false, false},
    [A_FULL_MEMORY] = {"full memories", 30, false, false},
    [A_LOADING] = {"loadings", 0, false, false},
    [A_FLUSH] = {"flushes", 15, true, true},
    [A_TRIM] = {"trims", 30, true, false},
    [A_BUS_DEATH] = {"bus deaths", 60, false, false},
    [A_WORKER_DEATH] = {"worker deaths", 40, false, false},
    [A_NODE_DEATH] = {"node deaths", 10, false, false},
    [A_STOPPED_WORKER] = {"stopped workers", 100, false, false},
    [A_STOPPED_BUS] = {"stopped buses", 40, false, false},
    [A_ROOM_LEFT] = {"rooms left", 160, false, false},
    [A_DOWN_SERVER] = {"servers down", 30, false, false},
    [AN_OLD_SERVER] = {"of an older version", 12, false, false},
    [NO_KILL] = {"without CLIENT KILL", 0, false, false},
    [A_LATE_COMMAND] = {"late bytes", 0, false, false},
    [A_KILLED_COMMAND] = {"killed in time", 0, false, false},
    [A_GAP] = {"gaps", 0, false, false},
    [A_LOSS] = {"losses", 0, false, false},
    [A_FULL_RING] = {"full rings", 0, false, false},
    [A_BUSY_ROOM] = {"rooms not ready", 0, false, false},
    [A_FULL_TABLE] = {"full tables", 0, false, false},
    [AN_END] = {"buses that ended", 0, false, false},
    [A_WRONG_SERVER] = {"stale masters written to", 0, false, false},
};

static uint64_t counts[COUNTED], seeds_run, all_said, all_heard, all_turns;
static bool happens[COUNTED]; /* in this run */
static struct world world;
static uint64_t demoted[NODE_SERVERS]; /* since then it is a replica */

/* What servers had, before it was replaced. */
static struct archive {
    struct redis_log log;
} * archives;
static size_t archive_count;

static uint64_t below(uint64_t bound)
{
    return world_below(&world, bound);
}

static bool once_in(uint64_t times)
{
    return world_once_in(&world, times);
}

static struct redis *master(void)
{
    return &world.servers[world.master];
}

static struct node *some_node(void)
{
    return &world.nodes[below(world.plan.nodes)];
}

static struct worker *some_worker(void)
{
    struct node *n = some_node();
    return &n->workers[below(n->worker_count)];
}

static void tell(const char *what, uint64_t number)
{
    if (world.is_loud)
        printf("%8llu %s %llu\n", (unsigned long long)world.now, what,
               (unsigned long long)number);
}

/* ---- Servers ---------------------------------------------------------------------- */

static void archive(const struct redis *r)
{
    struct redis_log *kept;
    archives = realloc(archives, (archive_count + 1) * sizeof *archives);
    if (!archives)
        abort();
    kept = &archives[archive_count++].log;
    kept->count = kept->size = r->log.count;
    kept->ops = malloc((kept->count + 1) * sizeof *kept->ops);
    if (!kept->ops)
        abort();
    for (size_t i = 0; i < kept->count; i++)
        kept->ops[i] = r->log.ops[i];
}

static void cut_from(const struct redis *r, bool commands)
{
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        if (world.nodes[i].server == r)
            node_cut(&world.nodes[i], commands);
}

static uint64_t index_of(const struct redis *r)
{
    return (uint64_t)(r - world.servers);
}

static void restart(struct redis *r, size_t lost)
{
    tell("restart of server, lost", lost);
    archive(r);
    redis_restart(r, lost);
    cut_from(r, false);
    r->trouble.loading = world.now + below(2) * below(3000);
    counts[A_LOADING] += r->trouble.loading > world.now;
    world.down[index_of(r)] = world.now + below(2) * below(3000);
}

/* Its version is another one, or the one that is wanted again. */
static void restart_as(struct redis *r, enum redis_kind kind)
{
    tell("version of server", index_of(r));
    r->kind = kind;
    restart(r, 0);
}

static size_t some_tail(void)
{
    static const size_t most[] = {1, 2, 5, 20, 100};
    return (size_t)below(most[below(5)]) + 1;
}

static uint32_t another_server(void)
{
    return (world.master + 1 + (uint32_t)below(NODE_SERVERS - 1)) %
           NODE_SERVERS;
}

static void demote(struct redis *r)
{
    if (r == master() || r->is_replica)
        return;
    tell("demotion of server", index_of(r));
    archive(r);
    redis_demote(r, master());
    demoted[index_of(r)] = world.now;
    counts[A_DEMOTION]++;
}

/* Another one is the master. The old one is dead, or goes on. Who was a master
   himself a moment ago is a replica for a while first: longer than any bus can be
   silent without a suspicion. */
static void fail_over(bool splits)
{
    struct redis *old = master();
    uint32_t next = another_server();
    size_t lost = once_in(3) ? 0 : some_tail();
    if (!world.servers[next].is_replica ||
        world.now < demoted[next] + REPLICA_FOR) {
        demote(&world.servers[next]);
        return;
    }
    counts[splits ? A_SPLIT : A_FAILOVER]++;
    tell(splits ? "split, lost" : "failover, lost", lost);
    archive(&world.servers[next]);
    redis_promote(&world.servers[next], old, lost);
    world.master = next;
    if (!splits) {
        archive(old);
        redis_restart(old, 0);
        cut_from(old, false);
        redis_demote(old, master());
        demoted[index_of(old)] = world.now;
    } else
        for (uint32_t i = 0; i < world.plan.nodes; i++)
            if (world.nodes[i].server == old && once_in(2))
                node_cut(&world.nodes[i], true);
}

/* ---- Nodes -------------------------------------------------------------------------- */

static void kill_node(struct node *n)
{
    uint32_t index = n->index;
    node_end(n);
    node_begin(n, &world, index);
}

static void leave_or_come(struct worker *w)
{
    uint32_t name = (uint32_t)below(world.plan.names);
    if (!w->lives)
        return;
    if (w->seats[name].is_wanted)
        worker_leaves(w, name);
    else
        worker_wants(w, name);
}

static void kill_worker(struct worker *w)
{
    if (w->lives)
        worker_dies(w);
    if (once_in(2))
        worker_begins(w);
}

/* A stream that is cut exactly where an epoch begins, between the moment in which
   a node has matched its position and that in which it reads on, looks as if nothing
   was missing: nobody can tell that (yet), and it is left out. */
static bool cuts_at_epoch(const struct redis_stream *s, uint64_t most)
{
    return s->count - s->first > most &&
           s->entries[s->count - most]->id.number == 0;
}

static void trim(void)
{
    struct redis *r = master();
    for (struct redis_stream *s = r->streams; s; s = s->next) {
        uint64_t most = 1 + below(20);
        if (bytes_begins(bytes_of(s->key), BYTES_LITERAL(PREFIX)) &&
            once_in(2) && !cuts_at_epoch(s, most))
            redis_trim(r, s->key, most);
    }
}

static void stick(struct node *n)
{
    if (n->is_connected)
        n->links[below(BUS_LINKS)].stuck = world.now + below(12000);
}

static void happen(enum event e)
{
    struct node *n = some_node();
    struct worker *w = some_worker();
    struct redis *r = master();
    counts[e] += e != A_DEMOTION && e != A_SPLIT && e != A_FAILOVER;
    switch (e) {
    case A_CUT: node_cut(n, !once_in(4)); break;
    case A_CUT_OF_ALL: cut_from(r, true); break;
    case A_STUCK_LINK: stick(n); break;
    case A_RESTART: restart(r, 0); break;
    case A_LOST_TAIL: restart(r, some_tail()); break;
    case A_FAILOVER: fail_over(false); break;
    case A_SPLIT: fail_over(true); break;
    case A_DEMOTION: demote(&world.servers[below(NODE_SERVERS)]); break;
    case A_PAUSE: r->trouble.paused = world.now + below(8000); break;
    case A_FULL_MEMORY:
        r->trouble.out_of_memory = world.now + below(5000);
        break;
    case A_FLUSH: redis_flush(r); break;
    case A_TRIM: trim(); break;
    case A_BUS_DEATH:
        if (n->bus)
            node_bus_dies(n);
        break;
    case A_WORKER_DEATH: kill_worker(w); break;
    case A_NODE_DEATH: kill_node(n); break;
    case A_STOPPED_WORKER: w->stopped = world.now + below(2000); break;
    case A_STOPPED_BUS:
        n->bus_stopped = world.now + below(once_in(3) ? 20000 : 4000);
        break;
    case A_ROOM_LEFT: leave_or_come(w); break;
    case AN_OLD_SERVER: restart_as(r, REDIS_SIX); break;
    case A_DOWN_SERVER:
        world.down[world.master] = world.now + below(3000);
        break;
    default: abort();
    }
}

static void something_happens(void)
{
    uint64_t pick = below(1000);
    for (unsigned e = 0; e < EVENTS; e++) {
        if (pick < kinds[e].often) {
            if (happens[e]) {
                tell(kinds[e].name, 0);
                happen((enum event)e);
            }
            return;
        }
        pick -= kinds[e].often;
    }
}

/* ---- Getting on ------------------------------------------------------------------------ */

static void somebody_says(void)
{
    struct worker *w = some_worker();
    uint32_t name = (uint32_t)below(world.plan.names);
    if (w->lives && w->seats[name].is_open)
        worker_says(w, name, (unsigned)(1 + below(once_in(10) ? 40 : 4)));
    if (w->lives && once_in(5))
        worker_settles(w, name, (uint32_t)below(4));
}

static void check_faults(void)
{
    const struct audit *a = &world.audit;
    if (a->fault)
        fail_msg(
            "%llu ms: %s: room %llu, id %llx-%llu, message %llu",
            (unsigned long long)world.now, a->fault,
            (unsigned long long)a->where[0], (unsigned long long)a->where[1],
            (unsigned long long)a->where[2], (unsigned long long)a->where[3]);
    if (world.fault)
        fail_msg("%llu ms: %s", (unsigned long long)world.now, world.fault);
}

static void tell_ops(const struct redis *r, size_t from)
{
    for (size_t i = from; world.is_loud && i < r->log.count; i++) {
        const struct redis_op *op = r->log.ops[i];
        if (strcmp(op->key, "chatd:bell") != 0)
            printf("%8llu server %llu: %s %s %llx-%llu message %lld\n",
                   (unsigned long long)world.now,
                   (unsigned long long)index_of(r),
                   op->act == REDIS_ADD ? "add" : "other", op->key,
                   (unsigned long long)op->id.epoch,
                   (unsigned long long)op->id.number + 1,
                   op->act == REDIS_ADD
                       ? (long long)node_message_in(redis_value(op))
                       : -1);
    }
}

static void server_turns(struct redis *r)
{
    size_t before = r->log.count;
    redis_turn(r, world.now, world.wall);
    tell_ops(r, before);
}

/* All get on, in some order, each perhaps. */
static bool all_get_on(void)
{
    bool any = false;
    for (uint32_t i = 0; i < world.plan.nodes; i++) {
        struct node *n = &world.nodes[i];
        if (once_in(2))
            node_moves(n);
        any |= !once_in(3) && node_bus_turns(n);
        for (uint32_t k = 0; k < n->worker_count; k++)
            any |= !once_in(3) && worker_turns(&n->workers[k]);
    }
    for (uint32_t i = 0; i < NODE_SERVERS; i++)
        if (!once_in(3))
            server_turns(&world.servers[i]);
    if (once_in(2))
        link_late_moves(world.chance);
    check_faults();
    return any;
}

static void time_passes(uint64_t by)
{
    world.now += by;
    world.wall += by;
}

/* Successors come in a moment, and old servers are replaced. */
static void the_dead_come_back(void)
{
    for (uint32_t i = 0; i < NODE_SERVERS; i++)
        if (world.servers[i].kind == REDIS_SIX)
            restart_as(&world.servers[i], REDIS_SEVEN);
    for (uint32_t i = 0; i < world.plan.nodes; i++) {
        struct node *n = &world.nodes[i];
        if (!n->bus)
            node_bus_begins(n);
        for (uint32_t k = 0; k < n->worker_count; k++)
            if (!n->workers[k].lives)
                worker_begins(&n->workers[k]);
    }
}

static void step(void)
{
    if (once_in(6))
        something_happens();
    if (once_in(3))
        somebody_says();
    if (once_in(10))
        leave_or_come(some_worker());
    if (once_in(20))
        the_dead_come_back();
    for (uint64_t left = 1 + below(6); left > 0; left--) {
        bool any = all_get_on();
        if (!any || once_in(3))
            time_passes(below(once_in(10) ? 1500 : 60));
    }
}

/* ---- All is well -------------------------------------------------------------------------- */

static void heal(void)
{
    tell("all is well", 0);
    the_dead_come_back();
    world.is_well = true;
    memset(world.down, 0, sizeof world.down);
    for (uint32_t i = 0; i < NODE_SERVERS; i++) {
        bool refuses = world.servers[i].trouble.refuses_kill;
        world.servers[i].trouble =
            (struct redis_trouble){.refuses_kill = refuses};
        demote(&world.servers[i]);
    }
    for (uint32_t i = 0; i < world.plan.nodes; i++) {
        struct node *n = &world.nodes[i];
        n->bus_stopped = 0;
        for (unsigned link = 0; link < BUS_LINKS; link++)
            n->links[link].stuck = 0;
        if (n->server != master())
            node_cut(n, true);
        for (uint32_t k = 0; k < n->worker_count; k++)
            n->workers[k].stopped = 0;
    }
}

static bool all_idle(void)
{
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        if (!node_is_idle(&world.nodes[i]))
            return false;
    return true;
}

static void run_for(uint64_t time)
{
    for (uint64_t end = world.now + time; world.now < end;)
        if (!all_get_on() || once_in(4))
            time_passes(1 + below(40));
}

static void say_who_is_not_idle(void)
{
    for (uint32_t i = 0; i < world.plan.nodes; i++) {
        const struct node *n = &world.nodes[i];
        if (node_is_idle(n))
            continue;
        print_message("node %u: %sconnected, state %u, in flight %u\n", i,
                      n->is_connected ? "" : "not ",
                      atom_get(&n->keeper.board.bus->state),
                      atom_get(&n->keeper.board.bus->in_flight));
        for (uint32_t k = 0; k < n->keeper.board.room_count; k++) {
            const struct board_room *room = &n->keeper.board.rooms[k];
            struct span name = store_name(&n->keeper, k);
            print_message("  place %u, %.*s: open %x, asked %x, ready %u\n", k,
                          (int)name.len, (const char *)name.ptr,
                          atom_get(&room->open), atom_get(&room->asked),
                          atom_get(&room->ready));
        }
        for (uint32_t k = 0; k < n->worker_count; k++)
            for (uint32_t name = 0; name < world.plan.names; name++) {
                const struct seat *s = &n->workers[k].seats[name];
                if (s->queued || s->is_wanted != s->is_open)
                    print_message(
                        "  worker %u (%s), room %u: %u queued, %s, %s\n", k,
                        n->workers[k].awake ? "awake" : "asleep", name,
                        s->queued, s->is_wanted ? "wanted" : "not wanted",
                        s->is_open ? "open" : "closed");
            }
    }
}

static void run_until_idle(void)
{
    uint64_t end = world.now + TIMEOUT;
    while (!all_idle() && world.now < end)
        run_for(100);
    if (!all_idle()) {
        say_who_is_not_idle();
        fail_msg("it does not come to rest");
    }
}

/* Everybody says something more, where he is; all of it is heard. */
static void all_say_more(void)
{
    tell("calm", 0);
    world.audit.is_calm = true;
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        for (uint32_t k = 0; k < world.nodes[i].worker_count; k++)
            for (uint32_t name = 0; name < world.plan.names; name++) {
                struct worker *w = &world.nodes[i].workers[k];
                if (w->seats[name].is_open)
                    worker_says(w, name, 2);
            }
}

static void check_presence(void)
{
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        for (uint32_t name = 0; name < world.plan.names; name++) {
            size_t known = node_members(&world.nodes[i], name);
            size_t really = world_members(&world, name);
            if (known != SIZE_MAX && known != really)
                fail_msg("node %u knows %zu members in room %u: there are %zu",
                         i, known, name, really);
        }
}

static void add_history(const struct redis_log *log, bool is_last)
{
    for (uint32_t name = 0; name < world.plan.names; name++) {
        char key[REDIS_KEY];
        uint32_t h = audit_history(&world.audit, name, is_last);
        snprintf(key, sizeof key, PREFIX "%u", name);
        for (size_t i = 0; i < log->count; i++) {
            const struct redis_op *op = log->ops[i];
            if (op->act == REDIS_ADD && strcmp(op->key, key) == 0)
                audit_entry(&world.audit, h,
                            (struct store_id){op->id.epoch, op->id.number + 1},
                            node_message_in(redis_value(op)));
        }
    }
}

static void check_all(void)
{
    for (size_t i = 0; i < archive_count; i++)
        add_history(&archives[i].log, false);
    for (uint32_t i = 0; i < NODE_SERVERS; i++)
        add_history(&world.servers[i].log, i == world.master);
    audit_end(&world.audit);
    check_faults();
    for (uint32_t i = 0; i < NODE_SERVERS; i++)
        if (world.servers[i].strangers)
            fail_msg("a stranger's connection was killed");
    for (uint32_t i = 0; i < world.plan.nodes; i++) {
        const struct board_bus *b = world.nodes[i].keeper.board.bus;
        assert_int_equal(atom_get(&b->state), BOARD_BUS_HERE);
        assert_int_equal(atom_get(&b->in_flight), 0);
    }
}

/* ---- A run ---------------------------------------------------------------------------------- */

static void draw_plan(void)
{
    static const uint32_t streams[] = {4096, 4096, 8192, 65536};
    static const uint32_t rings[] = {4096, 4096, 8192, 65536};
    struct world_plan *p = &world.plan;
    *p = (struct world_plan){
        .nodes = (uint32_t)(2 + below(NODES_MAX - 1)),
        .workers = (uint32_t)(1 + below(NODE_WORKERS)),
        .names = (uint32_t)(1 + below(once_in(2) ? 3 : NODE_NAMES)),
        .stream_size = streams[below(4)],
        .ring_size = rings[below(4)],
        .history = (uint32_t)(1 + below(100)),
        .keep = 86400,
        .has_password = once_in(2),
    };
    p->rooms = once_in(3) ? (uint32_t)(1 + below(p->names)) : p->names;
}

/* Which faults there are: half of the runs forget nothing, and few have all. */
static void draw_faults(void)
{
    bool loses = once_in(2), mixes = loses && once_in(4);
    for (unsigned e = 0; e < COUNTED; e++) {
        happens[e] = !once_in(3) && (loses || !kinds[e].loses) &&
                     (mixes || !kinds[e].mixes);
        if (e < EVENTS && happens[e]) {
            world.audit.rules.may_lose |= kinds[e].loses;
            world.audit.rules.may_mix |= kinds[e].mixes;
            world.audit.rules.may_refuse |= e == A_FULL_MEMORY;
        }
    }
}

static void begin(struct random *chance)
{
    memset(&world, 0, sizeof world);
    memset(demoted, 0, sizeof demoted);
    world.chance = chance;
    world.is_loud = redis_is_loud = getenv("BUS_LOUD") != NULL;
    world.now = 1000;
    world.wall = UINT64_C(1790000000000);
    audit_begin(&world.audit);
    draw_plan();
    draw_faults();
    for (uint32_t i = 0; i < NODE_SERVERS; i++) {
        struct redis *r = &world.servers[i];
        redis_start(r, once_in(4) ? REDIS_VALKEY : REDIS_SEVEN,
                    random_next(chance));
        r->user = world.plan.has_password ? "chatd" : NULL;
        r->password = world.plan.has_password ? "secret" : NULL;
        r->trouble.refuses_kill = happens[NO_KILL] && once_in(2);
        r->node_entries = (uint32_t)(1 + below(100));
        world.audit.rules.may_refuse |= r->trouble.refuses_kill;
        counts[NO_KILL] += r->trouble.refuses_kill;
    }
    for (uint32_t i = 1; i < NODE_SERVERS; i++)
        redis_demote(&world.servers[i], master());
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        node_begin(&world.nodes[i], &world, i);
}

static void count(void)
{
    counts[A_LATE_COMMAND] = link_late_bytes;
    counts[A_KILLED_COMMAND] = link_late_killed;
    counts[A_GAP] += world.audit.gaps;
    counts[A_LOSS] += world.audit.lost;
    counts[A_FULL_RING] += world.full;
    counts[A_BUSY_ROOM] += world.busy;
    counts[A_FULL_TABLE] += world.refusals;
    counts[AN_END] += world.ends;
    counts[A_WRONG_SERVER] += world.stale;
    all_said += world.said;
    all_heard += world.audit.heard;
    all_turns += world.turns;
    seeds_run++;
}

static void end(void)
{
    for (uint32_t i = 0; i < world.plan.nodes; i++)
        node_end(&world.nodes[i]);
    link_late_ends(world.chance);
    for (uint32_t i = 0; i < NODE_SERVERS; i++)
        redis_end(&world.servers[i]);
    for (size_t i = 0; i < archive_count; i++)
        free(archives[i].log.ops);
    free(archives);
    archives = NULL;
    archive_count = 0;
    redis_forget();
    audit_free(&world.audit);
}

static void property_many_nodes_are_one_service(struct random *chance)
{
    begin(chance);
    for (uint64_t left = 300 + below(1200); left > 0; left--)
        step();
    heal();
    run_until_idle();
    run_for(20000); /* others' messages come by the sweep at the latest, and
                       nobody counts who is no longer there */
    all_say_more();
    run_until_idle();
    run_for(20000);
    check_presence();
    link_late_ends(chance); /* what comes now must change nothing */
    run_for(20000);
    check_all();
    count();
    end();
}

static void tell_counts(void)
{
    print_message("%llu runs, %llu turns, %llu said, %llu heard",
                  (unsigned long long)seeds_run, (unsigned long long)all_turns,
                  (unsigned long long)all_said, (unsigned long long)all_heard);
    for (unsigned e = 0; e < COUNTED; e++)
        print_message(", %llu %s", (unsigned long long)counts[e],
                      kinds[e].name);
    print_message("\n");
}

static void test_many_nodes_are_one_service(void **state)
{
    const char *given = getenv("BUS_SEEDS");
    unsigned seeds = given ? (unsigned)strtoul(given, NULL, 10) : 100;
    (void)state;
    RANDOM_PROPERTY(property_many_nodes_are_one_service, seeds);
    tell_counts();
    for (unsigned e = 0; e < COUNTED; e++)
        if (seeds_run >= ENOUGH && counts[e] == 0)
            fail_msg("never happened: %s", kinds[e].name);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_nodes_are_one_service),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
