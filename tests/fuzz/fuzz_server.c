/* SPDX-License-Identifier: MIT */
/*
 * fuzz_server: the whole server over the simulated os/, and what four people
 * do with it. The input is a program.
 *
 *   5 bytes of options, then orders: a byte, and the bytes it takes.
 *
 *     7   6 5    4 ... 0
 *   +---+-----+-----------+
 *   | & | who |   order   |     &: the server does not turn after it, so that
 *   +---+-----+-----------+        it meets this and the next at once
 *
 * Where the input has ended, all bytes are 0. Sizes are one byte: below 128 so
 * many bytes, from there in growing steps up to 31 KiB, 255 no limit. "n bytes"
 * is a byte n, and then so many of the input.
 *
 *   what somebody says             how the network is
 *    0 come      from               10 chunk          size: of its writes
 *    1 upgrade   target, fields     11 mood           bits: reads, answers
 *    2 frame     first, n bytes     12 read           size
 *    3 fill      first, size, byte  13 window         size
 *    4 raw       n bytes            14 send buffer    size
 *    5 deflated  times, n bytes     15 receive buffer size
 *    6 json      kind, n bytes      16 piece          size: of one call
 *    7 close     code, n bytes      17 low water      size
 *    8 get       path               18 acknowledge    size
 *    9 proxy     kind               19 shut  20 close  21 reset
 *   30 header    first, bits        what else happens
 *   31 empty     first, times       22 pass           time
 *                                   23 freeze         time
 *                                   24 fail           call, after, times
 *                                   25 files          so many more
 *                                   26 signal         0: state, else: stop
 *                                   27 wall           the clock is set
 *                                   28 echo           size, cut
 *                                   29 settle
 *
 * What must hold is in crowd.h, watch.h and sim/world.h.
 */
#include "fuzz/crowd.h"
#include "sim/zip.h"
#include "support/jwt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX  4096
#define WHO        4
#define QUEUED_MAX (48 * 1024) /* bytes that all of them say in a run */
#define SIZE_NONE  255

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct span in; /* what is left of the input */
static struct person *who[WHO];
static size_t queued;

/* ---- The input ----------------------------------------------------------- */

static uint8_t take(void)
{
    if (in.len == 0)
        return 0;
    uint8_t byte = in.ptr[0];
    in = bytes_after(in, 1);
    return byte;
}

static size_t take_size(void)
{
    unsigned byte = take();
    if (byte < 128)
        return byte;
    if (byte == SIZE_NONE)
        return SIM_UNLIMITED;
    unsigned step = (byte - 128) / 16;
    return ((size_t)128 << step) + (byte % 16) * ((size_t)8 << step);
}

/* The same of something that has to have an end, or that cannot be 0. */
static size_t take_bytes(void)
{
    size_t size = take_size();
    return size == SIM_UNLIMITED ? QUEUED_MAX : size;
}

static size_t take_positive(void)
{
    size_t size = take_size();
    return size ? size : 1;
}

static struct span take_part(void)
{
    size_t len = take();
    len = bytes_min(len, in.len);
    struct span part = bytes_part(in, 0, len);
    in = bytes_after(in, len);
    return part;
}

static uint64_t take_time(void)
{
    static const uint32_t most[] = {10, 100, 1000, 60000};
    unsigned byte = take();
    return (uint64_t)most[byte >> 6] * (1 + (byte & 63)) / 64;
}

/* ---- Options ------------------------------------------------------------- */

