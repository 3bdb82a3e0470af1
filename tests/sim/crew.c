/* SPDX-License-Identifier: MIT */
/*
 * crew: random runs of several workers over one store, watched by the model.
 *
 * A seed is a run, as in sim.c. People come to any worker; the scheduler lets
 * one worker get on and then another, now for many turns and now for a few
 * steps; one may be stopped in the midst of a message, with the room's lock, and
 * one may die there. What must come of it is what model.h says, of all of them
 * together; and:
 *
 *   a death    loses the clients of that worker, and nothing else: what anybody
 *              heard is in the room's history, and numbers go on
 *   calm       when all workers run, and good members read, they have soon heard
 *              all that was said, and know who is there; whoever sleeps over it
 *              was not woken
 *   the end    whoever stays has said and heard all, however far behind others
 *              are; and then nobody holds anything any more
 *   restart    all are killed, and others open what was said
 */
#include "sim/happened.h"
#include "sim/model.h"
#include "sim/posted.h"
#include "sim/worker.h"
#include "support/note.h"

#include <stdio.h>
#include <stdlib.h>

#define POSTERS 60 /* of a run */

static struct random *chance;
static bool deaths_happen, stops_happen;
static uint64_t calms;
static uint32_t slow_one; /* seldom gets on; or none */

static struct poster {
    struct peer *peer;
    uint32_t number;
    uint64_t queued;
    bool over;
} posters[POSTERS];
static size_t poster_count;

static uint64_t below(uint64_t bound)
{
    return random_below(chance, bound);
}

static bool once_in(uint64_t times)
{
    return below(times) == 0;
}

static size_t pick_size(size_t most)
{
    return (size_t)below(1 + (most >> below(10)));
}

static uint32_t any_worker(void)
{
    return (uint32_t)below(world.config.workers);
}

static void draw_options(void)
{
    struct config *config = &world.config;
    config->workers = (uint32_t)(2 + below(WORLD_WORKERS - 1));
    config->clients = 64;
    config->rooms = (uint32_t)(1 + below(4));
    config->room_log = (size_t)LIMITS_ROOM_LOG_MIN << below(3);
    if (once_in(2)) { /* soon it is full of what one has not read */
        config->rooms = 1;
        config->room_log = LIMITS_ROOM_LOG_MIN;
    }
    config->history = (uint32_t)below(3) * 7;
    config->max_message = config->room_log / LIMITS_APPEND_PART;
    config->buffers = once_in(4) ? 4 : 64;
    config->compression = once_in(2);
    config->level = LEVEL_ERROR;
    world.checked = false; /* workers share memory, not a file */
    deaths_happen = once_in(2);
    stops_happen = once_in(2);
    slow_one = once_in(2) ? any_worker() : WORLD_WORKERS;
}

/* As if the rooms were large. */
static void flush_slowly(void)
{
    for (uint32_t w = 0; w < world.config.workers; w++)
        if (once_in(3))
            world.servers[w].flush_cost = 1 + below(8) * LIMITS_COST_SEND;
}

/* ---- People -------------------------------------------------------------- */

/* A death may come while it waits in the queue: it is one more's then. */
static int connect_somewhere(void)
{
    return sim_connect(worker_listener(any_worker()), "192.0.2.1:1000");
}

static void pick_target(struct actor *a, char *target, size_t size)
{
    static const char *const paths[] = {"/echo", "/chat/", "/ws/", "/ws/"};
    int len = snprintf(
        target, size, "%s%u?name=a%u.", paths[a->form],
        (unsigned)below(world.config.rooms == 1 ? 1 : world.config.rooms + 1),
        (unsigned)(a - model_actors));
    if (a->form == CLIENT_PLAIN)
        return;
    a->since =
        once_in(2) && model_place(chance, &a->since_epoch, &a->since_number);
    a->history = (uint32_t)below(20);
    if (a->since)
        snprintf(target + len, size - (size_t)len, "&since=%llx-%llu",
                 (unsigned long long)a->since_epoch,
                 (unsigned long long)a->since_number);
    else
        snprintf(target + len, size - (size_t)len, "&history=%u", a->history);
}

static void somebody_comes(void)
{
    char target[128];
    int connection = model_count < MODEL_ACTORS ? connect_somewhere() : -1;
    if (connection < 0)
        return;
    struct actor *a = &model_actors[model_count++];
    *a = (struct actor){.peer = peer_of(connection),
                        .form = (enum client_form)(1 + below(3)),
                        .good = once_in(2)};
    pick_target(a, target, sizeof target);
    model_ask(a, target, once_in(2));
}

static void somebody_posts(void)
{
    int connection = poster_count < POSTERS ? connect_somewhere() : -1;
    if (connection < 0)
        return;
    struct poster *p = &posters[poster_count++];
    *p = (struct poster){.peer = peer_of(connection)};
    p->number = posted_queue(p->peer, &p->queued, chance, "");
}

