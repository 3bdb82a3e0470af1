/* SPDX-License-Identifier: MIT */
#include "support/talk.h"
#include "support/guard.h"

#include <stdio.h>
#include <stdlib.h>

#define MEMORY (512 * 1024)

void talk_make(struct talk *t, size_t size, size_t log_size)
{
    *t = (struct talk){.size = size + WS_IN_MIN};
    t->edge = guard_before(NULL, t->size) + t->size;
    t->log = text_over(malloc(log_size), log_size);
    t->out = text_over(malloc(WS_HEAD_MAX), WS_HEAD_MAX);
    t->ws = aligned_alloc(16, MEMORY);
    if (!t->log.ptr || !t->out.ptr || !t->ws)
        abort();
}

void talk_free(struct talk *t)
{
    guard_free(t->edge - t->size);
    free(t->log.ptr);
    free(t->out.ptr);
    free(t->ws);
}

static void promise(struct talk *t, bool kept, const char *what)
{
    if (!kept && !t->broken)
        t->broken = what;
}

void talk_begin(struct talk *t, const struct ws_config *config)
{
    promise(t, ws_size(config) <= MEMORY, "the memory is enough");
    /* What the memory held before is of no matter. */
    memset((void *)t->ws, 0xEE, ws_size(config));
    t->ws = ws_begin(t->ws, config);
    t->log.len = t->out.len = t->kept_len = 0;
    t->log.overflow = false;
    t->broken = NULL;
    t->end = (struct ws_event){0};
    t->in_line = t->in_message = t->over = false;
}

/* ---- The log ------------------------------------------------------------- */

static void put_bytes(struct text *log, const uint8_t *ptr, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = ptr[i];
        if (byte >= ' ' && byte <= '~' && !strchr("\\[]", byte)) {
            text_byte(log, byte);
        } else {
            text_string(log, "\\x");
            text_hex(log, byte, 2);
        }
    }
}

static void end_line(struct talk *t)
{
    if (t->in_line)
        text_byte(&t->log, '\n');
    t->in_line = false;
}

static void note_data(struct talk *t, const struct ws_event *event)
{
    promise(t, event->first != t->in_message, "first is the first piece");
    promise(t, event->len > 0 || event->last || event->first,
            "no piece for nothing");
    if (!t->in_line) {
        t->line_start = t->log.len;
        text_string(&t->log, event->first ? "[" : "");
        text_string(&t->log, event->kind == WS_TEXT ? "text " : "binary ");
        t->in_line = true;
    }
    put_bytes(&t->log, event->ptr, event->len);
    t->in_message = !event->last;
    if (!event->last)
        return;
    text_byte(&t->log, ']');
    end_line(t);
}

static void note_control(struct talk *t, const char *what,
                         const struct ws_event *event)
{
    end_line(t);
    text_string(&t->log, what);
    text_byte(&t->log, ' ');
    put_bytes(&t->log, event->ptr, event->len);
    text_byte(&t->log, '\n');
}

static void note_end(struct talk *t, const char *what,
                     const struct ws_event *event)
{
    char line[200];
    if (event->kind == WS_FAIL && t->in_line) {
        t->log.len = t->line_start;
        t->in_line = false;
    }
    end_line(t);
    bool close = event->kind == WS_CLOSE;
    snprintf(line, sizeof line, "%s %u %s", what, event->code,
             close ? "" : event->reason);
    text_string(&t->log, line);
    put_bytes(&t->log, event->ptr, close ? event->len : 0);
    text_byte(&t->log, '\n');
    t->over = true;
    t->end = *event;
}

static void accept(struct talk *t)
{
    size_t len = ws_accept(t->ws, NULL, t->out.ptr, t->out.size);
    promise(t, len > 0 && len <= WS_HEAD_MAX, "the answer fits");
    promise(t, ws_is_open(t->ws), "and then it is open");
    t->out.len = len;
}

static void note(struct talk *t, const struct ws_event *event)
{
    promise(t, event->kind == WS_NONE || !t->over, "nothing follows the end");
    switch (event->kind) {
    case WS_NONE: break;
    case WS_TEXT:
    case WS_BINARY: note_data(t, event); break;
    case WS_PING: note_control(t, "ping", event); break;
    case WS_PONG: note_control(t, "pong", event); break;
    case WS_OPEN:
        text_string(&t->log, "open ");
        put_bytes(&t->log, event->subprotocol.ptr, event->subprotocol.len);
        text_byte(&t->log, '\n');
        break;
    case WS_REQUEST:
        text_string(&t->log, "request ");
        put_bytes(&t->log, event->path.ptr, event->path.len);
        text_byte(&t->log, '\n');
        if (t->accepts)
            accept(t);
        break;
    case WS_CLOSE: note_end(t, "close", event); break;
    case WS_REFUSED: note_end(t, "refused", event); break;
    case WS_FAIL: note_end(t, "fail", event); break;
    }
}

/* ---- The caller's part --------------------------------------------------- */

void talk_take(struct talk *t, const uint8_t *ptr, size_t len)
{
    uint8_t *in = t->edge - (t->kept_len + len);
    memcpy(in, t->kept, t->kept_len);
    if (len)
        memcpy(in + t->kept_len, ptr, len);
    struct ws_event event;
    do {
        size_t left = (size_t)(t->edge - in);
        size_t taken = ws_read(t->ws, in, left, &event);
        promise(t, taken <= left, "no more is taken than there is");
        note(t, &event);
        in += bytes_min(taken, left);
    } while (event.kind != WS_NONE && !t->broken);
    size_t left = (size_t)(t->edge - in);
    promise(t, left <= WS_IN_MIN, "a head is the longest thing kept");
    t->kept_len = bytes_min(left, WS_IN_MIN);
    memcpy(t->kept, in, t->kept_len);
    promise(t, !t->log.overflow, "the log is large enough");
}

struct ws_config talk_client(void)
{
    struct ws_config config = {
        .client = true,
        .host = "server.example.com",
        .target = "/chat",
        .subprotocols = "chat, superchat",
    };
    memcpy(config.nonce, "the sample nonce", 16);
    return config;
}

void talk_open(struct talk *t, const struct ws_config *config,
               const char *fields)
{
    char head[1024];
    int len = snprintf(
        head, sizeof head, "%s%s\r\n%s\r\n",
        config->client ? "HTTP/1.1 101 Switching Protocols\r\n"
                       : "GET /chat HTTP/1.1\r\nHost: server.example.com\r\n",
        config->client ? "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
                       : "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        fields);
    talk_begin(t, config);
    t->accepts = true;
    talk_take(t, (const uint8_t *)head, (size_t)len);
    promise(t, ws_is_open(t->ws), "it opens");
    t->log.len = 0;
}