static void set_features(struct config *config, uint8_t bits)
{
    static const uint8_t page[] = "<p>ours</p>\n", big[100000];
    config->compression = (bits & 1) != 0;
    config->proxy_protocol = (bits & 2) != 0;
    config->has_metrics = (bits & 4) != 0;
    config->metrics =
        (struct socket_address){.family = SOCKET_ANY, .port = 9000};
    if (bits & 8) {
        config->trust_unix = true;
        config->trust_count = 1;
        assert_true(
            ip_parse_block(&config->trust[0], BYTES_LITERAL("192.0.2.0/28")));
    }
    if (bits & 16) {
        config->static_folder = "pages";
        sim_put_file("chat.html", bytes_span(page, sizeof page - 1));
        sim_put_file("a/big.bin", bytes_span(big, sizeof big));
    }
    if (bits & 32)
        config->any_origin = true;
    if (bits & 64)
        config->per_ip = 2;
    if (bits >= 0xC0) /* seldom: it is slow, and fuzz_explain's */
        config->trace = TRACE_ALL;
    if (bits >= 0x80 && bits < 0xC0) {
        config->token_key = "keys";
        config->keys = jwt_keys();
    }
}

static void set_options(struct config *config)
{
    static const uint8_t buffers[] = {1, 2, 3, 4, 6, 8, 12, 24};
    static const uint16_t messages[] = {1024, 1, 125, 700};
    static const uint8_t histories[] = {10, 0, 1, 100};
    static const uint16_t pings[] = {25000, 0, 1000, 50};
    static const uint16_t drains[] = {5000, 0, 1000, 100};
    set_features(config, take());
    unsigned byte = take();
    config->clients = 2 + (byte & 7);
    config->rooms = 1 + (byte >> 3 & 3);
    config->buffers = buffers[byte >> 5];
    byte = take();
    config->room_log = (size_t)LIMITS_ROOM_LOG_MIN << (byte & 3);
    config->max_message = messages[byte >> 2 & 3];
    config->history = histories[byte >> 4 & 3];
    config->level = (enum limits_level)(LEVEL_DEBUG - (byte >> 6));
    byte = take();
    config->ping = pings[byte & 3];
    config->pong_timeout = byte & 4 ? 100 : WORLD_PONG_TIMEOUT;
    config->handshake_timeout = byte & 8 ? 100 : WORLD_HANDSHAKE_TIMEOUT;
    config->write_timeout = byte & 16 ? 100 : WORLD_WRITE_TIMEOUT;
    config->close_timeout = byte & 32 ? 100 : WORLD_CLOSE_TIMEOUT;
    config->drain = drains[byte >> 6];
    byte = take(); /* of --rate */
    config->rate = byte & 128 ? 1 + (byte & 15) : 0;
    config->burst = 1 + (byte >> 4 & 7);
}

/* ---- What somebody says -------------------------------------------------- */

/* NULL when it has said, or all have said, enough. */
static struct peer *speaker(struct person *p, size_t len)
{
    if (!p || p->gone || queued + len > QUEUED_MAX)
        return NULL;
    queued += len;
    return p->watch.peer;
}

static void come(unsigned number)
{
    static const char *const from[] = {"192.0.2.1:1000", "192.0.2.20:1000",
                                       "[2001:db8::1]:1000", "unix:x"};
    unsigned byte = take();
    struct person *p =
        crowd_come(world.config.has_metrics && byte & 4, from[byte & 3]);
    if (p)
        who[number] = p;
}

/* One for everywhere, one for a few seconds more, and one for listening to
   /ws/a and /chat/a, which is of somebody else. */
static void put_token(struct text *t, unsigned kind)
{
    char claims[128];
    snprintf(claims, sizeof claims, "{\"exp\":%llu,\"sub\":\"%u\",%s",
             (unsigned long long)SIM_WALL / 1000 + (kind == 2 ? 0 : 100000) -
                 25,
             kind / 3,
             kind == 3 ? "\"chatd\":{\"join\":[\"a\"],\"say\":[]}}"
                       : "\"name\":\"n\",\"chatd\":{\"join\":[\"*\"]}}");
    assert_true(
        token_sign(&world.config.keys.list[kind & 1], bytes_of(claims), t));
}

/* With chatd.v1 it stands behind that; NUL-terminated. */
static void put_credentials(struct text *t, unsigned kind, bool v1)
{
    if (world.config.token_key && kind) {
        text_string(t, v1 ? "Sec-WebSocket-Protocol: bearer."
                          : "Authorization: Bearer ");
        put_token(t, kind);
        text_string(t, "\r\n");
    }
    text_byte(t, 0);
}

