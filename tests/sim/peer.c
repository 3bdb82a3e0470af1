/* SPDX-License-Identifier: MIT */
#include "sim/peer.h"
#include "sim/zip.h"

#include <stdio.h>
#include <stdlib.h>

#define PEERS_MAX 512

static struct peer *peers[PEERS_MAX];
static size_t peer_count;

struct peer *peer_of(int connection)
{
    assert_true(connection >= 0 && peer_count < PEERS_MAX);
    struct peer *p = malloc(sizeof *p);
    assert_non_null(p);
    memset(p, 0, offsetof(struct peer, story) + 1); /* the rest is long */
    peers[peer_count++] = p;
    p->connection = connection;
    return p;
}

struct peer *peer_connect_from(const char *from)
{
    struct peer *p = peer_of(sim_connect(0, from));
    world_settle();
    return p;
}

struct peer *peer_connect(void)
{
    return peer_connect_from("192.0.2.1:1000");
}

void peer_end_all(void)
{
    while (peer_count > 0) {
        struct peer *p = peers[--peer_count];
        free(p->in);
        free(p->out);
        free(p->kept);
        free(p->message);
        free(p);
    }
}

/* ---- Sending ------------------------------------------------------------- */

static void append(uint8_t **to, size_t *to_len, struct span s)
{
    if (s.len == 0)
        return;
    *to = realloc(*to, *to_len + s.len);
    assert_non_null(*to);
    memcpy(*to + *to_len, s.ptr, s.len);
    *to_len += s.len;
}

void peer_add(struct peer *p, struct span bytes)
{
    append(&p->out, &p->out_len, bytes);
}

static size_t put_length(uint8_t *out, size_t len)
{
    size_t bytes = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (uint8_t)(0x80 | (bytes == 0 ? len : bytes == 2 ? 126 : 127));
    for (size_t i = 0; i < bytes; i++)
        out[1 + i] = (uint8_t)((uint64_t)len >> (8 * (bytes - 1 - i)));
    return 1 + bytes;
}

void peer_add_frame(struct peer *p, uint8_t first, struct span payload)
{
    uint8_t header[14] = {first};
    size_t len = 1 + put_length(header + 1, payload.len);
    uint32_t key = ++p->frames * UINT32_C(0x9E3779B9);
    uint8_t *mask = header + len;
    for (size_t i = 0; i < 4; i++)
        mask[i] = (uint8_t)(key >> (8 * i));
    peer_add(p, bytes_span(header, len + 4));
    peer_add(p, payload);
    uint8_t *masked = p->out + p->out_len - payload.len;
    for (size_t i = 0; i < payload.len; i++)
        masked[i] ^= mask[i % 4];
}

void peer_add_compressed(struct peer *p, uint8_t first, struct span message)
{
    struct span payload = zip_deflate(message, 15);
    peer_add_frame(p, first | PEER_RSV1, payload);
    free((uint8_t *)(uintptr_t)payload.ptr);
}

size_t peer_push_some(struct peer *p, size_t most)
{
    struct span some = bytes_span(p->out, bytes_min(most, p->out_len));
    size_t taken = sim_write(p->connection, some);
    p->out_len -= taken;
    if (taken)
        memmove(p->out, p->out + taken, p->out_len);
    return taken;
}

void peer_push(struct peer *p)
{
    peer_push_some(p, p->out_len);
    assert_int_equal(p->out_len, 0);
}

void peer_flush(struct peer *p)
{
    peer_push(p);
    world_settle();
}

void peer_say(struct peer *p, const char *bytes)
{
    peer_add(p, bytes_of(bytes));
    peer_flush(p);
}

void peer_frame(struct peer *p, uint8_t first, struct span payload)
{
    peer_add_frame(p, first, payload);
    peer_flush(p);
}

void peer_text(struct peer *p, const char *message)
{
    peer_frame(p, PEER_TEXT, bytes_of(message));
}

void peer_close(struct peer *p, unsigned code)
{
    uint8_t bytes[2] = {(uint8_t)(code >> 8), (uint8_t)code};
    peer_frame(p, PEER_CLOSE, bytes_span(bytes, sizeof bytes));
}

