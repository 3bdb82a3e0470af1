/* SPDX-License-Identifier: MIT */
#include "sim/posted.h"
#include "sim/bearer.h"
#include "sim/happened.h"

#include <stdio.h>

#define POSTS_MAX   2048 /* of a run */
#define PAYLOAD_MAX 8192

static struct posted {
    struct peer *peer;
    const uint64_t *queued;
    uint64_t end; /* of these, when it is whole */
    uint32_t len;
    bool binary;
    bool expects; /* 100, */
    bool told;    /* and was told so */
    unsigned due;
    unsigned answered; /* status */
    uint64_t epoch, id;
    bool said;
} all[POSTS_MAX];
static uint32_t count;
uint64_t posted_published;

void posted_begin(void)
{
    memset(all, 0, sizeof all);
    count = 0;
}

uint64_t posted_count(void)
{
    uint64_t said = 0;
    for (uint32_t i = 0; i < count; i++)
        said += all[i].said;
    return said;
}

static struct posted *at(uint32_t number)
{
    assert_in_range(number, 1, count);
    return &all[number - 1];
}

static struct span payload_of(uint32_t number, uint8_t out[PAYLOAD_MAX])
{
    const struct posted *p = at(number);
    struct random r = random_of(number);
    int len = snprintf((char *)out, PAYLOAD_MAX, "p%u.", number);
    for (size_t i = (size_t)len; i < p->len; i++)
        out[i] = (uint8_t)('a' + random_below(&r, 26));
    if (p->due == 400)
        out[p->len - 1] = 0xFF;
    return bytes_span(out, p->len);
}

/* ---- Saying -------------------------------------------------------------- */

static const struct {
    const char *fields;
    unsigned due;
} kinds[] = {
    {"", 200},
    {"", 200},
    {"Origin: http://a\r\n", 200},
    {"Expect: 100-continue\r\n", 200},
    {"Expect: 100-continue, 100-continue\r\n", 200},
    {"Content-Type: application/octet-stream\r\n", 200},
    {"Connection: close\r\n", 200},
    {"Origin: http://b\r\n", 403},
    {"Expect: more\r\n", 417},
    {"", 400},
};

static size_t pick_length(struct random *r)
{
    size_t most = world.config.max_message / 2; /* the rest is the JSON form */
    return 16 + (size_t)random_below(r, most > 500 ? most - 300 : 60);
}

uint32_t posted_queue(struct peer *peer, uint64_t *queued, struct random *r,
                      const char *fields)
{
    uint8_t bytes[PAYLOAD_MAX];
    char head[1200], token[400] = "";
    size_t kind = (size_t)random_below(r, UNIT_COUNT(kinds));
    assert_true(count < POSTS_MAX);
    struct posted *p = &all[count++];
    *p = (struct posted){.peer = peer,
                         .queued = queued,
                         .len = (uint32_t)pick_length(r),
                         .binary = strstr(kinds[kind].fields, "octet"),
                         .expects = strstr(kinds[kind].fields, "100"),
                         .due = kinds[kind].due};
    bool reached = p->due == 200 || p->due == 400;
    if (world.config.token_key && !bearer_posts(token, sizeof token, r) &&
        reached)
        p->due = 401;
    int len = snprintf(
        head, sizeof head,
        "POST /%s/%u HTTP/1.1\r\nHost: a\r\n%s%s%sContent-Length: %u\r\n\r\n",
        random_below(r, 2) ? "ws" : "chat",
        (unsigned)random_below(r, world.config.rooms + 1), kinds[kind].fields,
        token, fields, p->len);
    assert_in_range(len, 1, sizeof head - 1);
    peer_add(peer, bytes_span(head, (size_t)len));
    peer_add(peer, payload_of(count, bytes));
    *queued += (uint64_t)len + p->len;
    p->end = *queued;
    return count;
}

/* ---- Being answered ------------------------------------------------------ */

void posted_answered(uint32_t number, const struct peer_response *r)
{
    struct posted *p = at(number);
    char body[64];
    assert_int_equal(p->answered, 0);
    if (r->status == 100) {
        assert_true(p->expects && !p->told);
        p->told = true;
        happened("post", "100", 1);
        return;
    }
    p->answered = r->status;
    assert_int_equal(p->said, r->status == 200);
    happened("post", "400", r->status == 400);
    happened("post", "401", r->status == 401);
    happened("post", "403", r->status == 403);
    happened("post", "429", r->status == 429);
    happened("post", "503", r->status == 503);
    if (r->status != 200) {
        assert_true(r->status == p->due || r->status == 408 ||
                    r->status == 429 || r->status == 503);
        return;
    }
    int len = snprintf(body, sizeof body, "{\"id\":\"%llx-%llu\"}\n",
                       (unsigned long long)p->epoch, (unsigned long long)p->id);
    assert_true(bytes_equal(r->body, bytes_span(body, (size_t)len)));
    happened("post", "200", 1);
}

uint32_t posted_in(struct span payload, bool binary)
{
    uint8_t expected[PAYLOAD_MAX];
    uint64_t number;
    if (payload.len == 0 || payload.ptr[0] != 'p')
        return 0;
    assert_true(bytes_decimal(
        bytes_part(payload, 1, bytes_find(payload, '.') - 1), &number));
    const struct posted *p = at((uint32_t)number);
    assert_true(bytes_equal(payload, payload_of((uint32_t)number, expected)));
    assert_int_equal(binary, p->binary);
    return (uint32_t)number;
}

int posted_said(uint32_t number, uint64_t epoch, uint64_t id)
{
    struct posted *p = at(number);
    assert_false(p->said);
    assert_int_equal(p->due, 200);
    assert_int_equal(p->answered, 0);
    assert_false(
        world_server(p->peer->connection)->draining);     /* nobody hears */
    assert_true(*p->queued - p->peer->out_len >= p->end); /* and whole */
    p->said = true;
    p->epoch = epoch;
    p->id = id;
    posted_published++;
    return p->peer->connection;
}
