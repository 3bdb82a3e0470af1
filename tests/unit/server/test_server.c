/* SPDX-License-Identifier: MIT */
/*
 * Goal: whoever is dirty is taken out once, and a slot is freed once, when
 * nothing refers to it any more.
 */
#include "server/server.h"
#include "sim/peer.h"

#include <errno.h>

#define COUNT 4

static struct client clients[COUNT + CLIENT_BESIDES];
static struct profile profiles[COUNT + CLIENT_BESIDES];

/* No more of a server than is looked at. */
static struct server server;

static void begin(struct client *taken[COUNT])
{
    memset(clients, 0, sizeof clients);
    server = (struct server){.dirty = {.dirty = true}, .reap = CLIENT_NONE};
    client_init(&server.clients, clients, profiles, COUNT);
    for (int i = 0; i < COUNT; i++)
        taken[i] = client_take(&server.clients, i, 0, 0);
}

static struct client *pop(void)
{
    struct client *c = client_pop(&server.clients, &server.dirty);
    client_clear(c, CLIENT_DIRTY);
    return c;
}

static void bury(struct client *c)
{
    client_set_state(&server.clients, c, CLIENT_GONE);
    server_bury(&server, c);
}

/* ---- Slots --------------------------------------------------------------- */

static void test_who_owes_a_message_keeps_its_slot(void **state)
{
    struct client *c[COUNT];
    (void)state;
    begin(c);
    c[1]->room = 0;
    c[1]->taken = FRAME_TEXT;
    bury(c[1]);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT);
    c[1]->taken = 0;
    server_bury(&server, c[1]);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT - 1);
}

/* ---- Queues -------------------------------------------------------------- */

static void test_the_dirty_come_out_once_in_their_order(void **state)
{
    struct client *c[COUNT];
    (void)state;
    begin(c);
    server_make_dirty(&server, c[2]);
    server_make_dirty(&server, c[0]);
    server_make_dirty(&server, c[2]);
    assert_int_equal(server.dirty.count, 2);
    assert_ptr_equal(pop(), c[2]);
    server_make_dirty(&server, c[2]); /* again, behind the others */
    assert_ptr_equal(pop(), c[0]);
    assert_ptr_equal(pop(), c[2]);
    assert_int_equal(server.dirty.count, 0);
    server_make_dirty(&server, c[1]); /* the first of an empty queue */
    assert_ptr_equal(pop(), c[1]);
}

static void test_the_buried_are_freed_at_the_end_of_the_turn(void **state)
{
    struct client *c[COUNT];
    (void)state;
    begin(c);
    bury(c[1]);
    bury(c[3]);
    assert_int_equal(server.clients.slots.count, COUNT);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT - 2);
    assert_int_equal(server.reap, CLIENT_NONE);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT - 2);
}

/* Another who got its slot would stand in a queue that is not its own. */
static void test_who_stands_in_a_queue_is_not_freed_before_it(void **state)
{
    struct client *c[COUNT];
    (void)state;
    begin(c);
    server_make_dirty(&server, c[0]);
    server_make_dirty(&server, c[1]);
    client_set(c[2], CLIENT_READY);
    bury(c[0]);
    bury(c[2]);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT);
    assert_ptr_equal(pop(), c[0]);
    client_clear(c[2], CLIENT_READY);
    server_bury(&server, c[0]);
    server_bury(&server, c[2]);
    server_reap(&server);
    assert_int_equal(server.clients.slots.count, COUNT - 2);
    assert_ptr_equal(pop(), c[1]);
}

/* ---- What it tells ------------------------------------------------------- */

static void test_a_failure_says_what_and_why(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct text why = text_over(bytes, sizeof bytes);
    assert_int_equal(server_failed(&why, "no epoll", -EMFILE), SERVER_FAILED);
    assert_true(bytes_equal(text_span(&why),
                            bytes_of("no epoll: Too many open files")));
    why.len = 0;
    server_failed(&why, "nothing left", 0);
    assert_true(bytes_equal(text_span(&why), bytes_of("nothing left")));
}

/* The last thing that could not be told is told again, and no other. */
static void test_what_the_supervisor_did_not_hear_is_remembered(void **state)
{
    (void)state;
    world.config.supervised.notify = "/run/notify";
    world_start();
    sim_told();
    sim_fail(SIM_TELL, 0, 2, EAGAIN);
    server_tell(&world.server, "ONE=1");
    server_tell(&world.server, "TWO=1");
    assert_string_equal(sim_told(), "");
    assert_string_equal(world.server.untold, "TWO=1");
    server_tell(&world.server, world.server.untold);
    assert_string_equal(sim_told(), "TWO=1\n");
    assert_null(world.server.untold);
}

/* ---- Clocks -------------------------------------------------------------- */

static void test_lines_left_out_are_told_with_the_next_second(void **state)
{
    (void)state;
    world_start();
    struct server *s = &world.server;
    struct journal_line line;
    for (unsigned i = 0; i < LIMITS_LOG_LINES + 3; i++)
        if (journal_begin(&s->journal, &line, LEVEL_INFO, JOURNAL_STATE,
                          s->wall))
            journal_end(&line);
    server_read_clocks(s);
    world_not_logged("event=suppressed");
    sim_pass(1000);
    server_read_clocks(s);
    world_logged("event=suppressed of=state count=3\n");
    assert_int_equal(s->now, s->woken / 1000);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_owes_a_message_keeps_its_slot),
        cmocka_unit_test(test_the_dirty_come_out_once_in_their_order),
        cmocka_unit_test(test_the_buried_are_freed_at_the_end_of_the_turn),
        cmocka_unit_test(test_who_stands_in_a_queue_is_not_freed_before_it),
        cmocka_unit_test(test_a_failure_says_what_and_why),
        WORLD_TEST(test_what_the_supervisor_did_not_hear_is_remembered),
        WORLD_TEST(test_lines_left_out_are_told_with_the_next_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
