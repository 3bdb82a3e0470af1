/* SPDX-License-Identifier: MIT */
/* The part of peer.h that writes down what a peer was told. */
#include "sim/peer.h"

#include <stdio.h>

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
        struct span rest = bytes_after(s, i + k.len);
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
    text_put(t, bytes_after(id, dash + 1));
    text_byte(t, ' ');
    if (name.ptr) {
        put_bytes(t, name);
        text_string(t, ": ");
    }
    put_bytes(t, said);
}

/* An event that names people: each by name and, after a slash, sub, or "-". */
static void put_event(struct text *t, struct span s)
{
    static const char key[] = ",\"who\":[";
    struct span who = value_of(s, key, ']');
    if (!who.ptr) {
        put_bytes(t, s);
        return;
    }
    size_t before = (size_t)(who.ptr - s.ptr);
    put_bytes(t, bytes_part(s, 0, before));
    for (const char *comma = ""; who.len; comma = ",") {
        struct span person = bytes_part(who, 0, bytes_find(who, '}'));
        struct span name = value_of(person, "\"name\":\"", '"');
        struct span sub = value_of(person, "\"sub\":\"", '"');
        text_string(t, comma);
        put_bytes(t, name.ptr ? name : BYTES_LITERAL("-"));
        if (sub.ptr) {
            text_byte(t, '/');
            put_bytes(t, sub);
        }
        who = bytes_after(who, person.len);
        who = bytes_after(who, bytes_min(2, who.len)); /* "}," */
    }
    put_bytes(t, bytes_of("]}"));
}

static bool is_json_message(const struct peer_frame *f)
{
    struct span start = BYTES_LITERAL("{\"id\":\"");
    return f->first == PEER_TEXT && f->payload.len > start.len &&
           bytes_equal(bytes_part(f->payload, 0, start.len), start);
}

static void put_data(struct text *t, const struct peer_frame *f,
                     bool compressed)
{
    static const char *const words[] = {"+cont", "text", "binary"};
    assert_in_range(f->first & 0x0F, 0, 2);
    if (is_json_message(f)) {
        put_said(t, f->payload);
    } else {
        text_string(t, words[f->first & 0x0F]);
        text_string(t, compressed ? "* " : f->first & 0x80 ? " " : "+ ");
        put_event(t, f->payload);
    }
    text_byte(t, '\n');
}

static void put_control(struct text *t, const struct peer_frame *f)
{
    struct span s = f->payload;
    assert_in_range(f->first, PEER_CLOSE, PEER_PONG); /* FIN is set */
    if (f->first == PEER_CLOSE && s.len >= 2) {
        text_string(t, "close ");
        text_decimal(t, (unsigned)s.ptr[0] << 8 | s.ptr[1]);
        s = bytes_after(s, 2);
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

/* Of a compressed message only the whole is told. */
static void put_compressed(struct text *t, struct peer *p,
                           const struct peer_frame *f)
{
    struct peer_frame whole;
    if (!peer_join(p, f, &whole))
        return;
    whole.first &= (uint8_t)~PEER_RSV1;
    put_data(t, &whole, true);
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
    struct peer_frame f;
    peer_pull_all(p);
    while (peer_take_frame(p, &f)) {
        if (f.first & 0x08)
            put_control(&t, &f);
        else if (f.first & PEER_RSV1 || p->joining)
            put_compressed(&t, p, &f);
        else
            put_data(&t, &f, false);
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

void peer_told_numbered(struct peer *p, unsigned from, unsigned to)
{
    const char *at = peer_story(p);
    for (unsigned i = from; i < to; i++) {
        char start[32];
        size_t len = (size_t)snprintf(start, sizeof start, "text %u.", i);
        assert_memory_equal(at, start, len);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
}
