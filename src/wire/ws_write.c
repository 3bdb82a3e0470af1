/* SPDX-License-Identifier: MIT */
/* Writing frames. Section numbers without an RFC are those of RFC 6455. */
#include "wire/ws.h"

#include "base/check.h"
#include "wire/ws_state.h"

size_t ws_bound(size_t len)
{
    return FRAME_HEADER_MAX + deflate_bound(len);
}

/* The payload at out + FRAME_HEADER_MAX gets its header. Its length. */
static size_t finish(const struct ws *ws, const struct ws_frame *frame,
                     uint8_t first, uint8_t *out, size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    uint8_t *payload = out + FRAME_HEADER_MAX;
    size_t header_len;
    if (ws->config->client) {
        header_len = frame_write_masked(header, first, len, frame->key);
        frame_mask(payload, len, frame->key, 0);
    } else {
        header_len = frame_write(header, first, len);
    }
    memcpy(out, header, header_len);
    memmove(out + header_len, payload, len);
    return header_len + len;
}

/* A whole message, compressed, in *room. False: it is better sent as it is.
   Once a window is kept, all that went into it must be sent. */
static bool compress(struct ws *ws, struct span message, struct text *room)
{
    bool client = ws->config->client;
    bool keeps = client ? ws->terms.client_keeps : ws->terms.server_keeps;
    unsigned bits =
        client ? ws->terms.client_window_bits : ws->terms.server_window_bits;
    if (!keeps)
        return permessage_compress(ws->pack, bits, message, DEFLATE_FAST, room);
    if (!ws->begun)
        deflate_init(ws->pack, bits, SIZE_MAX, DEFLATE_FAST);
    ws->begun = true;
    CHECK(deflate_run(ws->pack, &message, room, DEFLATE_MESSAGE) ==
          DEFLATE_DONE);
    return true;
}

static size_t write_data(struct ws *ws, const struct ws_frame *frame,
                         uint8_t *out, size_t size)
{
    uint8_t opcode = frame->kind == WS_TEXT ? FRAME_TEXT : FRAME_BINARY;
    struct span payload = bytes_span(frame->ptr, frame->len);
    struct text room =
        text_over(out + FRAME_HEADER_MAX, size - FRAME_HEADER_MAX);
    uint8_t first = ws->opcode ? FRAME_CONTINUATION : opcode;
    if (ws->opcode && ws->opcode != opcode)
        return 0;
    if (!frame->more)
        first |= FRAME_FIN;
    if (first == (FRAME_FIN | opcode) && ws->pack && ws->terms.deflate &&
        compress(ws, payload, &room))
        first |= FRAME_RSV1; /* RFC 7692 6.1 */
    else if (payload.len)
        text_put(&room, payload);
    ws->opcode = frame->more ? opcode : 0;
    return finish(ws, frame, first, out, room.len);
}

static size_t write_control(struct ws *ws, const struct ws_frame *frame,
                            uint8_t *out)
{
    uint8_t *payload = out + FRAME_HEADER_MAX;
    size_t len = frame->len;
    uint8_t opcode = frame->kind == WS_PING ? FRAME_PING : FRAME_PONG;
    if (frame->kind == WS_CLOSE) {
        if (frame->code != CLOSE_NO_STATUS && !close_code_legal(frame->code))
            return 0;
        opcode = FRAME_CLOSE;
        len = close_write_payload(payload, frame->code,
                                  bytes_span(frame->ptr, frame->len));
        ws->closed = true; /* 5.5.1 */
    } else if (len > FRAME_CONTROL_MAX) {
        return 0;
    } else if (len) {
        memcpy(payload, frame->ptr, len);
    }
    return finish(ws, frame, FRAME_FIN | opcode, out, len);
}

/* A Close may be owed after everything else is over. */
static bool may_write(const struct ws *ws, const struct ws_frame *frame)
{
    if (ws->closed || !ws->opened)
        return false;
    return ws->phase == WS_FRAMES || frame->kind == WS_CLOSE;
}

size_t ws_write(struct ws *ws, const struct ws_frame *frame, uint8_t *out,
                size_t size)
{
    bool data = frame->kind == WS_TEXT || frame->kind == WS_BINARY;
    bool control = frame->kind == WS_PING || frame->kind == WS_PONG ||
                   frame->kind == WS_CLOSE;
    if (!may_write(ws, frame))
        return 0;
    if (data)
        return size < ws_bound(frame->len) ? 0
                                           : write_data(ws, frame, out, size);
    size_t needed = FRAME_HEADER_MAX + FRAME_CONTROL_MAX;
    return control && size >= needed ? write_control(ws, frame, out) : 0;
}

size_t ws_answer(struct ws *ws, const struct ws_event *event,
                 const uint8_t key[4], uint8_t *out, size_t size)
{
    struct ws_frame frame = {.kind = WS_NONE, .code = event->code};
    memcpy(frame.key, key, sizeof frame.key);
    switch (event->kind) {
    case WS_PING: /* 5.5.3: the same payload */
        frame.kind = WS_PONG;
        frame.ptr = event->ptr;
        frame.len = event->len;
        break;
    case WS_CLOSE: frame.kind = WS_CLOSE; break; /* 5.5.1: its own code */
    case WS_FAIL:
        frame.kind = event->code ? WS_CLOSE : WS_NONE;
        frame.ptr = event->reason;
        frame.len = strlen(event->reason);
        break;
    default: break;
    }
    return ws_write(ws, &frame, out, size);
}
