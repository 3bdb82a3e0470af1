/* SPDX-License-Identifier: MIT */
/*
 * cmocka for mutants (see mutate.py): tests/foreign/cmocka.h with another
 * inside. The first failure ends the program, as one is enough to know, and
 * a test that takes far more processor time than it did before the source
 * was changed is stopped, as it will never end.
 *
 * A file is compiled with all its mutants in it; MUTATE_NUMBER says which one
 * it is to be. MUTATE_RUN says which tests to run, in which order and with how
 * many milliseconds each: "3:100 0:250". Without it all run, and the time of each
 * is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

int mutate_number; /* of the mutant to be; 0 is the original */

#define LIMIT_MS 2000 /* of what is no test of ours: the corpus */

static jmp_buf leave;

static void stop_after(long ms)
{
    struct itimerval limit = {
        .it_value = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000}};
    setitimer(ITIMER_PROF, &limit, NULL); /* SIGPROF ends the program */
}

/* A child that a test forks to see it die inherits no timer, but this. */
__attribute__((constructor)) static void start(void)
{
    struct rlimit seconds = {.rlim_cur = 30, .rlim_max = 60};
    setrlimit(RLIMIT_CPU, &seconds);
    stop_after(LIMIT_MS);
    const char *number = getenv("MUTATE_NUMBER");
    if (number)
        mutate_number = atoi(number);
}

void foreign_skip(void)
{
    longjmp(leave, 1);
}

void foreign_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    _exit(1);
}

void print_message(const char *format, ...)
{
    (void)format;
}

void foreign_numbers(uintmax_t a, uintmax_t b, int equal, const char *file,
                     int line)
{
    if ((a == b) != equal)
        foreign_fail(file, line, "%#jx %s %#jx", a, equal ? "!=" : "==", b);
}

void foreign_strings(const void *a, const void *b, int equal, const char *file,
                     int line)
{
    if ((strcmp(a, b) == 0) != equal)
        foreign_fail(file, line, "strings");
}

void foreign_bytes(const void *a, const void *b, size_t len, int equal,
                   const char *file, int line)
{
    if ((len == 0 || memcmp(a, b, len) == 0) != equal)
        foreign_fail(file, line, "bytes");
}

static void run(const struct CMUnitTest *test)
{
    void *state = NULL;
    if (test->setup && test->setup(&state) != 0)
        foreign_fail(__FILE__, __LINE__, "%s: setup", test->name);
    if (setjmp(leave) == 0)
        test->test(&state);
    if (test->teardown)
        test->teardown(&state);
}

static void run_all(const struct CMUnitTest *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        stop_after(60000);
        clock_t before = clock();
        run(&tests[i]);
        printf("%zu %g %s\n", i,
               (double)(clock() - before) * 1000 / CLOCKS_PER_SEC,
               tests[i].name);
        fflush(stdout);
    }
}

int foreign_run(const struct CMUnitTest *tests, size_t count,
                int (*setup)(void **), int (*teardown)(void **))
{
    void *state = NULL;
    if (setup && setup(&state) != 0)
        foreign_fail(__FILE__, __LINE__, "setup");
    const char *list = getenv("MUTATE_RUN");
    if (!list)
        run_all(tests, count);
    while (list && *list) {
        char *end;
        size_t i = strtoul(list, &end, 10);
        if (*end != ':' || i >= count)
            foreign_fail(__FILE__, __LINE__, "MUTATE_RUN=%s", list);
        stop_after(strtol(end + 1, &end, 10));
        run(&tests[i]);
        list = end + (*end == ' ');
    }
    if (teardown)
        teardown(&state);
    return 0;
}
