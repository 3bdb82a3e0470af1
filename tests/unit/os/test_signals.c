/* SPDX-License-Identifier: MIT */
#include "os/signals.h"
#include "support/unit.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_signals_are_read_in_the_loop(void **state)
{
    (void)state;
    int fd = signals_open();
    assert_true(fd >= 0);
    assert_int_equal(signals_read(fd), SIGNALS_NONE);
    raise(SIGTERM);
    assert_int_equal(signals_read(fd), SIGNALS_STOP);
    raise(SIGINT);
    assert_int_equal(signals_read(fd), SIGNALS_STOP);
    raise(SIGUSR1);
    assert_int_equal(signals_read(fd), SIGNALS_STATE);
    assert_int_equal(signals_read(fd), SIGNALS_NONE);
    close(fd);
}

static void test_different_signals_wait_together(void **state)
{
    (void)state;
    int fd = signals_open();
    raise(SIGUSR1);
    raise(SIGTERM);
    raise(SIGINT);
    unsigned stops = 0, states = 0;
    for (enum signals_event e; (e = signals_read(fd)) != SIGNALS_NONE;)
        e == SIGNALS_STOP ? stops++ : states++;
    assert_int_equal(stops, 2);
    assert_int_equal(states, 1);
    close(fd);
}

static void test_hup_and_pipe_are_ignored(void **state)
{
    (void)state;
    int fd = signals_open(), ends[2];
    raise(SIGHUP);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1); /* and here we are */
    assert_int_equal(signals_read(fd), SIGNALS_NONE);
    close(ends[1]);
    close(fd);
}

/* A file at its limit; a terminal of another foreground (`stty tostop`). */
static void test_what_a_log_brings_upon_us_is_ignored(void **state)
{
    (void)state;
    int fd = signals_open();
    raise(SIGXFSZ);
    raise(SIGTTOU);
    raise(SIGTTIN); /* and here we are */
    assert_int_equal(signals_read(fd), SIGNALS_NONE);
    close(fd);
}

static void test_a_parent_hears_of_its_children(void **state)
{
    (void)state;
    int status, fd = signals_open_parent();
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, UNIT_PATIENCE), 1);
    assert_int_equal(signals_read(fd), SIGNALS_CHILD);
    assert_int_equal(signals_read(fd), SIGNALS_NONE);
    assert_int_equal(waitpid(child, &status, 0), child); /* it is still there */
    raise(SIGTERM);
    assert_int_equal(signals_read(fd), SIGNALS_STOP);
    close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_signals_are_read_in_the_loop),
        cmocka_unit_test(test_different_signals_wait_together),
        cmocka_unit_test(test_hup_and_pipe_are_ignored),
        cmocka_unit_test(test_what_a_log_brings_upon_us_is_ignored),
        cmocka_unit_test(test_a_parent_hears_of_its_children),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
