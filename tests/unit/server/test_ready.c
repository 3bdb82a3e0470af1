/* SPDX-License-Identifier: MIT */
/*
 * Goal: who has input and no reason to wait is read from, once a turn, and the
 * time in which somebody is not is given back; who asks for a room gets it as
 * soon as it can be had.
 */
#include "os/bell.h"
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
        {CLIENT_PROXY, true},   {CLIENT_REQUEST, true},  {CLIENT_BODY, true},
        {CLIENT_ASKING, false}, {CLIENT_REPLY, false},   {CLIENT_IDLE, true},
        {CLIENT_OPEN, true},    {CLIENT_CLOSING, false}, {CLIENT_GONE, false},
        {CLIENT_LINGER, true},
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

/* ---- Asking for a room ----------------------------------------------------- */

#define HOST "Host: a.example\r\n"
#define POST "POST /chat/x HTTP/1.1\r\n" HOST "Content-Length: "

static struct store *other;

/* Another worker has the lock of the table, or of the only room. */
static void bar_table(void)
{
    assert_true(board_lock(&other->board.table->lock, other->worker));
}

static void bar_room(void)
{
    assert_int_equal(store_seize(other, 0, 64), STORE_DONE);
}

static void unbar(void)
{
    struct board_table *table = other->board.table;
    if (atom_get(&table->lock))
        board_unlock(&table->lock);
    store_release(other);
}

static void start_with_another(void)
{
    world_start_in_crew(2);
    other = world_other("x");
}

static void unbar_and_ring(void)
{
    unbar();
    store_ring_one(other, 0, 0);
    bell_ring(world.server.crew.bells[0]);
    world_settle();
}

static struct peer *ask(const char *target)
{
    struct peer *p = peer_connect();
    peer_upgrade(p, target, "");
    peer_flush(p);
    assert_int_equal(client_of(p)->state, CLIENT_ASKING);
    assert_int_equal(peer_bytes(p).len, 0);
    return p;
}

static struct peer *post(const char *rest)
{
    struct peer *p = peer_connect();
    peer_add(p, BYTES_LITERAL(POST));
    peer_say(p, rest);
    return p;
}

static void ask_behind(void (*bar)(void))
{
    start_with_another();
    bar();
    struct peer *ann = ask("/chat/x"), *bob = ask("/ws/x?name=Bob");
    unbar_and_ring();
    peer_answered(ann, 101);
    peer_answered(bob, 101);
    peer_text(bob, "{\"message\":\"one\"}");
    peer_told(ann, "text one\n");
    assert_int_equal(world.server.leases.slots.count, 0);
    store_close(other, 0);
}

static void test_who_asks_for_a_room_gets_it_when_it_can_be_had(void **state)
{
    (void)state;
    ask_behind(bar_room);
}

static void test_and_when_the_table_can(void **state)
{
    (void)state;
    ask_behind(bar_table);
}

static void test_what_it_sent_behind_its_request_is_heard_then(void **state)
{
    (void)state;
    start_with_another();
    bar_table();
    struct peer *ann = ask("/chat/x");
    peer_text(ann, "one");
    peer_text(ann, "two");
    unbar_and_ring();
    peer_answered(ann, 101);
    peer_told(ann, "text one\ntext two\n");
    store_close(other, 0);
}

/* A bell may be lost with who was to ring it. */
static void test_it_is_asked_for_again_without_being_rung(void **state)
{
    (void)state;
    start_with_another();
    bar_table();
    struct peer *ann = ask("/chat/x"), *bob = post("3\r\n\r\none");
    world_pass(10 * LIMITS_AGAIN);
    assert_int_equal(peer_bytes(ann).len, 0);
    unbar();
    world_pass(LIMITS_AGAIN + WHEEL_TICK);
    peer_answered(ann, 101);
    peer_answered(bob, 200);
    store_close(other, 0);
}

#define GET "GET /style.css HTTP/1.1\r\n" HOST "\r\n"

/* One whose content comes with its head, the empty one, too; one whose content
   comes later. What stands behind them is another request. */
