/* SPDX-License-Identifier: MIT */
/* Lines go out, messages come in, for ws.h:
       cc client.c ws.c -o client && ./client 127.0.0.1 9001 /echo */
#include "ws.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint8_t in[WS_IN_MIN], out[2 * WS_IN_MIN];
static size_t have;

/* A frame of ours, masked with a key that nobody can guess. */
static void say(struct ws *ws, int fd, struct ws_frame frame)
{
    if (getrandom(frame.key, sizeof frame.key, 0) == sizeof frame.key)
        send(fd, out, ws_write(ws, &frame, out, sizeof out), MSG_NOSIGNAL);
}

/* -1: goes on; else the exit status. */
static int take(struct ws *ws, int fd)
{
    struct ws_event e;
    uint8_t key[4];
    size_t at = 0;
    do {
        at += ws_read(ws, in + at, have - at, &e);
        if (e.kind == WS_TEXT || e.kind == WS_BINARY) {
            fwrite(e.ptr, 1, e.len, stdout);
            fputs(e.last ? "\n" : "", stdout);
        }
        if (getrandom(key, sizeof key, 0) == sizeof key)
            send(fd, out, ws_answer(ws, &e, key, out, sizeof out),
                 MSG_NOSIGNAL);
        if (e.kind == WS_CLOSE)
            return e.code != 1000;
        if (e.kind == WS_REFUSED || e.kind == WS_FAIL)
            return fprintf(stderr, "%u %s\n", e.code, e.reason), 1;
    } while (e.kind != WS_NONE);
    fflush(stdout);
    memmove(in, in + at, have -= at);
    return -1;
}

int main(int argc, char **argv)
{
    static char line[WS_IN_MIN / 2];
    struct ws_config config = {.client = true, .deflate = WS_DEFLATE};
    struct sockaddr_in to = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = -1;
    struct pollfd fds[] = {{-1, POLLIN, 0}, {fd, POLLIN, 0}};
    if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
        return fprintf(stderr, "usage: client ADDRESS PORT PATH\n"), 2;
    setvbuf(stdin, NULL, _IONBF, 0); /* so that poll knows of each line */
    to.sin_port = htons((uint16_t)atoi(argv[2]));
    config.host = argv[1];
    config.target = argv[3];
    struct ws *ws = ws_begin(malloc(ws_size(&config)), &config);
    if (getrandom(config.nonce, sizeof config.nonce, 0) < 0 ||
        connect(fd, (void *)&to, sizeof to) ||
        send(fd, out, ws_request(ws, out, sizeof out), MSG_NOSIGNAL) <= 0)
        return perror("client"), 1;
    while (status < 0 && poll(fds, 2, -1) > 0) {
        if (fds[1].revents) {
            ssize_t n = recv(fd, in + have, sizeof in - have, 0);
            have += n > 0 ? (size_t)n : 0;
            status = n > 0 ? take(ws, fd) : 1;
            fds[0].fd = ws_is_open(ws) ? 0 : -1; /* now lines may go out */
        } else if (fgets(line, sizeof line, stdin)) {
            size_t len = strcspn(line, "\n");
            say(ws, fd, (struct ws_frame){WS_TEXT, 0, line, len, 0, {0}});
        } else {
            say(ws, fd, (struct ws_frame){.kind = WS_CLOSE, .code = 1000});
        }
    }
    return status;
}
