/* SPDX-License-Identifier: MIT */
/*
 * Goal: nobody is refused while somebody holds a slot for nothing, and whoever
 * asks for health is answered whoever holds what.
 */
#include "server/admit.h"
#include "os/bell.h"
#include "sim/peer.h"
#include "support/death.h"

#include <errno.h>

#define ASK  "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define MANY (4 * LIMITS_REFUSALS)

static void take_all_slots(void)
{
    for (uint32_t i = 0; i < world.config.clients; i++)
        peer_open("/echo");
}

static void fill_refusals(struct peer *idle[LIMITS_REFUSALS])
{
    for (size_t i = 0; i < LIMITS_REFUSALS; i++)
        idle[i] = peer_connect();
    world_settle();
}

static struct peer *kept_alive(void)
{
    struct peer *p = peer_connect();
    peer_say(p, ASK);
    peer_answered(p, 200);
    return p;
}

/* ---- Refusal slots ------------------------------------------------------- */

static void test_without_a_slot_one_is_told_503_and_why(void **state)
{
    (void)state;
    world_start();
    struct peer *first = NULL;
    for (uint32_t i = 0; i < world.config.clients; i++) {
        struct peer *p = peer_open("/echo");
        first = first ? first : p;
    }
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    struct peer_response r = peer_response(late, false);
    assert_int_equal(r.status, 503);
    assert_true(bytes_equal(r.body, BYTES_LITERAL("all client slots taken\n")));
    assert_true(peer_field(&r, "Retry-After").len > 0);
    peer_told(late, "end\n");
    peer_close(first, 1000);
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    peer_text(peer_open("/echo"), "there is room again");
}

static void test_the_refused_may_still_ask_for_health(void **state)
{
    (void)state;
    world_start();
    for (uint32_t i = 0; i < world.config.clients; i++)
        peer_open("/echo");
    struct peer *late = peer_connect();
    peer_say(late, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(late, 200);
    peer_told(late, "end\n");
}

static void test_the_first_of_the_refused_gives_way(void **state)
{
    struct peer *idle[LIMITS_REFUSALS];
    (void)state;
    world_start();
    take_all_slots();
    fill_refusals(idle);
    for (size_t i = 0; i < LIMITS_REFUSALS; i++) {
        struct peer *probe = peer_connect();
        peer_say(probe, ASK);
        peer_answered(probe, 200);
        sim_close(probe->connection);
        world_settle();
    }
    peer_answered(idle[0], 503);
    peer_told(idle[0], "end\n");
    peer_told_nothing(idle[1]); /* the probes' slots were free again */
    world_logged("status=503 why=\"all client slots taken\"");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 503);
}

/* All at once, as many as the kernel's queue holds. */
static void test_no_unread_request_gives_way(void **state)
{
    struct peer *idle[LIMITS_REFUSALS], *probes[MANY];
    (void)state;
    world_start();
    take_all_slots();
    fill_refusals(idle);
    for (size_t i = 0; i < MANY; i++) {
        probes[i] = peer_of(sim_connect(0, "192.0.2.9:1"));
        peer_add(probes[i], BYTES_LITERAL(ASK));
        peer_push(probes[i]);
    }
    world_settle();
    for (size_t i = 0; i < MANY; i++)
        peer_answered(probes[i], 200);
}

/* A byte in each turn keeps no slot. */
static void test_who_drips_gives_way(void **state)
{
    struct peer *idle[LIMITS_REFUSALS], *probe = NULL;
    (void)state;
    world.config.buffers = 2 * LIMITS_REFUSALS; /* each has what came */
    world_start();
    take_all_slots();
    fill_refusals(idle);
    for (unsigned turn = 0; turn < 10; turn++) {
        for (size_t i = 0; i < LIMITS_REFUSALS; i++) {
            if (sim_side(idle[i]->connection) != SIM_OPEN)
                continue;
            peer_add(idle[i], BYTES_LITERAL("G"));
            peer_push(idle[i]);
        }
        if (turn == 3) {
            probe = peer_of(sim_connect(0, "192.0.2.9:1"));
            peer_add(probe, BYTES_LITERAL(ASK));
            peer_push(probe);
        }
        world_turn();
    }
    peer_answered(probe, 200);
}

