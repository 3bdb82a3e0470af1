/* SPDX-License-Identifier: MIT */
/*
 * session: one connection of --connect, from the call to its end.
 *
 *   standard input -> lines -> frames -> socket
 *   standard output <- lines <- events <- socket          (wire/ws.h)
 *
 *   CALLING   waits for the connection          -> OPENING
 *   OPENING   waits for the response            -> OPEN
 *   OPEN      reads lines, tells messages       -> CLOSING, DRAINING
 *   CLOSING   a Close was sent; waits for one   -> DRAINING
 *   DRAINING  both were; waits for the server to close TCP first (RFC 6455
 *             7.1.1)                            -> OVER
 *   any       an end that is no Close           -> OVER
 *
 * The parts: session_hear.c has what comes from the server, session_say.c what
 * goes to it. What is kept for the next connection (--stay) is in struct
 * session, too: it is not cleared between two.
 */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "base/utf8.h"
#include "client/show.h"
#include "client/target.h"
#include "client/unsaid.h"
#include "os/dial.h"
#include "os/socket.h"
#include "wire/ws.h"

#define SESSION_TYPED                                                          \
    (64 * 1024)                      /* bytes of input that may wait; a longer
                                        line goes out in fragments */
#define SESSION_MESSAGE (512 * 1024) /* of a room's message in JSON */
#define SESSION_UNSAID  (64 * 1024)
#define SESSION_OUT     (SESSION_MESSAGE + 16 * 1024)
#define SESSION_ID      64 /* bytes of a message's id, and of a uid */
#define SESSION_REASON  128

/* What is asked for; strings are the caller's. Times in milliseconds. */
struct session_settings {
    struct target target;
    const char *name;         /* ?name=, NULL: none */
    const char *origin;       /* NULL: none */
    const char *subprotocols; /* NULL: chatd.v1 in a room, else none */
    const char *fields;       /* more lines of the request, each with CRLF */
    bool binary;
    bool stay;
    bool compression;
    uint32_t ping; /* 0: off */
    uint32_t pong_timeout;
    uint32_t handshake_timeout;
    uint32_t close_timeout;
};

enum session_state {
    SESSION_CALLING,
    SESSION_OPENING,
    SESSION_OPEN,
    SESSION_CLOSING,
    SESSION_DRAINING,
    SESSION_OVER,
};

enum session_end {
    SESSION_GOES_ON,
    SESSION_CLOSED,    /* by the server: code and reason */
    SESSION_REFUSED,   /* code: the status, or 0: not the answer to us */
    SESSION_FAILED,    /* the server broke a rule: our code, and reason */
    SESSION_LOST,      /* without a Close; reason */
    SESSION_UNREACHED, /* no connection; reason */
    SESSION_UNHEARD,   /* standard output takes nothing; reason */
    SESSION_SENSELESS, /* standard input cannot be sent; reason */
};

struct session_text {
    uint8_t bytes[SESSION_ID];
    size_t len; /* 0: none yet */
};

struct session {
    const struct session_settings *settings;
    enum session_state state;
    enum session_end end;
    unsigned code;
    struct text reason; /* over reason_bytes */
    uint8_t reason_bytes[SESSION_REASON];
    bool input_ended; /* ours ended: by its end, or a signal */

    /* ---- the connection ---- */
    int fd;
    struct ws *ws; /* in memory of its own */
    struct ws_config config;
    char subprotocols[256];
    char target[2048];
    char host[300];
    uint64_t now, began, heard, pinged, closed; /* milliseconds; 0: not yet */
    size_t have, owed;                          /* bytes of in, of out */

    /* ---- a room ---- */
    bool room;          /* chatd.v1 was agreed: JSON goes, and chat is shown */
    bool ready;         /* lines may be said: what was missed is here */
    uint64_t following; /* messages that are replayed still */
    bool joined;        /* a welcome was heard, of this connection or before */
    struct session_text uid;   /* ours, in this connection */
    struct session_text spoke; /* that under which the lines of `unsaid` were
                                  said: it is ours once we are ready */
    struct session_text last;  /* id of the last message heard; none: the room
                                  was fresh */
    struct unsaid unsaid;      /* with --stay */
    size_t message_len;        /* of the message that comes in */
    bool message_long;         /* it is shown as it is */

    /* ---- standard input ---- */
    size_t typed_len;
    bool typed_more; /* a line has gone out in part */
    struct utf8 typed_utf8;
    uint64_t line; /* its number */

    struct show show;
    uint8_t in[WS_IN_MIN];
    uint8_t out[SESSION_OUT];
    uint8_t typed[SESSION_TYPED];
    uint8_t message[SESSION_MESSAGE];
    uint8_t unsaid_bytes[SESSION_UNSAID];
    uint8_t json[6 * SESSION_TYPED + 16]; /* a line, to be sent to a room */
};

/* Bytes for session_make: a session, and the connection behind it. */
size_t session_size(const struct session_settings *settings);

/* Put one into this memory, which is zero and aligned for any type. */
struct session *session_make(void *memory,
                             const struct session_settings *settings);

/* Call one of the addresses, talk until the end, and fill in end, code and
   reason. `signals` is the descriptor of os/signals.h. */
void session_run(struct session *s, const struct socket_address *address,
                 int signals);

/* ---- Among the parts ----------------------------------------------------- */

/* The end, unless there was one before; `why` is cut where it is too long. */
void session_stop(struct session *s, enum session_end end, unsigned code,
                  struct span why);

/* Write a frame into out, with a key of its own. False: there is no room. */
bool session_frame(struct session *s, struct ws_frame frame);

/* Take all events that `in` holds. */
void session_hear(struct session *s);

/* Read standard input once, if wanted; say what waits, as far as there is
   room. */
bool session_wants_input(const struct session *s);
void session_type(struct session *s);
void session_say(struct session *s);

/* The lines that did not come back are said again. */
void session_say_again(struct session *s);

/* Standard input, or the user, is at an end: a Close. */
void session_leave(struct session *s);

#endif
