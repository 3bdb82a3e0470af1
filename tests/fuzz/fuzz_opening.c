/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a server answers, the client takes it only when it is the
 * answer to what it asked for; and what it takes with the request in sight it
 * takes, too, when the request was not seen.
 *
 * The first byte chooses the offer, the rest is field lines; a status line and
 * what a 101 must have are put before them, and the empty line behind. With
 * the top bit of the first byte all of the head is the input's.
 */
#include "base/check.h"
#include "wire/opening.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char good[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";

static void check_terms(const struct extension_offer *offer,
                        const struct extension_terms *terms)
{
    if (!terms->deflate)
        return;
    CHECK(terms->server_window_bits >= 8 && terms->server_window_bits <= 15);
    CHECK(terms->client_window_bits >= 8 && terms->client_window_bits <= 15);
    CHECK(!offer->server_drops || !terms->server_keeps);
    CHECK(!offer->client_drops || !terms->client_keeps);
    CHECK(!offer->server_window_bits ||
          terms->server_window_bits <= offer->server_window_bits);
    CHECK(!offer->client_window_bits ||
          terms->client_window_bits <= offer->client_window_bits);
}

static void judge(const struct opening *opening, struct span head)
{
    static struct opening_answer answer, unseen;
    enum fault fault = opening_judge(opening, NULL, head, &answer);
    enum fault other = opening_judge(NULL, NULL, head, &unseen);
    CHECK(answer.status == unseen.status);
    if (fault)
        return;
    CHECK(other == FAULT_NONE);
    CHECK(answer.status >= 100 && answer.status <= 999);
    if (answer.status != 101) {
        CHECK(!answer.terms.deflate && answer.subprotocol.len == 0);
        return;
    }
    struct span value;
    CHECK(http_field(&answer.response, "Sec-WebSocket-Accept", &value) == 1);
    CHECK(http_lists(&answer.response, "Connection", "upgrade"));
    CHECK(answer.subprotocol.len == 0 ||
          bytes_equal(answer.subprotocol, BYTES_LITERAL("chat")) ||
          bytes_equal(answer.subprotocol, BYTES_LITERAL("superchat")));
    CHECK(opening->offer || !answer.terms.deflate);
    if (opening->offer)
        check_terms(opening->offer, &answer.terms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 8192)
        return 0;
    struct extension_offer offer = {
        .server_drops = data[0] & 1,
        .client_drops = data[0] & 2,
        .server_window_bits = data[0] & 4 ? 10 : 0,
        .client_window_bits = data[0] & 8    ? 15
                              : data[0] & 16 ? 9
                                             : 0,
    };
    struct opening opening = {
        .subprotocols = BYTES_LITERAL("chat, superchat"),
        .offer = data[0] & 32 ? NULL : &offer,
        .nonce = "the sample nonce",
    };
    size_t before = data[0] & 0x80 ? 0 : sizeof good - 1;
    size_t len = before + size - 1 + (before ? 2 : 0);
    uint8_t *head = malloc(len + 1);
    CHECK(head != NULL);
    memcpy(head, good, before);
    memcpy(head + before, data + 1, size - 1);
    if (before)
        memcpy(head + len - 2, "\r\n", 2);
    struct http_scan scan = {0};
    if (http_scan(&scan, head, len) == HTTP_DONE)
        judge(&opening, bytes_span(head, scan.pos));
    free(head);
    return 0;
}
