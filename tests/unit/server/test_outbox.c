/* SPDX-License-Identifier: MIT */
#include "server/outbox.h"
#include "server/conn.h"
#include "sim/peer.h"

static struct client *open_client(struct peer **p)
{
    *p = peer_open("/echo");
    return world_client((*p)->connection);
}

static void test_the_one_being_handled_needs_no_buffer(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    conn_begin(s, c);
    size_t free = outbox_free(s);
    assert_true(outbox_frame(s, c, PEER_TEXT, BYTES_LITERAL("hello")));
    assert_int_equal(outbox_free(s), free - 7);
    assert_int_equal(s->leases.slots.count, 0);
    assert_int_equal(sim_in_flight(ann->connection), 0);
    conn_settle(s, c);
    peer_told(ann, "text hello\n");
}

static void test_others_get_it_through_a_lease(void **state)
{
    (void)state;
    struct peer *ann, *bob;
    struct server *s = &world.server;
    world_start();
    struct client *a = open_client(&ann), *b = open_client(&bob);
    conn_begin(s, a);
    assert_true(outbox_frame(s, b, PEER_TEXT, BYTES_LITERAL("one")));
    assert_true(outbox_frame(s, b, PEER_BINARY, BYTES_LITERAL("two")));
    conn_settle(s, a);
    assert_int_equal(s->leases.slots.count, 1);
    conn_flush(s, b);
    assert_int_equal(s->leases.slots.count, 0);
    peer_told(bob, "text one\nbinary two\n");
    peer_told_nothing(ann);
}

static void test_without_a_lease_others_are_not_told(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world.config.buffers = 1;
    world_start();
    struct client *c = open_client(&ann);
    uint32_t taken = lease_take(&s->leases, 0, 0, 0);
    assert_false(outbox_put(s, c, BYTES_LITERAL("x")));
    lease_give(&s->leases, &taken);
    assert_true(outbox_put(s, c, bytes_span(NULL, 0)));
    conn_drop(s, c, CAUSE_FAULT);
}

static void test_what_does_not_fit_a_lease_is_told(void **state)
{
    (void)state;
    static uint8_t bytes[20000];
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    assert_true(outbox_put(s, c, bytes_span(bytes, s->leases.size)));
    assert_false(outbox_put(s, c, bytes_span(bytes, 1)));
    conn_drop(s, c, CAUSE_FAULT);
}

static void test_frames_have_the_shortest_header(void **state)
{
    static const struct {
        size_t payload, header;
    } sizes[] = {{0, 2}, {125, 2}, {126, 4}, {8000, 4}};
    (void)state;
    static uint8_t bytes[8000];
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
        conn_begin(s, c);
        outbox_frame(s, c, PEER_BINARY, bytes_span(bytes, sizes[i].payload));
        assert_int_equal(s->staging.len, sizes[i].header + sizes[i].payload);
        conn_settle(s, c);
    }
    peer_story(ann); /* which reads every frame strictly */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_one_being_handled_needs_no_buffer),
        WORLD_TEST(test_others_get_it_through_a_lease),
        WORLD_TEST(test_without_a_lease_others_are_not_told),
        WORLD_TEST(test_what_does_not_fit_a_lease_is_told),
        WORLD_TEST(test_frames_have_the_shortest_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
