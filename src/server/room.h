/* SPDX-License-Identifier: MIT */
/*
 * room: who listens to what is said in it, by logs of ready frames. Its name,
 * and what was said, are the store's, in the place of the same index.
 *
 * A message is encoded once, as the frame that goes over the wire, and
 * appended to the log. Every member holds a position in it and nothing else:
 * the log is everybody's send buffer, several pending messages leave in one
 * write, and history is a position further back.
 *
 *   log  ..frame 41)[frame 42     )[frame 43 )[frame 44        )
 *                   ^                    ^                     ^
 *                   Ann: at a boundary   Bob: inside 43,       head
 *                   frame_left == 0      frame_left bytes
 *                                        to go until 44
 *
 *   What holds, for every member:
 *     cursor + frame_left <= head, and the cursor's byte is still in the log.
 *   When head runs more than the log's size ahead of a cursor, that member
 *   has lost its place: it is closed (at a boundary) or dropped (inside a
 *   frame, where no Close may stand). Nobody else notices.
 *
 * There is a log per form: members of /chat read the plain one, those of /ws
 * the JSON one. Each has a twin for members that negotiated compression: a
 * message is deflated once for all of them, which works because nobody takes
 * over context (RFC 7692 7.1.1). All are appended to in the same call, so the
 * order of messages is one order. A log that nobody reads is not written (the
 * JSON one always is while there is history). Who replays history reads the
 * log that is not deflated, and moves to the twin when it has caught up.
 */
#ifndef SERVER_ROOM_H
#define SERVER_ROOM_H

#include "server/client.h"
#include "server/history.h"

enum room_log {
    ROOM_PLAIN,
    ROOM_JSON,
    ROOM_PLAIN_TWIN,
    ROOM_JSON_TWIN,
    ROOM_LOGS
};
#define ROOM_TWIN ROOM_PLAIN_TWIN /* from a log to its twin */

struct room {
    /* who listens: clients that read a log of ours, also while they leave */
    _Alignas(64) struct list readers;
    uint32_t members; /* open ones, as `welcome` and `members` tell */
    uint32_t log_members[ROOM_LOGS]; /* of these, by the log they read */
    uint32_t v1_members;             /* of these, with chatd.v1 */
    uint32_t roster;                 /* who they are, in a word: roster.h */

    /* back-pressure: member.h */
    uint32_t late;      /* members that are more than 1/4 of the log behind */
    uint32_t behind[2]; /* that count as behind; as far behind */
    uint32_t held;      /* that have a message waiting for less pressure */
    uint8_t pressure;   /* 0 to 3 */
    bool ask;           /* the next walk asks who may speak again */
    bool barred;        /* by another worker, or no proposal has space: we are
                           rung when it is not */
    uint64_t said;      /* bytes appended, of each message's longest frame */
    uint64_t unflushed; /* of these, since the last flush began */

    /* the store */
    bool visited;   /* open for somebody who is no reader, or not yet */
    uint32_t posts; /* that wait for their message: pending.h */
    bool unclosed;  /* nobody reads it: to be closed, which could not be done */
    bool hears;     /* a record is being brought to it */

    /* the flush */
    bool dirty; /* in the list of rooms with something to flush, */
    struct list_link dirty_link; /* which is linked through this */
    uint32_t flush_at;    /* index + 1 of the reader with whom it goes on; 0:
                             none is under way */
    uint64_t flush_began; /* microsecond of its first turn; 0: there is nothing
                             new in it */

    /* `members` events */
    bool counting;    /* one is due */
    bool unshared;    /* other workers do not know yet who is here */
    uint32_t news;    /* of the roster, when we were rung last */
    uint32_t tell_at; /* index + 1 of the reader to tell next; 0: none */
    uint64_t told_at; /* when the last ones went out */

    struct history history; /* of the JSON log */
    struct ring logs[ROOM_LOGS];
};

struct rooms {
    struct store store;
    struct room *table;             /* by place in the store */
    struct list_table reader_links; /* over the clients */
    struct list dirty;              /* rooms with something to flush */
    struct list_table dirty_links;  /* over the rooms */
    uint32_t in_use;                /* rooms with members */
    uint32_t unclosed;              /* rooms so flagged */
    bool full;          /* there was no space for a proposal in one of them */
    uint64_t tell_at;   /* when `members` events are due; or UINT64_MAX */
    uint8_t *log_bytes; /* every room's logs, one behind the other */
    size_t log_size;    /* bytes of each */
    uint32_t log_count; /* of a room: ROOM_LOGS, or without the twins */
    struct history_mark *marks; /* every room's, one behind the other */
    uint32_t history;           /* of each */
};

/* One message for every log, as whole frames in two pieces each. */
struct room_record {
    struct store_id id;
    struct span head[ROOM_LOGS];
    struct span body[ROOM_LOGS];
};

/* The longest append: a quarter of the log. A frame header may come on top. */
static inline size_t room_append_max(const struct rooms *all)
{
    return all->log_size / LIMITS_APPEND_PART + FRAME_SERVER_HEADER_MAX;
}

/* The table starts zeroed. Sizes, spaces and links are filled in by the
   caller before; see start.c. */
void room_init(struct rooms *all);

static inline struct room *room_at(const struct rooms *all, uint32_t index)
{
    return &all->table[index];
}

static inline uint32_t room_index(const struct rooms *all,
                                  const struct room *room)
{
    return (uint32_t)(room - all->table);
}

static inline struct span room_name(const struct rooms *all,
                                    const struct room *room)
{
    return store_name(&all->store, room_index(all, room));
}

/* The log that a member reads. */
static inline enum room_log room_log_of(const struct client *c)
{
    unsigned log = c->form == CLIENT_PLAIN ? ROOM_PLAIN : ROOM_JSON;
    return (enum room_log)(client_has(c, CLIENT_TWIN) ? log + ROOM_TWIN : log);
}

/* The room of this name, with so much of its history: store_open. Where nobody
   comes to read it, it is to be let go again. */
enum store_outcome room_open(struct rooms *all, struct span name, uint64_t wall,
                             uint64_t history, struct room **room);
void room_let_go(struct rooms *all, struct room *room);

/* The same once more with those that could not be let go. */
void room_let_go_all(struct rooms *all);

/* A reader comes, a reader goes. The client's member link is used. */
void room_add_reader(struct rooms *all, struct room *room, uint32_t client);
void room_remove_reader(struct rooms *all, struct room *room, uint32_t client);

/* Will this log be appended to? Who says no need not encode for it. */
bool room_wants(const struct rooms *all, const struct room *room,
                enum room_log log);

/* Append one message and mark the room dirty. Every frame fits
   room_append_max. Returns the bytes of its longest frame that was written. */
size_t room_append(struct rooms *all, struct room *room,
                   const struct room_record *record);

/* The same with an event, a whole frame: to the JSON logs alone. */
void room_append_event(struct rooms *all, struct room *room, struct span frame);

/* Somebody who posts waits for what it has said in a room, which stays open for
   it; and waits no longer. */
void room_post_waits(struct room *room);
void room_post_ends(struct rooms *all, struct room *room);

/* Put a room at the end of the dirty ones, once; take out the first, or NULL. */
void room_soil(struct rooms *all, struct room *room);
struct room *room_next_dirty(struct rooms *all);

#endif
