/* SPDX-License-Identifier: MIT */
/*
 * Goal: each message reaches every member of its room once and in one order,
 * however many they are and however long that takes.
 */
#include "server/broadcast.h"
#include "sim/peer.h"

#include <errno.h>
#include <stdio.h>

static const struct room *only_room(void)
{
    assert_int_equal(world.server.rooms.store.map.header->used, 1);
    return room_at(&world.server.rooms, 0);
}

/* ---- Publishing ---------------------------------------------------------- */

static void test_plain_members_hear_everybody_and_themselves(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/x");
    peer_text(ann, "hello");
    peer_frame(bob, PEER_BINARY, BYTES_LITERAL("\x00\xFF"));
    peer_told(ann, "text hello\nbinary \\x00\\xff\n");
    peer_told(bob, "text hello\nbinary \\x00\\xff\n");
}

static void test_rooms_do_not_hear_each_other(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/chat/y");
    peer_text(ann, "hello");
    peer_told(ann, "text hello\n");
    peer_told_nothing(bob);
}

static void test_all_messages_of_a_turn_leave_in_one_write_each(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x");
    peer_open("/chat/x");
    peer_push_numbered(ann, 0, 5, 10);
    uint64_t sends = sim_count(SIM_SEND);
    world_settle();
    assert_int_equal(sim_count(SIM_SEND) - sends, 2);
    peer_told_numbered(ann, 0, 5);
}

static void test_one_turn_may_publish_more_than_the_log_holds(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_open("/chat/x"), *bob = peer_open("/ws/x");
    peer_push_numbered(ann, 0, 40,
                       200); /* 8 K in one receive, the log has 4 K */
    world_settle();
    peer_told_numbered(ann, 0, 40);
    peer_tells(bob, "\n");
    assert_int_equal(only_room()->history.last.number, 40);
}

/* ---- A room too large for one turn --------------------------------------- */

#define CROWD 5

/* That many in one room, of whom one is written to a turn. */
static void open_crowd(struct peer *peers[CROWD], const char *target)
{
    world.server.flush_cost = 1;
    for (size_t i = 0; i < CROWD; i++)
        peers[i] = peer_open(target);
}

/* Of the crowd, how many the server has written all to. */
static size_t reached(struct peer *const peers[CROWD])
{
    size_t count = 0;
    for (size_t i = 0; i < CROWD; i++)
        count += world_client(peers[i]->connection)->as.socket.cursor ==
                 only_room()->logs[ROOM_PLAIN].head;
    return count;
}

static void test_a_large_room_is_written_to_over_several_turns(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    struct peer *other = peer_open("/echo");
    peer_push_text(peers[0], "hello");
    world_turn();
    assert_int_equal(reached(peers), 1);
    assert_int_equal(world.server.patience, 0);
    peer_push_text(other, "and me?");
    uint64_t before = world_client(other->connection)->sent;
    world_turn();
    assert_int_equal(reached(peers), 2);
    assert_int_not_equal(world_client(other->connection)->sent, before);
    world_settle();
    for (size_t i = 0; i < CROWD; i++)
        peer_told(peers[i], "text hello\n");
    peer_told(other, "text and me?\n");
}

static void test_what_comes_during_the_walk_reaches_everybody_once(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    peer_push_text(peers[0], "one");
    world_turn();
    peer_push_text(peers[4], "two");
    peer_push_text(peers[0], "three");
    world_turn();
    peer_push_text(peers[0], "four");
    struct peer *late = peer_open("/chat/x");
    for (size_t i = 0; i < CROWD; i++)
        peer_told(peers[i], i == 0 ? "text one\ntext three\ntext two\n"
                                     "text four\n"
                                   : "text one\ntext three\ntext two\n"
                                     "text four\n");
    peer_told_nothing(late);
}

/* Also when it is the next one to be written to, or the last. */
static void test_who_leaves_during_the_walk_does_not_end_it(void **state)
{
    (void)state;
    world_start();
    for (size_t gone = 0; gone < CROWD; gone++) {
        struct peer *peers[CROWD];
        world_again();
        open_crowd(peers, "/chat/x");
        peer_push_text(peers[gone], "one");
        world_turn();
        sim_reset(peers[gone]->connection);
        world_turn();
        world_settle();
        for (size_t i = 0; i < CROWD; i++)
            if (i != gone)
                peer_told(peers[i], "text one\n");
    }
}

/* As if the walks were short: nobody who reads is overrun. */
static void test_a_walk_that_takes_long_lets_nobody_be_overrun(void **state)
{
    (void)state;
    struct peer *peers[CROWD];
    world_start();
    open_crowd(peers, "/chat/x");
    for (unsigned i = 0; i < 50; i += 2) {
        peer_push_numbered(peers[0], i, i + 2, 900);
        world_turn();
    }
    for (size_t i = 0; i < CROWD; i++)
        peer_told_numbered(peers[i], 0, 50);
    world_not_logged("overrun");
}

/* The event, as a story has it: names, or "-". */
#define MEMBERS(number, who)                                                   \
    "{\"event\":\"members\",\"members\":" number ",\"who\":[" who "]}\n"

/* ---- The number of members ----------------------------------------------- */

