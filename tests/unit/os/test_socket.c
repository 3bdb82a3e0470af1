/* SPDX-License-Identifier: MIT */
#include "os/socket.h"
#include "support/note.h"
#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct note note;

static const struct socket_tuning tuning = {.send_buffer = 65536,
                                            .receive_buffer = 65536};

/* ---- Addresses as text --------------------------------------------------- */

static const char long_path[] =
    "unix:/0123456789012345678901234567890123456789012345678901234567890123456"
    "789012345678901234567890123456789012345";

static void test_an_address_is_written_as_it_is_read(void **state)
{
    static const char *const texts[] = {
        ":6868",
        "127.0.0.1:80",
        "[::1]:80",
        "[2001:db8::1]:65535",
        ":0",
        "0.0.0.0:1",
        "[::]:1",
        "unix:/run/chatd",
        "unix:rel",
        "unix:a:b",
        "unix: with it",
        long_path,
        "[fe80::1%eth0]:6868",
        "[fe80::1%2]:80",
        "[fe80::%br-lan.7]:1",
        "[fe80::1%fifteen-letters]:80",
        "[fe80::1%4294967295]:80",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        uint8_t bytes[256] = "";
        struct text t = text_over(bytes, sizeof bytes - 1);
        struct socket_address address;
        note_open(&note, texts[i], "vector", i);
        assert_true(socket_parse(bytes_of(texts[i]), &address));
        socket_put_address(&t, &address);
        assert_string_equal(bytes, texts[i]);
        note_close(&note);
    }
}

static void test_what_is_no_address_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "6868",
        "127.0.0.1",
        ":",
        ":65536",
        ":-1",
        ":80x",
        ": 80",
        "localhost:80",
        "::1:80",
        "[::1]",
        "[127.0.0.1]:80",
        "[::1:80",
        "[]:80",
        "256.0.0.1:1",
        "1.2.3:80",
        "1.2.3.4 :1",
        "unix:",
        "[fe80::1%]:80",
        "[fe80::1%0]:80",
        "[fe80::1%4294967296]:80",
        "[fe80::1%sixteen--letters]:80",
        "[fe80::1%a/b]:80",
        "[fe80::1%a b]:80",
        "[fe80::1%a:b]:80",
        "[%eth0]:80",
        "[::ffff:127.0.0.1%lo]:80",
        "127.0.0.1%lo:80",
        "fe80::1%lo:80",
        "%lo:80",
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        struct socket_address address;
        note_open(&note, texts[i], "vector", i);
        assert_false(socket_parse(bytes_of(texts[i]), &address));
        note_close(&note);
    }
    struct socket_address address;
    char longer[sizeof long_path + 1];
    snprintf(longer, sizeof longer, "%sx", long_path);
    assert_false(socket_parse(bytes_of(longer), &address));
    assert_false(socket_parse(BYTES_LITERAL("unix:a\0b"), &address));
}

static void test_a_peers_ip_stands_alone(void **state)
{
    static const char *const texts[][2] = {
        {"192.0.2.1:80", "192.0.2.1"},
        {"[2001:db8::1]:80", "2001:db8::1"},
        {"unix:/x", "unix"},
        {"[fe80::1%eth0]:80", "fe80::1"},
    };
    (void)state;
    for (size_t i = 0; i < UNIT_COUNT(texts); i++) {
        uint8_t bytes[64] = "";
        struct text t = text_over(bytes, sizeof bytes - 1);
        struct socket_address address;
        socket_parse(bytes_of(texts[i][0]), &address);
        socket_put_ip(&t, &address);
        assert_string_equal(bytes, texts[i][1]);
    }
}

/* ---- TCP ----------------------------------------------------------------- */

static int dial(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons(port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int accept_soon(int listener, struct socket_address *peer)
{
    struct pollfd ready = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, UNIT_PATIENCE), 1);
    return socket_accept(listener, peer);
}

static void wait_readable(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, UNIT_PATIENCE), 1);
}

struct pair {
    struct socket_address address;
    int listener, ours, theirs;
};

