/* SPDX-License-Identifier: MIT */
#include "os/process.h"
#include "support/unit.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sched.h>
#include <unistd.h>

static bool is_null_device(int fd)
{
    struct stat there, null;
    return fstat(fd, &there) == 0 && stat("/dev/null", &null) == 0 &&
           there.st_rdev == null.st_rdev;
}

/* In a child, where standard descriptors may be closed: 0 when all is well. */
static int close_and_open_again(unsigned closed)
{
    for (int fd = 0; fd < 3; fd++)
        if (closed & 1u << fd)
            close(fd);
    if (process_open_standard() != 0)
        return 1;
    for (int fd = 0; fd < 3; fd++)
        if (closed & 1u << fd && !is_null_device(fd))
            return 2;
    if (closed & 2 && write(1, "x", 1) != 1)
        return 3;
    char byte;
    if (closed & 1 && read(0, &byte, 1) != 0)
        return 4;
    return 0;
}

static void test_closed_standard_descriptors_become_dev_null(void **state)
{
    (void)state;
    for (unsigned closed = 0; closed < 8; closed++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            _exit(close_and_open_again(closed));
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
}

static void test_the_limit_of_files_is_raised_to_the_hard_one(void **state)
{
    (void)state;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max / 2;
    setrlimit(RLIMIT_NOFILE, &limit);
    assert_true(process_raise_files() == limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
    assert_true(limit.rlim_cur == limit.rlim_max);
}

static void test_open_files_are_counted(void **state)
{
    (void)state;
    unsigned before = process_files_open();
    int fd = dup(0);
    assert_int_equal(process_files_open(), before + 1);
    close(fd);
    assert_int_equal(process_files_open(), before);
}

static void test_a_pipe_is_no_terminal(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_false(process_is_terminal(ends[1]));
    close(ends[0]);
    close(ends[1]);
    assert_false(process_is_terminal(ends[1]));
    int leader = posix_openpt(O_RDWR | O_NOCTTY);
    if (leader >= 0)
        assert_true(process_is_terminal(leader));
    close(leader);
}

/* In a child, with pipes for standard input and output: what it reads, two
   bytes at a time as they were written, it prints. 0 when all is well. */
static int read_and_print(int in, int out)
{
    uint8_t bytes[64];
    if (dup2(in, 0) != 0 || dup2(out, 1) != 1)
        return 1;
    if (process_read(bytes, 3) != 3)
        return 2;
    if (process_read(bytes + 3, sizeof bytes - 3) != 7)
        return 3;
    if (process_print(bytes_span(bytes, 10)) != 0)
        return 4;
    close(0);
    close(1);
    return process_read(bytes, 1) != 0 || process_print(bytes_span("x", 1)) >= 0
               ? 5
               : 0;
}

static void test_all_of_it_is_read_and_printed(void **state)
{
    (void)state;
    int to[2], from[2], status;
    char bytes[16] = "";
    assert_int_equal(pipe(to) + pipe(from), 0);
    pid_t child = fork();
    if (child == 0) {
        close(to[1]);
        _exit(read_and_print(to[0], from[1]));
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(write(to[1], &"0123456789"[2 * i], 2), 2);
    close(to[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(from[0], bytes, sizeof bytes), 10);
    assert_string_equal(bytes, "0123456789");
    close(to[0]);
    close(from[0]);
    close(from[1]);
}

static void test_processors_are_those_it_may_run_on(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(process_cores(), (unsigned)CPU_COUNT(&before));
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &before))
        cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(process_cores(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_closed_standard_descriptors_become_dev_null),
        cmocka_unit_test(test_the_limit_of_files_is_raised_to_the_hard_one),
        cmocka_unit_test(test_open_files_are_counted),
        cmocka_unit_test(test_all_of_it_is_read_and_printed),
        cmocka_unit_test(test_a_pipe_is_no_terminal),
        cmocka_unit_test(test_processors_are_those_it_may_run_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
