/* SPDX-License-Identifier: MIT */
/* Goal: readers who take a file slowly leave descriptors for all others, and
   among themselves places for those who have few. */
#include "server/body.h"
#include "sim/peer.h"
#include "support/note.h"

#include <stdio.h>

#define PLACES LIMITS_DOWNLOADS
#define PEOPLE (2 * PLACES)
#define LARGE  100000

static struct note note;
static struct peer *people[PEOPLE];
static size_t count;

static void start(void)
{
    static uint8_t large[LARGE];
    world.config.static_folder = "folder";
    world.config.clients = 1000;
    sim_put_file("large.bin", bytes_span(large, sizeof large));
    sim_put_file("small.txt", BYTES_LITERAL("small"));
    world_start();
    count = 0;
}

/* Somebody asks for the large file and takes the beginning of it. */
static struct peer *begin(const char *from)
{
    struct peer *p = peer_connect_from(from);
    sim_set_send_buffer(p->connection, 1000);
    sim_set_window(p->connection, 1000);
    peer_say(p, "GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(count < PEOPLE);
    return people[count++] = p;
}

static void begin_many(const char *from, size_t times)
{
    while (times-- > 0)
        begin(from);
}

static bool goes_on(const struct peer *p)
{
    return sim_side(p->connection) == SIM_OPEN;
}

/* All but these many, the first of all, go on. */
static void gave_way(size_t ended)
{
    for (size_t i = 0; i < count; i++) {
        note_open(&note, "downloads", "begun as number", i);
        assert_int_equal(goes_on(people[i]), i >= ended);
        note_close(&note);
    }
}

/* The rest of it comes. */
static void ends_well(struct peer *p)
{
    sim_set_send_buffer(p->connection, SIM_UNLIMITED);
    sim_set_window(p->connection, SIM_UNLIMITED);
    world_settle();
    struct peer_response r = peer_response(p, false);
    assert_int_equal(r.status, 200);
    assert_int_equal(r.body.len, LARGE);
}

static void test_as_many_as_there_are_places_go_on(void **state)
{
    (void)state;
    start();
    begin_many("192.0.2.1:1", PLACES);
    gave_way(0);
    assert_int_equal(world.server.clients.downloads.count, PLACES);
    for (size_t i = 0; i < count; i++)
        ends_well(people[i]);
    assert_int_equal(world.server.clients.downloads.count, 0);
}

static void test_beyond_them_the_oldest_gives_way_to_the_newcomer(void **state)
{
    (void)state;
    start();
    begin_many("192.0.2.1:1", PLACES + 3);
    gave_way(3);
    assert_int_equal(world.server.clients.downloads.count, PLACES);
    world_logged("event=refuse ip=192.0.2.1 why=\"too many downloads\"");
    ends_well(people[PLACES + 2]);
}

static void test_it_is_one_of_those_who_hold_most(void **state)
{
    (void)state;
    start();
    struct peer *bob = begin("192.0.2.2:1");
    begin_many("192.0.2.1:1", PLACES + 20);
    struct peer *cid = begin("192.0.2.3:1");
    assert_true(goes_on(bob) && goes_on(cid));
    for (size_t i = 1; i <= 22; i++)
        assert_int_equal(goes_on(people[i]), i > 22);
    ends_well(bob);
    ends_well(cid);
}

/* With its new one ann would have as many as bob. */
static void test_nobody_loses_a_place_to_somebody_with_as_many(void **state)
{
    (void)state;
    start();
    begin("192.0.2.3:1");
    begin_many("192.0.2.2:1", PLACES / 2);
    begin_many("192.0.2.1:1", PLACES / 2 - 1);
    begin("192.0.2.1:1");
    for (size_t i = 0; i < count; i++)
        assert_int_equal(goes_on(people[i]), i != 1 + PLACES / 2);
}

static void test_where_everybody_has_one_the_oldest_goes(void **state)
{
    (void)state;
    start();
    for (unsigned i = 0; i <= PLACES; i++) {
        char from[32];
        snprintf(from, sizeof from, "192.0.2.%u:1", i + 1);
        begin(from);
    }
    gave_way(1);
}

static void test_an_ipv6_network_is_one_address(void **state)
{
    (void)state;
    start();
    struct peer *bob = begin("[2001:db8:0:1::1]:1");
    for (unsigned i = 1; i <= PLACES; i++) {
        char from[48];
        snprintf(from, sizeof from, "[2001:db8:0:2::%x]:1", i);
        begin(from);
    }
    assert_true(goes_on(bob));
    assert_false(goes_on(people[1]));
}

static void test_behind_a_proxy_it_is_the_visitors_address(void **state)
{
    (void)state;
    assert_true(
        ip_parse_block(&world.config.trust[0], BYTES_LITERAL("192.0.2.1/32")));
    world.config.trust_count = 1;
    start();
    for (unsigned i = 0; i <= PLACES; i++) {
        char request[128];
        struct peer *p = peer_connect();
        sim_set_send_buffer(p->connection, 1000);
        sim_set_window(p->connection, 1000);
        snprintf(request, sizeof request,
                 "GET /large.bin HTTP/1.1\r\nHost: a\r\n"
                 "X-Forwarded-For: 198.51.100.%u\r\n\r\n",
                 i == 0 ? 7 : 8);
        peer_say(p, request);
        people[count++] = p;
    }
    assert_true(goes_on(people[0]));
    assert_false(goes_on(people[1]));
}

static void test_what_is_sent_at_once_takes_nobodys_place(void **state)
{
    (void)state;
    start();
    begin_many("192.0.2.1:1", PLACES);
    for (unsigned i = 0; i < 10; i++) {
        struct peer *p = peer_connect_from("192.0.2.2:1");
        peer_say(p, "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_answered(p, 200);
        peer_say(p, "HEAD /large.bin HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(peer_response(p, true).status, 200);
    }
    gave_way(0);
}

static void test_who_is_gone_has_no_place(void **state)
{
    (void)state;
    start();
    begin_many("192.0.2.1:1", PLACES);
    for (size_t i = 0; i < PLACES; i += 2)
        sim_reset(people[i]->connection);
    world_settle();
    assert_int_equal(world.server.clients.downloads.count, PLACES / 2);
    for (size_t i = 0; i < PLACES / 2; i++)
        assert_true(goes_on(begin("192.0.2.1:1")));
    for (size_t i = 1; i < PLACES; i += 2)
        assert_true(goes_on(people[i]));
}

static void test_few_open_files_leave_few_places(void **state)
{
    (void)state;
    sim_limit_files(3 + LIMITS_OTHER_FILES + LIMITS_BESIDES + 20);
    start();
    begin_many("192.0.2.1:1", LIMITS_DOWNLOADS_LEAST + 1);
    gave_way(1);
    struct peer *p = peer_connect_from("192.0.2.2:1");
    peer_say(p, "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(p, 200);
}

/* Every slot taken, and every place: there is a descriptor for one more file,
   and for those who are refused. */
static void test_downloads_and_clients_leave_descriptors_for_files(void **state)
{
    (void)state;
    sim_limit_files(600); /* more places than descriptors to spare */
    start();
    begin_many("192.0.2.1:1", world.server.downloads_most + 1);
    struct peer *last = peer_connect();
    while (world.server.clients.slots.count < world.server.clients.size) {
        sim_connect(0, "192.0.2.2:1");
        world_settle();
    }
    peer_say(last, "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(last, 200);
    for (unsigned i = 0; i < LIMITS_REFUSALS; i++) {
        struct peer *p = peer_connect(); /* idle ones give way to them */
        peer_say(p, "GET /small.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_answered(p, 200);
    }
    gave_way(1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_as_many_as_there_are_places_go_on),
        WORLD_TEST(test_beyond_them_the_oldest_gives_way_to_the_newcomer),
        WORLD_TEST(test_it_is_one_of_those_who_hold_most),
        WORLD_TEST(test_nobody_loses_a_place_to_somebody_with_as_many),
        WORLD_TEST(test_where_everybody_has_one_the_oldest_goes),
        WORLD_TEST(test_an_ipv6_network_is_one_address),
        WORLD_TEST(test_behind_a_proxy_it_is_the_visitors_address),
        WORLD_TEST(test_what_is_sent_at_once_takes_nobodys_place),
        WORLD_TEST(test_who_is_gone_has_no_place),
        WORLD_TEST(test_few_open_files_leave_few_places),
        WORLD_TEST(test_downloads_and_clients_leave_descriptors_for_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