static void open_pair(struct pair *p, const char *address)
{
    struct socket_address peer;
    assert_true(socket_parse(bytes_of(address), &p->address));
    p->listener = socket_listen(&p->address, &tuning, SOCKET_ALONE);
    assert_true(p->listener >= 0);
    assert_true(p->address.port != 0); /* the one the kernel chose */
    p->theirs = dial(p->address.port);
    p->ours = accept_soon(p->listener, &peer);
    assert_true(p->ours >= 0);
    assert_int_equal(peer.family, SOCKET_INET);
    assert_memory_equal(peer.ip, "\x7F\0\0\1", 4);
}

static void close_pair(struct pair *p)
{
    socket_close(p->ours);
    close(p->theirs);
    socket_unlisten(p->listener, &p->address);
}

static void test_bytes_go_both_ways(void **state)
{
    (void)state;
    struct pair p;
    uint8_t got[64];
    open_pair(&p, "127.0.0.1:0");
    assert_int_equal(socket_receive(p.ours, got, sizeof got), -EAGAIN);
    assert_int_equal(send(p.theirs, "hello", 5, 0), 5);
    wait_readable(p.ours);
    assert_int_equal(socket_receive(p.ours, got, 2), 2);
    assert_int_equal(socket_receive(p.ours, got, sizeof got), 3);
    struct span parts[SOCKET_PARTS];
    for (size_t i = 0; i < SOCKET_PARTS; i++)
        parts[i] = bytes_span(&"abcdefgh"[i], 1);
    assert_int_equal(socket_send(p.ours, parts, SOCKET_PARTS), 8);
    assert_int_equal(socket_send(p.ours, parts, 1), 1);
    assert_int_equal(recv(p.theirs, got, 9, MSG_WAITALL), 9);
    assert_memory_equal(got, "abcdefgha", 9);
    close_pair(&p);
}

static void test_one_port_serves_ipv4_and_ipv6_alike(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, ":0"); /* asserts that an IPv4 peer is told as one */
    struct socket_address peer;
    assert_int_equal(socket_peer(p.ours, &peer), 0);
    assert_int_equal(peer.family, SOCKET_INET);
    close_pair(&p);
}

