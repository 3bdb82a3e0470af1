/* SPDX-License-Identifier: MIT */
/*
 * talk: what a connection of ws.h tells, written down as text.
 *
 * It does for the connection what a caller must: it keeps what was not taken,
 * shows it again leaning on a guard page, and calls on until WS_NONE. The log
 * does not depend on how the input was cut, or on pieces:
 *
 *    [text Hel         a message begins, and is not at its end when
 *    ping !
 *    text lo]          another event comes between
 *    close 1000 bye
 *    fail 1002 a reserved bit is set
 *
 * Of a message that fails nothing is written since the event before: how much
 * of it was told is the cut's doing. The promises of ws.h are watched: the
 * first one that is not kept is the sentence in `broken`.
 */
#ifndef SUPPORT_TALK_H
#define SUPPORT_TALK_H

#include "base/text.h"
#include "wire/ws.h"

struct talk {
    struct ws *ws;
    struct text log;
    const char *broken;  /* a promise that was not kept, or NULL */
    struct ws_event end; /* the last WS_CLOSE, WS_FAIL or WS_REFUSED */
    bool over;           /* there is one */
    bool accepts;        /* a WS_REQUEST is accepted at once, to `out` */
    struct text out;

    uint8_t *edge; /* input is laid down so that it ends here */
    size_t size;   /* bytes that may lie before the edge */
    uint8_t kept[WS_IN_MIN];
    size_t kept_len;
    size_t line_start; /* where in the log the unfinished line is */
    bool in_line;
    bool in_message;
};

/* Room for parts of at most `size` bytes, and a log of log_size. */
void talk_make(struct talk *t, size_t size, size_t log_size);
void talk_free(struct talk *t);

/* A connection begins, with an empty log; *config stays the caller's. */
void talk_begin(struct talk *t, const struct ws_config *config);

/* So many bytes more have arrived. */
void talk_take(struct talk *t, const uint8_t *ptr, size_t len);

/* Bring it to where frames are exchanged: as a client, `fields` are more lines
   of the response (to the nonce of RFC 6455 1.3); as a server, of the
   request. */
void talk_open(struct talk *t, const struct ws_config *config,
               const char *fields);

/* The config of a client that asks as RFC 6455 1.3 does. */
struct ws_config talk_client(void);

#endif