static const char *const targets[] = {
    "/ws/a",       "/echo",
    "/chat/a",     "/ws/a?history=5",
    "/chat",       "/ws",
    "/ws/b",       "/chat/b?name=Ann",
    "/chat/c%20d", "/ws/b?name=%C3%A9&history=100",
    "/ws/..",      "/healthz",
    "/nowhere",    "/echo?x",
    NULL,          NULL, /* from where somebody began or stopped to hear */
};

static const char *target_of(unsigned byte, char *out, size_t size)
{
    if (targets[byte & 15])
        return targets[byte & 15];
    snprintf(out, size, "/ws/a?since=%s", watch_place(byte & 1));
    return out;
}

static void upgrade(struct person *p)
{
    static const char *const extensions[] = {
        "", "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; "
        "server_max_window_bits=9; client_max_window_bits=8\r\n",
        "Sec-WebSocket-Extensions: x-none, permessage-deflate; "
        "server_max_window_bits=8; client_max_window_bits\r\n"};
    char place[96], request[1024];
    uint8_t credentials[512];
    struct text shown = text_over(credentials, sizeof credentials);
    unsigned target = take(), fields = take();
    put_credentials(&shown, fields >> 6, (fields & 4) != 0);
    const char *path = target_of(target, place, sizeof place);
    int len = snprintf(
        request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s%s%s%s%s%s\r\n",
        path, extensions[fields & 3],
        fields & 4 ? "Sec-WebSocket-Protocol: chatd.v1, chat, echo\r\n" : "",
        fields & 8 ? "X-Forwarded-For: 198.51.100.20, 192.0.2.3\r\n" : "",
        fields & 16 ? "Origin: http://a.example\r\n" : "",
        fields & 32 ? "Origin: https://b.example\r\n" : "",
        (const char *)credentials);
    struct peer *peer = speaker(p, (size_t)len);
    if (!peer)
        return;
    peer_add(peer, bytes_span(request, (size_t)len));
    p->watch.is_json = !p->asked && strncmp(path, "/ws", 3) == 0;
    p->asked = true;
}

static void get(struct person *p)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n",
        "HEAD /style.css HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n",
        "GET /style.css HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "GET /packed.txt HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
        "GET /a/big.bin HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /chat HTTP/1.1\r\nHost: a\r\nIf-None-Match: *\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.77\r\n\r\n",
        "GET /../x HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/healthz HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: a\r\n",
    };
    struct span request = bytes_of(requests[take() & 15]);
    struct peer *peer = speaker(p, request.len);
    if (peer)
        peer_add(peer, request);
}

static void proxy(struct person *p)
{
#define V2 "\r\n\r\n\0\r\nQUIT\n"
    const struct span headers[] = {
        BYTES_LITERAL("PROXY TCP4 203.0.113.1 192.0.2.9 1000 80\r\n"),
        BYTES_LITERAL("PROXY TCP6 2001:db8::7 2001:db8::1 1000 80\r\n"),
        BYTES_LITERAL("PROXY UNKNOWN\r\n"),
        BYTES_LITERAL("PROXY TCP4 203.0.113.1 "),
        BYTES_LITERAL(V2 "\x20\0\0\0"),
        BYTES_LITERAL(V2 "\x21\x11\0\x0C\xCB\0\x71\1\xC0\0\2\1\0\1\0\x50"),
        BYTES_LITERAL(V2 "\x21\x11\0\x20\xCB\0\x71\1\xC0\0\2\1\0\1\0\x50"),
        BYTES_LITERAL("PROXY TCP4 198.51.100.7 192.0.2.9 1 80\r\n"),
    };
    struct span header = headers[take() & 7];
    struct peer *peer = speaker(p, header.len);
    if (peer)
        peer_add(peer, header);
}

