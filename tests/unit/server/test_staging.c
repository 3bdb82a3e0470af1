/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is put for the client being handled stands there as it will leave.
 */
#include "server/staging.h"
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
    size_t free = staging_room(s);
    staging_frame(s, c, PEER_TEXT, BYTES_LITERAL("hello"));
    assert_int_equal(staging_room(s), free - 7);
    assert_int_equal(s->leases.slots.count, 0);
    assert_int_equal(sim_in_flight(ann->connection), 0);
    output_settle(s, c);
    peer_told(ann, "text hello\n");
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
        staging_frame(s, c, PEER_BINARY, bytes_span(bytes, sizes[i].payload));
        assert_int_equal(s->staging.len, sizes[i].header + sizes[i].payload);
        output_settle(s, c);
    }
    peer_story(ann); /* which reads every frame strictly */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_one_being_handled_needs_no_buffer),
        WORLD_TEST(test_frames_have_the_shortest_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
