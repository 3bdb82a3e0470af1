/* SPDX-License-Identifier: MIT */
/*
 * fail: every call of a server to its kernel, refused.
 *
 * A scenario is run and its calls through the seam are counted. Then it is
 * run again and again, and each time one of them fails: every call there was,
 * with each error it may return, once; and from that call on for as long as
 * people come and go, as when memory has run out. What must come of it:
 *
 *   once        whom the call was for is lost at most; all others are served
 *               exactly as ever (the model watches)
 *   lastingly   likewise, and the loop neither stops nor spins
 *   afterwards  whoever comes is served, to every listener; nothing that was
 *               taken is missing; and a stop is a stop
 *   at start    one sentence and an exit status, and nothing left behind; or
 *               a server that serves
 *
 * A seed is a variation of all scenarios: FAIL_SEEDS of them, from TEST_FIRST
 * on. With FAIL_STRIDE only every so manieth call is refused. FAIL_ONLY is one
 * run to be repeated, as its note names it.
 */
#include "server/listen.h"
#include "service/files.h"
#include "sim/fail.h"
#include "sim/model.h"
#include "sim/posted.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS        70 /* of a scenario, if it has no number of its own */
#define PEOPLE_MAX   8  /* who come in the course of one; as many visitors */
#define CROWD_BEGINS 25 /* step from which there are no descriptors, */
#define CROWD_ENDS   45 /* and from which there are again */

/* ---- People -------------------------------------------------------------- */

/* Somebody who comes with one plain request. */
struct visitor {
    struct peer *peer;
    const char *path;
    uint32_t post; /* it says something: its number; or 0 */
    uint64_t queued;
};

static const struct fail_scenario *now; /* the one being run */
static uint64_t came;                   /* in it so far */
static struct visitor visitors[2 * PEOPLE_MAX + 16];
static size_t visitor_count;

static bool once_in(struct random *r, uint64_t times)
{
    return random_below(r, times) == 0;
}

static int connect_to(size_t listener)
{
    int connection = sim_connect(listener, "192.0.2.1:1000");
    assert_true(connection >= 0);
    return connection;
}

static enum client_form form_of_next(void)
{
    unsigned form = (unsigned)(came % CLIENT_FORMS);
    while (!(now->forms & 1 << form))
        form = (form + 1) % CLIENT_FORMS;
    return (enum client_form)form;
}

static void pick_target(struct actor *a, struct random *r, char out[96])
{
    static const char *const paths[] = {"/echo", "/chat/", "/ws/", "/ws/"};
    int len = snprintf(out, 96, "%s", paths[a->form]);
    if (a->form == CLIENT_ECHO)
        return;
    len += snprintf(out + len, 96 - (size_t)len, "%u",
                    (unsigned)random_below(r, 2));
    if (a->form == CLIENT_PLAIN)
        return;
    a->history = (uint32_t)random_below(r, 12);
    a->since =
        once_in(r, 3) && model_place(r, &a->since_epoch, &a->since_number);
    if (a->since)
        snprintf(out + len, 96 - (size_t)len, "?since=%llx-%llu",
                 (unsigned long long)a->since_epoch,
                 (unsigned long long)a->since_number);
    else
        snprintf(out + len, 96 - (size_t)len, "?history=%u", a->history);
}

static struct actor *somebody_comes(struct random *r, size_t listener)
{
    char target[96];
    assert_true(model_count < MODEL_ACTORS);
    struct actor *a = &model_actors[model_count++];
    *a = (struct actor){.peer = peer_of(connect_to(listener)),
                        .form = form_of_next(),
                        .good = !now->slow || came % 2 == 0};
    came++;
    if (now->hello) {
        peer_add(a->peer, bytes_of(now->hello));
        a->queued = strlen(now->hello);
    }
    pick_target(a, r, target);
    model_ask(a, target, now->zip);
    return a;
}

static void somebody_visits(size_t listener)
{
    size_t count = 0;
    while (count < FAIL_GETS_MAX && now->gets[count])
        count++;
    if (count == 0 && !now->posts)
        return;
    assert_true(visitor_count < UNIT_COUNT(visitors));
    struct visitor *v = &visitors[visitor_count];
    *v = (struct visitor){.peer = peer_of(connect_to(listener)),
                          .path = now->gets[visitor_count % (count + !count)]};
    struct random r = random_of(++visitor_count);
    if (now->posts) {
        sim_set_piece(v->peer->connection, 40);
        v->post = posted_queue(v->peer, &v->queued, &r, "");
        return;
    }
    char request[128];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
             v->path);
    /* A page or a file takes several calls. */
    sim_set_piece(v->peer->connection, now->scrape ? 3000 : 9);
    if (now->hello)
        peer_add(v->peer, bytes_of(now->hello));
    peer_add(v->peer, bytes_of(request));
}

