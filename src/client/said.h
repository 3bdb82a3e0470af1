/* SPDX-License-Identifier: MIT */
/*
 * said: what a room says to a client of chatd.v1 (tests/CONTRACT.md).
 *
 *     {"id":"687e04b050c5f3a2-42","time":1795163341123,"uid":"...",
 *      "name":"Ann","message":"hello"}
 *     {"event":"members","members":4}
 */
#ifndef CLIENT_SAID_H
#define CLIENT_SAID_H

#include "wire/json.h"

enum said_kind {
    SAID_UNKNOWN, /* none of these: an event of a later chatd, say */
    SAID_MESSAGE,
    SAID_WELCOME,
    SAID_MEMBERS,
    SAID_GAP,
    SAID_ERROR,
    SAID_EXPIRING,
    SAID_PAUSED, /* what is said has to wait */
    SAID_RESUMED,
};

/* What is not there has len 0, or is 0. Spans lie in the text. */
struct said {
    enum said_kind kind;
    struct span id;      /* MESSAGE */
    struct span uid;     /* MESSAGE, WELCOME: ours */
    struct span name;    /* MESSAGE */
    struct span message; /* MESSAGE; ERROR: what is wrong */
    struct span binary;  /* MESSAGE: in base64, in the place of a text */
    struct span room;    /* WELCOME */
    struct span last;    /* WELCOME: the id of the last message before */
    uint64_t time;       /* MESSAGE: milliseconds since 1970 */
    uint64_t members;    /* WELCOME, MEMBERS */
    uint64_t following;  /* WELCOME: messages that are replayed next */
    uint64_t seconds;    /* EXPIRING */
};

/* Read one; text is overwritten. False: it is no JSON object. */
bool said_read(struct said *s, uint8_t *text, size_t len);

#endif
