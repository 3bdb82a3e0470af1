/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/http.c src/wire/http_fields.c src/wire/http_target.c
 * sources: src/wire/http_response.c
 * with: src/base/bytes.c src/base/text.c src/base/ip.c src/base/calendar.c
 * with: src/wire/authority.c
 * eva: -eva-slevel 1000 -eva-split-return full
 *
 * http_scan in any state over any bytes; http_parse and every question about
 * what it has read, for heads of some shapes. No shape has controls where any
 * byte may be: http_scan refuses them, and a CR would be the end of a line.
 */
#include "tests/prove/prove.h"

#include "wire/http.h"

/* ---- Where it ends ------------------------------------------------------- */

static void scan_any(size_t pos, size_t len)
{
    struct http_scan scan = {.pos = (uint16_t)pos,
                             .state = (uint8_t)any_between(0, 10),
                             .fields = (uint8_t)any_between(0, 64),
                             .status = (uint16_t)any_between(0, 431)};
    static uint8_t memory[8];
    enum http_step step =
        http_scan(&scan, any_end(memory, sizeof memory, len), len);
    //@ assert looked_at: pos <= scan.pos <= len;
    if (step == HTTP_MORE) {
        //@ assert progress: scan.pos == len;
    }
    http_begun(&scan);
}

/* At the longest there may be. */
static void scan_end(uint8_t state)
{
    static uint8_t head[HTTP_HEAD_MAX];
    struct http_scan scan = {.pos = HTTP_HEAD_MAX - 2, .state = state};
    any_bytes(head + HTTP_HEAD_MAX - 2, 2);
    http_scan(&scan, head, sizeof head);
    //@ assert end: scan.pos <= HTTP_HEAD_MAX;
}

/* ---- What it says -------------------------------------------------------- */

static void ask(const struct http_request *request)
{
    static uint8_t out[64];
    struct span value = {0};
    http_field(request, "Host", &value);
    http_lists(request, "Connection", "close");
    http_accepts(request, "Accept", "text/html");
    http_none_match(request, BYTES_LITERAL("\"a\""));
    http_persists(request);
    http_body_len(request);
    http_method_known(request->method);
    http_query(request->query, "a", &value);
    ptrdiff_t len = http_decode(out, 4, request->path, true);
    //@ assert decoded: -1 <= len <= 4;
}

static void parse_like(const char *shape)
{
    struct http_request request;
    struct span head = any_like(shape, ' ');
    struct http_scan scan = {0};
    http_asks_head(head);
    if (http_scan(&scan, head.ptr, head.len) != HTTP_DONE)
        return;
    http_parse(&request, head.ptr, scan.pos);
    //@ assert count: request.field_count <= HTTP_FIELDS_MAX;
    ask(&request);
}

static void parse_response_like(const char *shape)
{
    struct http_request response;
    struct span head = any_like(shape, ' ');
    struct http_scan scan = {0};
    unsigned status;
    if (http_scan(&scan, head.ptr, head.len) != HTTP_DONE)
        return;
    http_parse_response(&response, &status, head.ptr, scan.pos);
    //@ assert status: status == 0 || 100 <= status <= 999;
}

static void write_any(unsigned status, size_t size)
{
    static uint8_t out[128];
    struct text t = text_over(out, size);
    http_put_status(&t, status, 1700000000);
    http_put_field(&t, "Name", BYTES_LITERAL("value"));
    http_put_number(&t, "Number", 7);
    http_put_end(&t);
    //@ assert in_it: t.len <= size;
}

void main(void)
{
    static const char *const shapes[] = {
        SOME " / HTTP/1.1\r\n\r\n",
        "GET " SOME " HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /? HTTP/1.?\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\n?:?\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:" SOME "\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "\r\nHEAD http://a:80/%4?+%?b?a=b&a HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://a?b=c HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http:/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET /\t HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http: HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http:ab HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http:/a HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http:// HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://a/\t HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\na\r\n\r\n",
        "GET / HTTP/1.1\r\n:\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET ftp://a HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://%/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://a HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET / HTTP/1,1\r\n\r\n",
        "GET / HTTP/x.1\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "GET / http/1.1\r\n\r\n",
        "CONNECT a:1 HTTP/1.1\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: ?\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: 1, 2\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nContent-Length: ,\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: b\r\nAccept: text/html;q=?, "
        "a;\"\\,b\"\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: b\r\nAccept: text/html;a\r\nAccept:b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: b\r\nIf-None-Match: W/\"?\", *\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: b\r\nConnection: a, close\r\n\r\n",
    };
    for (size_t len = 0; len <= SIZE(2, 3); len++)
        for (size_t pos = 0; pos <= len; pos++)
            scan_any(pos, len);
    for (uint8_t state = 0; state <= 10; state++)
        scan_end(state);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        parse_like(shapes[i]);
    parse_response_like("HTTP/1.1 ??? OK\r\n\r\n");
    parse_response_like("HTTP/?.1 101\r\nContent-Length: ?\r\n\r\n");
    parse_response_like("HTTP/1.1 099\r\n\r\n");
    parse_response_like("HTTP/1.1 1\r\n\r\n");
    parse_response_like("HTTP/2.1 100\r\n\r\n");
    parse_response_like("HTTP/1.1 10x\r\n\r\n");
    parse_response_like("HTTP/1.1 10?x\r\na: b\r\n\r\n");
    http_phrase(any_u32());
    http_asks_head(bytes_span(NULL, 0));
    http_asks_head(any_like("\r\nHEAD", 0));
    write_any(101, 128);
    write_any(404, 128);
    write_any(404, 20);
}