static void they_do_their_part(bool slow_ones_too)
{
    sim_forget_log(); /* or it is full */
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        if (a->over || (!a->good && !slow_ones_too))
            continue;
        model_read(a, SIM_UNLIMITED);
        model_write(a, SIM_UNLIMITED);
    }
    for (size_t i = 0; i < visitor_count; i++) {
        struct peer *p = visitors[i].peer;
        peer_push_some(p, p->out_len);
        while (peer_pull(p, SIM_UNLIMITED) > 0)
            ;
    }
}

/* ---- What happens -------------------------------------------------------- */

static void somebody_says(struct actor *a, struct random *r)
{
    if (!a->open || a->over)
        return;
    for (uint64_t left = 1 + random_below(r, 3); left > 0; left--)
        model_say(a, r, (size_t)random_below(r, a->good ? 300 : 1200));
    if (once_in(r, 4) && a->wants == MODEL_STAYS)
        model_ping(a);
}

static void somebody_ends(struct actor *a)
{
    if (!a->open || a->wants != MODEL_STAYS || a->over)
        return;
    peer_add_frame(a->peer, PEER_CLOSE, bytes_span(NULL, 0));
    a->wants = MODEL_CLOSES;
}

static void network_changes(struct actor *a, struct random *r)
{
    int c = a->peer->connection;
    if (a->good)
        return;
    switch (random_below(r, 4)) {
    case 0: sim_set_window(c, (size_t)random_below(r, 600)); break;
    case 1: sim_set_send_buffer(c, (size_t)(1 + random_below(r, 900))); break;
    case 2: sim_set_piece(c, (size_t)(90 + random_below(r, 300))); break;
    case 3: sim_set_window(c, SIM_UNLIMITED); break;
    }
}

static size_t visitors_max(void)
{
    return now->scrape ? LIMITS_SCRAPES - 1 : PEOPLE_MAX; /* one comes later */
}

/* What happens in a step follows from the seed and the step alone, and not
   from what became of anybody. */
static void step(struct random *r, unsigned number)
{
    uint64_t what = random_below(r, 100);
    struct actor *a =
        model_count ? &model_actors[random_below(r, model_count)] : NULL;
    if (now->crowd && number == CROWD_BEGINS)
        sim_limit_files(3 + sim_files_open());
    if (now->crowd && number == CROWD_ENDS)
        sim_limit_files(1000);
    if (!a || (what < 14 && came < PEOPLE_MAX))
        somebody_comes(r, came % now->listeners);
    else if (what < 26 && visitor_count < visitors_max())
        somebody_visits(now->scrape ? now->scrape
                                    : visitor_count % now->listeners);
    else if (what < 62)
        somebody_says(a, r);
    else if (what < 72)
        model_write(a, (size_t)(1 + random_below(r, 900)));
    else if (what < 76)
        model_read(a, (size_t)(1 + random_below(r, 900)));
    else if (what < 84)
        network_changes(a, r);
    else if (what < 88)
        somebody_ends(a);
    else if (what < 90)
        sim_signal(SIGNALS_STATE);
    else
        sim_pass(random_below(r, 600));
}

static void people_come_and_go(uint64_t seed)
{
    for (unsigned i = 0; i < (now->steps ? now->steps : STEPS); i++) {
        struct random r = random_of(seed << 16 | i);
        step(&r, i);
        if (!once_in(&r, 4))
            world_turn();
        they_do_their_part(false);
    }
}

/* ---- What must be so ----------------------------------------------------- */

/* What fails in a run, and how. NULL as fault: nothing does. */
struct order {
    const struct fail_call *fault;
    size_t error;
    bool lasts;
    uint64_t n; /* the first call that fails */
};

static struct order order;
static uint64_t spins_most; /* most turns in a lasting fault */

static bool fails(enum sim_call call)
{
    return order.fault && order.fault->call == call;
}

static void let_it_fail(void)
{
    if (order.fault)
        sim_fail(order.fault->call, order.n,
                 order.lasts ? order.fault->lasting : 1,
                 order.fault->errors[order.error].number);
}

