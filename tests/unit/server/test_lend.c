/* SPDX-License-Identifier: MIT */
/*
 * Goal: a buffer is had as long as somebody holds one for less: the oldest of
 * the address that holds most gives way.
 */
#include "server/lend.h"
#include "sim/peer.h"

#define COUNT 16

/* No more of a server than is looked at. */
static struct server server;
static struct client clients[COUNT];

static void begin(void)
{
    static struct lease table[COUNT];
    static uint8_t bytes[COUNT];
    memset(table, 0, sizeof table);
    memset(clients, 0, sizeof clients);
    server.clients.table = clients;
    lease_init(&server.leases, table, bytes, COUNT, 1);
}

static void take(uint32_t owner, uint32_t address, uint32_t now)
{
    lease_take(&server.leases, owner, address, now);
}

static uint32_t oldest(uint32_t but, uint64_t now)
{
    server.now = now;
    return lend_oldest(&server, &server.leases, &clients[but]);
}

/* ---- Whose is the oldest of the address that holds most ------------------ */

static void
test_the_oldest_of_the_address_that_holds_most_is_found(void **state)
{
    (void)state;
    begin();
    assert_int_equal(oldest(0, 100), LEASE_NONE);
    take(1, 7, 10); /* the oldest of all */
    take(2, 9, 30);
    take(3, 9, 20);
    take(4, 7, 40);
    take(5, 9, 50);
    assert_int_equal(oldest(6, 100), 2);
    assert_int_equal(oldest(3, 100), 0); /* 7 has two, 9 two */
    uint32_t index = 1;
    lease_give(&server.leases, &index);
    assert_int_equal(oldest(5, 100), 0);
}

static void test_an_age_is_right_when_the_clock_wraps_around(void **state)
{
    (void)state;
    begin();
    take(1, 7, 5);
    take(2, 7, UINT32_MAX - 5);
    assert_int_equal(oldest(9, 10), 1);
}

/* Addresses are counted in 256 buckets, and several can share one. */
static void test_addresses_in_one_bucket_are_told_apart(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(2, 7 + 256, 9);
    take(3, 7 + 512, 2);
    for (uint32_t i = 0; i < 3; i++)
        take(4 + i, 7 + 256, 10 + i);
    assert_int_equal(oldest(0, 20), 1);
}

/* All are its own. */
static void test_nobody_gives_way_to_himself(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(1, 7, 2);
    assert_int_equal(oldest(1, 9), LEASE_NONE);
    assert_int_equal(oldest(2, 9), 0);
}

/* Its message would have to be published meanwhile. */
static void test_who_has_a_message_that_waits_is_passed_over(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(2, 7, 2);
    clients[1].taken = FRAME_TEXT;
    assert_int_equal(oldest(9, 9), 1);
    clients[2].taken = FRAME_TEXT;
    assert_int_equal(oldest(9, 9), LEASE_NONE);
}

/* It goes, and what was taken of it is being published. */
static void test_who_goes_and_is_not_settled_is_passed_over(void **state)
{
    (void)state;
    begin();
    take(1, 7, 1);
    take(2, 7, 2);
    clients[1].state = CLIENT_CLOSING;
    assert_int_equal(oldest(9, 9), 1);
    clients[1].as.farewell.is_settled = 1;
    assert_int_equal(oldest(9, 9), 0);
}

/* ---- How it gives way ---------------------------------------------------- */

static uint32_t leases(void)
{
    return world.server.leases.slots.count;
}

static void test_the_oldest_unfinished_message_gives_its_buffer(void **state)
{
    (void)state;
    world.config.buffers = 3;
    world_start();
    struct peer *people[4];
    for (size_t i = 0; i < 4; i++) {
        people[i] = peer_open("/chat/x");
        peer_frame(people[i], FRAME_TEXT, BYTES_LITERAL("half "));
        world_pass(10);
    }
    assert_int_equal(leases(), 3);
    peer_told(people[0], "close 1013 its buffer is needed\nend\n");
    peer_frame(people[3], FRAME_FIN | FRAME_CONTINUATION,
               BYTES_LITERAL("done"));
    peer_told(people[1], "text half done\n");
    assert_int_equal(leases(), 2);
}

