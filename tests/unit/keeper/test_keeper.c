/* SPDX-License-Identifier: MIT */
/*
 * Goal: the keeper has as many workers as it should, tells each thing once, and
 * leaves nothing behind, whatever fails and whoever dies.
 *
 * Its children are the simulated kernel's: they do nothing, and what a worker
 * would write in the shared memory a test writes for it.
 */
#include "keeper/keeper.h"
#include "os/bell.h"
#include "os/child.h"
#include "server/start.h"
#include "service/site.h"
#include "sim/os.h"
#include "support/note.h"
#include "support/unit.h"

#include <errno.h>

#define WORKERS 3

static struct keeper keeper;
static struct server server;
static struct config config;
static struct note note;

static int complain(const struct text *why, int status)
{
    (void)why;
    return status;
}

static int begin(void **state)
{
    (void)state;
    config = (struct config){
        .addrs = {{.family = SOCKET_ANY, .port = 6868}},
        .addr_count = 1,
        .workers = WORKERS,
        .clients = 8,
        .rooms = 3,
        .room_log = 4096,
        .history = 10,
        .max_message = 1024,
        .buffers = 8,
        .compression = true,
        .level = LEVEL_INFO,
    };
    keeper.complain = complain;
    sim_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    sim_end();
    return 0;
}

/* ---- What happens -------------------------------------------------------- */

static int try_to_start(struct text *why)
{
    return keeper_start(&keeper, &server, &config, &site_chatd, why);
}

static void start(void)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    if (try_to_start(&why) != 0)
        fail_msg("%s", (const char *)bytes);
}

static void settle(void)
{
    for (unsigned turns = 0; !keeper.ends; turns++) {
        keeper_turn(&keeper);
        if (sim_events() == 0 && keeper_patience(&keeper) > 0)
            return;
        assert_true(turns < 1000);
    }
}

/* Time passes, as far at once as the keeper wants to sleep. */
static void pass(uint64_t milliseconds)
{
    settle();
    while (milliseconds > 0 && !keeper.ends) {
        uint64_t step = bytes_min64(milliseconds, keeper_patience(&keeper));
        sim_pass(step);
        milliseconds -= step;
        settle();
    }
}

static void serve(uint32_t w)
{
    struct crew_part *part = &server.crew.parts[w];
    assert_true(keeper.workers[w].pid > 0);
    atom_put(&part->sandbox, SANDBOX_ALL);
    atom_put(&part->serves, 1);
    bell_ring(server.crew.keeper_bell);
    settle();
}

static void start_all(void)
{
    start();
    for (uint32_t w = 0; w < WORKERS; w++)
        serve(w);
}

static int pid_of(uint32_t w)
{
    return keeper.workers[w].pid;
}

static void take_turn(uint32_t w)
{
    struct crew own = server.crew;
    own.worker = w;
    crew_turned(&own);
}

static void has_clients(uint32_t w, uint32_t count)
{
    struct crew own = server.crew;
    const uint32_t now[CREW_GAUGES] = {[CREW_REGULAR] = count,
                                       [CREW_SLOTS] = count,
                                       [CREW_STATE + CLIENT_OPEN] = count};
    own.worker = w;
    crew_tell(&own, now, NULL);
    settle();
}

static unsigned lines_with(const char *words)
{
    struct span log = sim_log(), w = bytes_of(words);
    unsigned count = 0;
    for (size_t i = 0; i + w.len <= log.len; i++)
        count += memcmp(log.ptr + i, w.ptr, w.len) == 0;
    return count;
}

static unsigned living(void)
{
    unsigned count = 0;
    for (int i = 0; i < sim_children(); i++)
        count += sim_child_lives(SIM_CHILD + i);
    return count;
}

/* ---- The start ----------------------------------------------------------- */

static void test_workers_are_made_one_after_the_other(void **state)
{
    (void)state;
    start();
    settle();
    for (uint32_t w = 0; w < WORKERS; w++) {
        assert_int_equal(sim_children(), w + 1);
        assert_int_equal(lines_with("event=start"), 0);
        serve(w);
    }
    assert_int_equal(sim_children(), WORKERS);
    assert_int_equal(lines_with("event=start"), 1);
    assert_int_equal(lines_with(" workers=3 sandbox=no_new_privs,landlock,"
                                "seccomp\n"),
                     1);
    assert_int_equal(lines_with("event=worker"), 0);
}

