/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever the fields of a request say, the handshake ends in one of
 * its four answers, and what is accepted has all that RFC 6455 4.2.1 asks for.
 *
 * The input is field lines; a request line and a Host are put before them and
 * the empty line behind.
 */
#include "base/base64.h"
#include "base/check.h"
#include "wire/handshake.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t field_count(const struct http_request *q, const char *name)
{
    struct span value;
    return http_field(q, name, &value);
}

/* 4.2.1, and the answer of 4.2.2. */
static void check_accepted(const struct http_request *q,
                           const struct handshake *agreed)
{
    struct span key;
    struct span version;
    uint8_t nonce[16];
    uint8_t bytes[512];
    struct text t = text_over(bytes, sizeof bytes);

    CHECK(http_lists(q, "Connection", "upgrade"));
    CHECK(http_field(q, "Sec-WebSocket-Key", &key) == 1);
    CHECK(base64_decode(nonce, sizeof nonce, key) == 16);
    CHECK(http_field(q, "Sec-WebSocket-Version", &version) == 1);
    CHECK(bytes_equal(version, BYTES_LITERAL("13")));
    CHECK(field_count(q, "Origin") <= 1 && http_body_len(q) == 0);

    CHECK(agreed->subprotocol.len == 0 ||
          http_lists(q, "Sec-WebSocket-Protocol", "chat"));
    handshake_write(agreed, &t);
    CHECK(!t.overflow);
}

/* Who lets everybody in, lets in whom others do; nothing else changes. */
static void check_policies(const struct http_request *q)
{
    struct span origins[] = {BYTES_LITERAL("https://a.example")};
    struct handshake_policy strict = {
        .origins = origins,
        .origin_count = 1,
        .subprotocol = BYTES_LITERAL("chat"),
    };
    struct handshake_policy open = strict;
    struct handshake agreed;
    struct handshake agreed_openly;

    open.any_origin = true;
    enum fault fault = handshake_check(q, &strict, &agreed);
    enum fault openly = handshake_check(q, &open, &agreed_openly);
    CHECK(fault == agreed.fault && openly == agreed_openly.fault);
    CHECK(openly != FAULT_ORIGIN_FOREIGN);
    CHECK(fault == openly ||
          (fault == FAULT_ORIGIN_FOREIGN &&
           (openly == FAULT_NONE || openly == FAULT_EXTENSIONS)));
    if (fault == FAULT_NONE)
        check_accepted(q, &agreed);
    else
        CHECK(fault >= FAULT_BODY && fault <= FAULT_EXTENSIONS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_request request;
    struct span start = BYTES_LITERAL("GET / HTTP/1.1\r\n"
                                      "Host: a.example\r\n");
    struct http_scan scan = {0};
    size_t len = start.len + size + 2;
    if (len > HTTP_HEAD_MAX)
        return 0;

    uint8_t *head = malloc(len);
    CHECK(head != NULL);
    memcpy(head, start.ptr, start.len);
    if (size)
        memcpy(head + start.len, data, size);
    memcpy(head + start.len + size, "\r\n", 2);
    if (http_scan(&scan, head, len) == HTTP_DONE &&
        http_parse(&request, head, scan.pos) == 0 && handshake_wanted(&request))
        check_policies(&request);
    free(head);
    return 0;
}
