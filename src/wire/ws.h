/* SPDX-License-Identifier: MIT */
/*
 * ws: WebSocket for a program of yours, client or server (RFC 6455, RFC 7692).
 *
 * Two files (`make library`): ws.h can be read as C11 or C++17, ws.c is C11. They
 * want of libc the mem* functions alone, do no I/O and allocate
 * nothing: bytes from your socket go in, events come out; what you want to say
 * is written to a buffer of yours, and you send it. There are no callbacks and
 * no globals, so a connection may be moved between threads, but not used by
 * two at once.
 *
 * A connection is a `struct ws` in memory of yours:
 *
 *     struct ws_config config = {.client = true, .host = "example.org", ...};
 *     struct ws *ws = ws_begin(memory, &config);        ws_size(&config) bytes
 *     len = ws_request(ws, out, sizeof out);            send these
 *
 *     have += what the socket put at in[have, ...); then, until WS_NONE:
 *         taken = ws_read(ws, in, have, &event);
 *         ... look at the event; its ptr points into `in`, or into memory ...
 *         drop `taken` bytes from the front (after WS_NONE, too): have -= taken
 *
 * What is not taken must be shown again, from its first byte on, with more
 * behind. So `in` must hold the longest thing that is taken whole: a head, in
 * WS_IN_MIN bytes. Payload comes in pieces of any size, as it arrives; bytes
 * in `in` are unmasked where they lie.
 *
 *     kind         of an event means             is answered by
 *     WS_NONE      show more bytes               nothing
 *     WS_REQUEST   (server) a client asks for    ws_accept or ws_refuse
 *                  path, query, host, head
 *     WS_OPEN      (client) the server agrees;   nothing; you may write
 *                  subprotocol: which one
 *     WS_TEXT      a piece of a message: ptr,    nothing
 *     WS_BINARY    len; first, last
 *     WS_PING      a ping, with ptr, len         ws_answer
 *     WS_PONG      a pong, with ptr, len         nothing
 *     WS_CLOSE     code, and a reason in ptr,    ws_answer, unless you sent
 *                  len; nothing follows          one before; then close
 *     WS_REFUSED   (client) code: the status;    close
 *                  (server) the status to send   ws_refuse, and close
 *     WS_FAIL      the peer broke a rule; code   ws_answer, and close
 *                  (0 in the handshake), reason
 *
 * Text that comes is checked for UTF-8, but a piece may end inside a character.
 * Text that you write is not checked. You write a message as one frame, or as
 * fragments (`more`), with ping, pong and close between them.
 *
 * Errors. A peer's are WS_FAIL or WS_REFUSED, once and for all: after them, and
 * after WS_CLOSE, ws_read takes everything and tells WS_NONE. Yours are a 0
 * from the function that writes: out is too small (ws_bound, WS_ANSWER_MAX), the
 * connection is not open or already closed by you, a ping or pong is over 125
 * bytes, a close code is none that may be sent (0 is none; 1005 stands for no
 * code), a continuation is of another kind, a status is not 400 to 599, or the
 * config's strings make no legal request. Nothing has changed then, and what
 * stands in out is not to be sent.
 *
 * Whose bytes. The config's strings, the config itself, and the memory must
 * stay as long as the connection. What an event points to stays until the next
 * call or until you drop the bytes. Lengths are bytes.
 *
 * Random bytes are yours, too: 16 for the nonce of a client, 4 for the key of
 * each frame that a client writes. They must not be guessable (10.3), from
 * getrandom(2), say. A server leaves them zero.
 *
 * Compression (permessage-deflate). A server agrees to any offer, and always
 * without context takeover; a client offers takeover both ways, and takes what
 * it is answered. Messages in fragments are sent as they are.
 */
#ifndef WS_H
#define WS_H

#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#else
#include <stdbool.h>
#endif

/* Bytes: that `in` must hold; for a request or an answer to one, unless your
   strings are long; for a ping, pong or close; of an inflated piece, at most. */
#define WS_IN_MIN     16384
#define WS_HEAD_MAX   4096
#define WS_ANSWER_MAX 139
#define WS_PIECE      4096

enum ws_kind {
    WS_NONE,
    WS_TEXT,
    WS_BINARY,
    WS_PING,
    WS_PONG,
    WS_CLOSE,
    WS_OPEN,
    WS_REQUEST,
    WS_REFUSED,
    WS_FAIL
};

/* What of permessage-deflate, and what memory that takes beside some 200 bytes
   for a connection. */
enum ws_deflate {
    WS_PLAIN,   /* none of it */
    WS_INFLATE, /* compressed messages are taken, none sent: 45 KB */
    WS_DEFLATE  /* taken and sent: 340 KB */
};

