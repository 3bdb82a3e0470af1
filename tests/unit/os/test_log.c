/* SPDX-License-Identifier: MIT */
/* Goal: whatever standard error is, and whoever does not read it, log_write
   comes back. An alarm ends a test that waits. */
#include "os/log.h"
#include "support/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int standard_error; /* kept while a test has another in its place */

static int begin(void **state)
{
    (void)state;
    alarm(UNIT_PATIENCE / 1000);
    standard_error = dup(STDERR_FILENO);
    return standard_error < 0;
}

static int end(void **state)
{
    (void)state;
    alarm(0);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    return 0;
}

/* A service begins with this as its standard error. */
static void place(int fd)
{
    dup2(fd, STDERR_FILENO);
    log_prepare();
}

static bool waits(int fd)
{
    return (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0;
}

/* ---- Lines that go on until one is lost ---------------------------------- */

static unsigned lines; /* written so far, lost ones counted */

/* Numbered, and of a length that leaves less than a line free in a full pipe or
   terminal. */
#define LINE 700

static bool write_line(void)
{
    char line[LINE + 1];
    snprintf(line, sizeof line, "%06u %0*d\n", lines++, LINE - 8, 0);
    return log_write(bytes_span(line, LINE));
}

static void fill(void)
{
    lines = 0;
    while (write_line())
        assert_true(lines < 10000);
}

static size_t read_all(int fd, char *out, size_t size)
{
    size_t len = 0;
    ssize_t got;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while ((got = read(fd, out + len, size - len)) > 0)
        len += (size_t)got;
    return len;
}

/* Whole lines, in order, of which `lost` are missing. */
static void check_lines(const char *bytes, size_t len, unsigned lost)
{
    unsigned next = 0, missing = 0;
    for (size_t at = 0; at < len; at += LINE, next++) {
        unsigned number = (unsigned)strtoul(bytes + at, NULL, 10);
        assert_true(len - at >= LINE && bytes[at + 6] == ' ');
        assert_ptr_equal(memchr(bytes + at, '\n', LINE), bytes + at + LINE - 1);
        assert_true(number >= next);
        missing += number - next;
        next = number;
    }
    assert_int_equal(missing, lost);
    assert_int_equal(next, lines);
}

static char everything[1024 * 1024];

/* The reader has stopped, comes back, and finds nothing but whole lines. */
static void stop_and_go(int reader)
{
    fill();
    unsigned lost = 1;
    lost += !write_line();
    size_t len = read_all(reader, everything, sizeof everything);
    lost += !write_line();
    assert_true(write_line());
    len += read_all(reader, everything + len, sizeof everything - len);
    check_lines(everything, len, lost);
}

/* ---- Pipes --------------------------------------------------------------- */

static void test_nothing_waits_before_it_is_known_either(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    stop_and_go(ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_line_goes_to_standard_error_whole(void **state)
{
    (void)state;
    int ends[2];
    char got[64];
    assert_int_equal(pipe(ends), 0);
    place(ends[1]);
    assert_true(log_write(BYTES_LITERAL("one line\n")));
    assert_int_equal(read(ends[0], got, sizeof got), 9);
    assert_memory_equal(got, "one line\n", 9);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_full_pipe_loses_the_line_and_does_not_wait(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    place(ends[1]);
    stop_and_go(ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void test_what_is_shared_stays_as_it_was(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    place(ends[1]);
    assert_true(waits(ends[1]));
    assert_false(waits(STDERR_FILENO));
    close(ends[0]);
    close(ends[1]);
}

static void test_a_fifo_is_read_again_by_who_comes_back(void **state)
{
    (void)state;
    char name[64], got[64];
    snprintf(name, sizeof name, "/tmp/chatd-test-%d.fifo", (int)getpid());
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(mkfifo(name, 0600), 0);
    int reader = open(name, O_RDONLY | O_NONBLOCK);
    int writer = open(name, O_WRONLY);
    place(writer);
    close(writer);
    assert_true(log_write(BYTES_LITERAL("one\n")));
    close(reader);
    assert_false(log_write(BYTES_LITERAL("two\n")));
    reader = open(name, O_RDONLY | O_NONBLOCK);
    assert_true(log_write(BYTES_LITERAL("three\n")));
    assert_int_equal(read(reader, got, sizeof got), 10); /* not "two" */
    assert_memory_equal(got, "one\nthree\n", 10);
    close(reader);
    unlink(name);
}

/* As in `2<>fifo`: lines wait there for a reader. */
static void test_a_fifo_opened_for_both_stays_open_for_both(void **state)
{
    (void)state;
    char name[64], got[64];
    snprintf(name, sizeof name, "/tmp/chatd-test-%d.fifo", (int)getpid());
    assert_int_equal(mkfifo(name, 0600), 0);
    int both = open(name, O_RDWR);
    place(both);
    close(both);
    assert_true(log_write(BYTES_LITERAL("kept\n")));
    int reader = open(name, O_RDONLY | O_NONBLOCK);
    assert_int_equal(read(reader, got, sizeof got), 5);
    close(reader);
    unlink(name);
}

/* ---- Terminals ----------------------------------------------------------- */

struct terminal {
    int master, slave;
};

static struct terminal open_terminal(void)
{
    struct terminal t;
    struct termios modes;
    t.master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(t.master >= 0);
    assert_int_equal(grantpt(t.master), 0);
    assert_int_equal(unlockpt(t.master), 0);
    t.slave = open(ptsname(t.master), O_RDWR | O_NOCTTY);
    assert_true(t.slave >= 0);
    assert_int_equal(tcgetattr(t.slave, &modes), 0);
    cfmakeraw(&modes);
    modes.c_oflag = OPOST; /* as usual, but lines as they were written */
    assert_int_equal(tcsetattr(t.slave, TCSANOW, &modes), 0);
    return t;
}

static void close_terminal(struct terminal t)
{
    close(t.slave);
    close(t.master);
}

static void test_a_terminal_nobody_reads_does_not_stop_us(void **state)
{
    (void)state;
    struct terminal t = open_terminal();
    place(t.slave);
    assert_true(waits(t.slave));
    stop_and_go(t.master);
    close_terminal(t);
}

static void test_a_terminal_that_is_stopped_does_not_stop_us(void **state)
{
    (void)state;
    struct terminal t = open_terminal();
    place(t.slave);
    assert_int_equal(tcflow(t.slave, TCOOFF), 0); /* Ctrl-S */
    assert_false(log_write(BYTES_LITERAL("lost\n")));
    assert_int_equal(tcflow(t.slave, TCOON), 0);
    assert_true(log_write(BYTES_LITERAL("said\n")));
    close_terminal(t);
}

static void test_the_other_end_of_a_terminal_stays_that(void **state)
{
    (void)state;
    struct terminal t = open_terminal();
    char got[64];
    place(t.master);
    assert_true(log_write(BYTES_LITERAL("to the slave\n")));
    assert_int_equal(read(t.slave, got, sizeof got), 13);
    close_terminal(t);
}

/* In a chroot there is no /proc to open it again by. */
static void test_without_proc_nothing_waits_either(void **state)
{
    (void)state;
    struct terminal t = open_terminal();
    int status;
    pid_t child = fork();
    if (child == 0) {
        alarm(UNIT_PATIENCE / 1000);
        if (chroot("/dev") != 0)
            _exit(77); /* not root */
        place(t.slave);
        stop_and_go(t.master);
        _exit(waits(STDERR_FILENO) ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    close_terminal(t);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}

/* ---- Sockets, files, devices --------------------------------------------- */

static void test_a_full_socket_loses_the_line_and_does_not_wait(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    place(ends[1]);
    assert_true(waits(ends[1]));
    stop_and_go(ends[0]);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_socket_whose_reader_is_gone_kills_nobody(void **state)
{
    (void)state;
    int ends[2];
    signal(SIGPIPE, SIG_DFL);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    place(ends[1]);
    close(ends[0]);
    assert_false(log_write(BYTES_LITERAL("lost\n")));
    close(ends[1]);
}

/* The line that was cut is ended when there is room again. */
static void test_a_file_at_its_limit_loses_no_half_line(void **state)
{
    (void)state;
    char name[] = "/tmp/chatd-test-XXXXXX";
    int file = mkstemp(name);
    struct rlimit before, limit;
    getrlimit(RLIMIT_FSIZE, &before);
    limit = before;
    limit.rlim_cur = 5 * LINE / 2;
    signal(SIGXFSZ, SIG_IGN);
    place(file);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    fill();
    assert_int_equal(lines, 4); /* two, half of one; the next is lost */
    assert_int_equal(lseek(file, 0, SEEK_END), 5 * LINE / 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(write_line());
    lseek(file, 0, SEEK_SET);
    check_lines(everything, read_all(file, everything, sizeof everything), 1);
    close(file);
    unlink(name);
}

static void test_a_full_device_loses_the_line(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    place(full);
    assert_false(log_write(BYTES_LITERAL("lost\n")));
    close(full);
}

static void test_a_closed_standard_error_loses_the_line(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    log_prepare();
    assert_false(log_write(BYTES_LITERAL("lost\n")));
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LOG_TEST(test_nothing_waits_before_it_is_known_either), /* the first */
        LOG_TEST(test_a_line_goes_to_standard_error_whole),
        LOG_TEST(test_a_full_pipe_loses_the_line_and_does_not_wait),
        LOG_TEST(test_what_is_shared_stays_as_it_was),
        LOG_TEST(test_a_fifo_is_read_again_by_who_comes_back),
        LOG_TEST(test_a_fifo_opened_for_both_stays_open_for_both),
        LOG_TEST(test_a_terminal_nobody_reads_does_not_stop_us),
        LOG_TEST(test_a_terminal_that_is_stopped_does_not_stop_us),
        LOG_TEST(test_the_other_end_of_a_terminal_stays_that),
        LOG_TEST(test_without_proc_nothing_waits_either),
        LOG_TEST(test_a_full_socket_loses_the_line_and_does_not_wait),
        LOG_TEST(test_a_socket_whose_reader_is_gone_kills_nobody),
        LOG_TEST(test_a_file_at_its_limit_loses_no_half_line),
        LOG_TEST(test_a_full_device_loses_the_line),
        LOG_TEST(test_a_closed_standard_error_loses_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