static void test_who_is_over_per_ip_is_told_and_gives_way_too(void **state)
{
    struct peer *idle[LIMITS_REFUSALS];
    (void)state;
    world.config.per_ip = 1;
    world_start();
    peer_open("/echo");
    fill_refusals(idle);
    struct peer *probe = peer_connect();
    peer_say(probe, ASK);
    peer_answered(probe, 200);
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 429);
    peer_answered(idle[0], 429);
    peer_told(idle[0], "end\n");
    assert_int_equal(world.server.clients.regular, 1);
}

/* ---- Idle plain connections ---------------------------------------------- */

static void
test_the_longest_idle_gives_way_before_anybody_is_refused(void **state)
{
    (void)state;
    world.config.clients = 3;
    world_start();
    struct peer *a = kept_alive(), *b = kept_alive(), *c = kept_alive();
    peer_say(a, ASK); /* now b is the longest */
    peer_answered(a, 200);
    peer_text(peer_open("/echo"), "hello");
    peer_told(b, "end\n");
    peer_open("/echo");
    peer_told(c, "end\n");
    peer_told_nothing(a);
    peer_open("/echo");
    peer_told(a, "end\n");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 503);
}

static void test_as_long_as_there_are_slots_nobody_gives_way(void **state)
{
    (void)state;
    world.config.clients = 3;
    world_start();
    struct peer *a = kept_alive(), *b = kept_alive();
    peer_open("/echo");
    peer_told_nothing(a);
    peer_told_nothing(b);
}

static void test_who_has_not_asked_yet_does_not_give_way(void **state)
{
    (void)state;
    world.config.clients = 1;
    world_start();
    struct peer *a = peer_connect();
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 503);
    peer_say(a, ASK);
    peer_answered(a, 200);
}

static void
test_an_unread_request_of_an_idle_one_is_answered_first(void **state)
{
    (void)state;
    world.config.clients = 1;
    world_start();
    struct peer *a = kept_alive();
    peer_add(a, BYTES_LITERAL(ASK));
    peer_push(a);
    struct peer *late = peer_of(sim_connect(0, "192.0.2.9:1"));
    peer_add(late, BYTES_LITERAL(ASK));
    peer_push(late);
    world_settle();
    peer_answered(a, 200);
    peer_told(a, "end\n");
    peer_answered(late, 200);
    assert_int_equal(world.server.clients.idle.count, 1); /* a regular one */
}

/* More than may in one turn; the others wait for the next ones. */
static void test_many_give_way_in_as_many_turns_as_it_takes(void **state)
{
    struct peer *idle[MANY], *fresh[MANY];
    (void)state;
    world.config.clients = MANY;
    world_start();
    for (size_t i = 0; i < MANY; i++)
        idle[i] = kept_alive();
    for (size_t i = 0; i < MANY; i++)
        fresh[i] = peer_of(sim_connect(0, "192.0.2.9:1"));
    for (size_t i = 0; i < MANY; i++)
        peer_upgrade(fresh[i], "/echo", "");
    world_settle();
    for (size_t i = 0; i < MANY; i++) {
        peer_answered(fresh[i], 101);
        peer_told(idle[i], "end\n");
    }
}

/* ---- Of several workers --------------------------------------------------- */

#define OTHER 1

static struct crew_part *other(void)
{
    return &world.server.crew.parts[OTHER];
}

static void other_has(enum crew_gauge gauge, uint32_t count)
{
    atom_put(&other()->gauges[gauge], count);
}

static void test_slots_that_other_workers_have_are_taken(void **state)
{
    (void)state;
    world_start_in_crew(2);
    other_has(CREW_REGULAR, world.config.clients - 1);
    peer_open("/echo");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    assert_int_equal(peer_response(late, false).status, 503);
    other_has(CREW_REGULAR, world.config.clients - 2);
    peer_text(peer_open("/echo"), "there is room again");
}

static void test_idle_ones_of_other_workers_are_asked_to_give_way(void **state)
{
    (void)state;
    world_start_in_crew(2);
    int bell = world.server.crew.bells[OTHER];
    other_has(CREW_REGULAR, world.config.clients);
    other_has(CREW_IDLE, 3);
    struct peer *late = peer_connect();
    assert_int_equal(sim_rung(bell), 1);
    assert_int_equal(atom_get(&other()->asked), 1);
    assert_int_equal(sim_side(late->connection), SIM_WAITING);
    assert_int_equal(world.server.patience, LIMITS_ASK);
    other_has(CREW_REGULAR, world.config.clients - 1);
    world_pass(LIMITS_ASK);
    assert_int_equal(sim_side(late->connection), SIM_OPEN);
    peer_upgrade(late, "/echo", "");
    assert_int_equal(peer_response(late, false).status, 101);
}