struct ws_config {
    bool client;             /* else a server */
    enum ws_deflate deflate; /* offered, or agreed to */
    uint32_t max_message;    /* most payload bytes of a message, inflated, too:
                                WS_FAIL 1009. 0: no limit */

    /* Of a client alone. Strings end with NUL; NULL is none. */
    bool no_takeover;         /* ask for windows that begin anew each message */
    uint8_t window_bits;      /* of both windows, at most: 8 to 15; 0 is 15 */
    const char *host;         /* "example.org", or "example.org:8080" */
    const char *target;       /* "/chat?name=Ann" */
    const char *origin;       /* "https://example.org" */
    const char *subprotocols; /* "chatd.v1, soap", the best first */
    const char *fields;       /* more lines, each "Name: value\r\n" */
    uint8_t nonce[16];        /* random, new for each connection */
};

struct ws_bytes {
    const uint8_t *ptr;
    size_t len;
};

struct ws_event {
    enum ws_kind kind;
    bool first; /* WS_TEXT, WS_BINARY: the message begins with this piece, */
    bool last;  /* and ends with it; a whole one has both */
    const uint8_t *ptr;
    size_t len;
    unsigned code;      /* WS_CLOSE: 1005 is none; WS_FAIL; WS_REFUSED */
    const char *reason; /* WS_FAIL, WS_REFUSED: a sentence, static */

    struct ws_bytes subprotocol; /* WS_OPEN: what was agreed */
    struct ws_bytes path;        /* WS_REQUEST: "/chat", not decoded, */
    struct ws_bytes query;       /* what stands behind its '?', */
    struct ws_bytes host;        /* example.org:8080, */
    struct ws_bytes origin;      /* https://example.org; len 0: no browser, */
    struct ws_bytes head;        /* and all of it, for ws_field: of a client's
                                    WS_REFUSED, too */
};

struct ws_frame {
    enum ws_kind kind; /* WS_TEXT, WS_BINARY, WS_PING, WS_PONG, WS_CLOSE */
    bool more;         /* WS_TEXT, WS_BINARY: other fragments follow */
    const void *ptr;   /* payload; of a WS_CLOSE the reason, UTF-8, cut to 123
                          bytes */
    size_t len;
    unsigned code;  /* WS_CLOSE: 1005 for none */
    uint8_t key[4]; /* a client's: random, new for each frame */
};

struct ws;

/* Bytes of memory for a connection of this config. The memory must be aligned
   for any type, as malloc's is. */
size_t ws_size(const struct ws_config *config);

/* Begin a connection in this memory. */
struct ws *ws_begin(void *memory, const struct ws_config *config);

/* Take from the front of in[0, len) and tell one event; returns the bytes
   taken, which may be some with WS_NONE, too. Between WS_REQUEST and your answer
   it takes none. */
size_t ws_read(struct ws *ws, uint8_t *in, size_t len, struct ws_event *event);

/* These write to out[0, size) and return how many bytes; 0: see Errors. */

/* A client's request, the first thing it sends. */
size_t ws_request(struct ws *ws, uint8_t *out, size_t size);

/* A server's answer to WS_REQUEST: yes, with this of the subprotocols that the
   client asked for (NULL: none), or no, with this status (400 to 599), which
   is also for WS_REFUSED. */
size_t ws_accept(struct ws *ws, const char *subprotocol, uint8_t *out,
                 size_t size);
size_t ws_refuse(struct ws *ws, unsigned status, uint8_t *out, size_t size);

/* One frame. Nothing but control frames may come between fragments, and
   nothing after a close. */
size_t ws_write(struct ws *ws, const struct ws_frame *frame, uint8_t *out,
                size_t size);

/* What the protocol wants said to this event, if anything: a pong to a ping, a
   close to a close or a failure. 0: nothing. size must be WS_ANSWER_MAX at
   least. key: as a frame's; a server's may be zero, but not NULL. */
size_t ws_answer(struct ws *ws, const struct ws_event *event,
                 const uint8_t key[4], uint8_t *out, size_t size);

/* Room that ws_write wants for len bytes of text or binary. A ping, pong or
   close always wants WS_ANSWER_MAX. */
size_t ws_bound(size_t len);

/* May messages be written? From WS_OPEN or ws_accept to the first Close of
   either side, or a failure. */
bool ws_is_open(const struct ws *ws);

/* How many fields of a head have this name (any case); *value is the first
   one's, inside head. What subprotocols a client asked for is in
   Sec-WebSocket-Protocol: ws_accept does not check that its own is among them. */
size_t ws_field(struct ws_bytes head, const char *name, struct ws_bytes *value);

#ifdef __cplusplus
}
#endif
#endif
