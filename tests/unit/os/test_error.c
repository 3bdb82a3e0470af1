/* SPDX-License-Identifier: MIT */
#include "os/error.h"
#include "support/unit.h"

#include <errno.h>
#include <string.h>

static void test_each_errno_has_its_kind(void **state)
{
    static const struct {
        int number;
        enum error_kind kind;
    } numbers[] = {
        {EAGAIN, ERROR_WAIT},    {EWOULDBLOCK, ERROR_WAIT},
        {EINTR, ERROR_RETRY},    {ECONNABORTED, ERROR_RETRY},
        {EPROTO, ERROR_RETRY},   {EPERM, ERROR_RETRY},
        {ENETDOWN, ERROR_RETRY}, {EHOSTUNREACH, ERROR_RETRY},
        {EMFILE, ERROR_FULL},    {ENFILE, ERROR_FULL},
        {ENOMEM, ERROR_FULL},    {ENOBUFS, ERROR_FULL},
        {ENOSPC, ERROR_FULL},    {ECONNRESET, ERROR_PEER},
        {EPIPE, ERROR_PEER},     {ETIMEDOUT, ERROR_PEER},
        {ENOTCONN, ERROR_PEER},  {ENOENT, ERROR_NONE},
        {ENOTDIR, ERROR_NONE},   {EACCES, ERROR_FAULT},
        {EBADF, ERROR_FAULT},    {EINVAL, ERROR_FAULT},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(numbers); i++)
        assert_int_equal(error_kind(-numbers[i].number), numbers[i].kind);
}

static void test_the_sentence_is_the_systems(void **state)
{
    (void)state;
    assert_string_equal(error_text(-EADDRINUSE), strerror(EADDRINUSE));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_errno_has_its_kind),
        cmocka_unit_test(test_the_sentence_is_the_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