static void poster_goes_on(struct poster *p)
{
    struct peer_response r;
    if (p->over)
        return;
    peer_push_some(p->peer, SIM_UNLIMITED);
    while (peer_pull(p->peer, SIM_UNLIMITED) > 0)
        ;
    while (peer_take_response(p->peer, &r, false)) {
        posted_answered(p->number, &r);
        p->over |= r.status != 100;
    }
    p->over |= sim_ended(p->peer->connection);
    if (p->over)
        sim_close(p->peer->connection);
}

static struct actor *somebody(void)
{
    return &model_actors[below(model_count)];
}

static void somebody_says(struct actor *a)
{
    size_t most = world.config.max_message / 2;
    if (most > 400)
        most -= 200; /* the rest of the JSON form */
    if (!a->open || a->over)
        return;
    for (uint64_t left = 1 + below(once_in(3) ? 30 : 5); left > 0; left--)
        model_say(a, chance, pick_size(most));
    if (once_in(5) && a->wants == MODEL_STAYS)
        model_ping(a);
}

static void somebody_goes(struct actor *a)
{
    if (!a->open || a->wants != MODEL_STAYS || a->over)
        return;
    if (once_in(2)) {
        model_end(a, PEER_CLOSE);
    } else if (!a->good) {
        a->wants = MODEL_GONE;
        if (once_in(2))
            sim_close(a->peer->connection);
        else
            sim_reset(a->peer->connection);
    }
}

static void network_changes(struct actor *a)
{
    int c = a->peer->connection;
    if (a->good)
        return;
    switch (below(3)) {
    case 0: sim_set_window(c, pick_size(20000)); break;
    case 1: sim_set_send_buffer(c, 1 + pick_size(20000)); break;
    case 2: sim_set_piece(c, 1 + pick_size(2000)); break;
    }
}

static void does_all(struct actor *a)
{
    model_read(a, SIM_UNLIMITED);
    model_write(a, SIM_UNLIMITED);
}

static void good_people_do_their_part(void)
{
    sim_forget_log();
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].good && !model_actors[i].over)
            does_all(&model_actors[i]);
    for (size_t i = 0; i < poster_count; i++)
        poster_goes_on(&posters[i]);
}

static void everybody_does_his_part(void)
{
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        int c = a->peer->connection;
        sim_set_window(c, SIM_UNLIMITED);
        sim_set_send_buffer(c, SIM_UNLIMITED);
        sim_set_piece(c, SIM_UNLIMITED);
        does_all(a);
    }
    good_people_do_their_part();
}

/* ---- Workers ------------------------------------------------------------- */

/* Whoever asks for a room that another worker has. */
static struct client *asks(uint32_t w)
{
    const struct clients *all = &world.servers[w].clients;
    return worker_lives(w) && all->asking.count
               ? client_at(all, all->asking.first)
               : NULL;
}

static void somebody_works(void)
{
    uint32_t w = any_worker();
    if (w == slow_one && !once_in(20))
        return;
    if (once_in(8))
        workers_keeper_turns();
    else
        worker_goes_on(w, once_in(2) ? 1 + below(60) : WORKER_TO_ITS_END);
    const struct client *c = asks(w);
    if (c)
        happened(c->as.http.is_whole ? "post" : "join", "waits for its room",
                 1);
}

static void somebody_stops_or_dies(void)
{
    uint32_t w = any_worker();
    bool locks = once_in(2);
    worker_goes_on(w, 1 + below(100));
    for (unsigned i = 0; locks && i < 200 && !worker_has_lock(w); i++)
        worker_goes_on(w, 1);
    happened("worker", "stopped or died with a lock", worker_has_lock(w));
    bool busy = worker_is_busy(w);
    if (stops_happen && once_in(2)) {
        worker_stops(w, below(once_in(20) ? 12000 : 3000));
        happened("worker", "stopped", 1);
        happened("worker", "stopped in the midst of something", busy);
    } else if (deaths_happen && once_in(3)) {
        happened("worker", "died", worker_lives(w));
        happened("worker", "died in the midst of something", busy);
        worker_dies(w);
    }
}

static void time_passes(void)
{
    static const uint64_t spans[] = {1, 40, 300, 1100};
    for (uint64_t left = below(spans[below(4)]); left > 0;) {
        uint64_t step = bytes_min64(left, 1 + below(100));
        sim_pass(step);
        left -= step;
        for (unsigned i = 0; i < 2 * world.config.workers; i++)
            somebody_works();
        good_people_do_their_part();
    }
}

/* ---- What must be so ----------------------------------------------------- */

static void all_go_on(void)
{
    for (uint32_t w = 0; w < world.config.workers; w++)
        worker_stops(w, 0);
}

/* Something is said, and workers get on step by step; then each as far as it
   can. No time passes: nobody may have slept over it. */
static void last_words_are_heard(void)
{
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].good && once_in(3))
            somebody_says(&model_actors[i]);
    good_people_do_their_part();
    for (uint64_t left = below(300); left > 0; left--)
        worker_goes_on(any_worker(), 1 + below(20));
    for (unsigned i = 0; i < 40; i++) {
        workers_settle();
        good_people_do_their_part();
    }
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].good)
            model_has_heard(&model_actors[i]);
}

