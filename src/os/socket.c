/* SPDX-License-Identifier: MIT */
#include "os/socket.h"
#include "os/socket_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* Room for the longest kind of address the kernel knows of ours. */
union kernel_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
};

/* ---- Addresses for the kernel -------------------------------------------- */

static socklen_t to_kernel(const struct socket_address *from,
                           union kernel_address *to)
{
    memset(to, 0, sizeof *to);
    switch (from->family) {
    case SOCKET_INET:
        to->in.sin_family = AF_INET;
        to->in.sin_port = htons(from->port);
        memcpy(&to->in.sin_addr, from->ip, 4);
        return sizeof to->in;
    case SOCKET_UNIX:
        to->un.sun_family = AF_UNIX;
        memcpy(to->un.sun_path, from->path, sizeof to->un.sun_path);
        return sizeof to->un;
    case SOCKET_ANY:
    case SOCKET_INET6: break;
    }
    to->in6.sin6_family = AF_INET6;
    to->in6.sin6_port = htons(from->port);
    to->in6.sin6_scope_id = from->scope;
    memcpy(&to->in6.sin6_addr, from->ip, 16);
    return sizeof to->in6;
}

static void from_kernel(const union kernel_address *from,
                        struct socket_address *to)
{
    *to = (struct socket_address){.family = SOCKET_UNIX};
    if (from->any.sa_family == AF_INET) {
        to->family = SOCKET_INET;
        to->port = ntohs(from->in.sin_port);
        memcpy(to->ip, &from->in.sin_addr, 4);
    } else if (from->any.sa_family == AF_INET6) {
        bool mapped = IN6_IS_ADDR_V4MAPPED(&from->in6.sin6_addr);
        to->family = mapped ? SOCKET_INET : SOCKET_INET6;
        to->port = ntohs(from->in6.sin6_port);
        to->scope = from->in6.sin6_scope_id;
        memcpy(to->ip, from->in6.sin6_addr.s6_addr + (mapped ? 12 : 0),
               mapped ? 4 : 16);
    }
}

/* ---- Listening ----------------------------------------------------------- */