/* True when it had begun. */
static bool let_it_end(void)
{
    if (!order.fault || sim_failed() == 0)
        return false;
    sim_fail(order.fault->call, 0, 0, 0);
    return true;
}

static void no_turn_is_without_bound(void)
{
    const struct server *s = &world.server;
    uint64_t slots = s->clients.size + LIMITS_BESIDES;
    assert_in_range(world.most_calls, 1,
                    2 * LIMITS_TURN_ACCEPT / LIMITS_COST_ACCEPT + 12 * slots);
}

#define SUFFERED 2000 /* milliseconds */

/* As long as it lasts nobody else suffers, and the loop sleeps. */
static void it_lasts_a_while(void)
{
    uint64_t before = world.turns;
    for (unsigned i = 0; i < SUFFERED / 100; i++) {
        they_do_their_part(false);
        world_pass(100);
    }
    uint64_t turns = world.turns - before;
    if (spins_most < turns)
        spins_most = turns;
    assert_in_range(turns, 1, 600);
}

static void the_network_is_well_again(void)
{
    for (size_t i = 0; i < model_count; i++) {
        int c = model_actors[i].peer->connection;
        sim_set_window(c, SIM_UNLIMITED);
        sim_set_send_buffer(c, SIM_UNLIMITED);
        sim_set_piece(c, SIM_UNLIMITED);
    }
}

/* Until nothing has moved for a second and a half. */
static void all_is_said_and_heard(void)
{
    uint64_t moved = 0;
    the_network_is_well_again();
    for (unsigned still = 0; still < 30 && world.running; still++) {
        they_do_their_part(true);
        world_pass(50);
        uint64_t calls = sim_count(SIM_RECEIVE) + sim_count(SIM_SEND);
        if (moved != calls)
            still = 0;
        moved = calls;
    }
    they_do_their_part(true);
}

/* Calls that are made for nobody known here, and may cost as many people. */
static uint64_t allowance(enum sim_call call)
{
    return fails(call) ? sim_failed() : 0;
}

static void check_actors(void)
{
    uint64_t refused = allowance(SIM_ENTROPY);
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        bool lost = !a->open || (a->over && a->wants == MODEL_STAYS);
        if (sim_struck(a->peer->connection))
            continue;
        if (lost && !a->open && refused > 0)
            refused--;
        else if (lost)
            fail_msg("actor %zu is lost, though no call for it failed", i);
        else
            model_settle(a);
    }
}

static void check_post(const struct visitor *v, struct peer_response *r)
{
    posted_answered(v->post, r);
    if (r->status != 100)
        return;
    *r = peer_response(v->peer, false);
    posted_answered(v->post, r);
}

static void check_visitors(void)
{
    bool files_fail = allowance(SIM_FILE_OPEN) > 0;
    for (size_t i = 0; i < visitor_count; i++) {
        struct visitor *v = &visitors[i];
        if (sim_struck(v->peer->connection))
            continue;
        struct peer_response r = peer_response(v->peer, false);
        if (v->post) {
            check_post(v, &r);
            continue;
        }
        if (files_fail && (r.status == 404 || r.status == 503))
            continue;
        assert_int_equal(r.status, 200);
        if (strcmp(v->path, "/a.txt") == 0)
            assert_true(
                bytes_equal(r.body, bytes_of("a file below the folder\n")));
        if (strcmp(v->path, "/index.html") == 0)
            assert_true(bytes_equal(r.body, files_table[0].content));
    }
}

static void check_supervisor(const char *state)
{
    if (world.server.supervisor >= 0 && !strstr(sim_told(), state))
        fail_msg("the supervisor was not told: %s", state);
}

/* Whoever comes now, to any listener, is served. */
static void all_is_as_before(uint64_t seed)
{
    for (size_t i = 0; i < now->listeners; i++) {
        struct random r = random_of(seed + i);
        struct actor *a = somebody_comes(&r, i);
        a->good = true;
        they_do_their_part(true);
        world_settle();
        they_do_their_part(true);
        somebody_says(a, &r);
    }
    somebody_visits(now->scrape);
    all_is_said_and_heard();
    if (let_it_end()) /* it may have begun only now */
        all_is_said_and_heard();
    check_actors();
    check_visitors();
    check_supervisor("READY=1");
}