void peer_push_text(struct peer *p, const char *message)
{
    peer_add_frame(p, PEER_TEXT, bytes_of(message));
    peer_push(p);
}

void peer_push_numbered(struct peer *p, unsigned from, unsigned to, size_t len)
{
    char text[1024];
    assert_true(len < sizeof text);
    for (unsigned i = from; i < to; i++) {
        memset(text, '.', len);
        int digits = snprintf(text, sizeof text, "%u", i);
        text[digits] = '.';
        peer_add_frame(p, PEER_TEXT, bytes_span(text, len));
    }
    peer_push(p);
}

/* ---- Reading ------------------------------------------------------------- */

void peer_take_only(const struct peer *p, size_t len)
{
    sim_set_window(p->connection, 0);
    sim_set_send_buffer(p->connection, len);
}

void peer_stop_reading(const struct peer *p)
{
    peer_take_only(p, 1);
}

void peer_read_again(const struct peer *p)
{
    sim_set_send_buffer(p->connection, SIM_UNLIMITED);
    sim_set_window(p->connection, SIM_UNLIMITED);
    world_settle();
}

bool peer_is_there(const struct peer *p)
{
    return sim_side(p->connection) == SIM_OPEN;
}

void peer_goes_after(const struct peer *p, uint64_t milliseconds)
{
    world_pass(milliseconds - 1);
    assert_true(peer_is_there(p));
    world_pass(1 + WHEEL_TICK);
    assert_false(peer_is_there(p));
}

size_t peer_pull(struct peer *p, size_t most)
{
    uint8_t bytes[4096];
    size_t len = sim_read(p->connection, bytes, bytes_min(most, sizeof bytes));
    append(&p->in, &p->in_len, bytes_span(bytes, len));
    return len;
}

void peer_pull_all(struct peer *p)
{
    while (peer_pull(p, SIM_UNLIMITED) > 0)
        world_settle();
}

static void drop_front(struct peer *p, size_t len)
{
    p->in_len -= len;
    if (len)
        memmove(p->in, p->in + len, p->in_len);
}

/* Take `len` bytes off the front, to be kept for the caller. */
static struct span keep_front(struct peer *p, size_t len)
{
    size_t kept = 0;
    free(p->kept);
    p->kept = NULL;
    append(&p->kept, &kept, bytes_span(p->in, len));
    drop_front(p, len);
    return bytes_span(p->kept, len);
}

struct span peer_bytes(struct peer *p)
{
    peer_pull_all(p);
    return keep_front(p, p->in_len);
}

/* ---- Frames -------------------------------------------------------------- */

/* Bytes of the frame at the start of s, 0 when it is not whole. What RFC 6455
   forbids a server fails. */
static size_t frame_len(struct span s, struct peer_frame *f)
{
    if (s.len < 2)
        return 0;
    size_t length = s.ptr[1] & 0x7F, at = 2;
    assert_false(s.ptr[1] & 0x80); /* 5.1: never masked */
    assert_false(s.ptr[0] & 0x30); /* 5.2: nothing negotiated */
    if (length > 125) {
        size_t bytes = length == 126 ? 2 : 8;
        assert_false(s.ptr[0] & 0x08); /* 5.5 */
        if (s.len < 2 + bytes)
            return 0;
        for (length = 0; at < 2 + bytes; at++)
            length = length << 8 | s.ptr[at];
        assert_true(length > (bytes == 2 ? 125 : 65535)); /* 5.2 */
    }
    if (s.len - at < length)
        return 0;
    f->first = s.ptr[0];
    f->payload = bytes_span(NULL, length);
    return at + length;
}

bool peer_take_frame(struct peer *p, struct peer_frame *f)
{
    size_t len = frame_len(bytes_span(p->in, p->in_len), f);
    if (len == 0)
        return false;
    f->payload.ptr = keep_front(p, len).ptr + len - f->payload.len;
    if (f->first & 0x08)
        assert_int_equal(f->first & 0xF0, 0x80); /* 5.5; RFC 7692 6.1 */
    return true;
}

