/* SPDX-License-Identifier: MIT */
/*
 * sim: random runs of a whole server, watched by the model.
 *
 * A seed is a run: options, people, what they say and when, how the network
 * cuts and delays it, who stops reading, who breaks, when time passes. All of
 * it follows from the seed, so a failure prints it (TEST_SEED=n), and that one
 * run again is the same run. SIM_SEEDS is how many are tried.
 */
#include "sim/bearer.h"
#include "sim/greedy.h"
#include "sim/happened.h"
#include "sim/model.h"
#include "sim/options.h"
#include "sim/origin.h"
#include "sim/visitor.h"
#include "sim/watch.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct random *chance; /* of the present run */
static bool faults_happen;    /* in it, at any time */
static bool wide;             /* with any options, and visitors */
static bool crowded;          /* with many in one room, most of them slow */
static bool guarded;          /* and tokens are wanted */
static uint64_t turns;        /* of all runs */

static uint64_t below(uint64_t bound)
{
    return random_below(chance, bound);
}

/* One time in `times`. */
static bool once_in(uint64_t times)
{
    return below(times) == 0;
}

static size_t pick_size(size_t most)
{
    return (size_t)below(1 + (most >> below(10)));
}

/* ---- A server with any options ------------------------------------------- */

/* It is all the same to everybody: what happens is not drawn from this. */
static void is_it_kept(struct random r)
{
    if (random_below(&r, 2))
        world.stream_size = map_stream_size(world.config.room_log);
    world.checked = random_below(&r, 2);
}

static void start_world(void)
{
    struct config *config = &world.config;
    config->clients = (uint32_t)(4 + below(20));
    config->rooms = (uint32_t)(1 + below(4));
    config->room_log = (size_t)LIMITS_ROOM_LOG_MIN << below(4);
    config->history = (uint32_t)below(3) * 7;
    config->max_message = config->room_log / LIMITS_APPEND_PART;
    config->buffers = 64;
    config->compression = once_in(2);
    if (once_in(4)) {
        config->rate = (uint32_t)(20 + below(100));
        config->burst = (uint32_t)(1 + below(20));
    }
    config->level = LEVEL_WARN;
    visitor_begin();
    if (wide)
        options_draw(chance);
    if (guarded)
        bearer_begin();
    if (crowded) {
        config->rooms = 1;
        if (once_in(2)) /* else messages wait in the kernel */
            config->buffers = 64;
    }
    is_it_kept(*chance);
    world_start();
    if (once_in(2)) /* as if the rooms were large */
        world.server.flush_cost = 1 + below(8) * LIMITS_COST_SEND;
    if (crowded && once_in(2)) /* a reader a turn */
        world.server.flush_cost = 1;
}

/* ---- People -------------------------------------------------------------- */

static void pick_target(struct actor *a, char *target, size_t size)
{
    static const char *const paths[] = {"/echo", "/chat/", "/ws/", "/ws/"};
    if (a->form == CLIENT_ECHO) {
        snprintf(target, size, "/echo");
        return;
    }
    unsigned room = crowded ? 0 : (unsigned)below(world.config.rooms + 1);
    int len = snprintf(target, size, "%s%u?", paths[a->form], room);
    if (a->form == CLIENT_PLAIN)
        return;
    a->since = !greedy_replays(a) && once_in(3) &&
               model_place(chance, &a->since_epoch, &a->since_number);
    a->history = greedy_replays(a) ? 20 : (uint32_t)below(20);
    if (a->since)
        snprintf(target + len, size - (size_t)len, "since=%llx-%llu",
                 (unsigned long long)a->since_epoch,
                 (unsigned long long)a->since_number);
    else
        snprintf(target + len, size - (size_t)len, "history=%u", a->history);
}

static void says_where_from(struct actor *a)
{
    const struct origin *from = origin_of(a->peer->connection);
    model_precede(a, bytes_span(from->header, from->header_len));
    a->fields = from->fields;
    a->mute = !a->good && once_in(4);
    a->deaf = !a->good && once_in(2);
    if (from->bad) /* it will be dropped */
        a->wants = MODEL_FAILS;
    greedy_draw(a, chance);
}

/* It takes what it is sent as it comes to read it. */
static void is_slow(const struct actor *a)
{
    sim_set_window(a->peer->connection, 200 + (size_t)below(1000));
    sim_set_send_buffer(a->peer->connection, 1 + (size_t)below(500));
}

