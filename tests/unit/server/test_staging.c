/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is put for the client being handled stands there as it will leave.
 */
#include "server/staging.h"
#include "server/output.h"
#include "sim/peer.h"
#include "support/death.h"

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

/* ---- Lent ------------------------------------------------------------------ */

#define LARGE 5000

/* Payload at a place in the receive buffer, as if a piece was received there. */
static uint8_t *received(size_t at, int byte)
{
    return memset(world.server.receive + at, byte, LARGE);
}

static void is_large(struct peer *p, int byte)
{
    struct peer_frame f;
    assert_true(peer_take_frame(p, &f));
    assert_int_equal(f.payload.len, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        assert_int_equal(f.payload.ptr[i], byte);
}

static void is_text(struct peer *p, const char *text)
{
    struct peer_frame f;
    assert_true(peer_take_frame(p, &f));
    assert_true(bytes_equal(f.payload, bytes_of(text)));
}

static void test_a_large_echo_leaves_from_where_it_lies(void **state)
{
    static const size_t places[] = {0, 4, 14, 200};
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    for (size_t i = 0; i < UNIT_COUNT(places); i++) {
        output_begin(s, c);
        size_t free = staging_room(s);
        staging_echo(s, c, PEER_BINARY, received(places[i], 'a'), LARGE);
        assert_ptr_equal(s->lent.ptr, s->receive + places[i] - 4);
        assert_int_equal(s->staging.len, 0);
        assert_int_equal(staging_room(s), free - LARGE - 4);
        output_settle(s, c);
        assert_int_equal(staging_len(s), 0);
        peer_pull_all(ann);
        is_large(ann, 'a');
    }
}

static void test_a_small_echo_is_copied(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    output_begin(s, c);
    staging_echo(s, c, PEER_TEXT, received(0, 'a'), 5);
    assert_int_equal(s->lent.len, 0);
    output_settle(s, c);
    peer_told(ann, "text aaaaa\n");
}

/* Three pieces, of which the second one's header is put over the end of the
   first; with other output before and behind them. */
static void say_all(struct server *s, const struct client *c)
{
    staging_frame(s, c, PEER_TEXT, BYTES_LITERAL("before"));
    uint8_t *a = received(0, 'a'), *b = received(LARGE, 'b');
    staging_echo(s, c, PEER_BINARY, a, LARGE);
    staging_echo(s, c, PEER_BINARY, b, LARGE);
    staging_put(s, c, BYTES_LITERAL("\x81\6behind"));
    staging_echo(s, c, PEER_BINARY, received(3 * LARGE, 'c'), LARGE);
}

static void test_all_leaves_in_order_wherever_a_write_ends(void **state)
{
    const size_t all = 3 * (LARGE + 4) + 2 * 8;
    (void)state;
    world.config.max_message = 4 * LARGE; /* so much is received at once */
    world_start();
    for (size_t taken = 0; taken <= all; taken += taken < 20 ? 1 : 333) {
        struct peer *ann;
        struct server *s = &world.server;
        struct client *c = open_client(&ann);
        output_begin(s, c);
        say_all(s, c);
        peer_take_only(ann, taken);
        output_settle(s, c);
        memset(s->receive, 'x', s->receive_size); /* the next one has it */
        peer_read_again(ann);
        peer_pull_all(ann);
        is_text(ann, "before");
        is_large(ann, 'a');
        is_large(ann, 'b');
        is_text(ann, "behind");
        is_large(ann, 'c');
        world_again();
    }
}

/* All buffers are its own by other ways: nobody can give way. */
static void test_without_a_buffer_for_the_rest_it_goes(void **state)
{
    (void)state;
    struct peer *ann;
    struct server *s = &world.server;
    world_start();
    struct client *c = open_client(&ann);
    while (lease_take(&s->leases, client_index(&s->clients, c), 0, 0) !=
           LEASE_NONE)
        ;
    peer_take_only(ann, 100);
    output_begin(s, c);
    staging_echo(s, c, PEER_BINARY, received(0, 'a'), LARGE);
    output_settle(s, c);
    assert_int_equal(c->state, CLIENT_GONE);
    for (uint32_t i = 0; i < world.config.buffers; i++)
        lease_give(&s->leases, &(uint32_t){i});
}

/* ---- What is wrong ----------------------------------------------------------- */

static void put_for_another(void *context)
{
    staging_put(&world.server, context, BYTES_LITERAL("x"));
}

static void say_for_another(void *context)
{
    staging_frame(&world.server, context, PEER_TEXT, BYTES_LITERAL("x"));
}

static void lend_for_another(void *context)
{
    staging_echo(&world.server, context, PEER_BINARY, world.server.receive,
                 LARGE);
}

static void put_too_much(void *context)
{
    struct server *s = &world.server;
    output_begin(s, context);
    s->staging.len = s->staging.size;
    staging_put(s, context, BYTES_LITERAL("x"));
}

static void put_no_whole_header(void *context)
{
    struct server *s = &world.server;
    output_begin(s, context);
    s->staging.len = s->staging.size - FRAME_SERVER_HEADER_MAX + 1;
    staging_frame(s, context, PEER_TEXT, bytes_span(NULL, 0));
}

static void echo_too_much(void *context)
{
    struct server *s = &world.server;
    output_begin(s, context);
    s->staging.len = s->staging.size - LARGE - 3;
    staging_echo(s, context, PEER_BINARY, s->receive, LARGE);
}

static void test_what_does_not_belong_or_fit_stops_the_process(void **state)
{
    (void)state;
    struct peer *ann;
    world_start();
    struct client *c = open_client(&ann);
    assert_true(death_by_check(put_for_another, c));
    assert_true(death_by_check(say_for_another, c));
    assert_true(death_by_check(lend_for_another, c));
    assert_true(death_by_check(put_too_much, c));
    assert_true(death_by_check(echo_too_much, c));
    assert_true(death_by_check(put_no_whole_header, c));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_the_one_being_handled_needs_no_buffer),
        WORLD_TEST(test_frames_have_the_shortest_header),
        WORLD_TEST(test_a_large_echo_leaves_from_where_it_lies),
        WORLD_TEST(test_a_small_echo_is_copied),
        WORLD_TEST(test_all_leaves_in_order_wherever_a_write_ends),
        WORLD_TEST(test_without_a_buffer_for_the_rest_it_goes),
        WORLD_TEST(test_what_does_not_belong_or_fit_stops_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
