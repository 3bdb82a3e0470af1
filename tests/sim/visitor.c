/* SPDX-License-Identifier: MIT */
#include "sim/visitor.h"
#include "service/files.h"
#include "sim/happened.h"
#include "sim/options.h"
#include "sim/posted.h"
#include "sim/watch.h"

#include <stdio.h>

#define WISHES_MAX 8
#define BIG_SIZE   (300 * 1024) /* more than one LIMITS_FILE_PIECE */

/* ---- What there is ------------------------------------------------------- */

/* Something that can be asked for, and the answer. */
struct page {
    const char *target;
    const char *file;   /* below --static, or built in; NULL: `body` */
    const char *fields; /* of the request */
    unsigned status;
    const char *body; /* what it begins with, where there is no file */
    bool ends;        /* the connection, whatever was asked for behind it */
    bool gzip;        /* the twin of a built-in one may come */
};

#define UPGRADE                                                                \
    "Upgrade: websocket\r\nConnection: Upgrade\r\n"                            \
    "Sec-WebSocket-Version: 13\r\n"
#define KEY   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define HTML  "Accept: text/html\r\n"
#define OK    200
#define GREET "{\"msg\":\"HelloWebSocket\"}"

enum { PACKED, TWIN };

static const struct page pages[] = {
    [PACKED] = {"/packed.txt", "packed.txt", "", OK, NULL, false, false},
    [TWIN] = {"/packed.txt", "packed.txt", "Accept-Encoding: gzip\r\n", OK,
              NULL, false, true},
    {"/", NULL, "", OK, GREET, false, false},
    {"/", "index.html", HTML, OK, NULL, false, false},
    {"/chat", "chat.html", "", OK, NULL, false, false},
    {"/chat/a%20room", "chat.html", "Range: bytes=0-3\r\n", OK, NULL, 0, 0},
    {"/echo", "echo.html", HTML, OK, NULL, false, false},
    {"/style.css?v=9", "style.css", "Accept-Encoding: gzip\r\n", OK, NULL, 0,
     1},
    {"/big.bin", "big.bin", "", OK, NULL, false, false},
    {"/sub/a.txt", "sub/a.txt", "", OK, NULL, false, false},
    {"/empty", "empty", "", OK, NULL, false, false},
    {"/healthz", NULL, "", OK, "{\"status\":\"ok\",", false, false},
    {"/nope", NULL, "", 404, "", false, false},
    {"/.hidden", NULL, "", 404, "", false, false},
    {"/sub/../empty", NULL, "", 404, "", false, false},
    {"/ws/room", NULL, "", 426, "", false, false},
    {"/", "index.html", HTML "Connection: close\r\n", OK, NULL, true, false},
    {"/", NULL, "Content-Length: 4\r\n", OK, GREET, true, false},
    {"/", NULL, "Transfer-Encoding: chunked\r\n", 501, "", true, false},
    {"/", NULL, "Bad Name: x\r\n", 400, "", true, false},
    {"/", NULL, "Host: twice\r\n", 400, "", true, false},
    {"/", NULL, UPGRADE KEY, 404, "", true, false},
    {"/echo", NULL, UPGRADE, 400, "", true, false},
    {"/echo", NULL, UPGRADE KEY "Origin: http://b\r\n", 403, "", true, false},
    {"/ws/%ff", NULL, UPGRADE KEY, 404, "", true, false},
    {"/ws/r?since=x", NULL, UPGRADE KEY, 400, "", true, false},
};

static const struct {
    const char *path;
    const char *content;
} files[] = {
    {"index.html", "<p>from the folder"},
    {"style.css", "b { }"},
    {"sub/a.txt", "a file in a subfolder\n"},
    {"empty", ""},
};

static uint8_t big[BIG_SIZE];

static void put_files(void)
{
    struct random r = random_of(1);
    random_fill(&r, big, sizeof big);
    sim_put_file("big.bin", bytes_span(big, sizeof big));
    for (size_t i = 0; i < UNIT_COUNT(files); i++)
        sim_put_file(files[i].path, bytes_of(files[i].content));
}

static bool in_folder(const char *name, struct span *content)
{
    if (!world.config.static_folder)
        return false;
    *content = bytes_span(big, sizeof big);
    if (strcmp(name, "big.bin") == 0)
        return true;
    for (size_t i = 0; i < UNIT_COUNT(files); i++)
        if (strcmp(files[i].path, name) == 0) {
            *content = bytes_of(files[i].content);
            return true;
        }
    return false;
}

static bool built_in(const char *name, bool gzip, struct span *content)
{
    for (uint32_t i = 0; i < files_count; i++) {
        if (strcmp(files_table[i].name, name) != 0)
            continue;
        *content = gzip ? files_table[i].twin : files_table[i].content;
        if (!gzip && strcmp(name, "packed.txt") == 0)
            *content = BYTES_LITERAL("packed");
        return true;
    }
    return false;
}

