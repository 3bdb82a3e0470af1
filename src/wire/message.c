/* SPDX-License-Identifier: MIT */
#include "wire/message.h"

_Static_assert(sizeof(struct message_reader) == 24, "it is in every slot");

/* reader->flags. A message is unfinished while reader->opcode is not 0, and a
   frame while reader->payload_left is not 0: these need no flag. */
enum {
    MESSAGE_FLAG_FIN = 1,        /* the present frame is the message's last */
    MESSAGE_FLAG_COMPRESSED = 2, /* RSV1 was set on the message's first */
    MESSAGE_FLAG_TOLD = 4,       /* a piece of the message was handed on */
    MESSAGE_FLAG_CLOSED = 8,     /* a Close was read */
};

/* ---- Payload ------------------------------------------------------------- */

/* True while the message's text may be UTF-8 (RFC 6455 8.1). Of a compressed
   message only what comes out of inflating is text. */
static bool text_legal(struct message_reader *reader, struct span piece,
                       bool last)
{
    if (reader->opcode != FRAME_TEXT || reader->flags & MESSAGE_FLAG_COMPRESSED)
        return true;
    return utf8_take(&reader->utf8, piece.ptr, piece.len) &&
           (!last || utf8_whole(&reader->utf8));
}

/* Make masking_key[0] the byte for the payload that follows these bytes. */
static void turn_key(uint8_t masking_key[4], size_t taken)
{
    uint8_t key[4];
    memcpy(key, masking_key, sizeof key);
    for (size_t i = 0; i < sizeof key; i++)
        masking_key[i] = key[(taken + i) & 3];
}

/* As much of the present data frame as in[0, len) holds, as one piece. */
static size_t take_payload(struct message_reader *reader, uint8_t *in,
                           size_t len, struct message_event *event)
{
    size_t piece = (size_t)bytes_min64(reader->payload_left, len);
    frame_mask(in, piece, reader->masking_key, 0);
    bool frame_end = piece == reader->payload_left;
    bool last = frame_end && reader->flags & MESSAGE_FLAG_FIN;
    if (!text_legal(reader, bytes_span(in, piece), last)) {
        reader->fault = FAULT_TEXT;
        return 0;
    }
    *event = (struct message_event){
        .type = MESSAGE_DATA,
        .opcode = reader->opcode,
        .compressed = (reader->flags & MESSAGE_FLAG_COMPRESSED) != 0,
        .first = (reader->flags & MESSAGE_FLAG_TOLD) == 0,
        .last = last,
        .frame_end = frame_end,
        .ptr = in,
        .len = piece,
    };
    reader->payload_left -= piece;
    reader->flags |= MESSAGE_FLAG_TOLD;
    if (!frame_end)
        turn_key(reader->masking_key, piece);
    if (last)
        reader->opcode = 0;
    return piece;
}

/* ---- Frames -------------------------------------------------------------- */

/* A control frame, whole (RFC 6455 5.5). It may come inside a message, so it
   leaves the message's fields alone. */
static void take_control(struct message_reader *reader,
                         const struct frame_header *header, uint8_t *payload,
                         struct message_event *event)
{
    size_t len = (size_t)header->payload_length;
    frame_mask(payload, len, header->masking_key, 0);
    event->ptr = payload;
    event->len = len;
    if (header->opcode != FRAME_CLOSE) {
        event->type =
            header->opcode == FRAME_PING ? MESSAGE_PING : MESSAGE_PONG;
        return;
    }
    reader->fault =
        (uint8_t)close_payload(bytes_span(payload, len), &event->code);
    if (reader->fault != FAULT_NONE)
        return;
    reader->flags |= MESSAGE_FLAG_CLOSED;
    event->type = MESSAGE_CLOSE;
    if (len > 0) { /* the reason begins behind the code */
        event->ptr += 2;
        event->len -= 2;
    }
}

/*
 * The message that a data frame begins or goes on with. False when it gets
 * longer than `limit`: compared before it is added. The limit is not for
 * compressed messages, whose length on the wire says little. Without a limit
 * nothing is added up: fragments may come to more than any sum can hold.
 */
static bool begin_frame(struct message_reader *reader,
                        const struct frame_header *header, uint64_t limit)
{
    if (header->opcode != FRAME_CONTINUATION) {
        reader->opcode = header->opcode;
        reader->flags = header->reserved ? MESSAGE_FLAG_COMPRESSED : 0;
        reader->message_len = 0;
    }
    if (header->fin)
        reader->flags |= MESSAGE_FLAG_FIN;
    memcpy(reader->masking_key, header->masking_key,
           sizeof reader->masking_key);
    reader->payload_left = header->payload_length;

    if (limit == MESSAGE_UNLIMITED || reader->flags & MESSAGE_FLAG_COMPRESSED)
        return true;
    if (header->payload_length > limit - reader->message_len)
        return false;
    reader->message_len += (uint32_t)header->payload_length;
    return true;
}

