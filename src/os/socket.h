/* SPDX-License-Identifier: MIT */
/*
 * socket: listening, and streams of bytes, over TCP and unix sockets.
 *
 * Every descriptor made here is non-blocking and closed on exec. Results are
 * 0 or more, or -errno; error.h says what a refusal means.
 */
#ifndef OS_SOCKET_H
#define OS_SOCKET_H

#include "base/bytes.h"
#include "base/text.h"

#define SOCKET_PATH_MAX 107 /* bytes of a unix: path (unix(7)) */
#define SOCKET_ZONE_MAX 15  /* bytes of an interface's name (netdevice(7)) */
#define SOCKET_PARTS    8   /* most spans of one send */

enum socket_family {
    SOCKET_ANY,  /* IPv6 and IPv4 on one port, every address */
    SOCKET_INET, /* ip[0..3] */
    SOCKET_INET6,
    SOCKET_UNIX, /* path; as a peer: nameless */
};

struct socket_address {
    enum socket_family family;
    uint16_t port;  /* host order; 0 to listen: the kernel chooses */
    uint32_t scope; /* of a link-local IPv6 address, else 0 */
    char zone[SOCKET_ZONE_MAX + 1]; /* its name, if it was given by one: to
                                       listen, the scope is looked up */
    uint8_t ip[16];                 /* network order */
    char path[SOCKET_PATH_MAX + 1];
    uint64_t file[2]; /* device and inode of the file that is there because we
                         listen; 0: there is none */
};

/* Parse "[HOST]:PORT" (":6868", "127.0.0.1:80", "[::1]:80", "[fe80::1%eth0]:80"
   with an interface's name or number, RFC 4007 11) or "unix:PATH". Numeric
   addresses only. False when it is neither. */
bool socket_parse(struct span text, struct socket_address *address);

/* Append an address as socket_parse reads it; of a peer, see socket_put_ip. */
void socket_put_address(struct text *t, const struct socket_address *address);

/* Append a peer's IP address alone, without its zone ("192.0.2.1", "::1",
   "unix"). */
void socket_put_ip(struct text *t, const struct socket_address *address);

/* What accepted connections inherit from their listener; and of a unix:
   socket's file, who may connect: that takes the right to write. */
struct socket_tuning {
    int send_buffer;       /* bytes, SO_SNDBUF; 0 leaves the default */
    int receive_buffer;    /* bytes, SO_RCVBUF; 0 leaves the default */
    unsigned mode;         /* 0660, say; 0: what the umask leaves */
    const uint32_t *group; /* NULL: ours */
};

/* How many sockets listen on one IP address and port: the kernel gives each
   connection to one of them (SO_REUSEPORT of socket(7)). */
enum socket_share {
    SOCKET_ALONE,
    SOCKET_FIRST,  /* bound as if alone, so that an address in use is found;
                      then others of the same user may come */
    SOCKET_BESIDE, /* one of these others */
};

/*
 * Listen. Fills in the port that the kernel chose. A stale unix: socket file
 * is replaced; a live one, or a file that is no socket, is -EADDRINUSE, and so
 * is one of a server that is just starting. No such zone is -ENODEV.
 * SOCKET_ANY falls back to IPv4 alone where there is no IPv6. Of a unix: socket
 * there is but one, whatever its share.
 */
int socket_listen(struct socket_address *address,
                  const struct socket_tuning *tuning, enum socket_share share);

/* Begin to connect to it: a stream that does not wait, or -errno. Once it is
   writable dial_result (dial.h) tells how that went. */
int socket_dial(const struct socket_address *address);

/*
 * Take over a listening stream socket that somebody else opened. Fills in its
 * address. 0, or -errno: -ENOTSOCK when it is anything else.
 */
int socket_adopt(int fd, struct socket_address *address,
                 const struct socket_tuning *tuning);

/* Stop listening; the file of a unix: socket goes, if we made it and it is
   still ours. 0, or -errno where it stays. */
int socket_unlisten(int fd, const struct socket_address *address);

/* Accept one connection. Fills in the peer's address; an IPv4 peer of an IPv6
   listener is told as IPv4. */
int socket_accept(int listener, struct socket_address *peer);

/* Who is at the other end. 0, or -errno when that is over. */
int socket_peer(int fd, struct socket_address *peer);

/* Receive up to len bytes. 0 is the end of the stream. */
ptrdiff_t socket_receive(int fd, uint8_t *ptr, size_t len);

/* The same without taking them: they are received again. */
ptrdiff_t socket_peek(int fd, uint8_t *ptr, size_t len);

/* Send the parts (at most SOCKET_PARTS) as one. Returns the bytes taken. */
ptrdiff_t socket_send(int fd, const struct span *parts, size_t count);

/* Bytes sent that the peer's kernel has not acknowledged yet. */
ptrdiff_t socket_unacknowledged(int fd);

/* No more bytes from us: the peer reads an end of stream. */
void socket_shut(int fd);

void socket_close(int fd);

/* Close one whose peer may never take what was sent: the kernel lets go of it
   after so many milliseconds without an acknowledgement (TCP_USER_TIMEOUT). */
void socket_abandon(int fd, unsigned milliseconds);

/* A descriptor that is good for nothing but being closed when another is
   needed. */
int socket_spare(void);

#endif