/* ---- Visitors ------------------------------------------------------------ */

enum kind {
    ASKS,     /* and reads the answers */
    SCRAPES,  /* --metrics */
    HALF,     /* says a part of a request, and no more */
    NONSENSE, /* what no request begins with */
};

struct wish {
    uint8_t page;
    bool head;
    bool known;    /* with the validator of what it got before */
    uint32_t post; /* it says something: its number; or 0 */
};

struct visitor {
    struct peer *peer;
    enum kind kind;
    bool quick; /* reads and writes at once */
    bool deaf;  /* reads nothing, up to the end of the run */
    bool gone;  /* it left */
    bool over;  /* the server ended it, and all was read */
    bool last;  /* nothing more is to come */
    struct wish wishes[WISHES_MAX];
    size_t count, done;
    uint64_t queued; /* bytes, to be sent or sent */
};

uint64_t visitor_answers;
static struct visitor visitors[VISITORS];
static size_t visitor_count;
static char etags[UNIT_COUNT(pages)][80]; /* seen in this run */

void visitor_begin(void)
{
    memset(visitors, 0, sizeof visitors);
    memset(etags, 0, sizeof etags);
    visitor_count = 0;
    put_files();
}

/* ---- Asking -------------------------------------------------------------- */

static void ask(struct visitor *v, const struct page *page, struct wish *wish,
                const char *more)
{
    char request[1024], match[100] = "";
    if (wish->known)
        snprintf(match, sizeof match, "If-None-Match: \"x\", %s\r\n",
                 etags[wish->page]);
    int len = snprintf(
        request, sizeof request, "%s %s HTTP/1.1\r\nHost: a\r\n%s%s%s\r\n",
        wish->head ? "HEAD" : "GET", page->target, page->fields, match, more);
    assert_in_range(len, 1, sizeof request - 1);
    peer_add(v->peer, bytes_span(request, (size_t)len));
    v->queued += (uint64_t)len;
}

static void wish_for(struct visitor *v, struct random *r, const char *more)
{
    struct wish *wish = &v->wishes[v->count++];
    if (random_below(r, 3) == 0) {
        wish->post = posted_queue(v->peer, &v->queued, r, more);
        return;
    }
    wish->page = (uint8_t)random_below(r, UNIT_COUNT(pages));
    wish->head = random_below(r, 4) == 0 && pages[wish->page].status == OK;
    wish->known = random_below(r, 2) && etags[wish->page][0];
    ask(v, &pages[wish->page], wish, more);
}

static void say_half(struct visitor *v, struct random *r, const char *more)
{
    wish_for(v, r, more);
    v->peer->out_len = (size_t)random_below(r, v->peer->out_len);
    v->count = 0;
}

static void begin(struct visitor *v, struct random *r,
                  const struct origin *from)
{
    peer_add(v->peer, bytes_span(from->header, from->header_len));
    v->queued = from->header_len;
    switch (v->kind) {
    case ASKS:
        for (uint64_t left = 1 + random_below(r, WISHES_MAX); left > 0; left--)
            wish_for(v, r, from->fields);
        break;
    case HALF: say_half(v, r, from->fields); break;
    case NONSENSE: peer_add(v->peer, BYTES_LITERAL("\0\1\2 nonsense")); break;
    case SCRAPES: break;
    }
    if (from->bad) /* dropped without a word */
        v->count = 0;
}

static void scrape(struct visitor *v)
{
    peer_add(v->peer,
             BYTES_LITERAL("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"));
}

static void come(struct random *r, enum kind kind)
{
    bool scrapes = kind == SCRAPES;
    if (visitor_count == VISITORS || (scrapes && !world.config.has_metrics))
        return;
    int connection = scrapes ? sim_connect(options_metrics(), "192.0.2.50:1")
                             : origin_connect(r);
    if (connection < 0)
        return;
    struct visitor *v = &visitors[visitor_count++];
    *v = (struct visitor){.peer = peer_of(connection),
                          .kind = kind,
                          .quick = random_below(r, 2) == 0};
    v->deaf = !v->quick && random_below(r, 2);
    if (v->deaf) {
        sim_set_window(connection, (size_t)random_below(r, 600));
        sim_set_send_buffer(connection, 1 + (size_t)random_below(r, 600));
    }
    if (scrapes)
        scrape(v);
    else
        begin(v, r, origin_of(connection));
}

static void somebody_comes(struct random *r)
{
    static const enum kind kinds[] = {ASKS,     ASKS,    ASKS,   HALF,
                                      NONSENSE, SCRAPES, SCRAPES};
    enum kind kind = kinds[random_below(r, UNIT_COUNT(kinds))];
    uint64_t count = kind == SCRAPES && random_below(r, 8) == 0
                         ? LIMITS_SCRAPES + 1 /* one too many */
                         : 1;
    while (count-- > 0)
        come(r, kind);
}

