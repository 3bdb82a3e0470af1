/* SPDX-License-Identifier: MIT */
#include "server/outbox.h"
#include "server/output.h"
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
    output_begin(s, c);
    size_t free = outbox_free(s);
    outbox_frame(s, c, PEER_TEXT, BYTES_LITERAL("hello"));
    assert_int_equal(outbox_free(s), free - 7);
    assert_int_equal(s->leases.slots.count, 0);
    assert_int_equal(sim_in_flight(ann->connection), 0);
    output_settle(s, c);
    peer_told(ann, "text hello\n");
}

/* Its kernel takes nothing: what was put then lies in a leased buffer. */
static void put_while_blocked(struct peer *p, struct client *c, size_t len)
{
    static uint8_t bytes[20000];
    sim_set_window(p->connection, 0);
    sim_set_send_buffer(p->connection, 0);
    output_begin(&world.server, c);
    outbox_put(&world.server, c, bytes_span(bytes, len));
    output_settle(&world.server, c);
}

static void test_what_is_not_taken_waits_in_a_lease(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    put_while_blocked(ann, c, 0);
    assert_int_equal(s->leases.slots.count, 0);
    sim_set_send_buffer(ann->connection, 0);
    output_begin(s, c);
    outbox_frame(s, c, PEER_TEXT, BYTES_LITERAL("one"));
    outbox_frame(s, c, PEER_BINARY, BYTES_LITERAL("two"));
    output_settle(s, c);
    assert_int_equal(s->leases.slots.count, 1);
    sim_set_window(ann->connection, SIM_UNLIMITED);
    sim_set_send_buffer(ann->connection, SIM_UNLIMITED);
    output_flush(s, c);
    assert_int_equal(s->leases.slots.count, 0);
    peer_told(ann, "text one\nbinary two\n");
}

static void test_without_a_lease_it_ends(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world.config.buffers = 1;
    world_start();
    struct client *c = open_client(&ann);
    uint32_t taken = lease_take(&s->leases, client_index(&s->clients, c), 0, 0);
    put_while_blocked(ann, c, 1);
    assert_int_equal(c->state, CLIENT_GONE);
    lease_give(&s->leases, &taken);
}

static void test_more_than_fits_a_lease_ends_it(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    size_t put = 0;
    for (; put + 1000 <= s->leases.size; put += 1000)
        put_while_blocked(ann, c, 1000);
    put_while_blocked(ann, c, s->leases.size - put);
    assert_int_equal(c->state, CLIENT_OPEN);
    put_while_blocked(ann, c, 1);
    assert_int_equal(c->state, CLIENT_GONE);
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
        output_begin(s, c);
        outbox_frame(s, c, PEER_BINARY, bytes_span(bytes, sizes[i].payload));
        assert_int_equal(s->staging.len, sizes[i].header + sizes[i].payload);
        output_settle(s, c);
    }
    peer_story(ann); /* which reads every frame strictly */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_one_being_handled_needs_no_buffer),
        WORLD_TEST(test_what_is_not_taken_waits_in_a_lease),
        WORLD_TEST(test_without_a_lease_it_ends),
        WORLD_TEST(test_more_than_fits_a_lease_ends_it),
        WORLD_TEST(test_frames_have_the_shortest_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
