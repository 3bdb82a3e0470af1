/* SPDX-License-Identifier: MIT */
/*
 * cmocka, as much of it as our unit tests use, for machines that Debian has a
 * compiler for but no libraries (scripts/foreign). It writes what cmocka
 * writes, so that the same counting works.
 */
#ifndef FOREIGN_CMOCKA_H
#define FOREIGN_CMOCKA_H

#include <stddef.h>
#include <stdint.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

#define cmocka_unit_test(f)                                                    \
    {                                                                          \
#f, f, NULL, NULL                                                      \
    }
#define cmocka_unit_test_setup(f, s)                                           \
    {                                                                          \
#f, f, s, NULL                                                         \
    }
#define cmocka_unit_test_setup_teardown(f, s, t)                               \
    {                                                                          \
#f, f, s, t                                                            \
    }
#define cmocka_run_group_tests(tests, setup, teardown)                         \
    foreign_run(tests, sizeof(tests) / sizeof *(tests), setup, teardown)

int foreign_run(const struct CMUnitTest *tests, size_t count,
                int (*setup)(void **), int (*teardown)(void **));

_Noreturn void foreign_skip(void);
_Noreturn void foreign_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void print_message(const char *format, ...)
    __attribute__((format(printf, 1, 2)));
void print_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

void foreign_bytes(const void *a, const void *b, size_t len, int equal,
                   const char *file, int line);
void foreign_strings(const void *a, const void *b, int equal, const char *file,
                     int line);
void foreign_numbers(uintmax_t a, uintmax_t b, int equal, const char *file,
                     int line);

#define skip()        foreign_skip()
#define fail()        foreign_fail(__FILE__, __LINE__, "failed")
#define fail_msg(...) foreign_fail(__FILE__, __LINE__, __VA_ARGS__)

#define assert_true(c)                                                         \
    ((c) ? (void)0 : foreign_fail(__FILE__, __LINE__, "%s", #c))
#define assert_false(c)    assert_true(!(c))
#define assert_null(p)     assert_true(!(p))
#define assert_non_null(p) assert_true(p)

#define assert_int_equal(a, b)                                                 \
    foreign_numbers((uintmax_t)(a), (uintmax_t)(b), 1, __FILE__, __LINE__)
#define assert_int_not_equal(a, b)                                             \
    foreign_numbers((uintmax_t)(a), (uintmax_t)(b), 0, __FILE__, __LINE__)
#define assert_ptr_equal(a, b)                                                 \
    foreign_numbers((uintptr_t)(a), (uintptr_t)(b), 1, __FILE__, __LINE__)
#define assert_ptr_not_equal(a, b)                                             \
    foreign_numbers((uintptr_t)(a), (uintptr_t)(b), 0, __FILE__, __LINE__)
#define assert_in_range(v, least, most)                                        \
    assert_true((uintmax_t)(v) >= (uintmax_t)(least) &&                        \
                (uintmax_t)(v) <= (uintmax_t)(most))
#define assert_memory_equal(a, b, len)                                         \
    foreign_bytes(a, b, len, 1, __FILE__, __LINE__)
#define assert_memory_not_equal(a, b, len)                                     \
    foreign_bytes(a, b, len, 0, __FILE__, __LINE__)
#define assert_string_equal(a, b) foreign_strings(a, b, 1, __FILE__, __LINE__)
#define assert_string_not_equal(a, b)                                          \
    foreign_strings(a, b, 0, __FILE__, __LINE__)

#endif
