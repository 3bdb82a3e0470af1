/* SPDX-License-Identifier: MIT */
#include "os/log.h"
#include "support/unit.h"

#include <fcntl.h>
#include <unistd.h>

static int standard_error; /* kept while a test has another in its place */

static int begin(void **state)
{
    (void)state;
    standard_error = dup(STDERR_FILENO);
    return standard_error < 0;
}

static int end(void **state)
{
    (void)state;
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    return 0;
}

static void test_a_line_goes_to_standard_error_whole(void **state)
{
    (void)state;
    int ends[2];
    char got[64];
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
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
    char bytes[4096] = {0};
    assert_int_equal(pipe(ends), 0);
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], bytes, sizeof bytes) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0); /* standard error is nobody's to change */
    dup2(ends[1], STDERR_FILENO);
    assert_false(log_write(BYTES_LITERAL("lost\n")));
    assert_int_equal(read(ends[0], bytes, sizeof bytes), sizeof bytes);
    assert_true(log_write(BYTES_LITERAL("there is room again\n")));
    close(ends[0]);
    close(ends[1]);
}

static void test_a_full_device_loses_the_line(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY);
    dup2(full, STDERR_FILENO);
    assert_false(log_write(BYTES_LITERAL("lost\n")));
    close(full);
}

static void test_a_closed_standard_error_loses_the_line(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    assert_false(log_write(BYTES_LITERAL("lost\n")));
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        LOG_TEST(test_a_line_goes_to_standard_error_whole),
        LOG_TEST(test_a_full_pipe_loses_the_line_and_does_not_wait),
        LOG_TEST(test_a_full_device_loses_the_line),
        LOG_TEST(test_a_closed_standard_error_loses_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
