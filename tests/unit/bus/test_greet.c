/* SPDX-License-Identifier: MIT */
/*
 * Goal: what is no Redis that we can have is told in a sentence, and ends the
 * start, but nothing later; old connections are ended before anything is said;
 * and a life is one that no other node takes for another.
 */
#include "bus/script.h"
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

static const struct world_plan plain = {.names = 1},
                               secret = {.has_password = true};

/* ---- Who is it? ---------------------------------------------------------- */

static const char info_of_none[] = "=this_is:0\r\n",
                  info_of_six[] = "=redis_version:6.2.14\r\n",
                  info_of_words[] = "=redis_version:seven\r\n",
                  info_of_cluster[] = "=redis_version:7.2.1\r\n"
                                      "cluster_enabled:1\r\n",
                  info_of_replica[] = "=redis_version:7.2.1\r\n"
                                      "role:slave\r\n",
                  info_of_loading[] = "=redis_version:7.2.1\r\n"
                                      "role:master\r\nloading:1\r\n",
                  info_of_nobody[] = "=redis_version:7.2.1\r\n"
                                     "role:master\r\n";

/* `ends`: nothing but somebody can help. */
static const struct {
    const char *first, *reply, *why;
    bool ends;
} refusals[] = {
    {"INFO", info_of_none, "it is no Redis", true},
    {"INFO", info_of_six, "it is older than Redis 7", true},
    {"INFO", info_of_words, "it is older than Redis 7", true},
    {"INFO", info_of_cluster, "it is a Redis Cluster, which is not supported",
     true},
    {"INFO", info_of_replica, "it is a replica", false},
    {"INFO", info_of_loading, "it is loading its file", false},
    {"INFO", "+OK\r\n", "it answered something else", false},
    {"CLIENT", "+OK\r\n", "it answered something else", false},
    {"CLIENT", "HTTP/1.1 400\r\n", "it does not speak as Redis does", true},
    {"CLIENT", "-NOPERM no\r\n", "this user may not do what is needed", true},
    {"CLIENT", "-NOAUTH no\r\n", "it wants a password: --redis-auth", true},
    {"CLIENT", "-MOVED 1 a:1\r\n",
     "it is a Redis Cluster, which is not supported", true},
    {"CLIENT", "-CLUSTERDOWN no\r\n",
     "it is a Redis Cluster, which is not supported", false},
    {"CLIENT", "-LOADING no\r\n", "it is loading its file", false},
    {"CLIENT", "-MASTERDOWN no\r\n", "it is a replica without its master",
     false},
    {"CLIENT", "-READONLY no\r\n", "it is a replica", false},
    {"CLIENT", "-UNBLOCKED no\r\n", "it has become a replica", false},
    {"CLIENT", "-WRONGTYPE no\r\n", "a key of ours holds something else",
     false},
    {"CLIENT", "-MISCONF no\r\n", "it takes no messages now", false},
    {"CLIENT", "-NOREPLICAS no\r\n", "it takes no messages now", false},
    {"CLIENT", "-WRONGPASS no\r\n", "it does not know that user and password",
     true},
    {"CLIENT", "-BUSY no\r\n", "it takes no messages now", false},
    {"CLIENT", "-ERR no\r\n", "it refused a command", false},
    {"CLIENT", "-WHAT no\r\n", "it refused a command", false},
    {"XREVRANGE chatd:bell", "-LOADING no\r\n", "it is loading its file",
     false},
    {"XREVRANGE chatd:life", "-LOADING no\r\n", "it is loading its file",
     false},
    {"XREVRANGE chatd:bell", "*1\r\n*2\r\n$3\r\n1-x\r\n*0\r\n",
     "an id that is none", false},
    {"XADD chatd:life", ":1\r\n", "it answered something else", false},
    {"XADD chatd:life", "=1-x", "it answered something else", false},
    {"XADD chatd:life", "-OOM no\r\n", "it takes no messages now", false},
    {"XADD chatd:life", "=65536-0", "too many lives", false},
};

static void test_what_is_no_redis_for_us_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
        script_begin(&plain);
        script_instead(refusals[i].first, refusals[i].reply, 1);
        script_turns();
        assert_string_equal(script.news, refusals[i].why);
        assert_int_equal(script.has_ended, refusals[i].ends);
        assert_false(script_is_here());
        script_passes(refusals[i].ends ? 0 : 1000);
        assert_int_equal(script_is_here(), !refusals[i].ends);
        script_end();
    }
    script_begin(&plain);
}