/* ---- Being answered ------------------------------------------------------ */

/* The bytes of a response's body, and the right status for it. */
static unsigned answer_to(const struct wish *wish, struct span *body)
{
    const struct page *page = &pages[wish->page];
    *body = bytes_of(page->body ? page->body : "");
    if (page->file && !in_folder(page->file, body) &&
        !built_in(page->file, page->gzip, body))
        return 404;
    if (world.config.token_key && strstr(page->target, "since="))
        return 401; /* he shows no token */
    return wish->known ? 304 : page->status;
}

static void learn(const struct wish *wish, const struct peer_response *r)
{
    struct span etag = peer_field(r, "ETag");
    char *known = etags[wish->page];
    if (etag.len == 0)
        return;
    assert_true(etag.len < sizeof etags[0]);
    if (!known[0])
        memcpy(known, etag.ptr, etag.len);
    assert_true(bytes_equal(etag, bytes_of(known)));
    /* RFC 9110 8.8.3: what differs in a byte has another. */
    assert_string_not_equal(known, etags[wish->page == PACKED ? TWIN : PACKED]);
}

/* Does the connection end with this one? */
static bool is_last(const struct peer_response *r)
{
    struct span field = peer_field(r, "Connection");
    return field.len > 0 && field.ptr[0] == 'c';
}

/* An answer that is not what was asked for: may it be? */
static void refused(struct visitor *v, const struct peer_response *r)
{
    assert_true(r->status == 503 || r->status == 429 || r->status == 408);
    v->last = is_last(r);
}

static void check_post(struct visitor *v, const struct peer_response *r)
{
    posted_answered(v->wishes[v->done].post, r);
    v->done += r->status >= 200;
    v->last = is_last(r);
}

static void check(struct visitor *v, const struct peer_response *r)
{
    struct wish *wish = &v->wishes[v->done];
    struct span body;
    if (wish->post) {
        check_post(v, r);
        return;
    }
    unsigned status = answer_to(wish, &body);
    v->done++;
    if (r->status != status) {
        refused(v, r);
        return;
    }
    if (r->status == OK || r->status == 304)
        happened("answer", r->status == OK ? "200" : "304", 1);
    learn(wish, r);
    v->last = is_last(r); /* /healthz in a refusal's slot, too */
    assert_true(v->last || !pages[wish->page].ends);
    if (r->status == 304 || wish->head)
        return;
    if (r->status == OK && !pages[wish->page].file) {
        assert_true(r->body.len >= body.len);
        assert_memory_equal(r->body.ptr, body.ptr, body.len);
    } else if (r->status == OK) {
        happened("answer", "a file in pieces", body.len == BIG_SIZE);
        assert_true(bytes_equal(r->body, body));
    }
}

/* ---- Metrics ------------------------------------------------------------- */

/* The value of a sample, the last one in a text that has it. */
static uint64_t sample(struct span text, const char *name)
{
    size_t len = strlen(name);
    uint64_t value = UINT64_MAX;
    for (size_t i = 0; i + len < text.len; i++)
        if (text.ptr[i] == '\n' &&
            memcmp(text.ptr + i + 1, name, bytes_min(len, text.len - i - 1)) ==
                0 &&
            text.ptr[i + 1 + len] == ' ') {
            struct span rest = bytes_after(text, i + len + 2);
            assert_true(bytes_decimal(
                bytes_part(rest, 0, bytes_find(rest, '\n')), &value));
        }
    return value;
}

/* What is told was so when it was asked: no more than is so now. */
static void check_metrics(struct visitor *v, const struct peer_response *r)
{
    const struct server *s = &world.server;
    v->last = true;
    if (r->status != OK) {
        refused(v, r);
        return;
    }
    assert_true(sample(r->body, "chatd_connections_accepted_total") <=
                s->stats.accepted);
    assert_true(sample(r->body, "chatd_sent_bytes_total") <=
                s->stats.bytes_out);
    assert_int_equal(sample(r->body, "chatd_slots"), s->clients.size);
    assert_true(sample(r->body, "chatd_slots_in_use") <= s->clients.size);
    assert_int_equal(r->body.ptr[r->body.len - 1], '\n');
    happened("answer", "metrics", 1);
}

/* ---- Reading ------------------------------------------------------------- */

