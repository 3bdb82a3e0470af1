/* SPDX-License-Identifier: MIT */
/*
 * journal: what the log says. One logfmt line an event:
 *
 *   time=2026-11-20T11:30:37.042Z level=info event=close client=17 code=1001
 *
 * Of each kind LIMITS_LOG_LINES a second are written, and with --log debug all;
 * the rest is counted in one line: event=suppressed of=close count=1234. Values
 * are quoted and escaped where needed, so that nobody outside can write lines of
 * his own. What is in messages is never logged.
 */
#ifndef SERVER_JOURNAL_H
#define SERVER_JOURNAL_H

#include "server/limits.h"

enum journal_kind {
    JOURNAL_START,
    JOURNAL_OPEN,
    JOURNAL_CLOSE,
    JOURNAL_REFUSE,
    JOURNAL_STATE,
    JOURNAL_STOP,
    JOURNAL_WARN,
    JOURNAL_WORKER, /* the keeper's: what becomes of a worker */
    JOURNAL_REDIS,  /* the bus's: is it here, or away? */
    JOURNAL_KINDS,
};

/* Why a connection ended, as `cause=` tells it. */
enum journal_cause {
    CAUSE_NONE,
    CAUSE_CLOSE,           /* the client's Close */
    CAUSE_END,             /* the client's end of stream without a Close */
    CAUSE_RESET,           /* the connection broke */
    CAUSE_PROTOCOL,        /* a fault in the client's frames or data */
    CAUSE_TOO_BIG,         /* a message over the limit */
    CAUSE_PONG_TIMEOUT,    /* no sign of life */
    CAUSE_MESSAGE_TIMEOUT, /* a message begun and not finished */
    CAUSE_WRITE_TIMEOUT,   /* the peer took too little of our output */
    CAUSE_CLOSE_TIMEOUT,   /* the closing handshake took too long */
    CAUSE_OVERRUN,         /* fell further behind than the room's log */
    CAUSE_NO_BUFFER,       /* all leased buffers taken */
    CAUSE_STOPPING,        /* the server stops */
    CAUSE_REQUEST_TIMEOUT, /* no whole request in time */
    CAUSE_REFUSED,         /* a response with Connection: close was sent */
    CAUSE_TOKEN,           /* it ended, or does not open this */
    CAUSE_REDIS,           /* what was said is not known, or cannot be said */
    CAUSE_FAULT,           /* ours */
    CAUSES,
};

struct journal {
    enum limits_level level; /* what is less important is not written */
    uint64_t second;         /* the present one, since 1970 */
    struct {
        uint32_t lines; /* written in this second */
        uint32_t left_out;
    } kinds[JOURNAL_KINDS];
    uint32_t worker; /* + 1, of several: each line tells it; else 0 */
    bool owing;      /* lines were left out and not yet counted */
};

/* A line being written; it lives on the caller's stack. */
struct journal_line {
    struct text text;
    uint8_t bytes[LOG_LINE_MAX];
};

/* Begin a line. False: it is not to be written, for its level or because there
   are too many of its kind. `wall` is ms since 1970. */
bool journal_begin(struct journal *j, struct journal_line *line,
                   enum limits_level level, enum journal_kind kind,
                   uint64_t wall);

/* Add key=value. Values are cut where the line is full. */
void journal_put(struct journal_line *line, const char *key, struct span value);
void journal_number(struct journal_line *line, const char *key, uint64_t value);

/* Write it. */
void journal_end(struct journal_line *line);

/* A whole line: event=warning, why=, and where `result` is a -errno error=: what
   the system would not do is of level error. */
void journal_warn(struct journal *j, uint64_t wall, const char *why,
                  int result);

/* Once a second or so while `owing`: tell how many lines were left out. */
void journal_settle(struct journal *j, uint64_t wall);

/* The word for a cause: "pong-timeout". */
const char *journal_cause_word(enum journal_cause cause);

#endif
