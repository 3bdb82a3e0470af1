/* SPDX-License-Identifier: MIT */
/*
 * message: from a peer's bytes to messages (RFC 6455 5.4 to 5.6, 6.2, 8.1).
 *
 * The peer is a client, or with rules->of_server a server. The rules are the
 * same but for one: a client MUST mask its frames, a server MUST NOT (5.1).
 *
 * The reader is pulled: message_read takes bytes from the front of what the
 * caller has and fills one event. It keeps no bytes itself. A frame header or
 * a control frame that is not whole yet is not taken at all: the caller keeps
 * those bytes (at most FRAME_HEADER_MAX + FRAME_CONTROL_MAX) and shows them
 * again with more behind. Payload of data frames is handed on as it comes, in
 * any number of pieces, unmasked in place.
 *
 *   one message, two fragments, a ping between them, as the reader tells it:
 *
 *     text fin=0 "Hel"  ->  MESSAGE_DATA  first        "Hel"
 *     ping "!"          ->  MESSAGE_PING               "!"
 *     cont fin=1 "lo"   ->  MESSAGE_DATA        last   "lo"
 *
 * Checked here, each failure sticky with its first reason: reserved bits and
 * opcodes, the mask (5.1), lengths, control frames (5.5:
 * at most 125 bytes, not fragmented), the order of fragments, UTF-8 of text
 * across every cut, the payload of Close, and the caller's limit, from the
 * header, before any payload.
 *
 *   state: between   waits for a frame's header; no message has begun
 *          inside    waits for the header of a continuation (or a control
 *                    frame); a fragmented message has begun
 *          payload   waits for payload_left bytes of a data frame
 *          closed    a Close was read: nothing after it is looked at (5.5.1)
 *          failed    for good
 *
 *   between -> payload -> between | inside;  inside -> payload
 *   between | inside -> closed;  any -> failed
 */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "base/text.h"
#include "base/utf8.h"
#include "wire/close.h"

#define MESSAGE_UNLIMITED UINT64_MAX

/* 24 bytes: it lives in every client's slot. All zero but for `limit` is the
   start of a connection. */
struct message_reader {
    uint64_t payload_left;  /* bytes of the present data frame still to come */
    uint8_t masking_key[4]; /* of the present data frame, turned so that
                               byte 0 is for the next payload byte */
    struct utf8 utf8;       /* of the present text message; as no text ends
                               inside a character, ready for the next one */
    uint32_t message_len;   /* payload bytes the present message's frames have
                               announced so far; counted under a limit only */
    uint8_t opcode;         /* FRAME_TEXT or FRAME_BINARY while a message is
                               unfinished, else 0 */
    uint8_t flags;          /* MESSAGE_FLAG_* of message.c */
    uint8_t fault;          /* enum fault: which failure, if any */
};

enum message_type {
    MESSAGE_NONE,  /* more bytes are needed */
    MESSAGE_DATA,  /* a piece of a message */
    MESSAGE_PING,  /* answer it with the same payload (5.5.3) */
    MESSAGE_PONG,  /* a sign of life */
    MESSAGE_CLOSE, /* code and reason; nothing follows */
    MESSAGE_FAIL,  /* close with `code`; nothing follows */
};

/* Only the fields that the type names are filled in. */
struct message_event {
    enum message_type type;
    uint8_t opcode;     /* DATA: FRAME_TEXT or FRAME_BINARY, of the message */
    bool compressed;    /* DATA: RSV1 was set on the message's first frame
                           (RFC 7692 6); utf8 was then not checked */
    bool first;         /* DATA: the first piece of a message */
    bool last;          /* DATA: its last piece */
    bool frame_end;     /* DATA: a frame ends with this piece */
    uint8_t *ptr;       /* DATA, PING, PONG: unmasked payload, inside `in`;
                           CLOSE: the reason */
    size_t len;         /* its bytes; may be 0 */
    unsigned code;      /* CLOSE: the peer's code, or CLOSE_NO_STATUS;
                           FAIL: the code to close with */
    const char *reason; /* FAIL: a sentence, static */
};

