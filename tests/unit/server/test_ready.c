/* SPDX-License-Identifier: MIT */
/*
 * Goal: who has input and no reason to wait is read from, once a turn, and the
 * time in which somebody is not is given back.
 */
#include "server/ready.h"
#include "sim/peer.h"

static struct client *client_of(const struct peer *p)
{
    return world_client(p->connection);
}

static void test_who_may_be_read_has_input_and_no_reason_to_wait(void **state)
{
    static const struct {
        enum client_state state;
        bool reads;
    } states[] = {
        {CLIENT_PROXY, true}, {CLIENT_REQUEST, true}, {CLIENT_REPLY, false},
        {CLIENT_IDLE, true},  {CLIENT_OPEN, true},    {CLIENT_CLOSING, false},
        {CLIENT_GONE, false}, {CLIENT_LINGER, true},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(states); i++) {
        struct client c = {.state = (uint8_t)states[i].state};
        assert_false(ready_may_read(&c)); /* nothing may have come */
        c.flags = CLIENT_READABLE;
        assert_int_equal(ready_may_read(&c), states[i].reads);
        c.flags = CLIENT_PARKED;
        assert_int_equal(ready_may_read(&c), states[i].reads);
        c.waits = CLIENT_WAITS_RATE;
        assert_false(ready_may_read(&c));
    }
}

static void test_one_is_in_the_queue_once(void **state)
{
    (void)state;
    world_start();
    struct client *c = client_of(peer_open("/echo"));
    ready_add(&world.server, c); /* nothing may have come */
    assert_int_equal(world.server.ready.count, 0);
    client_set(c, CLIENT_READABLE);
    ready_add(&world.server, c);
    ready_add(&world.server, c);
    assert_int_equal(world.server.ready.count, 1);
}

/* It waits until the last reason is gone, and all that time is not its own. */
static void test_reasons_are_a_set_and_time_in_it_is_given_back(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    struct client *c = client_of(ann);
    peer_add_frame(ann, PEER_TEXT, BYTES_LITERAL("unfinished"));
    peer_push_some(ann, ann->out_len - 1);
    world_settle();
    struct lease *l = lease_at(&world.server.leases, c->inbox);
    uint32_t heard = c->heard, since = c->since, began = l->since;
    client_set(c, CLIENT_READABLE);
    ready_wait(&world.server, c, CLIENT_WAITS_OUTPUT, 5000);
    world.server.now += 700;
    ready_wait(&world.server, c, CLIENT_WAITS_RATE, REACTOR_FOREVER);
    world.server.now += 300;
    ready_go_on(&world.server, c, CLIENT_WAITS_ROOM); /* it had none of these */
    ready_go_on(&world.server, c, CLIENT_WAITS_OUTPUT);
    assert_int_equal(c->waits, CLIENT_WAITS_RATE);
    assert_int_equal(c->heard, heard);
    assert_int_equal(world.server.ready.count, 0);
    ready_go_on(&world.server, c, CLIENT_WAITS_RATE | CLIENT_WAITS_OUTPUT);
    assert_int_equal(c->waits, 0);
    assert_int_equal(c->heard, heard + 1000);
    assert_int_equal(c->since, since + 1000);
    assert_int_equal(l->since, began + 1000);
    assert_int_equal(world.server.ready.count, 1);
}

static void test_a_blocked_client_is_not_read_from(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/echo");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    uint64_t receives = sim_count(SIM_RECEIVE);
    peer_text(ann, "again");
    peer_text(ann, "and again");
    assert_int_equal(sim_count(SIM_RECEIVE), receives);
    peer_read_again(ann);
    peer_told(ann, "text hello\ntext again\ntext and again\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_who_may_be_read_has_input_and_no_reason_to_wait),
        WORLD_TEST(test_one_is_in_the_queue_once),
        WORLD_TEST(test_reasons_are_a_set_and_time_in_it_is_given_back),
        WORLD_TEST(test_a_blocked_client_is_not_read_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