static void test_what_is_reserved_is_of_all_together(void **state)
{
    (void)state;
    start_all();
    size_t own = start_measure(&server);
    assert_true(server.reserved > WORKERS * own);
    assert_true(server.reserved < (WORKERS + 1) * own);
    assert_int_equal(sim_count(SIM_MEMORY), 0); /* each worker's own */
    assert_int_equal(sim_count(SIM_SHARE), 1);
}

static void test_the_sandbox_told_is_what_all_have(void **state)
{
    (void)state;
    start();
    atom_put(&server.crew.parts[0].sandbox, SANDBOX_SECCOMP);
    atom_put(&server.crew.parts[0].serves, 1);
    bell_ring(server.crew.keeper_bell);
    settle();
    serve(1);
    serve(2);
    assert_int_equal(lines_with("sandbox=seccomp\n"), 1);
}

static void test_it_goes_into_a_sandbox_of_its_own(void **state)
{
    (void)state;
    config.user = "ann";
    start();
    const struct sandbox_plan *plan = sim_sandboxed();
    assert_non_null(plan);
    assert_true(plan->keeps);
    assert_int_equal(plan->bell_count, WORKERS + 1);
    assert_int_equal(plan->bells[WORKERS], server.crew.keeper_bell);
    assert_int_equal(sim_user(), 7);
}

static void test_each_worker_has_listeners_of_its_own(void **state)
{
    (void)state;
    assert_true(socket_parse(bytes_of("unix:/run/chatd"), &config.addrs[1]));
    config.addr_count = 2;
    start();
    for (uint32_t w = 1; w < WORKERS; w++) {
        assert_int_not_equal(keeper.workers[w].fds[0],
                             keeper.workers[w - 1].fds[0]);
        assert_int_equal(keeper.workers[w].fds[1],
                         keeper.workers[w - 1].fds[1]);
    }
    assert_int_equal(sim_socket_files(), 1);
    assert_int_equal(sim_count(SIM_LISTEN), WORKERS + 1);
}

static void test_sockets_handed_over_are_shared(void **state)
{
    (void)state;
    sim_hand_over("127.0.0.1:1");
    config.supervised.sockets = 1;
    config.default_addr = true;
    start();
    assert_int_equal(sim_count(SIM_LISTEN), 0);
    for (uint32_t w = 0; w < WORKERS; w++)
        assert_int_equal(keeper.workers[w].fds[0], SUPERVISE_FIRST);
}

/* The start, with its call number n failing. False when there are fewer. */
static bool start_without(uint64_t n)
{
    uint8_t bytes[256] = "";
    struct text why = text_over(bytes, sizeof bytes - 1);
    config.per_ip = 5;
    config.static_folder = "folder";
    config.user = "ann";
    assert_true(socket_parse(bytes_of("unix:/run/chatd"), &config.addrs[1]));
    config.addr_count = 2;
    sim_fail(SIM_ANY, n, 1, ENOMEM);
    int result = try_to_start(&why);
    if (result != 0) {
        assert_int_equal(bytes_find(bytes_of((char *)bytes), '\n'), why.len);
        assert_true(why.len > 10 && !why.overflow);
        assert_int_equal(sim_connect(0, "192.0.2.1:1"), -1);
        assert_int_equal(sim_socket_files(), 0);
        assert_int_equal(living(), 0);
        return sim_count(SIM_ANY) > n;
    }
    /* It goes on: it ends with a status, or all serve. */
    for (uint32_t w = 0; w < WORKERS && !keeper.ends; w++)
        if (pid_of(w))
            serve(w);
    settle();
    assert_true(keeper.ends ? keeper.status == 1 : keeper.started);
    bool was_reached = sim_count(SIM_ANY) > n;
    keeper_end(&keeper);
    assert_int_equal(living(), 0);
    assert_int_equal(sim_socket_files(), 0);
    return was_reached;
}