static void open_v1(struct peer **p)
{
    *p = peer_open_with("/ws/x", "Sec-WebSocket-Protocol: chatd.v1\r\n");
}

static void test_a_changed_number_is_told_once_a_second_at_most(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *others[3];
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    for (size_t i = 0; i < 3; i++)
        others[i] = peer_open("/chat/x");
    peer_told(ann, "text " MEMBERS("2", "-,-"));
    world_pass(LIMITS_MEMBERS - 1);
    peer_told_nothing(ann);
    world_pass(1);
    peer_told(ann, "text " MEMBERS("4", "-,-,-,-"));
    peer_close(others[0], 1000);
    peer_told_nothing(ann);
    world_pass(LIMITS_MEMBERS);
    peer_told(ann, "text " MEMBERS("3", "-,-,-"));
    peer_told(others[1], "");
}

/* To tell a million takes seconds. That they are only said to be there is
   enough: how long it would take goes by their number. */
static void test_many_are_told_the_number_less_often(void **state)
{
    (void)state;
    const uint32_t many = 4 * LIMITS_MEMBERS * LIMITS_TOLD;
    world_start();
    struct peer *ann;
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    peer_open("/chat/x");
    peer_told(ann, "text " MEMBERS("2", "-,-"));
    struct room *room = room_at(&world.server.rooms, 0);
    room->v1_members += many;
    peer_open("/chat/x");
    world_pass(4 * LIMITS_MEMBERS - 1);
    peer_told_nothing(ann);
    world_pass(1);
    peer_told(ann, "text " MEMBERS("3", "-,-,-"));
    room->v1_members -= many;
}

static void test_a_number_that_is_known_already_is_not_told(void **state)
{
    (void)state;
    world_start();
    struct peer *ann;
    open_v1(&ann);
    peer_bytes(ann); /* the welcome said 1 */
    world_pass(3000);
    peer_told_nothing(ann);
    struct peer *bob = peer_open("/ws/x");
    peer_told(ann, "text " MEMBERS("2", "-,-"));
    struct peer *cid = peer_open("/ws/x");
    peer_close(cid, 1000); /* and it is 2 again */
    world_pass(3000);
    peer_told_nothing(ann);
    peer_told_nothing(bob);
}

static void test_a_blocked_member_is_told_the_number_later(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob = peer_open("/chat/x");
    open_v1(&ann);
    world_pass(2000);
    peer_bytes(ann);
    peer_stop_reading(ann);
    peer_text(bob, "hello");
    peer_close(bob, 1000);
    world_pass(3000);
    peer_read_again(ann);
    world_pass(LIMITS_MEMBERS + 1);
    peer_told(ann, "#1 hello\ntext " MEMBERS("1", "-"));
}

static void test_a_member_that_breaks_while_told_is_a_change(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *bob;
    open_v1(&ann);
    open_v1(&bob);
    world_pass(2000);
    peer_bytes(ann);
    peer_bytes(bob);
    struct peer *cid = peer_open("/chat/x");
    world_pass(2000);
    peer_bytes(ann);
    peer_bytes(bob);
    sim_close(cid->connection);
    sim_fail(SIM_SEND, 0, 1, EPIPE);
    world_pass(5000);
    peer_told(ann, "end\n");
    peer_told(bob, "text " MEMBERS("1", "-"));
}

/* She has said Close, and has not had yet what was said before that. */
static void test_who_closes_is_told_no_number_any_more(void **state)
{
    (void)state;
    world_start();
    struct peer *ann, *dan, *bob = peer_open("/chat/x");
    open_v1(&ann);
    open_v1(&dan);
    world_pass(2000);
    peer_bytes(ann);
    peer_bytes(dan);
    peer_push_text(bob, "hello");
    peer_take_only(ann, 3);
    peer_close(ann, 1000);
    assert_int_equal(world_client(ann->connection)->state, CLIENT_CLOSING);
    world_pass(2000);
    assert_true(world.server.rooms.tell_at == UINT64_MAX); /* all are told */
    peer_read_again(ann);
    peer_told(ann, "#1 hello\nclose 1000\nend\n");
    peer_tells(dan, "\"who\":[-,-]}\n#1 hello\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_plain_members_hear_everybody_and_themselves),
        WORLD_TEST(test_rooms_do_not_hear_each_other),
        WORLD_TEST(test_all_messages_of_a_turn_leave_in_one_write_each),
        WORLD_TEST(test_one_turn_may_publish_more_than_the_log_holds),
        WORLD_TEST(test_a_large_room_is_written_to_over_several_turns),
        WORLD_TEST(test_what_comes_during_the_walk_reaches_everybody_once),
        WORLD_TEST(test_who_leaves_during_the_walk_does_not_end_it),
        WORLD_TEST(test_a_walk_that_takes_long_lets_nobody_be_overrun),
        WORLD_TEST(test_a_changed_number_is_told_once_a_second_at_most),
        WORLD_TEST(test_many_are_told_the_number_less_often),
        WORLD_TEST(test_a_number_that_is_known_already_is_not_told),
        WORLD_TEST(test_a_blocked_member_is_told_the_number_later),
        WORLD_TEST(test_a_member_that_breaks_while_told_is_a_change),
        WORLD_TEST(test_who_closes_is_told_no_number_any_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
