/* SPDX-License-Identifier: MIT */
/*
 * Goal: a page or a file arrives whole wherever a write ends, or the
 * connection breaks where it cannot.
 */
#include "server/body.h"
#include "sim/peer.h"
#include "support/note.h"

#include <errno.h>
#include <stdio.h>

static struct note note;

static void try_response(const char *path, const char *body)
{
    char request[64];
    snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
             path);
    for (size_t n = 0; n < 700; n++) {
        note_open(&note, path, "bytes taken", n);
        struct peer *ann = peer_connect();
        peer_take_only(ann, n);
        peer_say(ann, request);
        peer_say(ann, request);
        assert_true(sim_in_flight(ann->connection) <= n);
        peer_read_again(ann);
        for (unsigned i = 0; i < 2; i++) {
            struct peer_response r = peer_response(ann, false);
            assert_int_equal(r.status, 200);
            assert_true(bytes_equal(r.body, bytes_of(body)));
        }
        assert_int_equal(peer_bytes(ann).len, 0);
        sim_close(ann->connection);
        note_close(&note);
        world_again();
    }
}

static void test_a_page_is_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    world_start();
    try_response("/style.css", "body { color: black }\n");
}

static void start_with_a_file(void)
{
    world.config.static_folder = "folder";
    sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
    world_start();
}

static void test_a_file_is_whole_wherever_a_write_ends(void **state)
{
    (void)state;
    start_with_a_file();
    for (size_t n = 0; n < 400; n++) {
        sim_put_file("a.txt", BYTES_LITERAL("the bytes of a file\n"));
        struct peer *ann = peer_connect();
        peer_take_only(ann, n);
        peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
        peer_read_again(ann);
        struct peer_response r = peer_response(ann, false);
        assert_true(
            bytes_equal(r.body, BYTES_LITERAL("the bytes of a file\n")));
        world_again();
    }
}

static void test_a_file_that_shrinks_breaks_its_connection(void **state)
{
    (void)state;
    start_with_a_file();
    struct peer *ann = peer_connect();
    peer_take_only(ann, 5);
    peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    sim_put_file("a.txt", BYTES_LITERAL("the"));
    peer_read_again(ann);
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
}

static void test_a_file_that_cannot_be_read_breaks_its_connection(void **state)
{
    (void)state;
    start_with_a_file();
    struct peer *ann = peer_connect(), *bob = peer_connect();
    sim_fail(SIM_FILE_SEND, 0, 1, EIO);
    peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(sim_side(ann->connection), SIM_CLOSED);
    peer_say(bob, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    peer_answered(bob, 200);
}

static void test_what_is_left_of_a_page_shrinks_as_it_is_sent(void **state)
{
    (void)state;
    world_start();
    struct peer *ann = peer_connect();
    peer_take_only(ann, 1);
    peer_say(ann, "GET /style.css HTTP/1.1\r\nHost: a\r\n\r\n");
    struct client *c = world_client(ann->connection);
    struct span all = body_page(&world.server, c);
    assert_true(bytes_equal(all, bytes_of("body { color: black }\n")));
    body_sent(c, 5);
    struct span rest = body_page(&world.server, c);
    assert_ptr_equal(rest.ptr, all.ptr + 5);
    assert_int_equal(rest.len, all.len - 5);
    body_end(&world.server, c);
    assert_int_equal(body_page(&world.server, c).len, 0);
}

/* Its descriptor and its place are for the next one. */
static void test_who_goes_in_the_middle_gives_the_file_back(void **state)
{
    (void)state;
    start_with_a_file();
    unsigned files = sim_files_open();
    struct peer *ann = peer_connect();
    peer_take_only(ann, 5);
    peer_say(ann, "GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(sim_files_open(), files + 2);
    assert_int_equal(world.server.clients.downloads.count, 1);
    sim_reset(ann->connection);
    world_settle();
    assert_int_equal(sim_files_open(), files);
    assert_int_equal(world.server.clients.downloads.count, 0);
}

static void test_an_answer_without_a_body_holds_no_file(void **state)
{
    (void)state;
    start_with_a_file();
    unsigned files = sim_files_open();
    struct peer *ann = peer_connect();
    peer_take_only(ann, 5);
    peer_say(ann, "HEAD /a.txt HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(world_client(ann->connection)->state, CLIENT_REPLY);
    assert_int_equal(sim_files_open(), files + 1); /* the connection */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_page_is_whole_wherever_a_write_ends),
        WORLD_TEST(test_a_file_is_whole_wherever_a_write_ends),
        WORLD_TEST(test_a_file_that_shrinks_breaks_its_connection),
        WORLD_TEST(test_a_file_that_cannot_be_read_breaks_its_connection),
        WORLD_TEST(test_what_is_left_of_a_page_shrinks_as_it_is_sent),
        WORLD_TEST(test_who_goes_in_the_middle_gives_the_file_back),
        WORLD_TEST(test_an_answer_without_a_body_holds_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