/* Its first word made sense. */
static void test_nonsense_later_is_a_connection_lost(void **state)
{
    (void)state;
    script_begin(&plain);
    script_instead("INFO", "HTTP/1.1 400\r\n", 1);
    script_turns();
    assert_false(script.has_ended);
    script_passes(1000);
    assert_true(script_is_here());
    assert_int_equal(script.dials, 2);
}

static void test_once_it_was_here_nothing_ends_it(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    assert_true(script_is_here());
    assert_string_equal(script.news, "here");
    script_cut();
    script_instead("INFO", info_of_six, 1);
    script_passes(200);
    assert_false(script.has_ended);
    script_passes(1000);
    assert_true(script_is_here());
}

static void test_what_did_not_say_who_we_are_is_given_up(void **state)
{
    static const char *replies[] = {
        "=id=0 addr=b:1",
        "=id=7 laddr=b:1",
        "=id=x addr=b:1",
        "=id=7 addr=" /* and what is too long to be one */
        "1234567890123456789012345678901234567890123456789012345678901234",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
        script_begin(&plain);
        script_instead("CLIENT INFO", replies[i], 1);
        script_passes(2 * BUS_ANSWER - 250);
        assert_int_equal(script.dials, 1);
        script_passes(500);
        assert_int_equal(script_told("it does not get on\n"), 1);
        script_passes(1000);
        assert_true(script_is_here());
        script_end();
    }
    script_begin(&plain);
}

/* ---- Passwords ----------------------------------------------------------- */

static void test_user_and_password_are_told_on_both_links(void **state)
{
    (void)state;
    script_begin(&secret);
    script_turns();
    assert_true(script_is_here());
    assert_int_equal(script_asked("AUTH chatd secret\n"), 2);
}

static void test_a_password_alone_is_that_of_anybody(void **state)
{
    (void)state;
    script_begin(&secret);
    script_node()->plan.user = bytes_span(NULL, 0);
    script_instead("AUTH secret\n", "+OK\r\n", 2);
    script_turns();
    assert_int_equal(script_asked("AUTH secret\n"), 2);
}

static void test_a_wrong_password_ends_it(void **state)
{
    (void)state;
    script_begin(&secret);
    script_redis()->password = "other";
    script_turns();
    assert_true(script.has_ended);
    assert_string_equal(script.news, "it does not know that user and password");
}

static void test_a_password_that_nobody_wants_ends_it(void **state)
{
    (void)state;
    script_begin(&secret);
    script_instead("AUTH", "-ERR AUTH called without any password\r\n", 1);
    script_turns();
    assert_true(script.has_ended);
    assert_string_equal(script.news, "it does not know that user and password");
}

static void test_no_password_where_one_is_wanted_ends_it(void **state)
{
    (void)state;
    script_begin(&plain);
    script_redis()->password = "secret";
    script_turns();
    assert_true(script.has_ended);
    assert_string_equal(script.news, "it wants a password: --redis-auth");
}

/* ---- The fence ----------------------------------------------------------- */

static void test_old_connections_are_ended_by_number_and_address(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    assert_int_equal(script_asked("CLIENT KILL"), 0);
    for (unsigned i = 1; i <= 3; i++) {
        char kills[BUS_LINKS][80];
        for (unsigned link = 0; link < BUS_LINKS; link++)
            snprintf(kills[link], sizeof *kills, "CLIENT KILL ID %u ADDR %s\n",
                     (unsigned)script.peers[link]->id,
                     script.peers[link]->addr);
        script_cut();
        script_passes(200);
        assert_true(script_is_here());
        assert_int_equal(script_asked("CLIENT KILL"), 2 * i);
        assert_int_equal(script_asked(kills[BUS_W]), 1);
        assert_int_equal(script_asked(kills[BUS_R]), 1);
    }
}

/* Each process counts for itself; of some the connections are remembered. */
static void test_of_so_many_processes_old_connections_are_known(void **state)
{
    (void)state;
    char first[64];
    script_begin(&plain);
    memcpy(first, script_redis()->run_id, sizeof script_redis()->run_id);
    for (unsigned i = 0; i <= BOARD_FENCES; i++) {
        script_redis()->run_id[0] = (char)('a' + i);
        script_passes(200);
        assert_true(script_is_here());
        script_cut();
    }
    assert_int_equal(script_asked("CLIENT KILL"), 0);
    script_redis()->run_id[0] = 'a'; /* that was forgotten */
    script_passes(200);
    assert_int_equal(script_asked("CLIENT KILL"), 0);
    script_cut();
    script_redis()->run_id[0] = 'c';
    script_passes(200);
    assert_int_equal(script_asked("CLIENT KILL"), 2);
}

