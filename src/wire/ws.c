/* SPDX-License-Identifier: MIT */
#include "wire/ws.h"

#include "base/check.h"
#include "wire/ws_state.h"

#include <limits.h>

_Static_assert(WS_PIECE == WS_STATE_PIECE, "one number, two files");

#define ALIGNED(size) (((size) + (size_t)15) & ~(size_t)15)

/* ---- Memory -------------------------------------------------------------- */

size_t ws_size(const struct ws_config *config)
{
    size_t size = ALIGNED(sizeof(struct ws));
    if (config->deflate != WS_PLAIN)
        size += ALIGNED(sizeof(struct ws_unpack));
    if (config->deflate == WS_DEFLATE)
        size += ALIGNED(sizeof(struct deflate));
    return size;
}

struct ws *ws_begin(void *memory, const struct ws_config *config)
{
    struct ws *ws = memory;
    uint8_t *behind = (uint8_t *)memory + ALIGNED(sizeof *ws);
    *ws = (struct ws){.config = config};
    if (config->deflate != WS_PLAIN) {
        ws->unpack = (void *)behind;
        ws->unpack->kept = ws->unpack->held = false;
        ws->unpack->pending = 0;
        behind += ALIGNED(sizeof *ws->unpack);
    }
    if (config->deflate == WS_DEFLATE)
        ws->pack = (void *)behind;
    ws->rules.of_server = config->client;
    ws->rules.limit =
        config->max_message ? config->max_message : MESSAGE_UNLIMITED;
    return ws;
}

bool ws_is_open(const struct ws *ws)
{
    return ws->phase == WS_FRAMES && !ws->closed;
}

/* ---- Events -------------------------------------------------------------- */

void ws_fail(struct ws *ws, struct ws_event *event, enum fault fault)
{
    event->kind = WS_FAIL;
    event->code = fault_rules[fault].answer;
    event->reason = fault_rules[fault].what;
    ws->phase = WS_OVER;
}

void ws_turn_down(struct ws *ws, struct ws_event *event, unsigned status,
                  const char *reason)
{
    event->kind = WS_REFUSED;
    event->code = status;
    event->reason = reason;
    ws->phase = WS_OVER;
    ws->refusable = !ws->config->client;
}

/* ---- Reading ------------------------------------------------------------- */

/* A head, whole or not; of a response another may follow. */
static size_t read_head(struct ws *ws, struct span in, struct ws_event *event)
{
    bool client = ws->config->client;
    enum http_step step = http_scan(&ws->scan, in.ptr, in.len);
    if (step == HTTP_MORE)
        return 0;
    size_t len = step == HTTP_BAD ? in.len : ws->scan.pos;
    const char *reason = ws->scan.status == 400
                             ? "a byte that no head may hold"
                             : "too long a head, or too many fields";
    if (step == HTTP_BAD && !client) {
        ws_turn_down(ws, event, ws->scan.status, reason);
    } else if (step == HTTP_BAD) {
        ws_fail(ws, event, FAULT_STATUS_LINE);
        event->reason = reason;
    } else {
        ws_take_head(ws, bytes_part(in, 0, len), event);
    }
    ws->scan = (struct http_scan){0};
    return len;
}

/* A compressed message begins (RFC 7692 7.2.2). */
static void begin_unpack(struct ws *ws, const struct message_event *message)
{
    struct ws_unpack *u = ws->unpack;
    bool client = ws->config->client;
    bool keeps = client ? ws->terms.server_keeps : ws->terms.client_keeps;
    if (keeps && u->kept)
        permessage_go_on(&u->reader);
    else
        permessage_begin(&u->reader, client ? ws->terms.server_window_bits
                                            : ws->terms.client_window_bits);
    u->kept = true;
    u->utf8 = (struct utf8){0};
    u->text = message->opcode == FRAME_TEXT;
    u->told = false;
    u->len = 0;
}

/* What is wrong with what came out, if anything: the first byte that is, so
   that the answer does not depend on where the input was cut. */