/* Nothing happens any more but what is due; those who are good have heard all,
   and been told who is there. */
static void it_is_calm(void)
{
    all_go_on();
    last_words_are_heard();
    workers_pass(2 * WATCH_MOST, good_people_do_their_part);
    for (uint32_t w = 0; w < world.config.workers; w++)
        assert_null(asks(w));
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].good) {
            model_has_heard(&model_actors[i]);
            model_knows(&model_actors[i]);
        }
    calms++;
}

static void all_is_said_and_heard(void)
{
    it_is_calm();
    for (unsigned i = 0; i < 300; i++) {
        everybody_does_his_part();
        workers_pass(50, good_people_do_their_part);
    }
    everybody_does_his_part();
    for (size_t i = 0; i < model_count; i++)
        model_settle(&model_actors[i]);
    for (size_t i = 0; i < poster_count; i++)
        assert_true(posters[i].over);
}

static void others_open_it(void)
{
    everybody_does_his_part();
    workers_kill();
    everybody_does_his_part();
    workers_start();
    happened("store", "opened by others", 1);
}

/* Who is there, and good, is told why it has to go. */
static void all_stop(void)
{
    bool over[MODEL_ACTORS];
    for (size_t i = 0; i < model_count; i++)
        over[i] = model_actors[i].over || model_actors[i].lost;
    sim_signal(SIGNALS_STOP);
    for (unsigned i = 0; i < 200 && !workers_ended(); i++) {
        everybody_does_his_part();
        workers_pass(50, NULL);
    }
    assert_true(workers_ended());
    assert_int_equal(workers_keeper.status, 0);
    everybody_does_his_part();
    for (size_t i = 0; i < model_count; i++) {
        const struct actor *a = &model_actors[i];
        assert_true(!a->open || a->over);
        assert_true(!a->good || over[i] || !a->open || a->closed);
    }
}

static void everybody_leaves(void)
{
    for (int i = 0; i < sim_connections(); i++)
        sim_close(i);
    workers_pass(LIMITS_REST + WATCH_MOST, NULL);
    workers_all_free();
}

/* ---- A run --------------------------------------------------------------- */

static void step(void)
{
    uint64_t what = below(100);
    if (model_count == 0 || what < 6)
        somebody_comes();
    else if (what < 26)
        somebody_says(somebody());
    else if (what < 46)
        model_write(somebody(), 1 + pick_size(5000));
    else if (what < 60)
        model_read(somebody(), 1 + pick_size(5000));
    else if (what < 66)
        network_changes(somebody());
    else if (what < 69)
        somebody_goes(somebody());
    else if (what < 73)
        somebody_posts();
    else if (what < 78)
        somebody_stops_or_dies();
    else
        time_passes();
    for (uint64_t left = below(6); left > 0; left--)
        somebody_works();
    good_people_do_their_part();
    if (once_in(60)) /* nobody spins who waits for one that is stopped */
        workers_settle();
    if (once_in(100))
        it_is_calm();
    if (deaths_happen && once_in(400))
        others_open_it();
}

static void property_all_workers_are_one_server(struct random *r)
{
    chance = r;
    world_setup(NULL);
    model_begin();
    model_pause = worker_step;
    poster_count = 0;
    draw_options();
    workers_start();
    flush_slowly();
    for (uint64_t left = 200 + below(500); left > 0; left--)
        step();
    all_is_said_and_heard();
    if (once_in(2))
        all_stop();
    else
        everybody_leaves();
    workers_kill();
    world_teardown(NULL);
}

static void test_all_workers_are_one_server(void **state)
{
    static const char *const expected[][2] = {
        {"worker", "died in the midst of something"},
        {"worker", "stopped in the midst of something"},
        {"worker", "stopped or died with a lock"},
        {"store", "something to be read first"},
        {"store", "another one has the lock"},
        {"store", "another one has not read"},
        {"store", "opened by others"},
        {"post", "200"},
        {"post", "waits for its room"},
        {"join", "waits for its room"},
    };
    const char *given = getenv("SIM_SEEDS");
    unsigned seeds = given ? (unsigned)strtoul(given, NULL, 10) : 100;
    (void)state;
    RANDOM_PROPERTY(property_all_workers_are_one_server, seeds);
    print_message(
        "%llu turns, %llu steps, %llu deaths, %llu calms, %llu "
        "messages published, %llu heard, %llu posts\n",
        (unsigned long long)workers_turns, (unsigned long long)workers_steps,
        (unsigned long long)workers_deaths, (unsigned long long)calms,
        (unsigned long long)model_published, (unsigned long long)model_heard,
        (unsigned long long)posted_published);
    happened_print();
    for (size_t i = 0; i < UNIT_COUNT(expected); i++)
        if (seeds >= HAPPENED_SEEDS && !getenv("TEST_SEED"))
            happened_some(expected[i][0], expected[i][1]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_workers_are_one_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