/* From here on what it asked for is not known for sure. */
static void say_frame(struct person *p, uint8_t first, struct span payload)
{
    struct peer *peer = speaker(p, payload.len + 14);
    if (!peer)
        return;
    peer_add_frame(peer, first, payload);
    p->asked = true;
}

static void fill(struct person *p)
{
    static uint8_t bytes[QUEUED_MAX];
    uint8_t first = take();
    size_t len = take_bytes();
    memset(bytes, take(), len);
    say_frame(p, first, bytes_span(bytes, len));
}

static void raw(struct person *p)
{
    struct span bytes = take_part();
    struct peer *peer = speaker(p, bytes.len);
    if (!peer)
        return;
    peer_add(peer, bytes);
    p->asked = true;
}

static void deflated(struct person *p)
{
    static uint8_t bytes[256 * 256];
    size_t times = take(), len = 0;
    struct span part = take_part();
    for (size_t i = 0; i <= times % 128; i++, len += part.len)
        if (part.len)
            memcpy(bytes + len, part.ptr, part.len);
    struct span payload = zip_deflate(bytes_span(bytes, len), 15);
    say_frame(p, (times & 128 ? PEER_BINARY : PEER_TEXT) | PEER_RSV1, payload);
    free((uint8_t *)(uintptr_t)payload.ptr);
}

static void json(struct person *p)
{
    static const char *const before[] = {"{\"message\":\"", "{\"name\":\"",
                                         "{\"ping\":", "{\"x\":["};
    static const char *const after[] = {"\"}", "\",\"message\":\"m\"}", "}",
                                        "],\"message\":\"m\"}"};
    uint8_t bytes[1024];
    struct text t = text_over(bytes, sizeof bytes);
    unsigned byte = take(), kind = byte & 3;
    if (world.config.token_key && byte & 12) { /* another one */
        text_string(&t, "{\"token\":\"");
        put_token(&t, byte >> 2 & 3);
        text_string(&t, "\",");
        text_string(&t, before[kind] + 1);
    } else {
        text_string(&t, before[kind]);
    }
    text_put(&t, take_part());
    text_string(&t, after[kind]);
    say_frame(p, PEER_TEXT, text_span(&t));
}

static void say_close(struct person *p)
{
    uint8_t bytes[2 + 255] = {take()};
    bytes[1] = take();
    struct span reason = take_part();
    if (reason.len)
        memcpy(bytes + 2, reason.ptr, reason.len);
    say_frame(p, PEER_CLOSE, bytes_span(bytes, bytes[0] ? 2 + reason.len : 0));
}

/* A header that promises 2^bits bytes, or so. */
static void header(struct person *p)
{
    uint8_t bytes[14] = {take(), 0xFF};
    unsigned bits = take() % 64;
    for (unsigned i = 0; i < 8; i++)
        bytes[2 + i] = (uint8_t)((UINT64_C(1) << bits) >> (56 - 8 * i));
    struct peer *peer = speaker(p, sizeof bytes);
    if (!peer)
        return;
    peer_add(peer, bytes_span(bytes, sizeof bytes));
    p->asked = true;
}

static void empty(struct person *p)
{
    uint8_t first = take();
    for (unsigned left = take(); left > 0; left--)
        say_frame(p, first, bytes_span(NULL, 0));
}

/* ---- What else happens --------------------------------------------------- */

static void leave(struct person *p, unsigned order)
{
    if (!p || p->gone)
        return;
    int c = p->watch.peer->connection;
    p->gone = true;
    if (order == 19) {
        sim_shut(c);
        return;
    }
    p->reads = false;
    if (order == 20)
        sim_close(c);
    else
        sim_reset(c);
}