/* Whoever takes many takes them from himself. */
static void test_it_is_of_the_address_that_holds_most(void **state)
{
    (void)state;
    world.config.clients = 16;
    world_start();
    struct peer *ann = peer_connect_from("198.51.100.1:1"), *bad[10];
    peer_upgrade(ann, "/chat/x", "");
    world_settle();
    peer_answered(ann, 101);
    peer_frame(ann, FRAME_TEXT, BYTES_LITERAL("the oldest "));
    for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
        world_pass(10);
        bad[i] = peer_open("/chat/y");
        peer_frame(bad[i], FRAME_TEXT, BYTES_LITERAL("half "));
    }
    assert_int_equal(leases(), world.config.buffers);
    for (size_t i = 0; i < UNIT_COUNT(bad); i++)
        assert_int_equal(strncmp(peer_story(bad[i]), "close 1013", 10) == 0,
                         i < 3);
    peer_frame(ann, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("of all"));
    peer_told(ann, "text the oldest of all\n");
}

/* Output that nobody takes gives way like input that does not end. */
static void test_who_has_output_in_a_buffer_loses_it_as_well(void **state)
{
    (void)state;
    world.config.buffers = 2;
    world_start();
    struct peer *ann = peer_open("/echo"), *bob = peer_open("/chat/x");
    peer_stop_reading(ann);
    peer_text(ann, "hello");
    world_pass(10);
    peer_frame(bob, FRAME_TEXT, BYTES_LITERAL("half "));
    assert_int_equal(leases(), 2);
    struct peer *cid = peer_connect();
    peer_say(cid, "GET / HTTP/1.1\r\nHost: a\r\n");
    assert_int_equal(leases(), 2);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    world_logged("code=1006 by=server cause=no-buffer");
    peer_say(cid, "\r\n");
    peer_answered(cid, 200);
    peer_frame(bob, FRAME_FIN | FRAME_CONTINUATION, BYTES_LITERAL("done"));
    peer_told(bob, "text half done\n");
}

static void test_half_a_request_gives_its_buffer_and_is_503(void **state)
{
    (void)state;
    world.config.buffers = 1;
    world_start();
    struct peer *early = peer_connect(), *late = peer_connect();
    peer_say(early, "GET / HTTP/1.1\r\n");
    peer_say(late, "GET / HTTP/1.1\r\n");
    peer_answered(early, 503);
    peer_told(early, "end\n");
    world_logged("event=refuse ip=192.0.2.1 status=503 why=\"all buffers");
    peer_say(late, "Host: a\r\n\r\n");
    peer_answered(late, 200);
    struct peer *whole = peer_connect();
    peer_say(whole, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(whole, 200);
    world_pass(LIMITS_LINGER + WHEEL_TICK);
    world_not_logged("event=close"); /* it was no WebSocket */
}

/* Behind half an answer nothing more can be said. */
static void test_half_a_post_with_output_pending_is_dropped(void **state)
{
    (void)state;
    world.config.buffers = 2;
    world_start();
    struct peer *ann = peer_connect(), *bob = peer_connect();
    peer_take_only(ann, 5);
    peer_say(ann, "POST /chat/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
                  "Expect: 100-continue\r\n\r\nye");
    assert_int_equal(leases(), 2);
    peer_say(bob, "GET / HTTP/1.1\r\nHost: a\r\n");
    assert_int_equal(leases(), 1);
    assert_int_not_equal(sim_side(ann->connection), SIM_OPEN);
    peer_read_again(ann);
    assert_true(bytes_equal(peer_bytes(ann), BYTES_LITERAL("HTTP/")));
    peer_say(bob, "\r\n");
    peer_answered(bob, 200);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            test_the_oldest_of_the_address_that_holds_most_is_found),
        cmocka_unit_test(test_an_age_is_right_when_the_clock_wraps_around),
        cmocka_unit_test(test_addresses_in_one_bucket_are_told_apart),
        cmocka_unit_test(test_nobody_gives_way_to_himself),
        cmocka_unit_test(test_who_has_a_message_that_waits_is_passed_over),
        cmocka_unit_test(test_who_goes_and_is_not_settled_is_passed_over),
        WORLD_TEST(test_the_oldest_unfinished_message_gives_its_buffer),
        WORLD_TEST(test_it_is_of_the_address_that_holds_most),
        WORLD_TEST(test_who_has_output_in_a_buffer_loses_it_as_well),
        WORLD_TEST(test_half_a_request_gives_its_buffer_and_is_503),
        WORLD_TEST(test_half_a_post_with_output_pending_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