static enum fault check_unpacked(struct ws *ws, const struct text *out,
                                 enum inflate_status status)
{
    struct ws_unpack *u = ws->unpack;
    size_t len = (size_t)bytes_min64(out->len, ws->rules.limit - u->len);
    u->len += len;
    if (u->text && !utf8_take(&u->utf8, out->ptr, len))
        return FAULT_TEXT;
    if (len < out->len)
        return FAULT_INFLATED_TOO_BIG;
    if (status == INFLATE_FAILED)
        return FAULT_DEFLATE;
    if (!u->last || status != INFLATE_INPUT)
        return FAULT_NONE;
    if (!permessage_whole(&u->reader))
        return FAULT_DEFLATE_CUT;
    return utf8_whole(&u->utf8) ? FAULT_NONE : FAULT_TEXT_CUT;
}

/* Inflate what is pending. The bytes taken; the event stays WS_NONE where
   nothing came out. */
static size_t unpack(struct ws *ws, const uint8_t *in, struct ws_event *event)
{
    struct ws_unpack *u = ws->unpack;
    struct span rest = bytes_span(in, u->pending);
    struct text out = text_over(u->piece, sizeof u->piece);
    unsigned blocks = UINT_MAX;
    enum inflate_status status =
        permessage_read(&u->reader, &rest, &out, &blocks);
    size_t taken = u->pending - rest.len;
    u->pending = rest.len;
    u->held = status == INFLATE_OUTPUT;
    bool last = u->last && status == INFLATE_INPUT;
    enum fault fault = check_unpacked(ws, &out, status);
    if (fault) {
        ws_fail(ws, event, fault);
        return taken;
    }
    if (out.len == 0 && !last)
        return taken;
    event->kind = u->text ? WS_TEXT : WS_BINARY;
    event->first = !u->told;
    event->last = last;
    event->ptr = out.ptr;
    event->len = out.len;
    u->told = true;
    return taken;
}

static void tell(struct ws *ws, const struct message_event *message,
                 struct ws_event *event)
{
    if (message->type != MESSAGE_NONE) {
        event->ptr = message->ptr;
        event->len = message->len;
    }
    switch (message->type) {
    case MESSAGE_NONE: break;
    case MESSAGE_DATA:
        if (!message->len && !message->first && !message->last)
            break; /* an empty fragment: nothing to tell */
        event->kind = message->opcode == FRAME_TEXT ? WS_TEXT : WS_BINARY;
        event->first = message->first;
        event->last = message->last;
        break;
    case MESSAGE_PING: event->kind = WS_PING; break;
    case MESSAGE_PONG: event->kind = WS_PONG; break;
    case MESSAGE_CLOSE:
        event->kind = WS_CLOSE;
        event->code = message->code;
        ws->phase = WS_OVER;
        break;
    case MESSAGE_FAIL:
        event->kind = WS_FAIL;
        event->code = message->code;
        event->reason = message->reason;
        ws->phase = WS_OVER;
        break;
    }
}

static size_t read_frames(struct ws *ws, uint8_t *in, size_t len,
                          struct ws_event *event)
{
    struct message_event message;
    struct ws_unpack *u = ws->unpack;
    if (u && (u->pending || u->held))
        return unpack(ws, in, event);
    size_t taken = message_read(&ws->reader, &ws->rules, in, len, &message);
    if (message.type != MESSAGE_DATA || !message.compressed) {
        tell(ws, &message, event);
        return taken;
    }
    CHECK(u); /* no compression is agreed to without one */
    if (message.first)
        begin_unpack(ws, &message);
    u->pending = message.len;
    u->last = message.last;
    size_t before = (size_t)(message.ptr - in); /* the header */
    return before + unpack(ws, message.ptr, event);
}

size_t ws_read(struct ws *ws, uint8_t *in, size_t len, struct ws_event *event)
{
    size_t taken = 0, more = 1;
    *event = (struct ws_event){.kind = WS_NONE};
    /* Some bytes tell nothing: an interim response, half a block. */
    while (event->kind == WS_NONE && more && ws->phase != WS_ASKED) {
        if (ws->phase == WS_HEAD)
            more = read_head(ws, bytes_span(in + taken, len - taken), event);
        else if (ws->phase == WS_FRAMES)
            more = read_frames(ws, in + taken, len - taken, event);
        else
            more = len - taken;
        taken += more;
    }
    return taken;
}
