/* SPDX-License-Identifier: MIT */
/*
 * client: one WebSocket connection, from connect to the last byte.
 *
 *   DOWN -> CONNECTING -> HANDSHAKE -> OPEN -> CLOSING -> DOWN
 *
 *   DOWN        no socket
 *   CONNECTING  waits for the TCP connection
 *   HANDSHAKE   the request is on its way, waits for a whole response head
 *   OPEN        messages both ways
 *   CLOSING     our Close is on its way, waits for the server's and then for
 *               the end of the stream, which is the server's to make first
 *               (RFC 6455 7.1.1)
 *
 * It pulls: client_receive reads once from the socket, client_next hands out
 * what was in it, one event at a time. Output is queued and leaves with
 * client_flush, so what a mode queues in one turn is one send().
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "bench/frame.h"
#include "bench/payload.h"

#include <netinet/in.h>

enum client_state {
    CLIENT_DOWN,
    CLIENT_CONNECTING,
    CLIENT_HANDSHAKE,
    CLIENT_OPEN,
    CLIENT_CLOSING
};

struct client {
    int fd;                     /* the socket, -1 when DOWN */
    enum client_state state;    /* see above */
    uint32_t index;             /* its place in the table */
    bool sent_eof;              /* our side of the stream is shut */
    bool may_leave;             /* the server may close it, with 1001 */
    uint16_t close_code;        /* of the server's Close; 0: none came */
    uint8_t key[16];            /* of the handshake: a nonce */
    uint8_t *head;              /* an unfinished response head, or NULL */
    size_t head_len;            /* its bytes */
    struct frame_reader reader; /* what arrives */
    uint8_t *out;               /* queued output, or NULL */
    size_t out_size;            /* bytes of that buffer */
    size_t out_len;             /* queued bytes, those sent included */
    size_t out_offset;          /* of them sent */
    uint64_t started;           /* ns: when connecting began */

    /* For the modes: */
    uint64_t sent;                /* messages sent */
    uint64_t received;            /* messages received whole */
    uint64_t next;                /* broadcast: its next number in the order */
    uint64_t *sent_at;            /* ns: when the latest were sent, a ring */
    uint8_t stamp[PAYLOAD_STAMP]; /* of the message coming in, so far */
    struct stamp message;         /* the same, read */
};

enum client_event_kind {
    CLIENT_OPENED, /* the handshake is done */
    CLIENT_DATA,   /* a piece of a message */
    CLIENT_CLOSED, /* the end of the stream after both Closes: now DOWN */
    CLIENT_FAILED  /* see error; nothing more can be done with it */
};

struct client_event {
    enum client_event_kind kind;
    struct frame_piece piece; /* of DATA */
    const char *error;        /* of FAILED */
};

/* Bytes just received, and how far they have been taken. */
struct client_input {
    const uint8_t *at;  /* the next byte */
    const uint8_t *end; /* after the last */
    bool eof;           /* the stream ends there */
    bool more;          /* the socket may hold more: receive again */
};

/* Begin to connect, from the given source. False: see errno. */
bool client_connect(struct client *c, const struct sockaddr_in *source,
                    const struct sockaddr_in *server);

/* Writable for the first time: queue the request. False: see errno. */
bool client_request(struct client *c, const char *host, const char *path);

/* Read once into the scratch. A reset counts as the end of the stream. */
struct client_input client_receive(struct client *c, uint8_t *scratch,
                                   size_t size);

/* The next event, or false: receive again when in->more, else wait. */
bool client_next(struct client *c, struct client_input *in,
                 struct client_event *event);

/* Queue one frame; its payload is written by payload_write. */
void client_send(struct client *c, uint8_t opcode, const struct payload *p,
                 struct stamp s, uint32_t random);

/* Queue Close 1000; or, for a server without frames, the end of the stream. */
void client_close(struct client *c, bool frames);

/* Send what is queued, as far as the socket takes it. False: see errno. */
bool client_flush(struct client *c);

/* Give unused buffers back: a million idle clients need none. */
void client_trim(struct client *c);

#endif
