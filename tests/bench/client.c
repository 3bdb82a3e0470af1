/* SPDX-License-Identifier: MIT */
/* Section numbers are those of RFC 6455. */
#include "bench/client.h"
#include "bench/hello.h"
#include "bench/tool.h"
#include "base/base64.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- connecting ---------------------------------------------------------- */

bool client_connect(struct client *c, const struct sockaddr_in *source,
                    const struct sockaddr_in *server)
{
    int on = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    c->state = CLIENT_CONNECTING;
    c->reader = (struct frame_reader){0};
    c->head_len = c->out_len = c->out_offset = 0;
    c->sent_eof = c->may_leave = false;
    c->close_code = 0;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    /* The port is chosen at connect, per destination: 28,000 for each source
       address and not for all of them. */
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (bind(c->fd, (const struct sockaddr *)source, sizeof *source) != 0)
        return false;
    return connect(c->fd, (const struct sockaddr *)server, sizeof *server) ==
               0 ||
           errno == EINPROGRESS;
}

/* Make room for len more bytes of output, or fail. */
static void queue(struct client *c, size_t len)
{
    if (c->out_size - c->out_len >= len && c->out_offset < c->out_len)
        return;
    if (c->out_offset < c->out_len)
        memmove(c->out, c->out + c->out_offset, c->out_len - c->out_offset);
    c->out_len -= c->out_offset;
    c->out_offset = 0;
    if (c->out_size - c->out_len >= len)
        return;
    c->out_size = c->out_len + len;
    c->out = realloc(c->out, c->out_size);
    if (!c->out)
        tool_fail("out of memory for output");
}

bool client_request(struct client *c, const char *host, const char *path)
{
    int error = 0;
    socklen_t len = sizeof error;
    uint8_t key[HELLO_KEY];
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
    if (error) {
        errno = error;
        return false;
    }
    base64_encode(key, c->key, sizeof c->key);
    queue(c, HELLO_MAX);
    c->out_len += (size_t)snprintf(
        (char *)c->out + c->out_len, HELLO_MAX,
        "GET %.1024s HTTP/1.1\r\nHost: %.64s\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: %.24s\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n",
        path, host, (const char *)key);
    c->state = CLIENT_HANDSHAKE;
    return true;
}

/* ---- input --------------------------------------------------------------- */

