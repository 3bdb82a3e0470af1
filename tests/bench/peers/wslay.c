/* SPDX-License-Identifier: MIT */
/*
 * ws.h beside wslay and picohttpparser: nanoseconds of CPU time for a frame,
 * and for a request, the best of seven runs each. It wants libwslay-dev, and
 * picohttpparser.c and .h in a folder PICO:
 *
 *     make library
 *     cc -O2 -D_GNU_SOURCE -Ibuild/library -IPICO tests/bench/peers/wslay.c \
 *         build/library/ws.c PICO/picohttpparser.c -lwslay -o wslay && ./wslay
 */
#include "picohttpparser.h"
#include "ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wslay/wslay.h>

enum { FRAMES = 200000, REQUESTS = 20000, ROUNDS = 7, CHUNK = 4096 };

static const char request[] =
    "GET /chat HTTP/1.1\r\nHost: localhost:6868\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0)\r\n"
    "Accept: */*\r\nAccept-Language: en-US,en;q=0.5\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Sec-WebSocket-Version: 13\r\nOrigin: http://localhost:6868\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Connection: keep-alive, Upgrade\r\nPragma: no-cache\r\n"
    "Cache-Control: no-cache\r\nUpgrade: websocket\r\n\r\n";
static const struct ws_config config; /* a server without compression */

static uint8_t *stream; /* of masked text frames, one message each */
static size_t total, at, seen;
static bool echoes;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void build(size_t size)
{
    stream = realloc(stream, FRAMES * (size + 8));
    uint8_t *p = stream;
    for (int i = 0; i < FRAMES; i++) {
        *p++ = 0x81;
        *p++ = (uint8_t)(0x80 | (size < 126 ? size : 126));
        if (size >= 126) {
            *p++ = (uint8_t)(size >> 8);
            *p++ = (uint8_t)size;
        }
        memcpy(p, "\1\2\3\4", 4);
        for (size_t j = 0; j < size; j++)
            p[4 + j] = (uint8_t)('x' ^ p[j & 3]);
        p += 4 + size;
    }
    total = (size_t)(p - stream);
}

/* ---- wslay --------------------------------------------------------------- */

static ssize_t receive(wslay_event_context_ptr c, uint8_t *to, size_t len,
                       int flags, void *user)
{
    size_t n = total - at < len ? total - at : len;
    (void)flags;
    (void)user;
    if (n == 0) {
        wslay_event_set_error(c, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    memcpy(to, stream + at, n);
    at += n;
    return (ssize_t)n;
}

static ssize_t take_all(wslay_event_context_ptr c, const uint8_t *data,
                        size_t len, int flags, void *user)
{
    (void)c;
    (void)data;
    (void)flags;
    (void)user;
    return (ssize_t)len;
}

static void hear(wslay_event_context_ptr c,
                 const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct wslay_event_msg back = {arg->opcode, arg->msg, arg->msg_length};
    (void)user;
    seen++;
    if (echoes && wslay_event_queue_msg(c, &back) == 0)
        wslay_event_send(c);
}

static double run_wslay(void)
{
    struct wslay_event_callbacks calls = {receive, take_all, NULL, NULL,
                                          NULL,    NULL,     hear};
    wslay_event_context_ptr c;
    wslay_event_context_server_init(&c, &calls, NULL);
    at = seen = 0;
    double start = now();
    while (at < total && wslay_event_recv(c) == 0)
        ;
    double took = now() - start;
    wslay_event_context_free(c);
    return seen == FRAMES ? took / FRAMES : -1;
}

/* ---- ours ---------------------------------------------------------------- */

static uint8_t in[WS_IN_MIN], out[4 * CHUNK];

static double run_ws(void)
{
    struct ws *ws = ws_begin(malloc(ws_size(&config)), &config);
    struct ws_event e;
    size_t have = 0;
    memcpy(in, request, sizeof request - 1);
    (void)ws_read(ws, in, sizeof request - 1, &e);
    (void)ws_accept(ws, NULL, out, sizeof out);
    at = seen = 0;
    double start = now();
    while (at < total) {
        size_t n = total - at < CHUNK ? total - at : CHUNK, used = 0;
        memcpy(in + have, stream + at, n);
        at += n;
        have += n;
        do {
            used += ws_read(ws, in + used, have - used, &e);
            seen += e.kind == WS_TEXT && e.last;
            struct ws_frame back = {e.kind, !e.last, e.ptr, e.len, 0, {0}};
            if (echoes && e.kind == WS_TEXT)
                (void)ws_write(ws, &back, out, sizeof out);
        } while (e.kind != WS_NONE);
        memmove(in, in + used, have -= used);
    }
    double took = now() - start;
    free(ws);
    return seen == FRAMES ? took / FRAMES : -1;
}

/* ---- Requests ------------------------------------------------------------ */

static double parse_pico(void)
{
    double start = now();
    for (int i = 0; i < REQUESTS; i++) {
        const char *method, *path;
        size_t method_len, path_len, count = 64;
        struct phr_header headers[64];
        int minor;
        if (phr_parse_request(request, sizeof request - 1, &method, &method_len,
                              &path, &path_len, &minor, headers, &count, 0) < 0)
            return -1;
    }
    return (now() - start) / REQUESTS;
}

static double judge_ws(void)
{
    void *memory = malloc(ws_size(&config));
    double start = now();
    for (int i = 0; i < REQUESTS; i++) {
        struct ws_event e;
        memcpy(in, request, sizeof request - 1);
        (void)ws_read(ws_begin(memory, &config), in, sizeof request - 1, &e);
        if (e.kind != WS_REQUEST)
            return -1;
    }
    free(memory);
    return (now() - start) / REQUESTS;
}

static double best(double (*run)(void))
{
    double least = run();
    for (int i = 1; i < ROUNDS; i++) {
        double took = run();
        least = took < least ? took : least;
    }
    return least;
}

int main(void)
{
    static const size_t sizes[] = {16, 64, 1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        build(sizes[i]);
        for (int echo = 0; echo < 2; echo++) {
            echoes = echo != 0;
            printf("%zu bytes, %s: wslay %.0f ns, ws %.0f ns\n", sizes[i],
                   echo ? "read and written" : "read", best(run_wslay),
                   best(run_ws));
        }
    }
    printf("a request of %zu bytes: picohttpparser %.0f ns, ws %.0f ns\n",
           sizeof request - 1, best(parse_pico), best(judge_ws));
    return 0;
}