static void test_whatever_fails_at_the_start_it_ends_in_a_sentence(void **state)
{
    (void)state;
    for (uint64_t n = 0; start_without(n); n++) {
        note_open(&note, "the start", "failing call", n);
        end(NULL);
        begin(NULL);
        note_close(&note);
    }
}

static void test_one_that_cannot_start_ends_all_with_its_status(void **state)
{
    (void)state;
    for (int status = 1; status <= 2; status++) {
        start();
        serve(0);
        sim_child_ends(pid_of(1), status, 0);
        settle();
        assert_true(keeper.ends);
        assert_int_equal(keeper.status, status);
        keeper_end(&keeper);
        assert_int_equal(living(), 0);
        assert_int_equal(sim_log().len, 0); /* it has said why */
        end(NULL);
        begin(NULL);
    }
}

static void test_one_that_is_killed_as_it_starts_ends_all(void **state)
{
    (void)state;
    start();
    sim_child_ends(pid_of(0), 0, 31);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(
        lines_with("level=error event=worker worker=0 pid=100 what=died "
                   "signal=31\n"),
        1);
}

static void test_a_term_during_the_start_is_one(void **state)
{
    (void)state;
    start();
    serve(0);
    sim_signal(SIGNALS_STOP);
    settle();
    assert_int_equal(atom_get(&server.crew.common->stop), 1);
    for (uint32_t w = 0; w < WORKERS; w++)
        if (pid_of(w))
            sim_child_ends(pid_of(w), 0, 0);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 0);
    assert_int_equal(lines_with("event=start"), 0);
}

/* ---- Deaths -------------------------------------------------------------- */

static void test_a_dead_one_is_replaced_at_once(void **state)
{
    (void)state;
    start_all();
    has_clients(1, 4);
    sim_forget_log();
    sim_child_ends(pid_of(1), 0, 11);
    settle();
    assert_int_equal(sim_children(), WORKERS + 1);
    assert_int_equal(crew_sum(&server.crew, CREW_REGULAR), 0);
    assert_int_equal(
        lines_with("level=warn event=worker worker=1 pid=101 what=died "
                   "signal=11\n"),
        1);
    assert_int_equal(lines_with("what=started"), 0);
    serve(1);
    assert_int_equal(
        lines_with("level=info event=worker worker=1 pid=103 what=started\n"),
        1);
    assert_int_equal(lines_with("event=start "), 0);
}

static void test_who_dies_again_waits(void **state)
{
    (void)state;
    start_all();
    sim_child_ends(pid_of(1), 0, 11);
    settle();
    sim_child_ends(pid_of(1), 0, 11);
    settle();
    assert_int_equal(living(), WORKERS - 1);
    assert_int_equal(keeper_patience(&keeper), WATCH_FIRST);
    pass(WATCH_FIRST - 1);
    assert_int_equal(living(), WORKERS - 1);
    pass(1);
    assert_int_equal(living(), WORKERS);
}

static void test_two_that_die_in_each_others_way_are_replaced(void **state)
{
    (void)state;
    start_all();
    assert_true(board_lock(&server.crew.board.table->lock, 2));
    sim_child_ends(pid_of(0), 0, 9);
    settle();
    assert_int_equal(living(), WORKERS - 1);
    assert_int_equal(keeper_patience(&keeper), WATCH_AGAIN);
    sim_child_ends(pid_of(2), 0, 9);
    settle();
    assert_int_equal(living(), WORKERS);
}

static void test_the_last_of_32_is_woken_by_a_death(void **state)
{
    (void)state;
    static struct store_reader readers[3];
    uint32_t room;
    bool anew;
    config.workers = BOARD_WORKERS;
    start();
    for (uint32_t w = 0; w < BOARD_WORKERS; w++)
        serve(w);
    struct store last = {.map = server.crew.map,
                         .board = server.crew.board,
                         .worker = BOARD_WORKERS - 1,
                         .readers = readers};
    assert_int_equal(
        store_open(&last, BYTES_LITERAL("tea"), 1, 0, &room, &anew),
        STORE_DONE);
    while (store_rung(&last) != STORE_NONE)
        ;
    assert_true(store_sleep(&last));
    uint64_t rung = sim_rung(server.crew.bells[BOARD_WORKERS - 1]);
    sim_child_ends(pid_of(0), 0, 9);
    settle();
    /* For its room, and because somebody is looked at. */
    assert_int_equal(sim_rung(server.crew.bells[BOARD_WORKERS - 1]), rung + 2);
}