static void test_who_is_asked_for_in_vain_is_refused_in_the_end(void **state)
{
    (void)state;
    world_start_in_crew(2);
    other_has(CREW_REGULAR, world.config.clients);
    other_has(CREW_IDLE, 3);
    struct peer *late = peer_connect();
    world_pass(LIMITS_ASKED * LIMITS_ASK);
    assert_int_equal(sim_rung(world.server.crew.bells[OTHER]), LIMITS_ASKED);
    peer_upgrade(late, "/echo", "");
    assert_int_equal(peer_response(late, false).status, 503);
}

static void test_where_it_is_asked_one_gives_way(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *a = kept_alive(), *b = kept_alive();
    other_has(CREW_REGULAR, world.config.clients - 2);
    for (unsigned i = 0; i < 2; i++) {
        atom_put(&world.server.crew.parts[0].asked, 1);
        bell_ring(world.server.crew.bells[0]);
        world_settle();
    }
    peer_told(a, "end\n");
    peer_told(b, ""); /* there was room then */
}

static void test_of_health_all_workers_are_asked(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *probe = peer_connect();
    other_has(CREW_REGULAR, world.config.clients);
    peer_say(probe, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(probe, 503);
    other_has(CREW_IDLE, 1);
    peer_say(probe, "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(probe, 200);
}

/* ---- What goes wrong ----------------------------------------------------- */

static void test_a_connection_the_reactor_refuses_is_closed(void **state)
{
    (void)state;
    world_start();
    sim_fail(SIM_REACTOR_ADD, 0, 1, ENOSPC);
    struct peer *ann = peer_connect();
    peer_told(ann, "end\n");
    assert_int_equal(world.server.clients.slots.count, 0);
}

/* All slots are taken, and by people who came in this turn. */
static void admit_unasked(void *context)
{
    struct server *s = context;
    struct socket_address peer = {.family = SOCKET_UNIX};
    s->clients.regular = s->clients.size;
    s->clients.refused.count = LIMITS_REFUSALS;
    s->came = LIMITS_REFUSALS;
    admit_one(s, 0, &peer, false);
}

static void test_nobody_comes_in_before_it_is_asked(void **state)
{
    (void)state;
    world_start();
    assert_true(death_by_check(admit_unasked, &world.server));
}

static void test_who_is_alone_asks_nobody(void **state)
{
    (void)state;
    world_start();
    take_all_slots();
    assert_false(admit_waits(&world.server));
}

static void test_an_idle_one_of_ours_gives_way_first(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *idle = kept_alive();
    other_has(CREW_REGULAR, world.config.clients - 1);
    other_has(CREW_IDLE, 3);
    struct peer *late = peer_connect();
    assert_int_equal(atom_get(&other()->asked), 0);
    peer_told(idle, "end\n");
    peer_upgrade(late, "/echo", "");
    assert_int_equal(peer_response(late, false).status, 101);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_without_a_slot_one_is_told_503_and_why),
        WORLD_TEST(test_the_refused_may_still_ask_for_health),
        WORLD_TEST(test_the_first_of_the_refused_gives_way),
        WORLD_TEST(test_no_unread_request_gives_way),
        WORLD_TEST(test_who_drips_gives_way),
        WORLD_TEST(test_who_is_over_per_ip_is_told_and_gives_way_too),
        WORLD_TEST(test_the_longest_idle_gives_way_before_anybody_is_refused),
        WORLD_TEST(test_as_long_as_there_are_slots_nobody_gives_way),
        WORLD_TEST(test_who_has_not_asked_yet_does_not_give_way),
        WORLD_TEST(test_an_unread_request_of_an_idle_one_is_answered_first),
        WORLD_TEST(test_many_give_way_in_as_many_turns_as_it_takes),
        WORLD_TEST(test_slots_that_other_workers_have_are_taken),
        WORLD_TEST(test_idle_ones_of_other_workers_are_asked_to_give_way),
        WORLD_TEST(test_who_is_asked_for_in_vain_is_refused_in_the_end),
        WORLD_TEST(test_where_it_is_asked_one_gives_way),
        WORLD_TEST(test_of_health_all_workers_are_asked),
        WORLD_TEST(test_a_connection_the_reactor_refuses_is_closed),
        WORLD_TEST(test_nobody_comes_in_before_it_is_asked),
        WORLD_TEST(test_who_is_alone_asks_nobody),
        WORLD_TEST(test_an_idle_one_of_ours_gives_way_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