static void set_option(int fd, int level, int name, int value)
{
    /* What the kernel does not take it does without. */
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

static void tune(int fd, enum socket_family family,
                 const struct socket_tuning *tuning)
{
    if (tuning->send_buffer)
        set_option(fd, SOL_SOCKET, SO_SNDBUF, tuning->send_buffer);
    if (tuning->receive_buffer)
        set_option(fd, SOL_SOCKET, SO_RCVBUF, tuning->receive_buffer);
    if (family == SOCKET_UNIX)
        return;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int bind_and_listen(int fd, const struct socket_address *address,
                           enum socket_share share)
{
    union kernel_address at;
    socklen_t len = to_kernel(address, &at);
    if (share == SOCKET_BESIDE)
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind(fd, &at.any, len) != 0)
        return -errno;
    /* Set before, a service that is there already would go unnoticed. */
    if (share == SOCKET_FIRST)
        set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    return listen(fd, SOMAXCONN) != 0 ? -errno : 0;
}

/* The index of a zone that was named; this interface may be there no more. */
static int find_zone(int fd, struct socket_address *address)
{
    struct ifreq interface = {0};
    if (!address->zone[0])
        return 0;
    memcpy(interface.ifr_name, address->zone, sizeof address->zone);
    if (ioctl(fd, SIOCGIFINDEX, &interface) != 0)
        return -errno;
    address->scope = (uint32_t)interface.ifr_ifindex;
    return 0;
}

static int open_listener(struct socket_address *address,
                         const struct socket_tuning *tuning,
                         enum socket_share share)
{
    int domain = address->family == SOCKET_UNIX   ? AF_UNIX
                 : address->family == SOCKET_INET ? AF_INET
                                                  : AF_INET6;
    int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    if (domain == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY,
                   address->family == SOCKET_INET6);
    tune(fd, address->family, tuning);
    int result = find_zone(fd, address);
    if (result == 0)
        result = address->family == SOCKET_UNIX
                     ? socket_file_listen(fd, address->path, tuning->mode,
                                          tuning->group, address->file)
                     : bind_and_listen(fd, address, share);
    if (result < 0) {
        close(fd);
        return result;
    }
    return fd;
}

static void learn_port(int fd, struct socket_address *address)
{
    union kernel_address bound;
    socklen_t len = sizeof bound;
    struct socket_address real;
    memset(&bound, 0, sizeof bound);
    if (address->port || address->family == SOCKET_UNIX ||
        getsockname(fd, &bound.any, &len) != 0)
        return;
    from_kernel(&bound, &real);
    address->port = real.port;
}

int socket_listen(struct socket_address *address,
                  const struct socket_tuning *tuning, enum socket_share share)
{
    int fd = open_listener(address, tuning, share);
    if (address->family == SOCKET_ANY &&
        (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)) {
        struct socket_address all = {.family = SOCKET_INET,
                                     .port = address->port};
        fd = open_listener(&all, tuning, share);
    }
    if (fd < 0)
        return fd;
    learn_port(fd, address);
    return fd;
}

static int get_option(int fd, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

int socket_adopt(int fd, struct socket_address *address,
                 const struct socket_tuning *tuning)
{
    union kernel_address at;
    socklen_t len = sizeof at;
    memset(&at, 0, sizeof at);
    if (get_option(fd, SO_ACCEPTCONN) != 1 ||
        get_option(fd, SO_TYPE) != SOCK_STREAM ||
        getsockname(fd, &at.any, &len) != 0)
        return -ENOTSOCK;
    if (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
        return -errno;
    from_kernel(&at, address);
    if (address->family == SOCKET_UNIX) /* an abstract one stays nameless */
        memcpy(address->path, at.un.sun_path, sizeof address->path - 1);
    tune(fd, address->family, tuning);
    return 0;
}

int socket_unlisten(int fd, const struct socket_address *address)
{
    int result = socket_file_remove(address->path, address->file);
    close(fd);
    return result;
}

/* ---- Streams ------------------------------------------------------------- */

int socket_dial(const struct socket_address *address)
{
    union kernel_address to;
    socklen_t len = to_kernel(address, &to);
    int fd =
        socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(fd, &to.any, len) == 0 || errno == EINPROGRESS ||
        errno == EINTR)
        return fd;
    int failure = -errno;
    close(fd);
    return failure;
}

int socket_accept(int listener, struct socket_address *peer)
{
    union kernel_address from;
    socklen_t len = sizeof from;
    memset(&from, 0, sizeof from);
    int fd = accept4(listener, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -errno;
    from_kernel(&from, peer);
    return fd;
}

int socket_peer(int fd, struct socket_address *peer)
{
    union kernel_address at;
    socklen_t len = sizeof at;
    memset(&at, 0, sizeof at);
    if (getpeername(fd, &at.any, &len) != 0)
        return -errno;
    from_kernel(&at, peer);
    return 0;
}

static ptrdiff_t receive(int fd, uint8_t *ptr, size_t len, int flags)
{
    ssize_t got;
    do
        got = recv(fd, ptr, len, flags);
    while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

ptrdiff_t socket_receive(int fd, uint8_t *ptr, size_t len)
{
    return receive(fd, ptr, len, 0);
}

ptrdiff_t socket_peek(int fd, uint8_t *ptr, size_t len)
{
    return receive(fd, ptr, len, MSG_PEEK);
}

ptrdiff_t socket_send(int fd, const struct span *parts, size_t count)
{
    ssize_t sent;
    if (count == 1) {
        do
            sent = send(fd, parts[0].ptr, parts[0].len, MSG_NOSIGNAL);
        while (sent < 0 && errno == EINTR);
        return sent < 0 ? -errno : sent;
    }
    struct iovec vector[SOCKET_PARTS];
    for (size_t i = 0; i < count; i++) {
        /* iovec is shared with reading calls and so not const. */
        memcpy(&vector[i].iov_base, &parts[i].ptr, sizeof parts[i].ptr);
        vector[i].iov_len = parts[i].len;
    }
    /* POSIX has msg_iovlen an int (musl), Linux a size_t (glibc): this fits
       in either. */
    struct msghdr message = {.msg_iov = vector,
                             .msg_iovlen = (unsigned char)count};
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

ptrdiff_t socket_unacknowledged(int fd)
{
    int bytes = 0; /* TIOCOUTQ is SIOCOUTQ of tcp(7) and unix(7) */
    return ioctl(fd, TIOCOUTQ, &bytes) == 0 ? bytes : -errno;
}

void socket_shut(int fd)
{
    (void)shutdown(fd, SHUT_WR);
}

void socket_close(int fd)
{
    close(fd); /* not retried: after EINTR Linux has closed it */
}

void socket_abandon(int fd, unsigned milliseconds)
{
    /* Not earlier: it also ends a connection whose window is often closed,
       though bytes are acknowledged. Before it is open again a whole segment
       may have to fit. */
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)milliseconds);
    socket_close(fd);
}

int socket_spare(void)
{
    /* Any one will do; of standard input there is always one. */
    int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    return fd < 0 ? -errno : fd;
}
