/* SPDX-License-Identifier: MIT */
/*
 * Goal: who listens knows who else does, as long as that can be told in one
 * event, and is told again whenever it is no longer so.
 */
#include "server/roster.h"
#include "sim/peer.h"
#include "support/unit.h"

#include <stdio.h>

#define V1 "Sec-WebSocket-Protocol: chatd.v1\r\n"

/* The event, as a story has it. */
#define MEMBERS(number, who)                                                   \
    "text {\"event\":\"members\",\"members\":" number ",\"who\":[" who "]}\n"

/* A member with chatd.v1 that has been told all there is. */
static struct peer *open_v1(const char *path)
{
    struct peer *p = peer_open_with(path, V1);
    world_pass(2 * LIMITS_MEMBERS);
    peer_bytes(p);
    return p;
}

static void test_a_welcome_names_everybody_in_their_order(void **state)
{
    (void)state;
    world_start();
    peer_open("/chat/x?name=Ann");
    peer_open("/ws/x");
    peer_open("/ws/y?name=Eve");
    struct peer *cid = peer_open_with("/ws/x?name=Cid", V1);
    assert_non_null(strstr(peer_story(cid), ",\"who\":[Ann,-,Cid]}\n"));
}

static void test_a_name_is_escaped_and_one_that_is_none_left_out(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open_with("/ws/x?name=a%22%5Cb", V1);
    static const char escaped[] = "\",\"name\":\"a\\\"\\\\b\"}]}";
    struct span all = peer_bytes(bob);
    assert_non_null(memmem(all.ptr, all.len, escaped, sizeof escaped - 1));
    struct peer *ann = peer_open_with("/ws/y", V1);
    all = peer_bytes(ann);
    assert_null(memmem(all.ptr, all.len, "name", 4));
    assert_null(memmem(all.ptr, all.len, "sub", 3));
}

static void test_another_name_is_told(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_v1("/ws/x?name=Ann");
    struct peer *bob = peer_open("/ws/x?name=Bob");
    peer_told(ann, MEMBERS("2", "Ann,Bob"));
    world_pass(2 * LIMITS_MEMBERS);
    peer_text(bob, "{\"name\":\"Rob\"}");
    peer_told(ann, MEMBERS("2", "Ann,Rob"));
    world_pass(2 * LIMITS_MEMBERS);
    peer_text(bob, "{\"name\":\"Rob\"}");
    world_pass(2 * LIMITS_MEMBERS);
    peer_told_nothing(ann);
    peer_text(bob, "{\"name\":\"\"}");
    peer_told(ann, MEMBERS("2", "Ann,-"));
}

static void test_a_name_and_back_again_is_not_told(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_v1("/ws/x");
    struct peer *bob = peer_open("/ws/x?name=Bob");
    peer_told(ann, MEMBERS("2", "-,Bob"));
    peer_text(bob, "{\"name\":\"Rob\"}");
    peer_text(bob, "{\"name\":\"Bob\"}");
    world_pass(2 * LIMITS_MEMBERS);
    peer_told_nothing(ann);
}

static void test_another_one_in_the_place_of_who_left_is_told(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = open_v1("/ws/x?name=Ann");
    struct peer *bob = peer_open("/ws/x?name=Bob");
    peer_told(ann, MEMBERS("2", "Ann,Bob"));
    peer_close(bob, 1000);
    peer_open("/ws/x?name=Bob"); /* the same name; but not the same uid */
    world_pass(2 * LIMITS_MEMBERS);
    peer_told(ann, MEMBERS("2", "Ann,Bob"));
}

static void test_who_has_left_is_not_here(void **state)
{
    (void)state;
    world_start();
    struct peer *bob = peer_open("/chat/x?name=Bob");
    struct peer *ann = open_v1("/ws/x?name=Ann");
    peer_take_only(bob, 3);
    peer_push_text(ann, "{\"message\":\"hello\"}");
    peer_add_frame(bob, PEER_CLOSE, BYTES_LITERAL("\x03\xE8"));
    peer_push(bob);
    world_settle();
    struct peer *cid = peer_open_with("/ws/x?name=Cid", V1);
    assert_non_null(strstr(peer_story(cid), ",\"who\":[Ann,Cid]}\n"));
}

static void test_of_more_than_fifty_the_number_alone_is_told(void **state)
{
    (void)state;
    struct peer *others[ROSTER_MOST];
    world.config.clients = ROSTER_MOST + 1;
    world.config.max_message = 8192;
    world.config.room_log = 4 * 8192;
    world_start();
    struct peer *ann = open_v1("/ws/x");
    for (size_t i = 0; i < ROSTER_MOST; i++)
        others[i] = peer_open("/chat/x");
    world_pass(2 * LIMITS_MEMBERS);
    peer_tells(ann, "text {\"event\":\"members\",\"members\":51}\n");
    peer_close(others[0], 1000);
    world_pass(2 * LIMITS_MEMBERS);
    assert_non_null(strstr(peer_story(ann), "\"members\":50,\"who\":[-,-"));
}

static void test_above_max_message_the_number_alone_is_told(void **state)
{
    (void)state;
    static const char event[] = "{\"event\":\"members\",\"members\":2,\"who\":["
                                "{\"uid\":\"\"},{\"uid\":\"\"}]}";
    const size_t len = sizeof event - 1 + 2 * 36;
    world.config.max_message = len - 1;
    world_start();
    struct peer *ann = open_v1("/ws/x");
    peer_open("/ws/x");
    peer_told(ann, "text {\"event\":\"members\",\"members\":2}\n");
    world.config.max_message = len; /* a new one */
    world_again();
    ann = open_v1("/ws/x");
    peer_open("/ws/x");
    peer_told(ann, MEMBERS("2", "-,-"));
}

/* ---- Of several workers --------------------------------------------------- */

/* The room is its worker's already when the name changes. */
static void test_a_name_changes_with_what_is_said(void **state)
{
    (void)state;
    world_start_in_crew(2);
    struct peer *ann = open_v1("/ws/x?name=Ann");
    peer_text(ann, "{\"name\":\"Ben\",\"message\":\"x\"}");
    assert_int_equal(world.server.rooms.store.seized, 0);
    struct peer *cid = peer_open_with("/ws/x?name=Cid", V1);
    assert_non_null(strstr(peer_story(cid), ",\"who\":[Ben,Cid]}\n"));
}

static void test_more_than_fifty_are_shared_as_a_number(void **state)
{
    (void)state;
    world.config.clients = ROSTER_MOST + 1;
    world_start_in_crew(2);
    for (size_t i = 0; i <= ROSTER_MOST; i++)
        peer_open("/chat/x");
    const struct board *board = &world.server.crew.board;
    assert_int_equal(atom_get(&board_place(board, 0, 0)->members),
                     ROSTER_MOST + 1);
    assert_int_equal(board_people(board, 0, 0)->count, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_welcome_names_everybody_in_their_order),
        WORLD_TEST(test_a_name_is_escaped_and_one_that_is_none_left_out),
        WORLD_TEST(test_another_name_is_told),
        WORLD_TEST(test_a_name_and_back_again_is_not_told),
        WORLD_TEST(test_another_one_in_the_place_of_who_left_is_told),
        WORLD_TEST(test_who_has_left_is_not_here),
        WORLD_TEST(test_of_more_than_fifty_the_number_alone_is_told),
        WORLD_TEST(test_above_max_message_the_number_alone_is_told),
        WORLD_TEST(test_a_name_changes_with_what_is_said),
        WORLD_TEST(test_more_than_fifty_are_shared_as_a_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
