/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum verdict { RUNS, FAILED, SKIPPED }; /* RUNS is what setjmp says first */

static jmp_buf leave;

void foreign_skip(void)
{
    longjmp(leave, SKIPPED);
}

void foreign_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: error: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    longjmp(leave, FAILED);
}

void print_message(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
}

void print_error(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
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
    const char *x = a, *y = b;
    if ((strcmp(x, y) == 0) != equal)
        foreign_fail(file, line, "\"%s\" %s \"%s\"", x, equal ? "!=" : "==", y);
}

void foreign_bytes(const void *a, const void *b, size_t len, int equal,
                   const char *file, int line)
{
    const unsigned char *x = a, *y = b;
    size_t at = 0;
    while (at < len && x[at] == y[at])
        at++;
    if ((at == len) != equal)
        foreign_fail(file, line, "the first %zu of %zu bytes are equal", at,
                     len);
}

static enum verdict run(const struct CMUnitTest *test)
{
    void *state = NULL;
    volatile int verdict = setjmp(leave);
    if (verdict == RUNS) {
        if (test->setup && test->setup(&state) != 0)
            verdict = FAILED;
        else
            test->test(&state);
    }
    if (test->teardown)
        test->teardown(&state);
    return (enum verdict)verdict;
}

int foreign_run(const struct CMUnitTest *tests, size_t count,
                int (*setup)(void **), int (*teardown)(void **))
{
    static const char *const words[] = {"      OK", " FAILED ", " SKIPPED"};
    void *state = NULL;
    int failures = setup && setup(&state) != 0;
    for (size_t i = 0; i < count; i++) {
        printf("[ RUN      ] %s\n", tests[i].name);
        enum verdict verdict = run(&tests[i]);
        printf("[ %s ] %s\n", words[verdict], tests[i].name);
        fflush(stdout);
        failures += verdict == FAILED;
    }
    if (teardown)
        teardown(&state);
    return failures;
}