static void somebody_comes(void)
{
    char target[128];
    if (model_count == MODEL_ACTORS)
        return;
    int connection =
        wide ? origin_connect(chance) : sim_connect(0, "192.0.2.1:1000");
    if (connection < 0)
        return;
    struct actor *a = &model_actors[model_count++];
    *a = (struct actor){.peer = peer_of(connection),
                        .form = (enum client_form)below(CLIENT_FORMS),
                        .good = once_in(crowded ? 4 : 2)};
    if (wide)
        says_where_from(a);
    if (crowded && !a->good)
        is_slow(a);
    pick_target(a, target, sizeof target);
    if (guarded)
        bearer_draw(a, target, chance);
    model_ask(a, target, once_in(2));
}

static struct actor *somebody(void)
{
    return &model_actors[below(model_count)];
}

static size_t pick_length(const struct actor *a, size_t most)
{
    /* Not where the JSON form of the longest could be too long. */
    bool fits =
        world.config.max_message < world.config.room_log / LIMITS_APPEND_PART;
    if (wide && once_in(4))
        return fits ? model_longest(a) : (size_t)below(most);
    return pick_size(most);
}

static void somebody_says(struct actor *a)
{
    size_t most = world.config.max_message / 2;
    if (most > 400)
        most -= 200; /* the rest of the JSON form */
    if (!a->open || a->over || greedy_says(a, chance))
        return;
    uint64_t left = 1 + below(wide && once_in(crowded ? 3 : 8) ? 30 : 5);
    for (; left > 0; left--)
        model_say(a, chance, pick_length(a, most));
    if (once_in(5) && a->wants == MODEL_STAYS)
        model_ping(a);
}

static void somebody_reads(struct actor *a)
{
    if (greedy_reads(a, chance))
        return;
    if (!a->deaf || !a->answered) {
        model_read(a, 1 + pick_size(5000));
        return;
    }
    /* It has what it came for, and reads no further. */
    sim_set_window(a->peer->connection, pick_size(2000));
    sim_set_send_buffer(a->peer->connection, 1 + pick_size(2000));
}

/* What is not allowed, and what is a Close: nothing behind it counts. */
static void somebody_ends(struct actor *a)
{
    static const uint8_t firsts[] = {PEER_CLOSE, 0x83, 0xA1, 0x80, 0x09};
    if (!a->open || a->wants != MODEL_STAYS || a->over)
        return;
    if (wide && !a->half && once_in(2)) {
        model_offend(a, chance);
        return;
    }
    size_t which = a->half || once_in(2) ? 0 : (size_t)below(sizeof firsts);
    model_end(a, firsts[which]);
}

static void somebody_vanishes(struct actor *a)
{
    if (a->good || a->wants == MODEL_GONE)
        return;
    a->wants = MODEL_GONE;
    switch (below(3)) {
    case 0: sim_shut(a->peer->connection); break;
    case 1: sim_close(a->peer->connection); break;
    case 2: sim_reset(a->peer->connection); break;
    }
}

/* Last words and a Close in one write: they may wait for the room, and must not
   be lost. */
static void somebody_takes_leave(struct actor *a)
{
    if (!a->open || a->over || a->wants != MODEL_STAYS || a->half ||
        a->peer->out_len > 0)
        return;
    model_say(a, chance, pick_length(a, world.config.max_message / 8));
    model_end(a, PEER_CLOSE);
    model_write(a, SIM_UNLIMITED);
}

/* One whose message waits for its room has something else to say, or goes. */
static void somebody_held_goes_on(void)
{
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        if (!watch_is_held(a->peer->connection) || once_in(2))
            continue;
        if (once_in(4))
            somebody_vanishes(a);
        else if (once_in(4))
            somebody_ends(a);
        else if (!a->half && a->wants == MODEL_STAYS)
            model_ping(a);
        model_write(a, SIM_UNLIMITED);
        return;
    }
}

static void who_would_wait_takes_leave(void)
{
    for (size_t i = 0; i < model_count; i++)
        if (watch_would_wait(model_actors[i].peer->connection) && !once_in(3))
            somebody_takes_leave(&model_actors[i]);
}

