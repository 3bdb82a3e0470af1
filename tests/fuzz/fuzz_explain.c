/* SPDX-License-Identifier: MIT */
/*
 * fuzz_explain: any bytes, explained whole and in pieces.
 *
 * The first byte chooses direction, start and rules, the next two seed the
 * cuts, the rest is the wire. What is told must not depend on the cuts, must
 * be printable and fit; and of a client's frames that are not compressed it
 * must call wrong what the message reader refuses.
 */
#include "base/check.h"
#include "support/random.h"
#include "wire/explain.h"
#include "wire/message.h"

#define WIRE_MAX 4096
#define LOG_SIZE (1u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void begin(struct explain *e, uint8_t byte)
{
    explain_begin(e, (byte & 1) != 0, byte & 2 ? EXPLAIN_FRAMES : EXPLAIN_HEAD);
    e->prefix = BYTES_LITERAL("> ");
    e->agreed.deflate = (uint8_t)((byte >> 2 & 3) % 3);
    e->agreed.client_keeps = e->agreed.server_keeps = (byte & 16) != 0;
    if (byte & 32)
        e->frame.limit = 100;
}

static void take(struct explain *e, struct span in, struct text *log)
{
    static uint8_t bytes[EXPLAIN_STEP];
    bool more = true;
    while (more) {
        struct text out = text_over(bytes, sizeof bytes);
        more = explain_run(e, &in, &out);
        CHECK(!out.overflow);
        CHECK(more || in.len == 0);
        text_put(log, text_span(&out));
    }
}

static void assert_fits(struct span log)
{
    size_t column = 0;
    for (size_t i = 0; i < log.len; i++) {
        column = log.ptr[i] == '\n' ? 0 : column + 1;
        CHECK(column <= 2 + LISTING_WIDTH);
        CHECK(log.ptr[i] == '\n' || (log.ptr[i] >= ' ' && log.ptr[i] < 0x7F));
    }
}

static void compare(const struct explain *e, struct span wire)
{
    static uint8_t bytes[WIRE_MAX];
    struct message_reader reader = {0};
    struct message_event event;
    struct message_rules rules = {
        .limit = e->frame.limit,
        .permessage_deflate = e->frame.deflate != EXPLAIN_DEFLATE_OFF,
    };
    size_t at = 0;
    memcpy(bytes, wire.ptr, wire.len);
    do {
        at += message_read(&reader, &rules, bytes + at, wire.len - at, &event);
        if (event.type == MESSAGE_DATA && event.compressed)
            return;
    } while (event.type != MESSAGE_NONE && event.type != MESSAGE_FAIL &&
             event.type != MESSAGE_CLOSE);
    unsigned code = event.type == MESSAGE_FAIL ? event.code : 0;
    /* The reader waits for all of a Close before it looks at its code. */
    if (code == 0 && e->frame.header.opcode == FRAME_CLOSE)
        return;
    CHECK(e->wrong.answer == code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct explain whole, cut;
    static uint8_t logs[2][LOG_SIZE];
    if (size < 4 || size > WIRE_MAX)
        return 0;
    struct span wire = bytes_span(data + 3, size - 3);
    struct random random = random_of(bytes_get16(data + 1));
    struct text a = text_over(logs[0], LOG_SIZE);
    struct text b = text_over(logs[1], LOG_SIZE);
    begin(&whole, data[0]);
    take(&whole, wire, &a);
    CHECK(!a.overflow);
    assert_fits(text_span(&a));
    struct text rest = text_over(logs[1], LOG_SIZE);
    explain_settle(&whole, &rest);
    if (whole.phase != EXPLAIN_HEAD && (data[0] & 3) == 3)
        compare(&whole, wire);
    begin(&cut, data[0]);
    for (size_t at = 0; at < wire.len;) {
        size_t len = (size_t)random_below(&random, 20);
        len = bytes_min(len, wire.len - at);
        take(&cut, bytes_part(wire, at, len), &b);
        at += len;
    }
    CHECK(bytes_equal(text_span(&a), text_span(&b)));
    struct text room = text_over(logs[1], LOG_SIZE);
    (void)explain_end(&whole, &room);
    assert_fits(text_span(&room));
    return 0;
}