struct client_input client_receive(struct client *c, uint8_t *scratch,
                                   size_t size)
{
    ssize_t n = recv(c->fd, scratch, size, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        n = 0;
    else if (n <= 0)
        return (struct client_input){scratch, scratch, true, false};
    return (struct client_input){scratch, scratch + n, false,
                                 (size_t)n == size};
}

static bool failed(struct client_event *event, const char *error)
{
    *event = (struct client_event){.kind = CLIENT_FAILED, .error = error};
    return true;
}

/* Collect the head: in the input when it is whole there, else in c->head. */
static bool read_head(struct client *c, struct client_input *in,
                      struct client_event *event)
{
    uint8_t key[HELLO_KEY];
    size_t len = bytes_min((size_t)(in->end - in->at), HELLO_MAX - c->head_len);
    if (!c->head)
        c->head = tool_alloc(HELLO_MAX, 1);
    memcpy(c->head + c->head_len, in->at, len);
    size_t head_len = hello_head_len(c->head, c->head_len + len);
    if (head_len == 0) {
        c->head_len += len;
        in->at += len;
        return c->head_len == HELLO_MAX ? failed(event, "head too long")
                                        : false;
    }
    in->at += head_len - c->head_len;
    base64_encode(key, c->key, sizeof c->key);
    const char *error =
        hello_check(bytes_span(c->head, head_len), bytes_span(key, HELLO_KEY));
    if (error)
        return failed(event, error);
    c->state = CLIENT_OPEN;
    *event = (struct client_event){.kind = CLIENT_OPENED};
    return true;
}

static void queue_frame(struct client *c, uint8_t opcode, const void *payload,
                        size_t len)
{
    static const uint8_t key[4] = {0x12, 0x34, 0x56, 0x78};
    queue(c, FRAME_HEADER_MAX + len);
    uint8_t *out = c->out + c->out_len;
    size_t header = frame_write_header(out, opcode, len, key);
    memcpy(out + header, payload, len);
    frame_mask(out + header, len, key);
    c->out_len += header + len;
}

/* 5.5: answer pings; a Close may only answer ours. */
static const char *take_control(struct client *c, const struct frame_piece *p)
{
    if (p->opcode == FRAME_PING && c->state == CLIENT_OPEN)
        queue_frame(c, FRAME_PONG, p->ptr, p->len);
    if (p->opcode != FRAME_CLOSE)
        return NULL;
    if (c->close_code)
        return "a second Close";
    c->close_code = p->len >= 2 ? bytes_get16(p->ptr) : 1005;
    if (c->state == CLIENT_CLOSING && c->close_code == 1000)
        return NULL;
    if (!c->may_leave || c->state != CLIENT_OPEN || c->close_code != 1001)
        return "the server closed";
    queue_frame(c, FRAME_CLOSE, p->ptr, 2); /* 5.5.1: with the code it sent */
    c->state = CLIENT_CLOSING;
    return NULL;
}

static bool at_end(struct client *c, struct client_event *event)
{
    if (c->state != CLIENT_CLOSING)
        return failed(event, "the server dropped the connection");
    if (!c->close_code && !c->sent_eof)
        return failed(event, "the stream ended without a Close");
    close(c->fd);
    c->fd = -1;
    c->state = CLIENT_DOWN;
    *event = (struct client_event){.kind = CLIENT_CLOSED};
    return true;
}

static bool next_frame(struct client *c, struct client_input *in,
                       struct client_event *event)
{
    enum frame_result result;
    while ((result = frame_read(&c->reader, &in->at, in->end, &event->piece)) ==
           FRAME_PIECE) {
        if (event->piece.opcode < 8) {
            event->kind = CLIENT_DATA;
            return true;
        }
        const char *error = take_control(c, &event->piece);
        if (error)
            return failed(event, error);
    }
    return result == FRAME_BAD ? failed(event, c->reader.error) : false;
}

bool client_next(struct client *c, struct client_input *in,
                 struct client_event *event)
{
    if (c->state == CLIENT_DOWN)
        return false;
    if (c->state == CLIENT_HANDSHAKE && in->at != in->end)
        if (read_head(c, in, event))
            return true;
    if (c->state >= CLIENT_OPEN && next_frame(c, in, event))
        return true;
    return in->eof && in->at == in->end ? at_end(c, event) : false;
}

/* ---- output -------------------------------------------------------------- */

void client_send(struct client *c, uint8_t opcode, const struct payload *p,
                 struct stamp s, uint32_t random)
{
    uint8_t key[4];
    bytes_put32(key, random);
    queue(c, FRAME_HEADER_MAX + p->size);
    uint8_t *out = c->out + c->out_len;
    size_t header = frame_write_header(out, opcode, p->size, key);
    payload_write(p, s, out + header);
    frame_mask(out + header, p->size, key);
    c->out_len += header + p->size;
}

void client_close(struct client *c, bool frames)
{
    c->state = CLIENT_CLOSING;
    c->sent_eof = !frames;
    if (frames)
        queue_frame(c, FRAME_CLOSE, "\x03\xe8", 2); /* 7.4.1: 1000 */
}

bool client_flush(struct client *c)
{
    while (c->out_offset < c->out_len) {
        ssize_t n = send(c->fd, c->out + c->out_offset,
                         c->out_len - c->out_offset, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        c->out_offset += (size_t)n;
    }
    if (c->sent_eof)
        shutdown(c->fd, SHUT_WR);
    return true;
}

void client_trim(struct client *c)
{
    free(c->head);
    c->head = NULL;
    if (c->out_offset < c->out_len)
        return;
    free(c->out);
    c->out = NULL;
    c->out_size = c->out_len = c->out_offset = 0;
}