static void test_an_end_of_stream_is_0_and_a_reset_an_error(void **state)
{
    (void)state;
    struct pair p;
    uint8_t got[8];
    open_pair(&p, "127.0.0.1:0");
    shutdown(p.theirs, SHUT_WR);
    wait_readable(p.ours);
    assert_int_equal(socket_receive(p.ours, got, sizeof got), 0);
    struct linger reset = {.l_onoff = 1};
    setsockopt(p.theirs, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(p.theirs);
    p.theirs = dup(p.ours);
    struct span byte = bytes_span("x", 1);
    struct pollfd broken = {.fd = p.ours};
    assert_int_equal(poll(&broken, 1, UNIT_PATIENCE), 1);
    assert_true(socket_send(p.ours, &byte, 1) < 0);
    assert_true(socket_send(p.ours, &byte, 1) < 0); /* no SIGPIPE */
    struct socket_address peer;
    assert_int_equal(socket_peer(p.ours, &peer), -ENOTCONN);
    close_pair(&p);
}

static void test_a_shut_stream_can_still_be_read(void **state)
{
    (void)state;
    struct pair p;
    uint8_t got[8];
    open_pair(&p, "127.0.0.1:0");
    socket_shut(p.ours);
    assert_int_equal(recv(p.theirs, got, sizeof got, 0), 0);
    assert_int_equal(send(p.theirs, "x", 1, 0), 1);
    wait_readable(p.ours);
    assert_int_equal(socket_receive(p.ours, got, sizeof got), 1);
    close_pair(&p);
}

static void test_a_full_stream_says_so_and_what_is_on_its_way(void **state)
{
    (void)state;
    static uint8_t bytes[65536];
    struct pair p;
    struct span part = bytes_span(bytes, sizeof bytes);
    open_pair(&p, "127.0.0.1:0");
    assert_int_equal(socket_unacknowledged(p.ours), 0);
    ptrdiff_t sent;
    while ((sent = socket_send(p.ours, &part, 1)) > 0)
        ;
    assert_int_equal(sent, -EAGAIN);
    assert_true(socket_unacknowledged(p.ours) > 0);
    close_pair(&p);
}

static void test_accepted_connections_inherit_the_tuning(void **state)
{
    (void)state;
    struct pair p;
    int value;
    socklen_t len = sizeof value;
    open_pair(&p, "127.0.0.1:0");
    getsockopt(p.ours, SOL_SOCKET, SO_SNDBUF, &value, &len);
    assert_int_equal(value, 2 * 65536); /* Linux doubles it */
    getsockopt(p.ours, SOL_SOCKET, SO_RCVBUF, &value, &len);
    assert_int_equal(value, 2 * 65536);
    getsockopt(p.ours, IPPROTO_TCP, TCP_NODELAY, &value, &len);
    assert_int_not_equal(value, 0);
    /* It would end one that reads steadily through a small window. */
    getsockopt(p.ours, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
    assert_int_equal(value, 0);
    close_pair(&p);
}

static void test_a_port_in_use_is_refused(void **state)
{
    (void)state;
    struct pair p;
    open_pair(&p, "127.0.0.1:0");
    struct socket_address again = p.address;
    assert_int_equal(socket_listen(&again, &tuning, SOCKET_ALONE), -EADDRINUSE);
    close_pair(&p);
    int fd = socket_listen(&again, &tuning,
                           SOCKET_ALONE); /* connections in TIME_WAIT */
    assert_true(fd >= 0);
    socket_unlisten(fd, &again);
}

static void test_several_can_share_a_port_that_was_free(void **state)
{
    (void)state;
    struct socket_address a, other;
    assert_true(socket_parse(BYTES_LITERAL("127.0.0.1:0"), &a));
    int first = socket_listen(&a, &tuning, SOCKET_FIRST);
    assert_true(first >= 0 && a.port != 0);
    int second = socket_listen(&a, &tuning, SOCKET_BESIDE);
    assert_true(second >= 0);
    /* Another service is refused, one that shares likewise, too. */
    other = a;
    assert_int_equal(socket_listen(&other, &tuning, SOCKET_ALONE), -EADDRINUSE);
    assert_int_equal(socket_listen(&other, &tuning, SOCKET_FIRST), -EADDRINUSE);
    socket_unlisten(first, &a);
    /* The kernel gives each connection to one that is there. */
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(a.port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    int fd = socket_accept(second, &other);
    assert_true(fd >= 0);
    close(client);
    socket_close(fd);
    socket_unlisten(second, &a);
}

static void test_an_empty_queue_has_nobody(void **state)
{
    (void)state;
    struct socket_address address, peer;
    socket_parse(BYTES_LITERAL("127.0.0.1:0"), &address);
    int fd = socket_listen(&address, &tuning, SOCKET_ALONE);
    assert_int_equal(socket_accept(fd, &peer), -EAGAIN);
    socket_unlisten(fd, &address);
}

static void test_a_zone_is_an_interface_that_is_there(void **state)
{
    (void)state;
    struct socket_address address;
    uint8_t bytes[64] = "", wanted[64] = "";
    struct text t = text_over(bytes, sizeof bytes - 1);
    socket_parse(BYTES_LITERAL("[::1%lo]:0"), &address);
    int fd = socket_listen(&address, &tuning, SOCKET_ALONE);
    if (fd == -EADDRNOTAVAIL || fd == -EAFNOSUPPORT)
        skip(); /* no IPv6 */
    assert_true(fd >= 0);
    assert_int_equal(address.scope, if_nametoindex("lo"));
    socket_put_address(&t, &address);
    snprintf((char *)wanted, sizeof wanted, "[::1%%lo]:%u", address.port);
    assert_string_equal(bytes, wanted);
    socket_unlisten(fd, &address);
    socket_parse(BYTES_LITERAL("[fe80::1%nowhere]:0"), &address);
    assert_int_equal(socket_listen(&address, &tuning, SOCKET_ALONE), -ENODEV);
    socket_parse(BYTES_LITERAL("[fe80::1%4294967]:0"), &address);
    assert_int_equal(socket_listen(&address, &tuning, SOCKET_ALONE), -ENODEV);
}

/* ---- unix: --------------------------------------------------------------- */

static struct socket_address unix_at(void)
{
    struct socket_address a = {.family = SOCKET_UNIX};
    snprintf(a.path, sizeof a.path, "/tmp/chatd-test-%d.sock", (int)getpid());
    return a;
}

static bool exists(const struct socket_address *a)
{
    struct stat s;
    return lstat(a->path, &s) == 0;
}

static void test_a_unix_peer_has_no_name(void **state)
{
    (void)state;
    struct socket_address a = unix_at(), peer;
    int fd = socket_listen(&a, &tuning, SOCKET_ALONE);
    assert_true(fd >= 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, a.path);
    int theirs = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(theirs, (struct sockaddr *)&at, sizeof at), 0);
    int ours = accept_soon(fd, &peer);
    assert_int_equal(peer.family, SOCKET_UNIX);
    assert_int_equal(socket_unacknowledged(ours), 0);
    close(theirs);
    socket_close(ours);
    socket_unlisten(fd, &a);
    assert_false(exists(&a));
}

static void
test_a_stale_socket_file_is_replaced_and_a_live_one_not(void **state)
{
    (void)state;
    struct socket_address a = unix_at(), b = a;
    int stale = socket_listen(&a, &tuning, SOCKET_ALONE);
    close(stale); /* without removing the file */
    assert_true(exists(&a));
    int live = socket_listen(&a, &tuning, SOCKET_ALONE);
    assert_true(live >= 0);
    assert_int_equal(socket_listen(&b, &tuning, SOCKET_ALONE), -EADDRINUSE);
    socket_unlisten(live, &a);
    assert_false(exists(&a));
}

static void test_a_file_that_is_no_socket_is_left_alone(void **state)
{
    (void)state;
    struct socket_address a = unix_at();
    fclose(fopen(a.path, "w"));
    assert_int_equal(socket_listen(&a, &tuning, SOCKET_ALONE), -EADDRINUSE);
    assert_true(exists(&a));
    unlink(a.path);
}

static void test_another_servers_socket_file_is_not_removed(void **state)
{
    (void)state;
    struct socket_address a = unix_at(), b = a;
    int first = socket_listen(&a, &tuning, SOCKET_ALONE);
    unlink(a.path); /* somebody takes our place */
    int second = socket_listen(&b, &tuning, SOCKET_ALONE);
    socket_unlisten(first, &a);
    assert_true(exists(&b));
    socket_unlisten(second, &b);
    assert_false(exists(&b));
}

/* Who may connect, by the file. */
static unsigned mode_of(const struct socket_address *a)
{
    struct stat s;
    assert_int_equal(lstat(a->path, &s), 0);
    return s.st_mode & 07777;
}

static void test_the_file_has_the_mode_that_was_asked_for(void **state)
{
    static const unsigned modes[] = {0600, 0660, 0666, 0777, 0001};
    (void)state;
    mode_t before = umask(077);
    for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
        struct socket_address a = unix_at();
        struct socket_tuning with = {.mode = modes[i]};
        int fd = socket_listen(&a, &with, SOCKET_ALONE);
        assert_int_equal(mode_of(&a), modes[i]);
        assert_int_equal(umask(077), 077); /* ours again */
        assert_int_equal(socket_unlisten(fd, &a), 0);
    }
    struct socket_address a = unix_at();
    int fd = socket_listen(&a, &tuning, SOCKET_ALONE);
    assert_int_equal(mode_of(&a), 0700);
    socket_unlisten(fd, &a);
    umask(before);
}

static void test_the_file_is_of_the_group_that_was_asked_for(void **state)
{
    (void)state;
    struct socket_address a = unix_at();
    uint32_t group = getegid() ? getegid() : 12345;
    struct socket_tuning with = {.mode = 0660, .group = &group};
    struct stat s;
    int fd = socket_listen(&a, &with, SOCKET_ALONE);
    assert_true(fd >= 0);
    assert_int_equal(lstat(a.path, &s), 0);
    assert_int_equal(s.st_gid, group);
    assert_int_equal(mode_of(&a), 0660);
    socket_unlisten(fd, &a);
}

/* In a child, which becomes nobody if it can: what socket_listen says. */
static int listen_as_nobody(const struct socket_tuning *with)
{
    struct socket_address a = unix_at();
    int status;
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
            _exit(1);
        int fd = socket_listen(&a, with, SOCKET_ALONE);
        _exit(exists(&a) ? 2 : fd < 0 ? -fd : 0);
    }
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

static void test_without_a_right_to_the_group_there_is_no_file(void **state)
{
    (void)state;
    uint32_t group = getegid() + 12345;
    struct socket_tuning with = {.mode = 0660, .group = &group};
    assert_int_equal(listen_as_nobody(&with), EPERM);
}

/* PATH.starting, or where a server starts that was killed in it. */
static void test_who_starts_holds_a_lock_and_leaves_none_behind(void **state)
{
    (void)state;
    struct socket_address a = unix_at();
    char name[128];
    struct stat s;
    snprintf(name, sizeof name, "%s.starting", a.path);
    int lock = open(name, O_CREAT | O_RDWR, 0600);
    assert_int_equal(flock(lock, LOCK_EX), 0);
    assert_int_equal(socket_listen(&a, &tuning, SOCKET_ALONE), -EADDRINUSE);
    assert_false(exists(&a));
    close(lock); /* killed */
    int fd = socket_listen(&a, &tuning, SOCKET_ALONE);
    assert_true(fd >= 0);
    assert_int_equal(lstat(name, &s), -1);
    socket_unlisten(fd, &a);
}

/* All at once, over a stale file: the children's, by a pipe that opens. */
#define STARTERS 8

static unsigned start_together(void)
{
    struct socket_address a = unix_at();
    int gate[2], stay[2], status;
    unsigned living = 0;
    char said;
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(pipe(stay), 0);
    int verdict[2];
    assert_int_equal(pipe(verdict), 0);
    for (unsigned i = 0; i < STARTERS; i++) {
        if (fork() != 0)
            continue;
        close(gate[1]);
        close(stay[1]);
        (void)!read(gate[0], &said, 1); /* the end */
        said = socket_listen(&a, &tuning, SOCKET_ALONE) >= 0;
        (void)!write(verdict[1], &said, 1);
        (void)!read(stay[0], &said, 1);
        _exit(0);
    }
    close(gate[1]);
    for (unsigned i = 0; i < STARTERS; i++) {
        assert_int_equal(read(verdict[0], &said, 1), 1);
        living += (unsigned char)said;
    }
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    strcpy(at.sun_path, a.path);
    int theirs = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(theirs, (struct sockaddr *)&at, sizeof at) != 0)
        living = 0; /* the one whose file is gone */
    close(theirs);
    close(stay[1]);
    while (wait(&status) > 0)
        assert_int_equal(status, 0);
    int all[] = {gate[0], stay[0], verdict[0], verdict[1]};
    for (size_t i = 0; i < UNIT_COUNT(all); i++)
        close(all[i]);
    return living; /* and its file is the next one's stale one */
}

