/* SPDX-License-Identifier: MIT */
#include "fuzz/crowd.h"

#include <stdio.h>

/* Without time passing: the server spins. Files have 100,000 bytes, and some read
   one a turn. */
#define TURNS_MAX  1000000
#define PASSED_MAX 600000 /* milliseconds of a run */
#define FILES_MANY 1024
#define ECHO_MAX   1024
#define BUFFER     (64 * 1024) /* the kernel's, each way */
#define ECHO_WAIT  10000       /* milliseconds: --rate may keep it from us */
#define RATE_PAUSE 2000 /* milliseconds: for --rate to let us be read again */
#define IDLE_STEP  10   /* milliseconds, on average and each: else it spins */
#define GOOD       "198.51.100.7"

static struct person people[CROWD_MOST];
static size_t count;
static struct person good;
static bool stopping;     /* it was told to */
static bool unlucky;      /* the good one may have been hit */
static uint64_t passed;   /* milliseconds of this run */
static uint8_t echoes;    /* the good one has said so many things */
static bool good_is_here; /* its handshake went well */

/* ---- Doing what they always do ------------------------------------------- */

static size_t push(struct person *p)
{
    struct peer *peer = p->watch.peer;
    if (p->gone || peer->out_len == 0)
        return 0;
    return peer_push_some(peer, p->chunk);
}

static void look(struct person *p)
{
    struct peer_frame m;
    while (watch_next(&p->watch, &m))
        ;
}

/* True when something moved. */
static bool act(struct person *p)
{
    size_t moved = push(p);
    if (p->reads) {
        moved += watch_pull(&p->watch, SIM_UNLIMITED);
        look(p);
    }
    return moved > 0;
}

static bool everybody_acts(void)
{
    bool moved = false;
    for (size_t i = 0; i < count; i++)
        moved |= act(&people[i]);
    return moved;
}

/* ---- Turns --------------------------------------------------------------- */

static void turn(void)
{
    if (!world.running)
        return;
    world_turn();
    assert_true(world.running || stopping);
    sim_forget_log();
}

/* What the good one is told is looked at where it is waited for, but for the
   pings: they cannot wait. */
static bool good_acts(void)
{
    struct peer_frame m;
    bool moved = watch_pull(&good.watch, SIM_UNLIMITED) > 0;
    while (watch_next(&good.watch, &m))
        assert_true(false); /* nobody asked */
    return push(&good) > 0 || moved;
}

void crowd_turn(void)
{
    everybody_acts();
    good_acts();
    turn();
}

void crowd_settle(void)
{
    for (unsigned turns = 0; world.running; turns++) {
        bool moved = everybody_acts();
        moved |= good_acts();
        turn();
        if (!moved && sim_events() == 0 && world.server.patience > 0)
            return;
        assert_true(turns < TURNS_MAX);
    }
}

/* Waking up without making a single call is no sin, unless it is a habit. */
static void pass(uint64_t milliseconds)
{
    uint64_t idle = 0;
    crowd_settle();
    for (uint64_t left = milliseconds; left > 0 && world.running;) {
        uint64_t step = bytes_min64(left, world.server.patience);
        uint64_t calls = sim_count(SIM_ANY);
        sim_pass(step);
        left -= step;
        crowd_settle();
        idle += sim_count(SIM_ANY) == calls;
    }
    assert_true(idle <= (milliseconds / IDLE_STEP + IDLE_STEP) * (count + 1));
}

void crowd_pass(uint64_t milliseconds)
{
    milliseconds = bytes_min64(milliseconds, PASSED_MAX - passed);
    passed += milliseconds;
    pass(milliseconds);
}

void crowd_freeze(uint64_t milliseconds)
{
    crowd_settle();
    sim_pass(milliseconds);
    crowd_settle();
}

/* ---- The good one -------------------------------------------------------- */

static void nothing_fails(void)
{
    for (enum sim_call call = 0; call <= SIM_ANY; call++)
        sim_fail(call, 0, 0, 0);
    sim_limit_files(FILES_MANY);
}

void crowd_something_fails(void)
{
    unlucky = true;
}

static struct person person_of(int connection)
{
    sim_set_send_buffer(connection, BUFFER);
    sim_set_receive_buffer(connection, BUFFER);
    return (struct person){
        .watch = {.peer = peer_of(connection), .answers = true},
        .chunk = SIM_UNLIMITED,
        .reads = true,
    };
}

static void introduce(struct person *p)
{
    static const char header[] = "PROXY TCP4 " GOOD " 192.0.2.9 1 2\r\n";
    if (world.config.proxy_protocol)
        peer_add(p->watch.peer, bytes_of(header));
}

static void good_comes(void)
{
    static const char request[] =
        "GET /echo HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    uint8_t bytes[1024];
    struct text t = text_over(bytes, sizeof bytes);
    text_string(&t, request);
    if (world.config.token_key) {
        text_string(&t, "Authorization: Bearer ");
        assert_true(token_sign(&world.config.keys.list[0],
                               BYTES_LITERAL("{\"exp\":1e300}"), &t));
        text_string(&t, "\r\n");
    }
    text_string(&t, "\r\n");
    good = person_of(sim_connect(0, GOOD ":1"));
    introduce(&good);
    peer_add(good.watch.peer, text_span(&t));
    pass(2 * LIMITS_REST);
    good_is_here = good.watch.open;
    if (good_is_here)
        return;
    good.gone = true; /* there was no place for it */
    sim_close(good.watch.peer->connection);
}

