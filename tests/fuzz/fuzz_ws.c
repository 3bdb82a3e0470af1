/* SPDX-License-Identifier: MIT */
/*
 * Goal: whatever a server (or a client) sends, the connection of ws.h keeps
 * its promises, and tells the same however the bytes were cut; what it has to
 * answer fits where ws.h says, and is a legal frame.
 *
 * The first byte chooses role, compression and limit, the next two seed the
 * cuts. Then comes the wire: from the first byte of the handshake on, or (bit
 * 0x40) from the first frame on.
 */
#include "base/check.h"
#include "support/random.h"
#include "support/talk.h"

#define WIRE_MAX 4096
#define LOG_MAX  (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ws_config config_of(uint8_t byte)
{
    static const uint32_t limits[] = {0, 5, 300, 70000};
    struct ws_config config = {0};
    if (byte & 1)
        config = talk_client();
    config.deflate = (enum ws_deflate)((byte >> 1 & 3) % 3);
    config.max_message = limits[byte >> 3 & 3];
    config.no_takeover = (byte & 0x20) != 0;
    return config;
}

static void open_one(struct talk *t, const struct ws_config *config,
                     uint8_t byte)
{
    const char *fields = "";
    if (config->deflate)
        fields = config->no_takeover && config->client
                     ? "Sec-WebSocket-Extensions: permessage-deflate; "
                       "server_no_context_takeover\r\n"
                     : "Sec-WebSocket-Extensions: permessage-deflate\r\n";
    if (byte & 0x40) {
        talk_open(t, config, fields);
    } else {
        talk_begin(t, config);
        t->accepts = true;
    }
    CHECK(t->broken == NULL);
}

static void check_answer(struct talk *t, bool client)
{
    static const uint8_t key[4] = {1, 2, 3, 4};
    uint8_t out[WS_ANSWER_MAX];
    size_t len = ws_answer(t->ws, &t->end, key, out, sizeof out);
    CHECK(len <= sizeof out && (len == 0 || out[0] == 0x88));
    CHECK(len == 0 || (out[1] >> 7) == client);
    CHECK(ws_answer(t->ws, &t->end, key, out, sizeof out) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct talk whole, cut;
    if (!whole.edge) {
        talk_make(&whole, WIRE_MAX, LOG_MAX);
        talk_make(&cut, WIRE_MAX, LOG_MAX);
    }
    if (size < 3 || size > WIRE_MAX)
        return 0;
    struct ws_config config = config_of(data[0]);
    struct random random = random_of(bytes_get16(data + 1));
    struct span wire = bytes_span(data + 3, size - 3);
    config.max_message = config.max_message ? config.max_message : 200000;
    open_one(&whole, &config, data[0]);
    talk_take(&whole, wire.ptr, wire.len);
    CHECK(whole.broken == NULL);
    for (uint64_t longest = 1; longest <= 64; longest *= 8) {
        open_one(&cut, &config, data[0]);
        for (size_t at = 0; at < wire.len;) {
            size_t len = (size_t)random_below(&random, longest + 1);
            len = bytes_min(len, wire.len - at);
            talk_take(&cut, wire.ptr + at, len);
            at += len;
        }
        CHECK(cut.broken == NULL);
        CHECK(bytes_equal(text_span(&cut.log), text_span(&whole.log)));
    }
    if (whole.over && whole.end.kind != WS_REFUSED)
        check_answer(&whole, config.client);
    return 0;
}