static void test_one_that_ends_by_itself_ends_all(void **state)
{
    (void)state;
    for (int status = 0; status < 2; status++) {
        start_all();
        sim_child_ends(pid_of(1), status, 0);
        settle();
        assert_true(keeper.ends);
        assert_int_equal(keeper.status, 1);
        assert_int_equal(lines_with("what=died status="), 1);
        keeper_end(&keeper);
        assert_int_equal(living(), 0);
        end(NULL);
        begin(NULL);
    }
}

static void test_an_orphan_is_buried_and_forgotten(void **state)
{
    (void)state;
    start_all();
    int orphan = child_fork();
    sim_forget_log();
    sim_child_ends(orphan, 1, 0);
    settle();
    assert_false(keeper.ends);
    assert_int_equal(sim_log().len, 0);
    struct child_end none;
    assert_false(child_ended(&none));
}

static void test_a_machine_without_processes_is_asked_again(void **state)
{
    (void)state;
    start_all();
    sim_fail(SIM_FORK, 0, 1, EAGAIN);
    sim_child_ends(pid_of(2), 0, 9);
    settle();
    assert_int_equal(living(), WORKERS - 1);
    assert_int_equal(lines_with("why=\"no process for a worker\""), 1);
    pass(WATCH_MOST);
    assert_int_equal(living(), WORKERS);
}

/* ---- Watching ------------------------------------------------------------ */

static void test_without_clients_there_is_no_timer(void **state)
{
    (void)state;
    start_all();
    settle();
    assert_true(keeper_patience(&keeper) == REACTOR_FOREVER);
    has_clients(0, 1);
    assert_int_equal(keeper_patience(&keeper), WATCH_LOOK);
    has_clients(0, 0);
    for (uint32_t w = 0; w < WORKERS; w++)
        take_turn(w);
    pass(WATCH_LOOK);
    assert_true(keeper_patience(&keeper) == REACTOR_FOREVER);
    has_clients(2, 1);
    assert_int_equal(keeper_patience(&keeper), WATCH_LOOK);
}

/* All take a turn whenever they are woken, but one. */
static void live_without(uint32_t hanging, uint64_t milliseconds)
{
    for (uint64_t i = 0; i < milliseconds / 50 && !keeper.ends; i++) {
        for (uint32_t w = 0; w < WORKERS; w++)
            if (w != hanging)
                take_turn(w);
        pass(50);
    }
}

static void test_one_that_hangs_is_replaced(void **state)
{
    (void)state;
    start_all();
    has_clients(0, 1);
    int pid = pid_of(1);
    uint64_t rung = sim_rung(server.crew.bells[1]);
    live_without(WORKERS, WATCH_LOOK + 1000);
    /* The next look finds that it took turns since; the one after that none. */
    live_without(1, 2 * WATCH_LOOK - 1000 + (WATCH_POKES - 2) * WATCH_POKE);
    assert_true(sim_child_lives(pid));
    live_without(1, 4 * WATCH_POKE);
    assert_false(sim_child_lives(pid));
    assert_true(sim_rung(server.crew.bells[1]) >= rung + WATCH_POKES);
    assert_int_equal(lines_with("worker=1 pid=101 what=hangs\n"), 1);
    assert_int_equal(lines_with("worker=1 pid=101 what=died signal=9\n"), 1);
    assert_int_equal(living(), WORKERS);
    assert_int_equal(lines_with("what=died"), 1);
}

static void test_one_that_is_stopped_is_looked_at_at_once(void **state)
{
    (void)state;
    start_all();
    int pid = pid_of(1);
    live_without(WORKERS, 100);
    sim_signal(SIGNALS_CHILD);
    live_without(1, (WATCH_POKES - 1) * WATCH_POKE);
    assert_true(sim_child_lives(pid));
    live_without(1, 4 * WATCH_POKE);
    assert_false(sim_child_lives(pid));
    serve(1);
    live_without(WORKERS, 1000);
    assert_true(keeper_patience(&keeper) == REACTOR_FOREVER);
}

