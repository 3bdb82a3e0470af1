/* SPDX-License-Identifier: MIT */
/* An echo server over poll, for ws.h: cc echo.c ws.c -o echo && ./echo 9001 */
#include "ws.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS = 32, OUT = 3 * WS_IN_MIN };
static const struct ws_config config = {.deflate = WS_DEFLATE};

static struct client {
    struct ws *ws;     /* NULL: a free place */
    size_t have, owed; /* bytes in `in`, and in `out` */
    bool more;         /* events wait for room in `out` */
    bool done;         /* what is owed goes out, and then it is over */
    uint8_t in[WS_IN_MIN], out[OUT];
} clients[CLIENTS];
static struct pollfd fds[CLIENTS + 1]; /* the last one listens */

/* Take events from what came, while there is room for the answers. */
static void take(struct client *c)
{
    size_t at = 0, room;
    c->more = true;
    while (c->more && (room = OUT - c->owed) >= ws_bound(WS_IN_MIN)) {
        struct ws_event e;
        uint8_t *out = c->out + c->owed;
        at += ws_read(c->ws, c->in + at, c->have - at, &e);
        struct ws_frame frame = {e.kind, !e.last, e.ptr, e.len, 0, {0}};
        if (e.kind == WS_REQUEST)
            c->owed += ws_accept(c->ws, NULL, out, room);
        else if (e.kind == WS_REFUSED)
            c->owed += ws_refuse(c->ws, e.code, out, room);
        else if (e.kind == WS_TEXT || e.kind == WS_BINARY)
            c->owed += ws_write(c->ws, &frame, out, room);
        else
            c->owed += ws_answer(c->ws, &e, frame.key, out, room);
        c->done |= e.kind >= WS_REFUSED || e.kind == WS_CLOSE;
        c->more = e.kind != WS_NONE;
    }
    memmove(c->in, c->in + at, c->have -= at);
}

/* One that is ready. False: it is over. */
static bool serve(struct client *c, struct pollfd *p)
{
    ssize_t n = recv(p->fd, c->in + c->have, WS_IN_MIN - c->have, MSG_DONTWAIT);
    if (p->revents & (POLLIN | POLLHUP) && c->have < WS_IN_MIN && n <= 0)
        return false;
    c->have += n > 0 ? (size_t)n : 0;
    take(c);
    n = send(p->fd, c->out, c->owed, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0)
        memmove(c->out, c->out + n, c->owed -= (size_t)n);
    p->events = c->owed || c->more ? POLLOUT : POLLIN;
    return !c->done || c->owed > 0;
}

static void admit(int fd)
{
    int i = 0;
    while (i < CLIENTS && clients[i].ws)
        i++;
    if (fd < 0 || i == CLIENTS) {
        close(fd);
        return;
    }
    clients[i].have = clients[i].owed = clients[i].done = 0;
    clients[i].ws = ws_begin(malloc(ws_size(&config)), &config);
    fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

int main(int argc, char **argv)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    at.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "9001"));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (void *)&at, sizeof at) || listen(listener, CLIENTS))
        return perror("echo"), 1;
    for (int i = 0; i <= CLIENTS; i++)
        fds[i] = (struct pollfd){i < CLIENTS ? -1 : listener, POLLIN, 0};
    while (poll(fds, CLIENTS + 1, -1) >= 0) {
        for (int i = 0; i < CLIENTS; i++)
            if (fds[i].revents && !serve(&clients[i], &fds[i])) {
                close(fds[i].fd);
                free(clients[i].ws);
                clients[i].ws = NULL;
                fds[i].fd = -1;
            }
        if (fds[CLIENTS].revents)
            admit(accept(listener, NULL, NULL));
    }
    return 1;
}
