/* SPDX-License-Identifier: MIT */
/*
 * Goal: nobody is refused while somebody holds a slot for nothing, and whoever
 * asks for health is answered whoever holds what.
 */
#include "server/admit.h"
#include "sim/peer.h"

#include <stdio.h>

#define ASK   "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
#define MANY  (4 * LIMITS_REFUSALS)
#define CROWD "one address holds over half of the slots"

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

static void test_an_idle_one_counts_for_no_per_ip(void **state)
{
    (void)state;
    world.config.per_ip = 1;
    world_start();
    struct peer *page = kept_alive();
    struct peer *ann = peer_open("/echo");
    peer_say(page, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(page, 429); /* now it is one too many */
    peer_told(page, "end\n");
    peer_text(ann, "still here");
    peer_told(ann, "text still here\n");
    sim_reset(ann->connection);
    world_settle();
    page = kept_alive();
    peer_say(page, "GET ");
    struct peer *late = peer_connect();
    peer_upgrade(late, "/echo", "");
    peer_answered(late, 429);
    peer_say(page, "/ HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(page, 200);
    assert_int_equal(world.server.addresses.slots.count, 0);
}

/* ---- One address --------------------------------------------------------- */

static void test_one_address_with_over_half_of_the_slots_is_told(void **state)
{
    (void)state;
    world_start(); /* 8 of them */
    for (size_t i = 0; i < 3; i++)
        peer_connect_from("198.51.100.7:1");
    for (unsigned i = 0; i < 4; i++) {
        char from[40];
        snprintf(from, sizeof from, "[2001:db8::%u]:1", i);
        peer_connect_from(from);
    }
    world_settle();
    world_not_logged(CROWD);
    struct peer *p = peer_connect_from("198.51.100.8:1");
    for (unsigned i = 0; i < 3; i++) /* no slot of ours is theirs */
        peer_connect_from("[2001:db8::1]:1");
    world_settle();
    world_not_logged(CROWD);
    sim_reset(p->connection);
    world_settle();
    peer_connect_from("[2001:db8::ffff]:1");
    world_settle();
    world_logged("why=\"" CROWD "\" ip=2001:db8::ffff slots=8");
}

static void test_behind_a_proxy_it_is_the_visitors_that_count(void **state)
{
    (void)state;
    world.config.trust_unix = true;
    world_start();
    for (unsigned i = 0; i < 8; i++) {
        char fields[40];
        struct peer *p = peer_connect_from("unix:x");
        snprintf(fields, sizeof fields, "X-Forwarded-For: 192.0.2.%u\r\n",
                 i < 4 ? 1 : i);
        peer_upgrade(p, "/echo", fields);
        peer_answered(p, 101);
        if (i == 6)
            sim_reset(p->connection);
    }
    world_not_logged(CROWD);
    struct peer *p = peer_connect_from("unix:x");
    peer_upgrade(p, "/echo", "X-Forwarded-For: 192.0.2.1\r\n");
    peer_answered(p, 101);
    world_logged(CROWD "\" ip=192.0.2.1");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_first_of_the_refused_gives_way),
        WORLD_TEST(test_no_unread_request_gives_way),
        WORLD_TEST(test_who_drips_gives_way),
        WORLD_TEST(test_who_is_over_per_ip_is_told_and_gives_way_too),
        WORLD_TEST(test_the_longest_idle_gives_way_before_anybody_is_refused),
        WORLD_TEST(test_as_long_as_there_are_slots_nobody_gives_way),
        WORLD_TEST(test_who_has_not_asked_yet_does_not_give_way),
        WORLD_TEST(test_an_unread_request_of_an_idle_one_is_answered_first),
        WORLD_TEST(test_many_give_way_in_as_many_turns_as_it_takes),
        WORLD_TEST(test_an_idle_one_counts_for_no_per_ip),
        WORLD_TEST(test_one_address_with_over_half_of_the_slots_is_told),
        WORLD_TEST(test_behind_a_proxy_it_is_the_visitors_that_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