static void test_pokes_keep_their_distance(void **state)
{
    (void)state;
    start_all();
    sim_signal(SIGNALS_CHILD);
    pass(0);
    uint64_t rung = sim_rung(server.crew.bells[1]);
    for (unsigned i = 0; i < 10; i++)
        sim_signal(SIGNALS_CHILD);
    pass(WATCH_POKE - 1);
    assert_true(sim_rung(server.crew.bells[1]) == rung);
    pass(1);
    assert_true(sim_rung(server.crew.bells[1]) == rung + 1);
}

static void test_a_machine_that_stood_still_replaces_nobody(void **state)
{
    (void)state;
    start_all();
    has_clients(0, 1);
    sim_signal(SIGNALS_CHILD);
    for (unsigned i = 0; i < 10; i++) {
        pass((WATCH_POKES - 1) * WATCH_POKE);
        sim_pass(60000);
        settle();
    }
    assert_int_equal(living(), WORKERS);
    assert_int_equal(sim_children(), WORKERS);
}

/* ---- Signals ------------------------------------------------------------- */

static void test_term_is_told_to_all_and_waited_for(void **state)
{
    (void)state;
    config.supervised.notify = "/run/notify";
    start_all();
    assert_string_equal(sim_told(), "READY=1\n");
    has_clients(0, 2);
    has_clients(2, 3);
    sim_signal(SIGNALS_STOP);
    settle();
    assert_string_equal(sim_told(), "STOPPING=1\n");
    assert_int_equal(lines_with("event=stop what=draining clients=5\n"), 1);
    assert_int_equal(atom_get(&server.crew.common->stop), 1);
    for (size_t i = 0; i < WORKERS; i++)
        assert_int_equal(sim_connect(i, "192.0.2.1:1"), -1);
    for (uint32_t w = 0; w < WORKERS; w++) {
        assert_true(sim_rung(server.crew.bells[w]) > 0);
        assert_false(keeper.ends);
        sim_child_ends(pid_of(w), 0, 0);
        settle();
    }
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 0);
    assert_int_equal(lines_with("what=died"), 0);
    assert_int_equal(sim_children(), WORKERS); /* nobody is replaced */
}

static void test_a_death_while_it_drains_is_an_exit_status(void **state)
{
    (void)state;
    start_all();
    sim_signal(SIGNALS_STOP);
    settle();
    sim_child_ends(pid_of(0), 0, 9);
    sim_child_ends(pid_of(1), 0, 0);
    sim_child_ends(pid_of(2), 0, 0);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(lines_with("what=died signal=9"), 1);
}

static void test_who_hangs_does_not_hold_up_the_end(void **state)
{
    (void)state;
    start_all();
    sim_signal(SIGNALS_STOP);
    settle();
    sim_child_ends(pid_of(0), 0, 0);
    sim_child_ends(pid_of(2), 0, 0);
    pass(2 * WATCH_LOOK + (WATCH_POKES + 2) * WATCH_POKE);
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(living(), 0);
}

static void test_a_second_term_ends_all_at_once(void **state)
{
    (void)state;
    start_all();
    sim_signal(SIGNALS_STOP);
    settle();
    sim_signal(SIGNALS_STOP);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(lines_with("event=stop what=aborted"), 1);
    keeper_end(&keeper);
    assert_int_equal(living(), 0);
    assert_int_equal(lines_with("what=died"), 0);
}

static void test_usr1_is_one_line_of_all(void **state)
{
    (void)state;
    start_all();
    has_clients(0, 2);
    has_clients(1, 3);
    sim_forget_log();
    sim_signal(SIGNALS_STATE);
    settle();
    assert_int_equal(
        lines_with("event=state clients=5 closing=0 http=0 slots=5 "
                   "slots_max=8 rooms=0 rooms_max=3 buffers=0 "
                   "buffers_max=24\n"),
        1);
    assert_int_equal(lines_with("event="), 1);
}

/* ---- With a bus ---------------------------------------------------------- */

#define BUS WORKERS /* its place, behind the workers */