static void post_behind(void (*bar)(void))
{
    start_with_another();
    struct peer *eve = peer_open("/chat/x"), *bob = post("5\r\n\r\none");
    bar();
    struct peer *ann = post("0\r\n\r\n"), *cid = post("1\r\n\r\n." GET GET);
    peer_say(bob, "!!" GET GET);
    world_pass(3 * LIMITS_AGAIN);
    assert_int_equal(world.server.clients.asking.count, 3);
    unbar_and_ring();
    peer_answered(ann, 200);
    for (size_t i = 0; i < 3; i++) {
        peer_answered(bob, 200);
        peer_answered(cid, 200);
    }
    peer_told(eve, "text \ntext .\ntext one!!\n");
    assert_int_equal(world.server.leases.slots.count, 0);
    store_close(other, 0);
}

static void test_what_is_posted_is_said_once(void **state)
{
    (void)state;
    post_behind(bar_room);
}

static void test_and_once_behind_the_table(void **state)
{
    (void)state;
    post_behind(bar_table);
}

static void test_it_is_refused_at_its_deadline(void **state)
{
    (void)state;
    start_with_another();
    bar_table();
    struct peer *ann = ask("/chat/x"), *bob = post("3\r\n\r\none");
    world_pass(WORLD_HANDSHAKE_TIMEOUT - WHEEL_TICK);
    assert_int_equal(peer_bytes(ann).len, 0);
    world_pass(2 * WHEEL_TICK);
    peer_answered(ann, 503);
    world_logged("why=\"its room is busy\"");
    assert_int_equal(peer_bytes(bob).len, 0);
    world_pass(WORLD_MESSAGE_TIMEOUT - WORLD_HANDSHAKE_TIMEOUT);
    peer_answered(bob, 503);
    unbar();
    store_close(other, 0);
}

static void test_who_goes_meanwhile_leaves_nothing(void **state)
{
    (void)state;
    start_with_another();
    bar_table();
    sim_reset(ask("/chat/x")->connection);
    sim_reset(post("3\r\n\r\none")->connection);
    world_pass(LIMITS_AGAIN + WHEEL_TICK);
    unbar_and_ring();
    world_pass(LIMITS_AGAIN + WHEEL_TICK);
    assert_int_equal(world.server.clients.slots.count, 0);
    assert_int_equal(world.server.leases.slots.count, 0);
    store_close(other, 0);
}

static void test_without_a_buffer_it_cannot_wait(void **state)
{
    (void)state;
    world.config.buffers = 1;
    start_with_another();
    bar_table();
    struct peer *bob = post("3\r\n\r\none");
    assert_int_equal(client_of(bob)->state, CLIENT_ASKING);
    struct peer *ann = peer_connect(); /* has what the other one had */
    peer_upgrade(ann, "/chat/x", "");
    peer_flush(ann);
    peer_answered(bob, 503);
    assert_int_equal(client_of(ann)->state, CLIENT_ASKING);
    unbar_and_ring();
    peer_answered(ann, 101);
    store_close(other, 0);
}

static void test_at_the_stop_it_is_refused(void **state)
{
    (void)state;
    start_with_another();
    bar_table();
    struct peer *ann = ask("/chat/x"), *bob = post("3\r\n\r\none");
    atom_put(&world.server.crew.common->stop, 1);
    bell_ring(world.server.crew.bells[0]);
    world_settle();
    peer_answered(ann, 503);
    peer_answered(bob, 503);
    unbar();
    store_close(other, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_who_may_be_read_has_input_and_no_reason_to_wait),
        WORLD_TEST(test_one_is_in_the_queue_once),
        WORLD_TEST(test_reasons_are_a_set_and_time_in_it_is_given_back),
        WORLD_TEST(test_a_blocked_client_is_not_read_from),
        WORLD_TEST(test_who_asks_for_a_room_gets_it_when_it_can_be_had),
        WORLD_TEST(test_and_when_the_table_can),
        WORLD_TEST(test_what_it_sent_behind_its_request_is_heard_then),
        WORLD_TEST(test_it_is_asked_for_again_without_being_rung),
        WORLD_TEST(test_what_is_posted_is_said_once),
        WORLD_TEST(test_and_once_behind_the_table),
        WORLD_TEST(test_it_is_refused_at_its_deadline),
        WORLD_TEST(test_who_goes_meanwhile_leaves_nothing),
        WORLD_TEST(test_without_a_buffer_it_cannot_wait),
        WORLD_TEST(test_at_the_stop_it_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
