/* SPDX-License-Identifier: MIT */
/*
 * events: what a message reader tells, written down as text.
 *
 * It does for the reader what a caller must: it keeps the bytes that were not
 * taken and shows them again with the next ones behind them, always leaning on
 * a guard page. What comes out is a log of lines that does not depend on how
 * the input was cut, as the pieces of a frame are joined:
 *
 *    [text Hel         the first frame of a message, with its payload
 *    ping !
 *    text lo]          its last frame
 *    [binary* \xF2]    a message of one frame, compressed
 *    close 1000 bye
 *    fail 1002 a reserved bit is set
 *
 * Bytes that do not print are \xHH, and so are the backslash and brackets. Of
 * a frame that fails midway nothing is written: how much of it was handed on
 * before is the cut's doing.
 *
 * The promises of message.h that a log cannot show are watched beside it: the
 * first one that is not kept is the sentence in `broken`.
 */
#ifndef SUPPORT_EVENTS_H
#define SUPPORT_EVENTS_H

#include "base/text.h"
#include "wire/message.h"

/* The most that a caller must ever keep for the reader. */
#define EVENTS_KEPT_MAX (FRAME_HEADER_MAX + FRAME_CONTROL_MAX)

struct events {
    struct message_reader reader;
    struct message_rules rules;
    struct text log;
    const char *broken; /* a promise that was not kept, or NULL */

    uint8_t *edge; /* input is laid down so that it ends here */
    size_t size;   /* bytes that may lie before the edge */

    uint8_t kept[EVENTS_KEPT_MAX]; /* bytes not taken yet */
    size_t kept_len;
    size_t frame_start; /* where in the log the unfinished frame's line is */
    bool in_frame;      /* there is one */
    bool in_message;    /* a message was begun and not ended */
    bool over;          /* CLOSE or FAIL was told: */
    struct message_event end;
};

/* Room for parts of at most `size` bytes. Given back by events_free. */
void events_make(struct events *e, size_t size);
void events_free(struct events *e);

/* A new connection with an empty log. */
void events_begin(struct events *e, const struct message_rules *rules);

/* So many bytes more have arrived. */
void events_take(struct events *e, const uint8_t *ptr, size_t len);

/* ---- Writing such a log by hand ------------------------------------------ */

/* Which data frame of its message it is, and of which message. */
struct events_frame {
    bool binary;
    bool compressed;
    bool first;
    bool last;
};

void events_put_frame(struct text *log, struct events_frame frame,
                      struct span payload);

/* `what` is "ping", "pong", or "close 1000". */
void events_put_control(struct text *log, const char *what,
                        struct span payload);

#endif
