/* SPDX-License-Identifier: MIT */
/*
 * peer: somebody at the other end of a simulated connection.
 *
 * It speaks HTTP and WebSocket by hand and reads what comes back with a parser
 * of its own: src/wire is what is being tested. What it was told is a story,
 * a line each:
 *
 *   text hello            a whole message
 *   text+ Hel             a first frame, without FIN; its payload
 *   +cont lo              a continuation, with FIN ("+cont+": without)
 *   binary \x00\xFF       what does not print is \xHH
 *   text* hello           a message that came compressed, in however many
 *                         frames
 *   #42 Ann: hello        a message in JSON form: number, name, text
 *   pong x
 *   close 1001 stopping
 *   end                   the server sends no more ("reset": it broke)
 *   torn 3                ... and so many bytes of an unfinished frame
 *
 * A frame that a server must not send fails the test where it is read.
 */
#ifndef SIM_PEER_H
#define SIM_PEER_H

#include "sim/world.h"

#define PEER_STORY_MAX 65536

/* First bytes of frames. */
#define PEER_TEXT   0x81
#define PEER_BINARY 0x82
#define PEER_CLOSE  0x88
#define PEER_PING   0x89
#define PEER_PONG   0x8A
#define PEER_RSV1   0x40

/* A field for peer_open_with. */
#define PEER_DEFLATE "Sec-WebSocket-Extensions: permessage-deflate\r\n"

struct peer {
    int connection;
    uint8_t *in; /* what has come and was not looked at */
    size_t in_len;
    uint8_t *out; /* what is to be sent with the next peer_flush */
    size_t out_len;
    uint8_t *kept;    /* what a peer_bytes or peer_response points into */
    uint32_t frames;  /* sent: the next one's masking key */
    bool compression; /* it was agreed on */
    bool joining;     /* a message is unfinished: */
    uint8_t first;    /* its first frame's first byte */
    uint8_t *message; /* its payload so far */
    size_t message_len;
    char story[PEER_STORY_MAX];
};

/* Connect, from 192.0.2.1 or from an address ("192.0.2.7:1000"). */
struct peer *peer_connect(void);
struct peer *peer_connect_from(const char *from);

/* Connect and become a WebSocket: peer_open("/ws/room?history=3"). `fields`
   are further lines of the request, each with its CRLF. The 101 has been read
   and checked, what follows it has not. */
struct peer *peer_open(const char *target);
struct peer *peer_open_with(const char *target, const char *fields);

/* The request that peer_open_with sends, for a peer that is connected. */
void peer_upgrade(struct peer *p, const char *target, const char *fields);

/* One for a connection made elsewhere, the server not having been turned. */
struct peer *peer_of(int connection);

/* All of them are forgotten; their memory is free. */
void peer_end_all(void);

/* ---- Sending ------------------------------------------------------------- */

/* Add to what will be sent: bytes as they are, or a frame, masked. */
void peer_add(struct peer *p, struct span bytes);
void peer_add_frame(struct peer *p, uint8_t first, struct span payload);

/* Add a whole message, compressed. */
void peer_add_compressed(struct peer *p, uint8_t first, struct span message);

/* Send at most so many bytes of it: how many the server's kernel took. */
size_t peer_push_some(struct peer *p, size_t most);

/* Send it; peer_flush then lets the server do what it does. */
void peer_push(struct peer *p);
void peer_flush(struct peer *p);

/* All that at once: raw text, a frame, a text message, a Close. */
void peer_say(struct peer *p, const char *bytes);
void peer_frame(struct peer *p, uint8_t first, struct span payload);
void peer_text(struct peer *p, const char *message);
void peer_close(struct peer *p, unsigned code);

/* Send text messages without a turn of the server: one with what was added
   before it; those numbered [from, to), of so many bytes ("7...."). */
void peer_push_text(struct peer *p, const char *message);
void peer_push_numbered(struct peer *p, unsigned from, unsigned to, size_t len);

/* ---- Reading ------------------------------------------------------------- */

/* From now on the server's kernel takes so many bytes for it, and no more; one
   byte; all. */
void peer_take_only(const struct peer *p, size_t len);
void peer_stop_reading(const struct peer *p);
void peer_read_again(const struct peer *p);

/* Nothing has ended this connection; assert that something does when so much
   time has passed, a tick later at most, and not before. */
bool peer_is_there(const struct peer *p);
void peer_goes_after(const struct peer *p, uint64_t milliseconds);

/* Read once, at most so many bytes, or all there is while the server is let
   do what it does. */
size_t peer_pull(struct peer *p, size_t most);
void peer_pull_all(struct peer *p);

/*
 * Of what was pulled: the next frame, or the next whole message or control
 * frame, its fragments joined and inflated (RSV1 then says that it was
 * compressed). False when it is not all there. The payload stays until the
 * next call for this peer.
 */
struct peer_frame {
    uint8_t first;
    struct span payload;
};
bool peer_take_frame(struct peer *p, struct peer_frame *f);
bool peer_take_message(struct peer *p, struct peer_frame *m);

/* Add a data frame to its message: true when that is whole, in *m. */
bool peer_join(struct peer *p, const struct peer_frame *f,
               struct peer_frame *m);

/* All that has come and was not looked at, as bytes; they stay until the
   next call for this peer. */
struct span peer_bytes(struct peer *p);

/* Assert that what was told since the last time is exactly this; in
   peer_tells, that it ends so. */
void peer_told(struct peer *p, const char *story);
void peer_tells(struct peer *p, const char *ending);
void peer_told_nothing(struct peer *p);

/* Assert that these numbered messages, and no others, were told. */
void peer_told_numbered(struct peer *p, unsigned from, unsigned to);

/* What was told since the last time, as above. */
const char *peer_story(struct peer *p);

/* Read one HTTP response: its status. `no_body`: an answer to HEAD. The
   spans stay until the next call for this peer. */
struct peer_response {
    unsigned status;
    struct span head;
    struct span body;
};
struct peer_response peer_response(struct peer *p, bool no_body);

/* The same of what was pulled: false when it is not all there. */
bool peer_take_response(struct peer *p, struct peer_response *r, bool no_body);

/* The same of a response whose head of `len` bytes was pulled already. */
struct peer_response peer_response_head(struct peer *p, size_t len);

/* Assert the status of the next response. */
void peer_answered(struct peer *p, unsigned status);

/* The value of a response's field, or an empty span. */
struct span peer_field(const struct peer_response *r, const char *name);

#endif
