/* SPDX-License-Identifier: MIT */
/*
 * floor: what the same traffic costs with no WebSocket in it.
 *
 * It answers the opening handshake properly, so that wsbench can talk to it,
 * and from then on knows nothing but byte counts: so many bytes in are one
 * message, and one message is answered with a frame made before the first
 * client came. Nothing is parsed, unmasked, checked or queued. What is left
 * is what the kernel asks for, the least that any server can pay:
 *
 *   echo       epoll_wait, one recv and one send for what has come in
 *   broadcast  the bare loop: one send() to every client for each message
 *
 * Format note: in broadcast the sender's stamp, 16 bytes, is unmasked into
 * the frame, so that wsbench can check order there too. That is 16 XORs for
 * as many system calls as there are clients.
 */
#include "bench/frame.h"
#include "bench/hello.h"
#include "bench/payload.h"
#include "bench/tool.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCRATCH ((size_t)256 * 1024)
#define EVENTS  1024
#define FILES   20000

struct client {
    bool open;       /* the handshake is done */
    uint32_t member; /* its place in the list of those */
    size_t in;       /* bytes in of the message under way */
    size_t owed;     /* echo: bytes not sent yet */
    bool blocked;    /* echo: waits to become writable */
    size_t offset;   /* echo: where in the reply the next send begins */
    uint8_t *part;   /* broadcast: the message under way, frame_in bytes */
};

struct floor {
    bool broadcast;         /* else echo */
    int listener, epoll;    /* descriptors */
    size_t header_in;       /* bytes of the header of a client's message */
    size_t frame_in;        /* bytes of a client's message, header too */
    size_t frame_out;       /* bytes of a message to a client */
    uint8_t *reply;         /* ready frames, one after the other */
    size_t reply_size;      /* bytes of them, a multiple of frame_out */
    struct client *clients; /* by descriptor */
    int *members;           /* descriptors of those that are open */
    uint32_t count;         /* of members */
    uint8_t *scratch;       /* for receiving */
};

/* ---- starting ------------------------------------------------------------ */

static void make_reply(struct floor *f, size_t size)
{
    struct payload payload;
    payload_init(&payload, size, true);
    f->header_in = frame_header_len(size, true);
    f->frame_in = f->header_in + size;
    f->frame_out = frame_header_len(size, false) + size;
    size_t frames = SCRATCH / f->frame_in + 2;
    f->reply_size = frames * f->frame_out;
    f->reply = tool_alloc(f->reply_size, 1);
    for (size_t i = 0; i < frames; i++) {
        uint8_t *at = f->reply + i * f->frame_out;
        at += frame_write_header(at, FRAME_BINARY, size, NULL);
        payload_write(&payload, (struct stamp){0}, at);
    }
}