/* What a connection allows, the same for its whole life. */
struct message_rules {
    uint64_t limit;          /* most payload bytes of an uncompressed message,
                             below 2^32, or MESSAGE_UNLIMITED; told as
                             CLOSE_TOO_BIG */
    bool permessage_deflate; /* RSV1 is negotiated (RFC 7692) */
    bool of_server;          /* the peer is a server, and we are its client */
};

/*
 * Take bytes from in[0, len) and fill *event. Returns how many were taken;
 * only with MESSAGE_NONE may that be less than len without the caller calling
 * again for the rest: in[returned, len) is then an unfinished header or
 * control frame to be shown again with more behind. Whatever can be told from
 * a header's first two bytes is told as soon as these are there.
 * After CLOSE the reader gives MESSAGE_NONE and takes everything: bytes after
 * a Close are thrown away. FAIL takes everything, and comes again, the same,
 * at each call after it.
 * Every event other than NONE makes progress, so a loop over this ends.
 * A data frame's header with empty payload gives a DATA event with len 0.
 * A header alone, whose payload has not begun to arrive, gives no event but
 * is taken (it is checked, so failures come at once); `first` then comes with
 * the first payload bytes.
 */
size_t message_read(struct message_reader *reader,
                    const struct message_rules *rules, uint8_t *in, size_t len,
                    struct message_event *event);

/*
 * The short way of an echo. At the front of what a client has sent, to a reader
 * at rest, are whole messages of one short frame each (125 bytes at most, not
 * compressed): they go to `out` as the frames that a server sends back, as many
 * as fit. Returns the bytes taken, *count the messages. What is next, or is not
 * legal, is for message_read, and the reader is as before.
 */
size_t message_echo(struct span in, struct text *out, uint32_t *count);

/* True between messages: nothing begun, nothing failed, no Close read. */
bool message_at_rest(const struct message_reader *reader);

/* The reserved bits that may be set: with permessage-deflate RSV1, on the first
   frame of a message (RFC 7692 6). */
static inline uint8_t message_legal_bits(bool deflate, uint8_t opcode)
{
    bool first = opcode == FRAME_TEXT || opcode == FRAME_BINARY;
    return deflate && first ? FRAME_RSV1 : 0;
}

/* What the first two bytes of a frame alone can have wrong. `second` is the
   second one, `unfinished` the opcode of the message that is unfinished, or
   0. */
static inline enum fault message_check_start(const struct frame_header *header,
                                             uint8_t second, bool deflate,
                                             uint8_t unfinished, bool by_client)
{
    bool control = frame_is_control(header->opcode);
    bool continues = header->opcode == FRAME_CONTINUATION;
    if (header->reserved & ~message_legal_bits(deflate, header->opcode))
        return FAULT_RESERVED; /* RFC 6455 5.2 */
    if (!frame_opcode_known(header->opcode))
        return FAULT_OPCODE; /* RFC 6455 5.2 */
    if (control && !header->fin)
        return FAULT_CONTROL_FRAGMENTED; /* RFC 6455 5.5 */
    if (control && (second & FRAME_LENGTH_BITS) > FRAME_CONTROL_MAX)
        return FAULT_CONTROL_LONG;   /* RFC 6455 5.5 */
    if (header->masked != by_client) /* RFC 6455 5.1 */
        return by_client ? FAULT_UNMASKED : FAULT_MASKED;
    if (continues && unfinished == 0)
        return FAULT_NOTHING_TO_CONTINUE; /* RFC 6455 5.4 */
    if (!control && !continues && unfinished != 0)
        return FAULT_NOT_CONTINUED; /* RFC 6455 5.4 */
    return FAULT_NONE;
}

#endif
