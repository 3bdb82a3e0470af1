/* SPDX-License-Identifier: MIT */
/* Goal: what systemd says is understood, and it hears what it should. */
#include "os/supervise.h"
#include "support/unit.h"

#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- The environment ----------------------------------------------------- */

static struct {
    const char *name;
    const char *value;
} variables[8];
static size_t count;

static const char *look_up(const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

static void set(const char *name, const char *value)
{
    variables[count].name = name;
    variables[count++].value = value;
}

static const char *pid(int more)
{
    static char text[32];
    snprintf(text, sizeof text, "%d", (int)getpid() + more);
    return text;
}

static int clear(void **state)
{
    (void)state;
    count = 0;
    return 0;
}

static void test_nobody_supervises(void **state)
{
    (void)state;
    struct supervise from;
    assert_null(supervise_read(&from, look_up));
    assert_int_equal(from.sockets, 0);
    assert_int_equal(from.watchdog, 0);
    assert_null(from.notify);
}

static void test_everything_is_said(void **state)
{
    (void)state;
    struct supervise from;
    set("LISTEN_PID", pid(0));
    set("LISTEN_FDS", "3");
    set("LISTEN_FDNAMES", "a:b:c");
    set("NOTIFY_SOCKET", "/run/notify");
    set("WATCHDOG_USEC", "30000000");
    set("WATCHDOG_PID", pid(0));
    assert_null(supervise_read(&from, look_up));
    assert_int_equal(from.sockets, 3);
    assert_int_equal(from.watchdog, 15000);
    assert_string_equal(from.notify, "/run/notify");
}

static void test_what_is_meant_for_another_process(void **state)
{
    (void)state;
    struct supervise from;
    set("LISTEN_PID", pid(1));
    set("LISTEN_FDS", "3");
    set("WATCHDOG_USEC", "30000000");
    set("WATCHDOG_PID", pid(1));
    assert_null(supervise_read(&from, look_up));
    assert_int_equal(from.sockets, 0);
    assert_int_equal(from.watchdog, 0);
    /* sd_listen_fds wants LISTEN_PID, sd_watchdog_enabled not WATCHDOG_PID. */
    clear(NULL);
    set("LISTEN_FDS", "3");
    set("WATCHDOG_USEC", "1");
    assert_null(supervise_read(&from, look_up));
    assert_int_equal(from.sockets, 0);
    assert_int_equal(from.watchdog, 1);
}

static void test_nonsense_is_named(void **state)
{
    (void)state;
    static const char *const senseless[][2] = {
        {"LISTEN_PID", "me"},       {"LISTEN_FDS", "-1"},
        {"LISTEN_FDS", "99999999"}, {"LISTEN_FDS", ""},
        {"WATCHDOG_USEC", "soon"},  {"WATCHDOG_USEC", "0"},
        {"WATCHDOG_PID", "x"},
    };
    for (size_t i = 0; i < UNIT_COUNT(senseless); i++) {
        struct supervise from;
        clear(NULL);
        set(senseless[i][0], senseless[i][1]);
        set("LISTEN_PID", pid(0));
        assert_string_equal(supervise_read(&from, look_up), senseless[i][0]);
    }
}

static void test_a_socket_of_another_kind_is_left_alone(void **state)
{
    (void)state;
    struct supervise from;
    set("NOTIFY_SOCKET", "vsock:2:1234");
    assert_null(supervise_read(&from, look_up));
    assert_null(from.notify);
}

/* ---- The socket ---------------------------------------------------------- */

static int make_supervisor(const char *name)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, name, strlen(name));
    if (name[0] == '@')
        at.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    socklen_t len =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    return fd;
}

static void assert_heard(int supervisor, const char *state)
{
    char text[64] = "";
    ssize_t got = recv(supervisor, text, sizeof text - 1, 0);
    assert_int_equal(got, strlen(state));
    assert_string_equal(text, state);
}

static void test_a_socket_with_a_file_and_one_without(void **state)
{
    (void)state;
    char names[2][64];
    snprintf(names[0], sizeof names[0], "/tmp/chatd-notify-%s", pid(0));
    snprintf(names[1], sizeof names[1], "@chatd-notify-%s", pid(0));
    for (size_t i = 0; i < 2; i++) {
        int supervisor = make_supervisor(names[i]);
        int fd = supervise_open(names[i]);
        assert_true(fd >= 0);
        supervise_tell(fd, "READY=1");
        assert_heard(supervisor, "READY=1");
        supervise_tell(fd, "STOPPING=1");
        assert_heard(supervisor, "STOPPING=1");
        unsigned n = 0;
        while (n < 100000 && supervise_tell(fd, "WATCHDOG=1"))
            n++;
        assert_in_range(n, 1, 99999); /* it is full, and not waited for */
        assert_heard(supervisor, "WATCHDOG=1");
        assert_true(supervise_tell(fd, "READY=1"));
        close(supervisor); /* gone: we go on */
        assert_true(supervise_tell(fd, "WATCHDOG=1"));
        close(fd);
    }
    unlink(names[0]);
}

static void test_a_supervisor_that_is_not_there(void **state)
{
    (void)state;
    char longer[200];
    memset(longer, 'a', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    assert_true(supervise_open("/nowhere/notify") < 0);
    assert_true(supervise_open(longer) < 0);
    assert_true(supervise_tell(-1, "READY=1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_nobody_supervises, clear),
        cmocka_unit_test_setup(test_everything_is_said, clear),
        cmocka_unit_test_setup(test_what_is_meant_for_another_process, clear),
        cmocka_unit_test_setup(test_nonsense_is_named, clear),
        cmocka_unit_test_setup(test_a_socket_of_another_kind_is_left_alone,
                               clear),
        cmocka_unit_test(test_a_socket_with_a_file_and_one_without),
        cmocka_unit_test(test_a_supervisor_that_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
