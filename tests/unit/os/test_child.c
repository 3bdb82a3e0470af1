/* SPDX-License-Identifier: MIT */
#include "os/child.h"
#include "support/unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct child_end wait_for_one(void)
{
    struct child_end end = {0};
    while (!child_ended(&end))
        usleep(1000);
    return end;
}

static void test_an_exit_status_is_told(void **state)
{
    (void)state;
    struct child_end end;
    int pid = child_fork();
    if (pid == 0)
        child_exit(3);
    assert_true(pid > 0);
    end = wait_for_one();
    assert_int_equal(end.pid, pid);
    assert_int_equal(end.status, 3);
    assert_int_equal(end.signal, 0);
    assert_false(child_ended(&end)); /* there are none */
}

static void test_one_that_is_stopped_can_be_ended(void **state)
{
    (void)state;
    struct child_end end;
    int pid = child_fork();
    if (pid == 0)
        for (;;)
            raise(SIGSTOP);
    assert_false(child_ended(&end));
    usleep(10000);
    assert_false(child_ended(&end));
    child_kill(pid);
    end = wait_for_one();
    assert_int_equal(end.pid, pid);
    assert_int_equal(end.status, -1);
    assert_int_equal(end.signal, SIGKILL);
}

static void test_it_ends_with_its_parent(void **state)
{
    (void)state;
    int ends[2], status;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        if (child_fork() == 0)
            for (;;)
                pause();
        raise(SIGKILL);
    }
    close(ends[1]);
    assert_int_equal(waitpid(parent, &status, 0), parent);
    /* An end of the pipe: the last who had it open is gone. */
    assert_int_equal(read(ends[0], &byte, 1), 0);
    close(ends[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_exit_status_is_told),
        cmocka_unit_test(test_one_that_is_stopped_can_be_ended),
        cmocka_unit_test(test_it_ends_with_its_parent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
