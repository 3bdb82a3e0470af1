/* SPDX-License-Identifier: MIT */
/*
 * watch: all that a server says to one peer must be what a server may say.
 *
 * It follows the peer's stream, whatever the peer did: responses first, then
 * frames. peer.c reads the frames and minds their shape; here it is minded
 * what they mean:
 *
 *   - A response is HTTP/1.1 and says how long its body is.
 *   - Text is UTF-8; in the JSON form it is JSON. Messages there come in their
 *     order, and to those of chatd.v1, who hear their own too, every one.
 *   - A Close has a code that may be sent and a reason in UTF-8; it is the
 *     last frame; and no WebSocket is shut politely without one.
 */
#ifndef FUZZ_WATCH_H
#define FUZZ_WATCH_H

#include "sim/peer.h"

struct watch {
    struct peer *peer;
    bool answers;  /* pings with pongs, a Close with a Close */
    bool is_json;  /* it asked for the JSON form, and for nothing else */
    bool is_v1;    /* subprotocol chatd.v1 was agreed on */
    bool open;     /* 101 has come */
    bool closed;   /* a Close has come: */
    unsigned code; /* its code, or 1005 */
    uint64_t body; /* of a response: bytes still to come */
    bool headless; /* ... or none: only who asked knows whether by HEAD */
    uint64_t epoch, number; /* of the last JSON message; 0: none has come */
};

/* Read at most so many bytes more: how many there were. */
size_t watch_pull(struct watch *w, size_t most);

/* Look at what has been read. True when there is a whole data message, which
   stays until the next call; all else is dealt with inside. */
bool watch_next(struct watch *w, struct peer_frame *message);

/* Nothing more will come. */
void watch_end(const struct watch *w);

/* Of the JSON messages that anybody has heard, the place of the first one or
   the last ("18c5f3a2b10-42"), or "". For ?since. */
const char *watch_place(bool last);
void watch_forget_places(void);

#endif