static void inflate_whole(struct peer *p)
{
    struct span whole = zip_inflate(bytes_span(p->message, p->message_len));
    assert_non_null(whole.ptr);
    free(p->message);
    p->message = (uint8_t *)(uintptr_t)whole.ptr;
    p->message_len = whole.len;
}

bool peer_join(struct peer *p, const struct peer_frame *f, struct peer_frame *m)
{
    if (p->joining) {
        assert_int_equal(f->first & 0x7F, 0); /* 5.4; RFC 7692 6 */
    } else {
        assert_int_not_equal(f->first & 0x0F, 0);
        assert_true(p->compression || !(f->first & PEER_RSV1));
        p->first = f->first;
        p->message_len = 0;
    }
    append(&p->message, &p->message_len, f->payload);
    p->joining = !(f->first & 0x80);
    if (p->joining)
        return false;
    if (p->first & PEER_RSV1)
        inflate_whole(p);
    m->first = p->first | 0x80;
    m->payload = bytes_span(p->message, p->message_len);
    return true;
}

bool peer_take_message(struct peer *p, struct peer_frame *m)
{
    while (peer_take_frame(p, m))
        if (m->first & 0x08 || peer_join(p, m, m))
            return true;
    return false;
}

/* ---- HTTP ---------------------------------------------------------------- */

struct span peer_field(const struct peer_response *r, const char *name)
{
    struct span head = r->head;
    struct text key = text_over((uint8_t[64]){0}, 64);
    text_string(&key, "\r\n");
    text_string(&key, name);
    text_string(&key, ": ");
    for (size_t i = 0; i + key.len <= head.len; i++)
        if (memcmp(head.ptr + i, key.ptr, key.len) == 0) {
            struct span rest = bytes_after(head, i + key.len);
            return bytes_part(rest, 0, bytes_find(rest, '\r'));
        }
    return bytes_span(NULL, 0);
}

/* With its empty line; 0: it is not whole. */
static size_t head_len(struct span s)
{
    for (size_t i = 4; i <= s.len; i++)
        if (memcmp(s.ptr + i - 4, "\r\n\r\n", 4) == 0)
            return i;
    return 0;
}

static unsigned status_of(struct span head)
{
    return (unsigned)strtoul((const char *)head.ptr + 9, NULL, 10);
}

struct peer_response peer_response_head(struct peer *p, size_t len)
{
    struct span head = keep_front(p, len);
    return (struct peer_response){.status = status_of(head), .head = head};
}

bool peer_take_response(struct peer *p, struct peer_response *r, bool no_body)
{
    struct span all = bytes_span(p->in, p->in_len);
    size_t head = head_len(all);
    uint64_t len = 0;
    *r = (struct peer_response){.head = bytes_part(all, 0, head)};
    struct span length = peer_field(r, "Content-Length");
    if (length.len && !no_body)
        assert_true(bytes_decimal(length, &len));
    if (head == 0 || all.len - head < len)
        return false;
    struct span kept = keep_front(p, head + (size_t)len);
    r->head = bytes_part(kept, 0, head);
    r->body = bytes_part(kept, head, (size_t)len);
    r->status = status_of(r->head);
    return true;
}

struct peer_response peer_response(struct peer *p, bool no_body)
{
    struct peer_response r;
    peer_pull_all(p);
    if (!peer_take_response(p, &r, no_body))
        fail_msg("no whole response, but %zu bytes", p->in_len);
    return r;
}

void peer_answered(struct peer *p, unsigned status)
{
    assert_int_equal(peer_response(p, false).status, status);
}

void peer_upgrade(struct peer *p, const char *target, const char *fields)
{
    char request[2048];
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
             "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
             target, fields);
    peer_say(p, request);
}

struct peer *peer_open_with(const char *target, const char *fields)
{
    struct peer *p = peer_connect();
    peer_upgrade(p, target, fields);
    struct peer_response r = peer_response(p, true);
    assert_int_equal(r.status, 101);
    assert_true(bytes_equal(peer_field(&r, "Sec-WebSocket-Accept"),
                            BYTES_LITERAL("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")));
    p->compression = peer_field(&r, "Sec-WebSocket-Extensions").len > 0;
    return p;
}

struct peer *peer_open(const char *target)
{
    return peer_open_with(target, "");
}
