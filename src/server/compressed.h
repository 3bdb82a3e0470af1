/* SPDX-License-Identifier: MIT */
/*
 * compressed: messages under permessage-deflate (RFC 7692) on their way.
 *
 * Both sides begin each message with an empty window (wire/extension.h), so
 * only a message that is under way costs something: a context to inflate it,
 * lent out from its first piece to its last, and for an echo one to deflate.
 *
 *   piece -> inflate -> chunk -> the service
 *            |                    echo: deflate -> frame, in the same turn
 *            stops when its share of the turn is over, or the answer would
 *            not fit: what it has not taken is held for the next turn
 *
 * A chat message is gathered behind its context: it may be long, while the
 * input that is held is long as well.
 *
 *   a lease:   [ struct compressed_in | message so far )       --max-message ]
 */
#ifndef SERVER_COMPRESSED_H
#define SERVER_COMPRESSED_H

#include "server/server.h"

/* A compressed message that comes in. */
struct compressed_in {
    struct permessage_reader reader;
    struct utf8 utf8; /* of a text that is handed on in chunks */
    size_t len;       /* bytes of a message that is gathered, so far */
    uint8_t opcode;
    bool first;   /* no chunk was handed on yet */
    bool last;    /* the present piece is its last */
    bool waiting; /* stopped inside a piece */
};

/* One that goes out. */
struct compressed_out {
    struct deflate deflate;
    size_t pending; /* bytes deflated since the last flush */
    bool begun;     /* a frame of it was sent */
};

/* Bytes of one such lease. */
#define COMPRESSED_IN_SIZE(max_message)                                        \
    ((sizeof(struct compressed_in) + (max_message) + 63) / 64 * 64)
#define COMPRESSED_OUT_SIZE ((sizeof(struct compressed_out) + 63) / 64 * 64)

/* Where a message is gathered: --max-message bytes. */
static inline uint8_t *compressed_gathered(struct compressed_in *in)
{
    return (uint8_t *)(in + 1);
}

/* A message begins, in this leased context (LEASE_NONE: there is none). */
void compressed_begin(struct server *s, struct client *c, uint32_t context,
                      uint8_t opcode);

/* The message that the client is in the middle of sending, or that is taken
   whole; NULL when there is no context for it. */
struct compressed_in *compressed_in_of(struct server *s, struct client *c);

/* It is handled: its context is free. */
void compressed_in_end(struct server *s, struct client *c);

/* Answer with a chunk of a compressed message, compressed. False, with nothing
   done, when there was no context for that when the message began: then all of
   it goes back uncompressed, which is as legal (RFC 7692 6). */
bool compressed_reply(struct server *s, struct client *c,
                      const struct message_event *event);

/* Bytes of staging that the answer to one chunk may take. */
size_t compressed_reply_max(const struct server *s);

/*
 * A whole message as a compressed frame for a room, where it is of a size that
 * is tried, and comes out smaller: true, with its header in *head and payload
 * in *body. They lie in the half of the server's buffer that is the log's,
 * until the next.
 */
bool compressed_frame(struct server *s, uint8_t opcode, struct span payload,
                      enum room_log log, struct span *head, struct span *body);

/* The client's messages under way are given up. */
void compressed_end(struct server *s, struct client *c);

#endif