static void test_of_many_that_start_together_one_lives(void **state)
{
    (void)state;
    struct socket_address a = unix_at();
    for (unsigned round = 0; round < 25; round++)
        assert_int_equal(start_together(), 1);
    unlink(a.path);
}

/* ---- Handed over --------------------------------------------------------- */

static void test_a_listener_that_is_open_can_be_taken_over(void **state)
{
    (void)state;
    struct socket_address a = {.family = SOCKET_INET, .ip = {127, 0, 0, 1}};
    int fd = socket_listen(&a, &tuning, SOCKET_ALONE);
    struct socket_address b;
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0); /* as systemd hands it over */
    assert_int_equal(fcntl(fd, F_SETFD, 0), 0);
    assert_int_equal(socket_adopt(fd, &b, &tuning), 0);
    assert_int_equal(b.family, SOCKET_INET);
    assert_int_equal(b.port, a.port);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    struct socket_address peer;
    assert_int_equal(socket_accept(fd, &peer), -EAGAIN); /* does not wait */
    socket_unlisten(fd, &b);
}

static void test_the_file_of_one_taken_over_is_left_alone(void **state)
{
    (void)state;
    struct socket_address a = unix_at(), b;
    int fd = socket_listen(&a, &tuning, SOCKET_ALONE);
    assert_int_equal(socket_adopt(fd, &b, &tuning), 0);
    assert_int_equal(b.family, SOCKET_UNIX);
    assert_string_equal(b.path, a.path);
    socket_unlisten(fd, &b);
    assert_true(exists(&a));
    unlink(a.path);
}

