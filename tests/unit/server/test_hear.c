/* SPDX-License-Identifier: MIT */
/*
 * Goal: what was said comes to a room by way of the stream, whole, once and in
 * one order; and to no room that nobody has open.
 */
#include "server/hear.h"
#include "sim/peer.h"

#include <stdio.h>

static void start(void)
{
    world.stream_size = map_stream_size(world.config.room_log);
    world_start();
}

/* Somebody else writes, as another worker would. */
static void write_bytes_to(uint32_t index, struct span bytes)
{
    struct store *store = &world.server.rooms.store;
    struct record r = {.opcode = FRAME_TEXT, .payload = bytes};
    store_number(store, index, &r);
    assert_int_equal(store_seize(store, index, record_len(&r)), STORE_DONE);
    store_write(store, index, &r);
}

static void write_to(uint32_t index, const char *text)
{
    write_bytes_to(index, bytes_of(text));
}

static void test_a_stream_changes_nothing_that_is_heard(void **state)
{
    (void)state;
    start();
    struct peer *ann = peer_open("/ws/tea?name=Ann");
    struct peer *bob = peer_open("/chat/tea");
    peer_text(ann, "{\"message\":\"one\"}");
    peer_text(bob, "two");
    peer_told(bob, "text one\ntext two\n");
    peer_told(ann, "#2 two\n");
    struct peer *eve = peer_open("/ws/tea?history=2");
    peer_told(eve, "#1 Ann: one\n#2 two\n");
}

static void test_what_others_write_is_heard(void **state)
{
    (void)state;
    start();
    struct peer *bob = peer_open("/chat/tea");
    struct room *room = room_at(&world.server.rooms, 0);
    write_to(0, "from elsewhere");
    assert_true(hear_room(&world.server, room, UINT64_MAX));
    world_settle();
    peer_told(bob, "text from elsewhere\n");
}

static void test_a_room_that_was_left_is_not_read(void **state)
{
    (void)state;
    start();
    struct peer *bob = peer_open("/chat/tea");
    struct room *room = room_at(&world.server.rooms, 0);
    write_to(0, "unheard");
    sim_reset(bob->connection);
    /* The last one leaves before the room is walked. */
    world.server.flush_cost = 0;
    world_turn();
    world_turn();
    assert_false(store_is_open(&world.server.rooms.store, 0));
    uint64_t before = room->history.count;
    assert_true(hear_room(&world.server, room, UINT64_MAX));
    assert_true(room->history.count == before);
}

/* It would be told of a gap that there is not, or hear something twice. */
static void test_nobody_takes_up_where_a_room_is_not_read_yet(void **state)
{
    (void)state;
    start();
    peer_open("/chat/tea");
    struct room *room = room_at(&world.server.rooms, 0);
    write_to(0, "read later");
    room->unflushed = world.config.room_log; /* owed to many */
    char target[64];
    snprintf(target, sizeof target, "/ws/tea?since=%llx-1",
             (unsigned long long)room->history.last.epoch);
    struct peer *ann = peer_connect();
    peer_upgrade(ann, target, "");
    world_turn();
    assert_int_equal(peer_bytes(ann).len, 0);
    room->unflushed = 0;
    world_pass(LIMITS_AGAIN + WHEEL_TICK);
    peer_answered(ann, 101);
    peer_told_nothing(ann);
}

static void test_nothing_is_heard_within_a_hearing(void **state)
{
    (void)state;
    start();
    struct peer *bob = peer_open("/chat/tea");
    struct room *room = room_at(&world.server.rooms, 0);
    write_to(0, "later");
    room->hears = true;
    assert_false(hear_room(&world.server, room, UINT64_MAX));
    assert_true(room->history.count == 0);
    room->hears = false;
    assert_true(hear_room(&world.server, room, UINT64_MAX));
    world_settle();
    peer_told(bob, "text later\n");
}

/* It is killed, and so is everybody's connection. */
static void test_the_next_server_goes_on_with_what_was_said(void **state)
{
    (void)state;
    start();
    struct peer *ann = peer_open("/ws/tea?name=Ann");
    peer_text(ann, "{\"message\":\"one\"}");
    world_restart();
    struct peer *eve = peer_open("/ws/tea?history=2");
    peer_told(eve, "#1 Ann: one\n");
    struct peer *bob = peer_open("/chat/tea");
    peer_text(bob, "two");
    peer_told(eve, "#2 two\n");
    assert_int_equal(world.server.rooms.store.damaged, 0);
}

static void hear_all(void)
{
    assert_true(
        hear_room(&world.server, room_at(&world.server.rooms, 0), UINT64_MAX));
}

static void test_what_is_damaged_is_left_out_and_said_to_be(void **state)
{
    (void)state;
    world.checked = true;
    start();
    struct peer *bob = peer_open("/chat/tea");
    struct store *store = &world.server.rooms.store;
    write_to(0, "damaged");
    store->map.streams[RECORD_HEAD] ^= 1;
    hear_all();
    world_logged("what was said in a room is damaged, and left out");
    write_to(0, "whole");
    hear_all();
    world_settle();
    peer_told(bob, "text whole\n");
}

/* It was written with longer logs: as JSON it does not fit into ours. */
static void test_what_is_too_long_for_a_log_is_left_out(void **state)
{
    (void)state;
    start();
    struct peer *bob = peer_open("/ws/tea");
    static uint8_t controls[300];
    memset(controls, 1, sizeof controls);
    write_bytes_to(0, bytes_span(controls, sizeof controls));
    hear_all();
    write_to(0, "short");
    hear_all();
    world_settle();
    peer_told(bob, "#2 short\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_stream_changes_nothing_that_is_heard),
        WORLD_TEST(test_what_others_write_is_heard),
        WORLD_TEST(test_a_room_that_was_left_is_not_read),
        WORLD_TEST(test_nobody_takes_up_where_a_room_is_not_read_yet),
        WORLD_TEST(test_nothing_is_heard_within_a_hearing),
        WORLD_TEST(test_the_next_server_goes_on_with_what_was_said),
        WORLD_TEST(test_what_is_damaged_is_left_out_and_said_to_be),
        WORLD_TEST(test_what_is_too_long_for_a_log_is_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
