/* SPDX-License-Identifier: MIT */
#include "os/reactor.h"
#include "support/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define TOKEN UINT64_C(0x123456789ABCDEF0)

static int reactor;
static int ends[2]; /* ours, and the peer's */
static struct reactor_event events[REACTOR_EVENTS];

static int begin(void **state)
{
    (void)state;
    reactor = reactor_open();
    return reactor < 0 ||
           socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0;
}

static int end(void **state)
{
    (void)state;
    close(reactor);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

static int look(void)
{
    return reactor_wait(reactor, events, 0);
}

static void fill_up(void)
{
    char bytes[4096] = {0};
    while (write(ends[0], bytes, sizeof bytes) > 0)
        ;
    assert_int_equal(errno, EAGAIN);
}

static void empty(void)
{
    char bytes[4096];
    while (read(ends[1], bytes, sizeof bytes) > 0)
        ;
}

static void test_a_stream_is_told_writable_at_once_and_once(void **state)
{
    (void)state;
    assert_int_equal(reactor_add(reactor, ends[0], TOKEN), 0);
    assert_int_equal(look(), 1);
    assert_true(events[0].token == TOKEN);
    assert_true(events[0].writable);
    assert_false(events[0].readable || events[0].hangup);
    assert_int_equal(look(), 0);
}

static void test_bytes_are_told_when_they_arrive_and_not_again(void **state)
{
    (void)state;
    reactor_add(reactor, ends[0], TOKEN);
    look();
    assert_int_equal(write(ends[1], "a", 1), 1);
    assert_int_equal(look(), 1);
    assert_true(events[0].readable);
    assert_false(events[0].hangup);
    assert_int_equal(look(), 0); /* though it was not read */
    assert_int_equal(write(ends[1], "b", 1), 1);
    assert_int_equal(look(), 1);
}

static void test_room_is_told_after_a_send_found_none(void **state)
{
    (void)state;
    reactor_add(reactor, ends[0], TOKEN);
    look();
    fill_up();
    assert_int_equal(look(), 0);
    empty();
    assert_int_equal(look(), 1);
    assert_true(events[0].writable);
}

static void test_an_end_of_stream_is_a_hangup_to_be_read(void **state)
{
    (void)state;
    reactor_add(reactor, ends[0], TOKEN);
    look();
    shutdown(ends[1], SHUT_WR);
    assert_int_equal(look(), 1);
    assert_true(events[0].readable && events[0].hangup);
}

static void test_a_broken_connection_is_readable_and_writable(void **state)
{
    (void)state;
    reactor_add(reactor, ends[0], TOKEN);
    look();
    fill_up(); /* the peer closes with bytes unread */
    close(ends[1]);
    ends[1] = dup(ends[0]);
    assert_int_equal(look(), 1);
    assert_true(events[0].readable && events[0].writable && events[0].hangup);
}

static void test_a_source_is_told_while_it_is_so(void **state)
{
    (void)state;
    assert_int_equal(reactor_add_source(reactor, ends[0], 7), 0);
    assert_int_equal(look(), 0);
    assert_int_equal(write(ends[1], "a", 1), 1);
    assert_int_equal(look(), 1);
    assert_int_equal(look(), 1);
    assert_true(events[0].token == 7);
    reactor_remove(reactor, ends[0]);
    assert_int_equal(look(), 0);
}

static void test_a_wait_ends_in_time(void **state)
{
    (void)state;
    assert_int_equal(reactor_wait(reactor, events, 20), 0);
    reactor_add(reactor, ends[0], TOKEN);
    assert_int_equal(reactor_wait(reactor, events, REACTOR_FOREVER), 1);
    assert_int_equal(write(ends[1], "a", 1), 1);
    assert_int_equal(reactor_wait(reactor, events, UINT64_C(1) << 40), 1);
}

/* A process that is stopped and continued finds its wait interrupted, and so
   does one that has a handler. */
static void interrupt(int number)
{
    (void)number;
    (void)!write(ends[1], "a", 1);
}

static void test_an_interrupted_wait_tells_of_what_came_meanwhile(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = interrupt};
    struct itimerval soon = {.it_value.tv_usec = 20000};
    reactor_add(reactor, ends[0], TOKEN);
    look();
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(reactor_wait(reactor, events, 60000), 1);
    assert_true(events[0].readable);
    signal(SIGALRM, SIG_DFL);
}

static void test_misuse_is_an_errno(void **state)
{
    (void)state;
    assert_int_equal(reactor_add(reactor, 999, TOKEN), -EBADF);
    reactor_add(reactor, ends[0], TOKEN);
    assert_int_equal(reactor_add(reactor, ends[0], TOKEN), -EEXIST);
    assert_int_equal(reactor_wait(ends[0], events, 0), -EINVAL);
}

#define REACTOR_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

static void test_a_shared_listener_wakes_one_of_those_who_wait(void **state)
{
    (void)state;
    struct sockaddr_un at = {.sun_family = AF_UNIX,
                             .sun_path = "\0chatd-shared"};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int peer = socket(AF_UNIX, SOCK_STREAM, 0), other = reactor_open();
    assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(listener, 5), 0);
    assert_int_equal(reactor_add_shared(reactor, listener, 1), 0);
    assert_int_equal(reactor_add_shared(other, listener, 2), 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&at, sizeof at), 0);
    int found = look() + reactor_wait(other, events, 0);
    assert_true(found == 1 || found == 2); /* here nobody sleeps */
    assert_int_equal(look() + reactor_wait(other, events, 0), 0);
    close(listener);
    close(peer);
    close(other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        REACTOR_TEST(test_a_stream_is_told_writable_at_once_and_once),
        REACTOR_TEST(test_bytes_are_told_when_they_arrive_and_not_again),
        REACTOR_TEST(test_room_is_told_after_a_send_found_none),
        REACTOR_TEST(test_an_end_of_stream_is_a_hangup_to_be_read),
        REACTOR_TEST(test_a_broken_connection_is_readable_and_writable),
        REACTOR_TEST(test_a_source_is_told_while_it_is_so),
        REACTOR_TEST(test_a_wait_ends_in_time),
        REACTOR_TEST(test_an_interrupted_wait_tells_of_what_came_meanwhile),
        REACTOR_TEST(test_a_shared_listener_wakes_one_of_those_who_wait),
        REACTOR_TEST(test_misuse_is_an_errno),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