static void network_changes(struct actor *a)
{
    int c = a->peer->connection;
    if (a->good)
        return;
    switch (below(5)) {
    case 0: sim_set_window(c, pick_size(20000)); break;
    case 1: sim_set_send_buffer(c, 1 + pick_size(20000)); break;
    case 2: sim_set_receive_buffer(c, 1 + pick_size(20000)); break;
    case 3: sim_set_piece(c, 1 + pick_size(2000)); break;
    case 4: sim_set_low_water(c, 1 + pick_size(300)); break;
    }
}

/* It asks for something, and takes but a part of the answer. */
static void will_not_listen(struct actor *a)
{
    int c = a->peer->connection;
    if (a->good)
        return;
    sim_set_window(c, 0);
    sim_set_send_buffer(c, sim_unacknowledged(c) + (size_t)below(6));
    if (!a->open || a->wants != MODEL_STAYS || a->over)
        return;
    model_ping(a);
    model_write(a, SIM_UNLIMITED);
}

/* ---- Calls that fail ----------------------------------------------------- */

/* What each call may return, and nothing that would need an event after it. */
static const struct broken {
    enum sim_call call;
    int errors[3];
} faults[] = {
    {SIM_ACCEPT, {ECONNABORTED, EMFILE, EPERM}},
    {SIM_RECEIVE, {ECONNRESET, ETIMEDOUT, ENOMEM}},
    {SIM_SEND, {EPIPE, ECONNRESET, ENOBUFS}},
    {SIM_UNACKNOWLEDGED, {EINVAL, EINVAL, EINVAL}},
    {SIM_PEER, {ENOTCONN, ENOTCONN, ENOTCONN}},
    {SIM_SPARE, {EMFILE, ENFILE, EMFILE}},
    {SIM_REACTOR_ADD, {ENOSPC, ENOMEM, ENOSPC}},
    {SIM_LOG, {EAGAIN, EIO, ENOSPC}},
    {SIM_ENTROPY, {ENOSYS, EIO, EINTR}},
};

static void something_fails(void)
{
    const struct broken *f = &faults[below(UNIT_COUNT(faults))];
    unsigned times = (unsigned)(1 + below(3));
    sim_fail(f->call, below(5), times, f->errors[below(3)]);
    model_victims += times;
}

/* ---- A step -------------------------------------------------------------- */

static void good_people_do_their_part(void)
{
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        greedy_does_its_part(a);
        if (!a->good || a->over)
            continue;
        model_read(a, SIM_UNLIMITED);
        model_write(a, SIM_UNLIMITED);
    }
    visitor_quick_ones();
}

static void time_passes(void)
{
    static const uint64_t spans[] = {1, 40, 300, 1100, 9000};
    uint64_t left = below(spans[below(crowded ? 4 : UNIT_COUNT(spans))]);
    if (crowded && once_in(8)) /* who takes nothing in it does not count */
        left = 3000;
    if (once_in(50)) {
        world_freeze(60000);
        return;
    }
    while (left > 0) {
        uint64_t step = bytes_min64(left, world.server.patience);
        sim_pass(step ? step : 1);
        left -= step ? step : 1;
        world_turn();
        good_people_do_their_part();
    }
}

static void step(void)
{
    if (wide && once_in(3))
        visitor_step(chance);
    if (wide && once_in(150))
        options_change(chance);
    if (guarded && model_count > 0 && once_in(20))
        bearer_renews(somebody(), chance);
    if (wide && model_count > 0 && once_in(30))
        will_not_listen(somebody());
    if (crowded && once_in(20))
        somebody_held_goes_on();
    if (crowded && once_in(20))
        who_would_wait_takes_leave();
    uint64_t what = below(100);
    if (model_count == 0 || what < 6)
        somebody_comes();
    else if (what < 30)
        somebody_says(somebody());
    else if (what < 60)
        model_write(somebody(), 1 + pick_size(5000));
    else if (what < 80)
        somebody_reads(somebody());
    else if (what < 88)
        network_changes(somebody());
    else if (what < 90)
        somebody_ends(somebody());
    else if (what < 92)
        somebody_vanishes(somebody());
    else
        time_passes();
    if (faults_happen && once_in(10))
        something_fails();
    if (!once_in(4))
        world_turn();
    turns++;
    good_people_do_their_part();
}

/* ---- The end of a run ---------------------------------------------------- */