/* The next response once it is whole. */
static bool take(struct visitor *v, struct peer_response *r)
{
    struct span all = bytes_span(v->peer->in, v->peer->in_len);
    size_t head = 4;
    uint64_t len = 0;
    while (head <= all.len && memcmp(all.ptr + head - 4, "\r\n\r\n", 4) != 0)
        head++;
    if (head > all.len)
        return false;
    *r = (struct peer_response){.head = bytes_part(all, 0, head)};
    struct span length = peer_field(r, "Content-Length");
    bool no_body =
        v->kind == ASKS && v->done < v->count && v->wishes[v->done].head;
    if (length.len && !no_body)
        assert_true(bytes_decimal(length, &len));
    if (all.len - head < len)
        return false;
    *r = peer_response_head(v->peer, head + (size_t)len);
    r->body = bytes_part(r->head, head, (size_t)len);
    r->head.len = head;
    return true;
}

static void hear(struct visitor *v, const struct peer_response *r)
{
    assert_false(v->last);
    visitor_answers++;
    if (v->kind == SCRAPES) {
        check_metrics(v, r);
    } else if (v->done < v->count) {
        check(v, r);
    } else if (v->kind != HALF || r->status != 100) { /* of half a post */
        bool may_ask = v->kind == HALF || v->kind == NONSENSE;
        assert_true(may_ask || r->status == 408 || r->status == 429 ||
                    r->status == 503);
        assert_true(r->status >= 400);
        v->last = true;
    }
}

static void read_some(struct visitor *v, size_t most)
{
    struct peer_response r;
    while (most > 0) {
        size_t got = peer_pull(v->peer, most);
        if (got == 0)
            break;
        most -= got;
    }
    while (!v->over && take(v, &r))
        hear(v, &r);
    v->over = v->over || sim_ended(v->peer->connection);
}

static void write_some(struct visitor *v, size_t most)
{
    if (!v->gone)
        peer_push_some(v->peer, most);
}

static void leave(struct visitor *v, struct random *r)
{
    if (v->quick || v->gone)
        return;
    v->gone = true;
    switch (random_below(r, 3)) {
    case 0: sim_shut(v->peer->connection); break;
    case 1: sim_close(v->peer->connection); break;
    case 2: sim_reset(v->peer->connection); break;
    }
}

static void narrow(const struct visitor *v, struct random *r)
{
    int c = v->peer->connection;
    if (v->quick)
        return;
    switch (random_below(r, 4)) {
    case 0: sim_set_window(c, (size_t)random_below(r, 20000)); break;
    case 1: sim_set_send_buffer(c, 1 + (size_t)random_below(r, 20000)); break;
    case 2: sim_set_piece(c, 1 + (size_t)random_below(r, 5000)); break;
    case 3: sim_set_low_water(c, 1 + (size_t)random_below(r, 300)); break;
    }
}

/* ---- Doing --------------------------------------------------------------- */

void visitor_step(struct random *r)
{
    uint64_t what = random_below(r, 10);
    if (visitor_count == 0 || what < 2) {
        somebody_comes(r);
        return;
    }
    /* Rather one of the last: the others are gone. */
    size_t back = (size_t)random_below(r, bytes_min(visitor_count, 6));
    struct visitor *v = &visitors[visitor_count - 1 - back];
    if (what < 5)
        write_some(v, 1 + (size_t)random_below(r, 400));
    else if (what < 8 && !v->deaf)
        read_some(v, 1 + (size_t)random_below(r, 50000));
    else if (what < 9)
        narrow(v, r);
    else if (random_below(r, 3) == 0)
        leave(v, r);
}

static void do_all(struct visitor *v)
{
    if (v->over)
        return;
    read_some(v, SIM_UNLIMITED);
    write_some(v, SIM_UNLIMITED);
}

void visitor_quick_ones(void)
{
    for (size_t i = 0; i < visitor_count; i++)
        if (visitors[i].quick)
            do_all(&visitors[i]);
}

void visitor_all(void)
{
    for (size_t i = 0; i < visitor_count; i++) {
        int c = visitors[i].peer->connection;
        sim_set_window(c, SIM_UNLIMITED);
        sim_set_send_buffer(c, SIM_UNLIMITED);
        sim_set_low_water(c, 1);
        sim_set_piece(c, SIM_UNLIMITED);
        do_all(&visitors[i]);
    }
}

/* Who was quick and allowed to ask was answered. */
static void is_answered(const struct visitor *v)
{
    const struct watched *w = watch_of(v->peer->connection);
    if (!v->quick || v->last || v->done == v->count || !w->accepted ||
        w->excused)
        return;
    fail_msg("visitor %zu: %zu answers of %zu", (size_t)(v - visitors), v->done,
             v->count);
}

void visitor_settle(bool calls_fail)
{
    for (size_t i = 0; i < visitor_count; i++) {
        struct visitor *v = &visitors[i];
        const struct watched *w = watch_of(v->peer->connection);
        /* Half a post may have longer than this lasts; watch.c knows. */
        if (!v->gone && !v->over && w->state != CLIENT_BODY)
            fail_msg("visitor %zu is not gone", i);
        if (!calls_fail)
            is_answered(v);
    }
}
