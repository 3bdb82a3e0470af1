/* SPDX-License-Identifier: MIT */
/*
 * show: what was heard, on standard output.
 *
 * A message is a line. In a pipe its bytes are as they came. On a terminal no
 * message may steer it: a control character but TAB and newline is shown as
 * '?', and so is one of C1 (ECMA-48 5.2), which some terminals obey.
 */
#ifndef CLIENT_SHOW_H
#define CLIENT_SHOW_H

#include "base/text.h"
#include "client/said.h"

#define SHOW_SIZE 4096

struct show {
    bool terminal;
    bool after_c2; /* C2, which may begin one of C1, waits to be written */
    int failure;   /* of standard output: -errno; nothing is written then */
    size_t len;    /* bytes gathered */
    uint8_t bytes[SHOW_SIZE];
};

/* A piece of a message, and what is ours. */
void show_message(struct show *s, struct span piece);
void show_words(struct show *s, const char *words);
void show_number(struct show *s, uint64_t number);

/* What a room says, as a line of chat. */
void show_said(struct show *s, const struct said *said);

/* Write what was gathered. */
void show_flush(struct show *s);

#endif
