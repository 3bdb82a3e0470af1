/* SPDX-License-Identifier: MIT */
#include "sim/peer.h"
#include "sim/zip.h"

#include <stdio.h>
#include <stdlib.h>

#define PEERS_MAX 256

static struct peer *peers[PEERS_MAX];
static size_t peer_count;

struct peer *peer_connect_from(const char *from)
{
    assert_true(peer_count < PEERS_MAX);
    struct peer *p = calloc(1, sizeof *p);
    assert_non_null(p);
    peers[peer_count++] = p;
    p->connection = sim_connect(0, from);
    assert_true(p->connection >= 0);
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
        free(p->compressed);
        free(p);
    }
}

/* ---- Sending --------------------------------------------------------------------- */

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

void peer_push(struct peer *p)
{
    size_t taken = sim_write(p->connection, bytes_span(p->out, p->out_len));
    assert_int_equal(taken, p->out_len);
    p->out_len = 0;
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

/* ---- Reading ---------------------------------------------------------------------- */

static void pull(struct peer *p)
{
    uint8_t bytes[4096];
    size_t len;
    while ((len = sim_read(p->connection, bytes, sizeof bytes)) > 0) {
        append(&p->in, &p->in_len, bytes_span(bytes, len));
        world_settle();
    }
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
    pull(p);
    return keep_front(p, p->in_len);
}

/* ---- Frames ------------------------------------------------------------------------ */

struct frame {
    uint8_t first;
    struct span payload;
    size_t len; /* of all of it */
};

/* The frame at the start of s; false when it is not whole. What RFC 6455
   forbids a server fails. */
static bool parse_frame(struct span s, struct frame *f)
{
    if (s.len < 2)
        return false;
    size_t length = s.ptr[1] & 0x7F, at = 2;
    assert_false(s.ptr[1] & 0x80); /* 5.1: never masked */
    assert_false(s.ptr[0] & 0x30); /* 5.2: nothing negotiated */
    if (length > 125) {
        size_t bytes = length == 126 ? 2 : 8;
        assert_false(s.ptr[0] & 0x08); /* 5.5 */
        if (s.len < 2 + bytes)
            return false;
        for (length = 0; at < 2 + bytes; at++)
            length = length << 8 | s.ptr[at];
        assert_true(length > (bytes == 2 ? 125 : 65535)); /* 5.2 */
    }
    if (s.len - at < length)
        return false;
    *f = (struct frame){s.ptr[0], bytes_part(s, at, length), at + length};
    return true;
}

/* ---- The story ----------------------------------------------------------------------- */

static void put_bytes(struct text *t, struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= ' ' && s.ptr[i] <= '~') {
            text_byte(t, s.ptr[i]);
        } else {
            text_string(t, "\\x");
            text_hex(t, s.ptr[i], 2);
        }
    }
}

/* The value behind `key` in one of the server's own objects, up to `end`. */
static struct span value_of(struct span s, const char *key, char end)
{
    struct span k = bytes_of(key);
    for (size_t i = 0; i + k.len <= s.len; i++) {
        if (memcmp(s.ptr + i, k.ptr, k.len) != 0)
            continue;
        struct span rest = bytes_part(s, i + k.len, s.len - i - k.len);
        return bytes_part(rest, 0, bytes_find(rest, (uint8_t)end));
    }
    return bytes_span(NULL, 0);
}

static void put_said(struct text *t, struct span s)
{
    struct span id = value_of(s, "\"id\":\"", '"');
    struct span name = value_of(s, "\"name\":\"", '"');
    struct span said = value_of(s, "\"message\":\"", '"');
    if (!said.ptr)
        said = value_of(s, "\"binary\":\"", '"');
    size_t dash = bytes_find(id, '-');
    text_byte(t, '#');
    text_put(t, bytes_part(id, dash + 1, id.len - dash - 1));
    text_byte(t, ' ');
    if (name.ptr) {
        put_bytes(t, name);
        text_string(t, ": ");
    }
    put_bytes(t, said);
}

static bool is_json_message(const struct frame *f)
{
    struct span start = BYTES_LITERAL("{\"id\":\"");
    return f->first == PEER_TEXT && f->payload.len > start.len &&
           bytes_equal(bytes_part(f->payload, 0, start.len), start);
}

static void put_data(struct text *t, const struct frame *f, bool compressed)
{
    static const char *const words[] = {"+cont", "text", "binary"};
    assert_in_range(f->first & 0x0F, 0, 2);
    if (is_json_message(f)) {
        put_said(t, f->payload);
    } else {
        text_string(t, words[f->first & 0x0F]);
        text_string(t, compressed ? "* " : f->first & 0x80 ? " " : "+ ");
        put_bytes(t, f->payload);
    }
    text_byte(t, '\n');
}

