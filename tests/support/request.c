/* SPDX-License-Identifier: MIT */
#include "support/request.h"
#include "support/guard.h"
#include "support/unit.h"

void request_begin(struct request *r)
{
    uint8_t *edge = r->edge;
    if (!edge)
        edge = guard_before(NULL, REQUEST_SIZE) + REQUEST_SIZE;
    *r = (struct request){.edge = edge};
}

void request_take(struct request *r, const uint8_t *ptr, size_t len)
{
    enum http_step step = r->step;
    struct http_scan scan = r->scan;

    assert_true(len <= REQUEST_SIZE - r->len);
    memmove(r->edge - r->len - len, r->edge - r->len, r->len);
    if (len)
        memcpy(r->edge - len, ptr, len);
    r->len += len;
    r->step = http_scan(&r->scan, r->edge - r->len, r->len);

    assert_true(r->scan.pos >= scan.pos);
    assert_true(r->scan.pos <= r->len);
    if (r->step == HTTP_MORE)
        assert_int_equal(r->scan.pos, r->len);
    if (step != HTTP_MORE) {
        assert_int_equal(r->step, step);
        assert_memory_equal(&r->scan, &scan, sizeof scan);
    }
}

void request_end(struct request *r)
{
    r->status = r->scan.status;
    if (r->step != HTTP_DONE)
        return;
    uint8_t *head = r->edge - r->scan.pos;
    memmove(head, r->edge - r->len, r->scan.pos);
    enum fault fault = http_parse(&r->parsed, head, r->scan.pos);
    assert_int_equal(fault, r->parsed.fault);
    r->status = fault_rules[fault].answer;
}

void request_read(struct request *r, struct span bytes)
{
    request_begin(r);
    request_take(r, bytes.ptr, bytes.len);
    request_end(r);
}

void request_with(struct request *r, const char *fields)
{
    struct span start = BYTES_LITERAL("GET / HTTP/1.1\r\nHost: a.example\r\n");
    struct span rest = bytes_of(fields);

    request_begin(r);
    request_take(r, start.ptr, start.len);
    request_take(r, rest.ptr, rest.len);
    request_take(r, (const uint8_t *)"\r\n", 2);
    request_end(r);
    assert_int_equal(r->step, HTTP_DONE);
    assert_int_equal(r->status, 0);
}