/* What each call may return, and nothing that would need an event after it. */
static void something_fails(void)
{
    static const struct {
        enum sim_call call;
        int errors[2];
    } faults[] = {
        {SIM_RECEIVE, {ECONNRESET, ETIMEDOUT}},
        {SIM_SEND, {EPIPE, ENOBUFS}},
        {SIM_ACCEPT, {ECONNABORTED, EMFILE}},
        {SIM_UNACKNOWLEDGED, {EINVAL, EINVAL}},
        {SIM_PEER, {ENOTCONN, ENOTCONN}},
        {SIM_SPARE, {EMFILE, ENFILE}},
        {SIM_REACTOR_ADD, {ENOSPC, ENOMEM}},
        {SIM_LOG, {EAGAIN, EIO}},
        {SIM_ENTROPY, {ENOSYS, EIO}},
        {SIM_FILE_OPEN, {EMFILE, EACCES}},
        {SIM_FILE_SEND, {ECONNRESET, EIO}},
    };
    unsigned byte = take(), after = take(), times = take();
    size_t i = (byte & 15) % UNIT_COUNT(faults);
    sim_fail(faults[i].call, after, times, faults[i].errors[byte >> 7]);
    crowd_something_fails();
}

static void files(void)
{
    sim_limit_files(3 + sim_files_open() + take());
    crowd_something_fails();
}

static void signal_comes(void)
{
    unsigned byte = take();
    if (byte == 0)
        sim_signal(SIGNALS_STATE);
    else
        crowd_stop(1 + (byte & 1));
}

/* The clock of the wall may be wrong, but it does count. */
static void set_wall(void)
{
    unsigned byte = take();
    sim_set_wall(SIM_WALL + (uint64_t)byte * 500 - 60000);
}

static void network(struct person *p, unsigned order)
{
    uint64_t most = UINT64_C(64) * 1024;
    if (!p)
        return;
    int c = p->watch.peer->connection;
    switch (order) {
    case 10: p->chunk = take_positive(); break;
    case 11: {
        unsigned bits = take();
        p->reads = !p->gone && (bits & 1) != 0;
        p->watch.answers = (bits & 2) != 0;
        break;
    }
    case 12: watch_pull(&p->watch, take_size()); break;
    case 13: sim_set_window(c, take_size()); break;
    case 14: sim_set_send_buffer(c, bytes_min(take_positive(), most)); break;
    case 15: sim_set_receive_buffer(c, bytes_min(take_positive(), most)); break;
    case 16: sim_set_piece(c, take_positive()); break;
    case 17: sim_set_low_water(c, bytes_min(take_positive(), most)); break;
    case 18: sim_acknowledge(c, take_size()); break;
    default: break;
    }
}

static void obey(struct person *p, unsigned order)
{
    switch (order) {
    case 1: upgrade(p); break;
    case 2: {
        uint8_t first = take();
        say_frame(p, first, take_part());
        break;
    }
    case 3: fill(p); break;
    case 4: raw(p); break;
    case 5: deflated(p); break;
    case 6: json(p); break;
    case 7: say_close(p); break;
    case 8: get(p); break;
    case 9: proxy(p); break;
    case 19:
    case 20:
    case 21: leave(p, order); break;
    case 22: crowd_pass(take_time()); break;
    case 23: crowd_freeze(take_time()); break;
    case 24: something_fails(); break;
    case 25: files(); break;
    case 26: signal_comes(); break;
    case 27: set_wall(); break;
    case 28: {
        size_t len = take_size();
        crowd_echo(len, take_size());
        break;
    }
    case 29: crowd_settle(); break;
    case 30: header(p); break;
    case 31: empty(p); break;
    default: network(p, order); break;
    }
}

/* ---- A run --------------------------------------------------------------- */

static void run(void)
{
    world_setup(NULL);
    set_options(&world.config);
    memset(who, 0, sizeof who);
    queued = 0;
    crowd_begin();
    while (in.len > 0 && world.running) {
        unsigned byte = take(), number = byte >> 5 & 3, order = byte & 31;
        if (order == 0)
            come(number);
        else
            obey(who[number], order);
        if (!(byte & 128))
            crowd_turn();
    }
    crowd_end();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Outside of its tests cmocka would leave politely: no find for AFL++. */
    setenv("CMOCKA_TEST_ABORT", "1", 1);
    if (size > INPUT_MAX)
        return 0;
    in = bytes_span(data, size);
    run();
    return 0;
}
