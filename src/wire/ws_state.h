/* SPDX-License-Identifier: MIT */
/* ws_state: what a connection of ws.h keeps, for the parts of ws. */
#ifndef WIRE_WS_STATE_H
#define WIRE_WS_STATE_H

#include "wire/message.h"
#include "wire/opening.h"
#include "wire/permessage.h"

#define WS_STATE_PIECE 4096 /* WS_PIECE */

struct ws_config;
struct ws_event;

/*
 * What ws_read waits for:
 *
 *   HEAD     the empty line of a request, or of a response
 *   ASKED    (server) nothing: ws_accept or ws_refuse is due
 *   FRAMES   frames
 *   OVER     nothing: all bytes are thrown away
 *
 *   HEAD -> ASKED -> FRAMES -> OVER;  HEAD -> FRAMES | OVER
 */
enum ws_phase { WS_HEAD, WS_ASKED, WS_FRAMES, WS_OVER };

/* A compressed message that is being read. */
struct ws_unpack {
    struct permessage_reader reader;
    struct utf8 utf8;
    bool kept;      /* there was a message before, whose window is good */
    bool text;      /* the present one is text, */
    bool told;      /* a piece of it was told, */
    uint64_t len;   /* and so many bytes have come out of it */
    size_t pending; /* bytes at the front of `in`, unmasked, to be inflated */
    bool held;      /* more may come out, without any more bytes */
    bool last;      /* and then the message ends */
    uint8_t piece[WS_STATE_PIECE];
};

struct ws {
    const struct ws_config *config;
    struct message_reader reader;
    struct message_rules rules;
    struct http_scan scan;
    uint8_t phase;  /* enum ws_phase */
    bool refusable; /* ws_refuse has something to answer */
    bool opened;    /* the handshake has succeeded */
    bool closed;    /* a Close was written */
    uint8_t opcode; /* of the message that is being written, or 0 */
    bool begun;     /* the context of `pack` was: it may be gone on with */
    uint8_t accept[HANDSHAKE_ACCEPT_LEN]; /* of a server's answer, and */
    struct extension extension;           /* what it agrees to */
    struct extension_terms terms;
    struct ws_unpack *unpack; /* or NULL */
    struct deflate *pack;     /* or NULL */
};

/* Tell of a fault, for good; refuse a request, or tell that one is refused. */
void ws_fail(struct ws *ws, struct ws_event *event, enum fault fault);
void ws_turn_down(struct ws *ws, struct ws_event *event, unsigned status,
                  const char *reason);

/* A whole head: a client's answer, or a server's request. */
void ws_take_head(struct ws *ws, struct span head, struct ws_event *event);

#endif
