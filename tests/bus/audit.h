/* SPDX-License-Identifier: MIT */
/*
 * audit: what was said and heard in all rooms of all nodes, and whether it may
 * be so.
 *
 *   a speaker    one life of one worker; its messages have growing numbers, and
 *                are said by clients, each with a tag of its own
 *   a listener   one worker in one room, from opening it to closing it: what it
 *                hears between two gaps is a stretch
 *   a history    what one server of Redis has put in a room in one life, and
 *                what it took over from the one before
 *
 * What must be so:
 *
 *   one id       names one message, ever, on all nodes
 *   a stretch    has ids without a hole, nothing twice, and the messages of each
 *                speaker in their order; it is a part of some history, and the
 *                last one ends where the last history ends
 *   a message    that was said is heard by its own listener, or that is told that
 *                it is lost: nothing is stuck
 *   no loss      where Redis has forgotten nothing, there is no gap, nothing is
 *                lost, and each message is in the history once
 *
 * After FLUSHALL order is not promised, and a message may be there twice; one id
 * still names one message, and nothing is stuck.
 */
#ifndef BUS_AUDIT_H
#define BUS_AUDIT_H

#include "store/store.h"

struct audit_message {
    uint32_t room;
    uint32_t speaker;
    uint64_t tag;
    uint32_t listener; /* its own */
    bool heard;        /* by its own listener */
    bool lost;         /* that was told so */
};

struct audit_heard {
    struct store_id id;
    uint64_t message;
};

/* A list that grows. */
struct audit_stretch {
    struct audit_heard *all;
    size_t count;
};

struct audit_listener {
    uint32_t room;
    uint32_t speaker;
    bool left;
    bool has_begun;             /* it has read what was there */
    struct store_id last;       /* what comes next follows this */
    struct audit_stretch *done; /* stretches that a gap has ended */
    size_t done_count;
    struct audit_stretch now;
};

struct audit_history {
    uint32_t room;
    bool is_last; /* this is how it ended */
    struct audit_stretch entries;
};

/* Where Redis forgot something, and where it was told to. */
struct audit_rules {
    bool may_lose;
    bool
        may_refuse; /* one message and not the next: it is lost, then; or to end
                        old connections: all that was under way is */
    bool may_mix;
};

struct audit {
    struct audit_rules rules;
    struct audit_message *messages; /* by number */
    size_t message_count;
    struct audit_listener *listeners;
    size_t listener_count;
    struct audit_history *histories;
    size_t history_count;
    struct audit_name {
        uint32_t room; /* + 1; 0: free */
        struct audit_heard is;
    } * names; /* what each id names: a table by hash */
    size_t name_count, name_size;
    bool is_calm;      /* there is to be no gap any more */
    const char *fault; /* the first one, a sentence, static; or NULL */
    uint64_t where[4]; /* room, epoch, number, message */
    uint64_t heard, gaps, lost;
};

void audit_begin(struct audit *c);
void audit_free(struct audit *c);

/* A speaker says something for a client, in a room where this is its listener:
   the number of the message. */
uint64_t audit_say(struct audit *c, uint32_t listener, uint64_t tag);

/* One opens a room: what it hears first follows this. It has read what was there,
   which may begin with a gap. And leaves it. */
uint32_t audit_listen(struct audit *c, uint32_t room, uint32_t speaker,
                      struct store_id last);
void audit_begun(struct audit *c, uint32_t listener);
void audit_leave(struct audit *c, uint32_t listener);

/* What it hears. */
void audit_hear(struct audit *c, uint32_t listener, struct store_id id,
                uint64_t message);
void audit_gap(struct audit *c, uint32_t listener, struct store_id id);
void audit_lost(struct audit *c, uint32_t listener, uint64_t tag);

/* A history: begun empty, and filled in order. */
uint32_t audit_history(struct audit *c, uint32_t room, bool is_last);
void audit_entry(struct audit *c, uint32_t history, struct store_id id,
                 uint64_t message);

/* All is over, and everybody has heard all. */
void audit_end(struct audit *c);

#endif