/* in[0, len) begins with a frame's header, whole or not. */
static size_t take_frame(struct message_reader *reader,
                         const struct message_rules *rules, uint8_t *in,
                         size_t len, struct message_event *event)
{
    struct frame_header header;
    enum frame_step step = frame_read(&header, in, len);
    if (len < 2)
        return 0;
    enum fault fault =
        message_check_start(&header, in[1], rules->permessage_deflate,
                            reader->opcode, !rules->of_server);
    if (fault == FAULT_NONE && step > FRAME_DONE)
        fault = step == FRAME_LONG ? FAULT_LENGTH_LONG : FAULT_LENGTH_WASTEFUL;
    reader->fault = (uint8_t)fault;
    if (fault != FAULT_NONE || step == FRAME_MORE)
        return 0;

    size_t header_len = header.header_len;
    if (frame_is_control(header.opcode)) {
        if (len - header_len < header.payload_length)
            return 0;
        take_control(reader, &header, in + header_len, event);
        return header_len + (size_t)header.payload_length;
    }
    if (!begin_frame(reader, &header, rules->limit)) {
        reader->fault = FAULT_TOO_BIG;
        return 0;
    }
    if (len == header_len && reader->payload_left > 0)
        return len; /* no piece of it yet */
    return header_len +
           take_payload(reader, in + header_len, len - header_len, event);
}

/* One step of a reader that has not failed. */
static size_t take(struct message_reader *reader,
                   const struct message_rules *rules, uint8_t *in, size_t len,
                   struct message_event *event)
{
    if (reader->flags & MESSAGE_FLAG_CLOSED)
        return len; /* RFC 6455 5.5.1 */
    if (reader->payload_left == 0)
        return take_frame(reader, rules, in, len, event);
    return len > 0 ? take_payload(reader, in, len, event) : 0;
}

size_t message_read(struct message_reader *reader,
                    const struct message_rules *rules, uint8_t *in, size_t len,
                    struct message_event *event)
{
    event->type = MESSAGE_NONE;
    size_t taken = 0;
    if (reader->fault == FAULT_NONE)
        taken = take(reader, rules, in, len, event);
    if (reader->fault == FAULT_NONE)
        return taken;
    *event = (struct message_event){
        .type = MESSAGE_FAIL,
        .code = fault_rules[reader->fault].answer,
        .reason = fault_rules[reader->fault].what,
    };
    return len;
}

/* ---- The short way ------------------------------------------------------- */

#define SHORT_HEADER 6 /* bytes: a length of seven bits, and a key */

/* The payload bytes of a whole message of one short frame; else SIZE_MAX. */
static size_t short_len(struct span in)
{
    if (in.len < SHORT_HEADER || (in.ptr[0] != (FRAME_FIN | FRAME_TEXT) &&
                                  in.ptr[0] != (FRAME_FIN | FRAME_BINARY)))
        return SIZE_MAX;
    size_t len = in.ptr[1] ^ FRAME_MASK; /* 128 or more: it is not masked */
    return len <= FRAME_CONTROL_MAX && len <= in.len - SHORT_HEADER ? len
                                                                    : SIZE_MAX;
}

size_t message_echo(struct span in, struct text *out, uint32_t *count)
{
    size_t before = in.len;
    for (*count = 0;; ++*count) {
        uint8_t *to = out->ptr + out->len;
        size_t len = short_len(in);
        if (len == SIZE_MAX || out->size - out->len < 2 + len)
            break;
        to += frame_write(to, in.ptr[0], len);
        if (len)
            memcpy(to, in.ptr + SHORT_HEADER, len);
        frame_mask(to, len, in.ptr + 2, 0);
        if (in.ptr[0] == (FRAME_FIN | FRAME_TEXT) &&
            !utf8_valid(bytes_span(to, len)))
            break;
        out->len += 2 + len;
        in = bytes_after(in, SHORT_HEADER + len);
    }
    return before - in.len;
}

bool message_at_rest(const struct message_reader *reader)
{
    return reader->opcode == 0 && reader->fault == FAULT_NONE &&
           (reader->flags & MESSAGE_FLAG_CLOSED) == 0;
}
