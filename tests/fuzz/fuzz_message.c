/* SPDX-License-Identifier: MIT */
/*
 * fuzz_message: the message reader, under every rule and cut.
 *
 * The first byte chooses the rules, the next two seed the cuts, the rest is
 * the wire. What is told must not depend on the cuts, and the promises of
 * message.h, which support/events watches, must be kept.
 */
#include "base/check.h"
#include "support/events.h"
#include "support/random.h"

#define WIRE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct message_rules rules_of(uint8_t byte)
{
    static const uint64_t limits[] = {MESSAGE_UNLIMITED, 0, 10, 300};
    return (struct message_rules){
        .limit = limits[byte >> 1 & 3],
        .permessage_deflate = (byte & 1) != 0,
        .of_server = (byte & 8) != 0,
    };
}

/* Feed the wire in parts of 0 to longest bytes. */
static void feed(struct events *e, struct span wire, struct random *r,
                 uint64_t longest)
{
    for (size_t at = 0; at < wire.len;) {
        size_t len = (size_t)random_below(r, longest + 1);
        len = bytes_min(len, wire.len - at);
        events_take(e, wire.ptr + at, len);
        at += len;
    }
    CHECK(e->broken == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct events whole, cut;
    if (!whole.edge) {
        events_make(&whole, WIRE_MAX);
        events_make(&cut, WIRE_MAX);
    }
    if (size < 3 || size > WIRE_MAX)
        return 0;
    struct message_rules rules = rules_of(data[0]);
    struct random random = random_of(bytes_get16(data + 1));
    struct span wire = bytes_span(data + 3, size - 3);

    events_begin(&whole, &rules);
    events_take(&whole, wire.ptr, wire.len);
    CHECK(whole.broken == NULL);

    for (uint64_t longest = 1; longest <= 64; longest *= 4) {
        events_begin(&cut, &rules);
        feed(&cut, wire, &random, longest);
        CHECK(bytes_equal(text_span(&cut.log), text_span(&whole.log)));
        CHECK(message_at_rest(&cut.reader) == message_at_rest(&whole.reader));
        if (whole.end.type != MESSAGE_FAIL)
            CHECK(cut.kept_len == whole.kept_len);
    }
    return 0;
}