static void redis(uint32_t workers)
{
    config.workers = workers;
    config.redis = "10.0.0.1:6379+unix:/run/redis";
    config.redis_prefix = "chatd";
    config.redis_queue = 4096;
    config.redis_count = 2;
    assert_true(
        socket_parse(bytes_of("10.0.0.1:6379"), &config.redis_addrs[0]));
    assert_true(
        socket_parse(bytes_of("unix:/run/redis"), &config.redis_addrs[1]));
}

static void start_all_with_bus(void)
{
    redis(WORKERS);
    start();
    serve(BUS);
    for (uint32_t w = 0; w < WORKERS; w++)
        serve(w);
}

static void test_a_bus_is_made_first(void **state)
{
    (void)state;
    redis(1);
    start();
    settle();
    assert_int_equal(sim_children(), 1);
    assert_int_equal(pid_of(1), SIM_CHILD);
    assert_int_equal(pid_of(0), 0);
    serve(1);
    assert_int_equal(pid_of(0), SIM_CHILD + 1);
    assert_int_equal(lines_with("event=start"), 0);
    serve(0);
    assert_int_equal(sim_children(), 2);
    assert_int_equal(lines_with("event=start"), 1);
    assert_int_equal(
        lines_with(" workers=1 redis=10.0.0.1:6379+unix:/run/redis sandbox="),
        1);
    assert_int_equal(server.crew.board.worker_count, 2);
    assert_true(server.crew.board.bus->node != 0);
}

static void test_the_keeper_of_a_bus_may_call_redis_and_no_other(void **state)
{
    (void)state;
    redis(1);
    start();
    const struct sandbox_plan *plan = sim_sandboxed();
    assert_true(plan->keeps && plan->connects);
    assert_int_equal(plan->port_count, 1);
    assert_int_equal(plan->ports[0], 6379);
    assert_int_equal(plan->bell_count, 3);
    assert_int_equal(plan->bells[1], server.crew.bells[1]);
    assert_int_equal(plan->bells[2], server.crew.keeper_bell);
}

static void test_a_bus_is_reserved_for(void **state)
{
    (void)state;
    start_all_with_bus();
    size_t with = server.reserved, own = start_measure(&server);
    size_t bus = keeper_measure_bus(&keeper);
    assert_true(bus > 0 && bus < SIZE_MAX);
    assert_true(with > WORKERS * own + bus);
    assert_true(with < (WORKERS + 1) * own + bus);
}

static void test_a_bus_without_redis_7_ends_the_start_alone(void **state)
{
    (void)state;
    redis(WORKERS);
    start();
    sim_child_ends(pid_of(BUS), 1, 0);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(sim_children(), 1);
    assert_int_equal(sim_log().len, 0); /* it has said why */
}

static void test_a_bus_that_dies_is_replaced_and_waits_like_others(void **state)
{
    (void)state;
    start_all_with_bus();
    sim_forget_log();
    atom_put(&server.crew.board.bus->state, BOARD_BUS_HERE);
    uint64_t rung = sim_rung(server.crew.bells[0]);
    atom_put(&server.crew.board.workers[0].asleep, 1);
    sim_child_ends(pid_of(BUS), 0, 11);
    settle();
    assert_int_equal(atom_get(&server.crew.board.bus->state), BOARD_BUS_AWAY);
    assert_true(sim_rung(server.crew.bells[0]) > rung);
    assert_int_equal(living(), WORKERS + 1);
    assert_int_equal(lines_with("level=warn event=worker worker=bus pid=100 "
                                "what=died signal=11\n"),
                     1);
    serve(BUS);
    assert_int_equal(lines_with("level=info event=worker worker=bus pid=104 "
                                "what=started\n"),
                     1);
    sim_child_ends(pid_of(BUS), 0, 11);
    settle();
    assert_int_equal(living(), WORKERS);
    assert_int_equal(keeper_patience(&keeper), WATCH_FIRST);
    pass(WATCH_FIRST);
    assert_int_equal(living(), WORKERS + 1);
    assert_false(keeper.ends);
}