static void everybody_does_his_part(void)
{
    for (size_t i = 0; i < model_count; i++) {
        struct actor *a = &model_actors[i];
        int c = a->peer->connection;
        sim_set_window(c, SIM_UNLIMITED);
        sim_set_send_buffer(c, SIM_UNLIMITED);
        sim_set_receive_buffer(c, SIM_UNLIMITED);
        sim_set_low_water(c, 1);
        sim_set_piece(c, SIM_UNLIMITED);
        model_read(a, SIM_UNLIMITED);
        model_write(a, SIM_UNLIMITED);
    }
    visitor_all();
    world_settle();
}

static void all_is_said_and_heard(void)
{
    greedy_end();
    for (unsigned i = 0; i < 400; i++) {
        everybody_does_his_part();
        world_pass(50);
    }
    everybody_does_his_part();
    for (size_t i = 0; i < model_count; i++)
        model_settle(&model_actors[i]);
}

/* Those who only do their part when everybody does will not have it now. */
static void only_the_good_have_ended(void)
{
    for (uint64_t left = world.config.drain; world.running;) {
        uint64_t step = 1 + below(400);
        good_people_do_their_part();
        world_pass(step);
        assert_true(left > 0 || !world.running);
        left -= bytes_min64(left, step);
    }
    assert_false(world.running);
    good_people_do_their_part();
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].open && model_actors[i].good)
            assert_true(model_actors[i].over);
}

static void all_have_ended(void)
{
    greedy_end();
    for (unsigned i = 0; i < 200 && world.running; i++) {
        everybody_does_his_part();
        world_pass(50);
    }
    assert_false(world.running);
    everybody_does_his_part();
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].open)
            assert_true(model_actors[i].over);
}

/* Some will take nothing any more, and then others have the last word. */
static void some_will_not_listen(void)
{
    for (size_t i = 0; i < model_count; i++)
        will_not_listen(&model_actors[i]);
    world_turn();
    for (size_t i = 0; i < model_count; i++)
        if (model_actors[i].good)
            somebody_says(&model_actors[i]);
    good_people_do_their_part();
}

static void the_server_stops(void)
{
    if (wide && once_in(2))
        some_will_not_listen();
    sim_signal(SIGNALS_STOP);
    for (unsigned i = 0; i < 10 && world.running; i++) {
        world_turn();
        good_people_do_their_part();
    }
    if (wide && !once_in(3))
        only_the_good_have_ended();
    else
        all_have_ended();
}

/* It is killed, and whoever was there with it; what was said is kept. */
static void the_server_starts_again(void)
{
    everybody_does_his_part();
    model_dies(&world.server.rooms.store);
    world_restart();
    everybody_does_his_part();
    happened("store", "opened by the next server", 1);
}

static void begin_run(struct random *r)
{
    chance = r;
    world_setup(NULL);
    model_begin();
    start_world();
}

/* Nobody is left behind who came for pages, and what is told is so. */
static void all_is_answered_and_counted(void)
{
    options_restore();
    all_is_said_and_heard();
    visitor_settle(faults_happen);
    watch_counters();
    model_counters();
}

static void property_the_model_holds(struct random *r)
{
    faults_happen = random_below(r, 4) == 0;
    wide = random_below(r, 4) != 0;
    crowded = wide && random_below(r, 2) == 0;
    guarded = wide && random_below(r, 3) == 0;
    begin_run(r);
    if (wide)
        watch_begin(faults_happen);
    for (uint64_t left = 200 + below(1500); left > 0; left--) {
        step();
        if (!wide && world.stream_size && once_in(300))
            the_server_starts_again();
    }
    if (once_in(wide ? 2 : 4)) {
        the_server_stops();
    } else {
        if (wide)
            all_is_answered_and_counted();
        else
            all_is_said_and_heard();
        if (once_in(2))
            the_server_stops();
    }
    greedy_count();
    world_teardown(NULL);
    happened_add(&world.server.stats);
    watch_forget();
    wide = crowded = guarded = false;
}

static void test_the_model_holds_whatever_happens(void **state)
{
    const char *given = getenv("SIM_SEEDS");
    unsigned seeds = given ? (unsigned)strtoul(given, NULL, 10) : 100;
    (void)state;
    RANDOM_PROPERTY(property_the_model_holds, seeds);
    print_message(
        "%llu turns, %llu messages published, %llu heard, %llu "
        "answers\n",
        (unsigned long long)turns, (unsigned long long)model_published,
        (unsigned long long)model_heard, (unsigned long long)visitor_answers);
    happened_print();
    if (seeds >= HAPPENED_SEEDS && !getenv("TEST_SEED"))
        happened_all();
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_model_holds_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
