/* SPDX-License-Identifier: MIT */
/*
 * sources: src/wire/message.c
 * with: src/wire/close.c src/wire/frame.c src/wire/fault.c src/base/utf8.c src/base/bytes.c
 * uses: frame_mask utf8_take utf8_valid
 * eva: -eva-slevel 400 -eva-split-return-function message_read:0,take:0
 * eva: -eva-split-return-function take_frame:0,take_payload:0,text_legal:0
 * eva: -eva-split-return-function begin_frame:0,message_check_start_0:0
 * eva: -eva-split-return-function frame_read:1
 *
 * One call, with any rules, of a reader in any state that calls before it can
 * have left, over any bytes. As the state afterwards is one of those, too, this
 * holds for any number of calls.
 */
#include "tests/prove/contracts.h"
#include "tests/prove/prove.h"

#include "wire/message.h"

static struct message_rules any_rules(void)
{
    return (struct message_rules){
        .limit = any_bool() ? any_u32() : MESSAGE_UNLIMITED,
        .permessage_deflate = any_bool(),
        .of_server = any_bool(),
    };
}

static struct message_reader any_reader(uint64_t least_left, uint64_t most_left)
{
    struct message_reader r = {
        .payload_left = any_between(least_left, most_left),
        .utf8 = {.missing = (uint8_t)any_between(0, 3),
                 .lowest = any_u8(),
                 .highest = any_u8(),
                 .failed = any_bool()},
        .message_len = any_u32(),
        .opcode = (uint8_t)any_between(0, FRAME_BINARY),
        .flags = (uint8_t)any_between(0, 15),
        .fault = (uint8_t)any_between(0, FAULTS - 1),
    };
    any_bytes(r.masking_key, sizeof r.masking_key);
    return r;
}

static void check_reader(const struct message_reader *r)
{
    //@ assert payload: r->payload_left <= INT64_MAX;
    //@ assert utf8: r->utf8.missing <= 3;
    //@ assert opcode: r->opcode <= FRAME_BINARY;
    //@ assert flags: r->flags <= 15;
    //@ assert fault: r->fault < FAULTS;
}

static void read_one(struct message_reader *reader, uint8_t *in, size_t len)
{
    struct message_rules rules = any_rules();
    struct message_event event = {0};
    size_t taken = message_read(reader, &rules, in, len, &event);
    //@ assert taken: taken <= len;
    check_reader(reader);
    message_at_rest(reader);
    if (event.type == MESSAGE_NONE)
        return;
    //@ assert progress: taken > 0 || len == 0;
    if (event.ptr) { /* of a failure there is none */
        //@ assert inside: in <= event.ptr <= in + len;
        //@ assert no_longer: event.len <= len;
    }
}

/* A header with this opcode, and a second byte within these. */
static void read_header(uint8_t *in, size_t len, uint8_t opcode, uint8_t least,
                        uint8_t most)
{
    struct message_reader reader = any_reader(0, 0);
    any_bytes(in, len);
    in[0] = (uint8_t)(any_between(0, 15) << 4 | opcode);
    in[1] = (uint8_t)any_between(least, most);
    read_one(&reader, in, len);
}

/* Each length that is less than what is there, and all that are not. */
static void read_lengths(uint8_t *in, size_t len, uint8_t opcode, uint8_t mask)
{
    for (uint8_t length = 0; length < len; length++)
        read_header(in, len, opcode, mask | length, mask | length);
    read_header(in, len, opcode, (uint8_t)(mask | len),
                mask | FRAME_CONTROL_MAX);
    read_header(in, len, opcode, mask | 126, mask | 126);
    read_header(in, len, opcode, mask | 127, mask | 127);
}

static void read_headers(uint8_t *in, size_t len)
{
    for (uint8_t opcode = 0; opcode <= FRAME_OPCODE_BITS; opcode++) {
        if (!frame_opcode_known(opcode)) {
            read_header(in, len, opcode, 0, UINT8_MAX);
            continue;
        }
        read_lengths(in, len, opcode, 0);
        read_lengths(in, len, opcode, FRAME_MASK);
    }
}

/* Inside a data frame. */
static void read_payload(uint8_t *in, size_t len)
{
    struct message_reader reader = any_reader(len ? len : 1, INT64_MAX);
    read_one(&reader, in, len);
    for (uint64_t left = 1; left < len; left++) {
        reader = any_reader(left, left);
        read_one(&reader, in, len);
    }
}

static void read_any(size_t len)
{
    uint8_t memory[FRAME_HEADER_MAX];
    uint8_t *in = any_end(memory, sizeof memory, len);
    struct message_reader reader = any_reader(0, 0);
    if (len < 2)
        read_one(&reader, in, len);
    else
        read_headers(in, len);
    read_payload(in, len);
}

/* The short way: a frame with this second byte, of any kind, and so much space. */
static void echo_one(size_t len, uint8_t second, size_t size)
{
    uint8_t memory[FRAME_HEADER_MAX], space[4];
    uint8_t *in = any_end(memory, sizeof memory, len);
    struct text out = text_over(any_end(space, sizeof space, size), size);
    uint32_t count;
    any_bytes(in, len);
    if (len > 1)
        in[1] = second;
    size_t taken = message_echo(bytes_span(in, len), &out, &count);
    //@ assert echoed: taken <= len && out.len <= size;
}

static void echo_any(size_t len)
{
    static const uint8_t seconds[] = {0x80, 0x81, 0x82, 0xFE, 0xFF, 0x01, 0x7F};
    for (size_t i = 0; i < sizeof seconds; i++)
        for (size_t size = 0; size <= 4; size++)
            echo_one(len, seconds[i], size);
}

/* The lengths of headers, and others. */
void main(void)
{
    for (size_t len = 0; len <= 8; len++)
        echo_any(len);
    for (size_t len = 0; len <= SIZE(4, 8); len++)
        read_any(len);
    if (SIZE(0, 1))
        read_any(10);
    read_any(14);
}
