/* SPDX-License-Identifier: MIT */
/*
 * Goal: no bytes whatever, cut anywhere, make the request parser look past
 * its input, contradict itself, or hand out a span that is not the input's.
 *
 * The first two bytes say where to cut; the rest is the request.
 */
#include "base/check.h"
#include "wire/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy that ends where its memory ends, for AddressSanitizer to watch. */
static uint8_t *copy_of(const uint8_t *ptr, size_t len)
{
    uint8_t *copy = malloc(len ? len : 1);
    CHECK(copy != NULL);
    if (len)
        memcpy(copy, ptr, len);
    return copy;
}

static enum http_step scan_part(struct http_scan *scan, const uint8_t *head,
                                size_t len)
{
    uint8_t *copy = copy_of(head, len);
    enum http_step step = http_scan(scan, copy, len);
    free(copy);
    CHECK(scan->pos <= len && scan->pos <= HTTP_HEAD_MAX);
    CHECK((step == HTTP_BAD) == (scan->status != 0));
    CHECK(step != HTTP_MORE || (scan->pos == len && len < HTTP_HEAD_MAX));
    return step;
}

static void check_same(struct http_scan a, struct http_scan b)
{
    CHECK(a.pos == b.pos && a.state == b.state && a.fields == b.fields &&
          a.status == b.status);
}

/* Whole, in two, and a byte at a time while it is short: one outcome. */
static enum http_step scan_every_way(struct http_scan *scan,
                                     const uint8_t *head, size_t len,
                                     size_t cut)
{
    struct http_scan halves = {0};
    struct http_scan bytes = {0};
    enum http_step step = scan_part(scan, head, len);

    scan_part(&halves, head, bytes_min(cut, len));
    CHECK(scan_part(&halves, head, len) == step);
    check_same(*scan, halves);
    for (size_t i = 1; i <= bytes_min(len, 512); i++)
        scan_part(&bytes, head, i);
    CHECK(scan_part(&bytes, head, len) == step);
    check_same(*scan, bytes);
    return step;
}

/* ---- What was read ------------------------------------------------------- */

static void check_inside(struct span part, struct span whole)
{
    CHECK(part.len == 0 || (part.ptr >= whole.ptr &&
                            part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_spans(const struct http_request *q, struct span head)
{
    check_inside(q->method, head);
    if (!bytes_equal(q->path, BYTES_LITERAL("/")))
        check_inside(q->path, head);
    check_inside(q->query, head);
    check_inside(q->authority, head);
    CHECK(q->field_count <= HTTP_FIELDS_MAX && q->minor <= 1);
    CHECK(q->fault == FAULT_NONE ||
          (q->fault >= FAULT_METHOD && q->fault <= FAULT_CODING));
    for (size_t i = 0; i < q->field_count; i++) {
        check_inside(q->fields[i].name, head);
        check_inside(q->fields[i].value, head);
        CHECK(bytes_trim(q->fields[i].value).len == q->fields[i].value.len);
    }
}

/* Elements are never empty, never padded, and the walk ends. */
static void check_lists(const struct http_request *q, struct span head)
{
    static const char *const names[] = {"Accept", "Connection", "Upgrade",
                                        "If-None-Match", "Content-Length"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct http_list list = {0};
        struct span element;
        size_t left = head.len;
        while (http_list_next(q, names[i], &list, &element)) {
            CHECK(left-- > 0);
            check_inside(element, head);
            CHECK(element.len && bytes_trim(element).len == element.len);
        }
    }
    http_accepts(q, "Accept", "text/html");
    http_none_match(q, BYTES_LITERAL("\"1\""));
    http_persists(q);
    http_body_len(q);
}

/* Decode a copy, which ends where it ends. */
static void check_decode(struct span s, bool plus)
{
    uint8_t out[64];
    uint8_t *copy = copy_of(s.ptr, s.len);
    ptrdiff_t len = http_decode(out, sizeof out, bytes_span(copy, s.len), plus);
    CHECK(len <= (ptrdiff_t)bytes_min(sizeof out, s.len));
    free(copy);
}

static void check_target(const struct http_request *q)
{
    struct span value;
    CHECK(q->path.len > 0);
    check_decode(q->path, false);
    if (http_query(q->query, "name", &value)) {
        check_inside(value, q->query);
        check_decode(value, true);
    }
}

/* RFC 9112 3.2: HTTP/1.1 has one Host, HTTP/1.0 one at most. */
static void check_host(const struct http_request *q)
{
    struct span host;
    size_t count = http_field(q, "Host", &host);
    CHECK(count == 1 || (count == 0 && q->minor == 0));
    CHECK(count == 0 || (host.len && q->authority.len));
}

/* Written again from what was read, a request says the same. */
static void check_again(const struct http_request *q)
{
    static uint8_t bytes[2 * HTTP_HEAD_MAX];
    static struct http_request again;
    struct text t = text_over(bytes, sizeof bytes);

    text_put(&t, q->method);
    text_byte(&t, ' ');
    text_put(&t, q->path);
    if (q->query.ptr) {
        text_byte(&t, '?');
        text_put(&t, q->query);
    }
    text_string(&t, q->minor ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
    for (size_t i = 0; i < q->field_count; i++) {
        text_put(&t, q->fields[i].name);
        text_string(&t, ": ");
        text_put(&t, q->fields[i].value);
        text_string(&t, "\r\n");
    }
    http_put_end(&t);
    CHECK(!t.overflow);

    CHECK(http_parse(&again, t.ptr, t.len) == FAULT_NONE);
    CHECK(again.field_count == q->field_count && again.minor == q->minor);
    CHECK(bytes_equal(again.method, q->method));
    CHECK(bytes_equal(again.path, q->path));
    CHECK(bytes_equal(again.query, q->query));
    CHECK(http_persists(&again) == http_persists(q));
    CHECK(http_body_len(&again) == http_body_len(q));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request request;
    struct http_scan scan = {0};
    if (size < 2)
        return 0;
    size_t cut = bytes_get16(data);
    if (scan_every_way(&scan, data + 2, size - 2, cut) != HTTP_DONE)
        return 0;

    uint8_t *head = copy_of(data + 2, scan.pos);
    struct span whole = bytes_span(head, scan.pos);
    enum fault fault = http_parse(&request, head, scan.pos);
    CHECK(fault == request.fault);
    check_spans(&request, whole);
    check_lists(&request, whole);
    if (fault == FAULT_NONE) {
        check_target(&request);
        check_host(&request);
        check_again(&request);
    }
    free(head);
    return 0;
}