static bool good_is_lost(void)
{
    return !good_is_here || good.watch.closed ||
           sim_side(good.watch.peer->connection) != SIM_OPEN;
}

/* Is this what it said last? */
static void check_echo(const struct peer_frame *m, struct span said)
{
    assert_int_equal(m->first, PEER_TEXT);
    assert_true(bytes_equal(m->payload, said));
}

static bool good_hears(struct span said)
{
    struct peer_frame m;
    bool heard = false;
    while (watch_pull(&good.watch, SIM_UNLIMITED) > 0)
        ;
    while (watch_next(&good.watch, &m)) {
        assert_false(heard);
        check_echo(&m, said);
        heard = true;
    }
    push(&good);
    return heard;
}

static void wait_for_echo(struct span said)
{
    for (uint64_t left = ECHO_WAIT; left > 0;) {
        for (unsigned turns = 0; turns < TURNS_MAX; turns++) {
            everybody_acts();
            turn();
            if (good_hears(said))
                return;
            if (sim_events() == 0 && world.server.patience > 0)
                break;
        }
        uint64_t step = bytes_min64(left, world.server.patience);
        sim_pass(step);
        left -= step;
    }
    fail_msg("no echo");
}

void crowd_echo(size_t len, size_t cut)
{
    uint8_t said[ECHO_MAX];
    struct peer *p;
    if (!world.running)
        return;
    nothing_fails();
    crowd_settle();
    if (unlucky && good_is_lost())
        good_comes();
    assert_true(unlucky || !good_is_lost());
    unlucky = unlucky && !good_is_here;
    if (!good_is_here)
        return;
    len = bytes_min(len, sizeof said);
    memset(said, 'a' + echoes++ % 26, sizeof said);
    p = good.watch.peer;
    peer_add_frame(p, PEER_TEXT, bytes_span(said, len));
    peer_push_some(p, cut);
    turn();
    peer_push_some(p, SIM_UNLIMITED);
    wait_for_echo(bytes_span(said, len));
}

/* ---- Beginning and end --------------------------------------------------- */

void crowd_begin(void)
{
    count = 0;
    stopping = unlucky = false;
    passed = 0;
    echoes = 0;
    watch_forget_places();
    sim_limit_files(FILES_MANY);
    world_start();
    good_comes();
    assert_true(good_is_here);
}

struct person *crowd_come(size_t listener, const char *from)
{
    if (count == CROWD_MOST)
        return NULL;
    int connection = sim_connect(listener, from);
    if (connection < 0)
        return NULL;
    people[count] = person_of(connection);
    return &people[count++];
}

void crowd_stop(unsigned times)
{
    stopping = true;
    for (unsigned i = 0; i < times; i++)
        sim_signal(SIGNALS_STOP);
    pass(world.config.drain + 1000);
    assert_false(world.running);
    while (watch_pull(&good.watch, SIM_UNLIMITED) > 0)
        ;
    look(&good);
    if (times == 1 && world.config.drain && !unlucky)
        assert_int_equal(good.watch.code, 1001);
}

static void everybody_hears(void)
{
    for (size_t i = 0; i < count; i++) {
        int c = people[i].watch.peer->connection;
        people[i].reads = true;
        sim_set_window(c, SIM_UNLIMITED);
        sim_set_send_buffer(c, BUFFER);
        sim_set_receive_buffer(c, BUFFER);
        sim_set_low_water(c, 1);
        sim_set_piece(c, SIM_UNLIMITED);
    }
    pass(2000);
    for (size_t i = 0; i < count; i++)
        watch_end(&people[i].watch);
}

static void everybody_leaves(void)
{
    for (size_t i = 0; i < count; i++) {
        people[i].gone = true;
        people[i].reads = false;
        sim_close(people[i].watch.peer->connection);
    }
    pass(2 * RATE_PAUSE);
}

/* Whatever was, who comes now is let in. */
static void somebody_new_comes(void)
{
    struct person p = person_of(sim_connect(0, GOOD ":2"));
    introduce(&p);
    peer_add(p.watch.peer,
             BYTES_LITERAL("GET /healthz HTTP/1.0\r\nHost: a\r\n\r\n"));
    push(&p);
    pass(2 * LIMITS_REST);
    peer_answered(p.watch.peer, 200);
    sim_close(p.watch.peer->connection);
    pass(RATE_PAUSE);
}

void crowd_end(void)
{
    if (world.running) {
        nothing_fails();
        everybody_hears();
        crowd_echo(100, SIM_UNLIMITED);
        everybody_leaves();
        crowd_echo(0, 1);
        somebody_new_comes();
        if (good_is_here) {
            assert_int_equal(world.server.clients.slots.count, 1);
            assert_int_equal(world.server.leases.slots.count, 0);
            assert_int_equal(world.server.scrapes.slots.count, 0);
        }
    }
    world_teardown(NULL);
}