static void test_nothing_but_a_listening_stream_is_taken_over(void **state)
{
    (void)state;
    struct socket_address a;
    int pair[2];
    int datagrams = socket(AF_INET, SOCK_DGRAM, 0);
    int idle = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(socket_adopt(datagrams, &a, &tuning), -ENOTSOCK);
    assert_int_equal(socket_adopt(idle, &a, &tuning), -ENOTSOCK);
    assert_int_equal(socket_adopt(pair[0], &a, &tuning), -ENOTSOCK);
    close(datagrams);
    close(idle);
    close(pair[0]);
    close(pair[1]);
    assert_int_equal(socket_adopt(idle, &a, &tuning), -ENOTSOCK);
}

static void
test_who_is_abandoned_has_a_last_time_to_take_what_was_sent(void **state)
{
    (void)state;
    struct pair p;
    int value, copy;
    socklen_t len = sizeof value;
    open_pair(&p, "127.0.0.1:0");
    copy = dup(p.ours);
    socket_abandon(p.ours, 4000);
    assert_int_equal(fcntl(p.ours, F_GETFD), -1);
    getsockopt(copy, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &len);
    assert_int_equal(value, 4000);
    p.ours = copy;
    close_pair(&p);
}

static void test_a_spare_descriptor_is_one(void **state)
{
    (void)state;
    int fd = socket_spare();
    assert_true(fd >= 0);
    socket_close(fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_address_is_written_as_it_is_read),
        cmocka_unit_test(test_what_is_no_address_is_refused),
        cmocka_unit_test(test_a_peers_ip_stands_alone),
        cmocka_unit_test(test_bytes_go_both_ways),
        cmocka_unit_test(test_one_port_serves_ipv4_and_ipv6_alike),
        cmocka_unit_test(test_an_end_of_stream_is_0_and_a_reset_an_error),
        cmocka_unit_test(test_a_shut_stream_can_still_be_read),
        cmocka_unit_test(test_a_full_stream_says_so_and_what_is_on_its_way),
        cmocka_unit_test(test_accepted_connections_inherit_the_tuning),
        cmocka_unit_test(test_a_port_in_use_is_refused),
        cmocka_unit_test(test_several_can_share_a_port_that_was_free),
        cmocka_unit_test(test_an_empty_queue_has_nobody),
        cmocka_unit_test(test_a_zone_is_an_interface_that_is_there),
        cmocka_unit_test(test_a_unix_peer_has_no_name),
        cmocka_unit_test(
            test_a_stale_socket_file_is_replaced_and_a_live_one_not),
        cmocka_unit_test(test_a_file_that_is_no_socket_is_left_alone),
        cmocka_unit_test(test_another_servers_socket_file_is_not_removed),
        cmocka_unit_test(test_the_file_has_the_mode_that_was_asked_for),
        cmocka_unit_test(test_the_file_is_of_the_group_that_was_asked_for),
        cmocka_unit_test(test_without_a_right_to_the_group_there_is_no_file),
        cmocka_unit_test(test_who_starts_holds_a_lock_and_leaves_none_behind),
        cmocka_unit_test(test_of_many_that_start_together_one_lives),
        cmocka_unit_test(test_a_listener_that_is_open_can_be_taken_over),
        cmocka_unit_test(test_the_file_of_one_taken_over_is_left_alone),
        cmocka_unit_test(test_nothing_but_a_listening_stream_is_taken_over),
        cmocka_unit_test(
            test_who_is_abandoned_has_a_last_time_to_take_what_was_sent),
        cmocka_unit_test(test_a_spare_descriptor_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
