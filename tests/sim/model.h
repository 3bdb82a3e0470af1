/* SPDX-License-Identifier: MIT */
/*
 * model: what must be true of a server, whatever happens to its clients.
 *
 * An actor is a client that says numbered messages whose bytes follow from
 * who says them and their number. So whoever hears one knows whose it is, and
 * whether each byte of it is right. What the model asserts, as it happens:
 *
 *   publishing   only what a member has sent, all of it, in its order, once
 *                (and what was posted: posted.h)
 *   one order    every member hears its room's messages in the order in which
 *                they were published, none twice, none left out, none of
 *                another room, from the place it asked for
 *   echo         what was said, in its order
 *   the end      who is sent Close 1000 or 1001 has heard all that was
 *                published before; who keeps up is never sent away; a code
 *                that blames somebody blames who did that
 *   --rate       nobody says more than he may
 *
 * The order is learned at room_append, or with streams at store_write (and each
 * server's appends must follow it), at member_join and member_leave, which the
 * linker leads through here (--wrap).
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include "sim/peer.h"
#include "support/random.h"

#define MODEL_ACTORS   48
#define MODEL_MESSAGES 400 /* of one actor */
#define MODEL_RENEWALS 8

enum model_end {
    MODEL_STAYS,  /* it does not want to go */
    MODEL_CLOSES, /* it has sent a Close */
    MODEL_FAILS,  /* it has sent something that is not allowed */
    MODEL_GONE,   /* it went without a word, or sent an end of stream */
};

/* What it takes more of than its share: greedy.h. */
enum model_greed {
    MODEL_MODEST,
    MODEL_REPLAYS,
    MODEL_DRIPS,
    MODEL_HALF_SENDS,
    MODEL_STOPS,
};

struct model_sent {
    uint64_t end; /* position in its stream where the message is whole */
    uint32_t len;
    bool binary;
};

/* A frame in its stream, up to a position: what the server is to handle. */
struct model_frame {
    uint64_t end;
    bool is_control;
};

struct actor {
    struct peer *peer;
    enum client_form form;
    bool good;          /* reads and writes at once: must never be sent away */
    bool mute;          /* answers no ping */
    bool deaf;          /* reads nothing, up to the end of the run */
    const char *fields; /* further ones of its request, or NULL */

    uint64_t queued;  /* bytes it wants to send, or has sent */
    uint64_t written; /* of these, bytes that the server's kernel has */
    struct model_frame *frames;
    size_t frame_count;
    struct model_sent sent[MODEL_MESSAGES];
    uint32_t sent_count;
    uint32_t heard_of; /* of its messages: published, or echoed */
    uint32_t pings, pongs;
    uint32_t faults, errors; /* events: due for what it said; and told */
    enum model_end wants;
    unsigned due;        /* MODEL_FAILS: the close code for that */
    int64_t allowance;   /* --rate: messages it may say now, times 10^6, */
    uint64_t allowed_at; /* millisecond of that */

    bool answered; /* the response has been read */
    bool open;     /* it was 101 */
    bool closed;   /* a Close has come: */
    unsigned code;
    bool over; /* the stream has ended */

    uint32_t history; /* it asked for, in the URL */
    bool since;
    uint64_t since_epoch, since_number;
    struct model_room *room; /* joined, or NULL; as this client of */
    const struct client *client;
    const struct store *store; /* that server's */
    uint64_t next;             /* number of the next message to hear */
    uint64_t owed;             /* when it left: the last one published */
    bool left;
    bool lost;    /* its server has died */
    bool gap_due; /* chatd.v1: to be told, and not told yet */
    bool welcomed;
    uint64_t members; /* it was told last; */
    uint64_t who;     /* these of them, by the names "a1.": a bit each */

    char shown[512];   /* bearer.h: the field with its token, if any */
    unsigned barred;   /* it has no right to come: 401, 403 */
    bool listens;      /* it may not say anything */
    uint64_t ends;     /* wall clock, ms; 0: it needs no token */
    uint64_t ended_at; /* since when it has been there beyond that */
    uint32_t tokens;   /* of its own that were taken; and of these ends it */
    uint32_t told_end; /* was told so many */
    struct {
        unsigned status; /* that grant_renew answers */
        uint64_t ends;
    } renewals[MODEL_RENEWALS];
    uint32_t renewal_count, renewal_done;

    enum model_greed greed;
    bool half;        /* it has begun a message that it will not end */
    bool had_its_way; /* its greed has met what it is greedy for */
    uint64_t wakes;   /* MODEL_STOPS: when it reads again; 0: it reads */
};

extern struct actor model_actors[MODEL_ACTORS];
extern size_t model_count;

/* So many may be sent away though they are good and no call of theirs failed
   (sim_struck). */
extern unsigned model_victims;

/* Of all runs: messages published, and heard by somebody. */
extern uint64_t model_published, model_heard;

/* Forget everything. */
void model_begin(void);

/* If not NULL: called where a record was read and is not in a log yet. */
extern void (*model_pause)(void);

/* Queue bytes before its request; its request; a message of this length; a
   ping. */
void model_precede(struct actor *a, struct span bytes);
void model_ask(struct actor *a, const char *target, bool zip);
void model_say(struct actor *a, struct random *r, size_t len);
void model_ping(struct actor *a);

/* Queue the beginning of a message, of which the rest will not come: from then
   on it can only ping and close. */
void model_say_half(struct actor *a, struct random *r);

/* The length with which a message of its form is as long as it may be. */
size_t model_longest(const struct actor *a);

/* Queue a frame without a payload that ends it: a Close, or none that is
   legal. */
void model_end(struct actor *a, uint8_t first);

/* Queue something whole that is not allowed in its form, but is no framing
   error: too long, no UTF-8, no JSON, binary. */
void model_offend(struct actor *a, struct random *r);

/* Write at most so many bytes of what is queued; look at all that has come,
   after reading at most so many bytes. */
void model_write(struct actor *a, size_t most);
void model_read(struct actor *a, size_t most);

/* Epoch and count of a room that somebody was in: for ?since. */
bool model_place(struct random *r, uint64_t *epoch, uint64_t *number);

/* Queue a frame of its stream. */
void model_queue(struct actor *a, uint8_t first, struct span payload);

/* The actor of a connection, or NULL; that of a client. */
const struct actor *model_actor(int connection);
struct actor *model_actor_of(const struct client *c);

/* Is there something of its room's that it has not heard? */
bool model_is_behind(const struct actor *a);

/* The server of this store has died. */
void model_dies(const struct store *s);

/* Assert that it has heard all that was said in its room; and that it was told
   who is there. */
void model_has_heard(struct actor *a);
void model_knows(const struct actor *a);

/* Assert that it has said and heard all there is. */
void model_settle(struct actor *a);

/* Assert that the server counts the messages that were said and heard. */
void model_counters(void);

#endif