static void put_control(struct text *t, const struct frame *f)
{
    struct span s = f->payload;
    assert_in_range(f->first, PEER_CLOSE, PEER_PONG); /* FIN is set */
    if (f->first == PEER_CLOSE && s.len >= 2) {
        text_string(t, "close ");
        text_decimal(t, (unsigned)s.ptr[0] << 8 | s.ptr[1]);
        s = bytes_part(s, 2, s.len - 2);
    } else {
        text_string(t, f->first == PEER_CLOSE  ? "close"
                       : f->first == PEER_PING ? "ping"
                                               : "pong");
    }
    if (s.len)
        text_byte(t, ' ');
    put_bytes(t, s);
    text_byte(t, '\n');
}

/* A frame of a compressed message: kept, and told when it is whole. */
static void put_compressed(struct text *t, struct peer *p,
                           const struct frame *f)
{
    append(&p->compressed, &p->compressed_len, f->payload);
    if (!(f->first & 0x80))
        return;
    struct span message =
        zip_inflate(bytes_span(p->compressed, p->compressed_len));
    assert_non_null(message.ptr);
    struct frame whole = {0x80 | p->opcode, message, 0};
    p->compressed_len = 0;
    p->opcode = 0;
    put_data(t, &whole, true);
    free((uint8_t *)(uintptr_t)message.ptr);
}

static bool is_compressed(struct peer *p, const struct frame *f)
{
    if (f->first & PEER_RSV1) {
        assert_true(p->compression);
        assert_false(f->first & 0x08); /* RFC 7692 6.1: no control frame */
        assert_int_equal(p->opcode, 0);
        p->opcode = f->first & 0x0F;
        assert_int_not_equal(p->opcode, 0); /* nor a continuation */
        return true;
    }
    return p->opcode && !(f->first & 0x0F);
}

static void put_end(struct text *t, const struct peer *p)
{
    if (!sim_ended(p->connection))
        return;
    if (p->in_len) {
        text_string(t, "torn ");
        text_decimal(t, p->in_len);
        text_byte(t, '\n');
    }
    text_string(t, sim_side(p->connection) == SIM_BROKEN ? "reset\n" : "end\n");
}

const char *peer_story(struct peer *p)
{
    struct text t = text_over((uint8_t *)p->story, sizeof p->story - 1);
    struct frame f;
    pull(p);
    while (parse_frame(bytes_span(p->in, p->in_len), &f)) {
        if (is_compressed(p, &f))
            put_compressed(&t, p, &f);
        else if (f.first & 0x08)
            put_control(&t, &f);
        else
            put_data(&t, &f, false);
        drop_front(p, f.len);
    }
    put_end(&t, p);
    assert_false(t.overflow);
    p->story[t.len] = '\0';
    return p->story;
}

void peer_told(struct peer *p, const char *story)
{
    assert_string_equal(peer_story(p), story);
}

void peer_tells(struct peer *p, const char *ending)
{
    const char *all = peer_story(p);
    size_t len = strlen(all), end = strlen(ending);
    assert_string_equal(len > end ? all + (len - end) : all, ending);
}

void peer_told_nothing(struct peer *p)
{
    peer_told(p, "");
}

/* ---- HTTP ------------------------------------------------------------------------------ */

struct span peer_field(const struct peer_response *r, const char *name)
{
    struct span head = r->head;
    struct text key = text_over((uint8_t[64]){0}, 64);
    text_string(&key, "\r\n");
    text_string(&key, name);
    text_string(&key, ": ");
    for (size_t i = 0; i + key.len <= head.len; i++)
        if (memcmp(head.ptr + i, key.ptr, key.len) == 0) {
            struct span rest =
                bytes_part(head, i + key.len, head.len - i - key.len);
            return bytes_part(rest, 0, bytes_find(rest, '\r'));
        }
    return bytes_span(NULL, 0);
}

static size_t head_len(struct span s)
{
    for (size_t i = 4; i <= s.len; i++)
        if (memcmp(s.ptr + i - 4, "\r\n\r\n", 4) == 0)
            return i;
    fail_msg("no whole response, but %zu bytes", s.len);
    return 0;
}

struct peer_response peer_response(struct peer *p, bool no_body)
{
    struct peer_response r = {0};
    pull(p);
    struct span all = bytes_span(p->in, p->in_len);
    size_t head = head_len(all);
    uint64_t len = 0;
    r.head = bytes_part(all, 0, head);
    struct span length = peer_field(&r, "Content-Length");
    if (length.len && !no_body)
        assert_true(bytes_decimal(length, &len));
    assert_true(all.len - head >= len);
    r.status = (unsigned)strtoul((const char *)all.ptr + 9, NULL, 10);

    struct span kept = keep_front(p, head + (size_t)len);
    r.head = bytes_part(kept, 0, head);
    r.body = bytes_part(kept, head, (size_t)len);
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
