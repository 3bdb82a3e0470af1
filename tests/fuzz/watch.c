/* SPDX-License-Identifier: MIT */
#include "fuzz/watch.h"
#include "base/utf8.h"
#include "wire/json.h"

#include <stdlib.h>

#define HEAD_LONGEST 1024 /* bytes of a response's head */
#define NO_CODE      1005 /* RFC 6455 7.1.5: a Close without one */

static char first_place[64], last_place[64];

const char *watch_place(bool last)
{
    return last ? last_place : first_place;
}

void watch_forget_places(void)
{
    first_place[0] = last_place[0] = '\0';
}

size_t watch_pull(struct watch *w, size_t most)
{
    return peer_pull(w->peer, most);
}

/* ---- HTTP ---------------------------------------------------------------- */

static void drop(struct peer *p, size_t len)
{
    p->in_len -= len;
    memmove(p->in, p->in + len, p->in_len);
}

static bool begins(struct span s, const char *with)
{
    struct span w = bytes_of(with);
    return s.len >= w.len && memcmp(s.ptr, w.ptr, w.len) == 0;
}

/* True when the body is over. */
static bool skip_body(struct watch *w)
{
    struct peer *p = w->peer;
    struct span in = bytes_span(p->in, p->in_len);
    if (w->headless && in.len < 5)
        return false;
    if (w->headless && begins(in, "HTTP/"))
        w->body = 0;
    w->headless = false;
    size_t len = (size_t)bytes_min64(w->body, in.len);
    w->body -= len;
    if (len)
        drop(p, len);
    return w->body == 0;
}

/* Bytes of the head that is there, or 0. */
static size_t head_len(struct span in)
{
    for (size_t i = 4; i <= in.len; i++)
        if (memcmp(in.ptr + i - 4, "\r\n\r\n", 4) == 0)
            return i;
    assert_true(in.len < HEAD_LONGEST);
    return 0;
}

static bool take_head(struct watch *w)
{
    struct peer *p = w->peer;
    struct span in = bytes_span(p->in, p->in_len);
    size_t len = head_len(in);
    if (len == 0)
        return false;
    assert_true(begins(in, "HTTP/1.1 "));
    struct peer_response r = peer_response_head(p, len);
    if (r.status == 101) {
        w->open = true;
        p->compression = peer_field(&r, "Sec-WebSocket-Extensions").len > 0;
        w->is_v1 = bytes_equal(peer_field(&r, "Sec-WebSocket-Protocol"),
                               BYTES_LITERAL("chatd.v1"));
        w->is_json |= w->is_v1;
        return true;
    }
    w->body = 0;
    if (r.status == 100) { /* of a post: no more than its status line */
        assert_int_equal(len, 25);
        return true;
    }
    assert_in_range(r.status, 200, 505);
    struct span length = peer_field(&r, "Content-Length");
    assert_true(r.status == 304 || length.len > 0);
    if (length.len)
        assert_true(bytes_decimal(length, &w->body));
    w->headless = w->body > 0;
    return true;
}

/* True once it is a WebSocket. */
static bool take_responses(struct watch *w)
{
    while (!w->open && w->peer->in_len > 0) {
        if (w->body > 0 && !skip_body(w))
            return false;
        if (w->body == 0 && !take_head(w))
            return false;
    }
    return w->open;
}

/* ---- WebSocket ----------------------------------------------------------- */

static bool may_be_sent(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static void take_close(struct watch *w, struct span payload)
{
    w->closed = true;
    w->code = NO_CODE;
    if (payload.len == 0)
        return;
    assert_true(payload.len >= 2);
    w->code = (unsigned)payload.ptr[0] << 8 | payload.ptr[1];
    assert_true(may_be_sent(w->code));
    assert_true(utf8_valid(bytes_after(payload, 2)));
}

static void take_control(struct watch *w, const struct peer_frame *f)
{
    if (f->first == PEER_CLOSE)
        take_close(w, f->payload);
    else
        assert_true(f->first == PEER_PING || f->first == PEER_PONG);
    if (!w->answers || f->first == PEER_PONG)
        return;
    struct span back = f->payload;
    if (f->first == PEER_CLOSE)
        back.len = bytes_min(back.len, 2);
    peer_add_frame(w->peer, f->first == PEER_CLOSE ? PEER_CLOSE : PEER_PONG,
                   back);
}

/* "18c5f3a2b10-42" */
static void check_order(struct watch *w, const char *id)
{
    char *dash, *end;
    uint64_t epoch = strtoull(id, &dash, 16);
    assert_int_equal(*dash, '-');
    uint64_t number = strtoull(dash + 1, &end, 10);
    assert_true(*end == '\0' && number > w->number);
    if (w->number > 0) {
        assert_int_equal(epoch, w->epoch);
        assert_true(!w->is_v1 || number == w->number + 1);
    }
    w->epoch = epoch;
    w->number = number;
}

static void take_place(struct watch *w, struct span json)
{
    struct span before = BYTES_LITERAL("{\"id\":\"");
    if (!begins(json, "{\"id\":\""))
        return;
    struct span id = bytes_after(json, before.len);
    id.len = bytes_find(id, '"');
    assert_true(id.len < sizeof last_place);
    memcpy(last_place, id.ptr, id.len);
    last_place[id.len] = '\0';
    if (!first_place[0])
        memcpy(first_place, last_place, sizeof first_place);
    check_order(w, last_place);
}

/* The reader of what clients say knows the grammar; that these are keys of its
   own, it does not expect. */
static void check_json(struct watch *w, struct span text)
{
    static uint8_t copy[1 << 16];
    struct json_message m;
    assert_in_range(text.len, 1, sizeof copy);
    memcpy(copy, text.ptr, text.len);
    const char *fault = json_read(copy, text.len, &m);
    if (fault)
        assert_string_equal(fault, "neither message nor name nor ping");
    take_place(w, text);
}

static void check_message(struct watch *w, const struct peer_frame *m)
{
    uint8_t opcode = m->first & 0x0F;
    assert_in_range(opcode, 1, 2);
    if (opcode == 1)
        assert_true(utf8_valid(m->payload));
    if (!w->is_json)
        return;
    assert_int_equal(opcode, 1);
    check_json(w, m->payload);
}

bool watch_next(struct watch *w, struct peer_frame *message)
{
    if (!take_responses(w))
        return false;
    while (peer_take_frame(w->peer, message)) {
        assert_false(w->closed);
        if (message->first & 0x08) {
            take_control(w, message);
        } else if (peer_join(w->peer, message, message)) {
            check_message(w, message);
            return true;
        }
    }
    return false;
}

void watch_end(const struct watch *w)
{
    int connection = w->peer->connection;
    if (w->open && sim_ended(connection) && sim_side(connection) == SIM_SHUT)
        assert_true(w->closed && w->peer->in_len == 0);
}