static void test_a_bus_that_hangs_is_replaced(void **state)
{
    (void)state;
    start_all_with_bus();
    has_clients(0, 1);
    int pid = pid_of(BUS);
    live_without(WORKERS, 3 * WATCH_LOOK + (WATCH_POKES + 4) * WATCH_POKE);
    assert_false(sim_child_lives(pid));
    assert_int_equal(lines_with("worker=bus pid=100 what=hangs\n"), 1);
    assert_int_equal(lines_with("what=hangs"), 1);
    assert_int_equal(living(), WORKERS + 1);
}

static void test_a_bus_ends_behind_the_workers(void **state)
{
    (void)state;
    start_all_with_bus();
    sim_signal(SIGNALS_STOP);
    settle();
    for (uint32_t w = 0; w < WORKERS; w++) {
        assert_int_equal(atom_get(&server.crew.common->last), 0);
        assert_true(sim_child_lives(pid_of(BUS)));
        sim_child_ends(pid_of(w), 0, 0);
        settle();
    }
    assert_false(keeper.ends);
    assert_int_equal(atom_get(&server.crew.common->last), 1);
    sim_child_ends(pid_of(BUS), 0, 0);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 0);
    assert_int_equal(lines_with("what=died"), 0);
    assert_int_equal(sim_children(), WORKERS + 1);
}

/* The bell says so: it may be asleep. */
static void test_a_bus_is_rung_for_its_end(void **state)
{
    (void)state;
    start_all_with_bus();
    sim_signal(SIGNALS_STOP);
    settle();
    uint64_t rung = sim_rung(server.crew.bells[BUS]);
    sim_child_ends(pid_of(0), 0, 0);
    sim_child_ends(pid_of(1), 0, 0);
    settle();
    atom_put(&server.crew.board.workers[BUS].asleep, 0);
    uint64_t before = sim_rung(server.crew.bells[BUS]);
    sim_child_ends(pid_of(2), 0, 0);
    settle();
    assert_true(sim_rung(server.crew.bells[BUS]) > before);
    assert_true(before >= rung);
}

/* What is said until the end is to be sent. */
static void test_a_bus_that_dies_while_workers_drain_is_replaced(void **state)
{
    (void)state;
    start_all_with_bus();
    sim_signal(SIGNALS_STOP);
    settle();
    sim_child_ends(pid_of(BUS), 0, 11);
    settle();
    assert_int_equal(sim_children(), WORKERS + 2);
    for (uint32_t w = 0; w < WORKERS; w++)
        sim_child_ends(pid_of(w), 0, 0);
    settle();
    assert_false(keeper.ends);
    sim_child_ends(pid_of(BUS), 0, 11);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 1);
    assert_int_equal(sim_children(), WORKERS + 2);
}

static void test_a_term_before_any_worker_ends_the_bus(void **state)
{
    (void)state;
    redis(WORKERS);
    start();
    sim_signal(SIGNALS_STOP);
    settle();
    assert_int_equal(atom_get(&server.crew.common->last), 1);
    assert_false(keeper.ends);
    sim_child_ends(pid_of(BUS), 0, 0);
    settle();
    assert_true(keeper.ends);
    assert_int_equal(keeper.status, 0);
    assert_int_equal(lines_with("event=start"), 0);
}

static void test_31_workers_and_a_bus_have_a_bell_each(void **state)
{
    (void)state;
    redis(BOARD_WORKERS - 1);
    start();
    serve(BOARD_WORKERS - 1);
    for (uint32_t w = 0; w < BOARD_WORKERS - 1; w++)
        serve(w);
    assert_int_equal(sim_children(), BOARD_WORKERS);
    assert_true(keeper.started);
    assert_int_equal(sim_sandboxed()->bell_count, BOARD_WORKERS + 1);
}

/* ---- The supervisor ------------------------------------------------------ */

static void test_a_sign_of_life_is_one_of_all(void **state)
{
    (void)state;
    config.supervised =
        (struct supervise){.notify = "/run/notify", .watchdog = 1000};
    start_all();
    sim_told();
    uint64_t rung = sim_rung(server.crew.bells[0]);
    live_without(WORKERS, 3000);
    assert_int_equal(sim_rung(server.crew.bells[0]) - rung, 3);
    assert_string_equal(sim_told(), "WATCHDOG=1\nWATCHDOG=1\nWATCHDOG=1\n");
    live_without(1, 1000);
    sim_told();
    live_without(1, 1000);
    assert_string_equal(sim_told(), "");
    live_without(1, 1500);
    assert_int_equal(lines_with("what=hangs"), 1);
    serve(1);
    live_without(WORKERS, 2000);
    assert_int_equal(bytes_find(bytes_of(sim_told()), 'W'), 0);
}