static void the_server_stops(void)
{
    sim_signal(SIGNALS_STOP);
    for (unsigned i = 0; i < 200 && world.running; i++) {
        they_do_their_part(true);
        world_pass(50);
    }
    assert_false(world.running);
    server_close_store(&world.server);
    assert_int_equal(sim_socket_files(), 0);
    if (!order.lasts || !fails(SIM_TELL)) /* it may last to the end */
        check_supervisor("STOPPING=1");
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        model_read(a, SIM_UNLIMITED);
        assert_true(!a->open || a->over || sim_struck(a->peer->connection));
    }
}

/* ---- One run ------------------------------------------------------------- */

/* Calls of a run without faults, by kind: at start, and until the stop begins,
   and all. */
struct counts {
    uint64_t start[SIM_CALLS];
    uint64_t before_stop[SIM_CALLS];
    uint64_t all[SIM_CALLS];
};

static void count(uint64_t counts[SIM_CALLS])
{
    for (enum sim_call call = 0; call < SIM_CALLS; call++)
        counts[call] = sim_count(call);
}

static void begin_run(const struct fail_scenario *sc)
{
    world_setup(NULL);
    model_begin();
    now = sc;
    came = 0;
    visitor_count = 0;
    fail_options(sc);
    if (order.n % 2 && !world.config.store) /* which makes the same calls */
        world.stream_size = map_stream_size(world.config.room_log);
}

/* Those without a stop end in the teardown, which asserts that nothing is
   missing. */
static void run(const struct fail_scenario *sc, uint64_t seed, bool stops,
                struct counts *counts)
{
    begin_run(sc);
    world_start();
    count(counts->start);
    let_it_fail();
    model_victims = 0;
    people_come_and_go(seed);
    it_lasts_a_while();
    let_it_end();
    all_is_said_and_heard();
    if (let_it_end())
        all_is_said_and_heard();
    all_is_as_before(seed);
    assert_true(world.server.spare >= 0);
    count(counts->before_stop);
    if (stops)
        the_server_stops();
    no_turn_is_without_bound();
    assert_true(sim_count(SIM_MEMORY) == counts->start[SIM_MEMORY]);
    count(counts->all);
    world_teardown(NULL);
}

/* ---- All of them --------------------------------------------------------- */

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *value = getenv(name);
    return value ? strtoull(value, NULL, 10) : otherwise;
}

static uint64_t runs;                /* with a call that failed */
static uint64_t made[SIM_CALLS + 1]; /* calls in runs without faults */

/* Is it to be tried? Then it is noted. */
static bool wanted(struct note *note, const char *when, uint64_t seed)
{
    static char name[160];
    const char *only = getenv("FAIL_ONLY");
    snprintf(name, sizeof name, "%s,%s,%llu,%s,%s,%s,%llu", when, now->name,
             (unsigned long long)seed, order.fault->name,
             order.fault->errors[order.error].name,
             order.lasts ? "lasting" : "once", (unsigned long long)order.n);
    if (only && strcmp(only, name) != 0)
        return false;
    note_open(note, name, "seed", seed);
    return true;
}

static void fail_one(const struct fail_scenario *sc, uint64_t seed,
                     const struct counts *counts)
{
    static struct note note;
    static struct counts ignored;
    enum sim_call call = order.fault->call;
    uint64_t until = counts->before_stop[call] - counts->start[call];
    bool stops = order.n >= until || (order.n + order.error) % 2;
    if (!wanted(&note, "run", seed))
        return;
    run(sc, seed, stops, &ignored);
    runs++;
    note_close(&note);
}

/* Every n-th call of this kind, with each error, once and lastingly. */
static void fail_each(const struct fail_scenario *sc, uint64_t seed,
                      const struct fail_call *f, const struct counts *counts)
{
    uint64_t stride = from_environment("FAIL_STRIDE", 1);
    uint64_t calls = counts->all[f->call] - counts->start[f->call];
    order.fault = f;
    for (order.n = 0; order.n < calls; order.n += stride)
        for (order.error = 0; f->errors[order.error].number; order.error++)
            for (int lasts = 0; lasts <= (f->lasting > 0); lasts++) {
                order.lasts = lasts;
                fail_one(sc, seed, counts);
            }
    order = (struct order){0};
}