static void watch(struct floor *f, int fd)
{
    struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(f->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        tool_fail("epoll_ctl: %s", strerror(errno));
}

static void listen_on(struct floor *f, uint16_t port)
{
    int on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    f->epoll = epoll_create1(EPOLL_CLOEXEC);
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(f->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(f->listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(f->listener, (struct sockaddr *)&a, sizeof a) != 0 ||
        listen(f->listener, 4096) != 0)
        tool_fail("port %u: %s", (unsigned)port, strerror(errno));
    watch(f, f->listener);
}

/* ---- clients ------------------------------------------------------------- */

static void accept_all(struct floor *f)
{
    for (;;) {
        int fd = accept4(f->listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0)
            return;
        if (fd >= FILES)
            tool_fail("too many clients");
        f->clients[fd] = (struct client){.part = f->clients[fd].part};
        if (f->broadcast && !f->clients[fd].part)
            f->clients[fd].part = tool_alloc(f->frame_in, 1);
        watch(f, fd);
    }
}

static void leave(struct floor *f, int fd)
{
    struct client *c = &f->clients[fd];
    if (c->open) {
        int last = f->members[--f->count];
        f->members[c->member] = last;
        f->clients[last].member = c->member;
    }
    close(fd);
}

/* The handshake; wsbench sends its head in one piece. Returns the bytes of
   the head, or 0 when it is not one. */
static size_t join(struct floor *f, int fd, size_t len)
{
    struct client *c = &f->clients[fd];
    uint8_t accept[HELLO_ACCEPT];
    char text[256];
    size_t head_len = hello_head_len(f->scratch, len);
    struct span key =
        hello_field(bytes_span(f->scratch, head_len), "Sec-WebSocket-Key");
    if (head_len == 0 || key.len != HELLO_KEY)
        return 0;
    hello_accept(key, accept);
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 101 Switching Protocols\r\n"
                     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %.28s\r\n\r\n",
                     (const char *)accept);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        return 0;
    c->open = true;
    c->member = f->count;
    f->members[f->count++] = fd;
    return head_len;
}

/* ---- traffic ------------------------------------------------------------- */

/* Send what is owed; what the socket does not take, when it is writable. */
static void pay(struct floor *f, int fd)
{
    struct client *c = &f->clients[fd];
    ssize_t n = 0;
    while (c->owed && n >= 0) {
        size_t len = bytes_min(c->owed, f->reply_size - c->offset);
        n = send(fd, f->reply + c->offset, len, MSG_NOSIGNAL);
        if (n < 0)
            break;
        c->owed -= (size_t)n;
        c->offset = (c->offset + (size_t)n) % f->frame_out;
    }
    if (c->blocked == (c->owed > 0))
        return;
    c->blocked = c->owed > 0;
    struct epoll_event e = {.events = c->blocked ? EPOLLOUT : EPOLLIN,
                            .data.fd = fd};
    epoll_ctl(f->epoll, EPOLL_CTL_MOD, fd, &e);
}

static void echo(struct floor *f, int fd, size_t len)
{
    struct client *c = &f->clients[fd];
    c->in += len;
    c->owed += c->in / f->frame_in * f->frame_out;
    c->in %= f->frame_in;
    if (c->owed)
        pay(f, fd);
}

/* The bare loop. A client that cannot take a message ends the run: there is
   no buffer to keep it in. */
static void send_to_all(struct floor *f, const uint8_t *message)
{
    const uint8_t *key = message + f->header_in - 4;
    uint8_t *stamp = f->reply + f->header_in - 4;
    memcpy(stamp, message + f->header_in, PAYLOAD_STAMP);
    frame_mask(stamp, PAYLOAD_STAMP, key);
    for (uint32_t i = 0; i < f->count; i++)
        if (send(f->members[i], f->reply, f->frame_out, MSG_NOSIGNAL) !=
            (ssize_t)f->frame_out)
            tool_fail("a client cannot take its message");
}

static void broadcast(struct floor *f, int fd, const uint8_t *ptr, size_t len)
{
    struct client *c = &f->clients[fd];
    while (len) {
        size_t n = bytes_min(len, f->frame_in - c->in);
        memcpy(c->part + c->in, ptr, n);
        c->in += n;
        ptr += n;
        len -= n;
        if (c->in < f->frame_in)
            return;
        c->in = 0;
        send_to_all(f, c->part);
    }
}

static void receive(struct floor *f, int fd)
{
    size_t used = 0;
    ssize_t n = recv(fd, f->scratch, SCRATCH, 0);
    if (n > 0 && !f->clients[fd].open)
        used = join(f, fd, (size_t)n);
    if (n <= 0 || !f->clients[fd].open)
        leave(f, fd);
    else if (f->broadcast)
        broadcast(f, fd, f->scratch + used, (size_t)n - used);
    else
        echo(f, fd, (size_t)n - used);
}

_Noreturn static void loop(struct floor *f)
{
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(f->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd == f->listener)
                accept_all(f);
            else if (events[i].events & EPOLLOUT)
                pay(f, events[i].data.fd);
            else
                receive(f, events[i].data.fd);
        }
    }
}

int main(int argc, char **argv)
{
    struct floor f = {.scratch = tool_alloc(SCRATCH, 1),
                      .clients = tool_alloc(FILES, sizeof *f.clients),
                      .members = tool_alloc(FILES, sizeof *f.members)};
    if (argc != 4 ||
        (strcmp(argv[1], "echo") != 0 && strcmp(argv[1], "broadcast") != 0)) {
        fprintf(stderr, "usage: floor echo|broadcast SIZE PORT\n");
        return 2;
    }
    f.broadcast = argv[1][0] == 'b';
    make_reply(&f, (size_t)strtoul(argv[2], NULL, 10));
    tool_allow_files(1024);
    listen_on(&f, (uint16_t)strtoul(argv[3], NULL, 10));
    loop(&f);
}