static void test_a_supervisor_without_room_is_told_later(void **state)
{
    (void)state;
    config.supervised.notify = "/run/notify";
    sim_fail(SIM_TELL, 0, 1000, EAGAIN);
    start_all();
    assert_string_equal(sim_told(), "");
    sim_fail(SIM_TELL, 0, 0, 0);
    assert_int_equal(keeper_patience(&keeper), LIMITS_REST);
    pass(LIMITS_REST);
    assert_string_equal(sim_told(), "READY=1\n");
}

#define KEEPER_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        KEEPER_TEST(test_workers_are_made_one_after_the_other),
        KEEPER_TEST(test_what_is_reserved_is_of_all_together),
        KEEPER_TEST(test_the_sandbox_told_is_what_all_have),
        KEEPER_TEST(test_it_goes_into_a_sandbox_of_its_own),
        KEEPER_TEST(test_each_worker_has_listeners_of_its_own),
        KEEPER_TEST(test_sockets_handed_over_are_shared),
        KEEPER_TEST(test_whatever_fails_at_the_start_it_ends_in_a_sentence),
        KEEPER_TEST(test_one_that_cannot_start_ends_all_with_its_status),
        KEEPER_TEST(test_one_that_is_killed_as_it_starts_ends_all),
        KEEPER_TEST(test_a_term_during_the_start_is_one),
        KEEPER_TEST(test_a_dead_one_is_replaced_at_once),
        KEEPER_TEST(test_who_dies_again_waits),
        KEEPER_TEST(test_two_that_die_in_each_others_way_are_replaced),
        KEEPER_TEST(test_the_last_of_32_is_woken_by_a_death),
        KEEPER_TEST(test_one_that_ends_by_itself_ends_all),
        KEEPER_TEST(test_an_orphan_is_buried_and_forgotten),
        KEEPER_TEST(test_a_machine_without_processes_is_asked_again),
        KEEPER_TEST(test_without_clients_there_is_no_timer),
        KEEPER_TEST(test_one_that_hangs_is_replaced),
        KEEPER_TEST(test_one_that_is_stopped_is_looked_at_at_once),
        KEEPER_TEST(test_pokes_keep_their_distance),
        KEEPER_TEST(test_a_machine_that_stood_still_replaces_nobody),
        KEEPER_TEST(test_term_is_told_to_all_and_waited_for),
        KEEPER_TEST(test_a_death_while_it_drains_is_an_exit_status),
        KEEPER_TEST(test_who_hangs_does_not_hold_up_the_end),
        KEEPER_TEST(test_a_second_term_ends_all_at_once),
        KEEPER_TEST(test_usr1_is_one_line_of_all),
        KEEPER_TEST(test_a_bus_is_made_first),
        KEEPER_TEST(test_the_keeper_of_a_bus_may_call_redis_and_no_other),
        KEEPER_TEST(test_a_bus_is_reserved_for),
        KEEPER_TEST(test_a_bus_without_redis_7_ends_the_start_alone),
        KEEPER_TEST(test_a_bus_that_dies_is_replaced_and_waits_like_others),
        KEEPER_TEST(test_a_bus_that_hangs_is_replaced),
        KEEPER_TEST(test_a_bus_ends_behind_the_workers),
        KEEPER_TEST(test_a_bus_is_rung_for_its_end),
        KEEPER_TEST(test_a_bus_that_dies_while_workers_drain_is_replaced),
        KEEPER_TEST(test_a_term_before_any_worker_ends_the_bus),
        KEEPER_TEST(test_31_workers_and_a_bus_have_a_bell_each),
        KEEPER_TEST(test_a_sign_of_life_is_one_of_all),
        KEEPER_TEST(test_a_supervisor_without_room_is_told_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
