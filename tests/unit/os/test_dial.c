/* SPDX-License-Identifier: MIT */
#include "os/dial.h"
#include "os/socket.h"
#include "support/unit.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const struct socket_tuning plain;

static int listening(struct socket_address *address, const char *where)
{
    assert_true(socket_parse(bytes_of(where), address));
    int fd = socket_listen(address, &plain, SOCKET_ALONE);
    assert_true(fd >= 0);
    return fd;
}

static struct dial_wait writable(int fd)
{
    return (struct dial_wait){.fd = fd, .write = true};
}

static void assert_connects(const char *where)
{
    struct socket_address address, peer;
    int listener = listening(&address, where);
    int fd = socket_dial(&address);
    assert_true(fd >= 0);
    struct dial_wait wait = writable(fd);
    assert_int_equal(dial_wait(&wait, 1, UNIT_PATIENCE), 0);
    assert_true(wait.writable);
    assert_false(wait.readable);
    assert_int_equal(dial_result(fd), 0);
    int other = socket_accept(listener, &peer);
    assert_true(other >= 0);
    wait = (struct dial_wait){.fd = fd, .read = true};
    assert_int_equal(dial_wait(&wait, 1, 0), 0);
    assert_false(wait.readable);
    socket_close(other);
    assert_int_equal(dial_wait(&wait, 1, UNIT_PATIENCE), 0);
    assert_true(wait.readable); /* its end */
    socket_close(fd);
    socket_unlisten(listener, &address);
}

static void test_it_connects(void **state)
{
    (void)state;
    assert_connects("127.0.0.1:0");
    assert_connects("unix:/tmp/chatd-test-dial");
}

static void test_nobody_is_there(void **state)
{
    struct socket_address address;
    (void)state;
    int listener = listening(&address, "127.0.0.1:0");
    socket_unlisten(listener, &address);
    int fd = socket_dial(&address);
    if (fd >= 0) {
        struct dial_wait wait = writable(fd);
        assert_int_equal(dial_wait(&wait, 1, UNIT_PATIENCE), 0);
        assert_true(wait.writable);
        assert_int_equal(dial_result(fd), -ECONNREFUSED);
        socket_close(fd);
    } else {
        assert_int_equal(fd, -ECONNREFUSED);
    }
    assert_true(socket_parse(bytes_of("unix:/nowhere/at-all"), &address));
    assert_int_equal(socket_dial(&address), -ENOENT);
}

static void test_what_is_not_wanted_is_not_told(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[1]); /* a hangup that poll would tell of for ever */
    struct dial_wait waits[] = {{.fd = ends[0]}, {.fd = -1, .read = true}};
    assert_int_equal(dial_wait(waits, 2, 0), 0);
    assert_false(waits[0].readable || waits[0].writable);
    assert_false(waits[1].readable);
    waits[0].read = true;
    assert_int_equal(dial_wait(waits, 2, UNIT_PATIENCE), 0);
    assert_true(waits[0].readable);
    close(ends[0]);
}

static void test_a_descriptor_that_is_none(void **state)
{
    (void)state;
    assert_int_equal(dial_result(-1), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_connects),
        cmocka_unit_test(test_nobody_is_there),
        cmocka_unit_test(test_what_is_not_wanted_is_not_told),
        cmocka_unit_test(test_a_descriptor_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