static void test_who_does_not_say_which_process_it_is_has_no_fence(void **state)
{
    (void)state;
    script_begin(&plain);
    for (unsigned i = 0; i < 2; i++) {
        script_instead("INFO", info_of_nobody, 1);
        script_passes(200);
        assert_true(script_is_here());
        script_cut();
    }
    assert_int_equal(script_asked("CLIENT KILL"), 0);
}

/* A new epoch keeps out what is late. */
static void
test_where_it_may_not_be_ended_what_is_said_begins_anew(void **state)
{
    (void)state;
    script_begin(&plain);
    uint32_t tea = script_opens(0, "tea");
    script_says(0, tea, "a");
    script_turns();
    uint64_t before = store_end(script_worker(0), tea).epoch;
    script_says(0, tea, "b");
    script_turns();
    assert_int_equal(store_end(script_worker(0), tea).epoch, before);
    script_cut();
    script_redis()->trouble.refuses_kill = true;
    script_passes(200);
    assert_true(script_is_here());
    script_says(0, tea, "c");
    script_turns();
    uint64_t behind = store_end(script_worker(0), tea).epoch;
    assert_true(behind > before);
    script_says(0, tea, "d");
    script_turns();
    assert_int_equal(store_end(script_worker(0), tea).epoch, behind);
    assert_string_equal(script_hears(0, tea), "a b c d");
}

/* ---- Its life ------------------------------------------------------------ */

static const char older[] = "-ERR The ID specified in XADD is equal or smaller "
                            "than the target stream top item\r\n";

static void test_another_node_was_faster_and_its_life_is_ours(void **state)
{
    (void)state;
    script_begin(&plain);
    script_instead("XADD chatd:life", older, 7);
    script_turns();
    script_turns();
    assert_true(script_is_here());
    assert_int_equal(script.dials, 1);
    assert_int_equal(script_asked("XREVRANGE chatd:life"), 8);
    assert_int_equal(script_board()->life, 1);
}

static void test_after_so_many_tries_it_connects_anew(void **state)
{
    (void)state;
    script_begin(&plain);
    script_instead("XADD chatd:life", older, 8);
    script_turns();
    script_turns();
    assert_string_equal(script.news, "it refused a command");
    script_passes(1000);
    assert_true(script_is_here());
    assert_int_equal(script.dials, 2);
}

static void test_the_same_master_has_the_same_life(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    script_cut();
    script_passes(200);
    assert_true(script_is_here());
    assert_int_equal(script_board()->life, 1);
    assert_int_equal(script_asked("XADD chatd:life 1-0 r"), 1);
}

static void test_another_master_has_the_next_life(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    script_restarts(0);
    script_passes(200);
    assert_true(script_is_here());
    assert_int_equal(script_board()->life, 2);
    assert_int_equal(script_asked("XADD chatd:life 2-0 r"), 1);
}

/* It has forgotten all: whatever number it would begin with is one of ours. */
static void test_after_flushall_no_life_comes_twice(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    script_opens(0, "tea");
    redis_flush(script_redis());
    script_passes(1000);
    script_passes(BUS_SWEEP);
    assert_true(script_is_here());
    assert_int_equal(script_board()->life, 2);
}

/* A replica lacks what was said last, also which life it is. */
static void test_a_life_before_ours_is_over(void **state)
{
    (void)state;
    script_begin(&plain);
    script_turns();
    script_node()->keeper.board.bus->life = 5;
    script_cut();
    script_passes(200);
    assert_true(script_is_here());
    assert_int_equal(script_board()->life, 6);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, NULL, script_teardown)
        ONE(test_what_is_no_redis_for_us_is_told),
        ONE(test_nonsense_later_is_a_connection_lost),
        ONE(test_once_it_was_here_nothing_ends_it),
        ONE(test_what_did_not_say_who_we_are_is_given_up),
        ONE(test_user_and_password_are_told_on_both_links),
        ONE(test_a_password_alone_is_that_of_anybody),
        ONE(test_a_wrong_password_ends_it),
        ONE(test_a_password_that_nobody_wants_ends_it),
        ONE(test_no_password_where_one_is_wanted_ends_it),
        ONE(test_old_connections_are_ended_by_number_and_address),
        ONE(test_of_so_many_processes_old_connections_are_known),
        ONE(test_who_does_not_say_which_process_it_is_has_no_fence),
        ONE(test_where_it_may_not_be_ended_what_is_said_begins_anew),
        ONE(test_another_node_was_faster_and_its_life_is_ours),
        ONE(test_after_so_many_tries_it_connects_anew),
        ONE(test_the_same_master_has_the_same_life),
        ONE(test_another_master_has_the_next_life),
        ONE(test_after_flushall_no_life_comes_twice),
        ONE(test_a_life_before_ours_is_over),
#undef ONE
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