static void play(const struct fail_scenario *sc, uint64_t seed)
{
    static struct counts counts;
    uint64_t before = runs;
    order = (struct order){0};
    run(sc, seed, true, &counts);
    for (enum sim_call call = 0; call < SIM_CALLS; call++)
        made[call] += counts.all[call];
    for (size_t i = 0; i < fail_calls_count; i++)
        fail_each(sc, seed, &fail_calls[i], &counts);
    print_message("%s, seed %llu: %llu runs\n", sc->name,
                  (unsigned long long)seed,
                  (unsigned long long)(runs - before));
}

static void test_a_call_that_fails_costs_whom_it_is_for_at_most(void **state)
{
    (void)state;
    uint64_t first = from_environment("TEST_FIRST", 1);
    uint64_t seeds = from_environment("FAIL_SEEDS", 1);
    for (uint64_t seed = first; seed - first < seeds; seed++)
        for (size_t i = 0; i < fail_scenarios_count; i++)
            play(&fail_scenarios[i], seed);
    print_message("%llu runs, %llu turns at most in %u ms of a lasting fault\n",
                  (unsigned long long)runs, (unsigned long long)spins_most,
                  SUFFERED);
}

static void test_each_kind_of_call_was_made(void **state)
{
    (void)state;
    for (size_t i = 0; i < fail_calls_count; i++)
        if (made[fail_calls[i].call] == 0)
            fail_msg("%s: never called", fail_calls[i].name);
    for (enum sim_call call = 0; call < SIM_OF_KEEPER; call++) {
        size_t i = 0;
        while (i < fail_calls_count && fail_calls[i].call != call)
            i++;
        assert_true(i <
                    fail_calls_count); /* a call that the table does not have */
    }
}

/* ---- The start ----------------------------------------------------------- */

/* It did not start: why, in a sentence, and nothing that others would find. */
static void assert_refused(int status, const struct text *why)
{
    const struct server *s = &world.server;
    assert_in_range(status, SERVER_FAILED, SERVER_BAD_OPTION);
    assert_true(why->len > 10 && !why->overflow);
    assert_int_equal(bytes_find(text_span(why), '\n'), why->len);
    assert_int_equal(sim_socket_files(), 0);
    unsigned known = 0;
    known += s->reactor >= 0;
    known += s->signals >= 0;
    known += s->spare >= 0;
    known += s->folder >= 0;
    known += s->supervisor >= 0;
    for (size_t i = 0; i < s->listener_count; i++)
        assert_true(s->listeners[i].fd < 0);
    /* Those that were handed over and not looked at yet are the supervisor's
       as much as ours. */
    assert_in_range(sim_files_open(), known,
                    known + s->config->supervised.sockets);
    assert_string_equal(sim_told(), "");
}

static void start(const struct fail_scenario *sc, uint64_t calls[SIM_CALLS])
{
    uint8_t bytes[256];
    struct text why = text_over(bytes, sizeof bytes);
    begin_run(sc);
    let_it_fail();
    int status = world_try(&why);
    count(calls);
    if (status) {
        assert_refused(status, &why);
    } else {
        world_settle();
        sim_fail(order.fault ? order.fault->call : SIM_ANY, 0, 0, 0);
        all_is_as_before(1);
    }
    world_teardown(NULL);
}

static void fail_start(const struct fail_scenario *sc,
                       const struct fail_call *f, uint64_t calls)
{
    static struct note note;
    uint64_t ignored[SIM_CALLS];
    order.fault = f;
    for (order.n = 0; order.n < calls; order.n++)
        for (order.error = 0; f->errors[order.error].number; order.error++)
            for (int lasts = 0; lasts <= (f->lasting > 0); lasts++) {
                order.lasts = lasts;
                if (!wanted(&note, "start", 1))
                    continue;
                start(sc, ignored);
                runs++;
                note_close(&note);
            }
    order = (struct order){0};
}

static void test_a_start_is_refused_in_a_sentence_or_serves(void **state)
{
    (void)state;
    runs = 0;
    for (size_t i = 0; i < fail_scenarios_count; i++) {
        uint64_t calls[SIM_CALLS];
        now = &fail_scenarios[i];
        order = (struct order){0};
        start(now, calls);
        for (size_t k = 0; k < fail_calls_count; k++)
            fail_start(now, &fail_calls[k], calls[fail_calls[k].call]);
    }
    print_message("%llu starts\n", (unsigned long long)runs);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_start_is_refused_in_a_sentence_or_serves),
        cmocka_unit_test(test_a_call_that_fails_costs_whom_it_is_for_at_most),
        cmocka_unit_test(test_each_kind_of_call_was_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
